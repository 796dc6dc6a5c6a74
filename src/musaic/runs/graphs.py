"""Graphs of neighbours and micro-clusters on disk: what was found of many songs once, for all that ask later."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from musaic.errors import MusaicError
from musaic.files import atomic, read_parquet, write_parquet
from musaic.graph.micro import Micro
from musaic.graph.neighbours import Graph

RECALL = b"recall"


def write_graph(file: Path, track_ids: Sequence[str], graph: Graph) -> None:
    """Write a graph: a row a song, ``track_id``, the row numbers of its neighbours in this file, and their distances.

    Parameters
    ----------
    file : Path
        A Parquet file, written atomically.
    track_ids : sequence of str, length N
        The songs, in the order of the graph.
    graph : Graph
        Its recall is kept in the file's metadata.
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    lists = [
        pa.FixedSizeListArray.from_arrays(pa.array(np.ascontiguousarray(part).reshape(-1)), graph.width)
        for part in (graph.rows, graph.distances)
    ]
    table = pa.table([pa.array(list(track_ids), pa.string()), *lists], names=["track_id", "rows", "distances"])
    table = table.replace_schema_metadata({RECALL: repr(float(graph.recall)).encode()})
    with atomic(file) as temporary:
        pq.write_table(table, temporary)


def read_graph(file: Path, track_ids: Sequence[str]) -> Graph | None:
    """Return the graph of a file in the order of some songs; None where there is none, or it is one of other songs.

    Raises
    ------
    MusaicError
        Where the file is damaged.
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    if not file.exists():
        return None
    try:
        table = pq.read_table(file)
        ids = table.column("track_id").to_pylist()
        rows, distances = (_matrix(table.column(name), len(ids)) for name in ("rows", "distances"))
        recall = float((table.schema.metadata or {})[RECALL])
    except (OSError, ValueError, KeyError, pa.ArrowException) as error:
        cause = str(error).splitlines()[0].rstrip(".")
        raise MusaicError(f"cannot read {file}: {cause}; delete it, and it is made anew.") from error
    graph = Graph(rows.astype(np.int32), distances.astype(np.float32), recall)
    if ids == list(track_ids):
        return graph
    order = _order(pd.Index(ids), track_ids)
    return None if order is None else graph.take(order)


def write_micro(file: Path, track_ids: Sequence[str], micro: Micro) -> None:
    """Write micro-clusters: the centres beside the file, then a row a song, ``track_id`` and ``centre``."""
    names = [f"x_{dim:03d}" for dim in range(micro.centres.shape[1])]
    write_parquet(_centres_file(file), pd.DataFrame(micro.centres, columns=names))
    write_parquet(file, pd.DataFrame({"track_id": list(track_ids), "centre": micro.members}))


def read_micro(file: Path, track_ids: Sequence[str]) -> Micro | None:
    """Return the micro-clusters of some songs, in their order; None where there are none, or they are of other songs.

    Raises
    ------
    MusaicError
        Where a file is damaged.
    """
    if not file.exists():
        return None
    members = read_parquet(file)
    order = _order(pd.Index(members["track_id"]), track_ids)
    if order is None:
        return None
    centres = np.ascontiguousarray(read_parquet(_centres_file(file)).to_numpy(np.float64))
    return Micro(centres, members["centre"].to_numpy(np.int32)[order])


def _centres_file(file: Path) -> Path:
    return file.with_name(f"{file.stem}-centres.parquet")


def _matrix(column: object, n: int) -> np.ndarray:
    flat = column.combine_chunks().flatten()  # type: ignore[attr-defined]
    return np.asarray(flat.to_numpy(zero_copy_only=False)).reshape(n, -1)


def _order(ids: pd.Index[str], track_ids: Sequence[str]) -> np.ndarray | None:
    """Return where each song stands in a file; None where the songs are others."""
    if len(ids) != len(track_ids) or not ids.is_unique:
        return None
    order = ids.get_indexer(pd.Index(list(track_ids)))
    return None if (order < 0).any() else order
