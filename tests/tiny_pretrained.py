"""Pretrained models of sound of some ten thousand weights, made on the spot, as the hub holds them."""

from __future__ import annotations

import json
from pathlib import Path

N_DIMS = 16
RATE = 16000

_CONVOLUTIONS = {"conv_dim": (8, 8), "conv_kernel": (10, 8), "conv_stride": (10, 8), "num_feat_extract_layers": 2}
_TRANSFORMER = {"hidden_size": N_DIMS, "num_hidden_layers": 3, "num_attention_heads": 2, "intermediate_size": 32}
_POSITIONS = {"num_conv_pos_embeddings": 4, "num_conv_pos_embedding_groups": 2}


def write_tiny_speech(folder: Path, kind: str = "hubert", *, seed: int = 0, rate: int = RATE) -> Path:
    """Write a ``hubert``, ``wav2vec2`` or ``wavlm`` with three layers.

    Parameters
    ----------
    folder : Path
        Made by this function.
    kind : {"hubert", "wav2vec2", "wavlm"}
        The architecture.
    seed : int
        Of the weights.
    rate : int, Hz
        What it hears.
    """
    import torch
    import transformers

    names = {"hubert": "Hubert", "wav2vec2": "Wav2Vec2", "wavlm": "WavLM"}
    config = getattr(transformers, f"{names[kind]}Config")(
        **_CONVOLUTIONS, **_TRANSFORMER, **_POSITIONS, initializer_range=0.3
    )
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        getattr(transformers, f"{names[kind]}Model")(config).save_pretrained(folder)
    _preparation(rate).save_pretrained(folder)
    return folder


def write_tiny_mert(folder: Path, **changes: object) -> Path:
    """Write a model as MERT's authors uploaded theirs: HuBERT's weights under old names, and code of its own.

    Parameters
    ----------
    folder : Path
        Made by this function.
    **changes
        Keys of the configuration that are otherwise; None leaves one out.
    """
    from safetensors.torch import load_file, save_file

    write_tiny_speech(folder, "hubert", seed=3, rate=24000)
    weights = load_file(folder / "model.safetensors")
    old = {
        name.replace("parametrizations.weight.original0", "weight_g").replace(
            "parametrizations.weight.original1", "weight_v"
        ): tensor
        for name, tensor in weights.items()
    }
    assert old.keys() != weights.keys()
    save_file(old, folder / "model.safetensors", {"format": "pt"})
    config = json.loads((folder / "config.json").read_text())
    config |= {
        "architectures": ["MERTModel"],
        "auto_map": {"AutoConfig": "configuration_MERT.MERTConfig", "AutoModel": "modeling_MERT.MERTModel"},
        "model_type": "mert_model",
        "attention_relax": -1.0,
        "deepnorm": False,
        "feature_extractor_cqt": False,
        "feature_extractor_cqt_bins": 84,
        "sample_rate": 24000,
    }
    config |= changes
    (folder / "config.json").write_text(json.dumps(config))
    for name in ("configuration_MERT.py", "modeling_MERT.py"):
        (folder / name).write_text(f"from pathlib import Path\nPath({str(folder / 'ran')!r}).write_text('ran')\n")
    return folder


def write_tiny_clap(folder: Path, *, seed: int = 0, fusion: bool = False, seconds: int = 1) -> Path:
    """Write a CLAP with both its halves, that of text too.

    Parameters
    ----------
    folder : Path
        Made by this function.
    seed : int
        Of the weights.
    fusion : bool
        Whether it joins views of long sounds, as ``clap-htsat-fused`` does.
    seconds : int
        Length of its windows.
    """
    import torch
    from transformers import ClapAudioConfig, ClapConfig, ClapFeatureExtractor, ClapModel, ClapTextConfig

    audio = ClapAudioConfig(
        spec_size=64,
        num_mel_bins=32,
        patch_size=4,
        patch_stride=[4, 4],
        patch_embeds_hidden_size=8,
        hidden_size=16,
        depths=[1, 1],
        num_attention_heads=[1, 2],
        num_hidden_layers=2,
        window_size=4,
        projection_dim=N_DIMS,
        enable_fusion=fusion,
        fusion_type="aff_2d" if fusion else None,
        enable_patch_fusion=fusion,
    )
    text = ClapTextConfig(
        vocab_size=10,
        hidden_size=8,
        num_hidden_layers=1,
        num_attention_heads=1,
        intermediate_size=8,
        max_position_embeddings=8,
        projection_dim=N_DIMS,
    )
    config = ClapConfig(text_config=text.to_dict(), audio_config=audio.to_dict(), projection_dim=N_DIMS)
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        ClapModel(config).save_pretrained(folder)
    preparation = ClapFeatureExtractor(
        feature_size=32,
        sampling_rate=RATE,
        hop_length=256,
        fft_window_size=512,
        max_length_s=seconds,
        frequency_max=7000,
        truncation="fusion" if fusion else "rand_trunc",
    )
    preparation.save_pretrained(folder)
    return folder


def write_tiny_ast(folder: Path, *, seed: int = 0, frames: int = 100) -> Path:
    """Write an AST with its classifier, which nothing here has a use for; it hears ``frames`` × 10 ms at once."""
    import torch
    from transformers import ASTConfig, ASTFeatureExtractor, ASTForAudioClassification

    config = ASTConfig(
        **_TRANSFORMER, max_length=frames, num_mel_bins=32, patch_size=16, num_labels=4, initializer_range=0.3
    )
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        ASTForAudioClassification(config).save_pretrained(folder)
    ASTFeatureExtractor(num_mel_bins=32, max_length=frames).save_pretrained(folder)
    return folder


def _preparation(rate: int):
    from transformers import Wav2Vec2FeatureExtractor

    return Wav2Vec2FeatureExtractor(
        feature_size=1, sampling_rate=rate, padding_value=0.0, do_normalize=True, return_attention_mask=False
    )
