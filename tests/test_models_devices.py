"""Several processes that train one model, and the devices and precisions there are."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from musaic.errors import MusaicError, UsageError
from musaic.models import Vae, build, parse_config
from musaic.models.vae.training.devices import launched, make_fabric
from test_models_checkpoints import Memory, vectors

OPTIONS: dict[str, Any] = {
    "model": "basic-vae",
    "latent_dim": 2,
    "input_noise": 0.0,
    "network": {"widths": [8], "dropout": 0.0},
    "training": {"epochs": 6, "batch_size": 9, "precision": "float32"},
}

SCRIPT = """
import json, os, sys
import numpy as np
sys.path.insert(0, sys.argv[2])
from test_models_checkpoints import KilledError
from test_models_devices import fit
from musaic.models.vae.training.devices import launched
from musaic.runs.state import CheckpointFolder, save_state
from pathlib import Path
folder, rank = Path(sys.argv[1]), os.environ["RANK"]
assert launched() == 2
model = fit(CheckpointFolder(folder / rank, every=0.0))
save_state(folder / f"end-{rank}", {"history": model.history_}, model.get_state()[1])
noisy = {"input_noise": 0.5, "network": {"widths": [8], "norm": "batch"}}
whole = fit(None, **noisy).get_state()[1]
def die(epoch, row):
    if epoch == 3:
        raise KilledError
# one process keeps checkpoints, and all read them
shared = CheckpointFolder(folder / "shared", every=0.0)
try:
    fit(shared, die, **noisy)
except KilledError:
    pass
again = fit(shared, **noisy).get_state()[1]
assert all(whole[name].tobytes() == again[name].tobytes() for name in whole)
save_state(folder / f"noisy-{rank}", {}, whole)
try:
    fit(None, training={**json.loads(sys.argv[3]), "batch_size": 3})
except Exception as error:
    print(error)
"""


def fit(checkpoints: Any = None, on_epoch: Any = None, **options: Any) -> Vae:
    config = parse_config({**OPTIONS, **options})
    model = build(config, random_state=2, accelerator="cpu", checkpoints=checkpoints, on_epoch=on_epoch)
    assert isinstance(model, Vae)
    return model.fit(vectors())


@pytest.mark.slow
def test_two_processes_train_as_one(tmp_path: Path) -> None:
    from safetensors.numpy import load_file

    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = str(free.getsockname()[1])
    names = {"WORLD_SIZE": "2", "LOCAL_WORLD_SIZE": "2", "MASTER_ADDR": "127.0.0.1", "MASTER_PORT": port}
    names |= {"GROUP_RANK": "0", "TORCHELASTIC_RUN_ID": "test", "OMP_NUM_THREADS": "1"}
    command = [sys.executable, "-c", SCRIPT, str(tmp_path), str(Path(__file__).parent), json.dumps(OPTIONS["training"])]
    processes = [
        subprocess.Popen(
            command, env={**os.environ, **names, "RANK": rank, "LOCAL_RANK": rank}, stdout=subprocess.PIPE, text=True
        )
        for rank in "01"
    ]
    said = [process.communicate(timeout=100)[0] for process in processes]
    assert [process.returncode for process in processes] == [0, 0]
    assert all("batches of 3 tracks are too small for 2 processes" in text for text in said)
    for end in ("end", "noisy"):
        first, second = (load_file(tmp_path / f"{end}-{rank}" / "model.safetensors") for rank in "01")
        assert all(first[name].tobytes() == second[name].tobytes() for name in first)
    alone = fit()
    together = load_file(tmp_path / "end-0" / "model.safetensors")
    for name, array in alone.get_state()[1].items():
        np.testing.assert_allclose(together[name].reshape(array.shape), array, rtol=1e-3, atol=1e-4)
    history = json.loads((tmp_path / "end-0" / "config.json").read_text())["history"]
    for row, expected in zip(history, alone.history_, strict=True):
        assert row == pytest.approx(expected, rel=1e-4, abs=1e-5)
    # only the first of them writes
    assert (tmp_path / "0").exists()
    assert not (tmp_path / "1").exists()


def test_alone_without_a_launcher() -> None:
    assert launched() == 1
    assert make_fabric("cpu", "auto", convolves=False).world_size == 1


def test_devices_that_are_not_there_are_told() -> None:
    with pytest.raises(UsageError, match="unknown accelerator 'gpuu'"):
        make_fabric("gpuu", "auto", convolves=False)
    for kind, there in (("cuda", torch.cuda.is_available()), ("mps", torch.backends.mps.is_available())):
        if not there:
            with pytest.raises(MusaicError, match=f"no '{kind}' device on this machine"):
                make_fabric(kind, "auto", convolves=False)


def test_float16_needs_a_gpu() -> None:
    with pytest.raises(MusaicError, match=r"float16 needs a GPU.*bfloat16"):
        fit(training={"precision": "float16"})


def test_bfloat16_learns_much_the_same() -> None:
    single, half = fit(), fit(training={**OPTIONS["training"], "precision": "bfloat16"})
    assert half.transform(vectors()).tobytes() != single.transform(vectors()).tobytes()
    assert half.history_[-1]["loss"] == pytest.approx(single.history_[-1]["loss"], rel=0.02)
    np.testing.assert_allclose(half.transform(vectors()), single.transform(vectors()), atol=0.1)
    assert all(array.dtype != np.float16 for array in half.get_state()[1].values())


def test_the_scale_of_gradients_is_part_of_a_checkpoint(monkeypatch: pytest.MonkeyPatch) -> None:
    from lightning_fabric import Fabric

    from musaic.models.vae import estimator

    class Scaler:
        def __init__(self) -> None:
            self.told: dict[str, float] = {"scale": 65536.0, "_growth_tracker": 0}

        def state_dict(self) -> dict[str, float]:
            return dict(self.told)

        def load_state_dict(self, state: dict[str, float]) -> None:
            self.told = {**state, "loaded": 1}

    def with_scaler(*_: Any, **__: Any) -> Any:
        fabric: Any = Fabric(accelerator="cpu", devices=1)
        fabric._precision.scaler = scaler
        return fabric

    monkeypatch.setattr(estimator, "make_fabric", with_scaler)
    scaler, place = Scaler(), Memory()
    fit(place)
    assert place.state is not None
    assert place.state[0]["progress"]["scaler"] == Scaler().told
    scaler.told = {}
    fit(place)
    assert scaler.told == {**Scaler().told, "loaded": 1}
