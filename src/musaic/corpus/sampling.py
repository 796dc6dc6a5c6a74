"""Which tracks are taken: those that have what is required, are as long as asked for, and as many of each kind.

The draw looks at nothing but seed and ids: a track's lot is a hash of both. So the order of rows does not matter, and
a new song can push out one other at most.
"""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence

from musaic.corpus.config import CorpusConfig
from musaic.corpus.corpus import Corpus
from musaic.errors import UsageError, nearest


def select(corpus: Corpus, config: CorpusConfig, durations: Mapping[str, float] | None = None) -> Corpus:
    """Return the tracks that ``require``, ``where``, the durations, ``balance`` and ``n`` leave.

    Parameters
    ----------
    corpus : Corpus
        All tracks.
    config : CorpusConfig
        What is asked for.
    durations : mapping, optional
        Seconds by track id. Lengths concern only tracks with audio, and a track whose length is not known stays: its
        status says why.

    Raises
    ------
    UsageError
        Where no track is left, or a label or value that is asked for is not there.

    Notes
    -----
    A draw is made among tracks that can be used, by audio or by lyrics. What was left out is told in the notes.
    """
    audio = dict(zip(corpus.track_ids, corpus.has_audio, strict=True))
    lyrics = dict(zip(corpus.track_ids, corpus.has_lyrics, strict=True))
    kept = list(corpus.track_ids)
    notes: list[str] = []

    def keep(left: list[str], why: str) -> None:
        nonlocal kept
        if len(left) < len(kept):
            notes.append(f"{len(kept) - len(left)} of {len(kept)} tracks were left out: {why}")
        kept = left

    for needed, has in (("audio", audio), ("lyrics", lyrics)):
        if needed in config.require:
            keep([track for track in kept if has[track]], f"{needed} is required")
    for label, wanted in config.where.items():
        keep(*_having(corpus, label, wanted, kept))
    if config.needs_durations and durations is not None:
        low, high = config.min_duration or 0.0, config.max_duration or float("inf")
        long_enough = [t for t in kept if not audio[t] or t not in durations or low <= durations[t] <= high]
        keep(long_enough, f"audio not between {low:g} and {high:g} seconds long")
    if config.balance is not None or config.n is not None:
        keep([track for track in kept if audio[track] or lyrics[track]], "neither audio nor lyrics can be used")
    if config.balance is not None:
        keep(*_balanced(corpus, config.balance, config.n, kept, config.seed))
    elif config.n is not None:
        keep(draw(kept, config.n, config.seed), f"{config.n} are drawn")
    if not kept:
        causes = f": {'; '.join(notes)}" if notes else ""
        raise UsageError(
            f"no track is left{causes}; ask for less (require, where, min_duration, max_duration, balance)."
        )
    return corpus.subset(kept).noting(*notes) if notes else corpus


def draw(track_ids: Iterable[str], n: int, seed: int) -> list[str]:
    """Return ``n`` ids (all, where there are fewer), the same whatever the order in which they come."""
    return sorted(sorted(track_ids, key=lambda track: (_lot(track, seed), track))[:n])


def _having(corpus: Corpus, label: str, wanted: Sequence[str], kept: list[str]) -> tuple[list[str], str]:
    """Return the tracks with one of the values of a label."""
    values = corpus.label(label)
    there = {value.casefold(): value for value in values if isinstance(value, str)}
    for value in wanted:
        if value.casefold() not in there:
            listed = f"; it has {', '.join(sorted(there.values()))}" if there else " or any other"
            raise UsageError(
                f"where asks for {label} {value!r}, which no track has{listed}{nearest(value, there.values()) or '.'}"
            )
    folded = {value.casefold() for value in wanted}
    left = [track for track in kept if isinstance(values[track], str) and values[track].casefold() in folded]
    return left, f"{label} is not {' or '.join(wanted)}"


def _balanced(corpus: Corpus, label: str, n: int | None, kept: list[str], seed: int) -> tuple[list[str], str]:
    values = corpus.label(label)
    groups: dict[str, list[str]] = defaultdict(list)
    for track in kept:
        value = values[track]
        if isinstance(value, str):
            groups[value].append(track)
    if not groups:
        raise UsageError(
            f"no usable track has a {label}; balance by another label: {', '.join(corpus.labels) or 'none'}."
        )
    size = n if n is not None else min(map(len, groups.values()))
    taken = [track for group in groups.values() for track in draw(group, size, seed)]
    fewer = sorted(f"{value} ({len(group)})" for value, group in groups.items() if len(group) < size)
    short = f"; fewer: {', '.join(fewer)}" if fewer else ""
    return sorted(taken), f"{size} of each {label} are drawn{short}"


def _lot(track_id: str, seed: int) -> bytes:
    return hashlib.blake2b(track_id.encode("utf-8", "surrogatepass"), digest_size=16, salt=_salt(seed)).digest()


def _salt(seed: int) -> bytes:
    return hashlib.blake2b(str(seed).encode(), digest_size=16).digest()
