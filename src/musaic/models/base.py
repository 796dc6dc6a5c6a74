"""The one interface of all models."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from typing import Any, ClassVar, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.base import BaseEstimator

from musaic.models.config import ModelConfig
from musaic.models.fusion import EarlyFusion
from musaic.models.inputs import Blocks, Input, InputError, Presence, check_names, read_blocks
from musaic.models.removal import LabelRemoval, read_labels

Row = dict[str, float]
OnEpoch = Callable[[int, Row], None]
Condition = Mapping[str, ArrayLike] | None
State = tuple[dict[str, Any], dict[str, NDArray[Any]]]


class Representation(BaseEstimator, ABC):  # type: ignore[misc]
    """A model that turns tracks into vectors.

    Parameters
    ----------
    config : ModelConfig, optional
        The model's own configuration; its defaults where nothing is said.
    random_state : int
        Same seed, same bytes (on the same machine and device).
    accelerator : str
        Where a model trains that trains at all: 'auto', 'cpu' or 'cuda'. No part of the state.
    on_epoch : callable, optional
        Called with each epoch and its row of the history while training. No part of the state.

    Attributes
    ----------
    config_ : ModelConfig
        The configuration in force.
    removals_ : dict of str to LabelRemoval
        What takes labels out of the modalities that the configuration names.
    fusion_ : EarlyFusion
        Scales and means of the modalities.
    n_dims_ : int
        Dimensions of an embedding.
    """

    config_class: ClassVar[type[ModelConfig]]
    least_tracks: ClassVar[int] = 1

    def __init__(
        self, config: Any = None, *, random_state: int = 0, accelerator: str = "auto", on_epoch: OnEpoch | None = None
    ) -> None:
        self.config = config
        self.random_state = random_state
        self.accelerator = accelerator
        self.on_epoch = on_epoch

    def fit(
        self,
        X: Input,
        y: Any = None,
        *,
        condition: Condition = None,
        present: Presence = None,
        groups: ArrayLike | None = None,
    ) -> Self:
        """Learn from tracks.

        Parameters
        ----------
        X : array_like, shape (N, D), or mapping of str to array_like
            Features, by modality where there are several.
        y : ignored
            Labels never reach a model this way.
        condition : mapping of str to array_like, optional
            The labels that the configuration names (`ModelConfig.labels`), one value a track, None where one is
            missing; refused where it names none.
        present : array_like of bool, shape (N,), or mapping of str to such, optional
            Which tracks have which modality. Rows of the others may hold anything and are never read.
        groups : array_like, shape (N,), optional
            Tracks of one group (an artist, a song) stay on one side of the held-out split.

        Raises
        ------
        InputError
            Where a row has no modality, a value is not finite, or the configuration names a modality that is not there.
        """
        blocks = read_blocks(X, present)
        self.config_ = self.config if self.config is not None else self.config_class.parse({})
        labels = read_labels(condition, self.config_.labels, blocks.n_tracks, self.config_.model)
        if blocks.n_tracks < self.least_tracks:
            raise InputError(
                f"{self.config_.model!r} needs at least {self.least_tracks} tracks, not {blocks.n_tracks}."
            )
        scaling, weights, without = self.config_.scaling, self.config_.weights, self.config_.without
        check_names({} if isinstance(scaling, str) else scaling, blocks.dims, "scaling")
        check_names(weights, blocks.dims, "weights")
        check_names({} if isinstance(without, str) else without, blocks.dims, "without")
        self.removals_: dict[str, LabelRemoval] = {}
        for name, values in blocks.values.items():
            label, here = self.config_.removed_from(name), blocks.present[name]
            if label is not None:
                self.removals_[name] = LabelRemoval(label, self.config_.removal).fit(values[here], labels[label][here])
        blocks = self._remove(blocks, labels)
        self.fusion_ = EarlyFusion(scaling, weights).fit(blocks)
        self._fit(blocks, None if groups is None else np.asarray(groups))
        return self

    def transform(self, X: Input, *, present: Presence = None, condition: Condition = None) -> NDArray[np.float32]:
        """Return one embedding a track, shape (N, n_dims_); a track needs only one modality.

        ``condition`` holds the labels as in `fit`; those that the model can do without may be left out.
        """
        return self._transform(self._blocks(X, present, condition))

    def fit_transform(
        self, X: Input, y: Any = None, *, present: Presence = None, condition: Condition = None, **others: Any
    ) -> NDArray[np.float32]:
        """Fit and return the embeddings of the same tracks."""
        fitted = self.fit(X, y, present=present, condition=condition, **others)
        return fitted.transform(X, present=present, condition=condition)

    def get_state(self) -> State:
        """Return what the model is: a JSON-ready dict, and arrays by name."""
        head = {
            "config": self.config_.plain(),
            "random_state": self.random_state,
            "dims": dict(self.fusion_.dims_),
            "removed": {name: removal.get_state()[0] for name, removal in self.removals_.items()},
            "fitted": {**self._facts(), "labels_used": list(self.config_.labels)},
        }
        removed = {
            f"removal.{name}.{key}": array
            for name, removal in self.removals_.items()
            for key, array in removal.get_state()[1].items()
        }
        arrays = {**self.fusion_.get_state(), **removed, **self._arrays()}
        return head, {name: np.ascontiguousarray(array) for name, array in arrays.items()}

    @classmethod
    def from_state(cls, head: Mapping[str, Any], arrays: Mapping[str, NDArray[Any]]) -> Self:
        """Return the model that `get_state` was called on: the same bytes come out of `transform`."""
        config = cls.config_class.parse(head["config"], "the saved model")
        model = cls(config, random_state=head["random_state"])
        model.config_ = config
        model.fusion_ = EarlyFusion.from_state(config.scaling, config.weights, head["dims"], arrays)
        model.removals_ = {
            name: LabelRemoval.from_state(
                config.removed_from(name) or "",
                config.removal,
                values,
                {key: arrays[f"removal.{name}.{key}"] for key in ("mean", "means", "basis", "cobasis")},
            )
            for name, values in head["removed"].items()
        }
        model._restore(head["fitted"], arrays)
        return model

    def _blocks(self, X: Input, present: Presence, condition: Condition = None) -> Blocks:
        """Return what the networks see of tracks after the fit: checked, and without the labels that are removed."""
        if not hasattr(self, "fusion_"):
            raise InputError(f"{type(self).__name__} is not fitted yet; call fit first.")
        blocks = read_blocks(X, present, expected=self.fusion_.dims_)
        needed = self.config_.labels if self.config_.removal == "centre" or condition is not None else ()
        return self._remove(blocks, read_labels(condition, needed, blocks.n_tracks, self.config_.model))

    def _remove(self, blocks: Blocks, labels: Mapping[str, NDArray[np.object_]]) -> Blocks:
        """Return the blocks without the labels that are to be removed."""
        cleaned = {
            name: removal.transform(blocks.values[name], labels.get(removal.label))
            for name, removal in self.removals_.items()
        }
        values = {
            name: np.where(blocks.present[name][:, None], cleaned[name], 0.0) if name in cleaned else block
            for name, block in blocks.values.items()
        }
        return Blocks(values, blocks.present)

    @abstractmethod
    def _fit(self, blocks: Blocks, groups: NDArray[Any] | None) -> None: ...

    @abstractmethod
    def _transform(self, blocks: Blocks) -> NDArray[np.float32]: ...

    @abstractmethod
    def _facts(self) -> dict[str, Any]: ...

    @abstractmethod
    def _arrays(self) -> dict[str, NDArray[Any]]: ...

    @abstractmethod
    def _restore(self, facts: Mapping[str, Any], arrays: Mapping[str, NDArray[Any]]) -> None: ...
