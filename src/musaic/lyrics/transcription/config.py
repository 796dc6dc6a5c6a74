"""How lyrics are heard, and which of the words are believed."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import Field

from musaic.config import Config

ComputeType = Literal[
    "auto",
    "default",
    "int8",
    "int8_float32",
    "int8_float16",
    "int8_bfloat16",
    "int16",
    "float16",
    "bfloat16",
    "float32",
]


class TranscriptionConfig(Config):
    """What Whisper is told.

    Parameters
    ----------
    model : str
        A size (``tiny, base, small, medium, large-v3, turbo``, … with ``.en`` for English alone), a repository
        ``owner/name`` of the hub with a CTranslate2 model, or a folder with one.
    device : {"auto", "cpu", "cuda"}
        ``auto`` takes a GPU where there is one.
    compute_type : str
        Of the arithmetic, in CTranslate2's names; ``auto`` is the fastest that the device has (8-bit integers on a
        CPU), ``default`` that of the stored weights.
    threads : int >= 0
        On a CPU; 0 takes all cores.
    beam_size : int >= 1
        Hypotheses kept while decoding.
    vad : bool
        Listen only where a voice is found (Silero VAD).
    vad_threshold : float, 0 to 1
        Probability of a voice from which it counts as one. The default is below that for speech, 0.5, with which most
        of the singing over a loud band is missed.
    min_confidence : float, 0 to 1
        Words whose probability is lower are low-confidence.
    keep_low : bool
        Keep low-confidence words, and segments that look made up, in the lyrics.

    Notes
    -----
    Decoding is a beam search at temperature 0 and each window of 30 s stands for itself (nothing is conditioned on
    the text before): the same sound gives the same text, and a loop in one window does not reach the next.
    """

    model: str = "small"
    device: Literal["auto", "cpu", "cuda"] = "auto"
    compute_type: ComputeType = "auto"
    threads: int = Field(default=0, ge=0)
    beam_size: int = Field(default=5, ge=1, le=50)
    vad: bool = True
    vad_threshold: float = Field(default=0.2, gt=0, lt=1)
    min_confidence: float = Field(default=0.5, ge=0, le=1)
    keep_low: bool = False

    @property
    def decoding(self) -> dict[str, Any]:
        """The part that decides what is heard; the rest only decides where, and what of it is believed."""
        vad = {"vad_threshold": self.vad_threshold} if self.vad else {}
        return {"compute_type": self.compute_type, "beam_size": self.beam_size, "vad": self.vad, **vad}
