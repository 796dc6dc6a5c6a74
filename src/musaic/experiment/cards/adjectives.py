"""Words for what sounds more or less than elsewhere."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple

from musaic.features.descriptions import AUDIBLE

if TYPE_CHECKING:
    from musaic.experiment.cards.card import Descriptor

CLEAR = 0.5
"""Standard deviations from which a difference has a word."""
GREAT = 1.5
"""From here on it is ``very``."""


class Words(NamedTuple):
    """What to call less and more of a descriptor, and its unit.

    ``family`` names what is much the same to a listener: a name holds one word of it. ``made_of`` are the descriptors
    that a proxy was made of: where one of those has a word, the proxy says nothing new.
    """

    less: str
    more: str
    unit: str
    family: str
    made_of: tuple[str, ...] = ()


WORDS = {
    "tempo": Words("slow", "fast", "BPM", "tempo"),
    "mode": Words("minor", "major", "in major", "mode"),
    "loudness": Words("quiet", "loud", "LUFS", "level"),
    "energy": Words("soft", "powerful", "RMS", "level"),
    "brightness": Words("dark", "bright", "Hz", "brightness"),
    "onset_rate": Words("sparse", "busy", "onsets/s", "density"),
    "rhythm_regularity": Words("free in rhythm", "steady", "", "regularity"),
    "valence_proxy": Words("wistful", "cheerful", "", "valence", ("mode", "tempo")),
    "arousal_proxy": Words("calm", "lively", "", "arousal", ("loudness", "energy", "onset_rate", "brightness")),
}


def unit(name: str) -> str:
    """Return the unit of a descriptor; empty for one that is not known."""
    return WORDS[name].unit if name in WORDS else ""


def adjective(name: str, mean: float, elsewhere: float, difference: float) -> str:
    """Return the word for a difference; empty where it is too small to be heard or told.

    Parameters
    ----------
    name : str
        The descriptor; one that is not known is ``high …`` or ``low …``.
    mean, elsewhere : float
        In its own unit; they must differ by what can be heard (`musaic.features.descriptions.AUDIBLE`), and songs are
        in minor only where most of them are.
    difference : float
        In standard deviations.
    """
    if abs(difference) < CLEAR or abs(mean - elsewhere) < AUDIBLE.get(name, 0.0):
        return ""
    plain = name.replace("_", " ")
    less, more = WORDS[name][:2] if name in WORDS else (f"low {plain}", f"high {plain}")
    word = more if difference > 0 else less
    if name == "mode":
        return word if (mean > 0.5) == (difference > 0) else ""
    return f"very {word}" if abs(difference) >= GREAT else word


def telling(descriptors: Sequence[Descriptor]) -> list[Descriptor]:
    """Return those that have a word and say something of their own, in the order given: one a family, no idle proxy."""
    worded = [found for found in descriptors if found.word]
    names = {found.name for found in worded}
    taken: set[str] = set()
    kept = []
    for found in worded:
        entry = WORDS.get(found.name)
        family = entry.family if entry else found.name
        if family not in taken and not (entry and names & set(entry.made_of)):
            taken.add(family)
            kept.append(found)
    return kept
