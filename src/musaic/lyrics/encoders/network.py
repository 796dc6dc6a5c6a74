"""A sentence-transformers model in memory: chunks in, vectors out.

Letters: n texts, d dimensions.
"""

from __future__ import annotations

import contextlib
import logging
import re
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from musaic.errors import MusaicError, UsageError
from musaic.lyrics.encoders.chunking import Chunk, Splitter
from musaic.parallel import default_workers
from musaic.threads import torch_on_one_thread

UNBOUNDED = 100_000  # tokens; what tokenizers say that know no limit is more
TOKENS_IF_UNBOUNDED = 512
DEVICES = ("auto", "cpu", "cuda", "mps")

_MISSING = re.compile(r"^\s*(\S+)\s*\|\s*\S*MISSING", re.MULTILINE)
_COLOURS = re.compile(r"\x1b\[[0-9;]*m")


class Network:
    """A loaded model.

    Parameters
    ----------
    folder : Path
        Configuration, tokenizer and safetensors weights.
    prompt, max_tokens, overlap, batch_size, device, workers
        As for `musaic.lyrics.encoders.sentences.SentenceEncoder`.

    Raises
    ------
    UsageError
        For a device that is not there, or a ``max_tokens`` beyond what the model can read.
    MusaicError
        Where the model cannot be loaded, or its weights are not all there.
    """

    def __init__(
        self,
        folder: Path,
        *,
        prompt: str,
        max_tokens: int | None,
        overlap: int,
        batch_size: int,
        device: str,
        workers: int | None,
    ) -> None:
        self.prompt, self.batch_size = prompt, batch_size
        self.workers = max(1, default_workers() if workers is None else workers)
        self.device = _device(device)
        self.model = _load(folder, self.device)
        self.splitter = Splitter(
            self.model.tokenizer, prompt=prompt, limit=_limit(self.model, max_tokens), overlap=overlap
        )
        self.n_dims = int(self.model.get_embedding_dimension())

    def encode(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Return one vector a text, shape (n, d), of length 1 (or 0 where the tokenizer leaves nothing)."""
        readable = [text.encode("utf-8", "replace").decode("utf-8") for text in texts]
        chunks = self.splitter.split(readable)
        order = sorted(
            {chunk for pieces in chunks for chunk in pieces}, key=lambda chunk: (-chunk.n_tokens, chunk.text)
        )
        read = dict(zip(order, self._read(order), strict=True))
        pooled = np.zeros((len(texts), self.n_dims))
        for row, pieces in enumerate(chunks):
            for chunk in pieces:
                pooled[row] += chunk.n_tokens * read[chunk].astype(np.float64)
        length = np.linalg.norm(pooled, axis=1, keepdims=True)
        unit = np.divide(pooled, length, out=np.zeros_like(pooled), where=length > 0)
        return np.asarray(unit, dtype=np.float32)

    def _read(self, chunks: Sequence[Chunk]) -> list[NDArray[np.float32]]:
        """Return the model's own vector of every chunk: alone on a CPU, in batches on a GPU."""
        if self.device == "cpu":
            features = [self._features([chunk]) for chunk in chunks]
            with torch_on_one_thread(), ThreadPoolExecutor(self.workers) as pool:
                return [rows[0] for rows in pool.map(self._forward, features)]
        vectors: list[NDArray[np.float32]] = []
        for start in range(0, len(chunks), self.batch_size):
            vectors.extend(self._forward(self._features(chunks[start : start + self.batch_size])))
        return vectors

    def _features(self, chunks: Sequence[Chunk]) -> dict[str, Any]:
        """Return the model's own input; not in the pool, because tokenizers keep settings between calls."""
        features: dict[str, Any] = self.model.preprocess([chunk.text for chunk in chunks], prompt=self.prompt or None)
        read = features["attention_mask"].sum(dim=1).tolist()
        for chunk, n_read in zip(chunks, read, strict=True):
            if n_read != chunk.n_read:
                raise MusaicError(
                    f"the model reads {n_read} tokens of a piece of text that has {chunk.n_read}; "
                    "name another model, or give a smaller max_tokens."
                )
        return features

    def _forward(self, features: dict[str, Any]) -> NDArray[np.float32]:
        import torch

        with torch.inference_mode():
            there = {
                key: value.to(self.device) if isinstance(value, torch.Tensor) else value
                for key, value in features.items()
            }
            vectors = self.model(there)["sentence_embedding"].float().cpu().numpy()
        cut: NDArray[np.float32] = vectors[:, : self.n_dims]  # what the model's own truncate_dim leaves
        return cut


def _load(folder: Path, device: str) -> Any:
    """Return the model in float32, ready to be used."""
    import torch

    with _reports() as reports:
        from sentence_transformers import SentenceTransformer

        try:
            with torch.random.fork_rng(devices=[]):
                torch.manual_seed(0)
                model = SentenceTransformer(
                    str(folder),
                    device=device,
                    local_files_only=True,
                    trust_remote_code=False,
                    model_kwargs={"use_safetensors": True, "dtype": torch.float32},
                )
        except Exception as error:  # whatever a model's files make the libraries throw
            cause = (str(error).strip().splitlines() or [type(error).__name__])[0].rstrip(".")
            raise MusaicError(f"cannot load the model in {folder}: {cause}; get it again, or name another.") from error
    missing = [name for report in reports for name in _MISSING.findall(report) if not name.startswith("pooler.")]
    if missing:
        raise MusaicError(
            f"the weights in {folder} lack {missing[0]}" + (f" and {len(missing) - 1} more" * (len(missing) > 1)) + ", "
            "which would be random numbers; get the model again, or name another."
        )
    if not getattr(getattr(model, "tokenizer", None), "is_fast", False):
        raise MusaicError(
            f"the model in {folder} has no tokenizer that says where its tokens are (tokenizer.json); name another."
        )
    model.eval()
    return model


def _limit(model: Any, max_tokens: int | None) -> int:
    """Return how many tokens are read at once."""
    most = int(model.max_seq_length or UNBOUNDED)
    config = getattr(model.transformers_model, "config", None)
    positions = getattr(config, "max_position_embeddings", None)
    for name, module in model.named_modules():
        # RoBERTa's family counts positions from after the padding's
        if name.endswith("position_embeddings") and positions and getattr(module, "padding_idx", None) is not None:
            most = min(most, int(positions) - int(module.padding_idx) - 1)
    if max_tokens is None:
        return most if most < UNBOUNDED else TOKENS_IF_UNBOUNDED
    if max_tokens > most:
        raise UsageError(f"max_tokens {max_tokens} is more than the {most} tokens that the model can read.")
    return max_tokens


def _device(asked: str) -> str:
    """Return the device that is meant, if it is there."""
    import torch

    there = {"cpu": True, "cuda": torch.cuda.is_available(), "mps": torch.backends.mps.is_available()}
    if asked == "auto":
        return next((name for name in ("cuda", "mps") if there[name]), "cpu")
    if not there.get(asked, False):
        usable = ", ".join(name for name in DEVICES if there.get(name, True))
        raise UsageError(f"the device {asked!r} is not here; give one of {usable}.")
    return asked


@contextlib.contextmanager
def _reports() -> Iterator[list[str]]:
    """Keep the libraries from talking while they load; collect what they would have said of the weights."""
    from transformers.utils import logging as transformers_logging

    talk: Any = transformers_logging
    reports: list[str] = []

    class Collect(logging.Filter):
        def filter(self, record: logging.LogRecord) -> bool:
            reports.append(_COLOURS.sub("", record.getMessage()))
            return False

    weights = logging.getLogger("transformers.modeling_utils")
    others = [logging.getLogger(name) for name in ("transformers", "sentence_transformers")]
    levels = [(logger, logger.level) for logger in (weights, *others)]
    bars = talk.is_progress_bar_enabled()
    collect = Collect()
    weights.addFilter(collect)
    weights.setLevel(logging.WARNING)
    for logger in others:
        logger.setLevel(logging.ERROR)
    talk.disable_progress_bar()
    try:
        yield reports
    finally:
        weights.removeFilter(collect)
        for logger, level in levels:
            logger.setLevel(level)
        if bars:
            talk.enable_progress_bar()
