"""One track while the corpus is being read: a row that sources fill, one after the other."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field

from musaic.corpus.status import Status
from musaic.corpus.text import fold

# Columns that the tables of a run own; a further column of a table that is called so gets "_label" behind its name.
OWN_COLUMNS = (
    "track_id",
    "audio",
    "lyrics",
    "lyrics_source",
    "lyrics_status",
    "lyrics_reason",
    "title",
    "artist",
    "language",
    "language_source",
    "language_detected",
    "language_confidence",
    "languages",
    "genre",
    "group",
    "status",
    "reason",
)
RESERVED = frozenset((*OWN_COLUMNS, "content_id", "duration", "split", "cluster", "confidence", "seed"))
OWN_LABELS = ("language", "genre", "artist", "title", "group")
INSTRUMENTAL = "instrumental"  # the status of lyrics that say there are none to sing: no other source is asked
NOBODY = frozenset(("", "unknown", "unknown artist", "various", "various artists", "va", "v.a.", "<unknown>", "none"))


@dataclass
class Row:
    """What is known of one track so far.

    Parameters
    ----------
    track_id : str
        Unique once `make_unique` has run.
    audio : str, optional
        POSIX path relative to the corpus folder, as the disk calls it.
    labels : dict
        Further label columns by their name.
    lyrics_status, lyrics_reason : str
        ``ok``, or what is wrong with its lyrics; ``missing`` where none were found.
    lyrics_how : str, optional
        How its lyrics were found, or why there are none.
    language_source : {"label", "tag", "lyrics"}, optional
        Where its language is known from.
    language_detected, language_confidence, languages
        What its lyrics read as (an ISO code, or ``und``), how surely (0 to 1), and the languages of the lines with
        their shares: ``hi:0.70 en:0.30``.
    guess : str, optional
        A title for want of a better one.
    number : int
        Where it stands in its table, the first row below the names being 1.
    """

    track_id: str
    audio: str | None = None
    lyrics: str | None = None
    lyrics_source: str | None = None
    lyrics_status: str = "missing"
    lyrics_reason: str | None = None
    lyrics_how: str | None = None
    title: str | None = None
    artist: str | None = None
    language: str | None = None
    language_source: str | None = None
    language_detected: str | None = None
    language_confidence: float | None = None
    languages: str | None = None
    genre: str | None = None
    group: str | None = None
    status: Status = Status.OK
    reason: str | None = None
    labels: dict[str, str | None] = field(default_factory=dict)
    guess: str | None = None
    number: int = 0

    def get(self, label: str) -> str | None:
        """Return the value of a label column."""
        return getattr(self, label) if label in OWN_LABELS else self.labels.get(label)

    def set(self, label: str, value: str | None) -> None:
        """Give a label column a value."""
        if label in OWN_LABELS:
            setattr(self, label, value)
        else:
            self.labels[label] = value

    @property
    def wants_lyrics(self) -> bool:
        """Whether another source may give the lyrics: none that can be used are there, and some may be sung."""
        return self.lyrics is None and self.lyrics_status != INSTRUMENTAL

    @property
    def has_audio(self) -> bool:
        """Whether there is audio and nothing is known to be wrong with it."""
        return self.audio is not None and self.status == Status.OK


def make_unique(rows: Iterable[Row]) -> None:
    """Give every row an id of its own: a repeated one becomes ``id#2``, ``id#3``, … and its status says so.

    The later row keeps its labels but neither its audio nor its lyrics are used: which of the two is right cannot be
    known, and a song that counts twice would falsify every score.
    """
    rows = list(rows)
    taken = {row.track_id for row in rows}
    first: dict[str, Row] = {}
    counts: Counter[str] = Counter()
    for row in rows:
        name = row.track_id
        counts[name] += 1
        if name not in first:
            first[name] = row
            continue
        number = counts[name]
        while f"{name}#{number}" in taken:
            number += 1
        counts[name] = number
        row.track_id = f"{name}#{number}"
        taken.add(row.track_id)
        where = f" (rows {first[name].number} and {row.number})" if row.number else ""
        row.status, row.reason = Status.DUPLICATE_ID, f"the id {name!r} is given twice{where}; the first is used"
        row.lyrics = row.lyrics_source = None
        row.lyrics_status, row.lyrics_reason = str(Status.DUPLICATE_ID), row.reason
        row.lyrics_how = "its id is given twice"


def fill_groups(rows: Iterable[Row]) -> None:
    """Say what must stay on one side of a split: what the table says, else the artist, else each track alone."""
    for row in rows:
        artist = fold(row.artist or "")
        row.group = row.group or (artist if artist not in NOBODY else None) or row.track_id
