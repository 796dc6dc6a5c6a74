"""What was run: cells, seeds, time, versions, and what is not there."""

from __future__ import annotations

from musaic.files import read_json
from musaic.paper.facts import Facts
from musaic.paper.markup import Markup, cite, listed, name, say
from musaic.paper.names import title
from musaic.paper.sections import Block, heading, paragraph
from musaic.paper.values import count, duration, plural
from musaic.report.palette import cut
from musaic.report.reading import Cell, number

LIBRARIES = {
    "torch": ("PyTorch", "paszke2019"),
    "scikit-learn": ("scikit-learn", "pedregosa2011"),
    "librosa": ("librosa", "mcfee2015"),
    "umap-learn": ("umap-learn", "mcinnes2018joss"),
    "openTSNE": ("openTSNE", "policar2024"),
}
"""Distribution -> what it is called, and the work that it asks to be cited by."""


def experiments(facts: Facts) -> list[Block]:
    """Return what was run, on what, and what could not be."""
    table = facts.results.leaderboard
    rows = len(table)
    return [
        heading("Experiments"),
        paragraph(
            say(
                "We ran {cells} with {seeds}; {clusterings} of {them} give {rows} of scores in the leaderboard.",
                cells=plural(len(facts.done), "representation"),
                seeds=_seeds(facts),
                clusterings=plural(facts.clusterings, "clustering"),
                them="it" if len(facts.done) == 1 else "them",
                rows=plural(rows, "row"),
            )
            if facts.clusterings > 1
            else say(
                "We ran one representation with {seeds} and clustered it in one way.",
                seeds=_seeds(facts),
            ),
            _time(facts),
            _versions(facts),
        ),
        *([paragraph(_failed(facts), _waiting(facts))] if facts.failed or facts.waiting else []),
    ]


def _seeds(facts: Facts) -> str:
    numbers = sorted({len(cell.seeds) for cell in facts.done})
    if len(numbers) == 1:
        return plural(numbers[0], "random seed") + (" each" if len(facts.done) > 1 else "")
    return f"{numbers[0]} to {numbers[-1]} random seeds"


def _time(facts: Facts) -> Markup | str:
    """Return how long fits took, where that was kept."""
    file = facts.results.run.timings_file
    times = read_json(file) if file.is_file() else {}
    names = {cell.name for cell in facts.done}
    spent = [
        seconds
        for cell, parts in times.items()
        if cell in names and isinstance(parts, dict)
        for part, seconds in parts.items()
        if part.startswith("seed-") and number(seconds) is not None
    ]
    if not spent:
        return ""
    device = facts.asked("compute").get("device")
    where = f" (device asked for: {device})" if isinstance(device, str) else ""
    if len(spent) == 1:
        return say("Fitting it took {time} of wall-clock time{where}.", time=duration(spent[0]), where=where)
    return say(
        "Fitting took {time} of wall-clock time, summed over {n} fits, some of which may have run side by side{where}.",
        time=duration(sum(spent)),
        n=count(len(spent)),
        where=where,
    )


def _versions(facts: Facts) -> Markup | str:
    """Return with which software; each library by the work it asks to be cited by, where it took part."""
    found = facts.environment
    versions = found.get("libraries") or {}
    parts = [
        say("{called} {version} {cite}", called=called, version=versions[library], cite=cite(key))
        for library, (called, key) in LIBRARIES.items()
        if library in versions and _took_part(facts, library)
    ]
    if not found:
        return ""
    return say(
        "The software is musaic {musaic}{python}{libraries}{platform}.",
        musaic=found.get("musaic", ""),
        python=f" on Python {found['python']}" if found.get("python") else "",
        libraries=say(", with {parts}", parts=listed(parts)) if parts else "",
        platform=f", under {found['platform']}" if found.get("platform") else "",
    )


def _took_part(facts: Facts, library: str) -> bool:
    """Say whether a library had a part in this run."""
    spaces = {str(one.get("space")) for cell in facts.done for one in cell.clusterings}
    maps = {
        method
        for cell in facts.done
        for method in ("umap", "tsne")
        if facts.results.run.map_file(cell.name, method).is_file()
    }
    sound = any("audio" in str(cell.data.get("modality")) for cell in facts.done)
    return {
        "torch": bool(facts.learned),
        "librosa": sound,
        "umap-learn": "umap" in maps or any("umap" in space for space in spaces),
        "openTSNE": "tsne" in maps,
    }.get(library, True)


def _failed(facts: Facts) -> Markup | str:
    if not facts.failed:
        return ""
    told = [_reason(cell) for cell in facts.failed]
    are = (
        "representation is not among them because it"
        if len(told) == 1
        else "representations are not among them because they"
    )
    return say("{n} {are} failed: {told}.", n=f"{len(told):,}" if len(told) > 1 else "One", are=are, told=listed(told))


def _reason(cell: Cell) -> Markup:
    reason = cell.data.get("reason")
    why = say(" ({reason})", reason=cut(reason.rstrip("."), 120)) if isinstance(reason, str) and reason else ""
    return say("{title}{why}", title=name(title(cell)), why=why)


def _waiting(facts: Facts) -> Markup | str:
    n = len(facts.waiting)
    if not n:
        return ""
    have = "is part of the experiment and has" if n == 1 else "are part of the experiment and have"
    shown = [name(title(cell)) for cell in facts.waiting[:6]]
    others = [f"{n - len(shown):,} more"] if n > len(shown) else []
    return say(
        "The run is not complete: {n} {have} no scores yet ({names}), and nothing here is said of {them}.",
        n=plural(n, "further representation"),
        have=have,
        names=listed([*shown, *others]),
        them="it" if n == 1 else "them",
    )
