"""Who is near to whom among many songs: what stands in for the distances of all pairs, and what is made of it.

The limits are tiny here, so that a few hundred songs are many. What takes a graph is handed a true one: the descent is
compiled anew in every process, and is tested by itself.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from sklearn.metrics import adjusted_rand_score, pairwise_distances

from musaic.clustering import (
    Agglomerative,
    Clustering,
    Dbscan,
    Hdbscan,
    Spectral,
    build,
    build_space,
    parse_config,
    resolve,
    space_from_state,
)
from musaic.clustering.dbscan import DbscanConfig
from musaic.errors import MusaicError, UsageError
from musaic.graph import Crowd, Graph, Limits, micro_clusters, neighbour_graph
from musaic.graph.joining import connected
from musaic.graph.micro import nearest_centres
from musaic.graph.neighbours import without_copies
from musaic.maps import tsne_map, umap_map
from musaic.runs.graphs import read_graph, read_micro, write_graph, write_micro
from test_clustering_contract import COUNTED, NAMES, blobs, check, make, reloaded, same
from true_graph import TrueGraph

ON_GRAPH = Limits(exact=100, micro_above=10_000, width=16)
ON_CENTRES = Limits(exact=100, micro_above=110, micro_clusters=80)
WAYS = {"graph": ON_GRAPH, "centres": ON_CENTRES}
KINDS = [name for name in NAMES if name != "vade"]


def near(name: str, Z: Any, way: str) -> tuple[Any, Crowd]:
    """Return a clusterer as an experiment would build it for many songs, and the songs."""
    many = crowd(Z, WAYS[way])
    if name != "dbscan":
        return make(name, Z), many
    config = DbscanConfig()
    return build(config, resolve(config, Z, crowd=many)), many


def crowd(Z: Any, limits: Limits, keeper: Any = None) -> Crowd:
    """Return a crowd whose graph is a true one."""
    return Crowd(Z, limits=limits, keeper=keeper or TrueGraph(Z))


def test_few_songs_have_their_true_neighbours_nearest_first() -> None:
    Z = np.random.default_rng(0).normal(size=(300, 4)) + 1e4
    graph = neighbour_graph(Z, 12)
    true = pairwise_distances(Z - Z.mean(axis=0))
    assert (graph.rows[:, 0] == np.arange(300)).all()
    assert (graph.rows == np.argsort(true, axis=1, kind="stable")[:, :12]).all()
    assert np.allclose(graph.distances, np.sort(true, axis=1)[:, :12], rtol=1e-5, atol=1e-6)
    assert graph.recall == 1.0


@pytest.mark.slow
def test_many_songs_have_nearly_all_of_their_neighbours_and_the_recall_says_so() -> None:
    Z, _ = blobs(1500, k=6)
    graph, exact = neighbour_graph(Z, 15, exact=100), neighbour_graph(Z, 15)
    shared = [len(set(a) & set(b)) - 1 for a, b in zip(graph.rows.tolist(), exact.rows.tolist(), strict=True)]
    assert np.mean(shared) / 14 > 0.95
    assert graph.recall == pytest.approx(np.mean(shared) / 14, abs=0.02)
    assert (np.diff(graph.distances, axis=1) >= 0).all()


@pytest.mark.slow
def test_the_same_seed_gives_the_same_graph_in_any_order_of_the_songs() -> None:
    Z, _ = blobs(400)
    order = np.random.default_rng(1).permutation(400)
    graph = neighbour_graph(Z, 10, exact=100, seed=3)
    for one, other in (
        (neighbour_graph(Z, 10, exact=100, seed=3), graph),
        (neighbour_graph(Z[order], 10, exact=100, seed=3), graph.take(order)),
    ):
        assert one.rows.tobytes() == other.rows.tobytes()
        assert one.distances.tobytes() == other.distances.tobytes()


@pytest.mark.parametrize("exact", [pytest.param(10, marks=pytest.mark.slow), 10_000])
@pytest.mark.parametrize("copies", [1, 3, 40])
def test_songs_that_are_alike_stand_first_among_each_others_neighbours(exact: int, copies: int) -> None:
    Z = np.random.default_rng(0).normal(size=(60, 3))
    Z = np.vstack([Z, np.repeat(Z[:2], copies, axis=0)])
    graph = neighbour_graph(Z, 8, exact=exact)
    assert graph.rows.shape == (len(Z), 8)
    assert (graph.rows[:, 0] == np.arange(len(Z))).all()
    assert all(len(set(row)) == 8 for row in graph.rows.tolist())
    alike = {0, *range(60, 60 + copies)}
    for song in alike:
        near = set(graph.rows[song][: copies + 1].tolist())
        assert near <= alike
        assert (graph.distances[song][: min(copies + 1, 8)] == 0).all()


def test_all_songs_alike_and_fewer_songs_than_neighbours_have_a_graph_too() -> None:
    for Z in (np.ones((30, 2)), np.arange(4.0)[:, None], np.ones((1, 1))):
        graph = neighbour_graph(Z, 6, exact=1)
        assert graph.rows.shape == (len(Z), min(6, len(Z)))
        assert all(len(set(row)) == graph.width for row in graph.rows.tolist())


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: neighbour_graph(np.full((3, 2), np.nan)), "finite values"),
        (lambda: neighbour_graph(np.zeros(3)), "shape"),
        (lambda: neighbour_graph(np.eye(3), 0), "at least 1"),
        (lambda: micro_clusters(np.eye(3), 0), "at least 1"),
        (lambda: micro_clusters(np.zeros((0, 2)), 5), "finite values"),
    ],
)
def test_what_has_no_neighbours_is_refused_in_one_sentence(call: Any, words: str) -> None:
    with pytest.raises(UsageError, match=words):
        call()


def test_pieces_of_a_graph_are_joined_by_near_songs_and_nothing_else_changes() -> None:
    from scipy.sparse.csgraph import connected_components

    Z, truth = blobs(200, k=4)
    graph = neighbour_graph(Z, 6)
    i, j, _ = graph.edges()
    joined = connected(graph, Z).tocoo()
    assert connected_components(joined, directed=False)[0] == 1
    added = {(int(a), int(b)) for a, b in zip(*joined.coords, strict=True) if a < b} - set(zip(i, j, strict=True))
    assert len(added) == connected_components(_csr(i, j, 200), directed=False)[0] - 1
    true = pairwise_distances(Z)
    for a, b in added:
        gap = true[np.ix_(truth == truth[a], truth == truth[b])]
        assert true[a, b] <= np.quantile(gap, 0.05)


def _csr(i: np.ndarray, j: np.ndarray, n: int) -> Any:
    from scipy.sparse import csr_array

    return csr_array((np.ones(len(i)), (i, j)), shape=(n, n))


def test_every_song_is_with_the_centre_that_is_nearest_whoever_is_asked_for_with_it() -> None:
    Z = np.random.default_rng(0).normal(size=(500, 5)) * 3 + 100
    micro = micro_clusters(Z, 30)
    true = pairwise_distances(Z, micro.centres).argmin(axis=1)
    assert (micro.members == true).all()
    assert (micro.sizes > 0).all()
    assert micro.sizes.sum() == 500
    alone = [nearest_centres(Z[row : row + 1], micro.centres)[0] for row in range(0, 500, 25)]
    assert alone == true[::25].tolist()
    order = np.random.default_rng(1).permutation(500)
    assert (micro_clusters(Z[order], 30).members == micro.members[order]).all()
    few = micro_clusters(np.repeat(np.eye(3), 5, axis=0), 30)
    assert few.centres.tolist() == np.eye(3)[::-1].tolist()


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("name", KINDS)
def test_clear_groups_are_found_among_many_songs_in_any_order_and_after_loading(name: str, way: str) -> None:
    Z, truth = blobs(240)
    Z[7] = Z[42] = Z[3]
    clusterer, many = near(name, Z, way)
    result = clusterer.fit(Z, many)
    check(result, len(Z))
    clustered = result.labels >= 0
    assert clustered.mean() > 0.75
    assert adjusted_rand_score(truth[clustered], result.labels[clustered]) > 0.98
    assert result.labels[7] == result.labels[42] == result.labels[3]
    order = np.random.default_rng(1).permutation(len(Z))
    again, many = near(name, Z[order], way)
    shuffled = again.fit(Z[order], many)
    same(shuffled, Clustering(result.labels[order], result.confidence[order], result.n_clusters))
    for one in (clusterer, reloaded(clusterer)):
        same(one.assign(Z), result)
        for row in (3, 7, 17, 88):
            alone = one.assign(Z[row : row + 1])
            assert (alone.labels[0], alone.confidence[0]) == (result.labels[row], result.confidence[row])
    new = np.vstack([Z + 1e-6, Z[:3] + 0.5])
    same(reloaded(clusterer).assign(new), clusterer.assign(new))


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("name", KINDS)
def test_what_is_approximated_is_said_and_nothing_is_where_songs_are_few(name: str, way: str) -> None:
    Z, _ = blobs(120)
    assert make(name, Z).fit(Z).note == ""
    told = make(name, Z).fit(Z, crowd(Z, WAYS[way])).note
    if name == "kmeans":
        assert told == ""  # its own limit decides
    elif name == "gmm":
        assert "100 songs" in told
    else:
        assert ("recall" if way == "graph" else "micro-clusters") in told


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("name", KINDS)
@pytest.mark.parametrize("n", [101, 120])
def test_songs_all_alike_among_many_are_one_cluster_or_noise(name: str, way: str, n: int) -> None:
    for Z in (np.ones((n, 2)), np.column_stack([np.arange(n) // 10, np.zeros(n)]).astype(float)):
        clusterer = make(name, Z)
        result = clusterer.fit(Z, crowd(Z, WAYS[way]))
        check(result, n)
        assert result.n_clusters <= len(np.unique(Z, axis=0))
        same(reloaded(clusterer).assign(Z), result)


@pytest.mark.parametrize(
    "make_one", [lambda: Spectral(4), lambda: Agglomerative(4), lambda: Hdbscan(5), lambda: Dbscan(2.0)]
)
def test_a_crowd_of_few_songs_changes_nothing(make_one: Any) -> None:
    Z, _ = blobs(90)
    same(make_one().fit(Z, Crowd(Z)), make_one().fit(Z))


def test_linkages_that_need_all_pairs_are_of_centres_and_the_others_of_the_graph() -> None:
    Z, truth = blobs(200)
    for linkage in ("ward", "single", "complete", "average"):
        found = Agglomerative(4, linkage=linkage).fit(Z, crowd(Z, Limits(50, 10_000, 40)))
        assert ("micro-clusters" in found.note) == (linkage in ("complete", "average"))
        assert adjusted_rand_score(truth, found.labels) > 0.98


def test_the_graph_gives_hdbscan_and_dbscan_what_all_pairs_give() -> None:
    Z, _ = blobs(300, k=3)
    many = crowd(Z, Limits(exact=20, width=60))
    for one in (lambda: Hdbscan(8), lambda: Dbscan(2.5, min_samples=4)):
        exact, found = one().fit(Z), one().fit(Z, many)
        assert adjusted_rand_score(exact.labels, found.labels) > 0.97
        both = (exact.labels >= 0) & (found.labels >= 0)
        assert np.abs(exact.confidence - found.confidence)[both].mean() < 0.02


@pytest.mark.parametrize("way", WAYS)
def test_the_knee_of_many_songs_is_taken_of_what_stands_in_for_them(way: str) -> None:
    Z, _ = blobs(200)
    choice = resolve(DbscanConfig(), Z, crowd=crowd(Z, WAYS[way]))
    exact = resolve(DbscanConfig(), Z)
    assert choice.eps is not None
    assert exact.eps is not None
    if way == "graph":
        assert choice.eps == pytest.approx(exact.eps, rel=0.1)
    assert choice.eps > 0


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("method", [pytest.param(umap_map, marks=pytest.mark.slow), tsne_map])
def test_maps_of_many_songs_keep_groups_apart_with_the_same_bytes_each_time(method: Any, way: str) -> None:
    Z, truth = blobs(240)
    found = method(Z, crowd=crowd(Z, WAYS[way]))
    assert found.xy.shape == (240, 2)
    assert np.isfinite(found.xy).all()
    assert method(Z, crowd=crowd(Z, WAYS[way])).xy.tobytes() == found.xy.tobytes()
    nearest = neighbour_graph(found.xy.astype(float), 6).rows[:, 1:]
    assert (truth[nearest] == truth[:, None]).mean() > 0.97


@pytest.mark.slow
@pytest.mark.parametrize("way", WAYS)
def test_a_umap_space_of_many_songs_is_the_same_in_any_order(way: str) -> None:
    Z, truth = blobs(200)
    Z[5] = Z[6]
    order = np.random.default_rng(0).permutation(200)
    points = build_space("umap2").fit_transform(Z, crowd=crowd(Z, WAYS[way]))
    again = build_space("umap2").fit_transform(Z[order], crowd=crowd(Z[order], WAYS[way]))
    assert np.allclose(again, points[order], atol=1e-6)
    assert (points[5] == points[6]).all()
    nearest = neighbour_graph(points, 6).rows[:, 1:]
    assert (truth[nearest] == truth[:, None]).mean() > 0.97


class Drawer:
    """Keeps what a crowd finds, and counts."""

    def __init__(self) -> None:
        self.graphs: list[Graph] = []
        self.micros: list[Any] = []

    def graph(self, width: int) -> Graph | None:
        return next((graph for graph in self.graphs if graph.width == width), None)

    def keep_graph(self, graph: Graph) -> None:
        self.graphs.append(graph)

    def micro(self) -> Any:
        return self.micros[-1] if self.micros else None

    def keep_micro(self, micro: Any) -> None:
        self.micros.append(micro)


@pytest.mark.slow
def test_a_graph_is_found_once_and_again_only_where_more_neighbours_are_asked_for() -> None:
    Z, _ = blobs(200)
    drawer = Drawer()
    for name in ("spectral", "hdbscan", "agglomerative", "dbscan"):
        make(name, Z).fit(Z, Crowd(Z, limits=ON_GRAPH, keeper=drawer))
    assert [graph.width for graph in drawer.graphs] == [16]
    Hdbscan(30).fit(Z, Crowd(Z, limits=ON_GRAPH, keeper=drawer))
    assert "graph of 15 neighbours" in Spectral(4).fit(Z, Crowd(Z, limits=ON_GRAPH, keeper=drawer)).note
    assert [graph.width for graph in drawer.graphs] == [16, 30]
    for name in ("spectral", "hdbscan"):
        make(name, Z).fit(Z, Crowd(Z, limits=ON_CENTRES, keeper=drawer))
    assert len(drawer.micros) == 1


def test_what_was_kept_comes_back_joined_on_the_songs_and_never_for_other_songs(tmp_path: Path) -> None:
    Z, _ = blobs(80)
    ids = [f"নদী {row} – أغنية.mp3" for row in range(80)]
    graph, micro = neighbour_graph(Z, 7), micro_clusters(Z, 12)
    files = tmp_path / "cell" / "latent.parquet", tmp_path / "cell" / "latent-micro.parquet"
    assert read_graph(files[0], ids) is None
    assert read_micro(files[1], ids) is None
    write_graph(files[0], ids, graph)
    write_micro(files[1], ids, micro)
    order = np.random.default_rng(0).permutation(80)
    for rows in (np.arange(80), order):
        again, small = (
            read_graph(files[0], [ids[row] for row in rows]),
            read_micro(files[1], [ids[row] for row in rows]),
        )
        assert again is not None
        assert small is not None
        taken = graph.take(rows)
        assert (again.rows == taken.rows).all()
        assert (again.distances == taken.distances).all()
        assert again.recall == graph.recall
        assert (small.members == micro.members[rows]).all()
        assert small.centres.tobytes() == micro.centres.tobytes()
    assert read_graph(files[0], [*ids[:-1], "another"]) is None
    assert read_micro(files[1], ids[:-1]) is None
    files[0].write_bytes(b"PAR1 no more")
    with pytest.raises(MusaicError, match="made anew"):
        read_graph(files[0], ids)


def test_core_distances_on_a_graph_are_to_the_fiftieth_neighbour_at_most_and_that_is_said() -> None:
    Z, truth = blobs(500, k=3)
    found = Hdbscan(60).fit(Z, many := crowd(Z, ON_GRAPH))
    assert "core distances are to neighbour 50, not 60" in found.note
    assert "core distances" not in Hdbscan(40).fit(Z, many).note
    assert set(many._graphs) == {50, 40}
    clustered = found.labels >= 0
    assert clustered.mean() > 0.75
    assert (np.bincount(found.labels[clustered]) >= 60).all()
    assert adjusted_rand_score(truth[clustered], found.labels[clustered]) > 0.98
    clusterer = Hdbscan(60)
    clusterer.fit(Z, many)
    true = np.sort(pairwise_distances(clusterer.points_), axis=1)[:, 49]
    assert np.allclose(clusterer.core_distance_, true, atol=1e-4)
    same(reloaded(clusterer).assign(Z + 0.01), clusterer.assign(Z + 0.01))


@pytest.mark.parametrize("copies", [1, 4, 30])
def test_a_graph_without_copies_is_the_graph_of_the_different_songs(copies: int) -> None:
    Z = np.random.default_rng(0).normal(size=(60, 3))
    Z = np.vstack([Z, np.repeat(Z[:3], copies, axis=0)])
    order = np.lexsort(Z.T[::-1])
    first = np.concatenate([[True], (np.diff(Z[order], axis=0) != 0).any(axis=1)])
    distinct = Z[order][first]
    for k, width in ((5, 12), (12, 12)):
        without = without_copies(neighbour_graph(Z, width).take(order), first, distinct, k)
        true = neighbour_graph(distinct, k)
        assert (without.rows == true.rows).all()
        assert (without.distances == true.distances).all()


@pytest.mark.slow
def test_songs_that_are_alike_have_a_umap_space_made_of_the_graph_that_all_share() -> None:
    Z, _ = blobs(200)
    Z[5] = Z[6]
    asked: list[int] = []

    class Counted(TrueGraph):
        def graph(self, width: int) -> Graph:
            asked.append(width)
            return super().graph(width)

    space = build_space("umap2")
    points = space.fit_transform(Z, crowd=crowd(Z, ON_GRAPH, Counted(Z)))
    assert asked == [16]
    assert (points[5] == points[6]).all()
    assert "recall 1.000" in space.note
    assert space_from_state(*space.get_state()).note == space.note


@pytest.mark.parametrize("way", WAYS)
def test_a_map_says_what_stands_in_for_distances(way: str) -> None:
    Z, _ = blobs(150)
    assert tsne_map(Z).note == ""
    words = {"graph": "graph of neighbours (recall 1.000)", "centres": "micro-clusters, songs placed between them"}
    assert words[way] in tsne_map(Z, crowd=crowd(Z, WAYS[way])).note


def test_a_number_of_clusters_chosen_on_a_sample_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    config = parse_config({"algorithm": "kmeans", "n_clusters": "auto", "n_init": 1, "most": 5})
    Z, _ = blobs(150)
    assert resolve(config, Z).note == ""
    for module in ("counting", "choice"):
        monkeypatch.setattr(f"musaic.clustering.{module}.SAMPLE", 100)
    assert resolve(config, Z).note == "n_clusters chosen on 100 songs drawn at random"


def test_counted_names_are_of_the_registry() -> None:
    assert set(COUNTED) <= set(NAMES)
