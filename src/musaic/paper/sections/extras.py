"""What VAEs take beside the bound: labels that they are told, several modalities, penalties."""

from __future__ import annotations

from musaic.paper.configured import config, nested
from musaic.paper.markup import Markup, cite, listed, name, say
from musaic.paper.values import either
from musaic.report.reading import Cell


def conditions(trained: list[Cell]) -> Markup | str:
    """Return which labels models are told."""
    labels = {str(label) for cell in trained for label in config(cell).get("condition") or ()}
    if not labels:
        return ""
    return say(
        "Conditional models {cite} are told {labels} on both sides; their scores on what they are told are leaked.",
        cite=cite("kingma2014semi", "sohn2015"),
        labels=listed([name(label) for label in sorted(labels)], "or"),
    )


def fusions(trained: list[Cell]) -> list[Markup]:
    """Return how several modalities become one representation, where any model has several."""
    kinds = {nested(config(cell), "fusion", "kind") for cell in trained if len(cell.data.get("input") or ()) > 1} - {
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


def penalties(trained: list[Cell]) -> list[Markup]:
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
                    cite=cite(*(("gretton2005", "cortes2012") if method == "hsic" else ("ganin2015",))),
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
