"""What every text of lyrics is, asked of a reader from outside: clean words, or why there are none; and its language.

The corpus knows nothing of text beyond bytes; `musaic.lyrics.reading.Reader` is what it is given. A language that a
label gives is never changed: where the words say otherwise, that is told.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from typing import Protocol

from musaic import parallel
from musaic.corpus.languages import language_code, language_name
from musaic.corpus.rows import Row
from musaic.corpus.status import Status
from musaic.progress import SILENT, Reporter

UNDECIDED = "und"
FEW_TEXTS = 200  # below, starting processes costs more than it saves
ALIKE = ({"fil", "tl"}, {"yue", "zh"}, {"bs", "hr", "sr"}, {"id", "ms"}, {"bho", "hi"})
"""Languages that words alone do not tell apart, or that one name stands for; no conflict between them is seen."""
FROM_LABEL, FROM_TAG, FROM_LYRICS = "label", "tag", "lyrics"


class Words(Protocol):
    """What a reader tells of one text."""

    @property
    def text(self) -> str | None:
        """Clean lyrics; None where the text cannot be used."""

    @property
    def status(self) -> str:
        """``ok``, or one word for what is wrong."""

    @property
    def reason(self) -> str | None:
        """What is wrong, or what was mended, for the person whose file it is."""

    @property
    def language(self) -> str:
        """ISO code, ``und`` where the words do not tell it."""

    @property
    def confidence(self) -> float:
        """Of the likeliest language, 0 to 1."""

    @property
    def languages(self) -> Sequence[tuple[str, float]]:
        """Languages of the lines with their shares, largest first; several in a mixed song."""


LyricsReader = Callable[[str], Words]


def read_words(
    rows: Sequence[Row], reader: LyricsReader, *, workers: int | None = None, reporter: Reporter = SILENT
) -> None:
    """Let a reader look at the lyrics that it has not seen yet, in place; those that cannot be used are taken away.

    Parameters
    ----------
    rows : sequence of Row
        Tracks, with lyrics as they were found.
    reader : callable
        Importable by name; never raises.
    workers : int >= 0, optional
        Processes; 0 reads in this one, and so do a few texts.
    reporter : Reporter
        Where a bar is drawn.
    """
    unread = [row for row in rows if row.lyrics is not None and row.language_detected is None]
    if not unread:
        return
    texts = [row.lyrics or "" for row in unread]
    with reporter.bar("reading lyrics", len(unread)) as advance:
        for position, outcome in parallel.run(reader, texts, workers=0 if len(unread) < FEW_TEXTS else workers):
            row = unread[position]
            if isinstance(outcome, parallel.Failure):
                _refuse(row, Status.CRASHED, outcome.message)
            elif outcome.text is None:
                _refuse(row, outcome.status, outcome.reason or outcome.status)
            else:
                row.lyrics, row.lyrics_reason = outcome.text, outcome.reason
                row.language_detected, row.language_confidence = outcome.language, round(float(outcome.confidence), 4)
                row.languages = " ".join(f"{code}:{share:.2f}" for code, share in outcome.languages) or None
            advance(1)


def tell_words(rows: Sequence[Row]) -> list[str]:
    """Tell how many lyrics cannot be used and why, and how many were mended."""
    unusable: Counter[str] = Counter(row.lyrics_status for row in rows if row.lyrics is None and row.lyrics_reason)
    mended = sum(row.lyrics is not None and row.lyrics_reason is not None for row in rows)
    notes = [f"lyrics that cannot be used: {_counted(unusable)}"] if unusable else []
    return [*notes, f"lyrics of {_tracks(mended)} were mended"] if mended else notes


def _refuse(row: Row, status: str, reason: str) -> None:
    where = f"{row.lyrics_source}: " if row.lyrics_source not in (None, "table", "tag") else ""
    row.lyrics = row.lyrics_source = None
    row.lyrics_status, row.lyrics_reason = str(status), reason
    row.lyrics_how = f"{where}{reason}"
    if row.audio is None and row.status == Status.OK:
        row.status, row.reason = Status.MISSING, f"no audio, and its lyrics cannot be used: {reason}"


def fill_languages(rows: Sequence[Row]) -> list[str]:
    """Give rows without a language the one that their lyrics are in, spelt as the corpus spells it; tell what was seen.

    Runs when labels are normalised: one language has one spelling by then.
    """
    spelling = {code: row.language for row in rows if row.language and (code := language_code(row.language))}
    filled: Counter[str] = Counter()
    otherwise, mixed, undecided = [], 0, 0
    for row in rows:
        detected = row.language_detected
        mixed += len((row.languages or "").split()) > 1
        if row.language is not None:
            row.language_source = row.language_source or FROM_LABEL
            if contradicts(row.language, detected, row.languages):
                otherwise.append(row)
        elif detected is not None and detected != UNDECIDED:
            row.language = spelling.setdefault(detected, language_name(detected))
            row.language_source = FROM_LYRICS
            filled[row.language] += 1
        else:
            row.language_source = None  # a tag may say that it does not know
            undecided += detected == UNDECIDED
    notes = []
    if filled:
        notes.append(f"language of {_tracks(filled.total())} was read from their lyrics: {_counted(filled)}")
    if undecided:
        notes.append(f"language of {_tracks(undecided)} is not known: no label, and their lyrics do not tell")
    if otherwise:
        named = ", ".join(f"{row.track_id} ({row.language}, reads as {row.language_detected})" for row in otherwise[:3])
        more = f" and {len(otherwise) - 3} more" if len(otherwise) > 3 else ""
        notes.append(
            f"lyrics of {_tracks(len(otherwise))} are not in the language of their label, which was kept: {named}{more}"
        )
    if mixed:
        notes.append(f"lyrics of {_tracks(mixed)} mix languages")
    return notes


def contradicts(label: str | None, detected: str | None, languages: str | None) -> bool:
    """Return whether lyrics are in another language than a label says; one of several sung languages is enough."""
    code = language_code(label) if label else None
    if code is None or detected is None or detected == UNDECIDED:
        return False
    read = {detected, *(part.partition(":")[0] for part in (languages or "").split())}
    return not read & {code, *(other for group in ALIKE if code in group for other in group)}


def _counted(counts: Counter[str]) -> str:
    return ", ".join(f"{name} {count}" for name, count in sorted(counts.items(), key=lambda pair: (-pair[1], pair[0])))


def _tracks(number: int) -> str:
    return f"{number} track{'' if number == 1 else 's'}"
