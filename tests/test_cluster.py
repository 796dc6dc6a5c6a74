"""On a cluster everything ends as it does on one machine, whatever dies on the way."""

from __future__ import annotations

import dataclasses
import os
import re
import shlex
import sys
import threading
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("distributed")

from clusters import Grid, die, grid, note_and_wait, stumble, surroundings
from musaic import parallel
from musaic.cli import invoke
from musaic.errors import MusaicError, UsageError
from musaic.features import FeatureConfig, extract
from musaic.parallel.worker import Expected
from songs import write_tree

REFUSED = "tcp://127.0.0.1:9"


@pytest.fixture(scope="module")
def two(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Grid]:
    with grid(tmp_path_factory.mktemp("grid")) as found:
        yield found


def kill_when(begun: Path, victim: Grid, number: int, n_begun: int = 1) -> threading.Thread:
    """Kill a worker as soon as so many tasks have begun."""

    def wait() -> None:
        while len(list(begun.iterdir())) < n_begun:
            time.sleep(0.01)
        victim.kill(number)

    thread = threading.Thread(target=wait)
    thread.start()
    return thread


def test_outcomes_are_those_of_one_machine(two: Grid) -> None:
    with parallel.cluster(two.address):
        assert parallel.on_cluster()
        outcomes = dict(parallel.run(stumble, range(30)))
        folder, threads, torch_threads = next(parallel.run(surroundings, [0]))[1]  # type: ignore[misc]
        assert list(parallel.run(stumble, [])) == []
        assert list(parallel.run(_nothing, [0])) == [(0, None)]
        until = time.monotonic() + 60
        while parallel.tasks_beside() < 2 and time.monotonic() < until:  # the second may still be on its way
            time.sleep(0.1)
        assert (parallel.tasks_beside(), parallel.tasks_beside(0)) == (2, 1)
    assert not parallel.on_cluster()
    failure = outcomes.pop(3)
    assert isinstance(failure, parallel.Failure)
    assert (failure.message, failure.kind) == ("three is too many", "ValueError")
    assert "stumble" in failure.detail
    assert outcomes == {x: x for x in range(30) if x != 3}
    assert (folder, threads, torch_threads) == (os.getcwd(), "1", 1)


def test_what_shares_memory_stays_here(two: Grid) -> None:
    with parallel.cluster(str(two.file)):
        for how in ({"workers": 0}, {"here": True, "workers": 1}):
            [(_, (folder, *_rest))] = parallel.run(surroundings, [0], **how)  # type: ignore[arg-type, misc]
            assert folder == os.getcwd()
        pids = dict(parallel.run(_pid, [0], workers=0))
    assert pids == {0: os.getpid()}


def _nothing(_: int) -> None:
    """Return nothing, which is a result too."""


def _pid(_: int) -> int:
    return os.getpid()


def test_a_killed_worker_loses_nothing(tmp_path: Path) -> None:
    begun = tmp_path / "begun"
    begun.mkdir()
    tasks = [(str(begun), number, 0.2) for number in range(16)]
    with grid(tmp_path) as own, parallel.cluster(own.address):
        killer = kill_when(begun, own, 0, n_begun=4)
        outcomes = dict(parallel.run(note_and_wait, tasks))
        killer.join()
    assert outcomes == {number: number * number for number in range(16)}
    times = Counter(path.name.split("-")[0] for path in begun.iterdir())
    assert max(times.values()) > 1  # what the dead worker had in hand was done again


def test_a_worker_that_differs_is_refused(tmp_path: Path) -> None:
    with grid(tmp_path, n_workers=0) as own:
        own.add("--nthreads", "2")
        with (
            pytest.raises(MusaicError, match=r"the worker tcp://.* runs 2 tasks at once .* --nthreads 1"),
            parallel.cluster(own.address),
        ):
            list(parallel.run(stumble, [1]))


def test_what_a_worker_must_share(tmp_path: Path) -> None:
    here = Expected.here()
    assert here.lacking(1) is None
    assert "runs 3 tasks at once" in str(here.lacking(3))
    older = dataclasses.replace(here, versions=tuple((n, "1.0" if n == "numpy" else v) for n, v in here.versions))
    assert f"has numpy {np.__version__}, this machine 1.0" in str(older.lacking(1))
    assert "does not see the folder" in str(dataclasses.replace(here, folder=str(tmp_path / "غير موجود")).lacking(1))
    song = tmp_path / "गीत.mp3"
    song.write_bytes(b"one")
    seeing = here.seeing(iter([song, tmp_path / "not there"]))
    assert seeing.lacking(1) is None
    song.write_bytes(b"another")
    assert f"does not see {song} as this machine does" in str(seeing.lacking(1))
    assert seeing.seeing(iter([song])).lacking(1) is None  # written anew by a second run


@pytest.mark.parametrize(
    ("address", "workers", "told"),
    [
        ("host:8786", None, "no scheduler; give an address"),
        ("http://host", None, "no scheduler; give an address"),
        (REFUSED, 2, "--workers 2 counts processes of this machine"),
        ("local", 0, "at least one worker"),
    ],
)
def test_wrong_addresses(address: str, workers: int | None, told: str) -> None:
    with pytest.raises(UsageError, match=told), parallel.cluster(address, workers=workers):
        pass


def test_nobody_answers(songs: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    import dask

    with dask.config.set({"distributed.comm.timeouts.connect": "1s"}):
        assert invoke(["features", str(songs), "--scheduler", REFUSED]) == 1
    said = capsys.readouterr().err
    assert said.count("\n") == 1
    assert f"no scheduler answers at {REFUSED}" in said


def test_the_extra_is_named(songs: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setitem(sys.modules, "distributed", None)
    assert invoke(["features", str(songs), "--scheduler", "local"]) == 1
    assert "pip install 'musaic[cluster]'" in capsys.readouterr().err


@pytest.fixture(scope="module")
def songs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_tree(tmp_path_factory.mktemp("বিভিন্ন গান"), per_cell=2, seconds=1.0)


def test_a_scheduler_that_goes_away_is_one_sentence(tmp_path: Path) -> None:
    import dask

    begun = tmp_path / "begun"
    begun.mkdir()
    with (
        dask.config.set({"distributed.comm.timeouts.connect": "1s"}),
        grid(tmp_path, n_workers=1) as own,
        parallel.cluster(own.address),
    ):
        outcomes = parallel.run(note_and_wait, [(str(begun), number, 0.1) for number in range(50)])
        next(outcomes)
        own.stop()
        with pytest.raises(MusaicError, match=r"lost the scheduler at .*; see whether it runs"):
            list(outcomes)


@pytest.mark.slow
def test_a_task_that_kills_its_worker_is_given_up_alone(tmp_path: Path) -> None:
    tasks = [(str(tmp_path), number, 0.05) for number in range(10)]
    with parallel.cluster("local", workers=2):
        outcomes = dict(parallel.run(_perhaps_die, [*tasks, str(tmp_path)]))
    failure = outcomes.pop(10)
    assert isinstance(failure, parallel.Failure)
    assert "died" in failure.message
    assert outcomes == {number: number * number for number in range(10)}


def _perhaps_die(task: tuple[str, int, float] | str) -> int | None:
    return die(task) if isinstance(task, str) else note_and_wait(task)


def same_features(one: object, other: object) -> None:
    assert one.track_ids == other.track_ids  # type: ignore[attr-defined]
    assert one.names == other.names  # type: ignore[attr-defined]
    for name in one.names:  # type: ignore[attr-defined]
        assert one.get(name).values.tobytes() == other.get(name).values.tobytes()  # type: ignore[attr-defined]


def test_extraction_with_a_worker_killed_in_the_middle(songs: Path, tmp_path: Path) -> None:
    from musaic.corpus.read import read_corpus

    config = FeatureConfig(duration=1.0)
    corpus = read_corpus(songs)
    alone = extract(corpus, config, cache=tmp_path / "alone", workers=0)
    with grid(tmp_path) as own, parallel.cluster(own.address):
        staged = tmp_path / "far" / "features"
        staged.mkdir(parents=True)

        def kill() -> None:
            while not list(staged.rglob("*.npz")):
                time.sleep(0.01)
            own.kill(1)

        killer = threading.Thread(target=kill)
        killer.start()
        far = extract(corpus, config, cache=tmp_path / "far")
        killer.join()
    same_features(alone, far)
    assert set(far.status["status"]) == {"ok"}


@pytest.mark.slow
def test_an_experiment_with_a_worker_killed_in_the_middle(songs: Path, tmp_path: Path) -> None:
    from musaic.experiment.runner import run
    from test_experiment_run import TINY, fingerprint

    alone = run(TINY, corpus=songs, out=tmp_path / "alone", cache=tmp_path / "cache")
    far = tmp_path / "far"
    with grid(tmp_path) as own:

        def kill() -> None:
            while not list(far.rglob("models/*/*/model.safetensors")):
                time.sleep(0.02)
            own.kill(0)

        killer = threading.Thread(target=kill)
        killer.start()
        with parallel.cluster(own.address):
            run(TINY, corpus=songs, out=far, cache=tmp_path / "another cache")
        killer.join()
    # what the dead one was writing stays half written, under another name
    whole = {name: value for name, value in fingerprint(far).items() if ".writing-" not in name}
    assert whole == fingerprint(alone.path)


@pytest.mark.slow
def test_the_command_line_on_a_local_cluster(songs: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    import json

    command = ["features", str(songs), "--json", "--quiet", "--cache", str(tmp_path / "cache")]
    assert invoke([*command, "--scheduler", "local", "--workers", "1"]) == 0
    assert json.loads(capsys.readouterr().out)["status"] == {"ok": 12}


PAGE = Path(__file__).parent.parent / "docs" / "cluster.md"


def _blocks(language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```$", PAGE.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL)


def test_the_manifest_on_the_page_can_be_applied() -> None:
    import yaml

    [text] = _blocks("yaml")
    parts = list(yaml.safe_load_all(text))
    named = {(part["kind"], part["metadata"]["name"]): part for part in parts}
    assert len(named) == len(parts)
    services = {name for kind, name in named if kind == "Service"}
    volumes = {name for kind, name in named if kind == "PersistentVolumeClaim"}
    commands = []
    for part in parts:
        pod = part["spec"].get("template", {}).get("spec")
        if pod is None:
            continue
        if part["kind"] == "Deployment":
            labels = part["spec"]["template"]["metadata"]["labels"]
            assert part["spec"]["selector"]["matchLabels"] == labels
        claims = {volume["name"]: volume["persistentVolumeClaim"]["claimName"] for volume in pod.get("volumes", [])}
        assert set(claims.values()) <= volumes
        for container in pod["containers"]:
            assert {mount["name"] for mount in container.get("volumeMounts", [])} <= set(claims)
            commands.append([str(word) for word in container["command"]])
    for command in commands:
        _check_options(command)
        for address in (word for word in command if word.startswith("tcp://")):
            assert address.removeprefix("tcp://").split(":")[0] in services


def test_the_commands_on_the_page_exist() -> None:
    lines = "\n".join(_blocks("bash")).replace("\\\n", " ").splitlines()
    commands = [
        words[words.index(program) :]
        for line in lines
        if not line.startswith("#")
        for words in [shlex.split(line, comments=True)]
        for program in ("dask", "musaic")
        if program in words
    ]
    assert {(command[0], command[1]) for command in commands} >= {
        ("dask", "scheduler"),
        ("dask", "worker"),
        ("musaic", "run"),
        ("musaic", "features"),
    }
    for command in commands:
        _check_options(command)


def test_the_python_on_the_page_is_of_musaic() -> None:
    import ast
    import inspect

    import musaic

    [text] = _blocks("python")
    calls = [node for node in ast.walk(ast.parse(text)) if isinstance(node, ast.Call)]
    [ran] = [call for call in calls if getattr(call.func, "id", None) == "run"]
    assert {word.arg for word in ran.keywords} <= set(inspect.signature(musaic.run).parameters)
    assert callable(parallel.cluster)


def _check_options(command: list[str]) -> None:
    """See that a command has every option that it is given."""
    program, name, *words = command
    if program == "dask":
        import importlib

        known = {
            option
            for parameter in importlib.import_module(f"distributed.cli.dask_{name}").main.params
            for option in (*parameter.opts, *parameter.secondary_opts)
        }
    else:
        import typer

        from musaic.cli.app import app

        found = typer.main.get_command(app).commands[name]  # type: ignore[attr-defined]
        if hasattr(found, "commands"):
            found = found.commands[words.pop(0)]
        known = {option for parameter in found.params for option in (*parameter.opts, *parameter.secondary_opts)}
    given = {word for word in words if word.startswith("--")}
    assert given <= known, given - known


@pytest.mark.slow
def test_lyrics_are_heard_and_encoded_as_on_one_machine(songs: Path, tmp_path: Path) -> None:
    pytest.importorskip("faster_whisper")
    pytest.importorskip("sentence_transformers")
    from musaic.cli.transcribe import _load
    from musaic.corpus.read import read_corpus
    from musaic.lyrics.encoders.sentences import SentenceEncoder
    from musaic.lyrics.transcription.config import TranscriptionConfig
    from musaic.lyrics.transcription.transcribe import transcribe
    from tiny_sentences import TEXTS, write_tiny_sentences
    from tiny_whisper import write_tiny_whisper

    tracks = dict(list(read_corpus(songs).audio_paths().items())[:4])
    whisper = TranscriptionConfig(model=str(write_tiny_whisper(tmp_path / "whisper")), vad=False)
    model = str(write_tiny_sentences(tmp_path / "sentences"))
    texts = [f"{text} {number}" for number in range(40) for text in TEXTS]

    def work(where: str) -> tuple[dict[str, bytes], bytes]:
        done = transcribe(tracks, _load, tmp_path / where / "heard.csv", whisper)
        encoder = SentenceEncoder(model, device="cpu", cache=tmp_path / where).fit(texts)
        kept = {path.name: path.read_bytes() for path in (done.table, *sorted(done.words.glob("*.json")))}
        return kept, encoder.transform(texts).tobytes()

    alone = work("alone")
    with grid(tmp_path) as own, parallel.cluster(own.address):
        assert work("far") == alone
