"""A sentence encoder of some ten thousand weights, made on the spot: BERT over the letters of five scripts."""

from __future__ import annotations

from pathlib import Path

LETTERS = "abcdefghijklmnopqrstuvwxyzáéíñóúü0123456789.,'"
RANGES = ((0x0621, 0x0653), (0x0901, 0x0970), (0x0981, 0x09F0))  # Arabic, Devanagari, Bangla
SPECIAL = ("[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]")
N_DIMS = 32

TEXTS = [
    "the river runs down to the sea and the night is long",
    "النهر يجري إلى البحر والليل طويل",
    "নদী বয়ে যায় সাগরের দিকে, রাত অনেক দীর্ঘ",
    "नदी सागर की ओर बहती है और रात लंबी है",
    "el río corre hacia el mar y la noche es larga",
]


def write_tiny_transformer(folder: Path, *, seed: int = 0, max_tokens: int = 64) -> Path:
    """Write a plain BERT with its tokenizer, as the hub holds models that are no sentence encoders.

    Parameters
    ----------
    folder : Path
        Made by this function.
    seed : int
        Of the weights.
    max_tokens : int
        Positions that the model knows.
    """
    import torch
    from transformers import BertConfig, BertModel

    tokenizer = _tokenizer(max_tokens)
    config = BertConfig(
        vocab_size=len(tokenizer),
        hidden_size=N_DIMS,
        num_hidden_layers=2,
        num_attention_heads=2,
        intermediate_size=64,
        max_position_embeddings=max_tokens,
        initializer_range=0.5,
    )
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        BertModel(config, add_pooling_layer=False).save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return folder


def write_tiny_xlm_roberta(folder: Path, *, n_tokens: int = 32) -> Path:
    """Write a plain XLM-R with pieces of words and no word on how long a text can be, as old models have none.

    Parameters
    ----------
    folder : Path
        Made by this function.
    n_tokens : int
        Tokens that it can read at once: it has two positions more, and counts from the third.
    """
    import torch
    from tokenizers import Tokenizer, models, normalizers, pre_tokenizers, processors
    from transformers import PreTrainedTokenizerFast, XLMRobertaConfig, XLMRobertaModel

    words = sorted({piece for text in TEXTS for word in text.split() for piece in (f"▁{word}", word[:3])})
    letters = sorted({"▁", *LETTERS, *(chr(code) for low, high in RANGES for code in range(low, high)), ":"} - {*words})
    marks = ["<s>", "<pad>", "</s>", "<unk>"]
    pieces = [*((mark, 0.0) for mark in marks), *((word, -2.0) for word in words), *((one, -6.0) for one in letters)]
    tokenizer = Tokenizer(models.Unigram(pieces, unk_id=3))
    tokenizer.normalizer = normalizers.NFKC()
    tokenizer.pre_tokenizer = pre_tokenizers.Metaspace(prepend_scheme="always")
    tokenizer.post_processor = processors.TemplateProcessing(
        single="<s> $A </s>", pair="<s> $A </s> </s> $B </s>", special_tokens=[("<s>", 0), ("</s>", 2)]
    )
    config = XLMRobertaConfig(
        vocab_size=len(pieces),
        hidden_size=N_DIMS,
        num_hidden_layers=2,
        num_attention_heads=2,
        intermediate_size=64,
        max_position_embeddings=n_tokens + 2,
        initializer_range=0.5,
    )
    with torch.random.fork_rng():
        torch.manual_seed(0)
        XLMRobertaModel(config, add_pooling_layer=False).save_pretrained(folder)
    named = {"bos_token": "<s>", "eos_token": "</s>", "unk_token": "<unk>", "pad_token": "<pad>", "cls_token": "<s>"}
    PreTrainedTokenizerFast(tokenizer_object=tokenizer, sep_token="</s>", **named).save_pretrained(folder)
    return folder


def write_tiny_sentences(
    folder: Path, *, seed: int = 0, max_tokens: int = 64, prompt: str | None = None, dense: int | None = None
) -> Path:
    """Write a sentence-transformers model: BERT, mean over tokens, length 1.

    Parameters
    ----------
    folder : Path
        Made by this function.
    seed, max_tokens
        As for `write_tiny_transformer`.
    prompt : str, optional
        The model's own default prompt.
    dense : int, optional
        Dimensions of a dense layer after pooling, as LaBSE has one.
    """
    import torch
    from sentence_transformers import SentenceTransformer
    from sentence_transformers.base.modules import Dense, Normalize, Transformer
    from sentence_transformers.sentence_transformer.modules import Pooling

    plain = write_tiny_transformer(folder.with_name(f"{folder.name}-plain"), seed=seed, max_tokens=max_tokens)
    modules = [Transformer(str(plain)), Pooling(N_DIMS, "mean")]
    if dense:
        with torch.random.fork_rng():
            torch.manual_seed(seed)
            modules.append(Dense(N_DIMS, dense))
    named = {} if prompt is None else {"prompts": {"own": prompt}, "default_prompt_name": "own"}
    model = SentenceTransformer(modules=[*modules, Normalize()], device="cpu", **named)
    model.save_pretrained(str(folder), create_model_card=False)
    return folder


def _tokenizer(max_tokens: int):
    from tokenizers import Tokenizer, models, normalizers, pre_tokenizers, processors
    from transformers import PreTrainedTokenizerFast

    letters = [*LETTERS, *(chr(code) for low, high in RANGES for code in range(low, high)), ":"]
    vocabulary = {piece: code for code, piece in enumerate([*SPECIAL, *letters, *(f"##{one}" for one in letters)])}
    tokenizer = Tokenizer(models.WordPiece(vocabulary, unk_token="[UNK]"))
    tokenizer.normalizer = normalizers.BertNormalizer(lowercase=True, strip_accents=False)
    tokenizer.pre_tokenizer = pre_tokenizers.WhitespaceSplit()
    tokenizer.post_processor = processors.TemplateProcessing(
        single="[CLS] $A [SEP]",
        pair="[CLS] $A [SEP] $B:1 [SEP]:1",
        special_tokens=[(name, vocabulary[name]) for name in ("[CLS]", "[SEP]")],
    )
    return PreTrainedTokenizerFast(
        tokenizer_object=tokenizer,
        unk_token="[UNK]",
        pad_token="[PAD]",
        cls_token="[CLS]",
        sep_token="[SEP]",
        mask_token="[MASK]",
        model_max_length=max_tokens,
    )
