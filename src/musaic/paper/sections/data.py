"""The songs, and what is measured of them."""

from __future__ import annotations

from typing import Any

from musaic.paper.facts import Facts
from musaic.paper.markup import Markup, cite, join, listed, name, say
from musaic.paper.sections import Block, heading, paragraph
from musaic.paper.table import Column, Table
from musaic.paper.values import count, duration, plain, plural
from musaic.report import tables
from musaic.report.reading import number

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
            "" if facts.results.shown_labels else "No label is known of any song, so no score can be held against one.",
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
    return say(
        "There are {values}, with {least} to {most} songs; the largest are {shown}.",
        values=values,
        least=count(rows[-1][1]),
        most=count(rows[0][1]),
        shown=listed(shown[: MOST_NAMED // 2]),
    )


def _missing(facts: Facts, label: str) -> Markup | str:
    """Return how many songs lack a label."""
    n = int(facts.results.tracks[label].isna().sum())
    if not n:
        return ""
    are = "is not known" if n == 1 else "are not known"
    return say(
        "The {label} of {n} {are}; {they} in no score on it.",
        label=name(label) if n == 1 else say("{label}s", label=name(label)) if label.isascii() else name(label),
        n=plural(n, "song"),
        are=are,
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


def features(facts: Facts) -> list[Block]:
    """Return what is measured of a song, of those features alone that a representation is given."""
    given = {str(one) for cell in facts.done for one in _inputs(cell.data.get("input"))}
    sentences = join([*_sound(facts, given), *_texts(facts, given), *_others(given)])
    return [heading("Features", 2), paragraph(sentences)] if sentences else []


def _inputs(given: object) -> list[str]:
    return given.split("+") if isinstance(given, str) else list(given) if isinstance(given, list) else []


def _sound(facts: Facts, given: set[str]) -> list[Markup]:
    """Return what is measured of the sound."""
    asked = facts.asked("features")
    heard = given & {"log_mel", "mfcc", "mfcc_moments", "statistics", "descriptors"}
    if not heard:
        return []
    told = []
    if number(asked.get("sample_rate")) is not None:
        told.append(
            say(
                "Sound is read at {rate} Hz, {window}, in frames of {n_fft} samples every {hop} samples; the "
                "definitions are those of librosa {librosa}.",
                rate=plain(asked["sample_rate"]),
                window=_window(asked),
                n_fft=plain(asked.get("n_fft")),
                hop=plain(asked.get("hop_length")),
                librosa=cite("mcfee2015"),
            )
        )
    mfcc = say("{n} mel-frequency cepstral coefficients (MFCC) {cite}", n=plain(asked.get("n_mfcc", "the")),
               cite=cite("davis1980"))  # fmt: skip
    words = {
        "log_mel": say("log-mel is the power in {n} mel bands, in decibels", n=plain(asked.get("n_mels", "the"))),
        "mfcc": say("MFCC are {mfcc} a frame", mfcc=mfcc),
        "mfcc_moments": say(
            "MFCC moments are mean, standard deviation, skewness, and kurtosis over time of {mfcc}",
            mfcc="as many" if "mfcc" in heard else mfcc,
        ),
        "statistics": "statistics are moments over time of MFCC and their slopes, spectral contrast, chroma, spectral "
        "shape, level, and onset strength, with a mean tempogram and tempo",
        "descriptors": "descriptors are tempo, key, loudness, brightness, and the like",
    }
    told.append(
        say("Of the inputs named below, {words}.", words=join([words[one] for one in words if one in heard], "; "))
    )
    return told


def _window(asked: dict[str, Any]) -> str:
    """Return what part of a song is read."""
    if asked.get("duration") == "whole":
        return "from beginning to end"
    seconds, segments, offset = plain(asked.get("duration")), asked.get("segments") or 1, asked.get("offset")
    windows = f"{plain(segments)} windows of {seconds} s" if segments != 1 else f"a window of {seconds} s"
    if offset in ("middle", "start"):
        return f"{windows} {'from the middle' if offset == 'middle' else 'from the start'} of each song"
    return f"{windows} of each song, {plain(offset)} s in" if number(offset) is not None else f"{windows} of each song"


def _texts(facts: Facts, given: set[str]) -> list[Markup]:
    """Return how texts become vectors."""
    texts = sorted({one.partition(":")[0] for one in given} & {"lyrics", "descriptions"})
    if not texts:
        return []
    asked = facts.asked("lyrics")
    own = {one.partition(":")[2] for one in given if one.partition(":")[0] in texts}
    encoders = sorted({encoder or str(asked.get("encoder", "")) for encoder in own} - {""})
    told = []
    if "descriptions" in texts:
        told.append(say("Descriptions are sentences written from the measured descriptors of a song."))
    for encoder in encoders:
        kind, _, model = encoder.partition(":")
        if kind == "tfidf":
            told.append(
                say(
                    "{texts} are read as character n-grams weighted by TF-IDF {tfidf} and reduced by a truncated "
                    "singular value decomposition {lsa}{n}.",
                    texts=listed([text.capitalize() if i == 0 else text for i, text in enumerate(texts)]),
                    tfidf=cite("sparckjones1972"),
                    lsa=cite("deerwester1990"),
                    n=f" to {plain(asked['n_components'])} dimensions at most" if asked.get("n_components") else "",
                )
            )
        elif kind == "sentence-transformers":
            told.append(
                say(
                    "{texts} are encoded by the sentence encoder {model} {sbert}.",
                    texts=listed([text.capitalize() if i == 0 else text for i, text in enumerate(texts)]),
                    model=name(model.rstrip("/").rsplit("/", 1)[-1]),
                    sbert=cite("reimers2019"),
                )
            )
        else:
            told.append(say("Texts are encoded by {encoder}.", encoder=name(encoder)))
    if "lyrics" in texts and "transcript" in _sources(facts):
        told.append(say("Where a song had no lyrics, they were transcribed from its singing {cite}.",
                        cite=cite("radford2023")))  # fmt: skip
    return told


def _sources(facts: Facts) -> set[str]:
    """Return where lyrics came from, as far as that is told in a word."""
    asked = facts.asked("corpus").get("transcripts")
    return {"transcript"} if asked else set()


def _others(given: set[str]) -> list[Markup]:
    """Return what is given besides sound and texts."""
    told = []
    labels = sorted(one.removeprefix("label:") for one in given if one.startswith("label:"))
    if labels:
        told.append(
            say(
                "The label {labels} is itself an input of some representations, whose scores on it are leaked.",
                labels=listed([name(label) for label in labels]),
            )
        )
    elsewhere = sorted(one for one in given if one.startswith(("latents:", "run:")))
    if elsewhere:
        told.append(
            say(
                "Vectors from elsewhere are taken as they are: {names}.",
                names=listed([name(one.partition(":")[2]) for one in elsewhere]),
            )
        )
    return told
