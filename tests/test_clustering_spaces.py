"""Where songs are clustered, and how new ones find their way there."""

from __future__ import annotations

import json

import numpy as np
import pytest
from sklearn.decomposition import PCA
from sklearn.metrics import adjusted_rand_score

from musaic.clustering import ClusterInputError, KMeans, SpacedClusterer, Spectral, build_space, space_from_state

RNG = np.random.default_rng(3)
GROUPS = np.repeat(range(3), 20)
LATENTS = np.vstack([12 * np.eye(3, 4)[GROUPS] + RNG.normal(size=(60, 4))])
LATENTS[5] = LATENTS[3]
RAW = LATENTS @ RNG.normal(size=(4, 30))
SPACES = ["latent", "raw", "pca8", "pca3-of-latent", "umap2-n10"]


def reloaded(spaced: SpacedClusterer) -> SpacedClusterer:
    head, arrays = spaced.get_state()
    return SpacedClusterer.from_state(
        json.loads(json.dumps(head)), {key: array.copy() for key, array in arrays.items()}
    )


@pytest.mark.parametrize("name", SPACES)
def test_songs_of_the_fit_keep_their_label_in_every_space_also_after_loading(name: str) -> None:
    spaced = SpacedClusterer(build_space(name), KMeans(3))
    found = spaced.fit(LATENTS, RAW)
    assert adjusted_rand_score(GROUPS, found.labels) == 1
    assert found.labels[3] == found.labels[5]
    nearby = (LATENTS + 1e-4, RAW + 1e-4)
    for one in (spaced, reloaded(spaced)):
        again = one.assign(LATENTS, RAW)
        assert again.labels.tobytes() == found.labels.tobytes()
        assert again.confidence.tobytes() == found.confidence.tobytes()
        assert [one.assign(LATENTS[i : i + 1], RAW[i : i + 1]).labels[0] for i in (3, 5, 40)] == [
            found.labels[i] for i in (3, 5, 40)
        ]
        assert one.assign(*nearby).labels.tolist() == found.labels.tolist()
        assert one.assign(*nearby).confidence.tobytes() == spaced.assign(*nearby).confidence.tobytes()


@pytest.mark.parametrize("name", SPACES)
def test_the_order_of_songs_changes_no_byte_and_one_space_serves_many_clusterings(name: str) -> None:
    space = build_space(name)
    points = space.fit_transform(LATENTS, RAW, random_state=4)
    assert points.dtype == np.float64
    order = RNG.permutation(60)
    shuffled = build_space(name).fit_transform(LATENTS[order], RAW[order], random_state=4)
    assert shuffled.tobytes() == points[order].tobytes()
    shared = SpacedClusterer(space, Spectral(3))
    found = shared.fit(LATENTS, RAW, points=points)
    assert shared.points_ is points
    assert shared.assign(LATENTS, RAW).labels.tobytes() == found.labels.tobytes()
    if space.open:
        restored = space_from_state(*space.get_state())
        assert restored.transform(LATENTS, RAW).tobytes() == points.tobytes()
        assert restored.transform(LATENTS[9:10], RAW[9:10]).tobytes() == points[9:10].tobytes()


def test_components_are_scikit_learns_up_to_their_sign_and_as_many_as_there_can_be() -> None:
    ours = build_space("pca3").fit_transform(None, RAW)
    theirs = PCA(3).fit_transform(RAW)
    np.testing.assert_allclose(np.abs(ours), np.abs(theirs), atol=1e-8)
    assert build_space("pca").fit_transform(None, RAW[:9]).shape == (9, 8)
    assert build_space("pca").fit_transform(None, RAW[:1]).tolist() == [[0.0]]
    assert not build_space("pca2").fit_transform(None, np.ones((5, 3))).any()


def test_umap_brings_groups_together_in_as_many_dimensions_as_asked() -> None:
    points = build_space("umap5-n10").fit_transform(LATENTS)
    assert points.shape == (60, 5)
    assert points[3].tobytes() == points[5].tobytes()
    centres = np.array([points[group == GROUPS].mean(axis=0) for group in range(3)])
    nearest = np.linalg.norm(points[:, None] - centres, axis=2).argmin(axis=1)
    assert nearest.tolist() == GROUPS.tolist()


def test_what_is_missing_is_said_in_one_sentence() -> None:
    bad = RAW.copy()
    bad[7, 0] = np.nan
    with pytest.raises(ClusterInputError, match="scaled inputs"):
        build_space("umap10-of-raw").fit_transform(LATENTS)
    with pytest.raises(ClusterInputError, match="row 7"):
        build_space("pca").fit_transform(LATENTS, bad)
    with pytest.raises(ClusterInputError, match="at least 8 distinct"):
        build_space("umap").fit_transform(np.repeat(LATENTS[:4], 9, axis=0))
    with pytest.raises(ClusterInputError, match="no place for new songs"):
        build_space("umap").transform(LATENTS)
    with pytest.raises(ClusterInputError, match="call fit first"):
        SpacedClusterer(build_space("umap"), KMeans(2)).assign(LATENTS)
    with pytest.raises(ClusterInputError, match="must match"):
        SpacedClusterer(build_space("umap"), KMeans(2)).fit(LATENTS, points=LATENTS[:5])
