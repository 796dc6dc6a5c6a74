"""The paper's sections: each says in sentences what the run's files say, and says nothing where they say nothing."""

from __future__ import annotations

from musaic.paper.markup import Markup
from musaic.paper.table import Picture, Table

Block = Markup | Table | Picture
"""A paragraph, a heading, a table or a figure."""


def heading(words: str, level: int = 1) -> Markup:
    """Return a heading; the words are ours."""
    return Markup(f"{'=' * level} {words}")


def paragraph(*sentences: str) -> Markup:
    """Return sentences as one paragraph; those that are not there leave no trace."""
    return Markup(" ".join(sentence for sentence in sentences if sentence))
