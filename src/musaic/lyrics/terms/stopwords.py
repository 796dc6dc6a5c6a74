"""Words that tell nothing of what a song is about: function words by language, and what is sung without being words.

The lists are those of stopwords-iso (https://github.com/stopwords-iso), a union of the published lists of each
language. It was made for web pages: what songs need besides, and what songs are about, is set right here.
"""

from __future__ import annotations

from functools import cache

import regex

from musaic.lyrics.terms.tokens import ELISIONS, clusters, is_unspaced, language_key, tokens
from musaic.lyrics.terms.vocables import is_vocalise

_SAME = {
    "fil": "tl",
    "nb": "no",
    "nn": "no",
    "yue": "zh",
    "cmn": "zh",
    "ckb": "ku",
    "prs": "fa",
    "arz": "ar",
    "iw": "he",
}
"""Languages that the source keeps under another code."""

# Pronouns and small words of songs that the lists lack.
ADDED = {
    "ar": "يا وأنا وانت وأنت وهو وهي إليك إلي فيك فيه فيها فينا بك بي به بها بلا منك مني منه منها عني عنك لنا معي معك "
    "علي عليا ليا اللي كده مش هنا وما ولا وفي ومن وعلى لأن لأنك كلما سوى",
    "bn": "তোমায় আমায় তোকে তুই তোর মোর মোরা তোমাকে তোমারই আমারই তোরা তোদের শুধু কেন আর যেন যায় এল এলো গেল দাও "
    "নাও হয়ে কেউ কোথাও এখন তখন যখন সব কত একটা আজও",
    "de": "all hab heut 'n nen nem ner mal noch schon wär wärst kein'n ne",
    "en": "gonna wanna gotta gimme lemme kinda outta 'em 'cause cause cuz cos y'all d'you tryna dunno",
    "es": "pa ti mí vos",
    "fr": "y'a t'as t'es ya j't'ai",
    "hi": "मैं मैंने मुझे मुझको मुझ मुझसे तू तूने तुझे तुझको तुझ तुझसे तेरा तेरी तेरे मेरा मेरी मेरे तुम तुमने तुम्हें तुम्हारा तुम्हारी "
    "तुम्हारे तुमसे हम हमने हमें हमारा हमारी हमारे हूँ हो वो सब अब क्या क्यों क्यूँ कहाँ कैसे कैसा कैसी यहाँ वहाँ जहाँ ऐसा ऐसे ऐसी बस "
    "रहा रही रहे गई गए दे दो ले लो जा आ इतना कितना कितने कितनी कभी चाहिए",
}

# Words of the lists that songs are about.
KEPT = {
    "bn": "মনে",
    "de": "zeit welt",
    "en": "alone cry dear face faces fire forever free high home man men old open room run together words work world "
    "young",
    "es": "día días lejos tiempo mundo",
    "fr": "monde temps",
    "hi": "घर",
}

_LATIN = regex.compile(r"\p{Script=Latin}")
_SYLLABIC = regex.compile(r"[\p{Script=Hangul}\p{Script=Ethiopic}]")


@cache
def stopwords(language: str | None) -> frozenset[str]:
    """Return the stop words of a language, spelt as `tokens` spells them; empty where there is no list.

    Parameters
    ----------
    language : str or None
        ISO 639 code; region and script are not looked at (``pt-BR`` is ``pt``).

    Notes
    -----
    Spellings that are met as often as the right one are in: Arabic without hamza on alef (انا), Hindi anusvara for
    chandrabindu (हूं). In scripts without spaces every pair of a stop word is one. A language that is not written in
    Latin letters has the English ones too: that is what Latin words in its songs are.
    """
    import stopwordsiso

    key = language_key(language)
    key = _SAME.get(key, key)
    if not key or key not in stopwordsiso.langs():
        return frozenset()
    listed = {*stopwordsiso.stopwords(key), *ADDED.get(key, "").split()}
    words = {part for word in listed for part in _parts(word, key)} | set(ELISIONS.get(key, "").split())
    words -= set(tokens(KEPT.get(key, ""), key))
    words |= {_variant(word) for word in words}
    if sum(1 for word in words if _LATIN.match(word)) < len(words) / 2:
        words |= stopwords("en")
    return frozenset(words)


def has_stopwords(language: str | None) -> bool:
    """Return whether there are stop words of a language."""
    return bool(stopwords(language))


def tells(word: str, language: str | None, *, vocalises: bool = False) -> bool:
    """Return whether a token can tell what a text is about.

    Not: stop words of the language, single letters (a syllable of Hangul or Ethiopic or a character of Han is more
    than that), pairs of two one-character stop words in scripts without spaces, and, unless ``vocalises`` is set,
    sung non-words.
    """
    stop = stopwords(language)
    if word in stop or (not vocalises and is_vocalise(word)):
        return False
    if is_unspaced(word):
        return not all(cluster in stop for cluster in clusters(word))
    return len(word) > 1 or _SYLLABIC.match(word) is not None


def _parts(word: str, key: str) -> list[str]:
    """Return what of an entry is a stop word: one word or each pair of it, but no parts of several words."""
    parts = tokens(word, key)
    elided = key in ELISIONS and len(word.split()) == 1 and "-" not in word
    return parts if len(parts) == 1 or elided or all(is_unspaced(part) for part in parts) else []


def _variant(word: str) -> str:
    return str(regex.sub("[أإآ]", "ا", word)).replace("ँ", "ं")
