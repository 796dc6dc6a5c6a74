"""The representations: what baselines are, which labels were taken out, and the table of all."""

from __future__ import annotations

from musaic.models.registry import MODELS
from musaic.paper.configured import config, every_network
from musaic.paper.facts import Facts
from musaic.paper.markup import Markup, cite, join, listed, name, say
from musaic.paper.names import inputs, title
from musaic.paper.sections import Block, heading, paragraph
from musaic.paper.sections.training import training
from musaic.paper.sections.vae import choices, objective
from musaic.paper.table import Column, Table
from musaic.paper.values import either, percent, plain, plural
from musaic.report.reading import Cell, number

MOST_ROWS = 32
"""Representations that the paper's table lists; the LaTeX table has them all."""

KINDS = {"mlp": "MLP", "conv1d": "Conv1d", "conv2d": "Conv2d", "deep-conv2d": "residual Conv2d"}
"""What the table of representations calls networks."""


def models(facts: Facts) -> list[Block]:
    """Return what was learned, and the table of all representations."""
    table = models_table(facts, most=MOST_ROWS)
    trained = [*facts.vaes, *facts.autoencoders]
    blocks: list[Block] = [
        heading("Representations", 2),
        paragraph(
            say("@{label} lists {n}.", label=Markup(table.label), n=_how_many(facts)),
            *_baselines(facts),
            *_others(facts),
            _removed(facts),
        ),
        table,
    ]
    if trained:
        blocks += [*objective(facts), paragraph(*choices(facts)), paragraph(*training(facts, trained))]
    return blocks


def _how_many(facts: Facts) -> str:
    n = len(facts.done)
    return "the one representation" if n == 1 else f"the {plural(n, 'representation')}"


def _baselines(facts: Facts) -> list[Markup]:
    """Return what the baselines are."""
    used = {cell.model for cell in facts.done}
    told = []
    if "raw" in used:
        told.append(say("The raw baseline is the scaled inputs themselves."))
    if "pca" in used:
        kept = [config(cell) for cell in facts.done if cell.model == "pca"]
        shares = {one["n_components"] for one in kept if (number(one.get("n_components")) or 1) < 1}
        most = either(one.get("max_components") for one in kept)
        how = ""
        if shares:
            how = f", as many as carry {' or '.join(percent(share) for share in sorted(shares))} of the variance" + (
                f", at most {most}" if most else ""
            )
        told.append(say("PCA {cite} keeps the leading principal components{how}.", cite=cite("pearson1901"), how=how))
    return told


def _others(facts: Facts) -> list[Markup]:
    """Return in its own words what a model is that this paper has no words for."""
    spoken = {"raw", "pca"} | {cell.model for cell in (*facts.vaes, *facts.autoencoders)}
    told = []
    for model in dict.fromkeys(cell.model for cell in facts.done):
        about = MODELS[model].kind if model in MODELS and model not in spoken else ""
        if about:
            told.append(say("{model}: {about}.", model=name(model), about=about))
    return told


def _removed(facts: Facts) -> Markup | str:
    """Return which labels were taken out of which inputs, and how."""
    found: dict[str, set[str]] = {}
    for cell in facts.done:
        without = config(cell).get("without") or {}
        labels = [without] if isinstance(without, str) else list(without.values())
        for label in labels:
            found.setdefault(str(config(cell).get("removal", "centre")), set()).add(str(label))
    told = []
    if "centre" in found:
        told.append(
            say(
                "Where a name says “without {labels}”, the input is centred for every value of that label apart {cite} "
                "before anything is learned from it.",
                labels=listed([name(one) for one in sorted(found["centre"])], "or"),
                cite=cite("libovicky2020"),
            )
        )
    if "erase" in found:
        told.append(
            say(
                "Where it says “(erased)”, the directions that tell {labels} linearly are projected away {cite}.",
                labels=listed([name(one) for one in sorted(found["erase"])], "or"),
                cite=cite("belrose2023"),
            )
        )
    return join(told)


def models_table(facts: Facts, most: int | None = None) -> Table:
    """Return all representations with what tells them apart, the best first; at most so many where that is said."""
    cells = facts.done[:most]
    left = len(facts.done) - len(cells)
    given = [_line(cell) for cell in cells]
    columns = [
        Column("Representation", stretch=True), Column("Input", stretch=True), Column("Network"),
        Column("Dims.", "right"), Column("β", "right"), Column("Active", "right"), Column("Songs", "right"),
        Column("Has seen"), Column("Remark"),
    ]  # fmt: skip
    kept = [i for i in range(len(columns)) if i in (0, 3, 6) or any(row[i] for row in given)]
    if all(row[0].endswith(row[1]) for row in given):
        kept.remove(1)
    caption = "The representations, the best first."
    if 4 in kept:
        caption += " β is the weight of the divergence, 0 for an autoencoder."
    if 5 in kept:
        caption += " Active are the latent dimensions in use, a mean over seeds."
    if left:
        caption += f" {plural(left, 'further one is', 'further ones are')} in the LaTeX table."
    return Table("models", caption, [columns[i] for i in kept], [[row[i] for i in kept] for row in given], wide=True)


def _line(cell: Cell) -> list[str]:
    """Return what a table says of a cell."""
    given = config(cell)
    kinds = sorted({str(net.get("kind")) for net in every_network(given)}) if "beta" in given else []
    units = number(cell.data.get("active_units"))
    return [
        title(cell),
        inputs(cell),
        " + ".join(KINDS.get(kind, kind) for kind in kinds),
        plain(cell.data["dims"]) if number(cell.data.get("dims")) is not None else "",
        plain(given["beta"]) if kinds and number(given.get("beta")) is not None else "",
        "" if units is None else plain(round(units, 1)),
        plain(cell.data["n_tracks"]) if number(cell.data.get("n_tracks")) is not None else "",
        ", ".join(map(str, cell.data.get("labels_used") or ())),
        "collapsed" if cell.data.get("collapsed") else "",
    ]
