"""What is measured and how: the ``features:`` key of an experiment file."""

from __future__ import annotations

from typing import Annotated, Any, Literal, Self

from pydantic import Field, SerializerFunctionWrapHandler, field_validator, model_serializer, model_validator

from musaic.config import Config
from musaic.errors import nearest
from musaic.features.pretrained.config import PretrainedConfig
from musaic.features.registry import NAMES, PRETRAINED, is_pretrained, ordered

DEFAULT = ("log_mel", "mfcc_moments", "statistics", "descriptors")

Seconds = Annotated[float, Field(ge=0, allow_inf_nan=False)]


class FeatureConfig(Config):
    """Parameters of feature extraction.

    Parameters
    ----------
    names : tuple of str
        Features to compute: ``log_mel`` and ``mfcc`` (frames), ``mfcc_moments``, ``statistics`` and ``descriptors``
        (one vector a track), and ``pretrained:<model>`` (one vector a track from a pretrained network).
    sample_rate : int, Hz
        Rate at which everything is measured.
    n_fft, hop_length : int, samples
        Length of a frame and distance between frames.
    n_mels : int
        Mel bands.
    fmin, fmax : float, Hz
        Their range; ``fmax`` is half the sample rate where none is given.
    n_mfcc : int
        Coefficients of ``mfcc`` and ``mfcc_moments``.
    deltas : {0, 1, 2}
        Slopes (1) and curvatures (2) joined to ``mfcc``.
    duration : float, s, or "whole"
        Length of the window used.
    offset : {"middle", "start"} or float, s
        Where the window lies.
    segments : int
        Windows a track. Frames are joined end to end, vectors describe all of them together.
    normalize : {"none", "peak", "loudness"}
        Scaling of the samples before anything is measured.
    pretrained : PretrainedConfig
        What is made of the output of pretrained networks.
    """

    names: tuple[str, ...] = DEFAULT
    sample_rate: Annotated[int, Field(ge=4000, le=192000)] = 22050
    n_fft: Annotated[int, Field(ge=256, le=32768)] = 2048
    hop_length: Annotated[int, Field(ge=32, le=32768)] = 512
    n_mels: Annotated[int, Field(ge=8, le=512)] = 128
    fmin: Annotated[float, Field(ge=0, allow_inf_nan=False)] = 0.0
    fmax: Annotated[float | None, Field(gt=0, allow_inf_nan=False)] = None
    n_mfcc: Annotated[int, Field(ge=2, le=128)] = 13
    deltas: Literal[0, 1, 2] = 0
    duration: Annotated[float, Field(ge=0.5, allow_inf_nan=False)] | Literal["whole"] = 30.0
    offset: Seconds | Literal["middle", "start"] = "middle"
    segments: Annotated[int, Field(ge=1, le=1000)] = 1
    normalize: Literal["none", "peak", "loudness"] = "none"
    pretrained: PretrainedConfig = PretrainedConfig()

    @field_validator("names")
    @classmethod
    def _known(cls, names: tuple[str, ...]) -> tuple[str, ...]:
        for name in names:
            if name not in NAMES and not is_pretrained(name):
                known = (*NAMES, f"{PRETRAINED}<model>")
                raise ValueError(f"unknown feature {name!r}{nearest(name, known) or '.'} Allowed: {', '.join(known)}")
        if not names:
            raise ValueError(f"names is empty; name at least one of {', '.join(NAMES)}")
        return ordered(names)

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        if self.n_fft % 2:
            raise ValueError(f"n_fft is {self.n_fft}; give an even number, best a power of two such as 2048")
        if self.sample_rate > 100 * self.n_fft:
            raise ValueError(
                f"n_fft {self.n_fft} at {self.sample_rate} Hz cannot tell tones 100 Hz apart; give a larger n_fft"
            )
        if self.hop_length > self.sample_rate // 4:
            raise ValueError(f"hop_length {self.hop_length} is above a quarter of a second; rhythm needs a smaller one")
        if self.hop_length > self.n_fft:
            raise ValueError(f"hop_length {self.hop_length} skips sound between frames of {self.n_fft}; at most n_fft")
        if not self.fmin < self.highest <= self.sample_rate / 2:
            raise ValueError(
                f"fmin {self.fmin:g} and fmax {self.highest:g} Hz must rise and stay below half the sample rate "
                f"({self.sample_rate / 2:g} Hz)"
            )
        if self.n_mfcc > self.n_mels:
            raise ValueError(
                f"n_mfcc {self.n_mfcc} exceeds n_mels {self.n_mels}; give fewer coefficients or more bands"
            )
        if self.segments > 1 and self.duration == "whole":
            raise ValueError("segments needs a duration in seconds, not 'whole'")
        return self

    @model_serializer(mode="wrap")
    def _without_defaults_of_pretrained(self, serialize: SerializerFunctionWrapHandler) -> dict[str, Any]:
        """Leave out what says nothing: names of cells and the store's keys hang on what is written."""
        plain: dict[str, Any] = serialize(self)
        if self.pretrained == PretrainedConfig():
            plain.pop("pretrained", None)
        return plain

    @property
    def embedded(self) -> tuple[str, ...]:
        """The features that pretrained networks make."""
        return tuple(name for name in self.names if is_pretrained(name))

    @property
    def measured(self) -> FeatureConfig:
        """The same without them: what is measured of a file in one pass."""
        names = tuple(name for name in self.names if not is_pretrained(name))
        return self.model_copy(update={"names": names, "pretrained": PretrainedConfig()})

    @property
    def highest(self) -> float:
        """Upper end of the mel range, Hz."""
        return self.sample_rate / 2 if self.fmax is None else self.fmax

    @property
    def seconds(self) -> float | None:
        """Length of the window; None for all there is."""
        return None if self.duration == "whole" else float(self.duration)
