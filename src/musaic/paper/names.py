"""What papers call things: models, inputs, clusterings, and the spaces that are clustered."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from musaic.paper.configured import config
from musaic.paper.values import count
from musaic.report.reading import Cell, number, parameters

MODELS = {
    "pca": "PCA",
    "autoencoder": "autoencoder",
    "basic-vae": "VAE",
    "beta-vae": "β-VAE",
    "conv1d-vae": "Conv1d-VAE",
    "conv2d-vae": "Conv2d-VAE",
    "deep-conv-vae": "residual Conv-VAE",
    "cvae": "conditional VAE",
    "vade": "VaDE",
    "multimodal-vae": "multimodal VAE",
}
"""What papers call the models."""

INPUTS = {"log_mel": "log-mel", "mfcc": "MFCC", "mfcc_moments": "MFCC moments"}
"""What papers call the inputs whose names are not words."""

ALGORITHMS = {
    "kmeans": "K-Means",
    "gmm": "Gaussian mixtures",
    "agglomerative": "agglomerative clustering",
    "spectral": "spectral clustering",
    "dbscan": "DBSCAN",
    "hdbscan": "HDBSCAN",
    "vade": "the model's own mixture",
}
"""What papers call the clusterings."""

SETTINGS = {"covariance": "{}", "selection": "{}", "min_cluster_size": "≥ {}", "eps": "ε {}", "min_samples": "min. {}"}
"""How the settings of a clustering are told beside its name."""

_K = ("n_clusters", "choose_by")


def inputs(cell: Cell) -> str:
    """Return what a cell was given, in words."""
    return worded(cell.inputs)


def worded(told: object) -> str:
    """Return inputs as the leaderboard and the verdict name them, in words."""
    parts = re.split(r"\s*\+\s*", str(told))
    return " + ".join(" ".join(INPUTS.get(word, word) for word in part.split(" ")) for part in parts).replace(
        "label:", "label "
    )


def title(cell: Cell) -> str:
    """Return what a cell is called: its own name, or its model and inputs; and what a grid set for it in brackets."""
    given = cell.data.get("config")
    variant = str(given.get("variant") or "") if isinstance(given, dict) else ""
    slug = cell.name.rsplit("-", 1)[0].removesuffix(f"-{variant}" if variant else "")
    if slug == f"{cell.model}-{cell.inputs.replace(' + ', '+').replace(' ', '-')}":
        model = MODELS.get(cell.model, cell.model)
        called = f"raw {inputs(cell)}" if cell.model == "raw" else f"{model} on {inputs(cell)}"
    else:
        called = MODELS.get(slug, slug)
    return f"{called} ({_apart(variant, cell)})" if variant else called


def _apart(variant: str, cell: Cell) -> str:
    """Return a variant with its keys apart from their values: ``beta 4, fusion poe`` of ``beta4-fusionpoe``."""
    keys = sorted(config(cell), key=len, reverse=True)
    told = []
    for part in variant.split("-"):
        key = next((key for key in keys if part.startswith(key) and part != key), "")
        told.append(f"{key.replace('_', ' ')} {part.removeprefix(key)}" if key else part)
    return ", ".join(told)


def space_words(space: str) -> str:
    """Return a space that was clustered in words, as `musaic.clustering.spaces` names it: ``umap10-of-raw``."""
    kind, _, of = space.partition("-of-")
    found = re.match(r"(pca|umap)(\d+)?", kind)
    if not found:
        return {"latent": "the representation itself", "raw": "the scaled inputs"}.get(space, space)
    words = found[1].upper() + {"raw": " of the inputs", "latent": " of the representation"}.get(of, "")
    return f"{found[2]}-D {words}" if found[2] else words


def k_of(row: Mapping[str, Any]) -> str:
    """Return the number of clusters of a row: a mean over seeds where seeds differ."""
    found = number(row.get("n_clusters"))
    return "–" if found is None else count(found) if found == int(found) else f"{found:.1f}"


def clustered(row: Mapping[str, Any]) -> str:
    """Return how a row was clustered, without its number of clusters: ``Gaussian mixture (diag) in umap10``."""
    told = {key: value for key, value in parameters(row.get("params")).items() if key not in _K}
    algorithm = ALGORITHMS.get(str(row["clustering"]), str(row["clustering"]))
    if row["clustering"] == "agglomerative" and "linkage" in told:
        algorithm = f"{told.pop('linkage').replace('ward', 'Ward')} linkage"
    settings = [SETTINGS.get(key, f"{key.replace('_', ' ')} {{}}").format(value) for key, value in told.items()]
    space = str(row.get("space") or "latent")
    where = f" in {space_words(space)}" if space != "latent" else ""
    return algorithm + (f" ({', '.join(settings)})" if settings else "") + where
