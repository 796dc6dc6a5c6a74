"""The variational autoencoder: what it is trained for, and the choices that this run made of it, no others."""

from __future__ import annotations

from musaic.paper.configured import config, convolves, every_network, nested, unique
from musaic.paper.facts import Facts
from musaic.paper.markup import Markup, cite, join, listed, name, say
from musaic.paper.names import title
from musaic.paper.sections import Block, paragraph
from musaic.paper.sections.extras import conditions, fusions, penalties
from musaic.paper.values import either, plain
from musaic.report.reading import Cell, number

ELBO = """\
$ cal(L)(x) = EE_(q(z|x)) [ log p(x|z) ] - beta thin "KL"(q(z|x) || p(z)) $ <eq:elbo>"""

NETWORKS = {
    "mlp": "multilayer perceptrons",
    "conv1d": "convolutions over time",
    "conv2d": "convolutions over time and frequency",
    "deep-conv2d": "convolutions over time and frequency with residual blocks",
}


def objective(facts: Facts) -> list[Block]:
    """Return the equation, and the kinds of models that it stands for."""
    if not facts.vaes:
        return [
            paragraph(
                say(
                    "The autoencoders {cite} are trained to give back their input $x$ from a code $z$, whose mean is "
                    "the representation.",
                    cite=cite("hinton2006"),
                )
            )
        ]
    betas = {number(config(cell).get("beta")) for cell in facts.vaes}
    opening = say(
        "A variational autoencoder (VAE) {vae} has an encoder, which maps the input $x$ of a song to a normal "
        "posterior $q(z|x)$ with diagonal covariance, and a decoder, which maps latents $z$ to a likelihood $p(x|z)$. "
        "Both are trained to raise",
        vae=cite("kingma2014vae"),
    )
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
        if facts.autoencoders
        else "",
        "A song is represented by its posterior mean; nothing is sampled.",
    ]
    return [paragraph(opening), Markup(ELBO), paragraph(*after)]


def choices(facts: Facts) -> list[Markup | str]:
    """Return one sentence for each choice that some model of the run made."""
    trained = [*facts.vaes, *facts.autoencoders]
    return [
        *_networks(trained),
        _likelihood(trained),
        _warmup(facts.vaes),
        _noise(trained),
        _prior(facts.vaes),
        conditions(trained),
        *fusions(trained),
        *penalties(trained),
    ]


def _networks(trained: list[Cell]) -> list[Markup]:
    """Return what encoders and decoders are made of."""
    told = []
    for kind, words in NETWORKS.items():
        every = [net for cell in trained for net in every_network(config(cell)) if net.get("kind") == kind]
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
    framed = [cell for cell in trained if convolves(cell)]
    crops = either(unique(framed, lambda given: given.get("crop")))
    spread = "mean+std" in unique(framed, lambda given: given.get("pooling"))
    cropped = say(
        " Frames are read in crops of {n}, whose posterior means are averaged over a song{spread}.",
        n=crops,
        spread=", in some models with their deviations beside" if spread else "",
    )
    return [
        say(
            "Encoders are {kinds}; decoders mirror them.{cropped}", kinds=listed(told), cropped=cropped if crops else ""
        )
    ]


def _likelihood(trained: list[Cell]) -> Markup | str:
    """Return what decoders say of features."""
    kinds: set[str] = set()
    for cell in trained:
        given = config(cell).get("likelihood", "normal")
        parts = cell.data.get("input") or ()
        kinds |= {given} if isinstance(given, str) else {given.get(part, "normal") for part in parts}
    variances = unique(trained, lambda given: given.get("variance"))
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
    """Return how the weight of the divergence grows."""
    every = [number(config(cell).get("warmup")) for cell in vaes]
    epochs = set(every) - {None, 0.0}
    if not epochs:
        return ""
    warmed = [config(cell) for cell in vaes if number(config(cell).get("warmup"))]
    counts = [number(given.get("cycles")) or 1.0 for given in warmed]
    cycles = set(counts) - {1.0}
    some = "in some models " if 1.0 in counts else ""
    again = say(", {some}{n} times over {cite}", some=some, n=either(cycles), cite=cite("fu2019")) if cycles else ""
    return say(
        "{which} the weight of the divergence grows linearly from 0 over the first {n} {cite}{again}.",
        which="In every VAE" if len(warmed) == len(vaes) else "In some VAEs",
        n="epoch" if epochs == {1.0} else f"{either(epochs)} epochs",
        cite=cite("bowman2016"),
        again=again,
    )


def _noise(trained: list[Cell]) -> Markup | str:
    noisy = {number(one) for one in unique(trained, lambda given: given.get("input_noise"))} - {None, 0.0}
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
    mixed = [cell for cell in vaes if nested(config(cell), "prior", "kind") == "mixture"]
    if not mixed:
        return say("The prior $p(z)$ is standard normal.") if vaes else ""
    sizes = either(unique(mixed, lambda given: nested(given, "prior", "n_clusters")))
    rest = "" if len(mixed) == len(vaes) else "; that of the others is standard normal"
    return say(
        "The prior of {names} is a mixture of {sizes} normals learned with the model {cite}{rest}.",
        names=listed([name(title(cell)) for cell in mixed]),
        sizes=sizes,
        cite=cite("jiang2017"),
        rest=rest,
    )
