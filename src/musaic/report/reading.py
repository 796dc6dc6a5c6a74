"""A run folder as the report sees it: what is there, joined on ``track_id``, and what is not there said so."""

from __future__ import annotations

import contextlib
import zipfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.lib.npyio import NpzFile

from musaic.errors import MusaicError
from musaic.evaluation.ranking import LEAST_COVERAGE
from musaic.files import read_json, read_parquet
from musaic.runs.folder import Run

NOT_LABELS = frozenset(
    (
        *("track_id", "audio", "title", "artist", "group", "status", "reason", "content_id", "duration"),
        *("lyrics", "lyrics_source", "lyrics_status", "lyrics_reason"),
        *("language_source", "language_detected", "language_confidence", "languages"),
    )
)
"""Columns of tracks.parquet that are not labels; any other one is."""

RANK_BY = ("genre", "language")
"""What clusterings are ranked by where the experiment does not say."""

MOST_SHOWN_CLASSES = 60
"""A further label column with more values than this names tracks, not classes."""


@dataclass(frozen=True)
class Cell:
    """One entry of cells.json.

    Parameters
    ----------
    name : str
        As folders are called: slug and eight digits.
    data : dict
        The entry.
    """

    name: str
    data: dict[str, Any]

    @property
    def done(self) -> bool:
        """Whether it ended well."""
        return bool(self.data.get("status", "done") == "done")

    @property
    def model(self) -> str:
        """The model's name."""
        return str(self.data.get("model", ""))

    @property
    def inputs(self) -> str:
        """What it was given, in words."""
        given = self.data.get("told") or self.data.get("input") or []
        return given.replace("+", " + ") if isinstance(given, str) else " + ".join(map(str, given))

    @property
    def title(self) -> str:
        """A short readable name."""
        slug = self.name.rsplit("-", 1)[0]
        plain = f"{self.model}-{self.inputs.replace(' + ', '+').replace(' ', '-')}"
        return f"{self.model} on {self.inputs}" if slug == plain else slug

    @property
    def seeds(self) -> list[int]:
        """The seeds, first one first."""
        return [int(seed) for seed in self.data.get("seeds") or [0]]

    @property
    def clusterings(self) -> list[dict[str, Any]]:
        """The clusterings made of it."""
        return list(self.data.get("clusterings") or [])


class Results:
    """Reads a run; every table comes from disk once, and a missing one is None or empty, never an error.

    Parameters
    ----------
    path : Path
        The run folder.
    """

    def __init__(self, path: Path) -> None:
        self.run = Run.open(path)

    @cached_property
    def tracks(self) -> pd.DataFrame:
        """The corpus, one row a track, indexed by ``track_id``."""
        if not self.run.tracks_file.is_file():
            return pd.DataFrame({"status": []}, index=pd.Index([], name="track_id", dtype=str))
        return self.run.tracks.set_index("track_id")

    @cached_property
    def labels(self) -> list[str]:
        """Label columns that hold a value: language and genre first."""
        filled = [str(c) for c in self.tracks.columns if c not in NOT_LABELS and self.tracks[c].notna().any()]
        first = [name for name in ("language", "genre") if name in filled]
        return first + [name for name in filled if name not in first]

    @cached_property
    def shown_labels(self) -> list[str]:
        """At most two labels for maps and tables: language and genre, or what stands in for them."""
        main = [name for name in self.labels if name in ("language", "genre")]
        if main:
            return main
        return [name for name in self.labels if 2 <= self.tracks[name].nunique() <= MOST_SHOWN_CLASSES][:2]

    @cached_property
    def rank_by(self) -> list[str]:
        """The labels that clusterings are ranked by, the one that counts first."""
        evaluation = self.run.experiment.get("evaluation")
        named = evaluation.get("rank_by") if isinstance(evaluation, dict) else None
        return [str(name) for name in (RANK_BY if named is None else named)]

    @cached_property
    def scored_labels(self) -> list[str]:
        """Labels whose scores are shown: those that clusterings are ranked by in their order, then the shown others."""
        first = [name for name in self.rank_by if name in self.labels]
        return first + [name for name in self.shown_labels if name not in first]

    @cached_property
    def ranking_label(self) -> str | None:
        """The label whose honest scores decide the ranks; None where stability and silhouette do."""
        table = self.honest
        scored = set(table.loc[table["ami"].notna(), "label"]) if {"ami", "label"} <= set(table) else set()
        return next((name for name in self.rank_by if name in scored), None)

    @cached_property
    def cells(self) -> list[Cell]:
        """All cells, those of the leaderboard first and in its order."""
        data = self.run.cells if self.run.cells_file.is_file() else []
        cells = [Cell(str(entry["cell"]), entry) for entry in data]
        ranked = list(dict.fromkeys(self.leaderboard["cell"])) if "cell" in self.leaderboard else []
        return sorted(cells, key=lambda cell: ranked.index(cell.name) if cell.name in ranked else len(ranked))

    @property
    def done(self) -> list[Cell]:
        """The cells that ended well."""
        return [cell for cell in self.cells if cell.done]

    def cell(self, name: object) -> Cell | None:
        """Return a cell by name."""
        return next((cell for cell in self.cells if cell.name == name), None)

    @cached_property
    def leaderboard(self) -> pd.DataFrame:
        """The leaderboard as written: best honest row first."""
        if not self.run.leaderboard_file.is_file():
            return pd.DataFrame()
        table = self.run.leaderboard
        for flag in ("leaked", "collapsed"):
            table[flag] = [_true(value) for value in table[flag]] if flag in table else False
        return table

    @cached_property
    def honest(self) -> pd.DataFrame:
        """The rows of the leaderboard that may be believed."""
        return self.leaderboard[[is_honest(row) for row in self.leaderboard.to_dict("records")]]

    @cached_property
    def verdict(self) -> str | None:
        """The verdict in plain words."""
        if self.run.verdict_file.is_file():
            sentence = read_json(self.run.verdict_file).get("sentence")
            if sentence:
                return str(sentence)
        if self.run.leaderboard_text_file.is_file():
            lines = self.run.leaderboard_text_file.read_text(encoding="utf-8").splitlines()
            return next((line.strip() for line in lines if line.strip() and line[0] not in "#|"), None)
        return None

    def best_row(self, cell: Cell) -> dict[str, Any] | None:
        """Return a cell's first row in the leaderboard, an honest one if there is one."""
        for table in (self.honest, self.leaderboard):
            rows = table[table["cell"] == cell.name] if "cell" in table else table
            if len(rows):
                return dict(rows.iloc[0])
        return None

    def clustering(self, cell: Cell, row: dict[str, Any] | None = None) -> dict[str, Any] | None:
        """Return the clustering that a row of the leaderboard is about; without a row, of the cell's best row."""
        row = self.best_row(cell) if row is None else row
        if row is None:
            return cell.clusterings[0] if cell.clusterings else None
        named = [c for c in cell.clusterings if c.get("id") == row.get("clustering_id")]
        if named:
            return named[0]
        asked = str(row.get("clustering"))
        keys = ("space", "params", "n_clusters")
        alike = [c for c in cell.clusterings if asked in (c.get("id"), c.get("algorithm"))]
        exact = [c for c in alike if all(str(c.get(k)) == str(row.get(k)) for k in keys if k in c and k in row)]
        close = [c for c in alike if str(c.get("params")) == str(row.get("params"))]
        return next(iter(exact or close or alike or cell.clusterings), None)

    def clusters(self, cell: Cell, clustering: dict[str, Any] | None, seed: int | None = None) -> pd.Series | None:
        """Return the cluster of each track, indexed by ``track_id``; the first seed unless told."""
        if clustering is None:
            return None
        file = self.run.clusters_file(cell.name, cell.seeds[0] if seed is None else seed, str(clustering.get("id")))
        if not file.is_file():
            return None
        table = pd.read_parquet(file).set_index("track_id")
        return table["cluster"]

    def map(self, cell: Cell, method: str) -> pd.DataFrame | None:
        """Return a cell's map, columns x and y, indexed by ``track_id``."""
        file = self.run.map_file(cell.name, method)
        if not file.is_file():
            return None
        table = pd.read_parquet(file).set_index("track_id")
        return table.dropna(subset=["x", "y"])

    def embedding(self, cell: Cell) -> pd.DataFrame | None:
        """Return the latents of a cell's first seed, indexed by ``track_id`` and in its order."""
        if not self.run.embedding_file(cell.name, cell.seeds[0]).is_file():
            return None
        return self.run.embedding(cell.name, cell.seeds[0]).sort_index()

    def decoded(self, kind: str, cell: Cell) -> dict[str, np.ndarray] | None:
        """Return the arrays of ``reconstructions`` or ``traversals`` of a cell's first seed.

        Both hold vectors (…, D) or frames (…, C, F) by modality, in the units of the features:

        - ``reconstructions/<cell>/seed-<n>.npz``: ``tracks`` (n,), their track_ids; ``<modality>.original`` and
          ``<modality>.reconstruction``, (n, D) or (n, C, F), NaN where a track lacks the modality.
        - ``traversals/<cell>/seed-<n>.npz``: ``dims`` (k,), numbers of latent dimensions, and ``steps`` (s,), where
          each step stands, in standard deviations; ``<modality>.values``, (k, s, D) or (k, s, C, F).
        - In both, for vectors, ``<modality>.mean`` and ``<modality>.sd``, (D,), over the tracks, and where features
          have names ``<modality>.names``, (D,).
        """
        file = self.decoded_file(kind, cell)
        if not file.is_file():
            return None
        with _arrays(file) as opened:
            return {name: opened[name] for name in opened}

    def decoded_file(self, kind: str, cell: Cell) -> Path:
        """Return the file of ``reconstructions`` or ``traversals`` of a cell's first seed."""
        return self.run.path / kind / cell.name / f"seed-{cell.seeds[0]}.npz"

    def choice(self, cell: Cell, clustering: dict[str, Any]) -> pd.DataFrame | None:
        """Return what a clustering tried before it chose a number itself, or None.

        ``choices/<cell>/<clustering id>.parquet``, one row a value tried with the first seed: ``parameter``,
        ``n_clusters`` or ``rank``; ``value``; ``criterion``, such as ``silhouette``; ``score``; ``chosen``. For
        ``rank``, ``value`` is a track's place from 0 and ``score`` the distance to its neighbour number
        ``min_samples`` (``k_distance``), the smallest first, of a few hundred tracks up to the last; chosen is the
        knee, which is eps.
        """
        file = self.run.path / "choices" / cell.name / f"{clustering.get('id')}.parquet"
        return read_parquet(file) if file.is_file() else None

    def points(self, cell: Cell, space: object) -> pd.DataFrame | None:
        """Return where a cell's tracks lie in a space that was clustered, first seed, ordered by ``track_id``."""
        if space == "latent":
            return self.embedding(cell)
        file = self.run.path / "spaces" / cell.name / f"seed-{cell.seeds[0]}" / f"{space}.parquet"
        return read_parquet(file).set_index("track_id").sort_index() if file.is_file() else None

    @cached_property
    def formats(self) -> tuple[str, ...]:
        """What figures are written as: ``png``, or ``png`` and ``svg``."""
        figures = self.run.experiment.get("figures")
        return tuple(map(str, figures.get("formats", ("png",)))) if isinstance(figures, dict) else ("png",)

    def histories(self, cell: Cell) -> dict[int, pd.DataFrame]:
        """Return seed -> training history, for trained models."""
        found = {}
        for seed in cell.seeds:
            file = self.run.model_folder(cell.name, seed) / "history.csv"
            if file.is_file():
                table = pd.read_csv(file)
                if len(table) and "epoch" in table:
                    found[seed] = table
        return found

    def song(self, track_id: str) -> str:
        """Return what a track is called: its title, else the end of its id."""
        title = self.tracks["title"].get(track_id) if "title" in self.tracks else None
        return title if isinstance(title, str) and title else track_id.rsplit("/", 1)[-1]

    def texts(self) -> set[str]:
        """Return everything that figures may have to write."""
        texts = {name for label in self.shown_labels for name in self.tracks[label].dropna().astype(str)}
        for cell in self.done:
            for kind in ("reconstructions", "traversals"):
                texts |= self._words(self.decoded_file(kind, cell))
        return texts | set(self.labels) | {cell.title for cell in self.cells}

    def _words(self, file: Path) -> set[str]:
        """Return what a file of decoded features names: its songs, and its features."""
        if not file.is_file():
            return set()
        with _arrays(file) as opened:
            songs = {self.song(str(track)) for track in opened["tracks"]} if "tracks" in opened else set()
            return songs | {str(word) for name in opened if name.endswith(".names") for word in opened[name]}


@contextlib.contextmanager
def _arrays(file: Path) -> Iterator[NpzFile]:
    """Open a file of arrays; `MusaicError` where it is damaged."""
    try:
        with np.load(file, allow_pickle=False) as opened:
            yield opened
    except (OSError, ValueError, zipfile.BadZipFile) as error:
        raise MusaicError(f"cannot read {file}: {error}; remove it, and run the experiment again.") from error


def is_honest(row: Mapping[Any, Any]) -> bool:
    """Say whether a row of the leaderboard may be believed: not leaked, not collapsed, most tracks clustered."""
    return not doubts(row)


def doubts(row: Mapping[Any, Any]) -> list[str]:
    """Return in a word each why a row of the leaderboard may not be believed."""
    found = [word for word in ("leaked", "collapsed") if row.get(word)]
    return [*found, "low coverage"] if low_coverage(row) else found


def parameters(params: object) -> dict[str, str]:
    """Return the parameters of a clustering from the words of the leaderboard: ``a=1, b=2 (auto)``."""
    parts = (part.partition("=") for part in str(params).split(",")) if isinstance(params, str) else ()
    return {name.strip(): value.strip() for name, sign, value in parts if sign}


def low_coverage(row: Mapping[Any, Any]) -> bool:
    """Say whether a row's clustering leaves out too many tracks."""
    coverage = number(row.get("coverage"))
    return coverage is not None and coverage < LEAST_COVERAGE


def number(value: object) -> float | None:
    """Return a table's value as a finite number, or None."""
    try:
        found = float(value)  # type: ignore[arg-type]
    except (TypeError, ValueError):
        return None
    return found if abs(found) != float("inf") and found == found else None


def _true(value: object) -> bool:
    """Read a truth value as CSV files hold it."""
    return str(value).strip().lower() in ("true", "1", "1.0", "yes")
