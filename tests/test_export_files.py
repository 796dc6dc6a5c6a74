"""What is exported and read back is what the run holds, joined on track_id, in every format that is registered."""

from __future__ import annotations

import csv
import importlib
import io
import json
import os
import re
import zipfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

import musaic
from exported_run import LOST, PCA, TITLES, VAE, make_exported, set_cell
from musaic.cli import invoke
from musaic.errors import MusaicError, UsageError
from musaic.exports.registry import FORMATS
from musaic.features import FeatureConfig
from musaic.files import FORMULA, WRITING, content_id, guard, unguard
from musaic.listening.words import one_line
from musaic.runs import Run
from musaic.runs.archive import without_texts
from songs import write_tree
from tiny_pretrained import write_tiny_speech

FILE = {"zip": "x.zip"}


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Run:
    return make_exported(tmp_path_factory.mktemp("export") / "تجربة x")


@pytest.fixture(scope="module")
def exports(run: Run, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Return an export of the first cell in every format."""
    folder = tmp_path_factory.mktemp("formats")
    places = {name: folder / name / FILE.get(name, "") for name in FORMATS}
    for name, place in places.items():
        musaic.export(run, format=name, cell=PCA, out=place)
    return places


# What a stranger's program does to read each format: nothing of the package's own


def _without_quotes(value: object) -> object:
    return value[1:] if isinstance(value, str) and len(value) > 1 and _was_guarded(value) else value


def _was_guarded(value: str) -> bool:
    return value[0] == "'" and value.lstrip("'")[:1] in ("=", "+", "-", "@", "\t", "\r")


def _csv(text: str, name: str) -> pd.DataFrame:
    assert "\r" not in text.replace("\r\n", "") or name == "labels"
    kinds = str if name == "labels" else {"track_id": str}
    table = pd.read_csv(io.StringIO(text), keep_default_na=False, na_values=[""], dtype=kinds)
    texts = [column for column in table if not pd.api.types.is_numeric_dtype(table[column])]
    return table.assign(**{column: table[column].map(_without_quotes).astype(object) for column in texts})


def _columns(arrays: dict[str, np.ndarray]) -> pd.DataFrame:
    found = {name: pd.Series(array.tolist(), dtype=object) for name, array in arrays.items() if "missing:" not in name}
    for name in found:
        if f"missing:{name}" in arrays:
            found[name] = found[name].mask(arrays[f"missing:{name}"], None)
    return pd.DataFrame(found)


def read_npz(place: Path, name: str) -> pd.DataFrame:
    with np.load(place / f"{name}.npz", allow_pickle=False) as archive:
        kind = name.partition("/")[0]
        if kind not in archive:
            return _columns({key: archive[key] for key in archive.files})
        table = pd.DataFrame(archive[kind], columns=archive["columns"].tolist())
        return table.assign(track_id=archive["track_id"].tolist())


def read_npy(place: Path, name: str) -> pd.DataFrame:
    array = np.load(place / f"{name}.npy", allow_pickle=False)
    beside = json.loads((place / f"{name}-track_ids.json").read_text("utf-8"))
    if array.dtype.names:
        found = _columns({key: array[key] for key in array.dtype.names})
        assert found["track_id"].tolist() == beside["track_id"]
        return found
    return pd.DataFrame(array, columns=beside["columns"]).assign(track_id=beside["track_id"])


def read_zip(place: Path, name: str) -> pd.DataFrame:
    with zipfile.ZipFile(place) as archive:
        assert archive.testzip() is None
        return _csv(archive.read(f"{place.stem}/{name}.csv").decode("utf-8"), name)


def read_projector(place: Path, name: str) -> pd.DataFrame:
    ids = json.loads((place / "tensors-track_ids.json").read_text("utf-8"))["track_id"]
    vectors, header, rows = as_tensorboard_reads(place / "tensors.tsv", place / "metadata.tsv")
    assert len(vectors) == len(rows) == len(ids)
    if name.startswith("latents"):
        return pd.DataFrame(vectors, columns=[f"z_{d:03d}" for d in range(vectors.shape[1])]).assign(track_id=ids)
    table = pd.DataFrame(rows, columns=header, dtype=object)
    return table.assign(track_id=ids)


def as_tensorboard_reads(tensors: Path, metadata: Path) -> tuple[np.ndarray, list[str], list[list[str | None]]]:
    """Split at line feeds and tabs; lines of white space are skipped; no tab in the first line means no header."""
    lines = tensors.read_bytes().decode("utf-8").split("\n")
    numbers = [list(map(float, line.strip().split("\t"))) for line in lines if line.strip()]
    assert all(len(row) == len(numbers[0]) > 1 and np.isfinite(row).all() for row in numbers)
    head, *rest = metadata.read_bytes().decode("utf-8").split("\n")
    assert "\t" in head
    names = head.split("\t")
    rows = [[value or None for value in line.split("\t")] for line in rest if line.strip()]
    assert all(len(row) == len(names) for row in rows)
    return np.array(numbers, np.float32), names, rows


READERS: dict[str, Callable[[Path, str], pd.DataFrame]] = {
    "csv": lambda place, name: _csv((place / f"{name}.csv").read_bytes().decode("utf-8"), name),
    "npy": read_npy,
    "npz": read_npz,
    "parquet": lambda place, name: pd.read_parquet(place / f"{name}.parquet"),
    "projector": read_projector,
    "zip": read_zip,
}


def plain(value: object) -> object:
    return None if pd.isna(value) else value


def test_every_format_is_read_here() -> None:
    assert set(READERS) == set(FORMATS)


@pytest.mark.parametrize("name", sorted(FORMATS))
def test_latents_come_back(run: Run, exports: dict[str, Path], name: str) -> None:
    cell = run.find_cell(PCA)
    truth = run.embedding(cell, 0)
    found = READERS[name](exports[name], f"latents/{cell}/seed-0").set_index("track_id")
    assert found.index.is_unique
    lost = run.tracks["track_id"].iloc[LOST]
    if name == "projector":
        assert lost not in found.index
    else:
        assert found.index.tolist() == run.tracks["track_id"].tolist()
        assert found.loc[lost].isna().all()
    assert found.columns.tolist() == truth.columns.tolist()
    np.testing.assert_array_equal(found.loc[truth.index].to_numpy(np.float32), truth.to_numpy())


@pytest.mark.parametrize("name", sorted(FORMATS))
def test_labels_come_back_in_every_script_and_without_lyrics(run: Run, exports: dict[str, Path], name: str) -> None:
    found = READERS[name](exports[name], "labels").set_index("track_id")
    assert "lyrics" not in found
    assert "مزاج" in found
    truth = without_texts(run.tracks).set_index("track_id")
    for column in truth:
        if pd.api.types.is_numeric_dtype(truth[column]):
            continue
        values = [plain(value) for value in truth.loc[found.index, column]]
        if name == "projector":
            values = [one_line(str(value)) or None if value is not None else None for value in values]
        assert [plain(value) for value in found[column]] == values, column
    assert set(TITLES[:3]) <= set(found["title"])


@pytest.mark.parametrize("name", sorted(FORMATS))
def test_clusters_of_every_clustering_come_back(run: Run, exports: dict[str, Path], name: str) -> None:
    cell = run.find_cell(PCA)
    found = READERS[name](exports[name], f"clusters/{cell}/seed-0").set_index("track_id")
    entry = next(one for one in run.cells if one["cell"] == cell)
    for clustering in entry["clusterings"]:
        truth = run.clusters(cell, clustering["id"], 0)["cluster"].loc[found.index]
        assert found[clustering["id"]].astype(float).tolist() == truth.tolist()


def tree(place: Path) -> dict[str, bytes]:
    if place.is_file():
        return {"": place.read_bytes()}
    return {path.relative_to(place).as_posix(): path.read_bytes() for path in place.rglob("*") if path.is_file()}


@pytest.mark.parametrize("name", sorted(FORMATS))
def test_the_order_of_rows_in_the_run_changes_no_byte(exports: dict[str, Path], name: str, tmp_path: Path) -> None:
    other = make_exported(tmp_path / "تجربة x", order=5)
    place = tmp_path / "out" / FILE.get(name, "")
    musaic.export(other, format=name, cell=PCA, out=place)
    assert tree(place) == tree(exports[name])
    assert not list((tmp_path / "out").rglob(f"{WRITING}*"))


@pytest.mark.parametrize("name", sorted(set(FORMATS) - {"zip"}))
def test_the_manifest_names_every_file(run: Run, exports: dict[str, Path], name: str) -> None:
    manifest = json.loads((exports[name] / "manifest.json").read_text("utf-8"))
    assert {one["file"] for one in manifest["files"]} | {"manifest.json"} == set(tree(exports[name]))
    assert str(run.path.parent) not in json.dumps(manifest)
    kinds = {one["kind"] for one in manifest["files"]}
    assert kinds <= set(manifest["kinds"])
    if name != "projector":
        assert kinds == {"labels", "latents", "clusters", "maps", "features", "scores"}


def test_a_configuration_names_the_files_for_tensorboard(run: Run, tmp_path: Path) -> None:
    musaic.export(run, format="projector", cell="*", seed="all", out=tmp_path)
    text = (tmp_path / "projector_config.pbtxt").read_text("ascii")
    blocks = text.count("embeddings {")
    assert blocks == sum(len(cell["seeds"]) for cell in run.cells if cell["status"] == "done")
    for key in ("tensor_path", "metadata_path"):
        paths = [line.split('"')[1] for line in text.splitlines() if line.strip().startswith(f"{key}:")]
        assert len(set(paths)) == blocks
        assert all((tmp_path / path).is_file() for path in paths)


def test_the_projector_reads_the_same_of_tensorboardx(exports: dict[str, Path], tmp_path: Path) -> None:
    pytest.importorskip("tensorboardX")
    from tensorboardX import SummaryWriter

    vectors, header, rows = as_tensorboard_reads(
        exports["projector"] / "tensors.tsv", exports["projector"] / "metadata.tsv"
    )
    with SummaryWriter(str(tmp_path)) as writer:
        writer.add_embedding(
            vectors, metadata=[[v or "" for v in row] for row in rows], metadata_header=header, tag="x"
        )
    theirs = next(tmp_path.rglob("tensors.tsv"))
    again = as_tensorboard_reads(theirs, theirs.with_name("metadata.tsv"))
    np.testing.assert_array_equal(again[0], vectors)
    assert again[1:] == (header, rows)


def test_one_dimension_is_given_a_second_for_the_projector(run: Run, tmp_path: Path) -> None:
    other = make_exported(tmp_path / "run")
    file = other.embedding_file(other.find_cell(VAE), 0)
    pd.read_parquet(file)[["track_id", "split", "z_000"]].to_parquet(file, index=False)
    musaic.export(other, format="projector", cell=VAE, out=tmp_path / "out")
    vectors, _, _ = as_tensorboard_reads(tmp_path / "out" / "tensors.tsv", tmp_path / "out" / "metadata.tsv")
    assert vectors.shape[1] == 2
    assert not vectors[:, 1].any()


def test_variances_and_seeds_are_given_where_they_are_asked_for(run: Run, tmp_path: Path) -> None:
    musaic.export(run, what="latents", cell=VAE, seed="all", variance=True, out=tmp_path)
    cell = run.find_cell(VAE)
    for seed in (0, 1):
        raw = pd.read_parquet(run.embedding_file(cell, seed)).set_index("track_id")
        found = pd.read_parquet(tmp_path / f"variances/{cell}/seed-{seed}.parquet").set_index("track_id")
        pd.testing.assert_frame_equal(found, raw.loc[found.index, found.columns], check_index_type=False)
    with pytest.raises(UsageError, match="no variances"):
        musaic.export(run, what="latents", cell=PCA, variance=True, out=tmp_path)


@pytest.mark.parametrize("name", ["parquet", "csv", "npz"])
def test_exported_latents_can_be_the_input_of_a_cell(run: Run, exports: dict[str, Path], name: str) -> None:
    from musaic.experiment.latents import read_latents
    from musaic.experiment.modalities import LatentsInput

    cell = run.find_cell(PCA)
    ids = run.tracks["track_id"].tolist()
    found = read_latents(LatentsInput("x", str(exports[name] / f"latents/{cell}/seed-0.{name}")), ids)
    assert found.present.tolist() == [place != LOST for place in range(len(ids))]
    truth = run.embedding(cell, 0).reindex(ids).to_numpy()
    np.testing.assert_array_equal(found.values, truth)


@given(st.text(st.characters(exclude_categories=("Cs",))) | st.sampled_from(TITLES))
def test_no_text_is_a_formula_and_every_text_comes_back(text: str) -> None:
    assert not FORMULA.match(guard(text))
    assert unguard(guard(text)) == text
    assert guard(text) == text or FORMULA.match(text) or text.startswith("'")


def test_no_cell_of_a_csv_is_a_formula(exports: dict[str, Path]) -> None:
    with (exports["csv"] / "labels.csv").open(encoding="utf-8", newline="") as file:
        cells = [value for row in csv.reader(file) for value in row]
    assert not any(FORMULA.match(value) for value in cells)


# Of a corpus


@pytest.fixture(scope="module")
def corpus(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = write_tree(tmp_path_factory.mktemp("corpus") / "गीत", per_cell=1)
    (folder / "audio" / "hindi" / "pop" / "broken.wav").write_bytes(b"RIFF no sound")
    return folder


@pytest.mark.parametrize("name", sorted(FORMATS))
def test_features_of_a_corpus_come_back(corpus: Path, name: str, tmp_path: Path) -> None:
    place = tmp_path / "out" / FILE.get(name, "")
    given = ["mfcc_moments", "log_mel"]
    made = musaic.export(corpus, format=name, features=given, out=place, workers=0)
    config = FeatureConfig(names=("mfcc_moments", "log_mel"))
    measured = musaic.extract(musaic.read_corpus(corpus, workers=0), config, workers=0)
    truth = measured.get("mfcc_moments")
    rows = {track: row for row, track in enumerate(truth.track_ids)}
    if name == "projector":
        vectors, _, _ = as_tensorboard_reads(place / "tensors.tsv", place / "metadata.tsv")
        ids = json.loads((place / "tensors-track_ids.json").read_text("utf-8"))["track_id"]
        np.testing.assert_array_equal(vectors, truth.values[[rows[track] for track in ids]])
        assert len(ids) == truth.present.sum() == len(truth.track_ids) - 1
        return
    found = READERS[name](place, "features/mfcc_moments").set_index("track_id")
    values = truth.values[[rows[track] for track in found.index]]
    np.testing.assert_array_equal(found.to_numpy(np.float32), values)
    labels = READERS[name](place, "labels").set_index("track_id")
    assert labels.index.tolist() == found.index.tolist() == list(truth.track_ids)
    broken = next(track for track in labels.index if "broken" in track)
    assert labels.loc[broken, "status"] != "ok"
    frames = "features/log_mel.npz"
    assert frames in made.files
    raw = place.read_bytes() if name == "zip" else (place / frames).read_bytes()
    if name == "zip":
        with zipfile.ZipFile(io.BytesIO(raw)) as archive:
            raw = archive.read(f"{place.stem}/{frames}")
    with np.load(io.BytesIO(raw), allow_pickle=False) as archive:
        ids, offsets, values = archive["track_id"].tolist(), archive["offsets"], archive["values"]
    mel = measured.get("log_mel")
    assert values.dtype == np.float16
    for row, track in enumerate(ids):
        np.testing.assert_array_equal(values[offsets[row] : offsets[row + 1]], mel.track(rows[track]))


def test_features_of_a_run_are_measured_as_it_was_made_and_inside_its_corpus(corpus: Path, tmp_path: Path) -> None:
    songs = musaic.read_corpus(corpus, workers=0)
    folder = corpus.parent / "runs" / "x"
    outside = write_tree(tmp_path / "outside", per_cell=1)
    tracks = songs.tracks.copy()
    tracks.loc[0, "audio"] = os.path.relpath(next(outside.rglob("*.wav")), corpus)
    folder.mkdir(parents=True)
    tracks.to_parquet(folder / "tracks.parquet", index=False)
    (folder / "experiment.yaml").write_text("version: 1\nfeatures: {n_mfcc: 5, names: [statistics]}\n", "utf-8")
    (folder / "environment.json").write_text(json.dumps({"corpus_root": f"../../{corpus.name}"}), "utf-8")
    cells = [{"cell": "pca-00000000", "status": "done", "seeds": [0], "clusterings": []}]
    (folder / "cells.json").write_text(json.dumps({"cells": cells}), "utf-8")
    given = {"what": "labels", "cell": "pca", "features": "mfcc_moments", "workers": 0}
    musaic.export(folder, out=tmp_path / "out", **given)
    found = pd.read_parquet(tmp_path / "out" / "features" / "mfcc_moments.parquet").set_index("track_id")
    config = FeatureConfig(names=("mfcc_moments",), n_mfcc=5)
    truth = musaic.extract(songs, config, workers=0).get("mfcc_moments")
    assert found.index.tolist() == list(truth.track_ids)
    assert tuple(found.columns) == truth.dims
    np.testing.assert_array_equal(found.to_numpy()[1:], truth.values[1:])
    assert found.iloc[0].isna().all()


def test_a_feature_whose_name_is_a_path_stays_in_the_folder(corpus: Path, tmp_path: Path) -> None:
    pytest.importorskip("transformers")
    model = write_tiny_speech(tmp_path / "far" / "model")
    (model / "README.md").write_text("---\nlicense: cc-by-nc-4.0\n---\n", encoding="utf-8")
    out = tmp_path / "a" / "b" / "out"
    name = f"pretrained:{os.path.relpath(model)}"
    assert "/../" in f"/{name.partition(':')[2]}"
    before = {path for path in tmp_path.rglob("*") if path.is_file()}
    for form in ("npz", "csv", "projector"):
        made = musaic.export(corpus, format=form, what="features", features=name, out=out / form, workers=0)
        assert {path for path in tmp_path.rglob("*") if path.is_file() and not path.is_relative_to(out)} == before
        assert set(made.files) == set(tree(out / form))
        manifest = json.loads((out / form / "manifest.json").read_text("utf-8"))
        first = manifest["files"][0]
        assert first["feature"] == name
        assert first["pretrained"]["licence"] == "cc-by-nc-4.0"


def test_a_folder_holds_the_last_export_and_what_is_not_its(run: Run, tmp_path: Path) -> None:
    musaic.export(run, format="csv", what="latents", cell="*", out=tmp_path)
    old = [path for path in tmp_path.rglob("*.csv") if PCA not in str(path)]
    kept, *others = old
    kept.write_text("changed by hand\n", encoding="utf-8")
    (tmp_path / "mine.txt").write_text("my own\n", encoding="utf-8")
    outside = tmp_path.parent / "outside.txt"
    outside.write_text("of somebody\n", encoding="utf-8")
    manifest = json.loads((tmp_path / "manifest.json").read_text("utf-8"))
    manifest["files"].append({"file": "../outside.txt", "content_id": content_id(outside)})
    (tmp_path / "manifest.json").write_text(json.dumps(manifest), "utf-8")
    made = musaic.export(run, format="csv", what="latents", cell=PCA, out=tmp_path)
    assert others
    assert set(tree(tmp_path)) == {*made.files, "mine.txt", kept.relative_to(tmp_path).as_posix()}
    assert outside.exists()
    assert not any(path.is_dir() and not any(path.iterdir()) for path in tmp_path.rglob("*"))


# What cannot be


def test_what_cannot_be_is_told_in_one_sentence(
    run: Run, corpus: Path, tmp_path: Path, capsys: pytest.CaptureFixture
) -> None:
    waiting = set_cell(make_exported(tmp_path / "waiting"), VAE, status="pending")
    (tmp_path / "empty").mkdir()
    (tmp_path / "file").write_text("")
    told = {
        ("--format", "xlsx"): r"unknown format 'xlsx'.*csv, npy, npz, parquet, projector, zip",
        ("--cell", "nothing"): "unknown cell 'nothing'",
        ("--cell", "zzz*"): r"unknown cell 'zzz\*'",
        ("--seed", "9"): "has no seed 9; it has 0, 1",
        ("--seed", "x"): "seed is 'x'; give a number, or 'all'",
        ("--what", "lyrics"): "unknown part of a run 'lyrics'",
        ("--what", "labels", "--format", "projector"): "projector shows vectors",
        ("--what", "scores", "--format", "projector"): "projector cannot hold scores",
        ("--project", "x"): "--project means nothing here",
        ("--to", "excel"): "unknown tracker 'excel'.*mlflow, wandb",
        ("--to", "mlflow", "--project", "x"): "--project is none of mlflow's options",
        ("--to", "mlflow", "--format", "csv"): "--format means nothing here",
        ("--out", str(tmp_path / "file")): "is a file",
        ("--lyrics", "x"): "--lyrics means nothing here",
        ("--feature", "loudnes"): "unknown feature 'loudnes'",
    }
    for arguments, words in told.items():
        assert invoke(["export", str(run.path), *arguments]) == 2, arguments
        said = capsys.readouterr().err.strip()
        assert re.search(words, said), (arguments, said)
        assert "\n" not in said
    told = {
        (str(waiting.path), "--cell", VAE): "is pending; name one that is done",
        (str(tmp_path / "gone"),): "there is nothing at",
        (str(tmp_path / "empty"),): "empty",
        (str(corpus), "--what", "latents"): "unknown part of a corpus 'latents'",
        (str(corpus), "--cell", "x"): "cell is for a run folder",
        (str(corpus), "--to", "mlflow"): "is not a run folder",
    }
    for arguments, words in told.items():
        assert invoke(["export", *arguments]) == 2, arguments
        said = capsys.readouterr().err.strip()
        assert words in said, (arguments, said)
        assert "\n" not in said


def test_nothing_half_is_left_where_the_run_is_damaged(tmp_path: Path) -> None:
    run = make_exported(tmp_path / "run")
    run.map_file(run.find_cell(PCA), "umap").write_bytes(b"no parquet")
    with pytest.raises(MusaicError, match=r"cannot read .*umap"):
        musaic.export(run, format="zip", cell=PCA, out=tmp_path / "out" / "x.zip")
    assert not list((tmp_path / "out").iterdir())
    with pytest.raises(MusaicError, match=r"cannot read .*umap"):
        musaic.export(run, format="csv", cell=PCA, out=tmp_path / "csv")
    assert not (tmp_path / "csv" / "manifest.json").exists()
    assert not list((tmp_path / "csv").rglob(f"{WRITING}*"))


def test_a_track_that_the_corpus_lacks_is_no_silent_loss(tmp_path: Path) -> None:
    run = make_exported(tmp_path / "run")
    file = run.embedding_file(run.find_cell(PCA), 0)
    table = pd.read_parquet(file)
    table.loc[0, "track_id"] = "nobody.mp3"
    table.to_parquet(file, index=False)
    with pytest.raises(MusaicError, match=r"'nobody\.mp3'"):
        musaic.export(run, what="latents", cell=PCA, out=tmp_path / "out")


def test_the_command_says_where_it_is(run: Run, tmp_path: Path, capsys: pytest.CaptureFixture) -> None:
    assert invoke(["export", str(run.path), "--format", "npz", "--out", str(tmp_path / "o"), "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert sorted(told["files"]) == sorted(tree(tmp_path / "o"))
    assert told["cells"] == [[run.leaderboard["cell"].iloc[0], 0]]


def test_a_format_is_one_file_and_one_line() -> None:
    for name, module in FORMATS.items():
        assert module.rpartition(".")[2] == name
        assert importlib.import_module(module).FORMAT.about
