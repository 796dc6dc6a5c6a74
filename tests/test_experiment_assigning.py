"""Songs placed in a finished run: those of the run where they were, others the same whoever asks, nothing changed."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import soundfile

import musaic
from musaic.cli import invoke
from musaic.clustering import CLUSTERERS
from musaic.corpus.lyrics import match_lyrics
from musaic.errors import MusaicError, UsageError
from musaic.experiment.assigning import arriving
from musaic.experiment.assigning.arriving import read_arrivals
from musaic.experiment.assigning.assign import assign
from musaic.experiment.assigning.assigned import Assigned
from musaic.experiment.loading import load_experiment
from musaic.experiment.runner import run
from songs import WORDS, sound, write_tree

QUICK = {"epochs": 1, "batch_size": 8}
SMALL = {"latent_dim": 2, "training": QUICK, "seeds": 1}
MIXTURE = {"kind": "mixture", "n_clusters": 2, "n_init": 1, "hold": 1, "pretraining": 1}
EXPERIMENT = {
    "version": 1,
    "name": "placed",
    "features": {"duration": 1.0, "n_mels": 32},
    "cells": [
        {"model": "pca", "input": "statistics", "n_components": 3},
        {"model": "vade", "input": "statistics", "prior": MIXTURE, **SMALL},
        {
            "name": "joint",
            "model": "multimodal-vae",
            "input": ["mfcc_moments", "lyrics"],
            "without": "language",
            **SMALL,
        },
        {"model": "conv2d-vae", "input": "log_mel", "crop": 16, "network": {"kind": "conv2d", "filters": [4]}, **SMALL},
        {"name": "words", "model": "pca", "input": "lyrics", "seeds": 1},
        {"name": "told", "model": "cvae", "input": ["mfcc_moments", "label:genre"], "condition": "language", **SMALL},
    ],
    "clusterings": [
        {"algorithm": "kmeans", "n_clusters": 2, "n_init": 1},
        {"algorithm": "kmeans", "n_clusters": 2, "n_init": 1, "space": "pca2", "cells": ["pca*"]},
        {"algorithm": "agglomerative", "n_clusters": 2, "cells": ["pca*"]},
        {"algorithm": "dbscan", "eps": "knee", "min_samples": 2, "cells": ["pca*"]},
        {"algorithm": "hdbscan", "min_cluster_size": 2, "cells": ["pca*"]},
        {"algorithm": "gmm", "n_clusters": 2, "cells": ["pca*"]},
        {"algorithm": "spectral", "n_clusters": 2, "n_neighbors": 4, "cells": ["pca*"]},
        {"algorithm": "vade"},
    ],
    "evaluation": {"permutations": 1, "bootstrap": 100, "probes": [], "language": False, "labels": ["genre"]},
    "seeds": 2,
    "figures": {"maps": ["tsne"]},
}


@pytest.fixture(scope="module")
def done(tmp_path_factory: pytest.TempPathFactory) -> musaic.Run:
    folder = tmp_path_factory.mktemp("placed")
    corpus = write_tree(folder / "songs", per_cell=2, seconds=1.0)
    ids = [path.relative_to(corpus).as_posix() for path in sorted(corpus.rglob("*.wav"))]
    elsewhere = pd.DataFrame({"track_id": ids, "z_000": np.linspace(0, 1, len(ids)), "z_001": 0.5})
    elsewhere.to_csv(folder / "elsewhere.csv", index=False)
    far = {"name": "far", "model": "raw", "input": f"latents:{folder / 'elsewhere.csv'}", "seeds": 1}
    experiment = EXPERIMENT | {"cells": [*EXPERIMENT["cells"], far]}
    return run(experiment, corpus=corpus, out=folder / "run", cache=folder / "cache", workers=0)


@pytest.fixture
def own(done: musaic.Run, tmp_path: Path) -> musaic.Run:
    """Return a copy of the run to which songs can be added."""
    shutil.copytree(done.path, tmp_path / "run")
    return musaic.open_run(tmp_path / "run")


@pytest.fixture(scope="module")
def new(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder of songs in three scripts: one with words beside it, one without, one that is no sound."""
    folder = tmp_path_factory.mktemp("new")
    soundfile.write(folder / "গান নতুন.wav", sound("pop", 901, 1.0), 22050)
    (folder / "গান নতুন.txt").write_text(WORDS["bangla"], encoding="utf-8")
    soundfile.write(folder / "أغنية.wav", sound("लोक", 902, 1.0), 22050)
    (folder / "</script><img src=x onerror=alert(1)>.mp3".replace("/", "")).write_bytes(b"no sound " * 20)
    return folder


def place(done: musaic.Run, *files: Path, **options: object) -> Assigned:
    return assign(done, list(files), cache=done.path.parent / "cache", workers=0, **options)


def test_the_run_has_what_is_to_be_tested(done: musaic.Run) -> None:
    assert {cell["status"] for cell in done.cells} == {"done"}
    used = {clustering["algorithm"] for cell in done.cells for clustering in cell["clusterings"]}
    assert used == set(CLUSTERERS)


def test_a_song_of_the_run_is_where_it_was_though_the_corpus_is_gone(own: musaic.Run, tmp_path: Path) -> None:
    corpus = own.path.parent / "elsewhere"
    tracks = own.tracks.set_index("track_id")
    names = {}
    for number, audio in enumerate(sorted((done_corpus := corpus_of(tmp_path)).rglob("*.wav"))):
        copy = corpus / f"نسخة {number}.wav"
        copy.parent.mkdir(exist_ok=True)
        shutil.copy(audio, copy)
        names[str(copy)] = audio.relative_to(done_corpus).as_posix()
    found = place(own, *map(Path, names))
    assert found.songs["in_run"].all()
    assert dict(zip(found.songs["file"], found.songs["track_id"], strict=True)) == names
    assert set(names.values()) == set(tracks.index)
    for (cell, clustering), rows in found.table.groupby(["cell", "clustering"]):
        rows = rows.set_index("track_id")
        before = own.clusters(cell, clustering).loc[rows.index]
        assert rows["cluster"].tolist() == before["cluster"].tolist(), (cell, clustering)
        np.testing.assert_array_equal(rows["confidence"], before["confidence"])
        np.testing.assert_array_equal(np.stack(rows["latent"]), own.embedding(cell).loc[rows.index].to_numpy())
        where = own.map(cell, "tsne").loc[rows.index]
        np.testing.assert_array_equal(rows[["x_tsne", "y_tsne"]].to_numpy(np.float32), where[["x", "y"]])
    assert set(found.table["cell"]) | set(found.left_out) == {cell["cell"] for cell in own.cells}
    assert not own.assigned_folder.exists()


def corpus_of(tmp_path: Path) -> Path:
    """Return the same songs made anew elsewhere: the run's own folder is not looked at."""
    return write_tree(tmp_path / "again", per_cell=2, seconds=1.0)


def test_a_new_song_has_one_place_alone_in_company_and_in_another_process(done: musaic.Run, new: Path) -> None:
    together = place(done, new, keep=False)
    alone = place(done, new / "গান নতুন.wav", keep=False)
    song = alone.songs["track_id"].iloc[0]
    pd.testing.assert_frame_equal(
        alone.table, together.table[together.table["track_id"] == song].reset_index(drop=True), check_exact=True
    )
    cache = str(done.path.parent / "cache")
    command = [sys.executable, "-m", "musaic", "assign", str(done.path), str(new), "--no-keep", "--json", "--quiet"]
    command += ["--cache", cache, "--workers", "0"]
    other = subprocess.run(command, capture_output=True, text=True, check=True, encoding="utf-8")
    assert json.loads(other.stdout) == json.loads(json.dumps(together.plain()))
    assert not done.assigned_folder.exists()


def test_everything_is_said_of_a_new_song_and_the_reason_of_a_broken_one(done: musaic.Run, new: Path) -> None:
    found = place(done, new, new / "gone.wav", keep=False)
    songs = found.songs.set_index(found.songs["file"].map(lambda file: Path(file).suffix + Path(file).name[0]))
    assert songs.loc[".wavগ", ["title", "language", "language_source"]].tolist() == ["গান নতুন", "bangla", "lyrics"]
    assert pd.isna(songs.loc[".wavأ", "language"])
    assert songs.loc[".mp3<", "status"] == "unreadable"
    assert songs.loc[".wavg", "status"] == "missing"
    assert found.songs["reason"].notna().tolist() == (~found.songs["placed"]).tolist()
    assert found.songs["placed"].sum() == 2
    assert list(found.left_out) == [done.find_cell("far")]
    assert "elsewhere" in found.left_out[done.find_cell("far")]
    named = set(done.tracks["track_id"])
    for row in found.table.itertuples():
        assert 0 <= row.confidence <= 1
        assert set(row.neighbours) <= named
        assert len(row.neighbours) == min(12, len(done.embedding(row.cell)))
        assert (np.diff(row.distances) >= 0).all()
        near = done.map(row.cell, "tsne").loc[list(row.neighbours[:5])]
        assert near["x"].min() <= row.x_tsne <= near["x"].max()
        assert np.isnan(row.x_umap)
    assert set(found.table.loc[found.table["cell"] == done.find_cell("words"), "track_id"]) == {
        songs.loc[".wavগ", "track_id"]
    }
    for cell, rows in done.leaderboard.groupby("cell", sort=False):
        shown = found.table[
            (found.table["cell"] == cell) & (found.table["clustering"] == rows["clustering_id"].iloc[0])
        ]
        assert shown["name"].notna().all()


def test_the_same_sound_in_other_bytes_lies_where_its_like_lies(done: musaic.Run, tmp_path: Path) -> None:
    audio = sorted((corpus := done.path.parent / "songs").rglob("*.wav"))[0]
    samples, rate = soundfile.read(audio, dtype="int16")
    soundfile.write(tmp_path / "same.flac", samples, rate)
    found = place(done, tmp_path / "same.flac", cells=["pca-statistics", "conv2d"], keep=False)
    like = audio.relative_to(corpus).as_posix()
    assert not found.songs["in_run"].any()
    for row in found.table.itertuples():
        assert row.neighbours[0] == like
        assert row.distances[0] < 1e-3
        if "kmeans" in row.clustering:
            assert row.cluster == done.clusters(row.cell, row.clustering).loc[like, "cluster"]
        np.testing.assert_allclose(
            [row.x_tsne, row.y_tsne], done.map(row.cell, "tsne").loc[like, ["x", "y"]], atol=0.01
        )


def test_kept_once_and_nothing_that_stands_is_changed(own: musaic.Run, new: Path) -> None:
    before = {file: file.read_bytes() for file in own.path.rglob("*") if file.is_file()}
    first = place(own, new, cells=["pca-statistics"])
    assert len(first.kept) == 2
    files = {file: file.read_bytes() for file in own.assigned_folder.iterdir()}
    assert {file.stem for file in files} == set(first.table["content_id"])
    again = place(own, new, cells=["pca-statistics"])
    assert again.kept == again.notes == ()
    assert {file: file.read_bytes() for file in own.assigned_folder.iterdir()} == files
    standing = musaic.open_run(own.path).assigned
    place(own, new)
    whole = musaic.open_run(own.path).assigned
    assert len(whole) > len(standing)
    rows = whole[whole["cell"] == own.find_cell("pca-statistics")].reset_index(drop=True)
    pd.testing.assert_frame_equal(rows, standing, check_exact=True)
    assert not set(whole["track_id"]) & set(own.tracks["track_id"])
    assert all((own.path / audio).is_file() for audio in whole["audio"])
    assert all(file.read_bytes() == content for file, content in before.items())
    other = place(own, new / "أغنية.wav", labels={"language": "hindi"}, cells=["told"])
    assert other.kept == ()
    assert "as it was placed first" in other.notes[0]


def test_words_come_from_where_they_are_said_to_be(done: musaic.Run, new: Path, tmp_path: Path) -> None:
    from mutagen.flac import FLAC

    (tmp_path / "texts").mkdir()
    (tmp_path / "texts" / "أغنية.txt").write_text(WORDS["hindi"], encoding="utf-8")
    song = new / "أغنية.wav"
    for words in (tmp_path / "texts", tmp_path / "texts" / "أغنية.txt"):
        found = place(done, song, lyrics=words, cells=["words"], keep=False)
        assert found.songs["language"].tolist() == ["hindi"]
    with pytest.raises(UsageError, match="lyrics of one song, and 3 were named"):
        place(done, new, lyrics=tmp_path / "texts" / "أغنية.txt")
    soundfile.write(tmp_path / "x.flac", sound("pop", 903, 1.0), 22050)
    tagged = FLAC(tmp_path / "x.flac")
    tagged.update({"title": "নদী", "artist": "কেউ", "language": "ben", "genre": "POP"})
    tagged.save()
    said = place(done, tmp_path / "x.flac", cells=["pca-statistics"], keep=False).songs.iloc[0]
    assert said[["title", "artist", "language", "genre"]].tolist() == ["নদী", "কেউ", "bangla", "pop"]
    with pytest.raises(MusaicError, match="no cell of"):
        place(done, song, cells=["far"])


def test_lyrics_beside_songs_are_looked_for_once_and_are_each_song_s_own(
    done: musaic.Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    looked = []
    monkeypatch.setattr(
        arriving, "match_lyrics", lambda audio, lyrics: looked.append(audio) or match_lyrics(audio, lyrics)
    )
    for number in range(5):
        (tmp_path / f"গান {number}.mp3").write_bytes(b"none")
        (tmp_path / f"গান {number}.txt").write_text(f"আমার গান নদী {number}", "utf-8")
    files = [*sorted(tmp_path.glob("*.mp3")), tmp_path / "gone.mp3"]
    tracks = read_arrivals(files, load_experiment(done.experiment_file), done.tracks, workers=0).tracks
    assert tracks["lyrics_source"].tolist() == [*(f"গান {number}.txt" for number in range(5)), None]
    assert len(looked) == 2


def test_a_model_is_told_the_labels_that_are_given(done: musaic.Run, new: Path) -> None:
    song = new / "أغنية.wav"

    def latent(**labels: str) -> np.ndarray:
        return place(done, song, labels=labels, cells=["told"], keep=False).table["latent"].iloc[0]

    unknown, arabic = latent(), latent(language="Arabic")
    assert not np.array_equal(unknown, arabic)
    assert not np.array_equal(arabic, latent(language="arabic", genre="लोक"))
    with pytest.raises(UsageError, match="klingon"):
        latent(language="klingon")
    with pytest.raises(UsageError, match="did you mean 'language'"):
        latent(langauge="arabic")


def test_another_seed_has_its_own_clusters_and_no_map(done: musaic.Run, new: Path) -> None:
    found = place(done, new / "أغنية.wav", seed=1, keep=False)
    assert set(found.table["cell"]) == {done.find_cell("pca-statistics")}
    assert found.table["x_tsne"].isna().all()
    assert "it has no seed 1" in found.left_out[done.find_cell("words")]
    with pytest.raises(UsageError, match="no seed 7"):
        place(done, new, seed=7)


def test_the_command_ends_with_one_only_where_nothing_could_be_placed(
    own: musaic.Run, new: Path, tmp_path: Path, capsys: pytest.CaptureFixture
) -> None:
    cache = ["--cache", str(tmp_path / "cache"), "--workers", "0", "--cell", "pca-statistics"]
    assert invoke(["assign", str(own.path), str(new), str(tmp_path / "gone"), *cache]) == 0
    said = capsys.readouterr()
    assert "গান নতুন" in said.out
    assert "kept: 2 songs" in said.err
    assert invoke(["assign", str(own.path), str(tmp_path / "gone"), *cache]) == 1
    (tmp_path / "nothing").mkdir()
    assert invoke(["assign", str(own.path), str(tmp_path / "nothing"), *cache]) == 1
    assert "no audio file lies below it" in capsys.readouterr().out
    assert invoke(["assign", str(own.path), str(new), "--label", "genre"]) == 2
