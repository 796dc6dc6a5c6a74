"""The scores: which representation stands first, and whether a VAE beats the baselines."""

from __future__ import annotations

from musaic.files import read_json
from musaic.paper.facts import Facts, Row, k_of, title, worded
from musaic.paper.figures import MOST_CELLS
from musaic.paper.markup import Markup, join, listed, name, say
from musaic.paper.sections import Block, heading, paragraph
from musaic.paper.sections.scoring import coverage_of
from musaic.paper.table import Cell as Set
from musaic.paper.table import Column, Picture, Table
from musaic.paper.values import NONE, count, deviated, difference, interval, plain, plural
from musaic.report.reading import doubts, number
from musaic.report.words import score, signed

MOST_RANKED, MOST_DOUBTED = 12, 4
"""Rows of the paper's leaderboard; leaderboard.csv has all."""

LIKELY = 0.05
"""A p-value from here on is one that shuffled labels reach often enough."""


def scores(facts: Facts, figure: bool) -> list[Block]:
    """Return the leaderboard, and what stands first in it.

    Parameters
    ----------
    facts : Facts
        A run.
    figure : bool
        Whether there is a figure of the intervals.
    """
    table = leaderboard(facts)
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
        return (
            "No clustering may be ranked: every one of them has been marked as leaked, collapsed, or of low coverage."
        )
    what = {
        "called": name(facts.called(best["cell"])),
        "clustered": facts.clustered(best),
        "k": _into(best),
    }
    if facts.label is None:
        return say(
            "Without labels, {called}{by} ranks first ({clustered}, {k}{stability}).",
            **what,
            by="",
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
            "Shuffled labels give {chance} and reach it with _p_~=~{p}, so that it is no more than chance."
            if p_value >= LIKELY
            else "Shuffled labels give {chance} (_p_~=~{p})."
        )
        told.append(say(words, chance=score(chance), p=score(p_value)))
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
    kind = "baseline" if best["cell"] in vaes else "VAE"
    ends = interval(other, "ami")
    return say(
        "The best {kind} is {called} with {ami} ({ends}{clustered}, {k}).",
        kind=kind,
        called=name(facts.called(other["cell"])),
        ami=deviated(other, "ami"),
        ends=f"{ends}; " if ends else "",
        clustered=facts.clustered(other),
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
            told.append(say(sentence, cells=listed(shown), label=name(facts.label or "a label")))
    if told:
        told.append(say("Such rows are neither ranked nor claimed."))
    return told


def leaderboard(facts: Facts) -> Table:
    """Return the clusterings that rank first, and a few that are marked, on the label that ranks."""
    table = facts.results.leaderboard
    labelled = facts.label is not None
    table = table[table["label"] == facts.label] if labelled else table.drop_duplicates(["cell", "clustering_id"])
    every: list[Row] = [{str(k): v for k, v in row.items()} for row in table.to_dict("records")]
    doubted = _one_of_each([row for row in every if doubts(row)])[:MOST_DOUBTED]
    ranked = facts.honest[:MOST_RANKED]
    keys = (
        ["ami", "nmi", "ari", "purity", "silhouette_ref", "stability"] if labelled else ["stability", "silhouette_ref"]
    )
    keys = [key for key in keys if any(number(row.get(key)) is not None for row in [*ranked, *doubted])]
    titles = {"ami": "AMI", "nmi": "NMI", "ari": "ARI", "silhouette_ref": "silhouette"}
    tops = {key: max((score(row.get(key)) for row in ranked if number(row.get(key)) is not None), default="",
                     key=lambda told: float(told.replace("−", "-"))) for key in keys}  # fmt: skip
    lines: list[list[str | Set] | None] = []
    for row in [*ranked, *doubted]:
        if doubted and row is doubted[0] and ranked:
            lines.append(None)
        wrong = doubts(row)
        cells: list[str | Set] = [
            NONE if number(row.get("rank")) is None or wrong else plain(row["rank"]),
            facts.called(row["cell"]) + (f" ({', '.join(wrong)})" if wrong else ""),
            facts.clustered(row),
            k_of(row),
        ]
        for key in keys:
            told = deviated(row, key) if key == "ami" else score(row.get(key))
            if key == "ami" and (ends := interval(row, "ami", 2)):
                told += f" [{ends.replace(' to ', ', ')}]"
            cells.append(Set(told, bold=not wrong and score(row.get(key)) == tops[key] != ""))
        lines.append(cells)
    caption = (
        f"The clusterings that rank first on {facts.label}: means over seeds, for AMI ± standard deviation"
        + (" and in brackets the 95% interval" if any(interval(row, "ami") for row in ranked) else "")
        + "; the best value that may be claimed is bold."
        if labelled
        else "The clusterings that rank first: stability between seeds, and silhouette in the reference space."
    )
    if doubted:
        caption += " Rows below the line are not ranked."
    columns = [Column("", "right"), Column("Representation", stretch=True), Column("Clustering"), Column("k", "right")]
    columns += [Column(titles.get(key, key), "right") for key in keys]
    return Table("ranking", caption, columns, lines, wide=True)


def _one_of_each(rows: list[Row]) -> list[Row]:
    """Return the first row of every cell and doubt."""
    firsts: dict[tuple[str, ...], Row] = {}
    for row in rows:
        firsts.setdefault((str(row["cell"]), *doubts(row)), row)
    return list(firsts.values())


def _picture(facts: Facts) -> Picture:
    caption = say(
        "AMI with {label} of the best clustering of each representation that may be claimed, with its 95% interval. "
        "Filled: with a trained network; open: without. The line is chance.{most}",
        label=name(facts.label),
        most=f" The best {MOST_CELLS} are shown." if len(facts.each) > MOST_CELLS else "",
    )
    return Picture("intervals", caption, f"Intervals of the AMI with {facts.label}, one line a representation.")


def comparison(facts: Facts, training: str | None) -> list[Block]:
    """Return what every comparison of a VAE with a baseline comes to, and a figure of its training."""
    told = [_compared(facts, row) for row in facts.comparisons]
    if not told:
        return []
    table = _comparisons(facts) if len(told) > 2 else None
    return [
        heading("VAE against Baselines", 2),
        paragraph(
            verdict_in_short(facts) if len(told) > 1 else "",
            say("@{label} has the numbers.", label=Markup(table.label)) if table else join(told),
            say("@fig:training shows how the best VAE, {called}, was trained.", called=name(training))
            if training
            else "",
        ),
        *([table] if table else []),
        *([_trained(training)] if training else []),
    ]


def _trained(called: str) -> Picture:
    caption = say(
        "Training of {called}, one line a seed: the bound that is minimised and the divergence, on the training songs "
        "and on those held out.",
        called=name(called),
    )
    return Picture("training", caption, f"Curves of loss and divergence of {called} over the epochs.")


def _compared(facts: Facts, row: Row) -> Markup:
    return say(
        "With {input} ({clustered}, {k} clusters), {vae} reaches an AMI of {vae_ami} and {baseline} one of "
        "{baseline_ami}; the difference, {difference}, {outcome}.",
        input=name(worded(row.get("input", ""))),
        clustered=facts.clustered(row),
        k=plain(row.get("n_clusters")),
        vae=name(facts.called(row.get("vae"))),
        vae_ami=score(row["vae_ami"]),
        baseline=name(facts.called(row.get("baseline"))),
        baseline_ami=score(row["baseline_ami"]),
        difference=difference(row),
        outcome=_outcome(row)[1],
    )


def _outcome(row: Row) -> tuple[str, str]:
    """Return what a comparison comes to: ``win``, ``loss`` or ``draw``, and why, by the verdict's rule."""
    spread, low, high = number(row.get("spread")), float(row["low"]), float(row["high"])
    seeds = "" if spread is None else f" and exceeds the spread between seeds, {score(spread)}"
    if row.get("beats"):
        return "win", f"lies above 0{seeds}"
    if high < 0 and not (spread is not None and -float(row["difference"]) <= spread):
        return "loss", f"lies below 0{seeds}"
    if low <= 0 <= high:
        return "draw", "is not to be told from 0"
    return "draw", f"excludes 0 but is no larger than the spread between seeds, {score(spread)}"


def _comparisons(facts: Facts) -> Table:
    """Return all comparisons."""
    words = {"win": "VAE ahead", "loss": "baseline ahead", "draw": "not told apart"}
    rows = [
        [
            worded(row.get("input", "")),
            f"{facts.clustered(row)}, {plain(row.get('n_clusters'))}",
            facts.called(row.get("vae")),
            score(row["vae_ami"]),
            facts.called(row.get("baseline")),
            score(row["baseline_ami"]),
            difference(row),
            words[_outcome(row)[0]],
        ]
        for row in facts.comparisons
    ]
    columns = [
        Column("Input", stretch=True), Column("Clustering, k", stretch=True), Column("VAE", stretch=True),
        Column("AMI", "right"), Column("Baseline", stretch=True), Column("AMI", "right"), Column("Difference", "right"),
        Column("Outcome"),
    ]  # fmt: skip
    caption = (
        f"VAE against baseline at equal input, clustering, and k: AMI with {facts.label}, the difference and its joint "
        "95% interval."
    )
    return Table("verdict", caption, columns, rows, wide=True)


def outcomes(facts: Facts) -> dict[str, list[str]]:
    """Return ``win``, ``loss`` and ``draw`` -> the inputs of which it holds."""
    found: dict[str, list[str]] = {"win": [], "loss": [], "draw": []}
    for row in facts.comparisons:
        found[_outcome(row)[0]].append(worded(row.get("input", "")))
    return found


def verdict_in_short(facts: Facts) -> Markup | str:
    """Return in a sentence whether VAEs beat the baselines, by the run's own rule."""
    if not facts.vaes:
        return ""
    if not facts.comparisons:
        return _verdict_as_written(facts)
    found = outcomes(facts)
    alone = len(facts.comparisons) == 1
    if alone:
        kind = next(kind for kind, given in found.items() if given)
        words = {
            "win": "beats the best baseline",
            "loss": "is below the best baseline",
            "draw": "cannot be told from the best baseline",
        }
        return say(
            "At equal input, clustering, and number of clusters, the VAE {comes_to} on {label}: the difference in AMI "
            "is {d}.",
            comes_to=words[kind],
            label=name(facts.label),
            d=difference(facts.comparisons[0]),
        )
    words = {
        "win": "beats the best baseline with {inputs}",
        "loss": "is below it with {inputs}" if found["win"] else "is below the best baseline with {inputs}",
        "draw": "cannot be told from it with {inputs}"
        if found["win"] or found["loss"]
        else "cannot be told from the best baseline with {inputs}",
    }
    parts = [
        say(words[kind], inputs=listed([say("#emph[{one}]", one=name(one)) for one in given]))
        for kind, given in found.items()
        if given
    ]
    return say(
        "At equal input, clustering, and number of clusters, and judged on {label}, the VAE {parts}.",
        label=name(facts.label),
        parts=listed(parts),
    )


def _verdict_as_written(facts: Facts) -> Markup | str:
    """Return the sentence of the run where it holds no comparison: why there is none."""
    file = facts.results.run.verdict_file
    sentence = read_json(file).get("sentence") if file.is_file() else None
    return say("{sentence}", sentence=signed(str(sentence)).replace(" %", "%")) if sentence else ""
