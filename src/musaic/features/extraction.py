"""From a corpus to its features: what the store has is taken, the rest is measured in parallel."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

import numpy as np

from musaic import parallel
from musaic.audio.readers import check_path
from musaic.errors import MusaicError, TrackError
from musaic.features.analysis import Facts, FrameWriter, Measured, frame, measure_file
from musaic.features.config import FeatureConfig
from musaic.features.featureset import Feature, FeatureSet
from musaic.features.home import pull, push
from musaic.features.kinds import Vector
from musaic.features.registry import PRETRAINED, feature
from musaic.features.staging import write_staged
from musaic.features.store import TRACKS_PER_SHARD, Entry, Store
from musaic.files import cache_folder
from musaic.progress import SILENT, Reporter

if TYPE_CHECKING:
    import pandas as pd

# Statuses of a corpus row with which its sound is looked at nevertheless.
USABLE = ("ok", "truncated")


class Songs(Protocol):
    """What extraction needs of a corpus (`musaic.corpus.Corpus` is one)."""

    @property
    def root(self) -> Path:
        """Folder where relative paths start."""

    @property
    def tracks(self) -> pd.DataFrame:
        """One row a track: ``track_id``, ``audio`` (relative path or None), ``status``, ``reason``."""


State = tuple[int, int] | None  # size in bytes and time of change; None where there is no such file


@dataclass(frozen=True)
class Task:
    """One file to measure, and where to put what comes of it.

    Parameters
    ----------
    path : Path
        A sound file.
    destination : Path
        Where its features go.
    config : FeatureConfig
        What to measure.
    state : (int, int) or None
        Size and time of change with which the file is meant; a file that differs is left alone.
    """

    path: Path
    destination: Path
    config: FeatureConfig
    state: State

    @classmethod
    def of(cls, path: Path, destination: Path, config: FeatureConfig) -> Task:
        """Return the task for a file as it is now."""
        return cls(path, destination, config, _state(path))


@dataclass(frozen=True)
class _Stop:
    """Why nothing more can be kept (a full disk)."""

    message: str


def extract(
    corpus: Songs,
    config: FeatureConfig | None = None,
    *,
    cache: Path | None = None,
    workers: int | None = None,
    force: bool = False,
    device: str = "cpu",
    reporter: Reporter = SILENT,
) -> FeatureSet:
    """Return the features of every track of a corpus.

    Parameters
    ----------
    corpus : Corpus
        The songs.
    config : FeatureConfig, optional
        What to measure; the defaults otherwise.
    cache : Path, optional
        The cache folder; `musaic.files.cache_folder` by default.
    workers : int >= 0, optional
        Processes; all cores by default, 0 for none but this one.
    force : bool
        Measure everything again, files that failed before too.
    device : {"cpu", "cuda", "mps", "auto"}
        Where pretrained networks run.
    reporter : Reporter
        Where bars are drawn.

    Raises
    ------
    UsageError
        Where the configuration asks for what its frames cannot give.
    MusaicError
        Where the cache folder cannot be written, what was measured is kept; where a pretrained network cannot be had.

    Notes
    -----
    A file that cannot be used stops nothing: the status table says what is wrong with it. Results are kept by content
    and configuration, files that failed too, so that a second call measures nothing and a new song costs one song.
    """
    from musaic.corpus.fingerprint import content_ids

    config = config or FeatureConfig()
    check(config)
    folder = cache_folder(cache)
    rows = _rows(corpus)
    paths = {track_id: path for track_id, (path, _) in rows.items() if path is not None}
    states = {track_id: _state(path) for track_id, path in paths.items()}
    ids = content_ids(paths, cache=folder, workers=workers, reporter=reporter)
    files = _Files(paths, ids, states, folder)
    store = Store(folder, config.measured)
    known = _known(store, files, ids, workers=workers, force=force, reporter=reporter)
    found = _gather(rows, ids, known, store)
    for name in config.embedded:
        _embed(name, config, found, files, folder, workers=workers, force=force, device=device, reporter=reporter)
    return found


@dataclass(frozen=True)
class _Files:
    """The files that can be looked at, by track id: where they are, what they hold, and as what they are meant.

    And the cache folder in which what is made of them is kept.
    """

    paths: Mapping[str, Path]
    ids: Mapping[str, str]
    states: Mapping[str, State]
    cache: Path


def _known(
    store: Store,
    files: _Files,
    wanted: Collection[str],
    *,
    workers: int | None,
    force: bool,
    reporter: Reporter,
    label: str = "measuring sound",
    told: str | None = None,
) -> dict[str, Entry]:
    """Return everything in the store, once it has the tracks that are wanted.

    ``told`` is said before anything is measured.
    """
    store.prepare()
    parallel.must_see(store.config_file)
    pull(store, files.cache, reporter)
    known = {} if force else store.read()
    tasks = {
        content_id: Task(files.paths[track_id], store.staged_path(content_id), store.config, files.states[track_id])
        for track_id, content_id in files.ids.items()
        if content_id not in known and track_id in wanted
    }
    if not tasks:
        push(store, files.cache, reporter)  # what an earlier command measured and could not bring there
        return known
    if told:
        reporter.say(told)
    # The largest first, so that no worker is left alone with one at the end.
    order = sorted(tasks, key=lambda content_id: (-(tasks[content_id].state or (0, 0))[0], content_id))
    _measure(store, [tasks[content_id] for content_id in order], workers, reporter, label)
    push(store, files.cache, reporter)
    return store.read()


def _embed(
    name: str,
    config: FeatureConfig,
    found: FeatureSet,
    files: _Files,
    folder: Path,
    *,
    workers: int | None,
    force: bool,
    device: str,
    reporter: Reporter,
) -> None:
    """Add what a pretrained network makes of the tracks whose sound could be measured."""
    from musaic.features.pretrained import checkpoint
    from musaic.features.pretrained.embedding import embedding_config

    model = checkpoint.find(name.removeprefix(PRETRAINED), reporter=reporter)
    own = embedding_config(model, config, device=device, cache=folder)
    parallel.must_see(own.folder / "config.json")
    store = Store(folder, own)
    usable = found.status.loc[found.status["status"].isin(USABLE), "track_id"]
    known = _known(
        store,
        files,
        set(usable) & set(files.ids),
        workers=workers if own.device == "cpu" else 0,  # a GPU holds the network once
        force=force,
        reporter=reporter,
        label=f"listening with {name}",
        told=model.told,
    )
    entries = [known.get(files.ids.get(track_id, "")) for track_id in found.track_ids]
    found.features[name] = replace(_vectors(own.names[0], entries, found.track_ids, store.config), name=name)
    found.pretrained[name] = model.record(folder) | own.record
    wrong = [
        entry.measured.facts.named(track_id).reason
        for track_id, entry in zip(found.track_ids, entries, strict=True)
        if entry is not None and entry.measured.facts.status not in USABLE and track_id in set(usable)
    ]
    if wrong:
        reporter.say(f"{name}: {len(wrong)} of {len(usable)} songs could not be heard; the first: {wrong[0]}")


def _vectors(name: str, entries: Sequence[Entry | None], track_ids: tuple[str, ...], config: FeatureConfig) -> Feature:
    """Return a feature of one vector a track."""
    dims = feature(name).dims(config)
    values = np.full((len(entries), len(dims)), np.nan, np.float32)
    for row, entry in enumerate(entries):
        if entry is not None and name in entry.measured.vectors:
            values[row] = entry.measured.vectors[name]
    return Feature(name, track_ids, dims, np.isfinite(values[:, 0]), None, None, values)


def check(config: FeatureConfig) -> None:
    """Raise `UsageError` where mel bands are narrower than the frames can tell apart."""
    from musaic.audio import filterbanks
    from musaic.errors import UsageError

    f = frame(config)
    empty = int((filterbanks.mel(f.sr, f.n_fft, f.n_mels, f.fmin, f.fmax).max(axis=1) == 0).sum())
    if empty:
        raise UsageError(
            f"{config.n_mels} mel bands from {f.fmin:g} to {f.fmax:g} Hz leave {empty} without a bin of a frame of "
            f"{config.n_fft} samples; give fewer n_mels or a larger n_fft."
        )


def _rows(corpus: Songs) -> dict[str, tuple[Path | None, Facts]]:
    """Return for every track the path to be measured, or None and what is to be said of it."""
    rows: dict[str, tuple[Path | None, Facts]] = {}
    columns = [corpus.tracks[name] for name in ("track_id", "audio", "status", "reason")]
    for track_id, audio, status, reason in zip(*columns, strict=True):
        facts = Facts(str(status), reason if isinstance(reason, str) else None)
        path = corpus.root / audio if isinstance(audio, str) and facts.status in USABLE else None
        if path is not None:
            try:
                check_path(path)
            except TrackError as error:
                path, facts = None, Facts(error.status, error.reason)
        rows[track_id] = (path, facts)
    return rows


def _measure(store: Store, tasks: Sequence[Task], workers: int | None, reporter: Reporter, label: str) -> None:
    """Measure files into the store."""
    with reporter.bar(label, len(tasks)) as advance:
        for done, (position, outcome) in enumerate(_outcomes(tasks, workers), start=1):
            if isinstance(outcome, _Stop):
                raise MusaicError(outcome.message)
            if isinstance(outcome, parallel.Failure):
                _crashed(tasks[position], outcome)
            advance(1)
            if done % TRACKS_PER_SHARD == 0:
                store.pack()
    store.pack()


def _crashed(task: Task, failure: parallel.Failure) -> None:
    """Keep the fact that a file could not be measured."""
    why = failure.message.splitlines()[0].rstrip(".")
    measured = Measured(Facts("crashed", f" could not be measured: {why}."))
    write_staged(task.destination, lambda write: measured)


def _outcomes(tasks: Sequence[Task], workers: int | None) -> Iterator[tuple[int, _Stop | parallel.Failure | None]]:
    """Run the tasks; in this process, too, with one thread, for the same bytes."""
    if workers != 0:
        yield from parallel.run(measure_task, tasks, workers=workers)
        return
    from threadpoolctl import threadpool_limits

    with threadpool_limits(1):
        yield from parallel.run(measure_task, tasks, workers=0)


def measure_task(task: Task) -> _Stop | None:
    """Measure one file and stage the result."""
    if _state(task.path) != task.state:
        return None
    try:
        write_staged(task.destination, partial(_measured, task))
    except MusaicError as error:
        return _Stop(str(error))
    if _state(task.path) != task.state:  # what was measured need not be what the content id stands for
        task.destination.unlink(missing_ok=True)
    return None


def _measured(task: Task, write: FrameWriter) -> Measured:
    """Measure one file as the store keeps it."""
    found = measure_file(task.path, task.config, write)
    return replace(found, facts=found.facts.nameless(task.path.name))


def _gather(
    rows: Mapping[str, tuple[Path | None, Facts]], ids: Mapping[str, str], known: Mapping[str, Entry], store: Store
) -> FeatureSet:
    """Join everything on the track ids."""
    import pandas as pd

    from musaic.features import descriptors

    track_ids = tuple(rows)
    entries = [known.get(ids.get(track_id, "")) for track_id in track_ids]
    facts = [
        entry.measured.facts.named(path.name) if entry is not None and path is not None else _gone(own, path)
        for (path, own), entry in zip(rows.values(), entries, strict=True)
    ]
    features: dict[str, Feature] = {}
    lengths = [0 if entry is None else entry.n_frames for entry in entries]
    for name in store.config.names:
        kind = feature(name)
        if isinstance(kind, Vector):
            features[name] = _vectors(name, entries, track_ids, store.config)
        else:
            dims = kind.dims(store.config)
            offsets = np.concatenate(([0], np.cumsum(lengths))).astype(np.int64)
            content = [ids.get(track_id, "") for track_id in track_ids]
            read = partial(_read_frames, store, content, name)
            features[name] = Feature(name, track_ids, dims, np.array(lengths) > 0, offsets, read)
    status = pd.DataFrame([fact.plain() for fact in facts], columns=list(Facts.__dataclass_fields__))
    for column in ("status", "reason", "format", "codec"):
        status[column] = status[column].astype(object).where(status[column].notna(), None)
    for column in ("duration", "start", "seconds"):
        status[column] = status[column].astype(float)
    for column in ("sample_rate", "channels"):
        status[column] = status[column].astype("Int64")
    status.insert(0, "track_id", pd.Series(track_ids, dtype=object))
    status.insert(3, "content_id", pd.Series([ids.get(track_id) for track_id in track_ids], dtype=object))
    if "descriptors" in features:
        readable = descriptors.table(track_ids, features["descriptors"].values)
    else:
        readable = pd.DataFrame({"track_id": pd.Series(track_ids, dtype=object)})
    return FeatureSet(track_ids, status, readable, features)


def _gone(facts: Facts, path: Path | None) -> Facts:
    """Return the facts of a track that was not measured: a file that went away or changed under our hands."""
    if path is None:
        return facts
    try:
        check_path(path)
    except TrackError as error:
        return Facts(error.status, error.reason)
    return Facts("unreadable", f"{path.name} changed while it was read; run the same command again.")


def _read_frames(store: Store, content: Sequence[str], name: str, row: int, start: int, stop: int) -> np.ndarray:
    return store.frames(content[row], name, start, stop)


def _state(path: Path) -> State:
    try:
        info = path.stat()
    except OSError:
        return None
    return info.st_size, info.st_mtime_ns
