"""The address of the second run's map laid upon the first's, and which of its songs moved."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from musaic.errors import UsageError
from musaic.explorer.alignment import align_map, moved
from musaic.explorer.answers import NotThereError, as_json
from musaic.explorer.shelf import OpenRun, Shelf

if TYPE_CHECKING:
    import pandas as pd


def align(request: Request) -> Response:
    """Answer with the second run's map laid upon the first's.

    The query names a cell of either run (``cell0``, ``cell1``) and, where the best are not meant, a clustering
    (``clustering0``, ``clustering1``) or a method of the maps (``method0``, ``method1``; else the one shown first).
    """
    from musaic.report.columns import quantised, whole

    shelf: Shelf = request.app.state.shelf
    if len(shelf.runs) != 2:
        raise UsageError("one run is open, and there is nothing to align it with; start 'musaic explore' with two.")
    sides = [_side(request, opened, number) for number, opened in enumerate(shelf.runs)]
    (first, before), (second, after) = sides
    places = align_map(first, second).reindex(shelf.runs[1].ids)
    changed = moved(before, after).reindex(shelf.runs[1].ids)
    pairs = np.array([shelf.runs[0].rows.get(track_id, -1) for track_id in shelf.runs[1].ids])
    return as_json(
        {
            **{axis: quantised(places[axis]) for axis in ("x", "y")},
            "moved": quantised(changed, levels=2),
            "pairs": whole(pairs),
        }
    )


def _side(request: Request, opened: OpenRun, number: int) -> tuple[pd.DataFrame, pd.Series[int]]:
    """Return the map and the clusters of a run that the query is about, of all songs that the cell knows."""
    import pandas as pd

    from musaic.report.cells import NOT_HERE
    from musaic.report.columns import unpack_numbers

    asked = request.query_params
    name = asked.get(f"cell{number}")
    if name is None:
        raise UsageError(f"cell{number} is missing; give a cell of each run as cell0 and cell1.")
    cell = opened.cell(name)
    columns = opened.columns(cell)
    clustering = columns["clusterings"].get(opened.clustering(cell, asked.get(f"clustering{number}")))
    places = columns["maps"].get(asked.get(f"method{number}", next(iter(columns["maps"]), None)))
    if clustering is None or places is None:
        lacking = "such map" if places is None else "clusters on disk"
        raise NotThereError(f"cell {cell} of {opened.run.path.name} has no {lacking}; name another cell{number}.")
    index = pd.Index(opened.ids)
    clusters = pd.Series(unpack_numbers(clustering["codes"]), index=index).astype(np.int64)
    table = pd.DataFrame({axis: unpack_numbers(places[axis]) for axis in ("x", "y")}, index=index)
    return table, clusters[clusters != NOT_HERE]


ROUTES = [Route("/api/align", align)]
