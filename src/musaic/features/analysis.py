"""One file, measured: its windows are decoded, cut into stretches that fit in memory, and every feature is gathered."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import asdict, dataclass, field, replace
from itertools import groupby
from pathlib import Path

import numpy as np

from musaic.audio.decode import Recording, regrouped
from musaic.audio.spectra import Clip, Frame
from musaic.errors import TrackError
from musaic.features.config import FeatureConfig
from musaic.features.kinds import Frames, Summary, Vector, join
from musaic.features.registry import feature

# Samples; sound longer than 1.5 times this (seven minutes at 22,050 Hz) is measured stretch by stretch. What refers to
# a whole clip (the floor 80 dB below its loudest, the edges of slopes and tempogram) then refers to a stretch.
STRETCH = 300 * 22050

FrameWriter = Callable[[str, np.ndarray], None]


@dataclass(frozen=True)
class Facts:
    """What is known of one file after it was measured.

    Parameters
    ----------
    status, reason : str
        ``ok``, or what is wrong and why; a ``truncated`` file may have features of what is there.
    duration : float
        Seconds that the file really holds.
    start, seconds : float
        Where the (first) window used begins, and how much sound was used in all.
    sample_rate, channels, format, codec
        What the file's header says.
    """

    status: str = "ok"
    reason: str | None = None
    duration: float | None = None
    start: float | None = None
    seconds: float | None = None
    sample_rate: int | None = None
    channels: int | None = None
    format: str | None = None
    codec: str | None = None

    def nameless(self, name: str) -> Facts:
        """Return the facts as the store keeps them: a reason begins with the file's name, but content has many."""
        return replace(self, reason=self.reason.removeprefix(name)) if self.reason else self

    def named(self, name: str) -> Facts:
        """Return the facts of the store for the file called ``name``."""
        return replace(self, reason=name + self.reason) if self.reason and self.reason.startswith(" ") else self

    def plain(self) -> dict[str, object]:
        """Return the facts as JSON-ready data."""
        return asdict(self)


@dataclass(frozen=True)
class Measured:
    """The facts and vectors of one file.

    Parameters
    ----------
    facts : Facts
        What is known of the file.
    vectors : dict of str to ndarray, shape (D,), float32
        By feature; empty where the file could not be measured.
    """

    facts: Facts
    vectors: dict[str, np.ndarray] = field(default_factory=dict)


def measure_file(path: Path, config: FeatureConfig, write: FrameWriter) -> Measured:
    """Measure one file.

    Parameters
    ----------
    path : Path
        A sound file.
    config : FeatureConfig
        What to measure.
    write : callable
        Takes the name of a frame feature and the next of its rows, float16, shape (T, D), in order.

    Notes
    -----
    A file that cannot be used is no error here: its status says what is wrong. Rows may have been written by then.
    """
    try:
        with Recording.open(path, offset=config.offset, duration=config.seconds, segments=config.segments) as recording:
            vectors = measure(clips(recording, config), config, write)
            info = recording.info
            facts = Facts(
                status="truncated" if recording.damage else "ok",
                reason=recording.damage,
                duration=recording.length,
                start=recording.windows[0][0],
                seconds=sum(seconds for _, seconds in recording.windows),
                sample_rate=info.sample_rate,
                channels=info.channels,
                format=info.format,
                codec=info.codec,
            )
    except TrackError as error:
        return Measured(Facts(error.status, error.reason))
    except OSError as error:  # of the disk the file lies on
        return Measured(Facts("unreadable", f"{path.name} cannot be read: {error.strerror or error}."))
    return Measured(facts, vectors)


def measure(clips: Iterable[Clip], config: FeatureConfig, write: FrameWriter) -> dict[str, np.ndarray]:
    """Return the vectors gathered over clips, and write their frames."""
    kinds = {name: feature(name) for name in config.names}
    summaries: dict[str, Summary] = {}
    for clip in clips:
        for name, kind in kinds.items():
            if isinstance(kind, Frames):
                write(name, kind.measure(clip, config).astype(np.float16))
            else:
                summary = kind.measure(clip, config)
                summaries[name] = join([summaries[name], summary]) if name in summaries else summary
    return {
        name: kind.finish(summaries[name], config).astype(np.float32)
        for name, kind in kinds.items()
        if isinstance(kind, Vector)
    }


def clips(recording: Recording, config: FeatureConfig) -> Iterator[Clip]:
    """Yield the stretches of a recording; those of one window hear across their borders."""
    cut = frame(config)
    needs = sorted({stream for name in config.names for stream in feature(name).needs})
    size = STRETCH - STRETCH % config.hop_length
    for _, blocks in groupby(recording.blocks(config.sample_rate, config.normalize), key=lambda block: block[0]):
        before: np.ndarray | None = None
        y: np.ndarray | None = None
        for after in regrouped((samples for _, samples in blocks), size):
            if y is not None:
                yield Clip(y, cut, needs=needs, before=before, after=after)
                before = y[-cut.n_fft // 2 :].copy()
            y = after
        if y is not None:
            yield Clip(y, cut, needs=needs, before=before)


def frame(config: FeatureConfig) -> Frame:
    """Return how a configuration cuts sound into frames and bands."""
    return Frame(config.sample_rate, config.n_fft, config.hop_length, config.n_mels, config.fmin, config.highest)
