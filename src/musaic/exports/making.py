"""Runs and corpora as files that other tools read."""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from musaic.errors import UsageError, unknown
from musaic.exports import of_corpus, of_run
from musaic.exports.manifest import FILE, remove_earlier, write_manifest
from musaic.exports.parts import MATRICES, Part
from musaic.exports.registry import Format, Written, find_format
from musaic.files import WRITING
from musaic.progress import SILENT, Reporter
from musaic.runs import Run

if TYPE_CHECKING:
    from musaic.corpus import Corpus
    from musaic.features.config import FeatureConfig


@dataclass(frozen=True)
class Exported:
    """An export that was written.

    Attributes
    ----------
    path : Path
        The folder, or the file where the format makes one.
    files : tuple of str
        What is in it, relative to its folder; the manifest is the last.
    cells : tuple of (str, int)
        Cells and seeds of a run that are in it.
    """

    path: Path
    files: tuple[str, ...]
    cells: tuple[tuple[str, int], ...]


def export(
    source: Run | Corpus | str | Path,
    *,
    format: str = "parquet",
    what: Sequence[str] | str | None = None,
    cell: Sequence[str] | str | None = None,
    seed: Sequence[int | str] | int | str | None = None,
    variance: bool = False,
    features: Sequence[str] | FeatureConfig | str | None = None,
    out: str | Path | None = None,
    corpus: str | Path | None = None,
    cache: Path | None = None,
    workers: int | None = None,
    reporter: Reporter = SILENT,
) -> Exported:
    """Write what a run or a corpus holds in a format that other tools read.

    Parameters
    ----------
    source : Run, Corpus, str or Path
        A run or its folder, a corpus, or a folder or table of songs.
    format : {'parquet', 'csv', 'npz', 'npy', 'zip', 'projector'}
        See `musaic.exports.registry.FORMATS`.
    what : sequence of str, or str, optional
        Of a run: ``labels``, ``latents``, ``clusters``, ``maps``, ``features`` (descriptors and the common reference
        space; more by ``features``), ``scores``. Of a corpus: ``labels``, ``features``. Everything that the format can
        hold by default.
    cell : sequence of str, or str, optional
        Cells of a run by name, beginning or pattern (``"*"``); by default the one of the best honest row.
    seed : sequence of int, int or "all", optional
        Seeds; by default a cell's first.
    variance : bool
        Posterior variances beside the means.
    features : sequence of str, str or FeatureConfig, optional
        Features out of the store, such as ``statistics`` or ``log_mel``; what it lacks is measured. They are given
        whatever ``what`` names. Of a corpus those that an experiment measures, by default.
    out : str or Path, optional
        The folder, or the file for ``zip``. By default ``exports/<format>`` in the run folder, or ``<name>-export``
        beside where the command runs. What an earlier export left in that folder, and is not written again, is removed.
    corpus : str or Path, optional
        Where a run's songs lie now, if they were moved and features are measured.
    cache : Path, optional
        Where extracted features are kept.
    workers : int >= 0, optional
        Processes that measure; all cores by default.
    reporter : Reporter
        Where progress is told.

    Returns
    -------
    Exported
        Where it is and what is in it.

    Raises
    ------
    UsageError
        Where there is no such format, kind, cell, seed or feature, or ``source`` is neither run nor corpus.
    MusaicError
        Where a file cannot be read or written.

    Notes
    -----
    Rows that are tracks stand in one order in all files and carry ``track_id``. The same source gives the same bytes.
    """
    chosen = find_format(format)
    run = _as_run(source)
    names = _texts(features) if features is None or isinstance(features, str | Sequence) else ()
    told: dict[str, Any] = {"format": format, "how_to_read": chosen.about}
    if run is not None:
        if features is not None and not isinstance(features, str | Sequence):
            raise UsageError("the features of a run are measured as those that it was made of; give their names alone.")
        kinds = _kinds(what, of_run.KINDS, chosen, format, "a run")
        choice = of_run.choose(run, _texts(cell), _seeds(seed))
        parts = of_run.run_parts(
            *(run, kinds, choice),
            variance=variance,
            features=names,
            corpus=corpus,
            cache=cache,
            workers=workers,
            reporter=reporter,
        )
        name, default = run.path.resolve().name, run.path / "exports"
        told |= {"run": name, "n_tracks": len(run.tracks)}
        cells = tuple((cell, seed) for cell, seeds in choice.cells.items() for seed in seeds)
    else:
        given = [("cell", cell), ("seed", seed), ("variance", variance or None), ("corpus", corpus)]
        for key, value in given:
            if value is not None:
                raise UsageError(f"{key} is for a run folder, and {_told(source)} is none; leave it out.")
        kinds = _kinds(what, of_corpus.KINDS, chosen, format, "a corpus")
        if names and "features" not in kinds:
            kinds = (*kinds, "features")
        songs = _as_corpus(source, workers, reporter)
        config = _feature_config(features, names)
        parts = of_corpus.corpus_parts(songs, kinds, config, cache=cache, workers=workers, reporter=reporter)
        name, default, cells = songs.root.resolve().name or "corpus", Path(), ()
        told |= {"corpus": name, "n_tracks": len(songs)}
        if "features" in kinds:
            told["measured"] = config.plain()
    parts = _fitting(parts, chosen, format, reporter)
    place = _place(out, default, name, format, chosen, of_a_run=run is not None)
    return Exported(place, _write(place, chosen, parts, told, reporter), cells)


def _as_run(source: Any) -> Run | None:
    if isinstance(source, Run):
        return source
    is_path = isinstance(source, str | Path)
    return Run.open(source) if is_path and (Path(source) / "experiment.yaml").is_file() else None


def _as_corpus(source: Any, workers: int | None, reporter: Reporter) -> Corpus:
    if not isinstance(source, str | Path):
        found: Corpus = source
        return found
    from musaic.experiment.songs import read_corpus

    if not Path(source).exists():
        raise UsageError(f"there is nothing at {source}; name a run folder, or a folder of songs or a table of them.")
    return read_corpus(source, workers=workers, reporter=reporter)


def _told(source: Any) -> str:
    return str(source) if isinstance(source, str | Path) else "a corpus"


def _texts(given: Sequence[str] | str | None) -> tuple[str, ...]:
    return () if given is None else (given,) if isinstance(given, str) else tuple(given)


def _seeds(given: Sequence[int | str] | int | str | None) -> tuple[int | str, ...]:
    return () if given is None else (given,) if isinstance(given, int | str) else tuple(given)


def _feature_config(features: Any, names: tuple[str, ...]) -> FeatureConfig:
    from musaic.features.config import FeatureConfig

    if isinstance(features, FeatureConfig):
        return features
    return FeatureConfig.parse({"names": names} if names else {}, "the features")


def _kinds(
    what: Sequence[str] | str | None, own: tuple[str, ...], chosen: Format, format: str, source: str
) -> tuple[str, ...]:
    """Return what is exported, in the order of ``own``."""
    able = tuple(kind for kind in own if chosen.kinds is None or kind in chosen.kinds)
    asked = _texts(what) or _by_default(able, chosen)
    for kind in asked:
        if kind not in own:
            raise unknown(f"part of {source}", kind, own)
        if kind not in able:
            raise UsageError(f"{format} cannot hold {kind}; give another format, or of {', '.join(able)}.")
    if chosen.vectors is not None and not set(asked) & set(MATRICES):
        vectors = " or ".join(kind for kind in able if kind in MATRICES)
        raise UsageError(f"{format} shows vectors, and {', '.join(asked)} has none; ask for {vectors} too.")
    return tuple(kind for kind in own if kind in asked)


def _by_default(able: tuple[str, ...], chosen: Format) -> tuple[str, ...]:
    if chosen.vectors not in able:
        return able
    return tuple(kind for kind in able if kind not in MATRICES or kind == chosen.vectors)


def _fitting(parts: list[Part], chosen: Format, format: str, reporter: Reporter) -> list[Part]:
    """Return the parts that a format can hold; tell which are left out."""
    if chosen.vectors is None:
        return parts
    out = [part.name for part in parts if part.kind in MATRICES and not part.matrix]
    if not any(part.matrix for part in parts):
        raise UsageError(f"{format} shows vectors, and {', '.join(out)} are none; ask for latents, or other features.")
    if out:
        reporter.say(f"left out, since {format} shows vectors: {', '.join(out)}")
    return [part for part in parts if part.name not in out]


def _place(out: str | Path | None, default: Path, name: str, format: str, chosen: Format, *, of_a_run: bool) -> Path:
    """Return the file or the folder that is written."""
    if chosen.pack is None:
        place = Path(out) if out is not None else default / (format if of_a_run else f"{name}-export")
        if place.is_file():
            raise UsageError(f"{place} is a file; {format} needs a folder, name another with --out.")
        return place
    place = Path(out) if out is not None else default / f"{name}.{format}"
    return place / f"{name}.{format}" if place.is_dir() else place


def _write(
    place: Path, chosen: Format, parts: Sequence[Part], told: dict[str, Any], reporter: Reporter
) -> tuple[str, ...]:
    if chosen.pack is None:
        return _fill(place, chosen, parts, told, reporter)
    place.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=place.parent, prefix=WRITING) as folder:
        files = _fill(Path(folder), chosen, parts, told, reporter)
        chosen.pack(Path(folder), place)
    return files


def _fill(
    folder: Path, chosen: Format, parts: Sequence[Part], told: dict[str, Any], reporter: Reporter
) -> tuple[str, ...]:
    written: list[Written] = []
    with reporter.bar("writing", len(parts)) as advance:
        for one in chosen.write(folder, parts):
            if not any(one.part is before.part for before in written[-1:]):
                advance(1)
            written.append(one)
    gone = remove_earlier(folder, [one.file for one in written])
    if gone:
        reporter.say(f"removed {gone} files of an earlier export from {folder}")
    write_manifest(folder, told, written)
    return (*(one.file for one in written), FILE)
