"""What each clusterer promises, with scikit-learn and SciPy as referees."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats
from scipy.cluster import hierarchy
from sklearn import cluster, mixture
from sklearn.metrics import adjusted_rand_score
from sklearn.neighbors import NearestNeighbors

from musaic.clustering import (
    Agglomerative,
    ClusterInputError,
    Dbscan,
    Gmm,
    Hdbscan,
    KMeans,
    Spectral,
    Vade,
    build,
    linkage_tree,
    parse_config,
    resolve,
)
from musaic.clustering.knee import knee

RNG = np.random.default_rng(5)
Z = np.repeat(6 * RNG.normal(size=(5, 4)), [60, 40, 30, 20, 10], axis=0) + RNG.normal(size=(160, 4))
Z = Z[np.lexsort(Z.T[::-1])]  # in which order songs come matters to scikit-learn
NEW = 8 * RNG.normal(size=(200, 4))


def agree(labels: np.ndarray, theirs: np.ndarray) -> None:
    assert adjusted_rand_score(theirs, labels) == 1
    np.testing.assert_array_equal(labels == -1, theirs == -1)


def test_kmeans_is_scikit_learns() -> None:
    ours = KMeans(5, random_state=0)
    labels = ours.fit(Z).labels
    theirs = cluster.KMeans(5, n_init=10, random_state=0).fit(Z)
    agree(labels, theirs.labels_)
    assert ((Z - ours.centroids_[labels]) ** 2).sum() == pytest.approx(theirs.inertia_, rel=1e-9)


def test_mini_batches_find_the_clusters_that_all_songs_at_once_do() -> None:
    many, truth = np.repeat(20 * np.eye(4), 300, axis=0) + RNG.normal(size=(1200, 4)), np.repeat(range(4), 300)
    small = KMeans(4, minibatch_above=1199)
    agree(small.fit(many).labels, truth)
    whole = KMeans(4, minibatch_above=1200)
    agree(whole.fit(many).labels, truth)
    assert 0 < np.abs(small.centroids_ - whole.centroids_).max() < 1


def test_mini_batches_end_where_all_songs_at_once_do_though_clusters_touch(monkeypatch: pytest.MonkeyPatch) -> None:
    from musaic.clustering import kmeans

    monkeypatch.setattr(kmeans, "START", 1500)
    rng = np.random.default_rng(0)
    centres = rng.normal(size=(12, 16))
    centres *= 5 / np.linalg.norm(centres, axis=1, keepdims=True)
    many = centres[rng.choice(12, size=6000, p=rng.dirichlet(np.full(12, 8.0)))] + rng.normal(size=(6000, 16))

    def inertia(clusterer: KMeans) -> float:
        labels = clusterer.fit(many).labels
        return float(((many - clusterer.centroids_[labels]) ** 2).sum())

    for seed in range(3):
        small, whole = KMeans(12, minibatch_above=1500, random_state=seed), KMeans(12, random_state=seed)
        assert inertia(small) < 1.03 * inertia(whole)


def test_confidence_of_kmeans_is_one_at_a_centroid_and_nothing_on_the_border() -> None:
    clusterer = KMeans(2)
    clusterer.fit(np.array([[0.0], [0.0], [0.0], [10.0]]))
    confidence = clusterer.assign(np.array([[0.0], [5.0], [2.5]])).confidence
    np.testing.assert_allclose(confidence, [1.0, 0.0, 1 - 2.5 / 7.5])


@pytest.mark.parametrize("linkage", ["ward", "complete", "average", "single"])
def test_agglomerative_is_scikit_learns_and_cuts_the_tree_that_is_drawn(linkage: str) -> None:
    theirs = cluster.AgglomerativeClustering(5, linkage=linkage).fit(Z)
    agree(Agglomerative(5, linkage=linkage).fit(Z).labels, theirs.labels_)
    tree = linkage_tree(Z, linkage)
    assert hierarchy.is_valid_linkage(tree)
    agree(Agglomerative(5, linkage=linkage).fit(Z).labels, hierarchy.fcluster(tree, 5, "maxclust"))
    np.testing.assert_allclose(tree[:, 2], hierarchy.linkage(Z, linkage)[:, 2], rtol=1e-9)
    between = tree[-4:-2, 2].mean()
    by_distance = Agglomerative(distance_threshold=between, linkage=linkage).fit(Z)
    agree(by_distance.labels, hierarchy.fcluster(tree, between, "distance"))
    assert by_distance.n_clusters == 4


def test_a_tree_has_two_songs_at_least() -> None:
    with pytest.raises(ClusterInputError, match="at least 2"):
        linkage_tree(Z[:1])


def test_new_songs_follow_the_vote_of_the_nearest_weighted_by_distance() -> None:
    clusterer = Agglomerative(2)
    clusterer.fit(np.array([[0.0], [1.0], [10.0], [11.0], [12.0]]))
    placed = clusterer.assign(np.array([[2.0]]))
    votes = 1 / np.array([2.0, 1.0]), 1 / np.array([8.0, 9.0, 10.0])
    assert placed.labels[0] == clusterer.assign([[0.0]]).labels[0]
    assert placed.confidence[0] == pytest.approx(votes[0].sum() / (votes[0].sum() + votes[1].sum()))


@pytest.mark.parametrize(("eps", "min_samples"), [(1.2, 5), (2.0, 10), (0.05, 3), (50.0, 2)])
def test_dbscan_is_scikit_learns_noise_included(eps: float, min_samples: int) -> None:
    theirs = cluster.DBSCAN(eps=eps, min_samples=min_samples).fit(Z)
    ours = Dbscan(eps, min_samples=min_samples)
    labels = ours.fit(Z).labels
    agree(labels, theirs.labels_)
    placed = ours.assign(NEW).labels
    cores = theirs.core_sample_indices_
    if not len(cores):
        assert (placed == -1).all()
        return
    distances, rows = NearestNeighbors(n_neighbors=1).fit(Z[cores]).kneighbors(NEW)
    np.testing.assert_array_equal(placed, np.where(distances[:, 0] <= eps, labels[cores][rows[:, 0]], -1))


def test_the_knee_is_where_the_curve_bends() -> None:
    line = np.concatenate([np.arange(40) * 0.1, 1e3 + np.cumsum(np.arange(10) * 50.0)])[:, None]
    eps, distances = knee(line, 2)
    assert (np.diff(distances) >= 0).all()
    assert 0.1 <= eps < 50
    expected = np.sort(NearestNeighbors(n_neighbors=5).fit(Z).kneighbors(Z)[0][:, -1])
    found = knee(Z, 5)
    np.testing.assert_allclose(found.distances, expected, rtol=1e-12)
    assert knee(Z[::-1], 5).eps == found.eps
    assert knee(np.zeros((5, 2)), 3).eps > 0
    assert knee(np.zeros((1, 2)), 3).eps > 0
    doubled = np.repeat(Z, 2, axis=0)
    assert knee(doubled, 2).eps > 0


@pytest.mark.parametrize("selection", ["eom", "leaf"])
@pytest.mark.parametrize("min_samples", [None, 1, 3])
def test_hdbscan_is_scikit_learns_noise_included(selection: str, min_samples: int | None) -> None:
    theirs = cluster.HDBSCAN(
        min_cluster_size=8, min_samples=min_samples, cluster_selection_method=selection, copy=True
    ).fit(Z)
    ours = Hdbscan(8, min_samples=min_samples, selection=selection)
    found = ours.fit(Z)
    agree(found.labels, theirs.labels_)
    np.testing.assert_allclose(found.confidence, theirs.probabilities_, atol=1e-12)
    placed = ours.assign(np.vstack([Z + 1e-9, [[1e3] * 4]]))
    clustered = found.labels >= 0
    np.testing.assert_array_equal(placed.labels[:-1][clustered], found.labels[clustered])
    assert placed.labels[-1] == -1


@pytest.mark.parametrize("covariance", ["full", "diag", "tied", "spherical"])
def test_mixtures_are_scikit_learns(covariance: str) -> None:
    theirs = mixture.GaussianMixture(
        5, covariance_type=covariance, n_init=3, reg_covar=1e-6 * Z.var(axis=0).mean(), max_iter=300, random_state=0
    ).fit(Z)
    ours = Gmm(5, covariance=covariance)
    found = ours.fit(Z)
    for values, ours_says in ((Z, found), (NEW, ours.assign(NEW))):
        agree(ours_says.labels, theirs.predict(values))
        np.testing.assert_allclose(ours.responsibilities(values), theirs.predict_proba(values), atol=1e-9)
        np.testing.assert_allclose(ours_says.confidence, theirs.predict_proba(values).max(axis=1), atol=1e-9)
    assert ours.bic_ == pytest.approx(theirs.bic(Z))


@pytest.mark.filterwarnings("ignore:Graph is not fully connected")
def test_spectral_is_scikit_learns_and_follows_shapes() -> None:
    turn = np.linspace(0, 2 * np.pi, 100, endpoint=False)
    rings = np.vstack([radius * np.column_stack([np.cos(turn), np.sin(turn)]) for radius in (1, 5)])
    agree(Spectral(2).fit(rings).labels, np.repeat([0, 1], 100))
    theirs = cluster.SpectralClustering(5, affinity="nearest_neighbors", n_neighbors=10, random_state=0)
    agree(Spectral(5).fit(Z).labels, theirs.fit_predict(Z))


def test_responsibilities_of_vade_are_those_of_normal_densities() -> None:
    weights, means, variances = np.array([0.5, 0.3, 0.2]), RNG.normal(size=(3, 4)), RNG.uniform(0.5, 3, size=(3, 4))
    clusterer = Vade((weights, means, variances))
    found = clusterer.fit(Z)
    log_joint = np.log(weights) + np.stack(
        [
            stats.norm.logpdf(Z, mean, np.sqrt(variance)).sum(axis=1)
            for mean, variance in zip(means, variances, strict=True)
        ],
        axis=1,
    )
    expected = np.exp(log_joint - np.logaddexp.reduce(log_joint, axis=1, keepdims=True))
    np.testing.assert_allclose(clusterer.responsibilities(Z), expected, atol=1e-6)
    np.testing.assert_allclose(found.confidence, expected.max(axis=1), atol=1e-6)
    agree(found.labels, expected.argmax(axis=1))


def test_a_component_without_songs_is_no_cluster() -> None:
    clusterer = Vade(([0.0, 0.5, 0.5], [[50.0], [10.0], [0.0]], np.ones((3, 1))))
    found = clusterer.fit([[0.0], [0.1], [10.0]])
    assert (found.labels.tolist(), found.n_clusters) == ([0, 0, 1], 2)
    assert clusterer.assign([[50.0], [9.0]]).labels.tolist() == [1, 1]


def test_vade_needs_a_mixture() -> None:
    config = parse_config({"algorithm": "vade"})
    with pytest.raises(ClusterInputError, match="this model has none"):
        build(config, resolve(config, Z))
    with pytest.raises(ClusterInputError, match="variances of shape"):
        Vade(([1.0], [[0.0, 0.0]], [[1.0]]))
    with pytest.raises(ClusterInputError, match="above 0"):
        Vade(([1.0], [[0.0]], [[0.0]]))


def test_a_mixture_that_cannot_be_fitted_is_refused_in_one_sentence() -> None:
    wide = np.random.default_rng(0).normal(size=(20, 400))
    with pytest.raises(ClusterInputError, match="raise reg"):
        Gmm(6, reg=1e-30, n_init=1).fit(wide)
