"""The songs of a page in their order, a row each: what they are called, where they are heard, what is known of them.

Rows are the run's tracks, then the songs that were placed in it afterwards.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import cached_property
from pathlib import Path
from typing import Any
from urllib.parse import quote

import numpy as np
import pandas as pd

from musaic.listening.sound import assigned_files, audio_files, corpus_root, stretches
from musaic.report.columns import Column, clean, quantised, texts, whole
from musaic.report.links import link
from musaic.report.reading import Results

UNITS = {"tempo": "BPM", "loudness": "LUFS", "energy": "RMS", "brightness": "Hz", "onset_rate": "onsets/s"}
"""What descriptors are counted in; the others have no unit."""

LEVELS = 4096
"""Values of a descriptor that are told apart: more than an eye or a label on the page tells, in 12 bits."""

MOST_VALUES = 4096
"""A label with more values names tracks, not classes, and cannot be a legend; it stays in ``tracks.parquet``."""

MOST_WORDS = 60
"""A descriptor in words with more values than this is a sentence and no label."""

_TEXT = ("title", "artist", "audio", "status")


class Songs:
    """The rows of a page.

    Parameters
    ----------
    results : Results
        A run.
    """

    def __init__(self, results: Results) -> None:
        self.results = results
        self.run = results.run

    @cached_property
    def placed(self) -> pd.DataFrame:
        """Songs that were placed when the run was finished, indexed by ``track_id``: what is said of each, once."""
        songs = self.run.assigned.drop_duplicates("track_id").set_index("track_id")
        return songs.loc[~songs.index.isin(self.results.tracks.index)]

    @cached_property
    def ids(self) -> pd.Index:
        """The ``track_id`` of every row."""
        ids: list[str] = [*self.results.tracks.index, *self.placed.index]
        return pd.Index(ids, name="track_id", dtype=object)

    def rows(self, track_ids: pd.Series | list[str]) -> list[int]:
        """Return the rows of songs; of those that have none, nothing."""
        return [int(row) for row in self.ids.get_indexer(pd.Index(track_ids, dtype=object)) if row >= 0]

    def column(self, name: str) -> pd.Series:
        """Return what is said of every song under a name, indexed by ``track_id``; None where nothing is."""
        parts = [
            table[name] if name in table else pd.Series(None, index=table.index, dtype=object)
            for table in (self.results.tracks, self.placed)
        ]
        values = [value for part in parts for value in part.astype(object)]
        return pd.Series(values, index=self.ids, name=name, dtype=object).where(lambda each: each.notna(), None)

    def described(self, *, mode: str, corpus: str | Path | None, page: Path) -> dict[str, Any]:
        """Return the columns of what songs are called and where they are heard (``songs`` of the page's data)."""
        title, artist, audio, status = (self.column(name) for name in _TEXT)
        ids = pd.Series(self.ids, index=self.ids, dtype=object)
        path = audio.where(audio.notna() & ~ids.isin(self.placed.index), ids)
        told = title.where(title.notna() & (title.map(_text) != path.map(_stem)), None)
        sound = self._files(corpus)
        heard = self._heard(sound)
        return {
            "track_id": None if path.equals(ids) else texts(ids),
            "title": _texts(told),
            "artist": _texts(artist),
            "path": texts(path),
            **(self._addresses(sound, path, corpus, page) if mode == "report" else {"audio": None}),
            "start": quantised(heard["start"]),
            "length": quantised(heard["length"]),
            "duration": quantised(self._numbers("duration")),
            "language_confidence": _quantised(self._numbers("language_confidence"), 255),
            "status": _texts(status.where(status != "ok", None)),
        }

    def labels(self) -> list[dict[str, Any]]:
        """Return every label column, composite ones that were scored, and descriptors that are words."""
        known = {name: self._label(name) for name in self.results.labels}
        for name in dict.fromkeys(self.results.leaderboard.get("label", pd.Series(dtype=object)).dropna()):
            parts = str(name).split("+")
            if name not in known and len(parts) > 1 and all(part in known for part in parts):
                rows = zip(*(known[part] for part in parts), strict=True)
                joined = ["+".join(row) if all(isinstance(value, str) for value in row) else None for row in rows]
                known[str(name)] = pd.Series(joined, index=self.ids, dtype=object)
        for name, values in self._measured.items():
            if name not in known and not pd.api.types.is_numeric_dtype(values) and values.nunique() <= MOST_WORDS:
                known[str(name)] = values.reindex(self.ids).astype(object)
        return [packed for name, values in known.items() if (packed := _label(name, values)) is not None]

    def descriptors(self) -> list[dict[str, Any]]:
        """Return the descriptors that are numbers."""
        return [
            {
                "name": str(name),
                "title": str(name).replace("_", " ").replace(" proxy", ", a proxy"),
                "unit": UNITS.get(str(name), ""),
                "values": quantised(values.reindex(self.ids).astype(float), levels=LEVELS),
            }
            for name, values in self._measured.items()
            if pd.api.types.is_numeric_dtype(values) and values.notna().any()
        ]

    @cached_property
    def _measured(self) -> pd.DataFrame:
        file = self.run.descriptors_file
        return self.run.descriptors.set_index("track_id") if file.is_file() else pd.DataFrame()

    @cached_property
    def _said(self) -> list[dict[str, Any]]:
        """By placed song: the labels that are known of it."""
        column = self.placed["labels"] if "labels" in self.placed else pd.Series("{}", index=self.placed.index)
        return [json.loads(value) if isinstance(value, str) else {} for value in column]

    def _label(self, name: str) -> pd.Series:
        tracks = self.results.tracks[name].astype(object)
        own = [str(value) if pd.notna(value) else None for value in tracks]
        return pd.Series([*own, *(said.get(name) for said in self._said)], index=self.ids, dtype=object)

    def _numbers(self, name: str) -> pd.Series:
        return pd.to_numeric(self.column(name), errors="coerce").astype(float)

    def _files(self, corpus: str | Path | None) -> dict[str, Path]:
        """Return the files of songs with sound."""
        files = audio_files(self.run, corpus) if self.run.tracks_file.is_file() else {}
        return {**assigned_files(self.run), **files}

    def _heard(self, sound: Mapping[str, Path]) -> pd.DataFrame:
        """Return where every song's stretch begins and how long it is; of an unknown one, the song from its start."""
        heard = stretches(self.run) if self.run.tracks_file.is_file() else pd.DataFrame({"start": [], "length": []})
        heard = heard.reindex(self.ids)
        for name, given in (("start", "start"), ("length", "seconds")):
            if given in self.placed:
                heard.loc[self.placed.index, name] = pd.to_numeric(self.placed[given], errors="coerce").to_numpy()
        there = heard.index.isin(list(sound))
        heard["start"] = heard["start"].fillna(0.0)
        return heard.where(np.repeat(there[:, None], 2, axis=1))

    def _addresses(
        self, sound: Mapping[str, Path], path: pd.Series, corpus: str | Path | None, page: Path
    ) -> dict[str, Any]:
        """Return where the page finds sound: below one address by the songs' paths, where they all tell it."""
        root = corpus_root(self.run, corpus)
        if root is None or not sound:
            return {"audio": None}
        base = link(root, page).rstrip("/") + "/"
        derivable = (text == clean(text) for track_id, text in path.items() if track_id in sound)
        if not sound.keys() & set(self.placed.index) and all(derivable):
            return {"audio": None, "audio_base": base}
        return {"audio": texts(self._address(sound.get(track_id), root, base, page) for track_id in self.ids)}

    @staticmethod
    def _address(file: Path | None, root: Path, base: str, page: Path) -> str:
        if file is None:
            return ""
        if file.is_relative_to(root):  # a hundred thousand relative paths take their time
            return base + quote(file.relative_to(root).as_posix())
        return link(file, page)


def _stem(path: object) -> str:
    """Return the name of a file without its ending, as the page takes it where a song has no title."""
    name = str(path).rpartition("/")[2]
    front, dot, _ = name.rpartition(".")
    return clean(front if dot and front else name)


def _text(value: object) -> str:
    return clean(value) if isinstance(value, str) else ""


def _texts(values: pd.Series) -> Column | None:
    """Pack texts; None where there are none."""
    return texts(values) if any(isinstance(value, str) and value for value in values) else None


def _quantised(values: pd.Series, levels: int) -> Column | None:
    return quantised(values, levels=levels) if values.notna().any() else None


def _label(name: str, values: pd.Series) -> dict[str, Any] | None:
    """Return a label as names and numbers, the commonest first; None where it has no values, or is none."""
    cleaned = values.map(lambda value: clean(value) if isinstance(value, str) else None)
    counts = cleaned.dropna().value_counts()
    if not 1 <= len(counts) <= MOST_VALUES:
        return None
    order = sorted(counts.index, key=lambda value: (-int(counts[value]), value))
    codes = pd.Index(order).get_indexer(pd.Index(cleaned, dtype=object))
    return {"name": clean(str(name)), "values": order, "codes": whole(codes)}
