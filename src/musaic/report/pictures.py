"""The figures that stand in the page: as many as it bears, the weightiest to know first."""

from __future__ import annotations

import base64
import struct
from dataclasses import dataclass

from musaic.report.figures import KINDS, plan
from musaic.report.plotting import DPI
from musaic.report.reading import Results


@dataclass(frozen=True)
class Picture:
    """A figure inside the page: what it shows in words, its data, and its size in CSS pixels."""

    kind: str
    cell: str | None
    alt: str
    data: str
    width: int
    height: int


def pictures(results: Results, most_bytes: int) -> tuple[list[Picture], list[str]]:
    """Return the figures that fit into the page, and the file names of those that do not.

    Parameters
    ----------
    results : Results
        A run; its figures are taken from ``figures/``.
    most_bytes : int
        Of all their files.
    """
    folder = results.run.path / "figures"
    planned = [item for item in plan(results) if (folder / item.file).is_file()]
    first = results.done[0].name if results.done else None
    chosen, left_out, total = set(), [], 0
    # The best cell comes before the others whatever the kind.
    for item in sorted(planned, key=lambda item: (item.cell not in (None, first), KINDS[item.kind].weight)):
        total += (folder / item.file).stat().st_size
        if total <= most_bytes:
            chosen.add(item.file)
        else:
            left_out.append(item.file)
    found = []
    for item in planned:
        if item.file in chosen:
            data = (folder / item.file).read_bytes()
            width, height = (round(pixels * 96 / DPI) for pixels in struct.unpack(">II", data[16:24]))
            found.append(Picture(item.kind, item.cell, item.alt, base64.b64encode(data).decode(), width, height))
    return found, sorted(left_out)
