"""A training that was killed goes on, and ends as if nothing had happened."""

from __future__ import annotations

import copy
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from musaic.models import Frames, Vae, build, parse_config
from musaic.models.base import State
from musaic.runs.state import CheckpointFolder


class KilledError(Exception):
    """What ends a training from outside."""


class Memory:
    """Checkpoints in memory, after every epoch; the process dies after so many."""

    every = 0.0

    def __init__(self, deadly: int = 0) -> None:
        self.state: State | None = None
        self.saved, self.deadly = 0, deadly

    def load(self) -> State | None:
        return copy.deepcopy(self.state)

    def keep(self, state: State) -> None:
        self.state, self.saved = copy.deepcopy(state), self.saved + 1
        if self.saved == self.deadly:
            raise KilledError


def vectors(n: int = 40) -> np.ndarray:
    rng = np.random.default_rng(0)
    return (rng.normal(size=(n, 2)) @ rng.normal(size=(2, 6)) + 0.3 * rng.normal(size=(n, 6))).astype(np.float32)


def frames(n: int = 24) -> Frames:
    rng = np.random.default_rng(0)
    return Frames.of([rng.normal(size=(rng.integers(4, 30), 8)).astype(np.float32) for _ in range(n)])


LABELS = {"language": np.array(["العربية", "বাংলা", "हिन्दी", None] * 10, dtype=object)}
TRAINING = {"epochs": 6, "batch_size": 8, "patience": 3, "learning_rate": 0.02}
MLP = {"latent_dim": 2, "network": {"widths": [8], "norm": "batch"}, "warmup": 2}
TRAININGS: dict[str, tuple[dict[str, Any], Any, Any, tuple[int, ...]]] = {
    "plateau": (
        {"model": "basic-vae", **MLP, "training": {**TRAINING, "schedule": "plateau"}},
        vectors(),
        None,
        (1, 4),
    ),
    "cosine": ({"model": "basic-vae", **MLP, "training": {**TRAINING, "schedule": "cosine"}}, vectors(), None, (3,)),
    "adversary": (
        {
            "model": "basic-vae",
            **MLP,
            "training": TRAINING,
            "penalties": [{"kind": "independence", "label": "language", "method": "adversary"}, "free-bits"],
        },
        vectors(),
        LABELS,
        (3,),
    ),
    "crops": (
        {
            "model": "conv1d-vae",
            "latent_dim": 2,
            "crop": 8,
            "input_noise": 0.5,
            "network": {"filters": [4], "head": [8]},
            "penalties": ["crop-consistency"],
            "training": {**TRAINING, "epochs": 4, "precision": "float32"},
        },
        frames(),
        None,
        (2,),
    ),
    # its stages have three, two and six epochs
    "vade": (
        {
            "model": "vade",
            **MLP,
            "warmup": 0,
            "prior": {"n_clusters": 2, "n_init": 2, "pretraining": 3, "hold": 2},
            "training": TRAINING,
        },
        vectors(),
        None,
        (1, 3, 4, 5, 6, 8),
    ),
}


def fit(name: str, checkpoints: Any, seed: int = 3, X: Any = None, **options: Any) -> Vae:
    told, given, labels, _ = TRAININGS[name]
    model = build(parse_config({**told, **options}), random_state=seed, accelerator="cpu", checkpoints=checkpoints)
    model.fit(given if X is None else X, condition=labels)
    assert isinstance(model, Vae)
    return model


def all_of(model: Vae) -> tuple[Any, ...]:
    head, arrays = model.get_state()
    histories = repr((model.history_, getattr(model, "pretraining_", None), head))
    return histories, {name: array.tobytes() for name, array in arrays.items()}


@pytest.mark.parametrize("name", TRAININGS)
def test_it_ends_the_same_wherever_it_was_killed(name: str) -> None:
    through = Memory()
    whole = fit(name, through)
    assert all_of(whole) == all_of(fit(name, None))
    for deadly in TRAININGS[name][3]:
        checkpoints = Memory(deadly)
        with pytest.raises(KilledError):
            fit(name, checkpoints)
        again = fit(name, checkpoints)
        assert checkpoints.saved == through.saved
        assert all_of(again) == all_of(whole)
    _, given, labels, _ = TRAININGS[name]
    told = {"condition": labels} if labels and whole.config_.labels_to_embed else {}
    assert again.transform(given, **told).tobytes() == whole.transform(given, **told).tobytes()


@pytest.mark.parametrize("change", ["seed", "data", "config"])
def test_the_checkpoint_of_another_training_is_not_taken_up(change: str) -> None:
    checkpoints, whole = Memory(2), Memory()
    with pytest.raises(KilledError):
        fit("plateau", checkpoints)
    other: dict[str, Any] = {"seed": {"seed": 4}, "data": {"X": 1 + vectors()[::-1]}, "config": {"beta": 2.0}}[change]
    fit("plateau", whole, **other)
    before = checkpoints.saved
    assert all_of(fit("plateau", checkpoints, **other)) == all_of(fit("plateau", None, **other))
    assert checkpoints.saved - before == whole.saved


def test_what_was_saved_comes_back(tmp_path: Path) -> None:
    place = CheckpointFolder(tmp_path / "نموذج")
    assert place.load() is None
    arrays = {"a.b": np.arange(6, dtype=np.int64).reshape(2, 3).T, "scalar": np.array(0.5), "none": np.zeros((0, 2))}
    place.keep(({"loss": [float("inf"), 0.1 + 0.2], "name": "ভাষা"}, arrays))
    found = place.load()
    assert found is not None
    assert found[0] == {"loss": [float("inf"), 0.1 + 0.2], "name": "ভাষা"}
    for name, array in arrays.items():
        assert (found[1][name].shape, found[1][name].dtype) == (array.shape, array.dtype)
        assert (found[1][name] == array).all()
    place.clear()
    place.clear()
    assert place.load() is None


def test_a_damaged_checkpoint_is_none(tmp_path: Path) -> None:
    place = CheckpointFolder(tmp_path)
    place.keep(({"epoch": 3}, {"weights": np.linspace(0, 1, 50)}))
    whole = place.file.read_bytes()
    for cut in (0, 5, 100, len(whole) - 1):
        place.file.write_bytes(whole[:cut])
        assert place.load() is None
    for at in range(0, len(whole), 7):
        place.file.write_bytes(whole[:at] + bytes([whole[at] ^ 1]) + whole[at + 1 :])
        assert place.load() is None
    place.file.write_bytes(whole)
    assert place.load() is not None


def test_quick_trainings_keep_nothing(tmp_path: Path) -> None:
    fit("plateau", CheckpointFolder(tmp_path))
    assert not list(tmp_path.iterdir())


SCRIPT = """
import sys, time
from pathlib import Path
sys.path.insert(0, sys.argv[2])
from test_models_checkpoints import fit
from musaic.runs.state import CheckpointFolder

class Slow(CheckpointFolder):
    def keep(self, state):
        super().keep(state)
        print("saved", flush=True)
        time.sleep(0.02)

fit("plateau", Slow(Path(sys.argv[1]), every=0.0), **eval(sys.argv[3]))
"""


def test_kill_9_in_the_middle(tmp_path: Path) -> None:
    options = {"training": {**TRAINING, "epochs": 40, "patience": 1000}}
    command = [sys.executable, "-c", SCRIPT, str(tmp_path), str(Path(__file__).parent), repr(options)]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    for _ in range(5):
        assert process.stdout.readline() == "saved\n"
    process.send_signal(signal.SIGKILL)
    process.wait()
    place, epochs = CheckpointFolder(tmp_path), []
    left = place.load()
    assert left is not None
    model = build(parse_config({**TRAININGS["plateau"][0], **options}), random_state=3, accelerator="cpu")
    model.set_params(checkpoints=place, on_epoch=lambda epoch, row: epochs.append(epoch))
    assert all_of(model.fit(vectors())) == all_of(fit("plateau", None, **options))
    assert epochs == list(range(left[0]["progress"]["epoch"], 40))
    assert 5 <= epochs[0] < 40
