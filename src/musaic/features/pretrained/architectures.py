"""The architectures whose sound can be embedded: what their files say, and which classes of transformers read them.

A new one is an entry here. Nothing of a model's own code is ever run: the classes are those of the library.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from musaic.errors import MusaicError


@dataclass(frozen=True)
class Architecture:
    """One architecture.

    Attributes
    ----------
    network, preparation : str
        Classes of transformers: the network, and what prepares sound for it.
    output : {"frames", "pooled", "projected"}
        ``frames``: hidden states along time, of several layers; ``pooled``: the class tokens of a window;
        ``projected``: a window's vector in the space that sound and text share, of length 1.
    width : tuple of str
        Where the configuration says how many dimensions that is.
    n_dims : int
        How many where it says nothing.
    sample_rate : int, Hz
        What it hears where its files say nothing.
    segment : float, s
        Length of its windows where nothing is said.
    """

    network: str
    preparation: str = "Wav2Vec2FeatureExtractor"
    output: Literal["frames", "pooled", "projected"] = "frames"
    width: tuple[str, ...] = ("hidden_size",)
    n_dims: int = 768
    sample_rate: int = 16000
    segment: float = 10.0

    def dims(self, config: Mapping[str, Any]) -> int:
        """Return the dimensions of a vector, from a model's configuration."""
        found: Any = config
        for key in self.width:
            found = found.get(key) if isinstance(found, Mapping) else None
        return self.n_dims if found is None else int(found)

    def rate(self, preparation: Mapping[str, Any]) -> int:
        """Return the sample rate that a model hears, Hz."""
        return int(preparation.get("sampling_rate") or self.sample_rate)

    def longest(self, preparation: Mapping[str, Any]) -> float | None:
        """Return the length beyond which sound is cut off, s; None where there is none."""
        if self.output == "projected":
            samples = preparation.get("nb_max_samples")
            return float(samples / self.rate(preparation) if samples else preparation.get("max_length_s") or 10.0)
        return float(preparation.get("max_length") or 1024) / 100 if self.output == "pooled" else None


ARCHITECTURES: dict[str, Architecture] = {
    "clap": Architecture(
        network="ClapAudioModelWithProjection",
        preparation="ClapFeatureExtractor",
        output="projected",
        width=("audio_config", "projection_dim"),
        n_dims=512,
        sample_rate=48000,
    ),
    "clap_audio_model": Architecture(
        network="ClapAudioModelWithProjection",
        preparation="ClapFeatureExtractor",
        output="projected",
        width=("projection_dim",),
        n_dims=512,
        sample_rate=48000,
    ),
    "audio-spectrogram-transformer": Architecture(
        network="ASTModel", preparation="ASTFeatureExtractor", output="pooled", segment=10.24
    ),
    "mert_model": Architecture(network="HubertModel", sample_rate=24000, segment=5.0),
    "hubert": Architecture(network="HubertModel"),
    "wav2vec2": Architecture(network="Wav2Vec2Model"),
    "wavlm": Architecture(network="WavLMModel"),
    "data2vec-audio": Architecture(network="Data2VecAudioModel"),
    "unispeech-sat": Architecture(network="UniSpeechSatModel"),
}

POOLED = {
    "frames": "mean of all layers, then over time",
    "pooled": "class tokens, mean over windows",
    "projected": "projection of sound, mean over windows",
}
"""What of a network's output makes the vector, where nothing else is asked for."""

MERT_IS_HUBERT = {"feature_extractor_cqt": False, "deepnorm": False, "feat_proj_layer_norm": True}
"""With these MERT (arXiv:2306.00107) computes what HuBERT (arXiv:2106.07447) computes, weight by weight: the
constant-Q transform that it was trained with is a target of its training, and no part of the network, and its relaxed
attention is one of the layers with ``deepnorm`` alone."""


def architecture_of(model: str, config: Mapping[str, Any]) -> Architecture:
    """Return the architecture that a model's configuration names.

    Raises
    ------
    MusaicError
        Where it is none that is known, or the model wants code of its own to be run.
    """
    kind = config.get("model_type")
    if kind == "mert_model":
        for key, wanted in MERT_IS_HUBERT.items():
            if config.get(key, wanted) != wanted:
                raise MusaicError(
                    f"the model {model} has {key} = {config[key]!r}, with which it needs code of its own, which is "
                    "never run; name another, such as pretrained:mert."
                )
    elif config.get("auto_map"):
        raise MusaicError(f"the model {model} wants code of its own to be run, which is never done; name another.")
    if kind not in ARCHITECTURES:
        raise MusaicError(
            f"the model {model} is a {kind!r}, which gives no embedding of sound here; name one of the kinds "
            f"{', '.join(ARCHITECTURES)}."
        )
    return ARCHITECTURES[kind]
