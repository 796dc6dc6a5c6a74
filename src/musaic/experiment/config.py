"""The experiment file: what is run, typed, frozen, refused where it is not understood."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

from pydantic import Field, SerializeAsAny, field_validator, model_validator

from musaic.clustering.config import ClusteringConfig, KMeansConfig
from musaic.clustering.registry import parse_config as parse_clustering
from musaic.config import Config, digest
from musaic.corpus.config import CorpusConfig
from musaic.errors import unknown
from musaic.experiment.grids import expand as expand_grids
from musaic.experiment.modalities import (
    DESCRIPTIONS,
    LABEL,
    LATENTS,
    TEXTS,
    TextInput,
    file_name,
    label_input,
    latents_input,
    modality,
    portable,
    text_input,
)
from musaic.features.config import FeatureConfig
from musaic.features.registry import NAMES, PRETRAINED, is_pretrained, ordered
from musaic.lyrics.config import LyricsConfig
from musaic.lyrics.encoders import parse_encoder
from musaic.models.config import ModelConfig
from musaic.models.registry import parse_config as parse_model


class CellConfig(Config):
    """One representation: a model and what it is given.

    In an experiment file the model's own options stand beside ``model`` and ``input``:
    ``{model: basic-vae, input: [statistics, lyrics], beta: 2}``.

    Attributes
    ----------
    name : str, optional
        What it is called; model and inputs where nothing is said.
    variant : str, optional
        What tells it from the other cells of a grid; part of its name.
    phase : str, optional
        The part of the experiment that it belongs to, which can be run alone.
    seeds : int >= 1, optional
        How many of the experiment's seeds it is run with, at most; all where nothing is said.
    labels_used : tuple of str
        Labels that its inputs are known to have seen, such as latents from elsewhere: scores against them are leaked.
    input : str or tuple of str
        Features, texts, labels, and latents from elsewhere, by name (see `musaic.experiment.modalities`).
    model : ModelConfig
        The model with its options.
    """

    name: str | None = Field(default=None, pattern=r"^[\w.+-]+$")
    variant: str | None = Field(default=None, pattern=r"^[\w.+-]+$")
    phase: str | None = Field(default=None, pattern=r"^[\w.+-]+$")
    seeds: int | None = Field(default=None, ge=1)
    labels_used: tuple[str, ...] = ()
    input: tuple[str, ...] = Field(min_length=1)
    model: SerializeAsAny[ModelConfig]

    @model_validator(mode="before")
    @classmethod
    def _gather_options(cls, data: Any) -> Any:
        if not isinstance(data, Mapping):
            raise ValueError(f"a cell is a mapping such as {{model: pca, input: statistics}}, not {data!r}")
        own = {key: value for key, value in data.items() if key in cls.model_fields and key != "model"}
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
        """The label columns among the inputs, sorted."""
        return tuple(sorted({label for name in self.input if (label := label_input(name))}))

    @property
    def own(self) -> dict[str, Any]:
        """What its numbers depend on: everything but how often it is run, and when."""
        own: dict[str, Any] = portable({k: value for k, value in self.plain().items() if k not in ("phase", "seeds")})
        return own

    @property
    def slug(self) -> str:
        """A readable name: the one given, else model and inputs."""
        name = self.name or file_name(f"{self.model.model}-{self.told}")
        return f"{name}-{self.variant}" if self.variant else name

    @property
    def told(self) -> str:
        """The inputs and what is taken out of them, in words: ``statistics+lyrics without language``."""
        return "+".join(self._told(name) for name in self.input)

    def _told(self, name: str) -> str:
        label, shown = self.model.removed_from(name), portable(name)
        how = " (erased)" if self.model.removal == "erase" else ""
        return f"{shown} without {label}{how}" if label else str(shown)

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


class LeaveOutConfig(Config):
    """Leave-one-out over the values of a label: train without one, place its tracks, see what carries over.

    Attributes
    ----------
    label : str
        Whose values are left out, one after the other.
    target : str
        The label that is told from the latents of the tracks left out.
    cells : tuple of str
        Globs of the cells' names; each is trained once a value and seed.
    """

    label: str = "language"
    target: str = "genre"
    cells: tuple[str, ...] = ("*",)


ALL = "all"
"""Every label column of the corpus."""


class EvaluationConfig(Config):
    """What is scored, against which labels, and how chance is found.

    A language that was read from lyrics is no judge of what reads lyrics: such cells are scored against the languages
    known from labels and tags, and where there are none their scores against language are marked as leaked.

    Attributes
    ----------
    labels : tuple of str
        Label columns that clusters are held against; ``all`` stands for every one that the corpus has.
    rank_by : tuple of str
        Those of them that decide the ranking.
    noise_policy : {'keep', 'nearest'}
        Whether noise stays noise, or goes to the nearest cluster before it is scored.
    reference : str
        The feature that makes the space in which all clusterings are compared.
    permutations, bootstrap : int
        Shuffles behind every chance level, and samples behind every interval of the verdict.
    probes : tuple of str
        Labels that classifiers are trained to tell from latents, held against the majority.
    language : bool
        Whether the questions about language are asked (see `musaic.evaluation.language`).
    leave_out : LeaveOutConfig, optional
        Training without one value of a label.
    """

    labels: tuple[str, ...] = ("genre", "language")
    rank_by: tuple[str, ...] = ("genre", "language")
    noise_policy: Literal["keep", "nearest"] = "keep"
    reference: str = "statistics"
    permutations: int = Field(default=200, ge=1)
    bootstrap: int = Field(default=1000, ge=100)
    probes: tuple[str, ...] = ("genre", "language")
    language: bool = True
    leave_out: LeaveOutConfig | None = None

    @field_validator("labels", mode="before")
    @classmethod
    def _all_in_a_word(cls, value: Any) -> Any:
        return (ALL,) if value == ALL else value


class FiguresConfig(Config):
    """Which two-dimensional maps are made, and in which formats figures are drawn.

    Attributes
    ----------
    maps : tuple of {'umap', 'tsne'}
        The maps of every cell's latents; none where empty.
    formats : tuple of {'png', 'svg'}
        The files of every figure.
    """

    maps: tuple[Literal["umap", "tsne"], ...] = ("umap", "tsne")
    formats: tuple[Literal["png", "svg"], ...] = Field(default=("png",), min_length=1)


class OutputsConfig(Config):
    """What is made of a finished run besides its folder.

    Attributes
    ----------
    zip : bool
        Whether tables, figures, latents and clusters are also put into one archive.
    """

    zip: bool = False


class ComputeConfig(Config):
    """Where models are trained, and whether TensorBoard can watch.

    Parameters
    ----------
    device : {"auto", "cpu", "cuda", "mps"}
        What trains.
    devices : int >= 1
        How many of them train one model together, a process each: GPUs over NCCL, CPUs over gloo. Cells are then
        trained one after the other on each machine.
    scheduler : str, optional
        A Dask cluster that does the work, as for `musaic.parallel.cluster`; ``--scheduler`` wins. Not written down
        with the run, whose results do not depend on it.
    tensorboard : bool
        Keep event files.
    exact_up_to : int >= 1
        Up to so many tracks all are compared with all; above, a graph of nearest neighbours stands in for their
        distances (`musaic.graph`).
    micro_above : int >= 1
        With more tracks than this, the centres of micro-clusters stand in for the tracks.
    micro_clusters : int, 2 to 20,000
        How many centres; all of them are compared with all.
    """

    device: Literal["auto", "cpu", "cuda", "mps"] = "cpu"
    devices: int = Field(default=1, ge=1)
    scheduler: str | None = None
    tensorboard: bool = False
    exact_up_to: int = Field(default=20_000, ge=1)
    micro_above: int = Field(default=1_000_000, ge=1)
    micro_clusters: int = Field(default=5_000, ge=2, le=20_000)


class Experiment(Config):
    """A whole experiment.

    Parameters are the top-level keys of an experiment file; ``seeds`` is a list, or a number n for 0 … n − 1. ``about``
    says what it is, for people; ``faithful`` holds the overrides of a recipe that ``--faithful`` applies.
    """

    version: Literal[1] = 1
    name: str = Field(default="experiment", pattern=r"^[\w.-]+$")
    about: str = ""
    faithful: dict[str, Any] = Field(default_factory=dict)
    corpus: CorpusSource = CorpusSource()
    features: FeatureConfig = FeatureConfig()
    lyrics: LyricsConfig = LyricsConfig()
    cells: tuple[CellConfig, ...] = Field(min_length=1)
    clusterings: tuple[SerializeAsAny[ClusteringConfig], ...] = Field(default=(KMeansConfig(),), min_length=1)
    evaluation: EvaluationConfig = EvaluationConfig()
    seeds: tuple[int, ...] = (0, 1, 2, 3, 4)
    figures: FiguresConfig = FiguresConfig()
    outputs: OutputsConfig = OutputsConfig()
    compute: ComputeConfig = ComputeConfig()

    @field_validator("cells", mode="before")
    @classmethod
    def _every_combination(cls, value: Any) -> Any:
        if not isinstance(value, list | tuple):
            return value
        return tuple(one for cell in value for one in (expand_grids(cell) if isinstance(cell, Mapping) else [cell]))

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
                if name in NAMES or is_pretrained(name):
                    names.add(name)
                elif not text_input(name) and not label_input(name) and not latents_input(name):
                    raise unknown("input", name, (*NAMES, f"{PRETRAINED}<model>", *TEXTS, f"{LABEL}<column>", *LATENTS))
        if names == set(self.features.names):
            return self
        features = self.features.model_copy(update={"names": ordered(names)})
        return self.model_copy(update={"features": features})

    @field_validator("seeds", mode="before")
    @classmethod
    def _count_or_list(cls, value: Any) -> Any:
        seeds = tuple(range(value)) if isinstance(value, int) and not isinstance(value, bool) else value
        if not isinstance(seeds, list | tuple) or not seeds or len(set(map(str, seeds))) < len(seeds):
            raise ValueError(f"seeds is a number from 1 up or a list of different whole numbers, not {value!r}")
        return tuple(seeds)

    @model_validator(mode="after")
    def _told_apart(self) -> Experiment:
        """Refuse cells, and latents from elsewhere, that would be written under one name."""
        cells: dict[str, int] = {}
        files: dict[str, str] = {}
        for number, cell in enumerate(self.cells):
            name = self.cell_name(cell)
            if name in cells:
                raise ValueError(
                    f"cells {cells[name]} and {number} (counted from 0) are both {name}; keep one, with the seeds and "
                    "the phase that are meant"
                )
            cells[name] = number
            for given in filter(latents_input, cell.input):
                other = files.setdefault(str(portable(given)), given)
                if other != given:
                    raise ValueError(f"{other} and {given} have the same name, folders aside; rename one of them")
        return self

    def seeds_of(self, cell: CellConfig) -> tuple[int, ...]:
        """Return the seeds that a cell is run with."""
        return self.seeds[: cell.seeds]

    def cell_name(self, cell: CellConfig) -> str:
        """Return ``<slug>-<8 hex>``; the digits change with anything the cell's numbers depend on."""
        unused = {"names"} if any(map(is_pretrained, cell.input)) else {"names", "pretrained"}
        features = {key: value for key, value in self.features.plain().items() if key not in unused}
        depends = {"cell": cell.own, "features": features}
        if cell.texts:
            depends["lyrics"] = self.lyrics.plain()
        return f"{cell.slug}-{digest(depends)}"
