"""A run in MLflow and W&B is the run: honest names, nothing twice, and what was broken off goes on."""

from __future__ import annotations

import contextlib
import dataclasses
import importlib.util
import json
import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

import musaic
from exported_run import COLLAPSED, LEAKED, PCA, VAE, make_exported
from musaic.errors import MusaicError, UsageError
from musaic.exports.of_run import choose
from musaic.exports.registry import TRACKERS
from musaic.exports.tracked import FIRST, TrackedRun, tracked_runs
from musaic.exports.trackers.mlflow import CONTENT, ID, LONGEST_KEY, send
from musaic.files import remove
from musaic.progress import SILENT, Advance, Reporter
from musaic.runs import Run


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Run:
    return make_exported(tmp_path_factory.mktemp("track") / "تجربة")


class Broken(Reporter):
    """Breaks off after some steps, as Ctrl-C does."""

    steps = 3

    @contextlib.contextmanager
    def bar(self, label: str, total: int) -> Iterator[Advance]:
        left = iter(range(self.steps))

        def advance(steps: int) -> None:
            if next(left, None) is None:
                raise KeyboardInterrupt

        yield advance


def test_names_are_honest(run: Run) -> None:
    found = {one.name: one for one in tracked_runs(run, choose(run, ("*",), ("all",)))}
    done = [cell for cell in run.cells if cell["status"] == "done"]
    assert len(found) == 1 + sum(len(cell["seeds"]) for cell in done)
    assert len({one.key for one in found.values()}) == len(found)
    leaked = found[f"{run.find_cell(LEAKED)} seed 0"]
    assert leaked.tags["leaked"] == "genre"
    of_genre = [name for name in leaked.metrics if "/genre/" in name]
    assert of_genre
    assert all(name.startswith("leaked/") for name in of_genre)
    assert not any("leaked" in name for name in found[f"{run.find_cell(VAE)} seed 0"].metrics)
    collapsed = found[f"{run.find_cell(COLLAPSED)} seed 1"]
    assert collapsed.tags["collapsed"] == "true"
    assert not any(name.startswith(FIRST) for name in collapsed.metrics)
    honest = found[f"{run.find_cell(PCA)} seed 0"]
    assert any(name.startswith(f"{FIRST}/genre/") for name in honest.metrics)
    assert {"model.n_components", "seed", "model"} <= set(honest.params)
    whole = found[run.path.name]
    assert not whole.metrics
    assert "ffffffff" in whole.tags["failed_cells"]


def test_scores_are_those_of_the_run(run: Run) -> None:
    scores = pd.read_parquet(run.scores_file)
    cell = run.find_cell(PCA)
    one = next(one for one in tracked_runs(run, choose(run, (PCA,), (1,))) if one.params.get("cell") == cell)
    for row in scores[(scores["cell"] == cell) & (scores["seed"] == 1)].to_dict("records"):
        assert one.metrics[f"{row['clustering_id']}/{row['label']}/ami"] == row["ami"]
        assert one.metrics[f"{row['clustering_id']}/silhouette"] == row["silhouette"]


def test_what_a_run_is_known_by_is_its_results_and_not_its_place(run: Run, tmp_path: Path) -> None:
    other = make_exported(tmp_path / "elsewhere", order=0)
    one, two = (
        {found.name: found.key for found in tracked_runs(each, choose(each, (PCA,), (0,)))} for each in (run, other)
    )
    name = f"{run.find_cell(PCA)} seed 0"
    assert one[name] == two[name]


def test_one_experiment_on_other_songs_is_another_run_and_an_added_report_the_same(tmp_path: Path) -> None:
    def whole(of: Run) -> TrackedRun:
        return tracked_runs(of, choose(of, (PCA,), (0,)))[0]

    run = make_exported(tmp_path / "run")
    first = whole(run)
    (run.path / "report.html").write_text("<p>new</p>", encoding="utf-8")
    assert whole(run).key == first.key
    assert whole(run).content != first.content
    assert not first.params  # what a tracker never changes
    assert first.tags["n_tracks"] == "30"
    embedding = run.embedding_file(run.find_cell(VAE), 1)
    table = pd.read_parquet(embedding)
    table.assign(z_000=table["z_000"] + 1).to_parquet(embedding, index=False)
    assert whole(run).key != first.key


# MLflow, with a folder


def test_mlflow_has_everything_once(run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("mlflow")
    uri = str(tmp_path / "mlruns")
    given: dict[str, Any] = {"cell": [PCA, VAE], "seed": "all", "tracking_uri": uri}
    with pytest.raises(KeyboardInterrupt):
        musaic.track(run, "mlflow", **given, reporter=Broken())
    told = musaic.track(run, "mlflow", **given)
    assert "1 new, 0 completed, 4 there already" in told
    assert "0 new, 0 completed, 5 there already" in musaic.track(run, "mlflow", **given)

    monkeypatch.setenv("MLFLOW_ALLOW_FILE_STORE", "true")
    from mlflow import MlflowClient

    client = MlflowClient(uri)
    experiment = client.get_experiment_by_name(run.path.name)
    found = {one.info.run_name: one for one in client.search_runs([experiment.experiment_id])}
    assert len(found) == 5
    cell = run.find_cell(VAE)
    one = found[f"{cell} seed 0"]
    assert one.info.status == "FINISHED"
    assert one.data.params["model"] == "basic-vae"
    assert one.data.tags["mlflow.parentRunId"] == found[run.path.name].info.run_id
    assert one.data.tags["musaic.library.torch"] == "2.13.0"
    history = pd.read_csv(run.model_folder(cell, 0) / "history.csv")

    def points() -> dict[int, float]:
        listed = client.get_metric_history(one.info.run_id, "val_loss")
        assert len({point.step for point in listed}) == len(listed)
        return {point.step: point.value for point in listed}

    assert points() == dict(zip(history["epoch"], history["val_loss"], strict=True))
    mine = next(each for each in tracked_runs(run, choose(run, (VAE,), (0,))) if each.params.get("cell") == cell)
    assert all(one.data.metrics[name] == value for name, value in mine.metrics.items())
    assert {file.path for file in client.list_artifacts(one.info.run_id)} == {"history.csv", "figures"}
    whole = {file.path for file in client.list_artifacts(found[run.path.name].info.run_id)}
    assert {"leaderboard.csv", "experiment.yaml", "verdict.json", "figures"} <= whole

    # broken off within one: its points are not written twice
    client.delete_tag(one.info.run_id, CONTENT)
    assert "0 new, 1 completed, 4 there already" in musaic.track(run, "mlflow", **given)
    assert points() == dict(zip(history["epoch"], history["val_loss"], strict=True))
    assert client.get_run(one.info.run_id).data.tags[ID] == mine.key


def test_mlflow_that_is_not_there_is_one_sentence(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("mlflow")
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)
    with pytest.raises(UsageError, match="--tracking-uri"):
        musaic.track(run, "mlflow", cell=PCA)
    if importlib.util.find_spec("sqlalchemy") is None:
        with pytest.raises(MusaicError, match="pip install mlflow, or name a server or a folder"):
            musaic.track(run, "mlflow", cell=PCA, tracking_uri="sqlite:///mlflow.db")
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        port = unused.getsockname()[1]
    monkeypatch.setenv("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "0")
    with pytest.raises(MusaicError, match=rf"MLflow at http://127\.0\.0\.1:{port} did not take the run") as caught:
        musaic.track(run, "mlflow", cell=PCA, tracking_uri=f"http://127.0.0.1:{port}")
    assert "\n" not in str(caught.value)


def test_a_password_is_never_shown(run: Run, tmp_path: Path) -> None:
    pytest.importorskip("mlflow")
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        place = f"127.0.0.1:{unused.getsockname()[1]}"
    given: dict[str, Any] = {"cell": PCA, "seed": [0]}
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "0")
        with pytest.raises(MusaicError, match=f"MLflow at http://{place}/path did not take the run") as caught:
            musaic.track(run, "mlflow", **given, tracking_uri=f"http://user:s3cret@{place}/path")
    assert "s3cret" not in str(caught.value)
    if importlib.util.find_spec("sqlalchemy") is None:
        with pytest.raises(MusaicError, match="such as postgresql\\+psycopg2://db/x;") as caught:
            musaic.track(run, "mlflow", **given, tracking_uri="postgresql+psycopg2://user:s3c/r@et@db/x")
        assert "user" not in str(caught.value)


def test_a_name_that_is_longer_than_a_server_takes_is_cut(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("mlflow")
    parts = ("leaked", "k" * 100, "ল" * 40, "s" * 100)
    names = [f"{'/'.join(parts)}{end}" for end in "ab"]
    mine = tracked_runs(run, choose(run, (PCA,), (0,)))[1]
    long = dataclasses.replace(
        mine, metrics=dict.fromkeys(names, 0.5), history=((0, {names[0]: 0.5}),), params={names[0]: 1}
    )
    for told in ("1 new, 0 completed, 0 there", "0 new, 0 completed, 1 there"):
        assert told in send([long], {"tracking_uri": str(tmp_path / "mlruns")}, SILENT)
    monkeypatch.setenv("MLFLOW_ALLOW_FILE_STORE", "true")
    from mlflow import MlflowClient

    client = MlflowClient(str(tmp_path / "mlruns"))
    (found,) = client.search_runs([client.get_experiment_by_name(run.path.name).experiment_id])
    assert len(found.data.metrics) == 2
    assert {len(name) for name in (*found.data.metrics, *found.data.params)} == {LONGEST_KEY}


# W&B, offline


def test_wandb_keeps_everything_once_offline(run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("wandb")
    for name in ("WANDB_DIR", "WANDB_DATA_DIR", "WANDB_CACHE_DIR", "WANDB_CONFIG_DIR"):
        monkeypatch.setenv(name, str(tmp_path))
    given: dict[str, Any] = {"cell": VAE, "seed": [0], "mode": "offline", "project": "songs"}
    assert "2 new, 0 completed, 0 there already" in musaic.track(run, "wandb", **given)
    assert "0 new, 0 completed, 2 there already" in musaic.track(run, "wandb", **given)
    mine = next(each for each in tracked_runs(run, choose(run, (VAE,), (0,))) if each.params.get("cell"))
    folders = list((tmp_path / "wandb").glob(f"offline-run-*-{mine.key}"))
    assert len(folders) == 1
    history, summary, config = wandb_reads(next(folders[0].glob("*.wandb")))
    table = pd.read_csv(run.model_folder(run.find_cell(VAE), 0) / "history.csv")
    assert [row["val_loss"] for row in history] == table["val_loss"].tolist()
    assert {name: summary[name] for name in mine.metrics} == dict(mine.metrics)
    assert config["model"] == "basic-vae"
    # broken off: the mark is written last
    (tmp_path / "wandb" / f"musaic-{mine.key}.json").unlink()
    assert "0 new, 1 completed, 1 there already" in musaic.track(run, "wandb", **given)
    assert len(list((tmp_path / "wandb").glob(f"offline-run-*-{mine.key}"))) == 1
    # deleted: the mark alone is no run
    for folder in (tmp_path / "wandb").glob(f"offline-run-*-{mine.key}"):
        remove(folder)
    assert "1 new, 0 completed, 1 there already" in musaic.track(run, "wandb", **given)
    assert len(list((tmp_path / "wandb").glob(f"offline-run-*-{mine.key}"))) == 1


def test_a_run_of_ones_own_in_wandb_stays_open(run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    wandb = pytest.importorskip("wandb")
    for name in ("WANDB_DIR", "WANDB_DATA_DIR", "WANDB_CACHE_DIR", "WANDB_CONFIG_DIR"):
        monkeypatch.setenv(name, str(tmp_path))
    settings = wandb.Settings(silent=True, console="off", x_disable_stats=True, x_disable_machine_info=True)
    own = wandb.init(project="mine", mode="offline", settings=settings)
    try:
        musaic.track(run, "wandb", cell=PCA, seed=[0], mode="offline", project="songs")
        assert wandb.run is own
        own.log({"x": 1.0})
        assert own.summary["x"] == 1.0
    finally:
        own.finish()


def log_records(data: bytes, block: int = 32768) -> Iterator[bytes]:
    """Yield the records of a LevelDB log after W&B's head: checksum, length, kind (whole, first, …, last)."""
    assert data.startswith(b":W&B")
    place, whole = 7, b""
    while place + 7 <= len(data):
        if block - place % block < 7:
            place += block - place % block
            continue
        length, kind = int.from_bytes(data[place + 4 : place + 6], "little"), data[place + 6]
        whole += data[place + 7 : place + 7 + length]
        place += 7 + length
        if kind in (1, 4):
            yield whole
            whole = b""


def wandb_reads(file: Path) -> tuple[list[dict[str, Any]], dict[str, Any], dict[str, Any]]:
    """Return history, summary and configuration as they stand in a file to be synced."""
    from wandb.proto import wandb_internal_pb2 as pb

    history: list[dict[str, Any]] = []
    summary: dict[str, Any] = {}
    config: dict[str, Any] = {}
    for data in log_records(file.read_bytes()):
        record = pb.Record.FromString(data)
        kind = record.WhichOneof("record_type")
        if kind == "history":
            row = {item.key or "/".join(item.nested_key): json.loads(item.value_json) for item in record.history.item}
            history.append(row)
        elif kind == "summary":
            for item in record.summary.update:
                summary[item.key or "/".join(item.nested_key)] = json.loads(item.value_json)
        elif kind == "run":
            config |= {item.key: json.loads(item.value_json) for item in record.run.config.update}
    return [row for row in history if "val_loss" in row], summary, config


def test_wandb_without_a_key_is_one_sentence(run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("wandb")
    monkeypatch.delenv("WANDB_API_KEY", raising=False)
    monkeypatch.setenv("NETRC", str(tmp_path / "netrc"))
    monkeypatch.setenv("WANDB_DIR", str(tmp_path))
    with pytest.raises(UsageError, match=r"WANDB_API_KEY.*--mode offline"):
        musaic.track(run, "wandb", cell=PCA, mode="online")
    with pytest.raises(UsageError, match="unknown W&B mode 'of'"):
        musaic.track(run, "wandb", cell=PCA, mode="of")


@pytest.mark.parametrize("name", sorted(TRACKERS))
def test_a_missing_library_is_named(run: Run, name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    find = importlib.util.find_spec
    monkeypatch.setattr(importlib.util, "find_spec", lambda wanted, *_: None if wanted == name else find(wanted))
    with pytest.raises(MusaicError, match=rf"pip install 'musaic\[{name}\]'"):
        musaic.track(run, name)
