"""The songs: how many there are of what, and what is not known of them."""

from __future__ import annotations

from typing import Any

from musaic.paper.facts import Facts
from musaic.paper.markup import Markup, listed, name, say
from musaic.paper.sections import Block, heading, paragraph
from musaic.paper.table import Column, Table
from musaic.paper.values import count, duration, plural
from musaic.report import tables

MOST_NAMED = 8
"""Values of a label that a sentence names."""

MOST_ROWS = 16
"""Values of a label that a table lists."""


def data(facts: Facts) -> list[Block]:
    """Return what songs there are, by label and status, and their table by language."""
    tracks = facts.results.tracks
    n = len(tracks)
    sound, lyrics = tables.has_sound(tracks), tables.has_lyrics(tracks)
    both = int((sound & lyrics).sum())
    length = float(tracks.loc[sound, "duration"].sum()) if "duration" in tracks else 0.0
    table = _table(facts)
    shown = "language" if table else None
    return [
        heading("Data", 2),
        paragraph(
            say(
                "The collection holds {n}; {sound} usable sound{length} and {lyrics} lyrics{both}.",
                n=plural(n, "song"),
                sound=_of(int(sound.sum()), n),
                length=f" ({duration(length)} in all)" if length else "",
                lyrics=_of(int(lyrics.sum()), n),
                both=f", and {count(both)} {'has' if both == 1 else 'have'} both"
                if 0 < both < min(sound.sum(), lyrics.sum())
                else "",
            ),
            _unusable(facts),
            say("@{label} counts them by language.", label=Markup(table.label)) if table else "",
            *(_values(facts, label) for label in facts.results.shown_labels if label != shown),
            *(_missing(facts, label) for label in facts.results.shown_labels),
            _told_from_lyrics(facts),
            "" if facts.results.labels else "No label is known of any song, so no score can be held against one.",
        ),
        *([table] if table else []),
    ]


def _of(part: int, whole: int) -> str:
    """Return how many of the songs have something."""
    if part == 0:
        return "none has"
    if part == whole:
        return "it has" if whole == 1 else "all have"
    return f"{count(part)} {'has' if part == 1 else 'have'}"


def _unusable(facts: Facts) -> Markup | str:
    """Return how many files could not be used, and why."""
    found = [(status, n) for status, n in tables.statuses(facts.results) if status != "missing"]
    total = sum(n for _, n in found)
    if not total:
        return ""
    return say(
        "The sound of {n} could not be used ({why}).",
        n=plural(total, "song"),
        why=", ".join(f"{status.replace('-', ' ')}: {count(n)}" for status, n in found),
    )


def _values(facts: Facts, label: str) -> Markup:
    """Return the values of a label with their songs: all of a few, the largest of many."""
    rows = [(row["name"], row["tracks"]) for row in tables.class_counts(facts.results, label) if row["name"]]
    shown = [say("{value} ({n})", value=name(value), n=count(n)) for value, n in rows[:MOST_NAMED]]
    if len(rows) == 1:
        return say("All songs whose {label} is known share one: {shown}.", label=name(label), shown=shown[0])
    values = say("{n} of {label}", n=plural(len(rows), "value"), label=name(label))
    if label in ("genre", "language"):
        values = say("{n}", n=plural(len(rows), label))
    if len(rows) <= MOST_NAMED:
        return say("There are {values}: {shown}.", values=values, shown=listed(shown))
    least, most = rows[-1][1], rows[0][1]
    return say(
        "There are {values}, with {sizes}{each}; {such} are {shown}.",
        values=values,
        sizes=plural(most, "song") if least == most else f"{count(least)} to {plural(most, 'song')}",
        each=" each" if least == most else "",
        such="among them" if least == most else "the largest",
        shown=listed(shown[: MOST_NAMED // 2]),
    )


def _missing(facts: Facts, label: str) -> Markup | str:
    """Return how many songs lack a label."""
    n = int(facts.results.tracks[label].isna().sum())
    if not n:
        return ""
    return say(
        "The {label} of {n} is not known; {they} in no score on it.",
        label=name(label),
        n=plural(n, "song"),
        they="it counts" if n == 1 else "they count",
    )


def _told_from_lyrics(facts: Facts) -> Markup | str:
    """Return how many languages are no label but were told from the lyrics."""
    tracks = facts.results.tracks
    if "language_source" not in tracks:
        return ""
    n = int((tracks["language_source"] == "lyrics").sum())
    if not n:
        return ""
    return say(
        "The language of {n} was told from the lyrics; what reads lyrics is not held against those.",
        n=plural(n, "song"),
    )


def _table(facts: Facts) -> Table | None:
    """Return songs, genres, sound and lyrics by language; None where there are not several languages."""
    results = facts.results
    if "language" not in results.shown_labels:
        return None
    rows = [row for row in tables.class_counts(results, "language") if row["name"]]
    if not 2 <= len(rows) <= MOST_ROWS:
        return None
    tracks = results.tracks
    genres = tracks.groupby("language")["genre"].nunique() if "genre" in results.labels else None
    columns = [Column("Language", stretch=True), Column("Songs", "right")]
    columns += [Column("Genres", "right")] if genres is not None else []
    columns += [Column("Sound", "right"), Column("Lyrics", "right")]

    def line(told: str, row: dict[str, Any], n_genres: int | None) -> list[str]:
        middle = [count(n_genres)] if genres is not None else []
        return [told, count(row["tracks"]), *middle, count(row["sound"]), count(row["lyrics"])]

    total = {key: sum(row[key] for row in rows) for key in ("tracks", "sound", "lyrics")}
    known = tracks[tracks["language"].notna()]
    return Table(
        "corpus",
        "Songs by language" + (", the genres among them," if genres is not None else "")
        + " and how many have usable sound and lyrics.",
        columns,
        [
            *(line(str(row["name"]), row, None if genres is None else int(genres[row["name"]])) for row in rows),
            None,
            line("all", total, None if genres is None else int(known["genre"].nunique())),
        ],
    )  # fmt: skip
