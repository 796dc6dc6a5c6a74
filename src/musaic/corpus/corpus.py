"""The corpus: one row a track, keyed by ``track_id``, and what was noticed while it was read."""

from __future__ import annotations

import dataclasses
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import pandas as pd

from musaic.corpus.rows import OWN_COLUMNS, Row
from musaic.corpus.status import Status
from musaic.errors import unknown

FIRST_LABELS = ("language", "genre")
IDENTIFIER_FROM = 10  # a further column of this many values, all different, names its tracks and is no label


@dataclass(frozen=True)
class Findings:
    """What reading a corpus brought to light beyond its rows.

    Parameters
    ----------
    layout : str
        How the corpus was read, in words.
    lyrics_how : mapping
        By track: how its lyrics were found, or why it has none.
    unmatched_lyrics : mapping
        Lyrics files that belong to no track, and why.
    label_tables : mapping
        By table: how many tracks it labels (``matched``) and which rows fit none (``unmatched``).
    merged : mapping
        By label: spellings that were read as another one.
    skipped : mapping
        Folders that were not read, and why.
    """

    layout: str = ""
    lyrics_how: Mapping[str, str] = field(default_factory=dict)
    unmatched_lyrics: Mapping[str, str] = field(default_factory=dict)
    label_tables: Mapping[str, Mapping[str, object]] = field(default_factory=dict)
    merged: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    skipped: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, eq=False)
class Corpus:
    """Songs and what is known of them.

    Parameters
    ----------
    root : Path
        The folder where relative paths start.
    tracks : DataFrame
        One row a track, sorted by the unique ``track_id``: ``audio`` (POSIX path relative to ``root``), ``lyrics``
        (text), ``lyrics_source`` (relative path, ``table``, ``tag`` or ``transcript``), ``lyrics_status,
        lyrics_reason, title, artist, language, language_source`` (``label``, ``tag`` or ``lyrics``),
        ``language_detected`` (ISO code of what the lyrics read as, ``und`` where they do not tell),
        ``language_confidence`` (0 to 1), ``languages`` (of the lines, with shares: ``hi:0.70 en:0.30``), ``genre,
        group, status, reason`` and further label columns; text, or None where nothing is known. Confidences are
        numbers, NaN where there are none.
    labels : tuple of str
        The label columns that hold a value, language and genre first.
    notes : tuple of str
        Sentences for the person whose songs they are: what was merged, skipped or left out.
    findings : Findings
        The details behind the notes.

    Notes
    -----
    Audio can be used where ``status`` is ``ok`` and ``audio`` is given (`has_audio`); lyrics wherever they are given
    (`has_lyrics`), whatever is wrong with the audio.
    """

    root: Path
    tracks: pd.DataFrame
    labels: tuple[str, ...]
    notes: tuple[str, ...] = ()
    findings: Findings = field(default_factory=Findings)

    @classmethod
    def from_rows(
        cls, root: Path, rows: Iterable[Row], notes: Sequence[str] = (), findings: Findings | None = None
    ) -> Corpus:
        """Build from rows with unique ids, in any order."""
        rows = sorted(rows, key=lambda row: row.track_id)
        order = list(dict.fromkeys(name for row in rows for name in row.labels))
        columns: dict[str, list[str | None]] = {name: [getattr(row, name) for row in rows] for name in OWN_COLUMNS}
        columns["status"] = [str(row.status) for row in rows]
        for name in order:
            columns[name] = [row.labels.get(name) for row in rows]
        tracks = _frame(columns)
        tracks["language_confidence"] = tracks["language_confidence"].astype("float64")
        labels, identifiers, constants = _labels(tracks)
        told = list(notes)
        if identifiers:
            told.append(f"not used as labels, since every track has a value of its own: {', '.join(identifiers)}")
        if constants:
            told.append(f"not used as labels, since every track has the same value: {', '.join(constants)}")
        return cls(root, tracks, labels, tuple(told), findings or Findings())

    def __len__(self) -> int:
        return len(self.tracks)

    @property
    def track_ids(self) -> tuple[str, ...]:
        """The ids of all tracks, in order."""
        return tuple(self.tracks["track_id"])

    @property
    def has_audio(self) -> pd.Series[bool]:
        """By row: whether there is audio with nothing known to be wrong with it."""
        return self.tracks["audio"].notna() & (self.tracks["status"] == Status.OK)

    @property
    def has_lyrics(self) -> pd.Series[bool]:
        """By row: whether there are lyrics."""
        return self.tracks["lyrics"].notna()

    def audio_path(self, track_id: str) -> Path | None:
        """Return where a track's audio lies (if it is there or not), or None where the track has none."""
        found = self.tracks.loc[self.tracks["track_id"] == track_id, "audio"]
        if found.empty:
            raise unknown("track", track_id, self.track_ids[:20])
        audio = found.iloc[0]
        return self.root / audio if isinstance(audio, str) else None

    def audio_paths(self) -> dict[str, Path]:
        """Return where the audio of every track lies whose audio can be used (`has_audio`)."""
        usable = self.tracks[self.has_audio]
        return {track: self.root / audio for track, audio in zip(usable["track_id"], usable["audio"], strict=True)}

    def label(self, name: str) -> pd.Series[str]:
        """Return the values of a label, indexed by ``track_id``, None where one is missing.

        Parameters
        ----------
        name : str
            A label column, or several joined by ``+`` (``language+genre``): a track without one of them has none.
        """
        columns = [part.strip() for part in name.split("+")]
        for column in columns:
            if column not in self.labels and column not in ("artist", "group"):
                raise unknown("label", column, (*self.labels, "artist"))
        values = [
            "+".join(row) if all(isinstance(value, str) for value in row) else None
            for row in self.tracks[columns].itertuples(index=False, name=None)
        ]
        return pd.Series(values, index=pd.Index(self.tracks["track_id"], name="track_id"), name=name, dtype=object)

    def subset(self, track_ids: Iterable[str]) -> Corpus:
        """Return the corpus of these tracks alone, sorted as ever."""
        wanted = set(track_ids)
        missing = sorted(wanted.difference(self.track_ids))
        if missing:
            raise unknown("track", missing[0], self.track_ids[:20])
        tracks = self.tracks[self.tracks["track_id"].isin(wanted)].reset_index(drop=True)
        labels = tuple(name for name in self.labels if tracks[name].notna().any())
        return dataclasses.replace(self, tracks=tracks, labels=labels)

    def with_status(self, updates: pd.DataFrame) -> Corpus:
        """Return the corpus with the status and reason of some tracks replaced.

        Parameters
        ----------
        updates : DataFrame
            Columns ``track_id``, ``status`` and ``reason``, in any order.
        """
        known = set(self.track_ids)
        new = {}
        for track_id, status, reason in updates[["track_id", "status", "reason"]].itertuples(index=False, name=None):
            if track_id not in known:
                raise unknown("track", track_id, self.track_ids[:20])
            new[track_id] = (str(Status(status)), reason if isinstance(reason, str) else None)
        tracks = self.tracks.copy()
        old = zip(tracks["track_id"], tracks["status"], tracks["reason"], strict=True)
        changed = [new.get(track_id, (status, reason)) for track_id, status, reason in old]
        tracks["status"] = pd.Series([status for status, _ in changed], dtype=object)
        tracks["reason"] = pd.Series([reason for _, reason in changed], dtype=object)
        return dataclasses.replace(self, tracks=tracks)

    def noting(self, *notes: str) -> Corpus:
        """Return the corpus with more notes."""
        return dataclasses.replace(self, notes=(*self.notes, *notes))


def _frame(columns: Mapping[str, Sequence[str | None]]) -> pd.DataFrame:
    """Build the table with object columns: text and None come out as they went in."""
    return pd.DataFrame({name: pd.Series(list(values), dtype=object) for name, values in columns.items()})


def _labels(tracks: pd.DataFrame) -> tuple[tuple[str, ...], tuple[str, ...], tuple[str, ...]]:
    """Return the label columns with a value, and the further columns that tell nothing of groups.

    Those name tracks (every track has a value of its own), or are the same for all.
    """
    labels, identifiers, constants = [], [], []
    further = [name for name in tracks.columns if name not in OWN_COLUMNS]
    for name in (*FIRST_LABELS, *further):
        counts = Counter(tracks[name].dropna())
        if name in further and len(counts) >= IDENTIFIER_FROM and max(counts.values()) == 1:
            identifiers.append(name)
        elif name in further and len(tracks) > 1 and list(counts.values()) == [len(tracks)]:
            constants.append(name)
        elif counts:
            labels.append(name)
    return tuple(labels), tuple(identifiers), tuple(constants)
