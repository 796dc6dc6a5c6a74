"""What of a corpus is read, how its columns are called, and which tracks are taken."""

from __future__ import annotations

from typing import Annotated, Any, Literal, Self

from pydantic import BeforeValidator, Field, model_validator

from musaic.config import Config
from musaic.corpus.patterns import Pattern


def _one_or_many(value: Any) -> Any:
    return (value,) if isinstance(value, str) else value


ColumnOrPattern = str | None


class CorpusConfig(Config):
    """The key ``corpus:`` of an experiment file.

    Parameters
    ----------
    layout : {"auto", "tree", "table"}
        What the path is; ``auto``: a folder is a tree, a file is a table.
    folders : str
        What the folders of a tree mean, outermost first: ``auto``, ``none``, or label names such as ``language/genre``,
        ``genre``, ``artist/album`` (``-`` for a level that means nothing).
    track_id, audio, lyrics, title, artist, language, genre, group : str, optional
        For tables: the name of a column, or a pattern such as ``songs/{track_id}.mp3`` or
        ``lyrics/{Filepath:stem}.txt`` (``:stem``, ``:name`` and ``:suffix`` take a part of a path). Case of column
        names does not matter. Not needed where a column has the name that `musaic.corpus.mapping.COLUMNS` knows.
    labels : tuple of str
        Tables with further labels, joined by ``track_id`` or by file name; they win over what folders say.
    transcripts : tuple of str
        Tables of lyrics that were heard (``track_id``, ``lyrics``); they fill what has no lyrics of its own
        that can be used, but for what says that it is instrumental.
    tags : bool
        Fill what is missing (title, artist, genre, language, lyrics) from the tags inside the audio files.
    require : tuple of {"audio", "lyrics"}
        Take only tracks that have all of these.
    min_duration, max_duration : float, seconds, optional
        Take only tracks whose audio is that long.
    where : dict of str to (str or tuple of str)
        Take only tracks whose label has one of these values: ``{language: [English, Bangla]}``. Case does not matter.
    balance : str, optional
        A label, or several joined by ``+``: as many tracks of each of its values.
    n : int > 0, optional
        How many tracks of each value of ``balance`` (default: as many as the rarest has); without ``balance``, how
        many in all.
    seed : int
        Which tracks are drawn.
    """

    layout: Literal["auto", "tree", "table"] = "auto"
    folders: str = "auto"
    track_id: ColumnOrPattern = None
    audio: ColumnOrPattern = None
    lyrics: ColumnOrPattern = None
    title: ColumnOrPattern = None
    artist: ColumnOrPattern = None
    language: ColumnOrPattern = None
    genre: ColumnOrPattern = None
    group: ColumnOrPattern = None
    labels: Annotated[tuple[str, ...], BeforeValidator(_one_or_many)] = ()
    transcripts: Annotated[tuple[str, ...], BeforeValidator(_one_or_many)] = ()
    tags: bool = True
    require: Annotated[tuple[Literal["audio", "lyrics"], ...], BeforeValidator(_one_or_many)] = ()
    min_duration: float | None = Field(default=None, ge=0, allow_inf_nan=False)
    max_duration: float | None = Field(default=None, gt=0, allow_inf_nan=False)
    where: dict[str, Annotated[tuple[str, ...], BeforeValidator(_one_or_many)]] = Field(default_factory=dict)
    balance: str | None = None
    n: int | None = Field(default=None, ge=1)
    seed: int = 0

    @property
    def mapping(self) -> dict[str, str]:
        """The columns and patterns that were given, by what they are for."""
        roles = ("track_id", "audio", "lyrics", "title", "artist", "language", "genre", "group")
        return {role: value for role in roles if (value := getattr(self, role)) is not None}

    @property
    def needs_durations(self) -> bool:
        """Whether tracks are taken by how long they are."""
        return self.min_duration is not None or self.max_duration is not None

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        for text in self.mapping.values():
            Pattern.parse(text)
        shortest, longest = self.min_duration, self.max_duration
        if shortest is not None and longest is not None and shortest > longest:
            raise ValueError(f"min_duration {shortest} is more than max_duration {longest}; exchange them")
        return self
