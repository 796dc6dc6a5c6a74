"""TensorBoard's embedding projector: vectors and what is known of their songs, as tab-separated lines.

The projector splits files at line feeds and lines at tabs, and knows neither quotes nor escapes. It leaves out lines of
white space, takes a first line without a tab for data, and refuses vectors of one dimension and numbers that are not
finite. So texts are made one line, metadata always has a header, a vector of one dimension has a second one that is
0, and a track without a finite vector is left out; ``…-track_ids.json`` tells which song a line is.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from musaic.exports.parts import Frames, Part
from musaic.exports.registry import Format, Written
from musaic.files import write_json, write_text
from musaic.listening.words import one_line

KINDS = ("labels", "clusters", "latents", "features")
TENSORS, METADATA, CONFIG = "tensors.tsv", "metadata.tsv", "projector_config.pbtxt"


def write(folder: Path, parts: Sequence[Part]) -> Iterator[Written]:
    """Write a folder of tensors and metadata a part of vectors, and the configuration that names them all.

    With one such part its files lie in the folder itself.
    """
    vectors = [part for part in parts if part.matrix]
    config = []
    for part in vectors:
        place = f"{part.name}/" if len(vectors) > 1 else ""
        found = part.read()
        assert not isinstance(found, Frames)
        known = found.set_index("track_id")
        known = known[np.isfinite(known.to_numpy(np.float32)).all(axis=1)]
        write_text(folder / f"{place}{TENSORS}", _tensors(known))
        yield Written(f"{place}{TENSORS}", part, tuple(map(str, known)))
        told = _metadata(part, parts, known.index)
        write_text(
            folder / f"{place}{METADATA}",
            _lines([[one_line(str(name)) for name in told], *told.to_numpy(object).tolist()]),
        )
        yield Written(f"{place}{METADATA}", part, tuple(map(str, told)))
        write_json(folder / f"{place}tensors-track_ids.json", {"track_id": known.index.tolist()})
        yield Written(f"{place}tensors-track_ids.json", part)
        config.append((part.name, f"{place}{TENSORS}", f"{place}{METADATA}"))
    if config:
        write_text(folder / CONFIG, "".join(map(_embedding, config)))
        yield Written(CONFIG, vectors[0])


def _tensors(known: pd.DataFrame) -> str:
    if known.shape[1] == 1:
        known = known.assign(zero=np.float32(0))
    return str(known.astype(np.float32).to_csv(sep="\t", header=False, index=False, lineterminator="\n"))


def _metadata(part: Part, parts: Sequence[Part], tracks: pd.Index) -> pd.DataFrame:
    """Return what is known of the tracks: their labels, and the clusters of the same cell and seed."""
    same = [
        other
        for other in parts
        if other.kind == "labels"
        or (other.kind == "clusters" and all(other.about[key] == part.about.get(key) for key in ("cell", "seed")))
    ]
    told = pd.DataFrame({"track_id": tracks}, index=tracks)
    for other in same:
        table = other.read()
        assert not isinstance(table, Frames)
        told = told.join(table.set_index("track_id").drop(columns=list(told), errors="ignore"))
    plain = pd.DataFrame({name: [_word(value) for value in told[name]] for name in told}, dtype=object)
    # a line of nothing but spaces would be left out, and every later one told of another song
    plain["track_id"] = [word or json.dumps(track) for word, track in zip(plain["track_id"], tracks, strict=True)]
    return plain if plain.shape[1] > 1 else plain.assign(row=[str(row) for row in range(len(plain))])


def _word(value: Any) -> str:
    return "" if pd.isna(value) else one_line(str(value))


def _lines(rows: list[list[str]]) -> str:
    return "".join("\t".join(row) + "\n" for row in rows)


def _embedding(paths: tuple[str, str, str]) -> str:
    name, tensors, metadata = map(_quoted, paths)
    return f"embeddings {{\n  tensor_name: {name}\n  tensor_path: {tensors}\n  metadata_path: {metadata}\n}}\n"


def _quoted(text: str) -> str:
    """Return a string of Protocol Buffers' text format: other bytes than printable ASCII by their octal numbers."""
    plain = (chr(byte) if 32 <= byte < 127 and chr(byte) not in '"\\' else f"\\{byte:03o}" for byte in text.encode())
    return f'"{"".join(plain)}"'


FORMAT = Format(
    "tensorboard --logdir FOLDER, tab Projector; or load tensors.tsv and metadata.tsv at projector.tensorflow.org. "
    "Tracks without a finite vector are left out; tensors-track_ids.json tells which song a line is.",
    write,
    kinds=KINDS,
    vectors="latents",
)
