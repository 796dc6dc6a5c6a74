"""A cluster's card, and the sentence that says it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, is_dataclass
from typing import Any, Self

from musaic.clustering.base import NOISE
from musaic.experiment.cards.adjectives import telling

MOST_SAID = 4
"""Descriptors and terms in the sentence of a card."""


@dataclass(frozen=True)
class Share:
    """How much of a cluster has one value of a label.

    Parameters
    ----------
    value : str
        The value.
    count : int
        Songs of the cluster that have it.
    share : float, 0 to 1
        Of the cluster's songs whose label is known.
    overall : float, 0 to 1
        The same share among all songs of the clustering.
    lift : float
        ``share / overall``.
    q_value : float, 0 to 1
        Of the hypergeometric test, two-sided, that as much came by chance (`musaic.experiment.cards.mix`).
    clear : bool
        Whether the lift, above or below 1, is more than chance.
    """

    value: str
    count: int
    share: float
    overall: float
    lift: float
    q_value: float
    clear: bool


@dataclass(frozen=True)
class Mix:
    """The values of one label in a cluster, most songs first; those that no song of it has are left out.

    Parameters
    ----------
    label : str
        The label column.
    known : int
        Songs of the cluster whose label is known.
    values : tuple of Share
        What they are.
    """

    label: str
    known: int
    values: tuple[Share, ...]


@dataclass(frozen=True)
class Medoid:
    """A song near the centre of its cluster: Euclidean ``distance`` in latent space."""

    track_id: str
    distance: float


@dataclass(frozen=True)
class Boundary:
    """A song that hardly belongs to its cluster.

    Parameters
    ----------
    track_id : str
        The song.
    confidence : float or None
        As the clustering gave it.
    neighbour : int
        Of the other clusters, the one whose centre is nearest in latent space.
    """

    track_id: str
    confidence: float | None
    neighbour: int


@dataclass(frozen=True)
class Descriptor:
    """How a cluster differs from the rest of the clustering in one descriptor.

    Parameters
    ----------
    name : str
        The column of ``descriptors.parquet``.
    unit : str
        What its numbers are counted in; empty where that is not known.
    mean, elsewhere : float
        In the cluster and outside; of the mode, the share of songs in major.
    difference : float
        ``mean - elsewhere`` in standard deviations of all songs.
    q_value : float, 0 to 1
        Of the Mann-Whitney test (`musaic.experiment.cards.differences`).
    word : str
        The adjective for it; empty where the difference is not clear.
    """

    name: str
    unit: str
    mean: float
    elsewhere: float
    difference: float
    q_value: float
    word: str


@dataclass(frozen=True)
class CardTerm:
    """A term of the lyrics.

    Parameters
    ----------
    term : str
        One word.
    language : str
        ISO code of the language of most songs of the cluster that have it; empty where none is known.
    score : float
        Class-based TF-IDF.
    n_tracks : int
        Songs of the cluster that have it, or one of those it stands for.
    p_value : float, 0 to 1
        That so many came by chance, given each song's language (`musaic.experiment.cards.words`).
    clear : bool
        Whether it is more than chance.
    stands_for : tuple of (str, str)
        Words that mean the same, with their languages.
    """

    term: str
    language: str
    score: float
    n_tracks: int
    p_value: float
    clear: bool
    stands_for: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True)
class Card:
    """What a cluster is.

    Parameters
    ----------
    cluster : int
        Its number; -1 is noise.
    name : str
        What to call it; no two clusters of a clustering have one name, and no word of it is the value of a label.
    size : int
        Songs.
    share : float, 0 to 1
        Of all songs of the clustering.
    confidence : float or None
        Mean over its songs.
    stability : float or None
        Mean over its songs of how much of their company stays from seed to seed
        (`musaic.evaluation.stability.company_kept`), 0 to 1; None for noise, and with one seed.
    mixes : tuple of Mix
        The labels.
    descriptors : tuple of Descriptor
        Greatest difference first.
    terms : tuple of CardTerm
        Clear ones first.
    medoids : tuple of Medoid
        Nearest to the centre first, one an artist where artists are known; none for noise.
    boundary : tuple of Boundary
        Least certain first; none for noise, or where there is no other cluster.
    """

    cluster: int
    name: str
    size: int
    share: float
    confidence: float | None
    stability: float | None
    mixes: tuple[Mix, ...]
    descriptors: tuple[Descriptor, ...]
    terms: tuple[CardTerm, ...]
    medoids: tuple[Medoid, ...]
    boundary: tuple[Boundary, ...]

    @property
    def is_noise(self) -> bool:
        """Whether these are the songs of no cluster."""
        return self.cluster == NOISE

    @property
    def text(self) -> str:
        """The card in one plain sentence."""
        songs = f"{self.size:,} {'song' if self.size == 1 else 'songs'} ({_percent(self.share)})"
        said = [f"{songs} too far from every group to belong to one" if self.is_noise else songs]
        if traits := telling(self.descriptors)[:MOST_SAID]:
            said.append(", ".join(map(_trait, traits)))
        if terms := [term for term in self.terms if term.clear][:MOST_SAID]:
            said.append(f"lyrics with {', '.join(map(_term, terms))}")
        if shares := [f"{mix.label} {_share(best)}" for mix in self.mixes if (best := _best(mix))]:
            said.append(f"more than elsewhere of {', '.join(shares)}")
        if len(said) == 1:
            said.append("nothing sets them clearly apart")
        if self.stability is not None:
            said.append(f"{_percent(self.stability)} of their company stays from seed to seed")
        return f"{self.name[:1].upper()}{self.name[1:]}: {'; '.join(said)}."

    def plain(self) -> dict[str, Any]:
        """Return the card as JSON-ready data."""
        return {name: _plain(value) for name, value in vars(self).items()}

    @classmethod
    def from_plain(cls, data: Mapping[str, Any]) -> Self:
        """Return the card that `plain` was called on."""
        mixes = [
            Mix(mix["label"], mix["known"], tuple(Share(**value) for value in mix["values"])) for mix in data["mixes"]
        ]
        terms = [
            CardTerm(**{**term, "stands_for": tuple((word, language) for word, language in term["stands_for"])})
            for term in data["terms"]
        ]
        rest = {
            "mixes": tuple(mixes),
            "terms": tuple(terms),
            "descriptors": tuple(Descriptor(**found) for found in data["descriptors"]),
            "medoids": tuple(Medoid(**song) for song in data["medoids"]),
            "boundary": tuple(Boundary(**song) for song in data["boundary"]),
        }
        return cls(**{**{name: data[name] for name in cls.__dataclass_fields__}, **rest})


def _plain(value: Any) -> Any:
    if is_dataclass(value):
        return {name: _plain(field) for name, field in vars(value).items()}
    return [_plain(item) for item in value] if isinstance(value, tuple) else value


def _best(mix: Mix) -> Share | None:
    """Return the most frequent value that is clearly more frequent than elsewhere."""
    return next((value for value in mix.values if value.clear and value.lift > 1), None)


def _share(value: Share) -> str:
    return f"{value.value} ({_percent(value.share)}, in all {_percent(value.overall)})"


def _trait(found: Descriptor) -> str:
    if found.name == "mode":
        return f"{found.word} ({_percent(found.mean)} in major, elsewhere {_percent(found.elsewhere)})"
    numbers = f"{_number(found.mean)} {found.unit}".rstrip()
    return f"{found.word} ({found.name.replace('_', ' ')} {numbers}, elsewhere {_number(found.elsewhere)})"


def _term(term: CardTerm) -> str:
    others = ", ".join(word for word, _ in term.stands_for)
    return f"“{term.term}” ({others})" if others else f"“{term.term}”"


def _percent(share: float) -> str:
    return f"{100 * share:.0f} %" if share == 0 or share >= 0.01 else "under 1 %"


def _number(value: float) -> str:
    return f"{value:,.0f}" if abs(value) >= 100 else f"{value:.3g}"
