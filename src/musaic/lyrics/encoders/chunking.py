"""Long texts in pieces that a model can read whole: nothing is cut off."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import chain
from typing import Any

from musaic.errors import UsageError


@dataclass(frozen=True)
class Chunk:
    """A piece of a text.

    Parameters
    ----------
    text : str
        The piece, without the prompt.
    n_tokens : int >= 0
        Tokens of the piece itself.
    n_read : int
        Tokens that the model reads: those of prompt and piece, and the special ones.
    """

    text: str
    n_tokens: int
    n_read: int


class Splitter:
    """Splits texts at line ends, else at spaces, else between characters as they are seen.

    Parameters
    ----------
    tokenizer : PreTrainedTokenizerFast
        The model's own.
    prompt : str
        What stands before every piece.
    limit : int
        Tokens that the model reads at once, prompt and special tokens included.
    overlap : int >= 0
        Tokens of the piece before that are read again, whole lines or words; less than half of what fits.

    Raises
    ------
    UsageError
        Where prompt and overlap leave no room.
    """

    def __init__(self, tokenizer: Any, *, prompt: str = "", limit: int, overlap: int = 0) -> None:
        self.tokenizer, self.prompt, self.limit, self.overlap = tokenizer, prompt, limit, overlap
        (self.around,) = self._lengths([""])
        self.budget = limit - self.around
        if self.budget < 1 or 2 * overlap >= max(self.budget, 1):
            raise UsageError(
                f"of {limit} tokens that are read at once, prompt and marks take {self.around} and the overlap "
                f"{overlap}; give a larger max_tokens, a shorter prompt or an overlap under "
                f"{max(self.budget, 0) / 2:g}."
            )

    def split(self, texts: Sequence[str]) -> list[list[Chunk]]:
        """Return the pieces of every text: one piece, the text itself, where it fits."""
        return self._fitting(texts, self.budget)

    def _fitting(self, texts: Sequence[str], budget: int) -> list[list[Chunk]]:
        """Return every text as one piece where it fits, else in pieces of ``budget`` tokens."""
        lengths = zip(texts, self._lengths(texts), self._lengths(texts, alone=True), strict=True)
        return [
            [Chunk(text, n_tokens, n_read)] if n_read <= self.limit else self._pieces(text, budget)
            for text, n_read, n_tokens in lengths
        ]

    def _lengths(self, texts: Sequence[str], *, alone: bool = False) -> list[int]:
        """Return numbers of tokens, with prompt and special tokens or alone."""
        read = list(texts) if alone else [self.prompt + text for text in texts]
        found = self.tokenizer(read, add_special_tokens=not alone, truncation=False, padding=False, verbose=False)
        return [len(ids) for ids in found["input_ids"]]

    def _pieces(self, text: str, budget: int) -> list[Chunk]:
        """Return the pieces of a text that does not fit.

        A piece's own tokens can be more than it had within the text; it is then split with half the budget.
        """
        parts = [part for start, stop in self._spans(text, budget) if (part := text[start:stop].strip())]
        if len(parts) == 1 and len(parts[0]) == len(text):
            parts = self._halves(text)
        return list(chain.from_iterable(self._fitting(parts, max(1, budget // 2))))

    def _spans(self, text: str, budget: int) -> list[tuple[int, int]]:
        """Return where pieces of about ``budget`` tokens start and stop in a text, in characters."""
        found = self.tokenizer(
            text, add_special_tokens=False, return_offsets_mapping=True, truncation=False, verbose=False
        )
        starts = [start for start, stop in found["offset_mapping"] if stop > start]
        overlap = min(self.overlap, (budget - 1) // 2)
        spans: list[tuple[int, int]] = []
        start = cut = token = 0
        while token + budget < len(starts):
            before, cut = cut, _cut(text, cut, starts[token + budget])
            spans.append((start, cut))
            token = bisect_left(starts, cut)
            if overlap and token < len(starts):
                start = _next_word(text, max(before, starts[max(0, token - overlap)]), cut)
                token = bisect_left(starts, start)
            else:
                start = cut
        spans.append((start, len(text)))
        return spans

    def _halves(self, text: str) -> list[str]:
        """Return a word in two: one character as it is seen can be many to the tokenizer."""
        if len(text) < 2:
            raise UsageError(
                f"max_tokens {self.limit} leaves no room for the character {text!r}; give a larger max_tokens."
            )
        return [text[: len(text) // 2], text[len(text) // 2 :]]


def _cut(text: str, start: int, stop: int) -> int:
    """Return the best place to end a piece, after ``start`` and at ``stop`` at the latest where that can be."""
    import regex

    line = text.rfind("\n", start, stop)
    if line > start:
        return line + 1
    for place in range(min(stop, len(text) - 1), start, -1):
        if text[place].isspace() or text[place - 1].isspace():
            return place
    last = 0
    for seen in regex.finditer(r"\X", text, pos=start, endpos=min(len(text), stop + 1)):
        if seen.start() > start and seen.start() <= stop:
            last = seen.start()
    if last > start:
        return last
    first = regex.match(r"\X", text, pos=start)
    return start + 1 if first is None else int(first.end())


def _next_word(text: str, start: int, stop: int) -> int:
    """Return where the first line or word begins between two places, the second of them at the latest."""
    if start == 0 or text[start - 1].isspace():
        return start
    for place in range(start, stop):
        if text[place].isspace():
            return place + 1
    return stop
