"""Whether a VAE beats the baselines: every comparison on equal terms."""

from __future__ import annotations

from musaic.files import read_json
from musaic.paper.facts import Facts, Row
from musaic.paper.markup import Markup, join, listed, name, say
from musaic.paper.names import clustered, worded
from musaic.paper.sections import Block, heading, paragraph
from musaic.paper.table import Column, Picture, Table
from musaic.paper.values import difference, plain
from musaic.report.reading import number
from musaic.report.words import score, signed


def comparison(facts: Facts, training: str | None) -> list[Block]:
    """Return what every comparison of a VAE with a baseline comes to, and a figure of its training."""
    told = [_compared(facts, row) for row in facts.comparisons]
    if not told:
        return []
    table = _comparisons(facts) if len(told) > 2 else None
    return [
        heading(f"{facts.challenger[0].upper()}{facts.challenger[1:]} against Baselines", 2),
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
        "Training of {called}, one line a seed: the loss, which is the bound with its sign turned, and the divergence. "
        "Solid: the training songs; dashed: those held out.",
        called=name(called),
    )
    return Picture("training", caption, f"Curves of loss and divergence of {called} over the epochs.")


def _compared(facts: Facts, row: Row) -> Markup:
    return say(
        "With {input} ({clustered}, {k} clusters), {vae} reaches an AMI of {vae_ami} and {baseline} one of "
        "{baseline_ami}; the difference, {difference}, {outcome}.",
        input=name(worded(row.get("input", ""))),
        clustered=clustered(row),
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
    words = {"win": f"{facts.challenger} ahead", "loss": "baseline ahead", "draw": "not told apart"}
    rows = [
        [
            worded(row.get("input", "")),
            f"{clustered(row)}, {plain(row.get('n_clusters'))}",
            facts.called(row.get("vae")),
            score(row["vae_ami"]),
            facts.called(row.get("baseline")),
            score(row["baseline_ami"]),
            difference(row),
            words[_outcome(row)[0]],
        ]
        for row in facts.comparisons
    ]
    side = f"{facts.challenger[0].upper()}{facts.challenger[1:]}"
    columns = [
        Column("Input", stretch=True), Column("Clustering, k", stretch=True), Column(side, stretch=True),
        Column("AMI", "right"), Column("Baseline", stretch=True), Column("AMI", "right"), Column("Difference", "right"),
        Column("Outcome"),
    ]  # fmt: skip
    caption = (
        f"{side} against baseline at equal input, clustering, and k: AMI with {facts.label}, the difference and its "
        "joint 95% interval."
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
    if not facts.comparisons and not facts.vaes:
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
            "At equal input, clustering, and number of clusters, the {vae} {comes_to} on {label}: the difference in "
            "AMI is {d}.",
            vae=facts.challenger,
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
        "At equal input, clustering, and number of clusters, and judged on {label}, the {vae} {parts}.",
        vae=facts.challenger,
        label=name(facts.label),
        parts=listed(parts),
    )


def _verdict_as_written(facts: Facts) -> Markup | str:
    """Return the sentence of the run where it holds no comparison: why there is none."""
    file = facts.results.run.verdict_file
    sentence = read_json(file).get("sentence") if file.is_file() else None
    return say("{sentence}", sentence=signed(str(sentence)).replace(" %", "%")) if sentence else ""
