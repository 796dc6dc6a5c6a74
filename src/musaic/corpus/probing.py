"""What every audio file is, asked of a probe from outside; a file that is broken says so and stops nothing."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from musaic import parallel
from musaic.corpus.corpus import Corpus
from musaic.corpus.status import Status
from musaic.errors import TrackError
from musaic.progress import SILENT, Reporter

if TYPE_CHECKING:
    import pandas as pd


class AudioInfo(Protocol):
    """What is known of an audio file without decoding it."""

    @property
    def duration(self) -> float:
        """Seconds."""

    @property
    def sample_rate(self) -> int:
        """Hz."""

    @property
    def channels(self) -> int:
        """1 is mono, 2 is stereo."""

    @property
    def format(self) -> str:
        """Name of the container."""

    @property
    def codec(self) -> str:
        """Name of the codec."""


Probe = Callable[[Path], AudioInfo]


KNOWN = frozenset(str(status) for status in Status)


@dataclass(frozen=True)
class Info:
    """What a probe told of one file, in plain numbers and text."""

    duration: float
    sample_rate: int
    channels: int
    format: str
    codec: str


@dataclass(frozen=True)
class Probed:
    """What the probe told of all files.

    Parameters
    ----------
    infos : dict
        By track id.
    wrong : dict
        By track id: status and reason.
    """

    infos: dict[str, Info]
    wrong: dict[str, tuple[Status, str]]

    @property
    def durations(self) -> dict[str, float]:
        """Seconds by track id."""
        return {track: info.duration for track, info in self.infos.items()}

    @property
    def updates(self) -> pd.DataFrame:
        """What `Corpus.with_status` takes."""
        import pandas as pd

        told = [(track, str(status), reason) for track, (status, reason) in sorted(self.wrong.items())]
        return pd.DataFrame(told, columns=["track_id", "status", "reason"], dtype=object)


@dataclass(frozen=True)
class _Ask:
    """Asks the probe in a worker; what it raises comes back as a word."""

    probe: Probe

    def __call__(self, path: Path) -> Info | tuple[str, str]:
        try:
            info = self.probe(path)
        except TrackError as error:
            return error.status, error.reason
        return Info(float(info.duration), int(info.sample_rate), int(info.channels), str(info.format), str(info.codec))


def probe_corpus(corpus: Corpus, probe: Probe, *, workers: int | None = None, reporter: Reporter = SILENT) -> Probed:
    """Ask about all audio that is not known to be unusable.

    Parameters
    ----------
    corpus : Corpus
        The tracks.
    probe : callable
        Importable by name; raises `TrackError` for a file that cannot be used.
    workers : int >= 0, optional
        Processes; 0 asks in this one.
    reporter : Reporter
        Where a bar is drawn.
    """
    paths = corpus.audio_paths()
    tracks = list(paths)
    infos, wrong = {}, {}
    with reporter.bar("looking into files", len(tracks)) as advance:
        for position, outcome in parallel.run(_Ask(probe), list(paths.values()), workers=workers):
            if isinstance(outcome, Info):
                infos[tracks[position]] = outcome
            elif isinstance(outcome, parallel.Failure):
                status = Status.UNREADABLE if outcome.detail else Status.CRASHED
                wrong[tracks[position]] = (status, outcome.message)
            else:
                known = outcome[0] in KNOWN
                wrong[tracks[position]] = (Status(outcome[0]) if known else Status.UNREADABLE, outcome[1])
            advance(1)
    order = {track: number for number, track in enumerate(tracks)}
    return Probed(dict(sorted(infos.items(), key=lambda pair: order[pair[0]])), wrong)
