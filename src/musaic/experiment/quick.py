"""Any experiment as a smoke run: everything of it, little of each."""

from __future__ import annotations

from typing import Any

from musaic.config import Config
from musaic.experiment.config import CellConfig, Experiment

TRACKS, EACH, EPOCHS, SEEDS, KS = 60, 6, 3, 2, 2
"""Tracks in all, or of each value that is balanced; epochs; seeds; values of a clustering's parameter."""
COMPONENTS = 5
"""Of a mixture prior: more than that are hard to begin with so few tracks."""
PERMUTATIONS, BOOTSTRAP = 20, 100


def quick(experiment: Experiment) -> Experiment:
    """Return an experiment over few tracks, with few epochs, seeds and numbers of clusters; its name says so.

    Every cell and every algorithm stays; cells that are the same once they are shortened are one. Its numbers mean
    nothing but that everything runs.
    """
    corpus, evaluation = experiment.corpus, experiment.evaluation
    most = EACH if corpus.balance else TRACKS
    maps = experiment.figures.maps[:1]
    # those that differ only in what is shortened are one
    cells = {experiment.cell_name(cell): cell for cell in map(_cell, experiment.cells)}
    told = {
        "name": f"{experiment.name}-quick",
        "corpus": corpus.model_copy(update={"n": min(corpus.n or most, most)}),
        "cells": tuple(cells.values()),
        "clusterings": tuple(_clustering(config) for config in experiment.clusterings),
        "evaluation": evaluation.model_copy(
            update={
                "permutations": min(evaluation.permutations, PERMUTATIONS),
                "bootstrap": min(evaluation.bootstrap, BOOTSTRAP),
            }
        ),
        "seeds": experiment.seeds[:SEEDS],
        "figures": experiment.figures.model_copy(update={"maps": maps}),
    }
    return experiment.model_copy(update=told)


def _cell(cell: CellConfig) -> CellConfig:
    return cell.model_copy(update={"model": _shortened(cell.model)})


def _shortened(config: Any) -> Any:
    """Return a model's configuration with short trainings and few starts."""
    most = {"epochs": EPOCHS, "pretraining": 1, "hold": 1, "warmup": 1, "n_init": 1, "n_clusters": COMPONENTS}
    changed: dict[str, Any] = {}
    for name in type(config).model_fields:
        value = getattr(config, name)
        if isinstance(value, Config):
            changed[name] = _shortened(value)
        elif name in most and isinstance(value, int):
            changed[name] = min(value, most[name])
    return config.model_copy(update=changed)


def _clustering(config: Any) -> Any:
    """Return a clustering with the first few of every list of numbers."""
    lists = {name: getattr(config, name) for name in type(config).model_fields if name not in ("cells", "space")}
    few = {name: value[:KS] for name, value in lists.items() if isinstance(value, tuple)}
    return config.model_copy(update=few)
