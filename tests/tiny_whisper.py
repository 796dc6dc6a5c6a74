"""A Whisper of a few hundred kilobytes, made on the spot: it always hears the same words, whatever is played to it.

The decoder has no layer that does anything: what comes next depends on the last token alone. Each token has a code
of its own, and the output weights of a token are the codes of those that it may follow.
"""

from __future__ import annotations

import itertools
import json
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

D = 64
N_MELS = 80
EMPTY = ""
"""A vocabulary that holds the empty text is that of a multilingual model: the English ones lack it."""

HEARD = (" আমার", " قمر", " river", " café")
DOUBTED = " murmur"
"""Comes after the others, with an equal rival: its probability is a half."""

SURE = 40.0
"""Logits of what comes next; the codes of other tokens reach about half of it."""


def write_tiny_whisper(
    folder: Path,
    *,
    words: Sequence[str] = HEARD,
    doubted: str | None = DOUBTED,
    languages: Mapping[str, float] | None = None,
    multilingual: bool = True,
    seed: int = 0,
) -> Path:
    """Write a CTranslate2 model with its tokenizer.

    Parameters
    ----------
    folder : Path
        Made by this function.
    words : sequence of str
        What it hears in each window of 30 s, in the first two seconds; a space begins each.
    doubted : str, optional
        A last word that it is only half sure of.
    languages : mapping, optional
        Logits of languages by code; Bangla before Arabic by default.
    multilingual : bool
        An English-only model otherwise.
    seed : int
        Of the codes and of the weights that look at the sound.
    """
    import ctranslate2
    from faster_whisper.tokenizer import _LANGUAGE_CODES

    rivals = () if doubted is None else (doubted, " rival")
    texts = [*sorted(_bytes().values()), *(_byte_level(word) for word in (*words, *rivals))]
    special = ["<|endoftext|>", "<|startoftranscript|>", *(f"<|{code}|>" for code in _LANGUAGE_CODES)]
    special += ["<|translate|>", "<|transcribe|>", "<|startoflm|>", "<|startofprev|>", "<|nospeech|>"]
    special += ["<|notimestamps|>", *(f"<|{i * 0.02:.2f}|>" for i in range(1501))]
    tokens = [*texts, *([EMPTY] if multilingual else []), *special]
    ids = {token: position for position, token in enumerate(tokens)}

    rng = np.random.default_rng(seed)
    codes = rng.normal(size=(len(tokens), D)).astype(np.float32)
    codes -= codes.mean(axis=1, keepdims=True)
    codes /= codes.std(axis=1, keepdims=True)  # what layer normalisation leaves as it is
    output = np.zeros_like(codes)
    begin = "<|transcribe|>" if multilingual else "<|startoftranscript|>"
    chain = [begin, "<|0.00|>", *(_byte_level(word) for word in words)]
    # Words are aligned with the sound in a second pass, in which they follow <|notimestamps|>.
    for last, following in (*itertools.pairwise(chain), ("<|notimestamps|>", chain[2])):
        output[ids[following]] += SURE / D * codes[ids[last]]
    for rival in rivals:
        output[ids[_byte_level(rival)]] += SURE / D * codes[ids[chain[-1]]]
        output[ids["<|2.00|>"]] += SURE / D * codes[ids[_byte_level(rival)]]
    if not rivals:
        output[ids["<|2.00|>"]] += SURE / D * codes[ids[chain[-1]]]
    output[ids["<|endoftext|>"]] += SURE / D * codes[ids["<|2.00|>"]]
    for code, logit in ({"bn": 12.0, "ar": 11.0} if languages is None else dict(languages)).items():
        output[ids[f"<|{code}|>"]] += logit / D * codes[ids["<|startoftranscript|>"]]

    spec = ctranslate2.specs.WhisperSpec(1, 2, 1, 2)
    _fill(spec, rng, codes, output)
    spec.register_vocabulary(tokens)
    spec.config.lang_ids = [ids[f"<|{code}|>"] for code in _LANGUAGE_CODES]
    spec.config.suppress_ids = []
    spec.config.suppress_ids_begin = [ids["<|endoftext|>"]]
    spec.config.alignment_heads = [[0, 0], [0, 1]]
    spec.validate()
    folder.mkdir(parents=True)
    spec.save(str(folder))
    _tokenizer(tokens, special).save(str(folder / "tokenizer.json"))
    (folder / "preprocessor_config.json").write_text(json.dumps({"feature_size": N_MELS}))
    return folder


def _fill(spec, rng, codes, output) -> None:  # type: ignore[no-untyped-def]
    """Give every layer its weights: those of the encoder and of the look at it are random, the others zero."""

    def linear(layer, rows: int, columns: int, scale: float) -> None:  # type: ignore[no-untyped-def]
        layer.weight = (
            rng.normal(scale=scale, size=(rows, columns)).astype(np.float32)
            if scale
            else np.zeros((rows, columns), np.float32)
        )
        layer.bias = np.zeros(rows, np.float32)

    def norm(layer) -> None:  # type: ignore[no-untyped-def]
        layer.gamma, layer.beta = np.ones(D, np.float32), np.zeros(D, np.float32)

    encoder, decoder = spec.encoder, spec.decoder
    encoder.conv1.weight = rng.normal(scale=0.1, size=(D, N_MELS, 3)).astype(np.float32)
    encoder.conv2.weight = rng.normal(scale=0.1, size=(D, D, 3)).astype(np.float32)
    encoder.conv1.bias, encoder.conv2.bias = np.zeros(D, np.float32), np.zeros(D, np.float32)
    encoder.position_encodings.encodings = rng.normal(scale=0.1, size=(1500, D)).astype(np.float32)
    decoder.embeddings.weight = codes
    decoder.position_encodings.encodings = np.zeros((448, D), np.float32)
    decoder.projection.weight = output
    for part, scale in ((encoder, 0.1), (decoder, 0.0)):
        norm(part.layer_norm)
        for layer in part.layer:
            norm(layer.self_attention.layer_norm)
            linear(layer.self_attention.linear[0], 3 * D, D, scale)
            linear(layer.self_attention.linear[1], D, D, scale)
            norm(layer.ffn.layer_norm)
            linear(layer.ffn.linear_0, 4 * D, D, scale)
            linear(layer.ffn.linear_1, D, 4 * D, scale)
            if part is decoder:
                norm(layer.attention.layer_norm)
                linear(layer.attention.linear[0], D, D, 0.1)
                linear(layer.attention.linear[1], 2 * D, D, 0.1)
                linear(layer.attention.linear[2], D, D, 0.0)


def _tokenizer(tokens: Sequence[str], special: Sequence[str]):  # type: ignore[no-untyped-def]
    from tokenizers import AddedToken, Tokenizer, decoders, models, pre_tokenizers

    tokenizer = Tokenizer(models.BPE(vocab={token: i for i, token in enumerate(tokens)}, merges=[]))
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    tokenizer.add_special_tokens([AddedToken(token, special=True) for token in special])
    return tokenizer


def _byte_level(text: str) -> str:
    letters = _bytes()
    return "".join(letters[byte] for byte in text.encode())


def _bytes() -> dict[int, str]:
    """Return GPT-2's letter for each byte: printable ones stand for themselves, the others for letters from 256 on."""
    plain = [*range(33, 127), *range(161, 173), *range(174, 256)]
    others = [byte for byte in range(256) if byte not in plain]
    return {byte: chr(byte) for byte in plain} | {byte: chr(256 + i) for i, byte in enumerate(others)}
