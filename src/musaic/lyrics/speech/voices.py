"""Which voice reads which language."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.util import find_spec

from musaic.errors import MusaicError, UsageError, unknown

COMMAND = (sys.executable, "-m", "musaic.lyrics.speech.espeak")


@dataclass(frozen=True)
class Voice:
    """A voice of the library.

    Parameters
    ----------
    name : str
        For people, such as ``Bengali``.
    identifier : str
        For the library, such as ``inc/bn``.
    languages : tuple of (str, int)
        Tags of the languages it reads and their ranks; the lowest is the most natural choice.
    """

    name: str
    identifier: str
    languages: tuple[tuple[str, int], ...]


@dataclass(frozen=True)
class Voices:
    """All there is to choose from.

    Parameters
    ----------
    version : str
        Of eSpeak NG.
    voices : tuple of Voice
        In the library's order.
    variants : frozenset of str
        What may stand behind a voice and a plus sign: ``f3`` in ``hi+f3``.
    """

    version: str
    voices: tuple[Voice, ...]
    variants: frozenset[str]

    def of_language(self, code: str) -> Voice | None:
        """Return the most natural voice of a language by its ISO code, or None where there is none."""
        wanted = code.casefold()
        ranked = [
            (rank, position)
            for position, voice in enumerate(self.voices)
            for tag, rank in voice.languages
            if tag.casefold() == wanted
        ]
        return self.voices[min(ranked)[1]] if ranked else None

    def named(self, given: str) -> str:
        """Return the library's identifier of a voice as a person calls it.

        Parameters
        ----------
        given : str
            A language tag (``en-us``), an identifier (``gmw/en-US``) or a name (``Hindi``), and perhaps a variant
            behind a plus sign (``hi+f3``).

        Raises
        ------
        UsageError
            Where there is no such voice or variant; the library itself would take another without a word.
        """
        base, plus, variant = given.partition("+")
        voice = self.of_language(base) or next(
            (v for v in self.voices if base.casefold() in (v.identifier.casefold(), v.name.casefold())), None
        )
        if voice is None:
            raise unknown("voice", base, {tag for voice in self.voices for tag, _ in voice.languages})
        if plus and variant not in self.variants:
            raise unknown("variant of a voice", variant, self.variants)
        return f"{voice.identifier}{plus}{variant}"

    def table(self, overrides: Mapping[str, str]) -> dict[str, str]:
        """Return the identifiers of the voices that a person chose, by language code."""
        return {code: self.named(given) for code, given in overrides.items()}


def list_voices() -> Voices:
    """Ask the library for its voices.

    Raises
    ------
    MusaicError
        Where it is not installed or does not start.
    """
    if find_spec("espeakng_loader") is None:
        raise MusaicError("speaking needs eSpeak NG, which is not installed; run: pip install 'musaic[speech]'")
    done = subprocess.run(COMMAND, input=b'{"task": "voices"}', capture_output=True, check=False)
    if done.returncode:
        raise MusaicError(
            f"eSpeak NG does not start ({last_line(done.stderr) or f'code {done.returncode}'}); run: "
            "pip install --force-reinstall espeakng-loader"
        )
    data = json.loads(done.stdout)
    voices = tuple(
        Voice(voice["name"].strip(), voice["identifier"], tuple((tag, rank) for tag, rank in voice["languages"]))
        for voice in data["voices"]
    )
    return Voices(data["version"], voices, frozenset(data["variants"]))


def parse_overrides(given: list[str]) -> dict[str, str]:
    """Return ``{"hi": "hi+f3"}`` from ``["hi=hi+f3"]``; codes are checked by whoever knows languages."""
    result = {}
    for item in given:
        code, separator, voice = item.partition("=")
        if not separator or not code.strip() or not voice.strip():
            raise UsageError(f"--voice takes a language and a voice such as hi=hi+f3, not {item!r}.")
        result[code.strip()] = voice.strip()
    return result


def last_line(data: bytes) -> str:
    """Return the last line of what a process said, without a full stop."""
    lines = data.decode(errors="replace").strip().splitlines()
    return lines[-1].rstrip(".") if lines else ""
