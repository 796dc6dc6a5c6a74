"""How lyrics are read and become vectors: the `lyrics` key of an experiment file."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

from pydantic import Field, field_validator

from musaic.config import Config

if TYPE_CHECKING:
    from musaic.lyrics.reading import Reader


class LyricsConfig(Config):
    """Clean words, their language, their vectors.

    Parameters
    ----------
    times : {'remove', 'keep'}
        Time stamps of synchronised lyrics (LRC). Kept ones stand in the corpus's text; encoders never see them.
    sections : {'remove', 'keep'}
        Marks such as ``[Chorus]``, ``Verse 2:`` and ``(x2)``.
    repeats : {'keep', 'once', 'expand'}
        Lines as written; every repeated line once; or marks of repetition written out.
    diacritics : {'keep', 'remove'}
        Vowel marks of Arabic and Hebrew.
    threshold : float in [0, 1]
        How sure the language of lyrics must be; below, it is ``und``.
    encoder : str
        ``tfidf``: character n-grams weighted by TF-IDF, reduced by a truncated SVD; fitted on the corpus, offline, for
        any script. ``sentence-transformers:<model>``: a pretrained multilingual model, by its name on the hub or its
        folder. A cell can name another one: ``input: "lyrics:sentence-transformers:sentence-transformers/LaBSE"``.
    n_components : int
        Dimensions of ``tfidf`` vectors (fewer where the corpus has fewer texts).
    prompt : str, optional
        What ``sentence-transformers`` models read before every text; by default what the model asks for.
    max_tokens : int, optional
        Longest piece that ``sentence-transformers`` models read at once; by default as much as the model can. Longer
        lyrics are split, and the vectors of their parts averaged.
    """

    times: Literal["remove", "keep"] = "remove"
    sections: Literal["remove", "keep"] = "remove"
    repeats: Literal["keep", "once", "expand"] = "keep"
    diacritics: Literal["keep", "remove"] = "keep"
    threshold: float = Field(default=0.5, ge=0, le=1)
    encoder: str = "tfidf"
    n_components: int = Field(default=64, ge=1)
    prompt: str | None = None
    max_tokens: int | None = Field(default=None, ge=8)

    @field_validator("encoder")
    @classmethod
    def _known(cls, name: str) -> str:
        from musaic.lyrics.encoders import parse_encoder

        parse_encoder(name)
        return name

    @property
    def reader(self) -> Reader:
        """What reads one text as this configuration asks."""
        from musaic.lyrics.reading import Reader

        return Reader(
            times=self.times,
            sections=self.sections,
            repeats=self.repeats,
            diacritics=self.diacritics,
            threshold=self.threshold,
        )

    def encoder_options(self, kind: str) -> dict[str, Any]:
        """Return what an encoder of this kind is told."""
        options: dict[str, dict[str, Any]] = {
            "tfidf": {"n_components": self.n_components},
            "sentence-transformers": {"prompt": self.prompt, "max_tokens": self.max_tokens},
        }
        return options[kind]
