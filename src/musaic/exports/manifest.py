"""What an export says of itself: ``manifest.json`` beside its files."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from musaic import __version__
from musaic.exports.registry import Written
from musaic.files import content_id, write_json

FILE = "manifest.json"

_ROWS = (
    "Rows that are tracks stand in one order in all files, that of the corpus; still, join on track_id. Missing: a "
    "track that a cell was not made with has a row of missing values."
)
_KINDS = {
    "labels": "What is known of every track: language, genre, further labels, status and reason; no lyrics.",
    "latents": "Posterior means, float32, one column a latent dimension.",
    "variances": "Posterior variances, float32, one column a latent dimension.",
    "clusters": (
        "split (train, or held_out for early stopping); by clustering its id: cluster (-1 is noise), <id>:confidence "
        "and <id>:status."
    ),
    "maps": "Two-dimensional maps of a cell's first seed.",
    "features": (
        "Measured from the sound. Vectors: one column a dimension, float32. Frames: rows offsets[i] to offsets[i + 1] "
        "of values, float16, are those of track i; a track without frames has an empty stretch."
    ),
    "scores": "scores: every score of every seed. leaderboard: means over seeds, best honest row first.",
}


def write_manifest(folder: Path, head: dict[str, Any], written: Sequence[Written]) -> Path:
    """Write what the files of an export are, with the BLAKE2b hash of each; nothing in it is a time."""
    kinds = sorted({one.part.kind for one in written})
    data = {
        "made_by": f"musaic {__version__}",
        **head,
        "rows": _ROWS,
        "kinds": {kind: _KINDS[kind] for kind in kinds},
        "files": [_entry(folder, one) for one in written],
    }
    write_json(folder / FILE, data)
    return folder / FILE


def _entry(folder: Path, one: Written) -> dict[str, Any]:
    file = folder / one.file
    return {
        "file": one.file,
        "kind": one.part.kind,
        **one.part.about,
        "columns": list(one.columns),
        "bytes": file.stat().st_size,
        "content_id": content_id(file),
    }
