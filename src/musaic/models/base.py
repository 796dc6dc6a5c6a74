"""The one interface of all models."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from typing import Any, ClassVar, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.base import BaseEstimator, ClassNamePrefixFeaturesOutMixin, TransformerMixin
from sklearn.exceptions import NotFittedError
from sklearn.utils import Tags
from sklearn.utils.validation import validate_data

from musaic.models.config import ModelConfig
from musaic.models.fusion import EarlyFusion
from musaic.models.inputs import ONLY, Blocks, Form, Input, InputError, Presence, check_names, read_blocks, read_groups
from musaic.models.removal import LabelRemoval, read_labels

Row = dict[str, float]
OnEpoch = Callable[[int, Row], None]
Condition = Mapping[str, ArrayLike] | None
Labels = dict[str, NDArray[np.object_]]
State = tuple[dict[str, Any], dict[str, NDArray[Any]]]


class UnfittedError(InputError, NotFittedError):  # type: ignore[misc]
    """A model that is asked before it was fitted."""


class Representation(ClassNamePrefixFeaturesOutMixin, TransformerMixin, BaseEstimator, ABC):  # type: ignore[misc]
    """A model that turns tracks into vectors.

    Parameters
    ----------
    config : ModelConfig, optional
        The model's own configuration; its defaults where nothing is said.
    random_state : int >= 0
        Same seed, same bytes (on the same machine and device).
    accelerator : str
        Where a model trains that trains at all: 'auto', 'cpu' or 'cuda'. No part of the state.
    on_epoch : callable, optional
        Called with each epoch and its row of the history while training. No part of the state.
    checkpoints : Checkpoints, optional
        Where a training that takes long is kept while it goes on (`musaic.models.vae.training.checkpoints`). No part
        of the state.
    memory : float > 0, optional
        Gigabytes of frames that may lie in memory, where the machine does more than this beside it; what a
        configuration's ``training.memory`` says otherwise. No part of the state: the bytes are the same.

    Attributes
    ----------
    config_ : ModelConfig
        The configuration in force.
    forms_ : dict of str to Form
        What the modalities of the fit look like.
    removals_ : dict of str to LabelRemoval
        What takes labels out of the modalities that the configuration names.
    fusion_ : EarlyFusion
        Scales and means of the modalities.
    n_dims_ : int
        Dimensions of an embedding.
    n_features_in_ : int
        Features of a track, where the fit was given a table.
    feature_names_in_ : ndarray of str, shape (n_features_in_,)
        Their names, where it was a data frame with such.
    """

    n_dims_: int
    config_class: ClassVar[type[ModelConfig]]
    least_tracks: ClassVar[int] = 1

    def __init__(
        self,
        config: Any = None,
        *,
        random_state: int = 0,
        accelerator: str = "auto",
        on_epoch: OnEpoch | None = None,
        checkpoints: Any = None,
        memory: float | None = None,
    ) -> None:
        self.config = config
        self.random_state = random_state
        self.accelerator = accelerator
        self.on_epoch = on_epoch
        self.checkpoints = checkpoints
        self.memory = memory

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
        X : array_like, shape (N, D) or (N, T, F), or Frames, or mapping of str to such
            Vectors, or sequences of frames; by modality where there are several.
        y : ignored
            Labels never reach a model this way.
        condition : mapping of str to array_like, optional
            The labels that the configuration names (`ModelConfig.labels`), one value a track, None where one is
            missing; refused where it names none.
        present : array_like of bool, shape (N,), or mapping of str to such, optional
            Which tracks have which modality. Rows of the others may hold anything and are never read.
        groups : array_like, shape (N,), optional
            Tracks of one group (an artist, a song) stay on one side of the held-out split; one without (None, NaN) is
            by itself.

        Raises
        ------
        InputError
            Where a row has no modality, a value is not finite, or the configuration names a modality that is not there.
        """
        if not isinstance(self.random_state, int | np.integer) or self.random_state < 0:
            raise InputError(f"random_state is {self.random_state!r}; give a whole number from 0.")
        blocks = read_blocks(X, present)
        validate_data(self, X, reset=True, skip_check_array=True, ensure_2d=False)  # notes the names of columns
        self.config_ = self.config if self.config is not None else self.config_class.parse({})
        labels = read_labels(condition, self.config_.labels, blocks.n_tracks, self.config_.model)
        if blocks.n_tracks < self.least_tracks:
            raise InputError(
                f"{self.config_.model!r} needs at least {self.least_tracks} tracks; here n_samples = {blocks.n_tracks}."
            )
        own = None if groups is None else read_groups(groups, blocks.n_tracks)
        self.forms_ = blocks.forms
        self._check_config(blocks)
        blocks = self._arranged(blocks)
        self.removals_: dict[str, LabelRemoval] = {}
        for name in blocks.values:
            label, here = self.config_.removed_from(name), blocks.present[name]
            if label is None:
                continue
            if name in blocks.frames:
                raise InputError(
                    f"modality {name!r} is frames, and {label!r} can be taken out of vectors only; let the model be "
                    f"told {label!r} (condition), or ask for latents independent of it (penalties)."
                )
            removal = LabelRemoval(label, self.config_.removal)
            self.removals_[name] = removal.fit(blocks.vectors[name][here], labels[label][here])
        blocks = self._remove(blocks, labels)
        self.fusion_ = EarlyFusion(self.config_.scaling, self.config_.weights).fit(blocks)
        self._fit(blocks, labels, own)
        return self

    def transform(self, X: Input, *, present: Presence = None, condition: Condition = None) -> NDArray[np.float32]:
        """Return one embedding a track, shape (N, n_dims_); a track needs only one modality.

        ``condition`` holds the labels as in `fit`; those that the model can do without may be left out.
        """
        return self._transform(*self._read(X, present, condition))

    def fit_transform(
        self, X: Input, y: Any = None, *, present: Presence = None, condition: Condition = None, **others: Any
    ) -> NDArray[np.float32]:
        """Fit and return the embeddings of the same tracks."""
        fitted = self.fit(X, y, present=present, condition=condition, **others)
        return fitted.transform(X, present=present, condition=condition)

    def get_state(self) -> State:
        """Return what the model is: a JSON-ready dict, and arrays by name."""
        self._check_fitted()
        head = {
            "config": self.config_.plain(),
            "random_state": int(self.random_state),
            "modalities": {name: list(form) for name, form in self.forms_.items()},
            "dims": dict(self.fusion_.dims_),
            "columns": [str(column) for column in getattr(self, "feature_names_in_", ())],
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
        model.forms_ = {name: Form(*form) for name, form in head["modalities"].items()}
        if head["columns"]:
            model.feature_names_in_ = np.array(head["columns"], dtype=object)
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

    @property
    def n_features_in_(self) -> int:
        """Features of a track, where the fit was given a table."""
        form: Form | None = getattr(self, "forms_", {}).get(ONLY)
        if form is None or form.kind != "vector":
            raise AttributeError("n_features_in_ is that of a model fitted on a table; see forms_.")
        return form.width

    @property
    def _n_features_out(self) -> int:
        """What scikit-learn names the columns of an embedding by."""
        return self.n_dims_

    def __sklearn_tags__(self) -> Tags:
        tags = super().__sklearn_tags__()
        tags.transformer_tags.preserves_dtype = ["float32"]
        return tags

    def _check_fitted(self) -> None:
        if not hasattr(self, "n_dims_"):
            raise UnfittedError(f"{type(self).__name__} is not fitted yet; call fit first.")

    def _check_columns(self, X: Input) -> None:
        """Hold a table against the one of the fit, by the number and names of its columns, as scikit-learn does."""
        if getattr(X, "ndim", None) != 2:
            return
        try:
            validate_data(self, X, reset=False, skip_check_array=True)
        except ValueError as error:
            raise InputError(str(error)) from None

    def _read(self, X: Input, present: Presence, condition: Condition = None) -> tuple[Blocks, Labels]:
        """Return what the networks see of tracks after the fit: checked, and without the labels that are removed."""
        self._check_fitted()
        self._check_columns(X)
        blocks = read_blocks(X, present, expected=self.forms_)
        config = self.config_
        labels = read_labels(condition, config.labels, blocks.n_tracks, config.model, needed=config.labels_to_embed)
        return self._remove(self._arranged(blocks), labels), labels

    def _remove(self, blocks: Blocks, labels: Labels) -> Blocks:
        """Return the blocks without the labels that are to be removed."""
        values = dict(blocks.values)
        for name, removal in self.removals_.items():
            cleaned = removal.transform(blocks.vectors[name], labels.get(removal.label))
            values[name] = np.where(blocks.present[name][:, None], cleaned, 0.0)
        return Blocks(values, blocks.present)

    def _check_config(self, blocks: Blocks) -> None:
        """Refuse a configuration that names a modality which is not there."""
        config, dims = self.config_, blocks.dims
        check_names({} if isinstance(config.scaling, str) else config.scaling, dims, "scaling")
        check_names(config.weights, dims, "weights")
        check_names({} if isinstance(config.without, str) else config.without, dims, "without")

    def _arranged(self, blocks: Blocks) -> Blocks:
        """Return the modalities in the form that the model takes."""
        return blocks

    @abstractmethod
    def _fit(self, blocks: Blocks, labels: Labels, groups: NDArray[Any] | None) -> None: ...

    @abstractmethod
    def _transform(self, blocks: Blocks, labels: Labels) -> NDArray[np.float32]: ...

    @abstractmethod
    def _facts(self) -> dict[str, Any]: ...

    @abstractmethod
    def _arrays(self) -> dict[str, NDArray[Any]]: ...

    @abstractmethod
    def _restore(self, facts: Mapping[str, Any], arrays: Mapping[str, NDArray[Any]]) -> None: ...
