"""What clusterings are asked to be."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from musaic.clustering import CLUSTERERS, SpaceConfig, parse_config
from musaic.errors import UsageError

GRIDS: list[dict[str, Any]] = [
    {"algorithm": "kmeans", "n_clusters": [5, 10, "auto", "labels:genre"], "space": "latent"},
    {
        "algorithm": "agglomerative",
        "linkage": ["ward", "complete", "average"],
        "n_clusters": 11,
        "space": ["latent", "raw", "pca", {"kind": "umap", "n_components": 10}],
    },
    {"algorithm": "agglomerative", "distance_threshold": [12.5, 3]},
    {"algorithm": "dbscan", "eps": ["knee", 0.5, 3.0], "min_samples": [5, 10], "space": ["latent", "umap"]},
    {"algorithm": "hdbscan", "min_cluster_size": [5, 15]},
    {"algorithm": "gmm", "n_clusters": ["auto", 8], "choose_by": "bic", "covariance": ["diag", "full"]},
    {"algorithm": "spectral", "n_clusters": 8, "n_neighbors": 10},
    {"algorithm": "vade", "cells": ["vade*"]},
]


@pytest.mark.parametrize(("grid", "combinations"), list(zip(GRIDS, [4, 12, 2, 12, 2, 4, 1, 1], strict=True)))
def test_a_grid_is_every_combination_once_in_a_settled_order(grid: dict[str, Any], combinations: int) -> None:
    config = parse_config(grid)
    found = config.expand()
    assert len(found) == combinations == len({one.identity for one in found})
    assert all(one.expand() == (one,) and one.cells == config.cells for one in found)
    assert parse_config(json.loads(json.dumps(config.plain()))) == config
    doubled = {key: value * 2 if isinstance(value, list) and key != "cells" else value for key, value in grid.items()}
    assert parse_config(doubled).expand() == found


@pytest.mark.parametrize("name", sorted(CLUSTERERS))
def test_every_clustering_has_a_file_safe_name_that_says_space_and_algorithm(name: str) -> None:
    config = parse_config({"algorithm": name})
    assert config.identity.startswith(f"latent-{name}-")
    assert parse_config({"algorithm": name, "cells": "pca*"}).identity == config.identity
    assert parse_config({"algorithm": name, "cells": "pca*"}).cells == ("pca*",)


def test_what_only_auto_reads_makes_no_second_clustering() -> None:
    grid = {"algorithm": "gmm", "n_clusters": ["auto", 8], "choose_by": ["bic", "stability"], "most": [10, 30]}
    assert [one.n_clusters for one in parse_config(grid).expand()] == ["auto"] * 4 + [8]  # type: ignore[attr-defined]
    one, other = (parse_config({"algorithm": "gmm", "n_clusters": 8, "choose_by": by}) for by in ("bic", "silhouette"))
    assert one.identity == other.identity


def test_numbers_asked_for_are_named() -> None:
    assert parse_config(GRIDS[0]).wanted() == (5, 10, "auto", "labels:genre")
    assert parse_config(GRIDS[2]).wanted() == parse_config(GRIDS[3]).wanted() == ()


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        *[
            ({"algorithm": "kmeans", "n_clusters": bad}, "n_clusters")
            for bad in (0, "many", [], [3, -1], "labels:", 2.5)
        ],
        ({"algorithm": "kmean"}, "did you mean 'kmeans'"),
        ({"n_clusters": 3}, "algorithm:"),
        ({"algorithm": "kmeans", "choose_by": "bic"}, "needs a likelihood"),
        ({"algorithm": "kmeans", "choose_by": "best"}, "choose_by must be"),
        ({"algorithm": "kmeans", "most": 1}, "most must be a whole number from 2"),
        ({"algorithm": "kmeans", "n_init": True}, "n_init must be a whole number from 1"),
        ({"algorithm": "kmeans", "n_inits": 3}, "did you mean 'n_init'"),
        ({"algorithm": "kmeans", "cells": []}, "cells"),
        ({"algorithm": "agglomerative", "n_clusters": 3, "distance_threshold": 1.0}, "one of them decides"),
        ({"algorithm": "agglomerative", "n_clusters": None}, "distance_threshold"),
        ({"algorithm": "agglomerative", "linkage": ["ward", "median"]}, "linkage must be"),
        ({"algorithm": "dbscan", "eps": ["knee", 0]}, "eps must be a number above 0, 'knee' or a list"),
        ({"algorithm": "dbscan", "eps": "elbow"}, "eps must be"),
        ({"algorithm": "hdbscan", "min_cluster_size": 1}, "from 2"),
        ({"algorithm": "gmm", "covariance": "round"}, "covariance must be"),
        ({"algorithm": "vade", "space": ["latent", "raw"]}, "space must be latent for vade"),
        ({"algorithm": "kmeans", "space": "latnet"}, "did you mean 'latent'"),
        ({"algorithm": "kmeans", "space": []}, "space is an empty list"),
        ({"algorithm": "kmeans", "space": {"kind": "umap", "n_component": 3}}, "did you mean 'n_components'"),
        ({"algorithm": "kmeans", "space": {"kind": "pca", "min_dist": 0.5}}, "does not belong to the space pca"),
        ({"algorithm": "kmeans", "space": {"kind": "raw", "n_components": 3}}, "has no settings"),
        ({"algorithm": "kmeans", "space": {"kind": "umap", "min_dist": 1.5}}, "min_dist must be"),
        ({"algorithm": "kmeans", "space": "umap0"}, "n_components must be"),
        ({"algorithm": "kmeans", "space": 3}, "space"),
    ],
)
def test_what_is_not_understood_is_refused_in_one_sentence(wrong: dict[str, Any], words: str) -> None:
    with pytest.raises(UsageError, match=words) as caught:
        parse_config(wrong)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("given", "name"),
    [
        ("latent", "latent"),
        ("raw", "raw"),
        ("pca", "pca64"),
        ("umap", "umap10"),
        ({"kind": "umap", "of": "raw"}, "umap10-of-raw"),
        ({"kind": "pca", "n_components": 8, "of": "latent"}, "pca8-of-latent"),
        ({"kind": "umap", "n_neighbors": 30, "min_dist": 0.25}, "umap10-n30-d0.25"),
    ],
)
def test_spaces_have_readable_names_that_are_read_back(given: Any, name: str) -> None:
    space = SpaceConfig.read(given)
    assert space.name == name
    assert SpaceConfig.read(name) == space
    assert space.needs_raw == ("raw" in (space.kind, space.of))
    assert "None" not in space.told


@given(st.integers(1, 500), st.sampled_from(["latent", "raw"]), st.integers(2, 99), st.floats(0, 1, exclude_max=True))
@settings(max_examples=50)
def test_every_umap_space_is_read_back_from_its_name(n: int, of: str, neighbours: int, distance: float) -> None:
    space = SpaceConfig.parse(
        {"kind": "umap", "n_components": n, "of": of, "n_neighbors": neighbours, "min_dist": distance}
    )
    assert SpaceConfig.read(space.name) == space


def test_a_space_may_be_a_grid_too() -> None:
    found = parse_config({"algorithm": "kmeans", "space": ["raw", {"kind": "umap", "n_components": [5, 10]}]}).expand()
    assert [one.only_space.name for one in found] == ["raw", "umap5", "umap10"]
