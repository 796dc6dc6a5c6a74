"""How lyrics become vectors: the `lyrics` key of an experiment file."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from musaic.config import Config


class LyricsConfig(Config):
    """Lyrics vectors.

    Parameters
    ----------
    encoder : 'tfidf'
        Character n-grams weighted by TF-IDF, reduced by a truncated SVD; fitted on the corpus, offline, for any script.
    n_components : int
        Dimensions of the vectors (fewer where the corpus has fewer texts).
    """

    encoder: Literal["tfidf"] = "tfidf"
    n_components: int = Field(default=64, ge=1)
