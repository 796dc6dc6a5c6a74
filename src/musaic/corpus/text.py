"""Text out of bytes of unknown encoding: lyrics files and tables come in whatever the last program wrote."""

from __future__ import annotations

import codecs
import unicodedata

BOMS = (
    (codecs.BOM_UTF32_LE, "utf-32"),  # before UTF-16, whose mark it begins with
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)

# What Western European text holds beside ASCII in Windows-1252, the superset of Latin-1 that is met in practice.
# Not þ and ð: they would be ş and ğ of Turkish text more often than Icelandic.
WESTERN = frozenset(
    "àáâãäåæçèéêëìíîïñòóôõöøùúûüýÿßœšžÀÁÂÃÄÅÆÇÈÉÊËÌÍÎÏÑÒÓÔÕÖØÙÚÛÜÝŒŠŽ¡¿«»‘’“”„‚‹›–—…·´¨°ºª€£©®§×\xa0\xad"
)


def nfc(text: str) -> str:
    """Return text in Unicode's composed form, the one form in which names and values are compared."""
    return unicodedata.normalize("NFC", text)


def fold(text: str) -> str:
    """Return a key under which spellings that differ in case, composition or spaces alone are the same."""
    return nfc(" ".join(nfc(text).casefold().split()))


def decode(data: bytes) -> str:
    r"""Return the text that bytes stand for, in NFC with ``\n`` as line end.

    A byte-order mark decides; else UTF-16 shows by its zero bytes, UTF-8 by being valid; Western one-byte text is
    known by its letters, and what is left is charset-normalizer's guess. Never raises.
    """
    text = _decode(data)
    return nfc(text.replace("\r\n", "\n").replace("\r", "\n"))


def _decode(data: bytes) -> str:
    for mark, encoding in BOMS:
        if data.startswith(mark):
            return data.decode(encoding, errors="replace")
    if b"\0" in data:
        guess = _utf16(data)
        if guess is not None:
            return guess
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError:
        pass
    western = _western(data)
    if western is not None:
        return western
    import charset_normalizer

    best = charset_normalizer.from_bytes(data).best()
    return str(best) if best is not None else data.decode("cp1252", errors="replace")


def _utf16(data: bytes) -> str | None:
    """Return the text if the bytes are UTF-16 without a mark: the byte order that makes more spaces and line ends."""
    best, most = None, 0
    for encoding in ("utf-16-le", "utf-16-be"):
        try:
            text = data.decode(encoding)
        except UnicodeDecodeError:
            continue
        common = sum(text.count(character) for character in " \n\r,\t") - 2 * text.count("\0")
        ascii_letters = sum(character.isascii() and character.isprintable() for character in text)
        if max(common, ascii_letters) > most:
            best, most = text, max(common, ascii_letters)
    return best


def _western(data: bytes) -> str | None:
    """Return the text if the bytes read as Windows-1252 are mostly ASCII letters with Western accents among them."""
    try:
        text = data.decode("cp1252")
    except UnicodeDecodeError:
        return None
    marked = [character for character in text if not character.isascii()]
    letters = sum(character.isascii() and character.isalpha() for character in text)
    return text if WESTERN.issuperset(marked) and letters >= len(marked) else None
