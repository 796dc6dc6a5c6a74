"""The verify report as text for a terminal, in any script.

Numbers stand before names: a name written from right to left then cannot pull them out of their columns.
"""

from __future__ import annotations

import unicodedata
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from musaic.corpus.verify import VerifyReport

LONGEST_LIST = 12  # lines of one list; the JSON has them all
FEW_NAMES = 4  # names of tracks for which the same is true
WIDEST_TABLE = 14  # genres side by side; more are listed by pair
ISOLATE, END_ISOLATE = "\u2068", "\u2069"


def summary(report: VerifyReport) -> str:
    """Return the report as lines of text."""
    return "\n".join(line.rstrip() for line in _lines(report)) + "\n"


def shown(name: object) -> str:
    """Return a name as it can be printed on one line: control marks escaped, right-to-left text kept to its place."""
    text = "".join(character if _harmless(character) else ascii(character)[1:-1] for character in str(name))
    return f"{ISOLATE}{text}{END_ISOLATE}" if any(unicodedata.bidirectional(c) in ("R", "AL") for c in text) else text


def clock(seconds: float) -> str:
    """Return a duration for people: ``0.1 s``, ``3:05`` or ``2:03:05``."""
    if seconds < 60:
        return f"{seconds:.1f} s"
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02d}:{rest:02d}" if hours else f"{minutes}:{rest:02d}"


def _lines(report: VerifyReport) -> Iterator[str]:
    yield f"{shown(report.corpus)}  ({shown(report.layout)})"
    n = report.tracks
    yield f"{_count(n['all'], 'track')}: {n['audio']} with sound, {n['lyrics']} with lyrics, {n['both']} with both"
    yield from _labels(report)
    yield from _lyrics(report)
    yield from _languages(report)
    yield from _sound(report)
    yield from _unusable(report)
    yield from _duplicates(report)
    yield from _tables(report)
    yield from _selection(report)
    if report.notes:
        yield from _section("Noted")
        yield from _cut([f"  {shown(note)}" for note in report.notes])


def _labels(report: VerifyReport) -> Iterator[str]:
    pairs = report.language_genre
    languages, genres = ({pair[name] for pair in pairs} for name in ("language", "genre"))
    crossed = len(languages) > 1 and len(genres) > 1
    if crossed and len(genres) <= WIDEST_TABLE:
        yield from _cross(pairs)
    for label, counts in report.labels.items():
        if label == "genre" and crossed and len(genres) <= WIDEST_TABLE:
            continue
        if label in ("language", "genre"):
            yield from _section(label.capitalize())
            yield from _table(
                ("tracks", "sound", "lyrics"),
                [((c["tracks"], c["audio"], c["lyrics"]), _value(c["value"])) for c in counts],
            )
    if crossed and len(genres) > WIDEST_TABLE:
        yield from _section("Genres of each language")
        by_language: dict[str | None, list[Mapping[str, Any]]] = defaultdict(list)
        for pair in pairs:
            by_language[pair["language"]].append(pair)
        for language, own in by_language.items():
            listed = ", ".join(f"{_value(pair['genre'])} {pair['tracks']}" for pair in own)
            yield f"  {_value(language)}: {listed}"
    further = {label: counts for label, counts in report.labels.items() if label not in ("language", "genre")}
    if further:
        yield from _section("Further labels")
        for label, counts in further.items():
            named = [count for count in counts if count["value"] is not None]
            frequent = sorted(named, key=lambda count: (-count["tracks"], count["value"]))
            most = ", ".join(f"{_value(count['value'])} {count['tracks']}" for count in frequent[:5])
            more = f", and {len(named) - 5} more" if len(named) > 5 else ""
            yield f"  {shown(label)}: {most}{more}"


def _cross(pairs: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    """Draw languages against genres; a genre's column is as wide as its name."""
    from rich.cells import cell_len

    yield from _section("Language and genre")
    genres = list(
        dict.fromkeys(pair["genre"] for pair in sorted(pairs, key=lambda p: (p["genre"] is None, p["genre"] or "")))
    )
    languages = list(dict.fromkeys(pair["language"] for pair in pairs))
    number = {(pair["language"], pair["genre"]): pair["tracks"] for pair in pairs}
    names = [_value(genre) for genre in genres]
    widths = [max(4, cell_len(name)) for name in names]
    yield "  " + "  ".join(
        [" all", *(" " * (w - cell_len(name)) + name for name, w in zip(names, widths, strict=True))]
    )
    for language in languages:
        cells = [number.get((language, genre), 0) for genre in genres]
        row = [f"{sum(cells):4d}", *(f"{cell or '·':>{width}}" for cell, width in zip(cells, widths, strict=True))]
        yield "  " + "  ".join(row) + f"  {_value(language)}"
    totals = [sum(number.get((language, genre), 0) for language in languages) for genre in genres]
    row = [f"{sum(totals):4d}", *(f"{total:>{width}}" for total, width in zip(totals, widths, strict=True))]
    yield "  " + "  ".join(row) + "  all"


def _lyrics(report: VerifyReport) -> Iterator[str]:
    matched, without, files = (report.lyrics[name] for name in ("matched", "without", "files_without_track"))
    if not matched and not files:
        return
    yield from _section("Lyrics")
    yield from (f"  {count:5d}  {shown(how)}" for how, count in matched.items())
    for group in without:
        yield f"  {len(group['tracks']):5d}  without: {shown(group['reason'])}"
        if len(without) > 1 or matched:
            yield from _cut([f"         {shown(track)}" for track in group["tracks"]], most=FEW_NAMES, indent=9)
    if mended := report.lyrics["mended"]:
        yield f"  {len(mended):5d}  mended:"
        yield from _cut(
            [f"         {shown(item['track_id'])}: {shown(item['reason'])}" for item in mended],
            most=FEW_NAMES,
            indent=9,
        )
    by_reason: dict[str, list[str]] = defaultdict(list)
    for item in files:
        by_reason[item["reason"]].append(item["file"])
    for reason, paths in sorted(by_reason.items(), key=lambda item: (-len(item[1]), item[0])):
        yield f"  {len(paths):5d}  lyrics {'file' if len(paths) == 1 else 'files'} left over: {shown(reason)}"
        yield from _cut([f"         {shown(path)}" for path in paths], most=FEW_NAMES, indent=9)


def _languages(report: VerifyReport) -> Iterator[str]:
    """Say what the words themselves read as, where that adds to the labels."""
    told = report.languages
    if not told["detected"]:
        return
    yield from _section("Languages the lyrics read as")
    yield "  " + ", ".join(f"{code} {count}" for code, count in told["detected"].items())
    otherwise = [
        f"         {shown(track['track_id'])}: {shown(track['label'])}, reads as {track['detected']} "
        f"({track['confidence']:.2f})"
        for track in told["otherwise"]
    ]
    mixed = [f"         {shown(track['track_id'])}: {track['languages']}" for track in told["mixed"]]
    undecided = [f"         {shown(track)}" for track in told["undecided"]]
    for lines, what in (
        (otherwise, "not in the language of the label, which is kept"),
        (mixed, "mixing languages, with the share of each"),
        (undecided, "whose words do not tell a language (und)"),
    ):
        if lines:
            yield f"  {len(lines):5d}  {what}:"
            yield from _cut(lines, most=FEW_NAMES, indent=9)


def _sound(report: VerifyReport) -> Iterator[str]:
    if report.durations is None:
        return
    yield from _section("Sound")
    d = report.durations
    shortest, median, longest, total = (clock(d[name]) for name in ("min", "median", "max", "total"))
    yield f"  {total} in all; shortest {shortest}, median {median}, longest {longest}"
    for kind in report.formats:
        codec = "" if kind["codec"].casefold() == kind["format"].casefold() else f" ({kind['codec']})"
        channels = {1: "mono", 2: "stereo"}.get(kind["channels"], f"{kind['channels']} channels")
        yield f"  {kind['tracks']:5d}  {kind['format']}{codec}, {kind['sample_rate'] / 1000:g} kHz, {channels}"


def _unusable(report: VerifyReport) -> Iterator[str]:
    if not report.unusable:
        return
    yield from _section("Sound with something wrong")
    groups: dict[tuple[str, str], list[Mapping[str, Any]]] = defaultdict(list)
    for track in report.unusable:
        groups[track["status"], track["reason"]].append(track)
    for (status, reason), tracks in sorted(groups.items(), key=lambda item: (-len(item[1]), item[0])):
        by_lyrics = sum(track["lyrics"] for track in tracks)
        kept = f" ({by_lyrics} kept by their lyrics)" if by_lyrics else ""
        yield f"  {len(tracks):5d}  {status}: {shown(reason)}{kept}"
        yield from _cut([f"         {shown(track['track_id'])}" for track in tracks], most=FEW_NAMES, indent=9)


def _duplicates(report: VerifyReport) -> Iterator[str]:
    if report.duplicates:
        yield from _section("Same sound, different names")
        yield from _cut(["  " + " = ".join(shown(track) for track in group) for group in report.duplicates])


def _tables(report: VerifyReport) -> Iterator[str]:
    for name, table in report.label_tables.items():
        yield from _section(f"Labels from {shown(name)}")
        yield f"  {table['matched']:5d}  labelled, found by {table['key']!r}"
        if table["unmatched"]:
            yield f"  {len(table['unmatched']):5d}  left over:"
            yield from _cut(
                [
                    f"         row {row['row']} ({shown(row['key'])}): {shown(row['reason'])}"
                    for row in table["unmatched"]
                ],
                indent=9,
            )


def _selection(report: VerifyReport) -> Iterator[str]:
    chosen = report.selection
    if chosen is None:
        return
    yield from _section("What a run would take")
    yield f"  {chosen['problem']}" if chosen["problem"] else f"  {chosen['tracks']} of {report.tracks['all']} tracks"
    yield from (f"  {shown(note)}" for note in chosen["notes"])


def _section(title: str) -> Iterator[str]:
    yield ""
    yield title


def _table(heads: Sequence[str], rows: Sequence[tuple[Sequence[int], str]]) -> Iterator[str]:
    yield "  " + "  ".join(f"{head:>6}" for head in heads)
    for numbers, name in rows:
        yield "  " + "  ".join(f"{number or '·':>6}" for number in numbers) + f"  {name}"


def _cut(lines: Sequence[str], *, most: int = LONGEST_LIST, indent: int = 2) -> Iterator[str]:
    """Yield a list of lines, cut with a word on how many are left where it is long."""
    fit = len(lines) if len(lines) <= most + 1 else most
    yield from lines[:fit]
    if len(lines) > fit:
        yield " " * indent + f"… and {len(lines) - fit} more (--json has them all)"


def _value(value: str | None) -> str:
    return "(none)" if value is None else shown(value)


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def _harmless(character: str) -> bool:
    """Say whether a character prints as itself; marks that turn the writing direction do not, joiners do."""
    return unicodedata.category(character) not in ("Cc", "Cs", "Zl", "Zp") and not (
        "\u202a" <= character <= "\u202e" or "\u2066" <= character <= "\u2069"
    )
