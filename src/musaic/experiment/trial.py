"""One of everything that an experiment does, tried on made-up data of the right shape and timed.

Few songs are made up, and times are taken to grow in proportion to the songs there are. What differs only in how many
clusters are asked for is tried once, with the most. Times are a core's, whatever else the machine does meanwhile.
"""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from musaic.clustering.asked import CountedConfig
from musaic.clustering.config import LABELS, ClusteringConfig
from musaic.clustering.spaces import SpaceConfig
from musaic.experiment.config import CellConfig, Experiment
from musaic.experiment.modalities import label_input, text_input
from musaic.features.config import FeatureConfig
from musaic.features.registry import PRETRAINED
from musaic.models.inputs import Frames

if TYPE_CHECKING:
    from musaic.corpus import Corpus

TRIED, TRIED_FRAMES = 128, 8
"""Songs that models are timed on, and those with frames."""
CLUSTERED = 300
"""Songs that clusterings, questions and maps are timed on."""
MEASURED = 3
"""Files whose features are timed."""
ELSEWHERE_DIMS = 128
"""Dimensions of vectors whose width is not known before they are read."""


@dataclass(frozen=True)
class Sound:
    """What measuring one file takes and gives: rows and columns by feature (1 row for a vector)."""

    seconds: float = 0.0
    bytes: int = 0
    shapes: dict[str, tuple[int, int]] = field(default_factory=dict)


class Trial:
    """One of everything, each kind once.

    Parameters
    ----------
    experiment : Experiment
        What is tried.
    songs : Corpus
        How many songs there are, and how varied their labels are.
    """

    def __init__(self, experiment: Experiment, songs: Corpus) -> None:
        self.experiment, self.songs = experiment, songs
        self.rng = np.random.default_rng(0)
        self.known: dict[str, tuple[float, int]] = {}

    @cached_property
    def sound(self) -> Sound:
        """What measuring one file takes, from the first few that can be measured; with all pretrained networks."""
        from musaic.features.analysis import measure_file

        networks = self._networks()
        times: list[float] = []
        shapes: dict[str, tuple[int, int]] = {}
        usable = self.songs.tracks[self.songs.tracks["audio"].notna()]
        for audio in usable["audio"].head(4 * MEASURED):
            rows: dict[str, list[np.ndarray]] = {}
            start = time.process_time()
            found = measure_file(
                self.songs.root / audio,
                self.experiment.features.measured,
                lambda name, part, into=rows: into.setdefault(name, []).append(part),  # type: ignore[misc]
            )
            heard = {
                name: measure_file(self.songs.root / audio, network, lambda *_: None).vectors
                for name, network in networks.items()
            }
            vectors = found.vectors | {name: one for name, by in heard.items() for one in by.values()}
            if not vectors and not rows:
                continue
            times.append(time.process_time() - start)
            shapes = {name: (sum(map(len, parts)), parts[0].shape[1]) for name, parts in rows.items()}
            shapes |= {name: (1, len(vector)) for name, vector in vectors.items()}
            if len(times) == MEASURED:
                break
        if not times:
            return Sound()
        size = sum((2 if rows > 1 else 4) * rows * columns for rows, columns in shapes.values())
        # the first file pays for what is imported and cached
        return Sound(min(times), size, shapes)

    def _networks(self) -> dict[str, FeatureConfig]:
        """Return how pretrained networks hear, by feature.

        Raises
        ------
        MusaicError
            Where one is not on this disk; nothing is fetched to plan.
        """
        from musaic.features.pretrained.checkpoint import find
        from musaic.features.pretrained.embedding import embedding_config

        asked, device = self.experiment.features, self.experiment.compute.device
        return {
            name: embedding_config(find(name.removeprefix(PRETRAINED), download=False), asked, device=device)
            for name in asked.embedded
        }

    def fit(self, cell: CellConfig) -> tuple[float, int]:
        """Return the seconds that one training takes, and the bytes of the model."""
        return self._once(f"fit {cell.model.digest(32)} {cell.input}", lambda: self._trained(cell))

    def _trained(self, cell: CellConfig) -> tuple[float, int]:
        from musaic.models.registry import build

        ticks: list[float] = []
        config, epochs = _shortened(cell.model)
        model = build(config, accelerator="cpu", on_epoch=lambda *_: ticks.append(time.process_time()))
        frames = any(self._shape(name)[0] > 1 for name in cell.input)
        n = min(TRIED_FRAMES if frames else TRIED, len(self.songs))
        X = {name: self._made_up(name, n) for name in cell.input}
        labels = {name: self.rng.permutation(np.resize(np.array(["a", "b"], object), n)) for name in cell.model.labels}
        start = time.process_time()
        model.fit(X, condition=labels or None)
        whole = time.process_time() - start
        size = sum(array.nbytes for array in model.get_state()[1].values())
        one = min(np.diff(ticks)) if len(ticks) > 1 else 0.0
        return (max(0.0, whole - one * len(ticks)) + one * epochs) * len(self.songs) / n, size

    def cluster(self, config: ClusteringConfig, dims: int) -> tuple[float, int]:
        """Return the seconds that one clustering and its scores take, and the bytes of what it leaves."""
        given, alike = config.only_space.n_components, self._with_most(config)
        dims = given if isinstance(given, int) else dims
        seconds, size = self._once(f"cluster {alike.identity} {dims}", lambda: self._clustered(alike, dims))
        return seconds + (self.map() if config.only_space.kind == "umap" else 0.0), size

    def _with_most(self, config: ClusteringConfig) -> ClusteringConfig:
        """Return a clustering in the latent space with the most clusters that any in the experiment asks for."""
        latent = config.model_copy(update={"space": SpaceConfig()})
        if not isinstance(config, CountedConfig) or config.n_clusters in (None, "auto"):
            return latent
        wanted = [number for one in self.experiment.clusterings for number in one.wanted() if number != "auto"]
        counts = [len(self.values(n.removeprefix(LABELS))) if isinstance(n, str) else n for n in wanted]
        return latent.model_copy(update={"n_clusters": max(1, *counts)}).plainest()

    def _clustered(self, config: ClusteringConfig, dims: int) -> tuple[float, int]:
        from musaic.clustering.choice import resolve
        from musaic.clustering.registry import build
        from musaic.evaluation.table import Candidate, score

        n = min(CLUSTERED, len(self.songs))
        if config.algorithm == "vade":
            return 0.0, 40 * len(self.songs)
        Z = self.rng.normal(size=(n, dims))
        labels = {name: self._labels(name, n) for name in self.experiment.evaluation.labels}
        start = time.process_time()
        clusterer = build(config, resolve(config, Z))
        found = clusterer.fit(Z)
        told = Candidate("", "", "", "", config.algorithm, "", "", "")
        permutations = self.experiment.evaluation.permutations
        score(told, Z, found.labels, seed=0, annotations=labels, reference=Z, n_permutations=permutations)
        seconds = time.process_time() - start
        size = sum(array.nbytes for array in clusterer.get_state()[1].values()) + 40 * n
        share = len(self.songs) / n
        return seconds * share, int(size * share)

    def ask(self, dims: int) -> float:
        """Return the seconds that the questions of one cell and seed take: probes, and what there is of language."""
        return self._once(f"ask {dims}", lambda: (self._asked(dims), 0))[0]

    def _asked(self, dims: int) -> float:
        from musaic.evaluation.language import language_report
        from musaic.evaluation.probes import KINDS, probe

        n, asked = min(CLUSTERED, len(self.songs)), self.experiment.evaluation
        Z = self.rng.normal(size=(n, dims))
        start = time.process_time()
        for label in asked.probes:
            for kind in KINDS:
                probe(Z, self._labels(label, n), kind=kind)
        if asked.language:
            language, genre = (self._labels(label, n) for label in ("language", "genre"))
            language_report(Z, language=language, genre=genre, n_permutations=asked.permutations)
        return (time.process_time() - start) * len(self.songs) / n

    def map(self) -> float:
        """Return the seconds that one map takes: t-SNE's, for to try UMAP's would take longer than all else."""
        return self._once("map", lambda: (self._mapped(), 0))[0]

    def _mapped(self) -> float:
        from musaic.maps import tsne_map

        n = min(CLUSTERED, len(self.songs))
        Z = self.rng.normal(size=(n, ELSEWHERE_DIMS)).astype(np.float32)
        start = time.process_time()
        tsne_map(Z, seed=0)
        return (time.process_time() - start) * len(self.songs) / n

    def _made_up(self, name: str, n: int) -> Any:
        """Return noise of the shape that an input has."""
        rows, columns = self._shape(name)
        if rows > 1:
            values = self.rng.normal(size=(n * rows, columns)).astype(np.float16)
            return Frames(values, np.arange(n + 1) * rows)
        return np.abs(self.rng.normal(size=(n, columns))).astype(np.float32)

    def _shape(self, name: str) -> tuple[int, int]:
        """Return rows and columns of an input."""
        if name in self.sound.shapes:
            return self.sound.shapes[name]
        if text_input(name) and (text_input(name).encoder or self.experiment.lyrics.encoder) == "tfidf":  # type: ignore[union-attr]
            return 1, self.experiment.lyrics.n_components
        label = label_input(name)
        return 1, max(2, len(self.values(label))) if label else ELSEWHERE_DIMS

    def latents(self, cell: CellConfig) -> int:
        """Return about how many dimensions a cell's embeddings have."""
        return int(getattr(cell.model, "latent_dim", getattr(cell.model, "max_components", ELSEWHERE_DIMS)))

    def values(self, name: str) -> list[str]:
        """Return the different values of a label in the corpus, sorted."""
        there = set(name.split("+")) <= set(self.songs.labels)
        return sorted({value for value in self.songs.label(name) if isinstance(value, str)}) if there else []

    def _labels(self, name: str, n: int) -> list[str | None]:
        """Return n values of a label, as many different ones as in the corpus where n allows."""
        values: list[str | None] = [*self.values(name)] or [None]
        return [values[at % len(values)] for at in range(n)]

    def _once(self, key: str, tried: Any) -> tuple[float, int]:
        if key not in self.known:
            self.known[key] = tried()
        return self.known[key]


def _shortened(config: Any) -> tuple[Any, int]:
    """Return a model's configuration with two epochs of everything, and how many epochs the whole one has."""
    training: Any = getattr(config, "training", None)
    prior: Any = getattr(config, "prior", None)
    if training is None:
        return config, 0
    epochs = training.epochs
    short: dict[str, Any] = {"training": training.model_copy(update={"epochs": 2, "held_out": 0.0}), "warmup": 0}
    if getattr(prior, "kind", "") == "mixture":
        epochs += prior.pretraining + prior.n_init * prior.hold
        short["prior"] = prior.model_copy(update={"pretraining": 1, "hold": 1, "n_init": 1, "n_clusters": 2})
    return config.model_copy(update=short), epochs
