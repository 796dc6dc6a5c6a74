"""How models were trained, as they were told to be and as their histories say that they were."""

from __future__ import annotations

from musaic.paper.configured import config, nested, unique
from musaic.paper.facts import Facts
from musaic.paper.markup import Markup, cite, say
from musaic.paper.values import either, percent
from musaic.report.reading import Cell, number


def training(facts: Facts, trained: list[Cell]) -> list[Markup | str]:
    """Return how long, how fast and on what models were trained.

    Parameters
    ----------
    facts : Facts
        A run.
    trained : list of Cell
        Its VAEs and autoencoders.
    """
    if not _of(trained, "epochs"):
        return []
    decay = _of(trained, "weight_decay")
    return [
        _pretraining(facts.vaes),
        say(
            "Training takes {epochs} epochs at most, with AdamW {cite} at a learning rate of {rate}{schedule}{decay}, "
            "in batches of {batch}{clip}.",
            epochs=_of(trained, "epochs"),
            cite=cite("loshchilov2019"),
            rate=_of(trained, "learning_rate"),
            schedule=_schedule(trained),
            decay=f" and a weight decay of {decay}" if decay not in ("", "0") else "",
            batch=_of(trained, "batch_size"),
            clip=f", with gradients cut to a norm of {_of(trained, 'clip')}" if _of(trained, "clip") else "",
        ),
        _kept(facts, trained),
    ]


def _of(cells: list[Cell], key: str) -> str:
    """Return the values that a key of the training has."""
    return either(unique(cells, lambda given: nested(given, "training", key)))


def _pretraining(vaes: list[Cell]) -> Markup | str:
    """Return what comes before the training proper where the prior is a mixture."""
    mixed = [cell for cell in vaes if _of_prior(cell, "kind") == "mixture"]
    if not mixed:
        return ""

    def of(key: str) -> str:
        values = {value for cell in mixed if (value := number(_of_prior(cell, key))) is not None}
        return "" if values <= {0.0} else either(values)

    first, hold, starts = of("pretraining"), of("hold"), of("n_init")
    told = [f"{first} epochs as an autoencoder"] if first else []
    if hold:
        times = "" if starts in ("", "1") else f", {starts} times from other starts, of which the best bound is kept"
        told.append(f"{hold} epochs in which every song keeps the component that it began with{times}")
    return say("A model with a mixture prior first goes through {told}.", told=", then ".join(told)) if told else ""


def _of_prior(cell: Cell, key: str) -> object:
    """Return what a cell's prior was told."""
    return nested(config(cell), "prior", key)


SCHEDULES = {
    "cosine": "falls along a half cosine to 0",
    "plateau": "is halved where the bound on held-out songs no longer improves",
}


def _schedule(trained: list[Cell]) -> str:
    """Return what becomes of the learning rate."""
    kinds = unique(trained, lambda given: nested(given, "training", "schedule"))
    told = [words for kind, words in SCHEDULES.items() if kind in kinds]
    return f", which {' or '.join(told)}{' in some models' if 'constant' in kinds else ''}," if told else ""


def _kept(facts: Facts, trained: list[Cell]) -> Markup | str:
    """Return which weights were kept, by whether anything was held out: few songs are all trained on."""
    judged = {cell.name: _judged(facts, cell) for cell in trained}
    known = [found for found in judged.values() if found is not None]
    if not known:
        return ""
    if not any(known):
        return "No song was held out: the weights of the last epoch are kept."
    held = [cell for cell in trained if judged[cell.name]]
    shares = {number(one) for one in unique(held, lambda given: nested(given, "training", "held_out"))} - {None, 0.0}
    return say(
        "{where} the weights with the best bound on held-out songs ({share}) are kept, and training ends early where, "
        "after the warm-up, it has not risen for {patience} epochs.",
        where="Of every model" if all(known) else "Where songs were held out,",
        share=" or ".join(percent(share) for share in sorted(share for share in shares if share)),
        patience=_of(held, "patience"),
    )


def _judged(facts: Facts, cell: Cell) -> bool | None:
    """Say whether songs were held out while a cell was trained; None where its history was not kept."""
    histories = facts.results.histories(cell).values()
    if not histories:
        return None
    return any("val_loss" in history and bool(history["val_loss"].notna().any()) for history in histories)
