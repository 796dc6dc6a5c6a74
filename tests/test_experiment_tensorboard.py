"""Trainings as TensorBoard is given them, read back from its files."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from typing import Any

import pytest

import musaic
from musaic.errors import MusaicError
from musaic.experiment.tensorboard import check_tensorboard, events
from musaic.models import build, parse_config
from test_models_checkpoints import TRAININGS


def scalars(folder: Path) -> dict[str, dict[int, float]]:
    """Return value by step by name: records of length, checksum, event, checksum."""
    from tensorboardX.proto.event_pb2 import Event

    found: dict[str, dict[int, float]] = {}
    for file in sorted(folder.iterdir()):
        data = file.read_bytes()
        while data:
            length = int.from_bytes(data[:8], "little")
            event = Event.FromString(data[12 : 12 + length])
            for value in event.summary.value:
                found.setdefault(value.tag, {})[event.step] = value.simple_value
            data = data[16 + length :]
    return found


def test_every_epoch_is_there_with_the_numbers_of_the_history(tmp_path: Path) -> None:
    pytest.importorskip("tensorboardX")
    told, X, _, _ = TRAININGS["vade"]
    model: Any = build(parse_config(told), random_state=1, accelerator="cpu")
    with events(tmp_path / "تدريب", model) as write:
        model.on_epoch = write
        model.fit(X)
    found = scalars(tmp_path / "تدريب")
    rows = [*model.pretraining_, *model.history_]
    assert {"loss", "reconstruction", "kl", "val_loss", "beta", "learning_rate", "kl_000", "kl_001"} <= set(found)
    assert "epoch" not in found
    for name, values in found.items():
        assert values == pytest.approx({step: row[name] for step, row in enumerate(rows)}, rel=1e-6, abs=1e-30)


def test_what_is_missing_is_told_before_anything_is_done(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    find = importlib.util.find_spec
    monkeypatch.setattr(importlib.util, "find_spec", lambda name, *_: None if name == "tensorboardX" else find(name))
    with pytest.raises(MusaicError, match=r"pip install 'musaic\[tensorboard\]'"):
        check_tensorboard()
    (tmp_path / "words.csv").write_text("track_id,lyrics\na,hello there\nb,نص قصير\n", encoding="utf-8")
    experiment = {"version": 1, "cells": [{"model": "pca", "input": "lyrics"}], "compute": {"tensorboard": True}}
    with pytest.raises(MusaicError, match=r"musaic\[tensorboard\]"):
        musaic.run(experiment, corpus=tmp_path / "words.csv", out=tmp_path / "run", cache=tmp_path / "cache", workers=0)
    assert not (tmp_path / "run").exists()
