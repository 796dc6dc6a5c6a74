"""Any text is shown as it is: by Typst, whatever it holds, in any place of a paper."""

from __future__ import annotations

import re
import unicodedata
from pathlib import Path

import typst
from hypothesis import given, settings
from hypothesis import strategies as st

from musaic.paper.markup import Markup, cite, cited, escape, listed, name, say, string

NASTY = (
    *(
        "#import",
        "$x$",
        "@key",
        "*a* _b_ `c`",
        "= a",
        "- a",
        "+ a",
        "/ a: b",
        "1. a",
        "<label>",
        "[x]",
        "]",
        "\\",
        "\\\\",
    ),
    *(
        "//",
        "/* a",
        "*/",
        "http://x.y/#z",
        "---",
        "-?",
        "...",
        "~",
        "'a' \"b\"",
        "a\nb",
        "\r",
        "\t",
        "\u2028",
        "\x00",
        "\ud800",
    ),
    *(
        "</script><img src=x onerror=alert(1)>",
        "مرحبا (1)",
        "שלום #1",
        "a مرحبا, عالم b",
        "\u202egnp",
        "\u2066x",
        "क्षि",
        "👩‍🎤",
    ),
    *("\\u{1F600}", "#[x]", "a.b.c", "x..", "..", "5.", "5.5", "-5", "+5 ", "", " ", "a  b"),
)
"""Texts that mean something to Typst, or to a reader's eye, where they are not escaped."""

ANY = st.one_of(
    st.sampled_from(NASTY), st.text(max_size=30), st.text(alphabet="#$*_`~@<>[]'\"\\/=-+.:0a \n", max_size=12)
)


def _shown(text: str) -> str:
    """Return what a reader sees of an escaped text: the markup with its backslashes read as Typst reads them."""
    return re.sub(r"[\u2068\u2069]", "", re.sub(r"\\(.)", r"\1", text))


FONTS = typst.Fonts(include_system_fonts=False)


def _compiler(markup: str) -> typst.Compiler:
    text = "#set page(width: 300pt, height: auto)\n" + markup
    return typst.Compiler(text.encode("utf-8", "replace"), font_paths=FONTS, ignore_system_fonts=True)


@settings(max_examples=40, deadline=None)
@given(st.lists(ANY, min_size=8, max_size=8))
def test_any_text_compiles_in_any_place(texts: list[str]) -> None:
    a, b, c, d, e, f, g, h = texts
    markup = (
        f"{escape(a)}\n\n{say('{a} is #emph[{b}]{c}.', a=a, b=b, c=c)}\n\n- {escape(d)}\n"
        f"+ x {escape(e)}\n\n#figure(table(columns: 2, [{escape(f)}], [{name(f)}]), caption: [{escape(g)}])\n\n"
        f"#text({string(h)})"
    )
    assert _compiler(markup).compile(format="svg")


def test_nothing_of_a_text_becomes_markup(tmp_path: Path) -> None:
    """At the start of a line, Typst makes nothing but text of it: no heading, list, link, equation, reference."""
    source = tmp_path / "t.typ"
    source.write_bytes("\n\n".join(escape(text) for text in NASTY).encode("utf-8", "replace"))
    compiler = typst.Compiler(str(source), font_paths=FONTS, ignore_system_fonts=True)
    for element in ("heading", "list", "enum", "terms", "link", "math.equation", "ref", "emph", "strong", "raw"):
        assert compiler.query(element) == "[]", element
    assert cited(" ".join(escape(text) for text in NASTY)) == set()


@given(ANY)
def test_escaping_adds_nothing_but_backslashes(text: str) -> None:
    from musaic.report.words import visible

    assert _shown(escape(text)) == visible(text)


@given(ANY)
def test_no_text_turns_what_stands_around_it(text: str) -> None:
    """Every turn of direction is closed again."""
    depth = 0
    for character in escape(text):
        kind = unicodedata.bidirectional(character)
        assert kind not in ("LRE", "RLE", "LRO", "RLO", "PDF")
        depth += {"FSI": 1, "PDI": -1}.get(kind, 0)
        assert kind not in ("LRI", "RLI")
        assert 0 <= depth <= 1
        if kind in ("R", "AL"):
            assert depth == 1
    assert depth == 0


def test_lists_and_templates() -> None:
    assert listed([]) == ""
    assert listed(["a"]) == "a"
    assert listed(["a", "b"], "or") == "a or b"
    assert listed(["a", "#", Markup("#x")]) == "a, \\#, and #x"
    assert say("{a} {b}", a="$", b=cite("k1", "k2")) == "\\$ @k1@k2"
    assert cited("@kingma2014vae, @tab:x. \\@no") == {"kingma2014vae", "tab:x"}


def test_a_list_in_several_directions_keeps_its_order() -> None:
    assert escape("busy, “صدري”, “ضجيج”") == "busy, “\u2068صدري\u2069”, “\u2068ضجيج\u2069”"
    assert escape("أغنية 5 (live)") == "\u2068أغنية 5 (live)\u2069"


def test_a_name_is_cut_for_its_column() -> None:
    assert len(name("x" * 400)) < 60
