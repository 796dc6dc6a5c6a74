"""What a person types is done, or answered in one sentence with the right exit code."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from musaic.cli import invoke


@pytest.mark.parametrize(
    ("arguments", "named"),
    [
        (["rnu"], ["rnu"]),
        (["run"], ["experiment"]),
        (["run", "defualt", "--corpus", "."], ["'defualt'", "'default'"]),
        (["run", "default", "--corpsu", "x"], ["--corpsu", "--corpus"]),
        (["run", "default"], ["--corpus"]),
        (["run", "default", "--corpus", "not/there"], ["not/there"]),
        (["run", "default", "--corpus", ".", "--set", "features.n_mel=3"], ["features.n_mel", "'n_mels'"]),
        (["run", "default", "--corpus", ".", "--workers", "-1"], ["--workers", "greater than or equal to 0"]),
        (["report", "not/a/run"], ["not/a/run", "run folder"]),
        (["corpus", "verify", "not/there"], ["not/there"]),
        (["corpus", "verify", ".", "--set", "cells=1"], ["cells"]),
        (["features", "not/there"], ["not/there"]),
        (["recipes", "nothing"], ["'nothing'", "default"]),
        (["demo", "--tracks", "0"], ["--tracks"]),
    ],
)
def test_wrong_words_end_with_2_and_one_sentence(
    arguments: list[str],
    named: list[str],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture,
) -> None:
    (tmp_path / "songs").mkdir()
    monkeypatch.chdir(tmp_path)
    assert invoke(arguments) == 2
    said = capsys.readouterr()
    assert said.out == ""
    assert said.err.count("\n") == 1
    assert "Traceback" not in said.err
    for word in named:
        assert word.casefold() in said.err.casefold()
    assert sorted(os.listdir(tmp_path)) == ["songs"]


def test_an_empty_corpus_is_wrong_usage(tmp_path: Path, capsys: pytest.CaptureFixture) -> None:
    (tmp_path / "songs").mkdir()
    assert invoke(["run", "default", "--corpus", str(tmp_path / "songs"), "--out", str(tmp_path / "out")]) == 2
    assert capsys.readouterr().err.count("\n") == 1
    assert not (tmp_path / "out").exists()


def test_what_is_unforeseen_is_a_sentence_and_a_traceback_only_if_asked(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture
) -> None:
    def surprise() -> dict[str, str]:
        raise ZeroDivisionError("nobody thought of this\nat all")

    monkeypatch.setattr("musaic.experiment.loading.recipes", surprise)
    assert invoke(["recipes"]) == 1
    said = capsys.readouterr().err
    assert said.count("\n") == 1
    assert "nobody thought of this" in said
    monkeypatch.setenv("MUSAIC_TRACEBACK", "1")
    assert invoke(["recipes"]) == 1
    assert "Traceback" in capsys.readouterr().err


def test_interrupted_is_130(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture) -> None:
    def stop() -> dict[str, str]:
        raise KeyboardInterrupt

    monkeypatch.setattr("musaic.experiment.loading.recipes", stop)
    assert invoke(["recipes"]) == 130
    assert "again" in capsys.readouterr().err


def test_recipes_are_listed_and_printed(capsys: pytest.CaptureFixture) -> None:
    assert invoke(["recipes"]) == 0
    assert "default" in capsys.readouterr().out
    assert invoke(["recipes", "default"]) == 0
    assert "cells:" in capsys.readouterr().out
    assert invoke(["recipes", "--json"]) == 0
    assert "any folder of songs" in json.loads(capsys.readouterr().out)["default"]["about"]


def test_the_version(capsys: pytest.CaptureFixture) -> None:
    from musaic import __version__

    assert invoke(["--version"]) == 0
    assert capsys.readouterr().out.strip() == __version__


def test_doctor_names_what_is_there_and_what_mends(tmp_path: Path, capsys: pytest.CaptureFixture) -> None:
    assert invoke(["doctor", "--cache", str(tmp_path), "--json"]) == 0
    findings = {finding["topic"]: finding for finding in json.loads(capsys.readouterr().out)}
    assert {"Python", "PyTorch", "accelerator", "codecs", "more codecs", "cache", "fonts"} <= set(findings)
    assert findings["Python"]["state"] == "ok"
    assert "mp3" in findings["codecs"]["detail"]
    assert str(tmp_path) in findings["cache"]["detail"]
    assert all(finding["mend"] for finding in findings.values() if finding["state"] == "missing")


def test_a_closed_pipe_is_no_failure() -> None:
    command = f"{sys.executable} -m musaic recipes default | head -n 1; exit ${{PIPESTATUS[0]}}"
    result = subprocess.run(["bash", "-c", command], capture_output=True, text=True, check=False)
    assert result.returncode == 0
    assert "Traceback" not in result.stderr


def test_features_of_a_chosen_few(tmp_path: Path, capsys: pytest.CaptureFixture) -> None:
    from songs import write_tree

    songs = write_tree(tmp_path / "songs", per_cell=2)
    command = ["features", str(songs), "--cache", str(tmp_path / "cache"), "--workers", "0", "--json"]
    chosen = ["corpus.balance=language", "corpus.n=2", "corpus.require=[audio, lyrics]", "corpus.min_duration=1"]
    assert invoke([*command, *(word for text in chosen for word in ("--set", text))]) == 0
    told = json.loads(capsys.readouterr().out)
    assert told["tracks"] == 6
    assert told["status"] == {"ok": 6}
    assert invoke([*command, "--set", "corpus.min_duration=100"]) == 2
    assert "no track is left" in capsys.readouterr().err
