from __future__ import annotations

import sys
from fnmatch import fnmatchcase
from itertools import permutations
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from fake_run import DRAWN, drawn_run, make_run
from musaic.errors import MusaicError, UsageError
from musaic.report import write_figures
from musaic.report.alignment import align
from musaic.report.bars import scores_figure
from musaic.report.confusion import confusion_figure
from musaic.report.curves import training_figure
from musaic.report.figures import KINDS, plan
from musaic.report.heat import cross_table
from musaic.report.knee import knee_figure
from musaic.report.plotting import save, save_vector, style
from musaic.report.reading import Results, parameters
from musaic.report.scatter import map_figure


def names(paths: list[Path]) -> set[str]:
    return {path.name for path in paths}


@pytest.fixture(scope="module")
def run(tmp_path_factory) -> Path:
    return drawn_run(tmp_path_factory.getbasetemp())


@pytest.fixture(scope="module")
def drawn(run) -> list[Path]:
    return sorted((run / "figures").iterdir())


def test_every_kind_of_figure_is_there(run, drawn):
    found = names(drawn)
    results = Results(run)
    planned = [item for item in plan(results) if any(fnmatchcase(item.name, glob) for glob in DRAWN)]
    assert {item.kind for item in planned} == set(KINDS)
    assert {item.file for item in planned if item.kind != "choices"} <= found
    assert [name for name in found if name.startswith("choices-basic-vae")]
    assert [name for name in found if name.startswith("map-raw") and name.endswith("-tsne.png")]
    trained = [item.cell for item in plan(results) if item.kind == "training"]
    assert trained
    assert all(cell.startswith("basic-vae") for cell in trained)
    assert len({item.name for item in plan(results)}) == len(plan(results))


def test_figures_hold_no_date_and_no_software(drawn):
    for path in drawn:
        assert not set(Image.open(path).info) - {"dpi", "transparency"}


def test_same_run_same_bytes_and_pyplot_stays_out(run, tmp_path):
    results = Results(run)
    there = [item for item in plan(results) if (run / "figures" / item.file).is_file()]
    first_of_kind = {item.kind: item for item in reversed(there)}
    with style(results.texts()):
        for kind in ("map", "training", "dendrogram", "reconstructions"):
            item = first_of_kind[kind]
            again = save(item.draw(), tmp_path / item.file, few_colors=KINDS[kind].few_colors)
            assert again.read_bytes() == (run / "figures" / item.file).read_bytes()
    assert "matplotlib.pyplot" not in sys.modules or not sys.modules["matplotlib.pyplot"].get_fignums()


def test_the_order_of_rows_on_disk_does_not_matter(run):
    results = Results(run)
    cell = results.cells[0]
    clusters = results.clusters(cell, results.clustering(cell))
    genre = results.tracks["genre"]
    one = cross_table(clusters, genre, "genre")
    other = cross_table(clusters.sample(frac=1, random_state=1), genre.sample(frac=1, random_state=2), "genre")
    np.testing.assert_array_equal(one.counts, other.counts)
    assert one.classes == other.classes


def test_a_cross_table_counts_what_pandas_counts():
    clusters = pd.Series([0, 0, 1, -1, 1], index=list("abcde"))
    labels = pd.Series(["x", "y", "x", "x"], index=list("dcba"))
    table = cross_table(clusters, labels, "genre")
    assert table.clusters == (0, 1, -1)
    assert table.classes == ("x", "y")
    assert table.counts.tolist() == [[2, 0], [0, 1], [1, 0]]


@pytest.mark.parametrize("n", [1, 2, 10])
def test_few_songs(tmp_path, n):
    run = make_run(tmp_path / "run", n=n, models=("raw",))
    assert "grid.png" in names(write_figures(run, only=["grid", "c*", "truth-*-umap"]))


def test_many_songs_and_many_classes(tmp_path):
    results = Results(make_run(tmp_path / "run", n=20_000, n_genres=70, models=("raw",)))
    with style(results.texts()):
        figure = map_figure(results, results.cells[0], "umap")
        figure.canvas.draw()
    panels = [axes for axes in figure.axes if axes.get_title(loc="left")]
    assert [axes.get_title(loc="left").split(" ")[0] for axes in panels] == ["language", "genre", "cluster"]
    legends = [axes.get_legend() for axes in figure.axes if axes.get_legend()]
    assert max(len(legend.get_texts()) for legend in legends) <= 46
    for legend in legends:
        box = legend.get_window_extent().transformed(figure.transFigure.inverted())
        assert box.y0 >= -0.005
        assert box.x1 <= 1.005


def test_without_labels_only_clusters_are_drawn(tmp_path):
    results = Results(make_run(tmp_path / "run", n=30, labels=False, models=("raw",)))
    with style():
        figure = map_figure(results, results.cells[0], "umap")
    assert [axes.get_title(loc="left").split(" ")[0] for axes in figure.axes if axes.get_title(loc="left")] == [
        "cluster"
    ]
    assert not [name for name in names(write_figures(results.run.path)) if name.startswith(("clusters-", "training-"))]


def test_without_maps_or_scores_the_rest_is_drawn(tmp_path):
    run = make_run(tmp_path / "run", n=30, maps=False, models=("basic-vae",))
    (run / "leaderboard.csv").unlink()
    found = names(write_figures(run, only=["map-*", "truth-*", "grid", "scores", "training-*-statistics-0*"]))
    assert not [name for name in found if name.startswith(("map-", "truth-", "grid", "scores"))]
    assert [name for name in found if name.startswith("training-")]


def test_a_map_that_fell_back_to_pca_says_so(tmp_path):
    results = Results(make_run(tmp_path / "run", n=5, models=("raw",)))
    cell = results.cells[0]
    file = results.run.map_file(cell.name, "umap")
    pd.read_parquet(file).assign(method="pca").to_parquet(file, index=False)
    with style():
        figure = map_figure(results, cell, "umap")
    assert any("PCA: too few different songs for UMAP" in text.get_text() for text in figure.texts)


def test_hostile_names_are_written_as_they_are(tmp_path):
    results = Results(make_run(tmp_path / "run", n=30, hostile=True, models=("raw",)))
    with style(results.texts()):
        figure = map_figure(results, results.cells[0], "umap")
        figure.canvas.draw()
    shown = "\n".join(
        text.get_text() for axes in figure.axes if axes.get_legend() for text in axes.get_legend().get_texts()
    )
    assert "_hidden $x^2$" in shown
    assert "$\\frac" in shown
    assert "</script><img" in shown


def test_training_without_dimensions_or_held_out_songs(tmp_path):
    results = Results(make_run(tmp_path / "run", n=20, models=("basic-vae",)))
    cell = next(cell for cell in results.cells if cell.model == "basic-vae")
    for seed in cell.seeds:
        file = results.run.model_folder(cell.name, seed) / "history.csv"
        table = pd.read_csv(file)
        table.loc[3, "loss"] = np.inf
        table[["epoch", "loss", "reconstruction"]].to_csv(file, index=False)
    with style():
        figure = training_figure(results, cell)
        figure.canvas.draw()
    assert len(figure.axes) == 2


def test_a_folder_that_is_no_run_is_refused(tmp_path):
    with pytest.raises(UsageError, match="not a run folder"):
        write_figures(tmp_path)


def test_the_grid_takes_the_maps_that_are_there(tmp_path):
    run = make_run(tmp_path / "run", n=20, models=("raw",))
    for file in run.glob("maps/*/umap.parquet"):
        file.unlink()
    assert names(write_figures(run, only=["grid"])) == {"grid.png"}


@pytest.mark.parametrize("seed", range(5))
def test_alignment_is_the_best_of_all_and_the_order_of_clusters_does_not_matter(seed):
    counts = np.random.default_rng(seed).integers(0, 30, (5, 4))
    found = align(counts)
    best = max(sum(counts[k, j] for j, k in enumerate(order)) for order in permutations(range(5), 4))
    assert found.agreeing == pytest.approx(best / counts.sum())
    assert len(set(found.matched.values())) == len(found.matched) == 4
    assert all(j == counts[k].argmax() for k, j in found.further.items())
    assert align(counts[::-1]).agreeing == found.agreeing


def test_noise_stands_for_no_class():
    found = align([[1, 0], [0, 2], [50, 50]], noise=2)
    assert found.matched == {0: 0, 1: 1}
    assert not found.further
    assert found.agreeing == pytest.approx(3 / 103)


def test_clusters_that_are_the_classes_make_a_diagonal(tmp_path):
    results = Results(make_run(tmp_path / "run", n=60, models=("raw",)))
    cell = results.cells[0]
    tracks = results.tracks["genre"].dropna()
    file = results.run.clusters_file(cell.name, 0, results.clustering(cell)["id"])
    codes = pd.factorize(tracks, sort=True)[0]
    pd.DataFrame({"track_id": tracks.index, "cluster": codes}).to_parquet(file, index=False)
    with style():
        figure = confusion_figure(results, cell)
    genre = next(axes for axes in figure.axes if axes.get_title(loc="left").startswith("genre"))
    assert "100 %" in genre.get_title(loc="left")
    np.testing.assert_array_equal(genre.images[0].get_array(), np.eye(len(set(codes))))


def test_svg_is_outlines_without_a_date_and_equal_bytes(run, tmp_path):
    results = Results(run)
    item = next(item for item in plan(results) if item.kind == "composition")
    with style(results.texts()):
        one, other = (save_vector(item.draw(), tmp_path / name).read_text("utf-8") for name in ("a.svg", "b.svg"))
    assert one == other
    assert "<text" not in one
    assert "date" not in one


def test_svg_is_written_where_it_is_asked_for_and_by_any_process_alike(tmp_path):
    run = make_run(tmp_path / "run", n=20, svg=True, models=("raw",))
    files = write_figures(run, only=["corpus", "grid"], workers=0)
    assert names(files) == {"corpus.png", "corpus.svg", "grid.png"}
    here = [path.read_bytes() for path in files]
    assert [path.read_bytes() for path in write_figures(run, only=["corpus", "grid"], workers=1)] == here


def test_intervals_stand_in_the_scores_and_doubtful_rows_are_named(run):
    results = Results(run)
    with style(results.texts()):
        figure = scores_figure(results)
    assert any("95 % interval" in text.get_text() for text in figure.legends[0].get_texts())
    named = "".join(text.get_text() for axes in figure.axes for text in axes.get_yticklabels())
    assert "(leaked)" in named
    assert "(collapsed)" in named


def test_the_knee_curve_is_the_distance_to_the_neighbour(run):
    from sklearn.metrics import pairwise_distances

    results = Results(run)
    cell = next(cell for cell in results.cells if any(c["algorithm"] == "dbscan" for c in cell.clusterings))
    with style():
        figure = knee_figure(results, cell)
    distances = np.sort(pairwise_distances(results.embedding(cell)), axis=1)
    curve = next(line for line in figure.axes[0].get_lines() if "min_samples 3" in str(line.get_label()))
    np.testing.assert_allclose(curve.get_ydata(), np.sort(distances[:, 2]), atol=1e-9)


def test_a_damaged_file_of_reconstructions_is_named(tmp_path):
    run = make_run(tmp_path / "run", n=20, rich=True, models=("basic-vae",))
    file = next((run / "reconstructions").glob("*/*.npz"))
    file.write_bytes(b"PK\x03\x04 cut short")
    with pytest.raises(MusaicError, match=r"seed-0\.npz"):
        write_figures(run)


def test_parameters_are_read_from_words():
    assert parameters("linkage=ward, n_clusters=3 (auto)") == {"linkage": "ward", "n_clusters": "3 (auto)"}
    assert parameters(None) == parameters("") == {}
