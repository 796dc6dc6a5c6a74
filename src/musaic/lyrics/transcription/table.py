"""The table of transcripts: one row a track, with what is believed of what was heard."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from musaic.lyrics.transcription.doubt import is_word
from musaic.lyrics.transcription.heard import Heard, Segment

COLUMNS = (
    "track_id",
    "lyrics",
    "language",
    "language_confidence",
    "confidence",
    "status",
    "reason",
    "share_kept",
    "seconds",
    "model",
    "content_id",
)


class Outcome(StrEnum):
    """What became of a track; a file that cannot be decoded has the status of whoever tried (``unreadable``, …)."""

    OK = "ok"
    NO_WORDS = "no-words"
    FAILED = "failed"


@dataclass(frozen=True)
class Row:
    """One track of the table.

    Parameters
    ----------
    track_id : str
        The corpus's.
    lyrics : str or None
        One line a segment; words that are not believed are left out unless they were asked for.
    language : str or None
        ISO code of the language it is written down in.
    language_confidence : float or None, 0 to 1
        Probability that the model gives that language.
    confidence : float or None, 0 to 1
        Mean probability of the words heard, improbable ones included; those of segments that look made up do not count
        (a loop is as sure of itself as it is wrong).
    status : str
        ``ok``, ``no-words``, ``failed``, or what is wrong with the file.
    reason : str or None
        One sentence.
    share_kept : float or None, 0 to 1
        Share of the words that the lyrics hold.
    seconds : float or None, s
        Length of the audio.
    model : str or None
        Who listened.
    content_id : str or None
        BLAKE2b of the audio's bytes.
    """

    track_id: str
    lyrics: str | None = None
    language: str | None = None
    language_confidence: float | None = None
    confidence: float | None = None
    status: str = Outcome.OK
    reason: str | None = None
    share_kept: float | None = None
    seconds: float | None = None
    model: str | None = None
    content_id: str | None = None


def lyrics_of(heard: Heard, *, keep_low: bool = False) -> str:
    """Return the words that are believed, or all of them, one line a segment."""
    lines = (_line(segment, keep_low) for segment in heard.segments)
    return "\n".join(line for line in lines if line)


def heard_row(
    track_id: str, heard: Heard, *, keep_low: bool, seconds: float, model: str, content_id: str | None
) -> Row:
    """Return the row of a track that was listened to; its words are marked already (`doubt.mark`)."""
    words = [word for word in heard.words if is_word(word.text)]
    kept = [word for word in words if keep_low or not word.low]
    lyrics = lyrics_of(heard, keep_low=keep_low) if kept else None
    earnest = [w for s in heard.segments if s.doubt is None for w in s.words if is_word(w.text)]
    reasons = [heard.reason] if heard.reason else []
    if not kept:
        reasons.insert(0, _why_nothing(heard, len(words)))
    return Row(
        track_id,
        lyrics=lyrics,
        language=heard.language,
        language_confidence=heard.language_confidence,
        confidence=round(sum(word.probability for word in earnest) / len(earnest), 4) if earnest else None,
        status=Outcome.OK if kept else Outcome.NO_WORDS,
        reason="; ".join(reasons) or None,
        share_kept=round(len(kept) / len(words), 4) if words else None,
        seconds=seconds,
        model=model,
        content_id=content_id,
    )


def _line(segment: Segment, keep_low: bool) -> str:
    words = [word.text for word in segment.words if keep_low or not word.low]
    line = " ".join("".join(words).split())
    return line if is_word(line) else ""


def _why_nothing(heard: Heard, n_words: int) -> str:
    if n_words:
        return f"none of the {n_words} words heard can be believed; --keep-low keeps them"
    if not heard.voiced:
        return "no voice was found in it"
    return "a voice was found in it, but no words"
