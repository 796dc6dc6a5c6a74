"""The pretrained models that have a short name. A new one is an entry here."""

from __future__ import annotations

from dataclasses import dataclass

from musaic.features.pretrained.architectures import ARCHITECTURES, POOLED


@dataclass(frozen=True)
class Model:
    """A model of the Hugging Face hub.

    Attributes
    ----------
    hub : str
        Its name there.
    revision : str
        The commit that is meant.
    architecture : str
        A key of `musaic.features.pretrained.architectures.ARCHITECTURES`.
    sample_rate : int, Hz
        What it hears.
    segment : float, s
        Length of the windows that it is given.
    n_dims : int
        Dimensions D of a vector.
    licence : str
        Of its weights, as its page names it.
    paper : str
        arXiv id.
    megabytes : int
        Size of its weights.
    safetensors : bool
        Whether that commit holds safetensors; else they come from the pull request of the hub's own conversion bot
        on that commit, where there is one.
    about : str
        What it was trained on, in a few words.
    """

    hub: str
    revision: str
    architecture: str
    sample_rate: int
    segment: float
    n_dims: int
    licence: str
    paper: str
    megabytes: int
    safetensors: bool
    about: str

    @property
    def row(self) -> str:
        """The model as a row of the table in the documentation."""
        terms = f"{self.licence}, **not for commercial use**" if "-nc" in self.licence else self.licence
        weights = "safetensors" if self.safetensors else "pickles, converted"
        paper = f"[{self.paper}](https://arxiv.org/abs/{self.paper})"
        vector = f"{self.n_dims}, {POOLED[ARCHITECTURES[self.architecture].output]}"
        return (
            f"`{self.hub}` | `{self.revision[:7]}` | {self.about} | {self.sample_rate} Hz, {self.segment:g} s | "
            f"{vector} | {self.megabytes} MB, {weights} | {terms} | {paper}"
        )


MODELS: dict[str, Model] = {
    "clap": Model(
        hub="laion/clap-htsat-unfused",
        revision="8fa0f1c6d0433df6e97c127f64b2a1d6c0dcda8a",
        architecture="clap",
        sample_rate=48000,
        segment=10.0,
        n_dims=512,
        licence="apache-2.0",
        paper="2211.06687",
        megabytes=615,
        safetensors=False,
        about="sounds of every kind with their captions",
    ),
    "clap-music": Model(
        hub="laion/larger_clap_music",
        revision="a0b4534a14f58e20944452dff00a22a06ce629d1",
        architecture="clap",
        sample_rate=48000,
        segment=10.0,
        n_dims=512,
        licence="apache-2.0",
        paper="2211.06687",
        megabytes=776,
        safetensors=False,
        about="music with captions",
    ),
    "clap-general": Model(
        hub="laion/larger_clap_general",
        revision="16c8cc3159a3c8a31e8ff5ef1f66b0d9ab3667db",
        architecture="clap",
        sample_rate=48000,
        segment=10.0,
        n_dims=512,
        licence="apache-2.0",
        paper="2211.06687",
        megabytes=776,
        safetensors=True,
        about="music, speech and other sounds with captions",
    ),
    "mert": Model(
        hub="m-a-p/MERT-v1-95M",
        revision="12af15fef9d0ac838c3f475bfbbf26d2060dd4f5",
        architecture="mert_model",
        sample_rate=24000,
        segment=5.0,
        n_dims=768,
        licence="cc-by-nc-4.0",
        paper="2306.00107",
        megabytes=378,
        safetensors=False,
        about="20,000 hours of music, without labels",
    ),
    "ast": Model(
        hub="MIT/ast-finetuned-audioset-10-10-0.4593",
        revision="f826b80d28226b62986cc218e5cec390b1096902",
        architecture="audio-spectrogram-transformer",
        sample_rate=16000,
        segment=10.24,
        n_dims=768,
        licence="bsd-3-clause",
        paper="2104.01778",
        megabytes=346,
        safetensors=True,
        about="AudioSet with its 527 labels, genres of music among them",
    ),
    "hubert": Model(
        hub="facebook/hubert-base-ls960",
        revision="dba3bb02fda4248b6e082697eee756de8fe8aa8a",
        architecture="hubert",
        sample_rate=16000,
        segment=10.0,
        n_dims=768,
        licence="apache-2.0",
        paper="2106.07447",
        megabytes=378,
        safetensors=False,
        about="960 hours of English speech, without labels",
    ),
    "wav2vec2": Model(
        hub="facebook/wav2vec2-base-960h",
        revision="22aad52d435eb6dbaf354bdad9b0da84ce7d6156",
        architecture="wav2vec2",
        sample_rate=16000,
        segment=10.0,
        n_dims=768,
        licence="apache-2.0",
        paper="2006.11477",
        megabytes=378,
        safetensors=True,
        about="960 hours of English speech and their transcripts",
    ),
}
