"""The whole paper as one Typst source: preamble, sections in their order, bibliography."""

from __future__ import annotations

from collections.abc import Sequence
from importlib import resources

from musaic.paper.facts import Facts
from musaic.paper.figures import map_method, trained
from musaic.paper.markup import Markup, string
from musaic.paper.names import title
from musaic.paper.sections import Block, heading
from musaic.paper.sections.closing import discussion, limitations
from musaic.paper.sections.comparison import comparison
from musaic.paper.sections.data import data
from musaic.paper.sections.experiments import experiments
from musaic.paper.sections.features import features
from musaic.paper.sections.groups import groups
from musaic.paper.sections.opening import abstract, introduction
from musaic.paper.sections.ranking import ranking
from musaic.paper.sections.representations import models
from musaic.paper.sections.scoring import clusterings, evaluation
from musaic.paper.sections.tongues import language

SERIF = "Libertinus Serif"
"""Inside Typst itself."""

RULE = f"// {'=' * 60}"


def sections(facts: Facts, figures: Sequence[str]) -> list[Block]:
    """Return everything below the title.

    Parameters
    ----------
    facts : Facts
        A run.
    figures : sequence of str
        Names of the figures that were drawn.
    """
    shown = trained(facts)
    return [
        Markup("#heading(level: 1, numbering: none, outlined: false)[Abstract]"),
        abstract(facts),
        *introduction(facts),
        heading("Method"),
        *data(facts),
        *features(facts),
        *models(facts),
        *clusterings(facts),
        *evaluation(facts),
        *experiments(facts),
        heading("Results"),
        *ranking(facts, "intervals" in figures),
        *comparison(facts, title(shown) if shown and "training" in figures else None),
        *language(facts),
        *groups(facts, map_method(facts) if "map" in figures else None),
        *discussion(facts),
        *limitations(facts, figures),
    ]


def source(blocks: Sequence[Block], *, title: str, authors: Sequence[str], fonts: Sequence[str]) -> str:
    """Return the paper as Typst.

    Parameters
    ----------
    blocks : sequence of Markup, Table or Picture
        As `sections` returns them.
    title : str
        Plain text.
    authors : sequence of str
        Plain texts; an empty one is an anonymous paper.
    fonts : sequence of str
        Further families for letters that the paper's own lacks; their files lie in ``fonts/``.
    """
    names = list(authors) or ["Anonymous"]
    families = [string(family) for family in (SERIF, *fonts)]
    compile_with = "typst compile --font-path fonts paper.typ" if fonts else "typst compile paper.typ"
    opening = [
        f"// {compile_with}",
        f"#let paper-title = {string(title)}",
        f"#let paper-authors = ({', '.join(string(one) for one in names)},)",
        f"#let paper-fonts = ({', '.join(families)},)",
        (resources.files("musaic.paper") / "preamble.typ").read_text(encoding="utf-8").strip(),
        RULE,
    ]
    body = [block if isinstance(block, Markup) else block.typst() for block in blocks]
    return "\n\n".join(["\n".join(opening), *(part for part in body if part), '#bibliography("references.bib")']) + "\n"
