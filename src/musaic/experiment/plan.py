"""What an experiment would do, how long it takes here and how large it gets, without doing it.

Nothing is guessed from tables: one of everything is done on made-up data of the right size, timed, and multiplied.
"""

from __future__ import annotations

import json
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from musaic.errors import UsageError
from musaic.experiment.checks import check_labels, check_only, matches
from musaic.experiment.config import CellConfig, Experiment
from musaic.experiment.modalities import label_input, text_input
from musaic.experiment.songs import read_corpus
from musaic.models.inputs import Frames
from musaic.parallel import default_workers
from musaic.progress import SILENT, Reporter

if TYPE_CHECKING:
    from musaic.corpus import Corpus

TRIED, TRIED_FRAMES = 128, 24
"""Tracks of made-up data that models are timed on, and of such with frames."""
CLUSTERED = 1500
"""The most points that clusterings and maps are timed on; above, their time is taken to grow in proportion."""
MEASURED = 3
"""Files whose features are timed."""
ELSEWHERE_DIMS = 128
"""Dimensions of vectors whose width is not known before they are read."""


@dataclass(frozen=True)
class PlannedCell:
    """What one cell would cost.

    Attributes
    ----------
    cell, model, input, phase
        Which.
    seeds, clusterings : int
        How often it is trained, and in how many ways each is clustered.
    seconds : float
        Of one core, in all: training to the last epoch, clustering, maps.
    bytes : int
        On disk.
    """

    cell: str
    model: str
    input: str
    phase: str | None
    seeds: int
    clusterings: int
    seconds: float
    bytes: int


@dataclass(frozen=True)
class Plan:
    """What a whole experiment would cost.

    Attributes
    ----------
    n_tracks, n_sounds : int
        Tracks, and those with sound.
    workers : int
        Processes that share the work.
    feature_seconds : float
        Of one core, for all features, with an empty cache.
    feature_bytes : int
        In the cache.
    cells : list of PlannedCell
        The cells.
    """

    n_tracks: int
    n_sounds: int
    workers: int
    feature_seconds: float
    feature_bytes: int
    cells: list[PlannedCell] = field(default_factory=list)

    @property
    def seconds(self) -> float:
        """Wall-clock seconds with all workers busy, at most: trainings that stop early are shorter."""
        return (self.feature_seconds + sum(cell.seconds for cell in self.cells)) / self.workers

    @property
    def bytes(self) -> int:
        """What the run folder holds, without figures and report."""
        return sum(cell.bytes for cell in self.cells)

    @property
    def text(self) -> str:
        """The plan for a person."""
        width = max((len(cell.cell) for cell in self.cells), default=4)
        lines = [f"{'cell':{width}}  {'phase':<12} {'fits':>5} {'clusterings':>11} {'time':>8} {'disk':>9}"]
        for cell in self.cells:
            ways = cell.seeds * cell.clusterings
            lines.append(
                f"{cell.cell:{width}}  {cell.phase or '–':<12} {cell.seeds:>5} {ways:>11} {_time(cell.seconds):>8} "
                f"{_size(cell.bytes):>9}"
            )
        fits = sum(cell.seeds for cell in self.cells)
        ways = sum(cell.seeds * cell.clusterings for cell in self.cells)
        return "\n".join(
            [
                *lines,
                "",
                f"{self.n_tracks} tracks, {self.n_sounds} with sound; {len(self.cells)} cells, {fits} fits, "
                f"{ways} clusterings.",
                f"Features: {_time(self.feature_seconds)} of one core and {_size(self.feature_bytes)} of cache, "
                "for sound that is not measured yet.",
                f"In all about {_time(self.seconds)} with {self.workers} "
                f"{'process' if self.workers == 1 else 'processes'}, at most ({_size(self.bytes)} of disk): every "
                "training is counted to its last epoch, nothing as done already; report and figures come on top.",
            ]
        )

    def json(self) -> str:
        """Return the plan as JSON."""
        told = {**asdict(self), "seconds": self.seconds, "bytes": self.bytes}
        return json.dumps(told, ensure_ascii=False, indent=2)


def plan(
    experiment: Experiment,
    *,
    corpus: str | Path | None = None,
    only: Sequence[str] = (),
    phases: Sequence[str] = (),
    workers: int | None = None,
    reporter: Reporter = SILENT,
) -> Plan:
    """Return what an experiment would do.

    Parameters
    ----------
    experiment : Experiment
        What is asked for.
    corpus, only, phases, workers, reporter
        As for `musaic.experiment.run`.

    Raises
    ------
    UsageError
        Where the corpus is empty or not there, or a cell or phase that is named is not.
    """
    source = corpus if corpus is not None else experiment.corpus.path
    if source is None or not str(source):
        raise UsageError("no corpus was named; add --corpus PATH, a folder of songs or a table of them.")
    check_only(experiment, only, phases)
    songs = read_corpus(source, experiment.corpus, lyrics=experiment.lyrics, workers=workers, reporter=reporter)
    check_labels(experiment, songs.labels)
    trial = _Trial(experiment, songs)
    chosen = [
        cell
        for cell in experiment.cells
        if matches(experiment.cell_name(cell), cell.slug, only) and (not phases or cell.phase in phases)
    ]
    with reporter.bar("planning", len(chosen)) as advance:
        cells = []
        for cell in chosen:
            cells.append(trial.cell(cell))
            advance(1)
    n_sounds = int(songs.tracks["audio"].notna().sum())
    seconds, size = trial.sound.seconds * n_sounds, trial.sound.bytes * n_sounds
    return Plan(len(songs), n_sounds, max(1, default_workers() if workers is None else workers), seconds, size, cells)


@dataclass(frozen=True)
class _Sound:
    """What measuring one file takes and gives: rows and columns by feature (1 row for a vector)."""

    seconds: float = 0.0
    bytes: int = 0
    shapes: dict[str, tuple[int, int]] = field(default_factory=dict)


class _Trial:
    """One of everything, tried on made-up data, each kind once."""

    def __init__(self, experiment: Experiment, songs: Corpus) -> None:
        self.experiment, self.songs = experiment, songs
        self.rng = np.random.default_rng(0)
        self.known: dict[str, tuple[float, int]] = {}

    def cell(self, cell: CellConfig) -> PlannedCell:
        """Return what one cell would cost."""
        seeds, dims = self.experiment.seeds_of(cell), self._latents(cell)
        training, size = self._fit(cell)
        clusterings = [
            one
            for config in self.experiment.clusterings
            for one in config.expand()
            if matches(self.experiment.cell_name(cell), cell.slug, one.cells)
        ]
        n = len(self.songs)
        ways = [self._cluster(config, dims) for config in clusterings]
        maps = sum(self._map(method, dims) for method in self.experiment.figures.maps)
        seconds = len(seeds) * (training + sum(found for found, _ in ways)) + maps
        stored = len(seeds) * (size + 8 * n * dims + sum(kept for _, kept in ways))
        name = self.experiment.cell_name(cell)
        return PlannedCell(
            name, cell.model.model, cell.told, cell.phase, len(seeds), len(clusterings), round(seconds, 2), stored
        )

    @cached_property
    def sound(self) -> _Sound:
        """What measuring one file takes, from the first few that can be measured."""
        from musaic.features.analysis import measure_file

        times: list[float] = []
        shapes: dict[str, tuple[int, int]] = {}
        usable = self.songs.tracks[self.songs.tracks["audio"].notna()]
        for audio in usable["audio"].head(4 * MEASURED):
            rows: dict[str, list[np.ndarray]] = {}
            start = time.perf_counter()
            found = measure_file(
                self.songs.root / audio,
                self.experiment.features,
                lambda name, part, into=rows: into.setdefault(name, []).append(part),  # type: ignore[misc]
            )
            if not found.vectors and not rows:
                continue
            times.append(time.perf_counter() - start)
            shapes = {name: (sum(map(len, parts)), parts[0].shape[1]) for name, parts in rows.items()}
            shapes |= {name: (1, len(vector)) for name, vector in found.vectors.items()}
            if len(times) == MEASURED:
                break
        if not times:
            return _Sound()
        size = sum((2 if rows > 1 else 4) * rows * columns for rows, columns in shapes.values())
        # the first file pays for what is imported and cached
        return _Sound(min(times), size, shapes)

    def _fit(self, cell: CellConfig) -> tuple[float, int]:
        """Return the seconds that one training takes, and the bytes of the model."""
        return self._once(f"fit {cell.model.digest(32)} {cell.input}", lambda: self._trained(cell))

    def _trained(self, cell: CellConfig) -> tuple[float, int]:
        from musaic.models.registry import build

        ticks: list[float] = []
        config, epochs = _shortened(cell.model)
        model = build(config, accelerator="cpu", on_epoch=lambda *_: ticks.append(time.perf_counter()))
        frames = any(self._shape(name)[0] > 1 for name in cell.input)
        n = min(TRIED_FRAMES if frames else TRIED, len(self.songs))
        X = {name: self._made_up(name, n) for name in cell.input}
        labels = {name: self.rng.permutation(np.resize(np.array(["a", "b"], object), n)) for name in cell.model.labels}
        start = time.perf_counter()
        model.fit(X, condition=labels or None)
        whole = time.perf_counter() - start
        size = sum(array.nbytes for array in model.get_state()[1].values())
        one = min(np.diff(ticks)) if len(ticks) > 1 else 0.0
        return (max(0.0, whole - one * len(ticks)) + one * epochs) * len(self.songs) / n, size

    def _cluster(self, config: Any, dims: int) -> tuple[float, int]:
        """Return the seconds that one clustering and its scores take, and the bytes of what it leaves."""
        dims = config.only_space.n_components or dims
        return self._once(f"cluster {config.identity} {dims}", lambda: self._clustered(config, dims))

    def _clustered(self, config: Any, dims: int) -> tuple[float, int]:
        from musaic.clustering.choice import resolve
        from musaic.clustering.registry import build
        from musaic.evaluation.table import Candidate, score

        n = min(CLUSTERED, len(self.songs))
        Z = self.rng.normal(size=(n, dims))
        labels = {
            name: self._label(name, n)
            for name in {*self.experiment.evaluation.labels, *(one.split(":")[-1] for one in map(str, config.wanted()))}
        }
        if config.algorithm == "vade":
            return 0.0, 40 * n
        start = time.perf_counter()
        clusterer = build(config, resolve(config, Z, labels=labels))
        found = clusterer.fit(Z)
        told = Candidate("", "", "", "", config.algorithm, "", "", "")
        score(told, Z, found.labels, seed=0, annotations=labels, reference=Z)
        seconds = time.perf_counter() - start
        if config.only_space.kind == "umap":
            seconds += self._map("umap", dims)
        size = sum(array.nbytes for array in clusterer.get_state()[1].values()) + 40 * n
        share = len(self.songs) / n
        return seconds * share, int(size * share)

    def _map(self, method: str, dims: int) -> float:
        """Return the seconds that one map takes."""
        return self._once(f"map {method} {dims}", lambda: self._mapped(method, dims))[0]

    def _mapped(self, method: str, dims: int) -> tuple[float, int]:
        from musaic.experiment.mapping import MAPS

        n = min(CLUSTERED, len(self.songs))
        Z = self.rng.normal(size=(n, dims)).astype(np.float32)
        MAPS[method](Z[: min(n, 50)], seed=0)  # compiles what it compiles once
        start = time.perf_counter()
        MAPS[method](Z, seed=0)
        return (time.perf_counter() - start) * len(self.songs) / n, 0

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
        return 1, max(2, len(set(self._label(label, 1)))) if label else ELSEWHERE_DIMS

    def _latents(self, cell: CellConfig) -> int:
        """Return about how many dimensions a cell's embeddings have."""
        return int(getattr(cell.model, "latent_dim", getattr(cell.model, "max_components", ELSEWHERE_DIMS)))

    def _label(self, name: str, n: int) -> list[str | None]:
        """Return n values of a label, as varied as in the corpus."""
        there = set(name.split("+")) <= set(self.songs.labels)
        values = [value for value in self.songs.label(name) if isinstance(value, str)] if there else []
        return [values[at % len(values)] for at in range(n)] if values else [None] * n

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


def _time(seconds: float) -> str:
    if seconds < 100:
        return f"{seconds:.0f} s" if seconds >= 1 else "< 1 s"
    return f"{seconds / 60:.0f} min" if seconds < 6000 else f"{seconds / 3600:.1f} h"


def _size(size: float) -> str:
    for unit in ("B", "kB", "MB"):
        if size < 1000:
            return f"{size:.0f} {unit}"
        size /= 1000
    return f"{size:.1f} GB"
