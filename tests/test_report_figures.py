from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from fake_run import drawn_run, make_run
from musaic.errors import UsageError
from musaic.report import write_figures
from musaic.report.curves import training_figure
from musaic.report.figures import plan
from musaic.report.heat import cross_table
from musaic.report.plotting import save, style
from musaic.report.reading import Results
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
    done = [cell.name for cell in Results(run).cells if cell.done]
    assert {"grid.png", "scores.png"} <= found
    assert {f"map-{cell}-umap.png" for cell in done} <= found
    assert [name for name in found if name.startswith("map-raw") and name.endswith("-tsne.png")]
    assert {f"clusters-{cell}.png" for cell in done} <= found
    assert {name for name in found if name.startswith("training-")} == {
        f"training-{cell}.png" for cell in done if cell.startswith("basic-vae")
    }
    assert {path.parent for path in drawn} == {run / "figures"}


def test_figures_hold_no_date_and_no_software(drawn):
    for path in drawn:
        assert not set(Image.open(path).info) - {"dpi", "transparency"}


def test_same_run_same_bytes_and_pyplot_stays_out(run, tmp_path):
    results = Results(run)
    there = [item for item in plan(results) if (run / "figures" / item.file).is_file()]
    first_of_kind = {item.kind: item for item in reversed(there)}
    with style(results.texts()):
        for kind, item in first_of_kind.items():
            again = save(item.draw(), tmp_path / item.file, few_colors=kind in ("grid", "map"))
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
    assert "grid.png" in names(write_figures(make_run(tmp_path / "run", n=n, models=("raw",))))


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
    found = names(write_figures(run))
    assert not [name for name in found if name.startswith(("map-", "grid", "scores"))]
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
    assert "grid.png" in names(write_figures(run))
