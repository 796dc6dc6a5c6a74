"""Names by which people call languages: codes, English names, their own names; enough to read folders and labels."""

from __future__ import annotations

import functools
import re
import unicodedata

from musaic.corpus.text import fold

# ISO 639-1 code (639-3 where there is none): 639-2 codes, English names, own names, all as folders are called.
# ISO codes that are everyday words in music folders (rap, ska, pop) are left out, and so is "Latin", a genre.
NAMES = """
af: afr afrikaans
sq: sqi alb albanian shqip
am: amh amharic አማርኛ
ar: ara arabic arab عربي العربية عربى
hy: hye arm armenian հայերեն
as: asm assamese অসমীয়া
az: aze azerbaijani azeri azərbaycanca
eu: eus baq basque euskara
be: bel belarusian беларуская
bn: ben bengali bangla বাংলা
bho: bhojpuri भोजपुरी
bs: bos bosnian bosanski
br: bre breton brezhoneg
bg: bul bulgarian български
my: mya bur burmese မြန်မာဘာသာ
ca: cat catalan català
ceb: cebuano
zh: zho chi cmn chinese mandarin 中文 汉语 漢語 普通话 國語 国语
yue: cantonese 粵語 粤语 廣東話
hr: hrv croatian hrvatski
cs: ces cze czech čeština česky
da: dan danish dansk
nl: nld dut dutch nederlands flemish
en: eng english
eo: epo esperanto
et: est estonian eesti
fo: fao faroese føroyskt
fil: filipino
fi: fin finnish suomi
fr: fra fre french français
gl: glg galician galego
ka: kat geo georgian ქართული
de: deu ger german deutsch
el: ell gre greek ελληνικά
gu: guj gujarati ગુજરાતી
ht: hat haitian kreyòl
ha: hau hausa
haw: hawaiian
he: heb hebrew עברית
hi: hin hindi हिन्दी हिंदी
hu: hun hungarian magyar
is: isl ice icelandic íslenska
ig: ibo igbo
id: ind indonesian bahasa
ga: gle irish gaeilge
it: ita italian italiano
ja: jpn japanese 日本語
jv: jav javanese
kn: kan kannada ಕನ್ನಡ
kk: kaz kazakh қазақша
km: khm khmer ខ្មែរ
ko: kor korean 한국어
ku: kur kurdish kurdî کوردی
ky: kir kyrgyz кыргызча
lo: lao ລາວ
lv: lav latvian latviešu
ln: lin lingala
lt: lit lithuanian lietuvių
lb: ltz luxembourgish lëtzebuergesch
mk: mkd macedonian македонски
mg: mlg malagasy
ms: msa may malay melayu
ml: mal malayalam മലയാളം
mt: mlt maltese malti
mi: mri mao maori māori
mr: mar marathi मराठी
mn: mon mongolian монгол
ne: nep nepali नेपाली
no: nor nob nno nb nn norwegian norsk
oc: oci occitan
or: ori odia oriya ଓଡ଼ିଆ
ps: pus pashto پښتو
fa: fas per persian farsi فارسی
pl: pol polish polski
pt: por portuguese português
pa: pan punjabi panjabi ਪੰਜਾਬੀ پنجابی
qu: que quechua
ro: ron rum romanian română
ru: rus russian русский
sa: san sanskrit संस्कृतम्
gd: gla gaelic gàidhlig
sr: srp serbian српски srpski
sd: snd sindhi سنڌي
si: sin sinhala sinhalese සිංහල
sk: slk slo slovak slovenčina
sl: slv slovene slovenian slovenščina
so: som somali soomaali
es: spa spanish español castellano
sw: swa swahili kiswahili
sv: swe swedish svenska
tl: tgl tagalog
ta: tam tamil தமிழ்
te: tel telugu తెలుగు
th: tha thai ไทย
bo: bod tib tibetan བོད་ཡིག
tr: tur turkish türkçe
tk: tuk turkmen
uk: ukr ukrainian українська
ur: urd urdu اردو
ug: uig uyghur ئۇيغۇرچە
uz: uzb uzbek oʻzbekcha
vi: vie vietnamese tiếng-việt
cy: cym wel welsh cymraeg
wo: wol wolof
xh: xho xhosa
yi: yid yiddish ייִדיש
yo: yor yoruba yorùbá
zu: zul zulu
"""

_TAGGED = re.compile(r"^([a-z]{2,3})[-_](?:[a-z]{4}|[a-z]{2}|\d{3})$")  # en-US, zh_Hans, es-419


def language_code(name: str) -> str | None:
    """Return the ISO code of the language that a name, code or tag such as ``pt-BR`` stands for, or None."""
    key = _plain(name)
    tagged = _TAGGED.match(key)
    return _codes().get(key) or (_codes().get(tagged.group(1)) if tagged else None)


@functools.cache
def language_name(code: str) -> str:
    """Return the English name of the language that an ISO code stands for, in lower case; the code where none is known.

    >>> language_name("bn")
    'bengali'
    """
    names = dict(line.split(": ", 1) for line in NAMES.strip().splitlines()).get(code, code).split()
    return next((name for name in names if len(name) > 3), names[0])


@functools.cache
def _codes() -> dict[str, str]:
    codes = {}
    for line in NAMES.strip().splitlines():
        code, _, names = line.partition(": ")
        for name in (code, *names.split()):
            codes[_plain(name)] = code
    return codes


def _plain(name: str) -> str:
    """Fold a name, and take the accents off Latin letters, so that ``Espanol`` is found too."""
    folded = fold(name).replace(" ", "-")
    if not folded or not unicodedata.name(folded[0], "").startswith("LATIN"):
        return folded
    return "".join(mark for mark in unicodedata.normalize("NFD", folded) if not unicodedata.combining(mark))
