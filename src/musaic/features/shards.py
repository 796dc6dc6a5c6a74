"""Measured tracks by the hundred: a folder with one table of facts and vectors and one Zarr group of frames."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from musaic.features.analysis import Facts, Measured
from musaic.features.config import FeatureConfig
from musaic.features.kinds import Frames
from musaic.features.registry import feature
from musaic.features.staging import Staged
from musaic.files import atomic

TABLE = "tracks.parquet"
FRAMES = "frames.zarr"
CHUNK = 512  # frames read together: a training crop touches one or two
SHARD = 512 * CHUNK  # frames a Zarr shard (one file): more than 256 clips of 30 s
_FACTS = tuple(Facts.__dataclass_fields__)


def write_shard(folder: Path, tracks: Sequence[Staged], config: FeatureConfig) -> None:
    """Write tracks as one shard, atomically.

    Parameters
    ----------
    folder : Path
        To be made.
    tracks : sequence of Staged
        What to write, in this order.
    config : FeatureConfig
        What was measured.
    """
    import pyarrow as pa
    import pyarrow.parquet as pq
    import zarr
    from zarr.codecs import Crc32cCodec, ZstdCodec

    stops = np.cumsum([track.n_frames for track in tracks])
    columns: dict[str, Any] = {
        "content_id": [track.path.stem for track in tracks],
        **{name: [getattr(track.measured.facts, name) for track in tracks] for name in _FACTS},
        "start_frame": stops - [track.n_frames for track in tracks],
        "stop_frame": stops,
    }
    with atomic(folder) as temporary:
        temporary.mkdir()
        group = zarr.open_group(temporary / FRAMES, mode="w")
        for name in config.names:
            kind = feature(name)
            d = len(kind.dims(config))
            if isinstance(kind, Frames):
                total = int(stops[-1])
                # A checksum in every chunk and a fill value that no frame has: what the disk loses is noticed.
                array = group.create_array(
                    name,
                    shape=(total, d),
                    dtype="float16",
                    chunks=(CHUNK, d),
                    shards=(SHARD, d),
                    compressors=(ZstdCodec(), Crc32cCodec()),
                    fill_value=np.nan,
                )
                array.attrs["dims"] = list(kind.dims(config))
                at = 0
                for rows in _aligned((block for track in tracks for block in track.blocks(name)), SHARD):
                    array[at : at + len(rows)] = rows
                    at += len(rows)
            else:
                absent = np.full(d, np.nan, np.float32)
                rows = np.concatenate([track.measured.vectors.get(name, absent) for track in tracks])
                columns[name] = pa.FixedSizeListArray.from_arrays(pa.array(rows), d)
        pq.write_table(pa.table(columns), temporary / TABLE)


class Shard:
    """A shard, for reading.

    Parameters
    ----------
    folder : Path
        Where it lies.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._group: Any = None

    def tracks(self, config: FeatureConfig) -> Iterator[tuple[str, Measured, tuple[int, int]]]:
        """Yield content id, facts and vectors, and where its frames begin and end, of every track."""
        import pyarrow.parquet as pq

        table = pq.read_table(self.folder / TABLE)
        plain = table.select(["content_id", *_FACTS, "start_frame", "stop_frame"]).to_pylist()
        vectors = {
            name: np.asarray(table[name].combine_chunks().flatten()).reshape(len(table), -1)
            for name in config.names
            if name in table.column_names
        }
        for i, row in enumerate(plain):
            facts = Facts(**{name: row[name] for name in _FACTS})
            own = {name: rows[i] for name, rows in vectors.items()} if facts.seconds is not None else {}
            yield row["content_id"], Measured(facts, own), (row["start_frame"], row["stop_frame"])

    def places(self) -> tuple[np.ndarray, np.ndarray]:
        """Return content ids, shape (N,), bytes, and where the frames of each begin, int64: no facts, no vectors."""
        import pyarrow.parquet as pq

        table = pq.read_table(self.folder / TABLE, columns=["content_id", "start_frame"])
        return table["content_id"].to_numpy().astype("S32"), table["start_frame"].to_numpy().astype(np.int64)

    def frames(self, name: str, start: int, stop: int) -> np.ndarray:
        """Return rows of a frame feature, float16; `ValueError` or `OSError` where the disk lost some."""
        if self._group is None:
            import zarr

            self._group = zarr.open_group(self.folder / FRAMES, mode="r")
        rows = np.asarray(self._group[name][start:stop])
        if np.isnan(rows[:, 0]).any():
            raise ValueError(f"{self.folder} lacks frames")
        return rows


def _aligned(blocks: Iterator[np.ndarray], n: int) -> Iterator[np.ndarray]:
    """Yield the same rows in blocks of ``n``: a Zarr shard is written once, never rewritten."""
    waiting: list[np.ndarray] = []
    have = 0
    for block in blocks:
        waiting.append(block)
        have += len(block)
        while have >= n:
            rows = np.concatenate(waiting)
            yield rows[:n]
            waiting, have = [rows[n:]], have - n
    if have:
        yield np.concatenate(waiting)
