"""The experiment file: what is run, typed, frozen, refused where it is not understood."""

from __future__ import annotations

import copy
from collections.abc import Mapping, Sequence
from importlib import resources
from pathlib import Path
from typing import Any, Literal, TypeVar

import yaml
from pydantic import Field, SerializeAsAny, field_validator, model_validator

from musaic.clustering.config import ClusteringConfig, KMeansConfig
from musaic.clustering.registry import parse_config as parse_clustering
from musaic.config import Config, digest, read_yaml
from musaic.corpus.config import CorpusConfig
from musaic.errors import UsageError, nearest, unknown
from musaic.experiment.modalities import (
    DESCRIPTIONS,
    LABEL,
    TEXTS,
    TextInput,
    file_name,
    label_input,
    modality,
    text_input,
)
from musaic.features.config import FeatureConfig
from musaic.features.registry import NAMES
from musaic.lyrics.config import LyricsConfig
from musaic.lyrics.encoders import parse_encoder
from musaic.models.config import ModelConfig
from musaic.models.registry import parse_config as parse_model

ConfigT = TypeVar("ConfigT", bound=Config)


class CellConfig(Config):
    """One representation: a model and what it is given.

    In an experiment file the model's own options stand beside ``model`` and ``input``:
    ``{model: basic-vae, input: [statistics, lyrics], beta: 2}``.
    """

    name: str | None = Field(default=None, pattern=r"^[\w.+-]+$")
    input: tuple[str, ...] = Field(min_length=1)
    model: SerializeAsAny[ModelConfig]

    @model_validator(mode="before")
    @classmethod
    def _gather_options(cls, data: Any) -> Any:
        if not isinstance(data, Mapping):
            raise ValueError(f"a cell is a mapping such as {{model: pca, input: statistics}}, not {data!r}")
        own = {key: value for key, value in data.items() if key in ("input", "name")}
        own["model"] = (
            data["model"]
            if isinstance(data.get("model"), Mapping)
            else {key: value for key, value in data.items() if key not in own}
        )
        own["model"] = parse_model(own["model"], "a cell")
        if isinstance(own.get("input"), str):
            own["input"] = (own["input"],)
        return own

    @model_validator(mode="after")
    def _names_are_inputs(self) -> CellConfig:
        model = self.model
        for key in ("scaling", "weights", "without", "networks", "likelihood"):
            named = getattr(model, key, None)
            for name in named if isinstance(named, Mapping) else ():
                if name not in self.input:
                    raise unknown(f"input in {key}", name, self.input)
        fusion = getattr(model, "fusion", None)
        for key in ("weights", "as_is"):
            for name in getattr(fusion, key, ()):
                if name not in self.input:
                    raise unknown(f"input in fusion.{key}", name, self.input)
        return self

    @property
    def labels_given(self) -> tuple[str, ...]:
        """The label columns among the inputs, sorted: scores against them are leaked."""
        return tuple(sorted({label for name in self.input if (label := label_input(name))}))

    @property
    def slug(self) -> str:
        """A readable name: the one given, else model and inputs."""
        return self.name or file_name(f"{self.model.model}-{self.told}")

    @property
    def told(self) -> str:
        """The inputs and what is taken out of them, in words: ``statistics+lyrics without language``."""
        return "+".join(self._told(name) for name in self.input)

    def _told(self, name: str) -> str:
        label = self.model.removed_from(name)
        how = " (erased)" if self.model.removal == "erase" else ""
        return f"{name} without {label}{how}" if label else name

    @property
    def modality(self) -> str:
        """``audio``, ``lyrics``, ``audio+lyrics`` and the like."""
        return "+".join(sorted({modality(name) for name in self.input}))

    @property
    def texts(self) -> tuple[TextInput, ...]:
        """The inputs that are texts."""
        return tuple(text for name in self.input if (text := text_input(name)))


class CorpusSource(CorpusConfig):
    """Which corpus, and what of it is read.

    Parameters
    ----------
    path : str, optional
        A folder of songs or a table of them; ``--corpus`` wins over it.
    """

    path: str | None = None


class EvaluationConfig(Config):
    """What is scored, against which labels, and how chance is found.

    A language that was read from lyrics is no judge of what reads lyrics: such cells are scored against the languages
    known from labels and tags, and where there are none their scores against language are marked as leaked.
    """

    labels: tuple[str, ...] = ("genre", "language")
    rank_by: tuple[str, ...] = ("genre", "language")
    noise_policy: Literal["keep", "nearest"] = "keep"
    reference: str = "statistics"
    permutations: int = Field(default=200, ge=1)
    bootstrap: int = Field(default=1000, ge=100)


class FiguresConfig(Config):
    """Which two-dimensional maps are made."""

    maps: tuple[Literal["umap", "tsne"], ...] = ("umap", "tsne")


class ComputeConfig(Config):
    """Where models are trained, and whether TensorBoard can watch."""

    device: Literal["auto", "cpu", "cuda", "mps"] = "cpu"
    tensorboard: bool = False


class Experiment(Config):
    """A whole experiment.

    Parameters are the top-level keys of an experiment file; ``seeds`` is a list, or a number n for 0 … n − 1.
    """

    version: Literal[1] = 1
    name: str = Field(default="experiment", pattern=r"^[\w.-]+$")
    corpus: CorpusSource = CorpusSource()
    features: FeatureConfig = FeatureConfig()
    lyrics: LyricsConfig = LyricsConfig()
    cells: tuple[CellConfig, ...] = Field(min_length=1)
    clusterings: tuple[SerializeAsAny[ClusteringConfig], ...] = Field(default=(KMeansConfig(),), min_length=1)
    evaluation: EvaluationConfig = EvaluationConfig()
    seeds: tuple[int, ...] = (0, 1, 2, 3, 4)
    figures: FiguresConfig = FiguresConfig()
    compute: ComputeConfig = ComputeConfig()

    @field_validator("clusterings", mode="before")
    @classmethod
    def _by_algorithm(cls, value: Any) -> Any:
        if not isinstance(value, list | tuple) or not all(isinstance(entry, Mapping | Config) for entry in value):
            raise ValueError(f"clusterings is a list of mappings such as {{algorithm: kmeans}}, not {value!r}")
        return tuple(
            parse_clustering(entry, "a clustering") if isinstance(entry, Mapping) else entry for entry in value
        )

    @model_validator(mode="after")
    def _inputs_are_there(self) -> Experiment:
        names = set(self.features.names)
        for cell in self.cells:
            for text in cell.texts:
                if text.encoder:
                    parse_encoder(text.encoder)
                if text.text == DESCRIPTIONS:  # they are written from descriptors
                    names.add("descriptors")
            for name in cell.input:
                if name in NAMES:
                    names.add(name)
                elif not text_input(name) and not label_input(name):
                    raise unknown("input", name, (*NAMES, *TEXTS, f"{LABEL}<column>"))
        if names == set(self.features.names):
            return self
        features = self.features.model_copy(update={"names": tuple(name for name in NAMES if name in names)})
        return self.model_copy(update={"features": features})

    @field_validator("seeds", mode="before")
    @classmethod
    def _count_or_list(cls, value: Any) -> Any:
        seeds = tuple(range(value)) if isinstance(value, int) and not isinstance(value, bool) else value
        if not isinstance(seeds, list | tuple) or not seeds or len(set(map(str, seeds))) < len(seeds):
            raise ValueError(f"seeds is a number from 1 up or a list of different whole numbers, not {value!r}")
        return tuple(seeds)

    def cell_name(self, cell: CellConfig) -> str:
        """Return ``<slug>-<8 hex>``; the digits change with anything the cell's numbers depend on."""
        features = {key: value for key, value in self.features.plain().items() if key != "names"}
        depends = {"cell": cell.plain(), "features": features}
        if cell.texts:
            depends["lyrics"] = self.lyrics.plain()
        return f"{cell.slug}-{digest(depends)}"


def recipes() -> dict[str, str]:
    """Return the shipped experiments: name → YAML text."""
    folder = resources.files("musaic.experiment") / "recipes"
    files = sorted((item for item in folder.iterdir() if item.name.endswith(".yaml")), key=lambda item: item.name)
    return {item.name.removesuffix(".yaml"): item.read_text(encoding="utf-8") for item in files}


def load_experiment(experiment: str | Path | Mapping[str, Any], overrides: Sequence[str] = ()) -> Experiment:
    """Read an experiment.

    Parameters
    ----------
    experiment : str, Path or mapping
        The name of a shipped one (such as ``default``), a YAML file, or its content.
    overrides : sequence of str
        ``a.b=value`` each; the value is YAML, list items are named by their number (``cells.0.beta=2``).

    Raises
    ------
    UsageError
        With one sentence, where there is no such experiment or something in it is not understood.
    """
    if isinstance(experiment, Mapping):
        data, where = copy.deepcopy(dict(experiment)), "the experiment"
    else:
        data, where = _find(str(experiment)), str(experiment)
        _from_its_folder(data, Path(str(experiment)))
    for override in overrides:
        _override(data, override)
    return Experiment.parse(data, where)


def _find(name: str) -> dict[str, Any]:
    shipped = recipes()
    if name in shipped:
        data: dict[str, Any] = yaml.safe_load(shipped[name])
        return data
    path = Path(name)
    if path.is_file():
        return read_yaml(path)
    hint = nearest(name, shipped) or "."
    raise UsageError(f"there is no experiment {name!r}{hint} Name a YAML file or one of: {', '.join(shipped)}.")


def _from_its_folder(data: dict[str, Any], file: Path) -> None:
    """Let the paths of an experiment file (the corpus, its labels and transcripts) start where the file lies."""
    corpus = data.get("corpus")
    if not isinstance(corpus, dict) or not file.is_file():
        return
    if isinstance(corpus.get("path"), str):
        corpus["path"] = str(file.parent / Path(corpus["path"]).expanduser())
    for key in ("labels", "transcripts"):
        if isinstance(corpus.get(key), str):
            corpus[key] = [corpus[key]]
        if isinstance(corpus.get(key), list):
            corpus[key] = [str(file.parent / Path(str(path)).expanduser()) for path in corpus[key]]


def _override(data: dict[str, Any], override: str) -> None:
    """Set one value in place."""
    key, separator, text = override.partition("=")
    if not separator or not key:
        raise UsageError(f"--set takes key=value such as features.duration=20, not {override!r}.")
    try:
        value = yaml.safe_load(text)
    except yaml.YAMLError:
        raise UsageError(
            f"the value in --set {override!r} is not valid YAML; put text with special signs in quotes."
        ) from None
    *parents, last = key.split(".")
    place: Any = data
    for part in parents:
        place = _step(place, part, override) if isinstance(place, list) else place.setdefault(part, {})
        if not isinstance(place, dict | list):
            raise UsageError(f"--set {override!r}: {part!r} holds a value, not keys.")
    if isinstance(place, list):
        _step(place, last, override)
        place[int(last)] = value
    else:
        place[last] = value


def _step(place: list[Any], part: str, override: str) -> Any:
    if not part.isdecimal() or int(part) >= len(place):
        raise UsageError(f"--set {override!r}: name an item of the list by its number, 0 to {len(place) - 1}.")
    return place[int(part)]


def corpus_config(given: Mapping[str, Any], overrides: Sequence[str] = ()) -> CorpusConfig:
    """Return the corpus part of an experiment: ``given`` keys, then those ``overrides`` that begin with ``corpus.``."""
    return _part("corpus", CorpusConfig, given, overrides)


def lyrics_config(overrides: Sequence[str] = ()) -> LyricsConfig:
    """Return the lyrics part of an experiment from those ``overrides`` that begin with ``lyrics.``."""
    return _part("lyrics", LyricsConfig, {}, overrides)


def features_config(overrides: Sequence[str] = ()) -> FeatureConfig:
    """Return the features part of an experiment from those ``overrides`` that begin with ``features.``."""
    return _part("features", FeatureConfig, {}, overrides)


def _part(key: str, kind: type[ConfigT], given: Mapping[str, Any], overrides: Sequence[str]) -> ConfigT:
    data: dict[str, Any] = {key: dict(given)}
    for override in overrides:
        _override(data, override)
    parts: dict[str, type[Config]] = {"corpus": CorpusConfig, "features": FeatureConfig, "lyrics": LyricsConfig}
    for name, values in data.items():
        if name not in parts:
            known = ", ".join(f"{part}.*" for part in parts)
            raise UsageError(f"--set {name}: only {known} mean something here{nearest(name, parts) or '.'}")
        if not isinstance(values, dict):
            raise UsageError(f"--set {name} takes a key of {name}, such as {name}.{_first_key(parts[name])}=…")
        parts[name].parse(values, f"--set {name}")
    return kind.parse(data[key], f"--set {key}")


def _first_key(kind: type[Config]) -> str:
    return next(iter(kind.model_fields))
