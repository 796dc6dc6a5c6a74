"""Groups of texts encoded by the workers of a cluster, each with the model in its own memory."""

from __future__ import annotations

import functools
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from musaic import parallel
from musaic.errors import MusaicError
from musaic.lyrics.encoders.network import Network


@dataclass(frozen=True)
class Settings:
    """What a network is made with; as for `musaic.lyrics.encoders.sentences.SentenceEncoder`."""

    folder: Path
    prompt: str
    max_tokens: int | None
    overlap: int
    batch_size: int
    device: str

    def network(self, workers: int | None) -> Network:
        """Load the model."""
        return Network(
            self.folder,
            prompt=self.prompt,
            max_tokens=self.max_tokens,
            overlap=self.overlap,
            batch_size=self.batch_size,
            device=self.device,
            workers=workers,
        )


def encode_groups(settings: Settings, groups: Sequence[Sequence[str]]) -> Iterator[tuple[int, NDArray[np.float32]]]:
    """Yield the number of a group and the vectors of its texts, as groups are done.

    Raises
    ------
    MusaicError
        Where a worker cannot encode: the model is not on its disk, or its memory is too small.
    """
    parallel.must_see(*(settings.folder / name for name in ("config.json",)))
    tasks = [(settings, tuple(texts)) for texts in groups]
    for position, outcome in parallel.run(_encode, tasks):
        if isinstance(outcome, parallel.Failure):
            raise MusaicError(f"lyrics cannot be encoded on the cluster: {outcome.message}")
        yield position, outcome


def _encode(task: tuple[Settings, tuple[str, ...]]) -> NDArray[np.float32]:
    settings, texts = task
    return _network(settings).encode(texts)


@functools.lru_cache(maxsize=1)
def _network(settings: Settings) -> Network:
    """Load a model once a worker."""
    return settings.network(workers=1)
