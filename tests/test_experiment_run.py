"""From a folder of songs to a run folder: complete, believable, resumable, the same every time."""

from __future__ import annotations

import hashlib
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import musaic
from musaic.cli import invoke
from musaic.experiment import load_experiment
from musaic.experiment.runner import run
from songs import GENRES, WORDS, write_tree

TINY = {
    "version": 1,
    "name": "tiny",
    "cells": [
        {"model": "raw", "input": "mfcc_moments"},
        {"model": "pca", "input": "statistics"},
        {"model": "raw", "input": ["mfcc_moments", "descriptions"]},
        {"model": "pca", "input": ["statistics", "lyrics"], "without": {"lyrics": "language"}},
        {"model": "basic-vae", "input": ["statistics", "lyrics"], "training": {"epochs": 3}, "latent_dim": 2},
    ],
    "clusterings": [{"algorithm": "kmeans", "n_clusters": ["labels:genre", "auto"], "n_init": 2}],
    "evaluation": {"permutations": 20, "bootstrap": 100},
    "seeds": 2,
    "figures": {"maps": ["tsne"]},
}
TIMES = {"timings.json"}


@pytest.fixture(scope="module")
def songs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_tree(tmp_path_factory.mktemp("songs"))


@pytest.fixture(scope="module")
def cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("cache")


@pytest.fixture(scope="module")
def done(songs: Path, cache: Path, tmp_path_factory: pytest.TempPathFactory) -> musaic.Run:
    return run(TINY, corpus=songs, out=tmp_path_factory.mktemp("run") / "tiny", cache=cache, workers=0)


def fingerprint(folder: Path) -> dict[str, str]:
    """Return what must not differ between equal runs: every file's hash, times left out."""
    prints = {}
    for path in sorted(folder.rglob("*")):
        name = path.relative_to(folder).as_posix()
        if path.is_file() and name not in TIMES:
            data = path.read_bytes()
            if name == "leaderboard.csv":
                data = pd.read_csv(path).drop(columns="seconds").to_csv().encode()
            prints[name] = hashlib.blake2b(data).hexdigest()
    return prints


def test_the_folder_holds_what_it_promises(done: musaic.Run) -> None:
    there = {path.relative_to(done.path).parts[0] for path in done.path.rglob("*") if path.is_file()}
    assert there >= {
        *("experiment.yaml", "environment.json", "cells.json", "timings.json", "tracks.parquet", "descriptors.parquet"),
        *("models", "embeddings", "clusters", "clusterers", "maps", "scores.parquet", "leaderboard.csv"),
        *("leaderboard.md", "verdict.json"),
    }
    for cell in done.cells:
        assert cell["status"] == "done"
        for seed in cell["seeds"]:
            folder = done.model_folder(cell["cell"], seed)
            assert (folder / "config.json").is_file()
            assert (folder / "model.safetensors").is_file()
            assert (folder / "history.csv").is_file() == (cell["model"] == "basic-vae")
            for clustering in cell["clusterings"]:
                assert done.clusters_file(cell["cell"], seed, clustering["id"]).is_file()


def test_the_leaderboard_is_the_agreed_table(done: musaic.Run) -> None:
    columns = [
        *("cell", "model", "input", "modality", "clustering", "params", "space", "n_clusters", "label", "n_labelled"),
        *("seeds", "silhouette", "silhouette_sd", "calinski_harabasz", "calinski_harabasz_sd", "davies_bouldin"),
        *("davies_bouldin_sd", "ari", "ari_sd", "ami", "ami_sd", "nmi", "nmi_sd", "purity", "purity_sd"),
        *("silhouette_ref", "calinski_harabasz_ref", "davies_bouldin_ref", "ari_chance", "nmi_chance", "majority"),
        *("coverage", "noise_policy", "stability", "labels_used", "leaked", "collapsed", "active_units", "seconds"),
    ]
    table = done.leaderboard
    assert list(table.columns[: len(columns)]) == columns
    assert set(table["label"]) == {"genre", "language"}
    assert len(table) == 5 * 2 * 2
    assert (table["seeds"] == 2).all()
    told = table["input"] == "statistics+lyrics without language"
    assert told.sum() == 4
    assert (table["leaked"] == (told & (table["label"] == "language"))).all()  # it was told the language
    assert done.leaderboard_text_file.read_text(encoding="utf-8").startswith(done.verdict)


def test_rows_are_joined_by_track_id(done: musaic.Run) -> None:
    ids = set(done.tracks["track_id"])
    assert len(ids) == 24
    for cell in done.cells:
        embedding = done.embedding(cell["cell"])
        assert set(embedding.index) == ids
        assert np.isfinite(embedding.to_numpy()).all()
        for clustering in cell["clusterings"]:
            assert set(done.clusters(cell["cell"], clustering["id"]).index) == ids


def test_genres_that_sound_apart_are_found(done: musaic.Run) -> None:
    table = done.leaderboard
    pca = table[(table["input"] == "statistics") & (table["label"] == "genre") & (table["n_clusters"] == len(GENRES))]
    assert (pca["ari"] > 0.5).all()
    assert (table["ari_chance"].abs() < 0.2).all()


def test_saved_models_and_clusters_give_the_same_again(done: musaic.Run, songs: Path, cache: Path) -> None:
    from musaic.clustering import SpacedClusterer
    from musaic.models.registry import from_state
    from musaic.runs.state import load_state

    corpus = musaic.read_corpus(songs)
    features = musaic.extract(corpus, load_experiment(TINY).features, cache=cache, workers=0)
    cell = done.find_cell("pca-statistics")
    model = from_state(*load_state(done.model_folder(cell, 1)))
    Z = model.transform({"statistics": features.get("statistics").values})
    saved = done.embedding(cell, 1).loc[list(features.track_ids)].to_numpy()
    np.testing.assert_array_equal(Z, saved)
    clustering = next(entry["id"] for entry in done.cells if entry["cell"] == cell for entry in entry["clusterings"])
    clusterer = SpacedClusterer.from_state(*load_state(done.clusterer_folder(cell, 1, clustering), name="clusterer"))
    labels = done.clusters(cell, clustering, 1).loc[list(features.track_ids), "cluster"]
    np.testing.assert_array_equal(clusterer.assign(Z).labels, labels)


def test_workers_and_cache_change_no_byte(done: musaic.Run, songs: Path, tmp_path: Path) -> None:
    other = run(TINY, corpus=songs, out=tmp_path / "tiny", cache=tmp_path / "cache", workers=2)
    before, after = fingerprint(done.path), fingerprint(other.path)
    # Only where the corpus lies, as seen from the run folder, may differ.
    before.pop("environment.json"), after.pop("environment.json")
    assert before == after


def test_a_second_run_does_nothing_again(done: musaic.Run, songs: Path, cache: Path) -> None:
    written = {path: path.stat().st_mtime_ns for path in done.path.rglob("*.safetensors")}
    before = fingerprint(done.path)
    run(TINY, corpus=songs, out=done.path, cache=cache, workers=0)
    assert {path: path.stat().st_mtime_ns for path in done.path.rglob("*.safetensors")} == written
    assert fingerprint(done.path) == before


SCRIPT = """
import json, sys
from pathlib import Path
from musaic.experiment.runner import run
if __name__ == "__main__":
    experiment, corpus, out, cache = sys.argv[1:]
    run(json.loads(experiment), corpus=corpus, out=out, cache=Path(cache), workers=2)
"""


@pytest.mark.slow
def test_killed_at_any_moment_it_ends_with_the_same_bytes(done: musaic.Run, songs: Path, tmp_path: Path) -> None:
    import json

    script = tmp_path / "script.py"
    script.write_text(SCRIPT)
    command = [
        sys.executable,
        str(script),
        json.dumps(TINY),
        str(songs),
        str(tmp_path / "tiny"),
        str(tmp_path / "cache"),
    ]
    for kill in range(12):
        process = subprocess.Popen(command, start_new_session=True)
        deadline = time.monotonic() + 2.0 + 1.5 * kill
        while process.poll() is None and time.monotonic() < deadline:
            time.sleep(0.02)
        if process.poll() is not None:
            break
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()
    subprocess.run(command, check=True)
    after = fingerprint(tmp_path / "tiny")
    before = fingerprint(done.path)
    before.pop("environment.json"), after.pop("environment.json")
    assert {name: value for name, value in after.items() if ".writing-" not in name} == before


def test_only_some_cells_then_the_rest(done: musaic.Run, songs: Path, cache: Path, tmp_path: Path) -> None:
    first = run(TINY, corpus=songs, out=tmp_path / "tiny", cache=cache, workers=0, only=["pca*"])
    assert {cell["model"]: cell["status"] for cell in first.cells} == {
        "raw": "pending",
        "pca": "done",
        "basic-vae": "pending",
    }
    assert set(first.leaderboard["model"]) == {"pca"}
    rest = run(TINY, corpus=songs, out=tmp_path / "tiny", cache=cache, workers=0)
    before, after = fingerprint(done.path), fingerprint(rest.path)
    before.pop("environment.json"), after.pop("environment.json")
    assert before == after


def test_another_experiment_is_refused_and_the_key_is_named(done: musaic.Run, songs: Path, cache: Path) -> None:
    with pytest.raises(musaic.UsageError, match=r"features\.duration.*--out"):
        run({**TINY, "features": {"duration": 1.0}}, corpus=songs, out=done.path, cache=cache, workers=0)


def test_a_changed_corpus_is_refused(done: musaic.Run, songs: Path, cache: Path, tmp_path: Path) -> None:
    changed = shutil.copytree(songs, tmp_path / "songs")
    next(changed.rglob("*.wav")).unlink()
    copy = shutil.copytree(done.path, tmp_path / "run")
    with pytest.raises(musaic.UsageError, match="1 removed"):
        run(TINY, corpus=changed, out=copy, cache=cache, workers=0)


def test_a_folder_with_other_things_is_left_alone(songs: Path, cache: Path, tmp_path: Path) -> None:
    (tmp_path / "diary.txt").write_text("mine")
    with pytest.raises(musaic.UsageError, match="other things"):
        run(TINY, corpus=songs, out=tmp_path, cache=cache, workers=0)
    assert os.listdir(tmp_path) == ["diary.txt"]


def test_songs_without_any_label(songs: Path, cache: Path, tmp_path: Path) -> None:
    flat = tmp_path / "flat"
    flat.mkdir()
    for number, path in enumerate(sorted(songs.rglob("*.wav"))):
        shutil.copy(path, flat / f"{number}.wav")
    found = run(TINY, corpus=flat, out=tmp_path / "run", cache=cache, workers=0)
    table = found.leaderboard
    assert table["label"].isna().all()
    assert table["ami"].isna().all()
    assert table["stability"].notna().all()
    assert table["silhouette_ref"].notna().all()
    assert found.verdict


def test_bad_files_are_named_and_nothing_else_is_lost(songs: Path, cache: Path, tmp_path: Path) -> None:
    root = shutil.copytree(songs, tmp_path / "songs")
    genre = root / "audio" / "arabic" / "pop"
    (genre / "arabic_901_فارغ.mp3").write_bytes(b"")
    (genre / "arabic_902_نص.mp3").write_text("this is no music at all, only words " * 50)
    (genre / "arabic_903.mp3").mkdir()
    (genre / "arabic_904_gone.mp3").symlink_to(tmp_path / "nowhere.mp3")
    found = run(TINY, corpus=root, out=tmp_path / "run", cache=cache, workers=0)
    tracks = found.tracks.set_index("track_id")
    broken = tracks[tracks["status"] != "ok"]
    assert len(tracks) == 28 - (len(tracks) == 27)  # a folder that is named like a song is no track, or a broken one
    assert len(broken) == len(tracks) - 24
    assert broken["reason"].str.len().gt(10).all()
    for cell in found.cells:
        assert cell["status"] == "done"
        assert set(found.embedding(cell["cell"]).index) == set(tracks.index[tracks["status"] == "ok"])


def test_lyrics_alone_are_a_corpus(cache: Path, tmp_path: Path) -> None:
    rows = [
        {"track_id": f"{language}-{n}", "language": language, "lyrics": " ".join(words.split()[n % 3 :]) + f" {n}"}
        for language, words in WORDS.items()
        for n in range(6)
    ]
    pd.DataFrame(rows).to_csv(tmp_path / "words.csv", index=False)
    experiment = {
        **TINY,
        "cells": [{"model": "pca", "input": "lyrics"}, *TINY["cells"]],
        "clusterings": [{"algorithm": "kmeans", "n_clusters": "labels:language"}],
    }
    found = run(experiment, corpus=tmp_path / "words.csv", out=tmp_path / "run", cache=cache, workers=0)
    status = {(cell["model"], "+".join(cell["input"])): cell["status"] for cell in found.cells}
    assert status == {
        ("pca", "lyrics"): "done",
        ("raw", "mfcc_moments"): "skipped",
        ("raw", "mfcc_moments+descriptions"): "skipped",
        ("pca", "statistics"): "skipped",
        ("pca", "statistics+lyrics"): "skipped",
        ("basic-vae", "statistics+lyrics"): "skipped",
    }
    best = found.leaderboard.iloc[0]
    assert (best["label"], best["coverage"]) == ("language", 1.0)
    assert best["ari"] > 0.8


def test_a_failing_cell_stops_no_other(
    songs: Path, cache: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from musaic.models.baselines import Pca

    def fall(*_: object) -> None:
        raise RuntimeError("the stars were wrong")

    monkeypatch.setattr(Pca, "_fit", fall)
    found = run(TINY, corpus=songs, out=tmp_path / "run", cache=cache, workers=0)
    by_model = {cell["model"]: cell for cell in found.cells}
    assert by_model["pca"]["status"] == "failed"
    assert "the stars were wrong" in by_model["pca"]["reason"]
    assert by_model["raw"]["status"] == by_model["basic-vae"]["status"] == "done"
    assert set(found.leaderboard["model"]) == {"raw", "basic-vae"}


def test_a_failing_clustering_or_space_stops_no_other(
    songs: Path, cache: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from musaic.clustering.projection import Components
    from musaic.experiment import scoring

    clusterings = [
        {"algorithm": "kmeans", "n_clusters": 2, "n_init": 1, "space": ["latent", {"kind": "pca", "n_components": 2}]},
        {"algorithm": "gmm", "n_clusters": 2, "n_init": 1},
    ]
    asked = {**TINY, "clusterings": clusterings, "figures": {"maps": []}}

    def make(config: object, *given: object, **more: object) -> object:
        if getattr(config, "algorithm", "") == "gmm":
            raise np.linalg.LinAlgError("the stars were wrong")
        return build(config, *given, **more)

    def fall(*_: object, **__: object) -> None:
        raise RuntimeError("no star was there")

    build = scoring.build
    again = {"corpus": songs, "out": tmp_path / "run", "cache": cache, "workers": 0, "only": ["pca-statistics"]}
    with monkeypatch.context() as patch:
        patch.setattr(scoring, "build", make)
        patch.setattr(Components, "fit_transform", fall)
        [cell] = [cell for cell in run(asked, **again).cells if cell["status"] == "done"]
    assert [(one["algorithm"], one["space"]) for one in cell["clusterings"]] == [("kmeans", "latent")]
    assert "no gmm in the latent space: the stars were wrong" in cell["reason"]
    assert "no kmeans in the pca2 space: its space cannot be made: no star was there" in cell["reason"]
    mended = run(asked, **again)
    alone = run(asked, **{**again, "out": tmp_path / "alone"})
    assert fingerprint(mended.path).items() >= fingerprint(alone.path).items()


def test_the_command_line_runs_it_all(songs: Path, cache: Path, tmp_path: Path, capsys: pytest.CaptureFixture) -> None:
    from musaic.config import to_yaml

    (tmp_path / "tiny.yaml").write_text(to_yaml(TINY), encoding="utf-8")
    command = ["run", str(tmp_path / "tiny.yaml"), "--corpus", str(songs), "--out", str(tmp_path / "run")]
    command += ["--cache", str(cache), "--workers", "0", "--only", "pca*"]
    assert invoke(command) == 0
    said = capsys.readouterr()
    assert "report: " in said.out
    page = tmp_path / "run" / "report.html"
    assert "हिन्दी" in page.read_text(encoding="utf-8") or "लोक" in page.read_text(encoding="utf-8")
    first = page.read_bytes()
    assert invoke(["report", str(tmp_path / "run")]) == 0
    assert page.read_bytes() == first


def test_cells_done_before_stay_done(songs: Path, cache: Path, tmp_path: Path) -> None:
    for only in ("pca*", "raw*"):
        found = run(TINY, corpus=songs, out=tmp_path / "run", cache=cache, workers=0, only=[only])
    assert {cell["model"]: cell["status"] for cell in found.cells} == {
        "raw": "done",
        "pca": "done",
        "basic-vae": "pending",
    }
    assert set(found.leaderboard["model"]) == {"raw", "pca"}


@pytest.mark.parametrize(
    ("change", "only", "named"),
    [
        ({"cells": [{"model": "pca", "input": "statistic"}]}, (), "'statistics'"),
        ({"evaluation": {"labels": ["gerne"]}}, (), "'gerne'.*'genre'"),
        ({"clusterings": [{"algorithm": "kmeans", "n_clusters": "labels:mood"}]}, (), "'mood'"),
        ({}, ["nothing*"], "matches no cell"),
    ],
)
def test_what_can_be_known_to_be_wrong_leaves_no_folder(
    songs: Path, cache: Path, tmp_path: Path, change: dict, only: list[str], named: str
) -> None:
    with pytest.raises(musaic.UsageError, match=named):
        run({**TINY, **change}, corpus=songs, out=tmp_path / "run", cache=cache, workers=0, only=only)
    assert not (tmp_path / "run").exists()


def test_changed_labels_are_noticed(songs: Path, cache: Path, tmp_path: Path) -> None:
    ids = [f"audio/{path.relative_to(songs / 'audio').as_posix()}" for path in sorted(songs.rglob("*.wav"))]
    moods = pd.DataFrame({"track_id": ids, "mood": ["glad", "sad"] * 12})
    moods.to_csv(tmp_path / "moods.csv", index=False)
    experiment = {**TINY, "corpus": {"labels": [str(tmp_path / "moods.csv")]}}
    only = {"corpus": songs, "out": tmp_path / "run", "cache": cache, "workers": 0, "only": ["pca*"]}
    run(experiment, **only)  # type: ignore[arg-type]
    moods.rename(columns={"mood": "feeling"}).to_csv(tmp_path / "moods.csv", index=False)
    with pytest.raises(musaic.UsageError, match=r"feeling, mood.*--out"):
        run(experiment, **only)  # type: ignore[arg-type]
    moods.assign(mood="glad").to_csv(tmp_path / "moods.csv", index=False)
    with pytest.raises(musaic.UsageError, match="12 changed"):
        run(experiment, **only)  # type: ignore[arg-type]


def test_a_run_can_be_started_over_even_after_a_kill(songs: Path, cache: Path, tmp_path: Path) -> None:
    options = {"corpus": songs, "out": tmp_path / "run", "cache": cache, "workers": 0, "only": ["pca*"]}
    run(TINY, **options)  # type: ignore[arg-type]
    before = fingerprint(tmp_path / "run")
    (tmp_path / "run" / "experiment.yaml").unlink()
    (tmp_path / "run" / "models" / ".writing-abc").mkdir()
    run(TINY, **options, force=True)  # type: ignore[arg-type]
    assert fingerprint(tmp_path / "run") == before


def test_the_experiment_in_the_folder_runs_again_by_itself(
    songs: Path, cache: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    options = {"cache": cache, "workers": 0, "only": ["pca*"]}
    first = run(TINY, corpus=songs, out=tmp_path / "a", **options)  # type: ignore[arg-type]
    monkeypatch.chdir("/")
    again = run(first.experiment_file, out=tmp_path / "b", **options)  # type: ignore[arg-type]
    assert fingerprint(first.path) == fingerprint(again.path)


def test_a_damaged_run_is_one_sentence(done: musaic.Run, songs: Path, cache: Path, tmp_path: Path) -> None:
    copy = shutil.copytree(done.path, tmp_path / "run")
    (copy / "tracks.parquet").write_bytes(b"PAR1 and then nothing")
    with pytest.raises(musaic.MusaicError, match=r"tracks\.parquet.*--force"):
        run(TINY, corpus=songs, out=copy, cache=cache, workers=0)


def test_copies_of_a_song_are_one_group(songs: Path, cache: Path, tmp_path: Path) -> None:
    from musaic.experiment.inputs import gather_inputs

    root = shutil.copytree(songs, tmp_path / "songs")
    original = sorted(root.rglob("*.wav"))[0]
    shutil.copy(original, original.with_name("arabic_999_again.wav"))
    corpus = musaic.read_corpus(root)
    experiment = load_experiment(TINY)
    features = musaic.extract(corpus, experiment.features, cache=cache, workers=0)
    inputs = gather_inputs(corpus, features, experiment, musaic.Run(tmp_path / "run"))
    groups = dict(zip(inputs.track_ids, inputs.groups, strict=True))
    same = [
        groups[path.relative_to(root).as_posix()] for path in (original, original.with_name("arabic_999_again.wav"))
    ]
    assert same[0] == same[1]
    assert len(set(groups.values())) == 24


def test_nothing_to_learn_from_is_a_failure(tmp_path: Path, cache: Path, capsys: pytest.CaptureFixture) -> None:
    (tmp_path / "songs").mkdir()
    for number in range(3):
        (tmp_path / "songs" / f"{number}.mp3").write_text("only words " * 100)
    command = ["run", "default", "--corpus", str(tmp_path / "songs"), "--out", str(tmp_path / "run")]
    assert invoke([*command, "--cache", str(cache), "--workers", "0"]) == 1
    assert "nothing could be learned" in capsys.readouterr().err


def test_a_model_that_cannot_be_had_is_told_before_anything_is_done(
    songs: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture
) -> None:
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    setting = "lyrics.encoder=sentence-transformers:nobody/has-this-model"
    command = ["run", "default", "--corpus", str(songs), "--out", str(tmp_path / "run"), "--set", setting]
    assert invoke([*command, "--cache", str(tmp_path / "cache")]) == 1
    told = capsys.readouterr().err.strip().splitlines()[-1]
    assert "nobody/has-this-model" in told
    assert "hf download" in told
    assert not (tmp_path / "run").exists()
