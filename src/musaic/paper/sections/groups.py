"""The groups themselves: the map of the best representation, and its clusters in words."""

from __future__ import annotations

from typing import Any

from musaic.paper.facts import Facts
from musaic.paper.markup import Markup, cite, listed, name, say
from musaic.paper.names import clustered
from musaic.paper.sections import Block, heading, paragraph
from musaic.paper.table import Column, Picture, Table
from musaic.paper.values import count, percent, plain, plural
from musaic.report.palette import cut
from musaic.report.reading import number
from musaic.report.scatter import METHODS
from musaic.report.words import score

MOST_ROWS, MOST_VALUES, MOST_TERMS = 14, 2, 4
"""Clusters that the paper's table lists, values of a label and terms of each; the LaTeX table has all clusters."""

MAPS = {"umap": "mcinnes2018", "tsne": "maaten2008"}


def groups(facts: Facts, method: str | None) -> list[Block]:
    """Return map and clusters of the best clustering.

    Parameters
    ----------
    facts : Facts
        A run.
    method : {'umap', 'tsne'}, optional
        Which kind of map there is a figure of.
    """
    table = clusters_table(facts, most=MOST_ROWS)
    if facts.best is None or not (method or table):
        return []
    called = name(facts.called(facts.best["cell"]))
    return [
        heading("What the Groups Are", 2),
        paragraph(
            say(
                "@fig:map is the {method} {cite} map of {called}; distances between far groups mean little on it.",
                method=METHODS[method],
                cite=cite(MAPS[method]),
                called=called,
            )
            if method
            else "",
            *(_told(facts, table) if table else []),
        ),
        *([_picture(facts, METHODS[method], called)] if method else []),
        *([table] if table else []),
    ]


def _picture(facts: Facts, method: str, called: Markup) -> Picture:
    by = [*facts.results.shown_labels, "cluster"]
    caption = say(
        "{method} map of {called}, first seed, coloured by {by}; in brackets the number of songs.",
        method=method,
        called=called,
        by=listed([name(one) for one in by]),
    )
    return Picture("map", caption, f"{method} map of the songs, coloured by {', by '.join(by)}.", wide=True)


def _cards(facts: Facts) -> list[dict[str, Any]]:
    """Return the cards of the clusters, noise apart, the largest first."""
    cards = [card for card in (facts.cards or {}).get("cards", []) if card["cluster"] >= 0]
    return sorted(cards, key=lambda card: (-card["size"], card["cluster"]))


def _told(facts: Facts, table: Table) -> list[Markup]:
    """Return sizes and steadiness of the clusters, and how many stand for a value of a label."""
    cards = _cards(facts)
    told = [
        say(
            "@{label} describes the {n} of its best clustering with the first seed by what sets {them} apart.",
            label=Markup(table.label),
            n=plural(len(cards), "cluster"),
            them="it" if len(cards) == 1 else "each",
        )
    ]
    sizes = [card["size"] for card in cards]
    if len(sizes) > 1:
        told.append(
            say(
                "The largest holds {most}, the smallest {least}.", most=plural(sizes[0], "song"), least=count(sizes[-1])
            )
        )
    steady = [float(card["stability"]) for card in cards if number(card.get("stability")) is not None]
    if steady and len(cards) > 1:
        told.append(
            say(
                "Between seeds, a cluster's songs stay together to a degree of {degree} (0: not at all, 1: always).",
                degree=" to ".join(dict.fromkeys(score(one, 2) for one in (min(steady), max(steady)))),
            )
        )
    shared = []
    for label in dict.fromkeys(mix["label"] for card in cards for mix in card.get("mixes", [])):
        most = sum(2 * max((n for _, n in _counts(card, label)), default=0) > card["size"] for card in cards)
        shared.append(say("one {label} in {most}", label=name(label), most=count(most)))
    if shared and len(cards) > 1:
        words = "More than half of a cluster's songs share {shared} of the {n} clusters."
        told.append(say(words, shared=listed(shared), n=count(len(cards))))
    return told


def clusters_table(facts: Facts, most: int | None = None) -> Table | None:
    """Return the clusters of the best clustering in words; None where they have no cards."""
    cards = _cards(facts)
    if not cards or facts.best is None:
        return None
    shown = cards[:most]
    labels = list(dict.fromkeys(mix["label"] for card in shown for mix in card.get("mixes", [])))
    terms = any(_terms(card) for card in shown)
    columns = [Column("", "right"), Column("What sets it apart", stretch=True), Column("Songs", "right")]
    columns += [Column(f"Commonest of {label}", stretch=True) for label in labels]
    columns += [Column("Terms", stretch=True)] if terms else []
    lines = [
        [
            plain(card["cluster"]),
            str(card["name"]),
            count(card["size"]),
            *(_mix(card, label) for label in labels),
            *([_terms(card)] if terms else []),
        ]
        for card in shown
    ]
    left = len(cards) - len(shown)
    caption = f"The clusters of {facts.called(facts.best['cell'])} ({clustered(facts.best)}), the largest first."
    caption += f" {plural(left, 'further one is', 'further ones are')} in the LaTeX table." if left else ""
    return Table("clusters", caption, columns, lines, wide=True)


def _mix(card: dict[str, Any], label: str) -> str:
    """Return the commonest values of a label in a cluster, with their shares of all its songs."""
    counts = sorted(_counts(card, label), key=lambda one: -one[1])
    return ", ".join(f"{cut(value, 24)} {percent(n / card['size'])}" for value, n in counts[:MOST_VALUES])


def _counts(card: dict[str, Any], label: str) -> list[tuple[str, int]]:
    """Return the values of a label in a cluster with their songs; a song without one is not among them."""
    values = [value for mix in card.get("mixes", []) if mix["label"] == label for value in mix["values"]]
    return [(str(value["value"]), int(value["count"])) for value in values]


def _terms(card: dict[str, Any]) -> str:
    """Return the words of lyrics that set a cluster apart clearly."""
    return ", ".join(
        cut(term["term"], 24) for term in [one for one in card.get("terms", []) if one.get("clear")][:MOST_TERMS]
    )
