"""What an export says of itself: ``manifest.json`` beside its files."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from musaic import __version__
from musaic.errors import MusaicError
from musaic.exports.registry import Written
from musaic.files import content_id, read_json, write_json

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


def remove_earlier(folder: Path, written: Sequence[str]) -> int:
    """Remove the files of an earlier export that were not written again: the folder is what its manifest names.

    Removed is what that export's manifest lists, lies in the folder and is as it was written, and nothing else.

    Parameters
    ----------
    folder : Path
        Where the manifest is, before it is written anew.
    written : sequence of str
        What stays, relative to the folder.

    Returns
    -------
    int
        How many were removed.
    """
    removed = 0
    for file, content in _listed(folder):
        path = folder / file
        is_inside = path.resolve().is_relative_to(folder.resolve())
        if file not in written and is_inside and path.is_file() and content_id(path) == content:
            path.unlink()
            removed += 1
            for parent in Path(file).parents[:-1]:
                if any((folder / parent).iterdir()):
                    break
                (folder / parent).rmdir()
    return removed


def _listed(folder: Path) -> list[tuple[str, str]]:
    """Return the files of an earlier export with their hashes; none where the manifest is not one of ours."""
    try:
        told = read_json(folder / FILE)
        return [(str(one["file"]), str(one["content_id"])) for one in told["files"]]
    except (MusaicError, KeyError, TypeError):
        return []


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
