"""A pretrained network of sound in memory: windows of samples in, rows of numbers out.

Letters: B windows, n samples, T rows, D dimensions.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from musaic.errors import MusaicError
from musaic.features.pretrained.architectures import Architecture
from musaic.lyrics.encoders.hub import one_line
from musaic.threads import torch_on_one_thread

Layers = str | tuple[int, ...]
UNUSED = ("masked_spec_embed",)
"""Weights that only training has a use for."""
SHORTEST = 0.1
"""Seconds; what is shorter is followed by zeros up to here, for convolutions need some samples."""


class Network:
    """A loaded model.

    Parameters
    ----------
    folder : Path
        Configuration, preparation of sound and safetensors weights.
    architecture : Architecture
        What computes with them.
    layers : {"all", "last"} or tuple of int
        Whose outputs are averaged, where there is a choice.
    sample_rate : int, Hz
        What it hears.
    device : {"cpu", "cuda", "mps"}
        Where it runs.

    Raises
    ------
    MusaicError
        Where the model cannot be loaded, or its weights are not all there.
    """

    def __init__(
        self, folder: Path, architecture: Architecture, *, layers: Layers, sample_rate: int, device: str
    ) -> None:
        self.architecture, self.layers = architecture, layers
        self.sample_rate, self.device = sample_rate, device
        self.network, self.preparation = _load(folder, architecture)
        self.network.to(device)

    def rows(self, windows: Sequence[NDArray[np.float32]]) -> NDArray[np.float64]:
        """Return what the network makes of windows of one length: T rows in all, shape (T, D), along time.

        One row a window where its output is a vector, as many as there are steps in time otherwise.
        """
        import torch

        least = round(SHORTEST * self.sample_rate)
        padded = [np.pad(y, (0, max(0, least - len(y)))) for y in windows]
        with torch_on_one_thread(), torch.inference_mode(), _exact():
            rows: NDArray[np.float32] = self._output(padded).float().cpu().numpy()
        return rows.reshape(-1, rows.shape[-1]).astype(np.float64)

    def _output(self, windows: list[NDArray[np.float32]]) -> Any:
        """Return the network's output, shape (B, D) or (B, T, D)."""
        import torch

        prepared = self.preparation(windows, sampling_rate=self.sample_rate, return_tensors="pt")
        name = self.network.main_input_name
        given = {name: prepared[name].float().to(self.device)}
        if self.architecture.output == "projected":
            # never "longer than a window", which would let the preparation draw by chance which windows are
            longer = torch.zeros((len(windows), 1), dtype=torch.bool, device=self.device)
            return torch.nn.functional.normalize(self.network(**given, is_longer=longer).audio_embeds, dim=-1)
        if self.architecture.output == "pooled":
            return self.network(**given).pooler_output
        if self.layers == "last":
            return self.network(**given).last_hidden_state
        hidden = self.network(**given, output_hidden_states=True).hidden_states
        chosen = range(1, len(hidden)) if isinstance(self.layers, str) else self.layers
        return torch.stack([hidden[layer] for layer in chosen]).mean(dim=0)


@lru_cache(maxsize=4)
def network(folder: Path, architecture: Architecture, layers: Layers, sample_rate: int, device: str) -> Network:
    """Return a model, loaded once a process."""
    return Network(folder, architecture, layers=layers, sample_rate=sample_rate, device=device)


def _load(folder: Path, architecture: Architecture) -> tuple[Any, Any]:
    """Return the network in float32, ready to be used, and what prepares sound for it."""
    import torch

    with _quiet():
        import transformers

        kind: Any = getattr(transformers, architecture.network)
        preparation: Any = getattr(transformers, architecture.preparation)
        try:
            with torch.random.fork_rng(devices=[]):
                torch.manual_seed(0)
                model, found = kind.from_pretrained(
                    str(folder),
                    config=kind.config_class.from_pretrained(str(folder), local_files_only=True),
                    local_files_only=True,
                    use_safetensors=True,
                    dtype=torch.float32,
                    output_loading_info=True,
                )
            prepare = preparation.from_pretrained(str(folder), local_files_only=True)
        except Exception as error:  # whatever a model's files make the libraries throw
            raise MusaicError(
                f"cannot load the model in {folder}: {one_line(error)}; get it again, or name another."
            ) from error
    missing = sorted(name for name in found["missing_keys"] if not name.endswith(UNUSED))
    if missing:
        more = f" and {len(missing) - 1} more" if len(missing) > 1 else ""
        raise MusaicError(
            f"the weights in {folder} lack {missing[0]}{more}, which would be random numbers; get the model again, or "
            "name another."
        )
    model.eval()
    return model, prepare


@contextlib.contextmanager
def _exact() -> Iterator[None]:
    """Let a GPU compute the same bytes every time, in full float32."""
    import torch

    flags: Any = torch.backends.cudnn.flags
    with flags(enabled=True, benchmark=False, deterministic=True, allow_tf32=False):
        yield


@contextlib.contextmanager
def _quiet() -> Iterator[None]:
    """Keep the library from talking while it loads."""
    from transformers.utils import logging

    talk: Any = logging
    level, bars = talk.get_verbosity(), talk.is_progress_bar_enabled()
    talk.set_verbosity_error()
    talk.disable_progress_bar()
    try:
        yield
    finally:
        talk.set_verbosity(level)
        if bars:
            talk.enable_progress_bar()
