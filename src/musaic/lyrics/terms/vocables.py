"""Syllables that are sung and mean nothing (la la la, oh, na na hey): they tell neither a language nor a theme."""

from __future__ import annotations

import itertools
from functools import lru_cache

import regex

from musaic.lyrics.terms.tokens import tokens

# A letter held three times and more counts as one: "oooooh" is "oh".
_SUNG = """
a aa aah ah aha ahah ahh ahha ai aie ay aye ayo ba bah bap da dadida doh doo e eh ehh ey eyy h ha haa hah haha he hee
hehe hey heyy hm hmm ho hoh hoo huh hum la laa lala lalala lo m mh mhm mm mmh mmhm na naa nana o oh ohh oho oo ooh
oohh ou ouh ouais oy sha shalala tra tralala u uh uhh uhm uho uhu um uu uuh wo woah woh who whoa woo wooh wow ya yah
yay ye yea yeaah yeah yeahh yeh yo yoh
آه اه آها آي أوه اوه آهات هاي لالا للا وه واه های وای
আ আহ আহা ও ওহ ওহো ওরে ওগো ওহে হে হেই হায় রে রেরে লা লালা লালালা
आ आह आहा ओ ओह ओहो ओए ए ऐ हे हेय हाय रे अरे ला लाला लालाला हो होहो
ой ох ах эй эх ай ля ляля а о у
αχ ωχ ω λαλα
אוי הו היי לה אה
오 오오 예 예예 아 아아 우 우우 워 워우 라 라라 나나 어 야
啊 啊啊 啦 啦啦 呀 哦 喔 噢 嗯 哎 唉 嘿
あ ああ お おお ら らら ラ ララ ル ルル ヘイ イェ
"""
VOCALISES = frozenset(tokens(_SUNG))
"""What is sung without being a word, in the scripts of the world."""

_HELD = regex.compile(r"(\p{L}\p{M}*)\1{2,}")
_REFRAIN = regex.compile(r"(la|na|da|ba|ha|ho|he|oh|ah|uh|eh|sha|ya|yo|du|dum|ля|на|لا|ला|না|লা|ना)\1{2,}")

_WORD = regex.compile(r"[\p{L}\p{M}]+")
# Cries of any length.
_CRY = regex.compile(
    r"o+h*|a+h+|u+h+|e+h+|o+u+h*|wh?o+a*h*|he+y+|a+y+|ye+a+h*|ye+|yo+|ha+h*|ho+|m+h*m*|hm+|u+m+|hu+h*|uo+h*|a+i+|ey+|"
    r"آه+|اه+|أوه|أه|आ+|ओ+|ओह|हो+|आहा|হো+|ওহো?|আহা|হে+|오+|아+|예+|ああ+|おお+|о+|а+|э+|эй|ой|ох|ах|啊+|哦+|喔+"
)
# What is a word in one language or another and counts as sung syllable only where it is repeated.
_SYLLABLE = regex.compile(r"(?:[lndrtbpgw][aeiou]|sha|tra|d[uo]+[mn]?|b[ou]m|ba[mp]|pom|doo|ja|yo|uo|w[ao]p)h?")
_STAMMER = regex.compile(r"(\X{1,3}?)\1{2,}\X?")


@lru_cache(1 << 16)
def is_vocalise(word: str) -> bool:
    """Return whether a token is sung without being a word: ``la``, ``oooh``, ``nanana``, ``ओ``; see `VOCALISES`."""
    if word in VOCALISES:
        return True
    once = _HELD.sub(r"\1", word)
    return once in VOCALISES or _REFRAIN.fullmatch(once) is not None


def without_vocables(line: str) -> str:
    """Return a line without sung syllables.

    Cries (oh, ah, hey, yeah) go wherever they are; a short word that comes three times running, a syllable such as
    ``la`` that comes twice, and a word that is one syllable over and over (lalala) go too.
    """
    words = list(_WORD.finditer(line))
    folded = [word.group().casefold() for word in words]
    kept, end = [], 0
    for text, run in itertools.groupby(range(len(words)), key=folded.__getitem__):
        positions = list(run)
        if _CRY.fullmatch(text) or _STAMMER.fullmatch(text) or _means_nothing(text, len(positions)):
            for word in (words[position] for position in positions):
                kept.append(line[end : word.start()])
                end = word.end()
    return "".join(kept) + line[end:]


def _means_nothing(word: str, times: int) -> bool:
    """Return whether a word that comes so many times running is only a sound."""
    return len(word) <= 4 and (times >= 3 or (times == 2 and _SYLLABLE.fullmatch(word) is not None))
