"""Which representation stands first, beside chance and the best of the other side."""

from __future__ import annotations

from musaic.paper.facts import Facts, Row
from musaic.paper.figures import MOST_CELLS
from musaic.paper.markup import Markup, join, listed, name, p_of, say
from musaic.paper.names import clustered, k_of, title
from musaic.paper.sections import Block, heading, paragraph
from musaic.paper.sections.ranking_table import ranking_table
from musaic.paper.sections.scoring import coverage_of, internal
from musaic.paper.table import Picture
from musaic.paper.values import count, deviated, interval, plural
from musaic.report.reading import number
from musaic.report.words import score

LIKELY = 0.05
"""A p-value from here on is one that shuffled labels reach often enough."""


def ranking(facts: Facts, figure: bool) -> list[Block]:
    """Return the leaderboard, and what stands first in it.

    Parameters
    ----------
    facts : Facts
        A run.
    figure : bool
        Whether there is a figure of the intervals.
    """
    table = ranking_table(facts)
    return [
        heading("Which Representation Is Best", 2),
        paragraph(
            say("@{label} shows {what}.", label=Markup(table.label), what=_shown(facts)),
            best_sentence(facts),
            _beside(facts),
            _optimistic(facts),
            _runners_up(facts),
            say("@{label} compares the best clustering of every representation.", label=Markup("fig:intervals"))
            if figure
            else "",
        ),
        paragraph(*_doubted(facts)),
        table,
        *([_picture(facts)] if figure else []),
    ]


def _shown(facts: Facts) -> str:
    return "the clusterings that rank first" if facts.clusterings > 1 else "all scores"


def best_sentence(facts: Facts, *, short: bool = False) -> Markup | str:
    """Return what the best row that may be claimed says; without what surrounds it where it is to be short."""
    best = facts.best
    if best is None:
        return say("No clustering may be ranked: {why}.", why=no_rank(facts))
    what = {
        "called": name(facts.called(best["cell"])),
        "clustered": clustered(best),
        "k": _into(best),
    }
    if facts.label is None:
        return say(
            "By {by}, {called} ranks first ({clustered}, {k}{stability}).",
            **what,
            by=internal(facts),
            stability=_stability(best),
        )
    ends = interval(best, "ami")
    if short:
        return say(
            "The highest AMI with {label} is {ami}{ends}, that of {called} ({clustered}, {k}).",
            label=name(facts.label),
            ami=score(best["ami"]),
            ends=f" (95% interval {ends})" if ends else "",
            **what,
        )
    return say(
        "The highest AMI with {label}, {ami} ({ends}_n_~=~{n}, {seeds}), is that of {called} under {clustered} with "
        "{k}.",
        label=name(facts.label),
        ami=deviated(best, "ami"),
        ends=f"95% interval {ends}, " if ends else "",
        n=count(best["n_labelled"]),
        seeds=plural(int(number(best.get("seeds")) or 1), "seed"),
        **what,
    )


def no_rank(facts: Facts) -> str:
    """Return why no row may be claimed."""
    found = sorted(facts.doubted)
    each = "every one" if facts.clusterings > 1 else "it"
    return f"{each} has been marked as {listed([f'of {why}' if why == 'low coverage' else why for why in found], 'or')}"


def _into(row: Row) -> str:
    """Return into how many clusters."""
    return "1 cluster" if k_of(row) == "1" else f"{k_of(row)} clusters"


def _stability(row: Row) -> str:
    """Return stability and silhouette, where they are known."""
    told = [("stability", row.get("stability")), ("silhouette in the reference space", row.get("silhouette_ref"))]
    return "".join(f", {words} {score(value)}" for words, value in told if number(value) is not None)


def _beside(facts: Facts) -> Markup | str:
    """Return chance and majority beside the best score, and the other scores of that row."""
    best = facts.best
    if best is None or facts.label is None:
        return ""
    p_value, chance = number(best.get("p_value")), number(best.get("ami_chance"))
    told = []
    if chance is not None and p_value is not None:
        words = (
            "Shuffled labels give {chance} and reach it with {p}, so that it is not shown to be more than chance."
            if p_value >= LIKELY
            else "Shuffled labels give {chance} ({p})."
        )
        told.append(say(words, chance=score(chance), p=p_of(p_value)))
    others = [
        f"{words} {deviated(best, key)} ({beside} {score(best.get(column))})"
        for key, words, beside, column in (
            ("nmi", "NMI", "chance", "nmi_chance"),
            ("ari", "ARI", "chance", "ari_chance"),
            ("purity", "purity", f"commonest {facts.label} alone", "majority"),
        )
        if number(best.get(key)) is not None and number(best.get(column)) is not None
    ]
    if others:
        told.append(say("The same clusters have {others}.", others=listed(others)))
    if coverage_of(best):
        told.append(say("It leaves songs out as noise and covers {share} of them.", share=coverage_of(best)))
    return join(told)


def _optimistic(facts: Facts) -> Markup | str:
    """Return that the best of several was chosen by the score that is told."""
    n = len(facts.honest)
    if n < 2 or facts.label is None:
        return ""
    return say("As the best of {n} ranked clusterings, chosen by that very score, it is optimistic.", n=count(n))


def _runners_up(facts: Facts) -> Markup | str:
    """Return the best of the other side: the best learned representation after a baseline, or the reverse."""
    best, label = facts.best, facts.label
    if best is None or label is None or not facts.vaes:
        return ""
    vaes = {cell.name for cell in facts.vaes}
    others = [cell for cell in facts.done if (cell.name in vaes) != (best["cell"] in vaes)]
    other = facts.best_of(others)
    if other is None:
        return ""
    learned = {cell.name for cell in facts.learned} - {cell.name for cell in facts.autoencoders}
    kind = "VAE" if best["cell"] not in vaes else "other model" if learned - vaes else "baseline"
    ends = interval(other, "ami")
    return say(
        "The best {kind} is {called} with {ami} ({ends}{clustered}, {k}).",
        kind=kind,
        called=name(facts.called(other["cell"])),
        ami=deviated(other, "ami"),
        ends=f"{ends}; " if ends else "",
        clustered=clustered(other),
        k=_into(other),
    )


def _doubted(facts: Facts) -> list[Markup]:
    """Return which representations take no part, and why."""
    words = {
        "leaked": "The scores of {cells} on {label} are leaked.",
        "collapsed": "The posterior of {cells} has collapsed.",
        "low coverage": "Some clusterings of {cells} leave most songs out.",
    }
    told = []
    for why, sentence in words.items():
        cells = facts.doubted.get(why, [])
        if cells:
            shown = [name(title(cell)) for cell in cells[:5]]
            shown += [say("{n} more", n=count(len(cells) - 5))] if len(cells) > 5 else []
            labels = [facts.label] if facts.label is not None else facts.leaked_labels
            told.append(say(sentence, cells=listed(shown), label=listed([name(label) for label in labels], "or")))
    if told:
        told.append(say("Such rows are neither ranked nor claimed."))
    return told


def _picture(facts: Facts) -> Picture:
    caption = say(
        "AMI with {label} of the best clustering of each representation that may be claimed, with its 95% interval. "
        "{kinds}The line is chance.{most}",
        label=name(facts.label),
        kinds="Filled: VAEs; open: the others. " if facts.vaes else "",
        most=f" The best {MOST_CELLS} are shown." if len(facts.each) > MOST_CELLS else "",
    )
    return Picture("intervals", caption, f"Intervals of the AMI with {facts.label}, one line a representation.")
