"""Pretrained networks as features: the library's own forward pass is the referee, nothing strange is ever run."""

from __future__ import annotations

import json
import logging
import re
import shutil
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

import musaic
from musaic.audio.decode import load
from musaic.errors import MusaicError, UsageError
from musaic.experiment.assigning.assign import assign
from musaic.experiment.loading import load_experiment
from musaic.experiment.runner import run
from musaic.features import FeatureConfig, FeatureSet, extract
from musaic.features.pretrained import network
from musaic.features.pretrained.architectures import ARCHITECTURES
from musaic.features.pretrained.checkpoint import find
from musaic.features.pretrained.embedding import embedding_config, windows
from musaic.features.pretrained.hub import has_weights
from musaic.features.pretrained.models import MODELS
from musaic.progress import Reporter
from musaic.report.limits import limits
from musaic.report.reading import Results
from songs import write_tree
from sounds import music, write
from test_features_extraction import Songs, equal, songs
from tiny_pretrained import N_DIMS, RATE, write_tiny_ast, write_tiny_clap, write_tiny_mert, write_tiny_speech

SHORT = FeatureConfig(names=("mfcc_moments",), duration=2.5, n_mels=32)
MAKERS = {
    "clap": write_tiny_clap,
    "fused": lambda folder: write_tiny_clap(folder, fusion=True),
    "hubert": write_tiny_speech,
    "wav2vec2": lambda folder: write_tiny_speech(folder, "wav2vec2"),
    "wavlm": lambda folder: write_tiny_speech(folder, "wavlm"),
    "mert": write_tiny_mert,
    "ast": write_tiny_ast,
}


@pytest.fixture(scope="module")
def models(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    root = tmp_path_factory.mktemp("models")
    logging.getLogger("transformers").setLevel(logging.ERROR)
    return {name: make(root / name) for name, make in MAKERS.items()}


@pytest.fixture(scope="module")
def corpus(tmp_path_factory: pytest.TempPathFactory) -> Songs:
    """Three songs in three scripts, one of them shorter than a window of some models, and a file that is no sound."""
    root = tmp_path_factory.mktemp("songs")
    write(root / "গান.wav", music(2.5, seed=1))
    write(root / "أغنية.wav", music(0.6, seed=2, sr=44100), 44100)
    write(root / "bad.wav", music(0.6, seed=2))
    (root / "bad.wav").write_bytes(b"no sound " * 50)
    write(root / "गीत.wav", music(2.0, seed=3))
    return songs(root, {name: name for name in ("গান.wav", "أغنية.wav", "bad.wav", "गीत.wav")})


@pytest.fixture
def no_hub(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """An empty disk and no network, as the hub's client sees them."""
    from huggingface_hub import constants

    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", True)
    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(tmp_path / "hub"))
    return tmp_path / "hub"


@pytest.fixture
def loaded(monkeypatch: pytest.MonkeyPatch) -> list[Path]:
    """Folders of the networks that were loaded in this process."""
    folders: list[Path] = []
    original = network._load

    def counting(folder: Path, architecture: Any) -> Any:
        folders.append(folder)
        return original(folder, architecture)

    network.network.cache_clear()
    monkeypatch.setattr(network, "_load", counting)
    return folders


def heard(corpus: Songs, model: Path | str, cache: Path, *, workers: int = 0, **options: Any) -> FeatureSet:
    asked = {key: options.pop(key) for key in ("layers", "std", "segment") if key in options}
    config = FeatureConfig.parse(
        SHORT.plain() | options | {"names": [*SHORT.names, f"pretrained:{model}"], "pretrained": asked}
    )
    return extract(corpus, config, cache=cache, workers=workers)


def values(found: FeatureSet) -> np.ndarray:
    return found.get(found.names[-1]).values


def sound(corpus: Songs, name: str, rate: int) -> np.ndarray:
    return load(corpus.root / name, sr=rate, duration=2.5)


def on_hub(hub: Path, name: str, model: Path, commit: str) -> Path:
    """Put a model where the hub's client keeps what it fetched."""
    folder = hub / f"models--{name.replace('/', '--')}"
    shutil.copytree(model, folder / "snapshots" / commit, dirs_exist_ok=True)
    return folder / "snapshots" / commit


def test_a_clap_gives_the_mean_of_its_windows(models: dict[str, Path], corpus: Songs, tmp_path: Path) -> None:
    import torch
    from transformers import ClapFeatureExtractor, ClapModel

    for name in ("clap", "fused"):
        found = values(heard(corpus, models[name], tmp_path))
        theirs = ClapModel.from_pretrained(models[name]).eval()
        prepare = ClapFeatureExtractor.from_pretrained(models[name])
        for row, song in enumerate(("গান.wav", "أغنية.wav")):
            y = sound(corpus, song, RATE)
            parts = [y[:RATE], y[RATE : 2 * RATE], y[-RATE:]] if row == 0 else [y]
            with torch.inference_mode():
                given = [prepare(part, sampling_rate=RATE, return_tensors="pt")["input_features"] for part in parts]
                none = torch.zeros((1, 1), dtype=torch.bool)
                vectors = [theirs.get_audio_features(one.float(), is_longer=none).pooler_output for one in given]
            expected = torch.cat(vectors).double().mean(dim=0).numpy()
            np.testing.assert_allclose(found[row], expected, atol=1e-5)
        assert np.abs(found[0] - found[1]).max() > 1e-3


@pytest.mark.parametrize(("name", "kind", "rate"), [("hubert", "Hubert", RATE), ("wavlm", "WavLM", RATE)])
def test_frames_are_averaged_over_time_and_layers(
    name: str, kind: str, rate: int, models: dict[str, Path], corpus: Songs, tmp_path: Path
) -> None:
    import torch
    import transformers

    theirs = getattr(transformers, f"{kind}Model").from_pretrained(models[name]).eval()
    prepare = transformers.AutoFeatureExtractor.from_pretrained(models[name])
    y = sound(corpus, "গান.wav", rate)
    with torch.inference_mode():
        parts = [prepare(part, sampling_rate=rate, return_tensors="pt").input_values for part in (y[:rate], y[-rate:])]
        parts.insert(1, prepare(y[rate : 2 * rate], sampling_rate=rate, return_tensors="pt").input_values)
        out = [theirs(part, output_hidden_states=True) for part in parts]
    hidden = [torch.stack(one.hidden_states)[:, 0].double().numpy() for one in out]  # (layer, T, D) each
    by_time = np.concatenate(hidden, axis=1)
    for layers, expected in (
        (None, by_time[1:].mean(axis=0)),
        ("all", by_time[1:].mean(axis=0)),
        ((0, 2), by_time[[0, 2]].mean(axis=0)),
        ("last", np.concatenate([one.last_hidden_state[0].double().numpy() for one in out])),
    ):
        options: dict[str, Any] = {"segment": 1.0, "std": True, "layers": layers}
        found = values(heard(corpus, models[name], tmp_path, **options))[0]
        np.testing.assert_allclose(found, np.concatenate([expected.mean(axis=0), expected.std(axis=0)]), atol=2e-5)


def test_mert_is_hubert_and_its_own_code_is_never_run(models: dict[str, Path], corpus: Songs, tmp_path: Path) -> None:
    import torch
    from transformers import HubertModel, Wav2Vec2FeatureExtractor

    # the same weights under today's names, in a folder that claims nothing but HuBERT
    plain = write_tiny_speech(tmp_path / "plain", "hubert", seed=3, rate=24000)
    theirs, prepare = HubertModel.from_pretrained(plain).eval(), Wav2Vec2FeatureExtractor.from_pretrained(plain)
    given = prepare(sound(corpus, "গান.wav", 24000), sampling_rate=24000, return_tensors="pt").input_values
    with torch.inference_mode():
        hidden = torch.stack(theirs(given, output_hidden_states=True).hidden_states[1:]).mean(dim=(0, 1, 2))
    found = values(heard(corpus, models["mert"], tmp_path / "cache"))
    np.testing.assert_allclose(found[0], hidden.double().numpy(), atol=2e-5)
    assert not (models["mert"] / "ran").exists()


@pytest.mark.parametrize("key", ["feature_extractor_cqt", "deepnorm"])
def test_a_mert_that_is_no_hubert_is_refused(key: str, tmp_path: Path) -> None:
    folder = write_tiny_mert(tmp_path / "other", **{key: True})
    with pytest.raises(MusaicError, match=rf"{key} = True.*code of its own, which is never run"):
        find(str(folder))
    assert not (folder / "ran").exists()


def test_an_ast_gives_the_mean_of_its_class_tokens(models: dict[str, Path], corpus: Songs, tmp_path: Path) -> None:
    import torch
    from transformers import AutoFeatureExtractor, AutoModel

    theirs = AutoModel.from_pretrained(models["ast"]).eval()
    prepare = AutoFeatureExtractor.from_pretrained(models["ast"])
    y = sound(corpus, "গান.wav", RATE)
    parts = [prepare(part, sampling_rate=RATE, return_tensors="pt") for part in (y[:RATE], y[RATE:-8000], y[-RATE:])]
    with torch.inference_mode():
        expected = torch.cat([theirs(**part).pooler_output for part in parts]).double().mean(dim=0)
    np.testing.assert_allclose(values(heard(corpus, models["ast"], tmp_path))[0], expected.numpy(), atol=1e-5)


def test_windows_are_whole_and_lose_less_than_a_tenth_of_one() -> None:
    y = np.arange(1000, dtype=np.float32)
    for n in (1, 7, 100, 300, 333, 999, 1000, 1001):
        cut = list(windows(y, n))
        assert {len(window) for window in cut} == {min(n, 1000)}
        heard = np.unique(np.concatenate(cut))
        assert 1000 - len(heard) <= n / 10
        assert np.array_equal(heard, np.arange(len(heard)))


@pytest.mark.parametrize("name", sorted(MAKERS))
def test_every_architecture(name: str, models: dict[str, Path], corpus: Songs, tmp_path: Path, loaded: list) -> None:
    """Same bytes alone and in company, in another process, and from the store, where no network is loaded."""
    found = heard(corpus, models[name], tmp_path / "one")
    feature = found.get(f"pretrained:{models[name]}")
    assert feature.values.shape == (4, N_DIMS)
    assert len(feature.dims) == N_DIMS
    assert feature.present.tolist() == [True, True, False, True]
    assert found.status["status"].tolist()[2] != "ok"
    assert loaded == [models[name]]
    equal(found, heard(corpus, models[name], tmp_path / "one"))
    assert len(loaded) == 1
    alone = Songs(corpus.root, corpus.tracks.iloc[[3]].reset_index(drop=True))
    assert values(heard(alone, models[name], tmp_path / "two")).tobytes() == feature.values[3].tobytes()


@pytest.mark.slow
def test_other_processes_give_the_same_bytes(models: dict[str, Path], corpus: Songs, tmp_path: Path) -> None:
    found = heard(corpus, models["hubert"], tmp_path / "one")
    equal(found, heard(corpus, models["hubert"], tmp_path / "two", workers=2))


def test_what_an_embedding_depends_on_is_its_key_and_nothing_else(
    models: dict[str, Path], corpus: Songs, tmp_path: Path, loaded: list
) -> None:
    first = heard(corpus, models["hubert"], tmp_path)
    moved = shutil.copytree(models["hubert"], tmp_path / "elsewhere")
    assert values(heard(corpus, moved, tmp_path)).tobytes() == values(first).tobytes()
    values(heard(corpus, models["hubert"], tmp_path, n_mels=40, n_mfcc=5, sample_rate=16000))
    assert len(loaded) == 1
    alone = FeatureConfig(names=(f"pretrained:{models['hubert']}",), duration=2.5)
    assert values(extract(corpus, alone, cache=tmp_path, workers=0)).tobytes() == values(first).tobytes()
    for options in ({"std": True}, {"segment": 1.0}, {"layers": "last"}, {"duration": 1.0}):
        assert values(heard(corpus, models["hubert"], tmp_path, **options)).tobytes() != values(first).tobytes()
    other = write_tiny_speech(tmp_path / "other", seed=7)
    assert not np.allclose(values(heard(corpus, other, tmp_path))[0], values(first)[0])


def test_a_new_song_costs_itself_and_a_killed_run_goes_on(
    models: dict[str, Path], corpus: Songs, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = heard(corpus, models["hubert"], tmp_path / "whole")
    original, calls = network.Network.rows, []

    def killed(self: network.Network, parts: Any) -> Any:
        calls.append(len(parts))
        if len(calls) == 2:
            raise KeyboardInterrupt
        return original(self, parts)

    monkeypatch.setattr(network.Network, "rows", killed)
    with pytest.raises(KeyboardInterrupt):
        heard(corpus, models["hubert"], tmp_path / "cut")
    equal(whole, heard(corpus, models["hubert"], tmp_path / "cut"))
    assert len(calls) == 4  # the first song was not heard again
    write(corpus.root / "new.wav", music(1.0, seed=9))
    names = [*corpus.tracks["audio"], "new.wav"]
    more = heard(songs(corpus.root, {name: name for name in names}), models["hubert"], tmp_path / "cut")
    assert len(calls) == 5
    assert values(more)[:4].tobytes() == values(whole).tobytes()


def test_a_song_that_breaks_a_network_fails_alone(
    models: dict[str, Path], corpus: Songs, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys
) -> None:
    original = network.Network.rows

    def odd(self: network.Network, parts: Any) -> Any:
        rows = original(self, parts)
        return rows * np.nan if len(parts[0]) < RATE else rows

    monkeypatch.setattr(network.Network, "rows", odd)
    config = SHORT.model_copy(update={"names": (*SHORT.names, f"pretrained:{models['hubert']}")})
    found = extract(corpus, config, cache=tmp_path, workers=0, reporter=Reporter())
    assert found.get(found.names[-1]).present.tolist() == [True, False, False, True]
    assert found.status["status"].tolist()[1] == "ok"  # of its sound nothing is wrong
    said = capsys.readouterr().err
    assert "1 of 3 songs could not be heard; the first: أغنية.wav makes the network give numbers" in said


CELLS = {"evaluation": {"permutations": 1, "bootstrap": 100, "probes": [], "language": False, "labels": ["genre"]}}


def experiment(model: Path | str) -> dict[str, Any]:
    name = f"pretrained:{model}"
    training = {"epochs": 2, "batch_size": 8}
    return CELLS | {
        "features": {"duration": 1.0, "n_mels": 32, "pretrained": {"std": True, "segment": 0.5}},
        "cells": [
            {"model": "raw", "input": name},
            {"model": "pca", "input": [name, "mfcc_moments"]},
            {"model": "basic-vae", "input": name, "latent_dim": 2, "training": training},
            {"model": "pca", "input": "statistics"},
        ],
        "clusterings": [{"algorithm": "kmeans", "n_clusters": 2}],
        "seeds": 1,
        "figures": {"maps": ["tsne"]},
    }


@pytest.fixture(scope="module")
def done(models: dict[str, Path], tmp_path_factory: pytest.TempPathFactory) -> musaic.Run:
    folder = tmp_path_factory.mktemp("rivals")
    model = Path(shutil.copytree(models["hubert"], folder / "hubert"))
    (model / "README.md").write_text("---\nlicense: cc-by-nc-4.0\n---\n# মডেল\n", encoding="utf-8")
    write_tree(folder / "songs", per_cell=2, seconds=1.0)
    return run(experiment(model), corpus=folder / "songs", out=folder / "run", cache=folder / "cache", workers=0)


def test_rivals_stand_in_every_table(done: musaic.Run) -> None:
    assert [cell["status"] for cell in done.cells] == ["done"] * 4
    board = done.leaderboard
    rivals = board[board["input"].str.contains("pretrained:")]
    assert set(rivals["model"]) == {"raw", "pca", "basic-vae"}
    assert set(board["modality"]) == {"audio"}
    assert rivals["ami"].notna().all()
    widths = {cell["model"]: done.embedding(cell["cell"], 0).filter(like="z_").shape[1] for cell in done.cells[:1]}
    assert widths == {"raw": 2 * N_DIMS}


def test_the_licence_is_kept_and_told(done: musaic.Run) -> None:
    kept = json.loads(done.environment_file.read_text(encoding="utf-8"))["pretrained"]
    ((name, record),) = kept.items()
    assert name.startswith("pretrained:")
    assert (record["licence"], record["model"], record["architecture"]) == ("cc-by-nc-4.0", "hubert", "hubert")
    assert (record["std"], record["segment"], record["sample_rate"], record["device"]) == (True, 0.5, RATE, "cpu")
    assert re.fullmatch("[0-9a-f]{32}", record["digest"])
    assert str(done.path.parent) not in json.dumps(record)
    (sentence,) = (one for one in limits(Results(done.path)) if "pretrained:" in one)
    assert "licence cc-by-nc-4.0, not for commercial use" in sentence


def test_a_new_song_is_placed_by_the_same_network(done: musaic.Run, tmp_path: Path) -> None:
    song = next((done.path.parent / "songs").rglob("*.wav"))
    own = assign(done, song, cache=done.path.parent / "cache", workers=0)
    new = write(tmp_path / "نو.wav", music(1.0, seed=77))
    placed = assign(done, new, cache=tmp_path / "cache", workers=0)
    assert set(placed.table["cell"]) == {cell["cell"] for cell in done.cells}
    assert set(own.table["cell"]) == set(placed.table["cell"])
    raw = placed.table[placed.table["cell"].str.startswith("raw")].iloc[0]
    assert len(raw["latent"]) == 2 * N_DIMS


def test_other_weights_are_not_those_of_the_run(done: musaic.Run, tmp_path: Path) -> None:
    root = Path(shutil.copytree(done.path.parent, tmp_path / "copy"))
    given = load_experiment(done.experiment_file)
    model = done.path.parent / "hubert"
    kept = (model / "model.safetensors").read_bytes()
    new = write(tmp_path / "نو.wav", music(1.0, seed=77))
    try:
        write_tiny_speech(model, seed=5)
        with pytest.raises(MusaicError, match=r"is not the network that .* was begun with"):
            run(given, corpus=root / "songs", out=root / "run", cache=root / "cache", workers=0)
        placed = assign(done, new, cache=tmp_path / "cache", workers=0)
        assert [name[:3] for name in placed.table["cell"]] == ["pca"]
        assert all("is not the network" in why for why in placed.left_out.values())
        (model / "model.safetensors").unlink()
        placed = assign(done, new, cache=tmp_path / "cache", workers=0)
        assert len(placed.left_out) == 3
        assert all("no weights" in why for why in placed.left_out.values())
    finally:
        (model / "model.safetensors").write_bytes(kept)


def test_names_of_cells_hang_on_what_is_used(models: dict[str, Path]) -> None:
    given = experiment(models["hubert"])
    parsed = load_experiment(given)
    names = [parsed.cell_name(cell) for cell in parsed.cells]
    without = load_experiment(given | {"features": {"duration": 1.0, "n_mels": 32}})
    others = [without.cell_name(cell) for cell in without.cells]
    assert [one == other for one, other in zip(names, others, strict=True)] == [False, False, False, True]
    assert load_experiment(parsed.plain()) == parsed
    assert "pretrained" not in without.features.plain()
    assert without.features.embedded == (f"pretrained:{models['hubert']}",)


@pytest.mark.parametrize(
    ("data", "words"),
    [
        ({"pretrained": {"layer": "last"}}, "did you mean 'layers'"),
        ({"pretrained": {"layers": "first"}}, "layers"),
        ({"pretrained": {"layers": []}}, "layers"),
        ({"pretrained": {"segment": 0}}, "segment"),
        ({"pretrained": {"batch_size": 0}}, "batch_size"),
        ({"names": ["pretrained"]}, "did you mean 'pretrained:<model>'"),
        ({"names": ["pretrained:"]}, "unknown feature 'pretrained:'"),
    ],
)
def test_what_cannot_be_is_one_sentence(data: dict[str, Any], words: str) -> None:
    with pytest.raises(UsageError) as error:
        FeatureConfig.parse(data, "features")
    assert words in str(error.value)
    assert "\n" not in str(error.value)


def test_options_that_a_model_does_not_have_are_refused(models: dict[str, Path], corpus: Songs, tmp_path: Path) -> None:
    for name, options, words in (
        ("clap", {"segment": 2.0}, "at most 1 s at once"),
        ("clap", {"layers": "last"}, "no layers to choose from"),
        ("ast", {"layers": (1,)}, "no layers to choose from"),
        ("hubert", {"layers": (1, 4)}, "names layer 4, but .* has 3"),
    ):
        with pytest.raises(UsageError, match=words):
            heard(corpus, models[name], tmp_path, **options)
    with pytest.raises(UsageError, match="'tpu' is not here; give one of auto, cpu"):
        embedding_config(find(str(models["clap"])), SHORT, device="tpu", cache=tmp_path)


@pytest.mark.parametrize("name", sorted(MODELS))
def test_a_model_that_cannot_be_had_names_the_command(name: str, no_hub: Path) -> None:
    entry = MODELS[name]
    with pytest.raises(MusaicError) as error:
        find(name)
    get = f"run hf download {entry.hub} --revision {entry.revision}" if entry.safetensors else "run the experiment once"
    assert f"the model {entry.hub} is not on this disk" in str(error.value)
    assert f"{get} where there is a network" in str(error.value)
    assert "\n" not in str(error.value)
    assert not isinstance(error.value, UsageError)


def test_a_run_ends_before_it_begins_where_a_model_cannot_be_had(no_hub: Path, tmp_path: Path) -> None:
    write_tree(tmp_path / "songs", per_cell=1)
    with pytest.raises(MusaicError, match="the model m-a-p/MERT-v1-95M is not on this disk"):
        run(experiment("mert"), corpus=tmp_path / "songs", out=tmp_path / "run", cache=tmp_path / "cache", workers=0)
    assert not (tmp_path / "run").exists()


def test_models_that_cannot_be_used_are_refused_in_one_sentence(
    models: dict[str, Path], no_hub: Path, tmp_path: Path
) -> None:
    from safetensors.torch import load_file, save_file

    def copy(name: str, model: str = "hubert") -> Path:
        return Path(shutil.copytree(models[model], tmp_path / name))

    def changed(name: str, **changes: object) -> Path:
        folder = copy(name)
        config = json.loads((folder / "config.json").read_text()) | changes
        (folder / "config.json").write_text(json.dumps(config))
        return folder

    pickled, empty, random, garbage, mute = map(copy, ("pickled", "empty", "random", "garbage", "mute"))
    (pickled / "model.safetensors").rename(pickled / "pytorch_model.bin")
    (empty / "model.safetensors").unlink()
    (mute / "preprocessor_config.json").unlink()
    (tmp_path / "none").mkdir()
    code = changed("code", auto_map={"AutoModel": "modeling_own.Own"}, model_type="own")
    (code / "modeling_own.py").write_text(f"open({str(tmp_path / 'ran')!r}, 'w')")
    for place, words in (
        (pickled, "pickled weights only, which can run code and are never read; save it with safetensors"),
        (empty, "no weights"),
        (mute, "no preprocessor_config.json"),
        (code, "code of its own to be run, which is never done"),
        (changed("claimed", auto_map={"AutoModel": "modeling_own.Own"}), "code of its own"),
        (changed("text", model_type="bert"), "is a 'bert', which gives no embedding of sound"),
        (tmp_path / "none", "holds no model"),
        ("clapp", "no pretrained model 'clapp', did you mean 'clap'"),
        (tmp_path / "nowhere", "no pretrained model"),
        ("a/b/c", "no pretrained model"),
        ("owner/name@v1", "hf download owner/name --revision v1"),
    ):
        with pytest.raises(MusaicError, match=re.escape(words)) as error:
            find(str(place))
        assert "\n" not in str(error.value)
    assert not (tmp_path / "ran").exists()
    weights = load_file(random / "model.safetensors")
    save_file({name: weights[name] for name in sorted(weights)[1:]}, random / "model.safetensors", {"format": "pt"})
    (garbage / "model.safetensors").write_bytes(b"\x08\0\0\0\0\0\0\0garbage!")
    wide = changed("wide", hidden_size=8)
    for folder, words in ((random, f"lack {sorted(weights)[0]}"), (garbage, "cannot load"), (wide, "cannot load")):
        own = embedding_config(find(str(folder)), SHORT, cache=tmp_path)
        with pytest.raises(MusaicError, match=words) as error:
            network.network(own.folder, ARCHITECTURES["hubert"], "all", RATE, "cpu")
        assert "\n" not in str(error.value)


def test_a_network_that_cannot_be_loaded_ends_the_work_and_marks_no_song(
    models: dict[str, Path], corpus: Songs, tmp_path: Path
) -> None:
    model = Path(shutil.copytree(models["hubert"], tmp_path / "model"))
    whole = (model / "model.safetensors").read_bytes()
    (model / "model.safetensors").write_bytes(whole[: len(whole) // 2])
    with pytest.raises(MusaicError, match="cannot load the model"):
        heard(corpus, model, tmp_path)
    (model / "model.safetensors").write_bytes(whole)
    assert heard(corpus, model, tmp_path).get(f"pretrained:{model}").present.sum() == 3


def test_a_short_name_is_its_revision_on_this_disk(models: dict[str, Path], no_hub: Path) -> None:
    entry = MODELS["clap"]
    other = on_hub(no_hub, entry.hub, models["fused"], "0" * 40)
    assert find("clap").folder == other  # the hub's own conversion of it, perhaps: recorded as what it is
    meant = on_hub(no_hub, entry.hub, models["clap"], entry.revision)
    found = find("clap")
    assert (found.folder, found.revision, found.licence) == (meant, entry.revision, "apache-2.0")
    assert find(entry.hub).folder == meant
    assert find(f"{entry.hub}@0000000").folder == other
    assert "licence apache-2.0, arXiv:2211.06687" in found.told
    with pytest.raises(MusaicError, match="not on this disk"):
        find(f"{entry.hub}@1111111")


def test_a_commit_that_is_fixed_is_taken_and_no_other(models: dict[str, Path], no_hub: Path) -> None:
    entry = MODELS["clap-general"]
    assert entry.safetensors
    on_hub(no_hub, entry.hub, models["fused"], "0" * 40)
    for name in ("clap-general", entry.hub):
        with pytest.raises(MusaicError, match=f"hf download {entry.hub} --revision {entry.revision}"):
            find(name)
    meant = on_hub(no_hub, entry.hub, models["clap"], entry.revision)
    assert find("clap-general").folder == meant
    assert "commit" not in find("clap-general").told
    other = on_hub(no_hub, "owner/own", models["clap"], "1" * 40)
    assert find("owner/own").folder == other
    assert f"pretrained:owner/own, commit {'1' * 40}: " in find("owner/own").told
    converted = MODELS["mert"]
    on_hub(no_hub, converted.hub, models["mert"], "2" * 40)
    assert f"is {converted.hub}, commit {'2' * 40}: " in find("mert").told


def test_weights_in_several_files_are_weights_when_all_are_there(models: dict[str, Path], tmp_path: Path) -> None:
    from transformers import HubertModel

    folder = Path(shutil.copytree(models["hubert"], tmp_path / "parts"))
    (folder / "model.safetensors").unlink()
    HubertModel.from_pretrained(models["hubert"]).save_pretrained(folder, max_shard_size="20KB")
    parts = sorted(folder.glob("model-*.safetensors"))
    assert len(parts) > 1
    assert has_weights(find(str(folder)).folder)
    parts[0].rename(folder / "elsewhere")
    with pytest.raises(MusaicError, match="no weights, or not all of them"):
        find(str(folder))


@pytest.mark.parametrize(
    ("head", "licence"),
    [
        ("license: mit\n", "mit"),
        ("license:\n- cc-by-4.0\n- gpl-3.0\n", "cc-by-4.0 + gpl-3.0"),
        ("license: [apache-2.0]\n", "apache-2.0"),
        ("license_name: my-own-nc\nlicense: other\nlicense_link: LICENSE\n", "my-own-nc"),
        ("license: other\n", "other"),
        ('license: "cc-by-nc-4.0" # see below\n', "cc-by-nc-4.0"),
        ("tags: [music]\n", "unknown"),
        ("license: [\n", "unknown"),
        ("- license: mit\n", "unknown"),
    ],
)
def test_the_licence_is_what_the_models_page_says(
    head: str, licence: str, models: dict[str, Path], tmp_path: Path
) -> None:
    folder = Path(shutil.copytree(models["hubert"], tmp_path / "model"))
    for text in (f"---\n{head}---\n# A model\nlicense: gpl\n", f"---\n{head}---\n".replace("\n", "\r\n")):
        (folder / "README.md").write_bytes(text.encode())
        assert find(str(folder)).licence == licence
    (folder / "README.md").write_text(head, encoding="utf-8")
    assert find(str(folder)).licence == "unknown"


def test_pickles_on_this_disk_are_no_model(models: dict[str, Path], no_hub: Path) -> None:
    entry = MODELS["mert"]
    folder = on_hub(no_hub, entry.hub, models["mert"], entry.revision)
    (folder / "model.safetensors").rename(folder / "pytorch_model.bin")
    with pytest.raises(MusaicError, match="pickled weights, which are never read: save it with safetensors"):
        find("mert")


def test_what_the_hub_converted_is_taken_in_place_of_pickles(
    models: dict[str, Path], no_hub: Path, monkeypatch: pytest.MonkeyPatch, capsys
) -> None:
    """The bot's commit on the very commit that is meant; nobody else's, and no other's."""
    from huggingface_hub import constants

    entry, commit = MODELS["mert"], "c" * 40
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", False)
    title = "Adding `safetensors` variant of this model"

    def request(number: int, author: str) -> SimpleNamespace:
        return SimpleNamespace(title=title, author=author, git_reference=f"refs/pr/{number}")

    history = {
        "refs/pr/1": ["a" * 40, entry.revision],  # a stranger's
        "refs/pr/2": ["b" * 40, "0" * 40],  # of another commit
        "refs/pr/3": [commit, entry.revision],
    }
    files = [SimpleNamespace(rfilename="pytorch_model.bin")]
    requests = [request(1, "stranger"), request(2, "SFconvertbot"), request(3, "SFconvertbot")]
    fetched: list[str] = []

    def snapshot(name: str, *, revision: str, allow_patterns: list[str], **_: Any) -> str:
        assert not any("bin" in pattern or ".py" in pattern for pattern in allow_patterns)
        place = on_hub(no_hub, name, models["mert"], revision)
        if "*.safetensors" not in allow_patterns:
            (place / "model.safetensors").unlink()
        fetched.append(revision)
        return str(place)

    told = SimpleNamespace(sha=entry.revision, siblings=files)
    monkeypatch.setattr("huggingface_hub.HfApi.model_info", lambda *_, **__: told)
    monkeypatch.setattr("huggingface_hub.HfApi.get_repo_discussions", lambda *_, **__: iter(requests))
    monkeypatch.setattr(
        "huggingface_hub.HfApi.list_repo_commits",
        lambda *_, revision, **__: [SimpleNamespace(commit_id=one) for one in history[revision]],
    )
    monkeypatch.setattr("huggingface_hub.snapshot_download", snapshot)
    found = find("mert", reporter=Reporter())
    assert (fetched, found.revision) == ([commit, commit], commit)
    said = capsys.readouterr().err.splitlines()
    assert "fetching the model m-a-p/MERT-v1-95M" in said[0]
    assert "licence cc-by-nc-4.0 (not for commercial use), arXiv:2306.00107, 378 MB" in said[1]  # before the weights
    assert find("mert").revision == commit
    assert len(fetched) == 2

    shutil.rmtree(no_hub)
    requests.pop()
    with pytest.raises(MusaicError, match="the model m-a-p/MERT-v1-95M has pickled weights only"):
        find("mert")
    monkeypatch.setattr("huggingface_hub.HfApi.model_info", lambda *_, **__: 1 / 0)
    with pytest.raises(MusaicError, match=r"cannot be fetched \(division.*run the experiment once where"):
        find("mert")


def test_an_extra_that_is_not_installed_is_named(models: dict[str, Path], monkeypatch: pytest.MonkeyPatch) -> None:
    import importlib.metadata

    def gone(name: str) -> str:
        raise importlib.metadata.PackageNotFoundError(name)

    monkeypatch.setattr(importlib.metadata, "version", gone)
    with pytest.raises(MusaicError, match=r"not installed; run pip install 'musaic\[pretrained\]'"):
        find(str(models["hubert"]))


def test_every_registered_model_is_of_a_known_architecture_and_in_the_documentation() -> None:
    page = (Path(__file__).parent.parent / "docs" / "pretrained.md").read_text(encoding="utf-8")
    for name, entry in MODELS.items():
        kind = ARCHITECTURES[entry.architecture]
        assert (entry.sample_rate, entry.n_dims) == (kind.sample_rate, kind.n_dims)
        assert re.fullmatch("[0-9a-f]{40}", entry.revision)
        assert f"| `pretrained:{name}` | {entry.row} |" in page
    for kind in ARCHITECTURES:
        assert f"`{kind}`" in page
