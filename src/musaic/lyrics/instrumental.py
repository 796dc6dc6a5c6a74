"""Text that only says that there is none to sing."""

from __future__ import annotations

import regex

_WORDS = """
instrumental instrumentale instrumentaal instrumentalna instrumentální instrumentál instrumentalny instrumentaalinen
instrumentalmusik instrumentalstück instrumentalt instrumentalversion strumentale enstrümantal enstrumantal inst
instrumental\\ version instrumental\\ track instrumental\\ song instrumental\\ music instrumental\\ only
instrumental\\ break instrumental\\ intro instrumental\\ outro instrumental\\ interlude instrumental\\ solo
this\\ song\\ is\\ instrumental this\\ is\\ an\\ instrumental this\\ song\\ is\\ an\\ instrumental
this\\ track\\ is\\ instrumental this\\ is\\ instrumental no\\ lyrics no\\ vocals music\\ only
sin\\ letra canción\\ instrumental tema\\ instrumental versión\\ instrumental pista\\ instrumental
sem\\ letra música\\ instrumental faixa\\ instrumental morceau\\ instrumental chanson\\ instrumentale
sans\\ paroles ohne\\ text ohne\\ gesang kein\\ text musica\\ strumentale senza\\ parole bez\\ słów
инструментал инструментальная инструментальный инструментальная\\ музыка инструментальная\\ композиция без\\ слов
інструментал інструментальна\\ музика ορχηστρικό אינסטרומנטלי כלי
موسيقى موسيقا موسیقی موسيقى\\ فقط موسيقى\\ بدون\\ كلمات بدون\\ كلمات بلا\\ كلمات معزوفة مقطوعة\\ موسيقية
آلية موسيقى\\ آلية بی‌کلام بی\\ کلام بدون\\ کلام موسیقی\\ بی‌کلام
যন্ত্রসঙ্গীত যন্ত্রসংগীত যন্ত্র\\ সঙ্গীত যন্ত্র\\ সংগীত যন্ত্রসুর বাদ্যসঙ্গীত ইন্সট্রুমেন্টাল ইনস্ট্রুমেন্টাল
वाद्य वाद्य\\ संगीत वाद्यसंगीत वाद्ययंत्र वाद्य\\ यंत्र संगीत इंस्ट्रूमेंटल इंस्ट्रुमेंटल इन्स्ट्रुमेन्टल केवल\\ संगीत
纯音乐 純音樂 纯音乐请欣赏 纯音乐\\ 请欣赏 純音樂請欣賞 純音樂\\ 請欣賞 此歌曲为没有填词的纯音乐\\ 请您欣赏 伴奏
インスト インストゥルメンタル インストルメンタル 器楽曲 연주곡 인스트루멘탈 반주 nhạc\\ không\\ lời instrumen
"""
_LETTERS = regex.compile(r"[\p{L}\p{M}\u200c\u200d]+")
MOST_LETTERS = 2000


def _key(text: str) -> str:
    return " ".join(_LETTERS.findall(text.casefold()))


def _phrases() -> frozenset[str]:
    import unicodedata

    found = regex.findall(r"(?:\\ |\S)+", _WORDS)
    return frozenset(_key(unicodedata.normalize("NFC", word.replace("\\ ", " "))) for word in found)


_PHRASES = _phrases()


def says_instrumental(text: str) -> bool:
    """Return whether each line of clean text is only a word for music without words, in whatever brackets."""
    if len(text) > MOST_LETTERS:
        return False
    lines = [key for line in text.split("\n") if (key := _key(line))]
    return bool(lines) and all(line in _PHRASES for line in lines)
