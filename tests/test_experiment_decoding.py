"""Latents turned into sound: the same again, as long as a crop, and never by a model that cannot."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import soundfile

import musaic
from musaic.errors import MusaicError, UsageError
from musaic.experiment.assigning.assign import assign
from musaic.experiment.decoding import Decoder, can_decode, decoder
from musaic.experiment.runner import run
from musaic.files import read_json, write_json
from songs import sound, write_tree

SMALL = {"training": {"epochs": 1, "batch_size": 8}, "crop": 16}
NETWORK = {"kind": "conv1d", "filters": [8]}
EXPERIMENT = {
    "version": 1,
    "name": "heard",
    "features": {"duration": 1.0, "n_mels": 32, "n_mfcc": 8, "deltas": 1},
    "cells": [
        {"name": "mel", "model": "conv2d-vae", "input": "log_mel", "latent_dim": 3, "condition": "genre", **SMALL},
        {"name": "cepstra", "model": "conv1d-vae", "input": "mfcc", "latent_dim": 2, **SMALL, "network": NETWORK},
        {
            "name": "late",
            "model": "conv1d-vae",
            "input": ["statistics", "log_mel"],
            "latent_dim": 2,
            "fusion": {"kind": "late", "weights": {"log_mel": 3.0}},
            "pooling": "mean+std",
            **SMALL,
            "network": NETWORK,
        },
        {"model": "pca", "input": "log_mel"},
    ],
    "clusterings": [{"algorithm": "kmeans", "n_clusters": 2, "n_init": 1}],
    "evaluation": {"permutations": 1, "bootstrap": 100, "probes": [], "language": False, "labels": ["genre"]},
    "seeds": 1,
    "figures": {"maps": []},
}
HEARD = ("mel", "cepstra", "late")
HOP, RATE, CROP = 512, 22050, 16


@pytest.fixture(scope="module")
def done(tmp_path_factory: pytest.TempPathFactory) -> musaic.Run:
    folder = tmp_path_factory.mktemp("heard")
    corpus = write_tree(folder / "songs", per_cell=1, seconds=1.0)
    return run(EXPERIMENT, corpus=corpus, out=folder / "run", cache=folder / "cache", workers=0)


@pytest.fixture(scope="module")
def decoders(done: musaic.Run) -> dict[str, Decoder]:
    return {name: decoder(done, name) for name in HEARD}


def songs(done: musaic.Run) -> tuple[str, str]:
    return done.tracks["track_id"].iloc[0], done.tracks["track_id"].iloc[-1]


def test_only_models_of_spectra_are_heard(done: musaic.Run, tmp_path: Path) -> None:
    assert [cell["status"] for cell in done.cells] == ["done"] * len(EXPERIMENT["cells"])
    assert {cell["cell"] for cell in done.cells if can_decode(done, cell["cell"])} == {
        done.find_cell(name) for name in HEARD
    }
    with pytest.raises(UsageError, match="cannot be heard"):
        decoder(done, "pca")
    shutil.copytree(done.path, tmp_path / "run")
    own = musaic.open_run(tmp_path / "run")
    file = own.model_folder(own.find_cell("late"), 0) / "config.json"
    head = read_json(file)
    del head["modalities"]["log_mel"]
    write_json(file, head)
    assert not can_decode(own, "late")
    with pytest.raises(UsageError, match="no seed 9"):
        decoder(done, "mel", 9)


def test_asking_whether_needs_no_torch(done: musaic.Run) -> None:
    code = (
        "import sys, musaic; from musaic.experiment.decoding import can_decode; "
        f"assert can_decode(musaic.open_run({str(done.path)!r}), 'mel'); sys.exit('torch' in sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


@pytest.mark.parametrize("name", HEARD)
def test_a_song_its_features_and_its_reconstruction_are_equally_long(
    done: musaic.Run, decoders: dict[str, Decoder], name: str
) -> None:
    heard, track = decoders[name], songs(done)[0]
    for samples, rate in (heard.original(track), heard.griffin_lim(track), heard.decoded(track)):
        assert (samples.shape, samples.dtype, rate) == (((CROP - 1) * HOP,), np.float32, RATE)
        assert np.isfinite(samples).all()
        assert np.abs(samples).max() <= 1
    again = decoder(done, name)
    np.testing.assert_array_equal(again.decoded(track)[0], heard.decoded(track)[0])
    np.testing.assert_array_equal(again.griffin_lim(track)[0], heard.griffin_lim(track)[0])


def test_the_original_is_the_middle_of_the_file(done: musaic.Run, decoders: dict[str, Decoder]) -> None:
    track = songs(done)[0]
    whole, _ = soundfile.read(done.path.parent / "songs" / track, dtype="float32")
    part = decoders["mel"].original(track)[0]
    first = ((1 + len(whole) // HOP - CROP) // 2) * HOP
    np.testing.assert_array_equal(part, whole[first : first + len(part)])


def test_latents_are_what_the_decoder_takes(done: musaic.Run, decoders: dict[str, Decoder]) -> None:
    a, b = songs(done)
    for heard in decoders.values():
        n_dims = len(heard.sd())
        assert heard.latents(a).shape == heard.kl().shape == (n_dims,)
        assert sorted(heard.order()) == list(range(n_dims))
        assert (np.diff(heard.kl()[heard.order()]) <= 0).all()
        assert set(heard.dead()) == set(np.flatnonzero(heard.sd() ** 2 <= 0.01))
        path = heard.interpolate(a, b, 5)
        np.testing.assert_allclose(path[[0, -1]], [heard.latents(a), heard.latents(b)], rtol=1e-5)
        np.testing.assert_allclose(np.diff(path, axis=0), np.repeat(np.diff(path, axis=0)[:1], 4, axis=0), atol=1e-5)
    places = np.stack([decoders["late"].latents(track) for track in done.embedding("late").index])
    np.testing.assert_allclose(places.mean(axis=0), decoders["late"].model.latent_mean_, atol=1e-4)
    np.testing.assert_allclose(places.std(axis=0), decoders["late"].sd(), atol=1e-4)
    with pytest.raises(UsageError, match="latents have shape"):
        decoders["mel"].decode([0.0])


def test_a_conditional_model_decodes_a_song_with_its_label(done: musaic.Run, decoders: dict[str, Decoder]) -> None:
    heard, track = decoders["mel"], songs(done)[0]
    labels = heard.labels(track)
    assert labels == {"genre": done.tracks["genre"].iloc[0]}
    np.testing.assert_array_equal(heard.decode(heard.latents(track), labels)[0], heard.decoded(track)[0])
    assert not np.array_equal(heard.decode(heard.latents(track))[0], heard.decoded(track)[0])


def test_songs_that_were_moved_and_songs_that_came_later_are_heard(done: musaic.Run, tmp_path: Path) -> None:
    shutil.copytree(done.path, tmp_path / "run")
    own = musaic.open_run(tmp_path / "run")
    track = songs(done)[0]
    with pytest.raises(MusaicError, match="not there any more"):
        decoder(own, "mel").original(track)
    moved = decoder(own, "mel", corpus=done.path.parent / "songs")
    np.testing.assert_array_equal(moved.original(track)[0], decoder(done, "mel").original(track)[0])
    soundfile.write(tmp_path / "أغنية.wav", sound("pop", 77, 1.0), RATE)
    placed = assign(own, tmp_path / "أغنية.wav", labels={"genre": "pop"}, cells=["mel"], workers=0)
    new = placed.songs["track_id"].iloc[0]
    later = decoder(musaic.open_run(own.path), "mel")
    np.testing.assert_array_equal(later.latents(new), placed.table["latent"].iloc[0])
    assert later.labels(new) == {"genre": "pop"}
    assert later.original(new)[0].shape == later.decoded(new)[0].shape
    with pytest.raises(UsageError, match="unknown song"):
        later.latents("nobody.wav")


def test_a_value_that_a_model_refuses_is_not_told(done: musaic.Run) -> None:
    heard, track = decoder(done, "mel"), songs(done)[0]
    assert heard.model.config_.unseen == "refuse"
    other = musaic.open_run(done.path)
    other.tracks.loc[other.tracks["track_id"] == track, "genre"] = "polka"
    told = decoder(other, "mel")
    assert told.labels(track) == {}
    np.testing.assert_array_equal(told.decoded(track)[0], heard.decode(heard.latents(track))[0])
