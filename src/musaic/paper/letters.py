"""Fonts that go with a paper, for letters that Typst's own serif lacks."""

from __future__ import annotations

import shutil
import unicodedata
from collections.abc import Iterable
from importlib import resources
from pathlib import Path

from musaic.files import atomic
from musaic.progress import Reporter
from musaic.report.fonts import BASE, SHIPPED, missing_fonts

SCRIPTS = {
    "ARABIC": "Musaic Noto Sans Arabic",
    "BENGALI": "Musaic Noto Sans Bengali",
    "DEVANAGARI": "Musaic Noto Sans Devanagari",
}
"""How Unicode names begin of the letters that a shipped font is there for."""

OWN = ("LATIN", "GREEK", "CYRILLIC", "HEBREW", "COMBINING", "MODIFIER", "DIGIT")
"""Of those that the paper's serif has."""


LICENCE = "OFL.txt"

SANS = "DejaVuSans.ttf"
"""The file of `musaic.report.fonts.BASE`, which comes with matplotlib."""

FILES = {**SHIPPED, BASE: SANS}
"""Family -> file, of all that may be copied."""


def copy_fonts(texts: Iterable[str], folder: Path, reporter: Reporter) -> list[str]:
    """Copy the fonts that texts ask for into a folder; return their families.

    Parameters
    ----------
    texts : iterable of str
        Everything that is written.
    folder : Path
        Made where there is something to copy.
    reporter : Reporter
        Told which scripts no font on this machine has.
    """
    texts = list(texts)
    scripts = {_script(letter) for text in texts for letter in text if ord(letter) > 127}
    families = [family for script, family in SCRIPTS.items() if script in scripts]
    for family in families:
        _copy(Path(str(resources.files("musaic.report") / "fonts" / SHIPPED[family])), folder)
    if families:
        _copy(Path(str(resources.files("musaic.report") / "fonts" / LICENCE)), folder)
    if scripts - set(SCRIPTS) - set(OWN) - {""}:
        from matplotlib import font_manager

        _copy(Path(font_manager.findfont(BASE)).with_name(SANS), folder)
        families.append(BASE)
    lacking = missing_fonts(texts)
    if lacking:
        reporter.say(
            f"no font on this machine has {', '.join(lacking)}: the paper shows boxes there; install one, such as "
            "Debian's fonts-noto-core and fonts-noto-cjk, and write the paper again."
        )
    return families


def _copy(file: Path, folder: Path) -> None:
    with atomic(folder / file.name) as temporary:
        shutil.copyfile(file, temporary)


def _script(letter: str) -> str:
    """Return how the Unicode name of a letter begins; nothing for signs, which all fonts have."""
    if unicodedata.category(letter)[0] not in "LMN":
        return ""
    return unicodedata.name(letter, "UNKNOWN").split(" ")[0]
