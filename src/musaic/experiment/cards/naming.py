"""What clusters are called."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

from musaic.experiment.cards.adjectives import telling
from musaic.experiment.cards.card import CardTerm, Descriptor
from musaic.lyrics.terms import tokens

NOISE_NAME = "noise"
NO_CHARACTER = "no clear character"
N_ADJECTIVES, N_WORDS = 3, 2
"""Of a name that has no twin."""
MOST_MORE = 3
"""By how many more of each twins are told apart."""

Compare = Callable[[list[int]], Mapping[int, Sequence[Descriptor]]]


@dataclass(frozen=True)
class Character:
    """What may be said of a cluster, most telling first."""

    adjectives: tuple[str, ...]
    words: tuple[str, ...]

    def name(self, more: int = 0) -> str:
        """Return the name, with more of what there is."""
        told = ", ".join(self.adjectives[: N_ADJECTIVES + more])
        sung = ", ".join(f"“{word}”" for word in self.words[: N_WORDS + more])
        return " · ".join(filter(None, (told, sung))) or NO_CHARACTER


def character(descriptors: Sequence[Descriptor], terms: Sequence[CardTerm], secret: frozenset[str]) -> Character:
    """Return what may be said of a cluster without saying a label.

    Parameters
    ----------
    descriptors, terms : sequence
        Those of its card.
    secret : frozenset of str
        The words of all labels (`label_words`).
    """
    return Character(
        tuple(found.word for found in telling(descriptors) if _tells_no_label(found.word, secret)),
        tuple(term.term for term in terms if term.clear and _tells_no_label(term.term, secret)),
    )


def label_words(values: Iterable[str], languages: Iterable[str]) -> frozenset[str]:
    """Return the words of labels, in every spelling under which lyrics of these languages count them."""
    spoken = sorted({"", *languages})
    return frozenset(word for value in set(values) for code in spoken for word in tokens(value, code))


def names(characters: Mapping[int, Character], compare: Compare) -> dict[int, str]:
    """Return a name for every cluster, each one different.

    Parameters
    ----------
    characters : mapping of int to Character
        The clusters without noise.
    compare : callable
        Given clusters of one name, returns how each differs from the others of them.

    Notes
    -----
    Twins are told apart by more of what they have, then by how they differ from each other, at last by a number.
    """
    found = {cluster: character.name() for cluster, character in sorted(characters.items())}
    for more in range(1, MOST_MORE + 1):
        for cluster in _twins(found):
            found[cluster] = characters[cluster].name(more)
    groups: dict[str, list[int]] = {}
    for cluster in _twins(found):
        groups.setdefault(found[cluster], []).append(cluster)
    for name, twins in groups.items():
        if name != NO_CHARACTER:
            for cluster, descriptors in compare(twins).items():
                if clear := next((row for row in descriptors if row.word), None):
                    found[cluster] = f"{name} ({_comparative(clear)})"
    return _numbered(found)


def _twins(found: Mapping[int, str]) -> list[int]:
    """Return the clusters whose name is another's too."""
    counts = Counter(found.values())
    return [cluster for cluster, name in found.items() if counts[name] > 1]


def _comparative(row: Descriptor) -> str:
    """Return how a cluster differs from its twins."""
    plain = row.name.replace("_", " ")
    if row.name == "mode":
        return f"more {row.word}"
    return f"higher {plain}" if row.difference > 0 else f"lower {plain}"


def _numbered(found: Mapping[int, str]) -> dict[int, str]:
    """Give numbers to those that still share a name."""
    taken, counts = set(found.values()), Counter(found.values())
    out, number = {}, Counter[str]()
    for cluster, name in found.items():
        told = name
        while counts[name] > 1 and (told in taken):
            number[name] += 1
            told = f"{name} {number[name]}"
        taken.add(told)
        out[cluster] = told
    return out


def _tells_no_label(word: str, secret: frozenset[str]) -> bool:
    return not secret.intersection(tokens(word))
