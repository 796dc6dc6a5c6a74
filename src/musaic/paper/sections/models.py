"""The models: baselines, and the VAE with the choices that this run made of it, no others."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from musaic.paper.facts import Facts, config, inputs, title
from musaic.paper.markup import Markup, cite, join, listed, name, say
from musaic.paper.sections import Block, heading, paragraph
from musaic.paper.table import Column, Table
from musaic.paper.values import either, percent, plain, plural
from musaic.report.reading import Cell, number

MOST_ROWS = 32
"""Representations that the paper's table lists; the LaTeX table has them all."""

ELBO = """\
$ cal(L)(x) = EE_(q(z|x)) [ log p(x|z) ] - beta thin "KL"(q(z|x) || p(z)) $ <eq:elbo>"""


def models(facts: Facts) -> list[Block]:
    """Return what was learned, and the table of all representations."""
    table = models_table(facts, most=MOST_ROWS)
    trained = [cell for cell in facts.learned if config(cell)]
    blocks: list[Block] = [
        heading("Representations", 2),
        paragraph(
            say(
                "@{label} lists the {n}.",
                label=Markup(table.label),
                n=plural(len(facts.done), "representation"),
            ),
            *_baselines(facts),
            _removed(facts),
        ),
        table,
    ]
    if facts.vaes or trained:
        blocks += _vae(facts, trained)
    if trained:
        blocks += [paragraph(*_choices(facts, trained)), paragraph(*_training(trained))]
    return blocks


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


def _vae(facts: Facts, trained: list[Cell]) -> list[Block]:
    """Return the equation, and the kinds of models that it stands for."""
    if not facts.vaes:
        opening = say(
            "The autoencoders {cite} are trained to give back their input $x$ from a code $z$, whose mean is the "
            "representation.",
            cite=cite("hinton2006"),
        )
        return [paragraph(opening)]
    betas = {number(config(cell).get("beta")) for cell in facts.vaes} - {None}
    plainly = [
        say(
            "The learned models are variational autoencoders {vae}. An encoder maps the input $x$ of a song to a "
            "normal posterior $q(z|x)$ with diagonal covariance, a decoder maps latents $z$ to a likelihood $p(x|z)$, "
            "and both are trained to raise",
            vae=cite("kingma2014vae"),
        )
    ]
    after = [
        say(
            "in nats, summed over features on one side and over latent dimensions on the other; $beta = 1$ is the "
            "evidence lower bound{beta}.",
            beta=say(", and other weights make a β-VAE {cite}", cite=cite("higgins2017")) if betas - {1.0} else "",
        ),
        say(
            "With $beta = 0$ and no sampling it is an autoencoder {cite}, which counts as a baseline.",
            cite=cite("hinton2006"),
        )
        if len(facts.vaes) < len(facts.learned)
        else "",
        "A song is represented by its posterior mean; nothing is sampled.",
    ]
    return [paragraph(*plainly), Markup(ELBO), paragraph(*after)]


def _unique(cells: Iterable[Cell], of: Callable[[dict[str, Any]], Any]) -> set[Any]:
    """Return the different values that cells have of something in their configuration, less what is not there."""
    return {found for cell in cells if (found := of(config(cell))) is not None}


def _nested(given: dict[str, Any], *keys: str) -> Any:
    """Return what lies at the end of keys; None where the way breaks off."""
    found: Any = given
    for key in keys:
        found = found.get(key) if isinstance(found, dict) else None
    return found


def _choices(facts: Facts, trained: list[Cell]) -> list[Markup | str]:
    """Return one sentence for each choice that some model of the run made."""
    vaes = [cell for cell in trained if cell in facts.vaes]
    return [
        *_networks(trained),
        _likelihood(trained),
        _warmup(vaes),
        _noise(trained),
        _prior(vaes),
        _conditions(trained),
        *_fusions(trained),
        *_penalties(trained),
    ]


NETWORKS = {
    "mlp": "multilayer perceptrons",
    "conv1d": "convolutions over time",
    "conv2d": "convolutions over time and frequency",
    "deep-conv2d": "convolutions over time and frequency with residual blocks",
}


KINDS = {"mlp": "MLP", "conv1d": "Conv1d", "conv2d": "Conv2d", "deep-conv2d": "residual Conv2d"}
"""What the table of representations calls networks."""


def _networks(trained: list[Cell]) -> list[Markup]:
    """Return what encoders and decoders are made of."""
    told = []
    for kind, words in NETWORKS.items():
        every = [net for cell in trained for net in _every_network(config(cell)) if net.get("kind") == kind]
        if not every:
            continue
        layers = "widths" if kind == "mlp" else "filters"
        sizes = sorted({"–".join(plain(size) for size in net.get(layers) or ()) for net in every} - {""})
        words = (
            say("{words} ({layers} {sizes})", words=words, layers=layers, sizes=listed(sizes, "or")) if sizes else words
        )
        told.append(
            say("{words} {cite}", words=words, cite=cite("he2016"))
            if kind == "deep-conv2d"
            else say("{words}", words=words)
        )
    if not told:
        return []
    crops = either(_unique([cell for cell in trained if _convolves(cell)], lambda given: given.get("crop")))
    cropped = say(
        " Spectrograms are read in crops of {n} frames, whose posterior means are averaged over a song.", n=crops
    )
    return [
        say(
            "Encoders are {kinds}; decoders mirror them.{cropped}", kinds=listed(told), cropped=cropped if crops else ""
        )
    ]


def _every_network(given: dict[str, Any]) -> list[dict[str, Any]]:
    named = given.get("networks") or {}
    return [one for one in (given.get("network"), *named.values()) if isinstance(one, dict)]


def _convolves(cell: Cell) -> bool:
    return any("conv" in str(one.get("kind")) for one in _every_network(config(cell)))


def _likelihood(trained: list[Cell]) -> Markup | str:
    """Return what decoders say of features."""
    kinds: set[str] = set()
    for cell in trained:
        given = config(cell).get("likelihood", "normal")
        kinds |= {given} if isinstance(given, str) else {"normal", *given.values()}
    variances = _unique(trained, lambda given: given.get("variance"))
    told = []
    if "normal" in kinds:
        learned = {"dimension": "each feature", "modality": "each modality"}
        words = [learned[one] for one in ("dimension", "modality") if one in variances]
        stated = either(one for one in variances if number(one) is not None)
        how = (
            say("whose variance is learned for {of} {cite}", of=listed(words, "or"), cite=cite("rybkin2021"))
            if words
            else ""
        )
        fixed = say("whose variance is {stated} of the modality's own", stated=stated) if stated else ""
        told.append(say("normal, {how}", how=join([how, fixed], " or ")) if how or fixed else say("normal"))
    told += [
        say(word) for kind, word in (("bernoulli", "Bernoulli"), ("cosine", "a cosine similarity")) if kind in kinds
    ]
    return say("The likelihood is {kinds}.", kinds=listed(told, "or")) if told else ""


def _warmup(vaes: list[Cell]) -> Markup | str:
    epochs = {number(one) for one in _unique(vaes, lambda given: given.get("warmup"))} - {None, 0.0}
    if not epochs:
        return ""
    cycles = {number(one) for one in _unique(vaes, lambda given: given.get("cycles"))} - {None, 1.0}
    again = say(", in some models {n} times over {cite}", n=either(cycles), cite=cite("fu2019")) if cycles else ""
    return say(
        "The weight of the divergence grows linearly from 0 over the first {n} {cite}{again}.",
        n="epoch" if epochs == {1.0} else f"{either(epochs)} epochs",
        cite=cite("bowman2016"),
        again=again,
    )


def _noise(trained: list[Cell]) -> Markup | str:
    noisy = {number(one) for one in _unique(trained, lambda given: given.get("input_noise"))} - {None, 0.0}
    if not noisy:
        return ""
    every = all(number(config(cell).get("input_noise")) for cell in trained)
    return say(
        "While {which} trained, normal noise of {n} times its own standard deviation is added to the input{cite}.",
        which="models are" if every else "some models are",
        n=either(noisy),
        cite=say(" (denoising {cite})", cite=cite("vincent2008")),
    )


def _prior(vaes: list[Cell]) -> Markup | str:
    mixed = [cell for cell in vaes if _nested(config(cell), "prior", "kind") == "mixture"]
    if not mixed:
        return say("The prior $p(z)$ is standard normal.") if vaes else ""
    sizes = either(_unique(mixed, lambda given: _nested(given, "prior", "n_clusters")))
    rest = "" if len(mixed) == len(vaes) else "; that of the others is standard normal"
    return say(
        "The prior of {names} is a mixture of {sizes} normals learned with the model {cite}{rest}.",
        names=listed([name(title(cell)) for cell in mixed]),
        sizes=sizes,
        cite=cite("jiang2017"),
        rest=rest,
    )


def _conditions(trained: list[Cell]) -> Markup | str:
    labels = {str(label) for cell in trained for label in config(cell).get("condition") or ()}
    if not labels:
        return ""
    return say(
        "Conditional models {cite} are told {labels} on both sides; their scores on what they are told are leaked.",
        cite=cite("kingma2014semi", "sohn2015"),
        labels=listed([name(label) for label in sorted(labels)], "or"),
    )


def _fusions(trained: list[Cell]) -> list[Markup]:
    """Return how several modalities become one representation, where any model has several."""
    kinds = {_nested(config(cell), "fusion", "kind") for cell in trained if len(cell.data.get("input") or ()) > 1} - {
        None
    }
    words = {
        "early": say("as hidden features side by side (early)"),
        "weighted": say("as a weighted mean of hidden features (weighted)"),
        "attention": say("as a mean whose weights the features decide (attention {cite})", cite=cite("hori2017")),
        "late": say("as latents learned apart and set side by side (late)"),
        "poe": say("as a product of posteriors (poe {cite})", cite=cite("wu2018")),
        "moe": say("as a mixture of posteriors (moe {cite})", cite=cite("shi2019")),
    }
    told = [markup for kind, markup in words.items() if kind in kinds]
    if not told:
        return []
    return [
        say(
            "Several modalities are joined {kinds}; a song that lacks one is encoded from what it has.",
            kinds=listed(told, "or"),
        )
    ]


def _penalties(trained: list[Cell]) -> list[Markup]:
    """Return what is asked of latents beside the bound."""
    every = [one for cell in trained for one in config(cell).get("penalties") or () if isinstance(one, dict)]
    of = {kind: [one for one in every if one.get("kind") == kind] for kind in {str(one.get("kind")) for one in every}}
    told = []
    if "crop-consistency" in of:
        told.append(
            say(
                "In some models a contrastive term {cite} (weight {w}) draws two crops of a song together.",
                cite=cite("chen2020"),
                w=either(one.get("weight") for one in of["crop-consistency"]),
            )
        )
    for method, how in (
        ("hsic", "kernel measure of dependence"),
        ("adversary", "classifier trained against the encoder"),
    ):
        mine = [one for one in of.get("independence", ()) if one.get("method", "hsic") == method]
        if mine:
            told.append(
                say(
                    "In some models a {how} {cite} (weight {w}) keeps {labels} out of the latents.",
                    how=how,
                    cite=cite("gretton2005" if method == "hsic" else "ganin2015"),
                    w=either(one.get("weight") for one in mine),
                    labels=listed([name(one) for one in sorted({str(one.get("label")) for one in mine})], "and"),
                )
            )
    if "free-bits" in of:
        told.append(
            say(
                "In some models every latent dimension has {n} nats free {cite}.",
                n=either(one.get("nats") for one in of["free-bits"]),
                cite=cite("kingma2016"),
            )
        )
    return told


def _training(trained: list[Cell]) -> list[Markup | str]:
    """Return how models were trained, as they were told to be."""

    def of(key: str) -> str:
        return either(_unique(trained, lambda given: _nested(given, "training", key)))

    if not of("epochs"):
        return []
    held_out = sorted(
        {number(one) or 0.0 for one in _unique(trained, lambda given: _nested(given, "training", "held_out"))}
    )
    stop = ""
    if held_out and held_out[-1] > 0:
        stop = say(
            "The best weights by the bound on held-out songs ({share}) are kept, and training ends early where it has "
            "not risen for {patience} epochs.",
            share=" or ".join(percent(share) for share in held_out if share),
            patience=of("patience"),
        )
    return [
        say(
            "Training takes {epochs} epochs at most, with AdamW {cite} at a learning rate of {rate}{decay}, in batches "
            "of {batch}.",
            epochs=of("epochs"),
            cite=cite("loshchilov2019"),
            rate=of("learning_rate"),
            decay=f" and a weight decay of {of('weight_decay')}" if of("weight_decay") not in ("", "0") else "",
            batch=of("batch_size"),
        ),
        stop,
    ]


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
    kinds = sorted({str(net.get("kind")) for net in _every_network(given)}) if cell.model not in ("raw", "pca") else []
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
