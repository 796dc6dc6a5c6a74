"""Latents from elsewhere are joined on track_id, whatever their order, or refused in one sentence."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from musaic.errors import UsageError
from musaic.experiment.latents import Latents, read_latents
from musaic.experiment.modalities import latents_input
from musaic.files import guard

IDS = ("عربي/أغنية.mp3", "বাংলা/গান.mp3", "en/a.mp3", "हिन्दी/गीत.wav")
Z = np.arange(8, dtype=np.float32).reshape(4, 2)


def write(path: Path, ids: tuple[str, ...] = IDS, vectors: np.ndarray = Z) -> str:
    table = pd.DataFrame({"track_id": ids, "z_0": vectors[:, 0], "z_1": vectors[:, 1]})
    if path.suffix == ".parquet":
        table.to_parquet(path)
    elif path.suffix == ".npz":
        np.savez(path, track_id=np.array(ids), latents=vectors)
    else:
        table.to_csv(path, index=False, sep="\t" if path.suffix == ".tsv" else ",")
    return f"latents:{path}"


def read(name: str, ids: tuple[str, ...] = IDS) -> Latents:
    source = latents_input(name)
    assert source is not None
    return read_latents(source, ids)


@pytest.mark.parametrize("suffix", [".parquet", ".csv", ".tsv", ".npz"])
def test_every_kind_of_file_is_joined_on_the_track_id(tmp_path: Path, suffix: str) -> None:
    shuffled = (2, 0, 3)
    name = write(tmp_path / f"μ{suffix}", tuple(IDS[row] for row in shuffled), Z[list(shuffled)])
    found = read(name)
    np.testing.assert_array_equal(found.present, [True, False, True, True])
    np.testing.assert_array_equal(found.values[found.present], Z[found.present])
    assert np.isnan(found.values[1]).all()
    assert (found.labels_used, found.of_lyrics) == ((), False)


@pytest.mark.parametrize("suffix", [".csv", ".tsv"])
def test_an_id_is_a_text_whatever_it_looks_like(tmp_path: Path, suffix: str) -> None:
    ids = ("NA", "007", "null", "1e3")
    found = read(write(tmp_path / f"z{suffix}", ids), ids)
    np.testing.assert_array_equal(found.values, Z)


def test_exported_ids_that_a_spreadsheet_would_compute_are_joined(tmp_path: Path) -> None:
    ids = ("-a", "'-a", "=1+1", "+x")
    name = write(tmp_path / "z.csv", tuple(map(guard, ids)))
    np.testing.assert_array_equal(read(name, ids).values, Z)


def test_a_vector_that_is_not_finite_is_missing(tmp_path: Path) -> None:
    broken = Z.copy()
    broken[2, 1] = np.inf
    found = read(write(tmp_path / "z.parquet", vectors=broken))
    np.testing.assert_array_equal(found.present, [True, True, False, True])


def test_what_cannot_be_read_is_one_sentence(tmp_path: Path) -> None:
    twice = write(tmp_path / "twice.csv", (IDS[0], IDS[0], IDS[1], IDS[2]))
    others = write(tmp_path / "others.csv", ("a", "b", "c", "d"))
    words = tmp_path / "words.csv"
    words.write_text(f"track_id,z\n{IDS[0]},abc\n", encoding="utf-8")
    nameless = tmp_path / "nameless.csv"
    nameless.write_text("z\n1\n", encoding="utf-8")
    pickled = tmp_path / "pickled.npz"
    np.savez(pickled, track_id=np.array(IDS, dtype=object), latents=Z)
    refused = {
        twice: "more than once",
        others: "none of the 4 tracks",
        f"latents:{words}": "words in column 'z'",
        f"latents:{nameless}": "no rows with a column 'track_id'",
        f"latents:{pickled}": "cannot read latents",
        f"latents:{tmp_path / 'no.parquet'}": "cannot read latents",
        f"latents:{tmp_path / 'z.npy'}": "give one of",
        f"run:{tmp_path}#pca": "is not a run folder",
    }
    for name, sentence in refused.items():
        with pytest.raises(UsageError, match=sentence):
            read(name)
