"""The table of datasets in the documentation, made from the registry: ``python -m musaic.datasets.page FILE``."""

from __future__ import annotations

import sys
from pathlib import Path

from musaic.datasets.registry import datasets
from musaic.errors import UsageError
from musaic.files import write_text

BEGIN, END = "<!-- datasets: begin -->", "<!-- datasets: end -->"


def table() -> str:
    """Return the registered datasets as a Markdown table and a list of licences and known faults."""
    lines = ["| name | what it is | tracks | size | from |", "|---|---|---:|---|---|"]
    for one in datasets().values():
        tracks = f"{one.tracks:,}" if one.tracks is not None else ""
        source = f"[{one.source.kind}]({one.homepage})"
        lines.append(f"| `{one.name}` | {one.about} | {tracks} | {one.size} | {source} |")
    lines += ["", "Licences, and what is known to be wrong:", ""]
    for one in datasets().values():
        known = "".join(f"; {fault}" for fault in one.faults)
        lines.append(f"- `{one.name}`: {one.licence}{known}.")
    return "\n".join(lines)


def filled(page: str) -> str:
    """Return a page with the table between its two marks made anew.

    Raises
    ------
    UsageError
        Where the marks are not there.
    """
    before, begin, rest = page.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not begin or not end:
        raise UsageError(f"the page has no lines {BEGIN} and {END}; the table of datasets goes between them.")
    return f"{before}{BEGIN}\n\n{table()}\n\n{END}{after}"


if __name__ == "__main__":
    for name in sys.argv[1:]:
        write_text(Path(name), filled(Path(name).read_text(encoding="utf-8")))
