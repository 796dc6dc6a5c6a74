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
from musaic.report.reading import Cell, Results, parameters
from musaic.report.reconstructions import SHADES, bands, reconstructions_figure
from musaic.report.scatter import map_figure
from musaic.report.traversals import traversals_figure


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


def decoding(folder: Path, **arrays: np.ndarray) -> tuple[Results, Cell]:
    """Return a run with a model that decodes these frames."""
    results = Results(make_run(folder, n=20, rich=True, models=("basic-vae",)))
    cell = next(cell for cell in results.done if results.decoded_file("reconstructions", cell).is_file())
    for kind in ("reconstructions", "traversals"):
        given = {name: values for name, values in results.decoded(kind, cell).items() if name in ("tracks", "dims")}
        steps = {"steps": np.linspace(-3, 3, 5)} if kind == "traversals" else {}
        own = {name: values for name, values in arrays.items() if name.endswith("values") == (kind == "traversals")}
        np.savez(results.decoded_file(kind, cell), allow_pickle=False, **given, **steps, **own)
    return results, cell


LEVELS = np.array([-400.0, 120.0, 3.0, 0.5]) * np.ones((4, 50, 4))
FRAMES = LEVELS * (1 + 0.2 * np.random.default_rng(0).normal(size=LEVELS.shape))


@pytest.mark.parametrize(
    ("decoded", "told"),
    [
        pytest.param(LEVELS * 1.1, "r = 0.00", id="the same for every song"),
        pytest.param(FRAMES, "r = 1.00", id="the song"),
        pytest.param(0.5 * FRAMES + 9, "r = 1.00", id="the song, fainter and shifted"),
    ],
)
def test_a_correlation_knows_a_collapsed_model_by_what_differs_between_songs(tmp_path, decoded, told):
    results, cell = decoding(tmp_path / "run", **{"mfcc.original": FRAMES, "mfcc.reconstruction": decoded})
    with style():
        figure = reconstructions_figure(results, cell)
    assert [text.get_text() for text in figure.texts].count(told) == 4
    pictures = [axes.images[0] for axes in figure.axes]
    originals = np.concatenate([np.asarray(image.get_array()).T for image in pictures[::2]])
    np.testing.assert_allclose([originals.mean(axis=0), originals.std(axis=0)], [[0] * 4, [1] * 4], atol=1e-9)
    if told == "r = 0.00":
        assert max(np.abs(image.get_array()).max() for image in pictures[1::2]) < 1e-9 * SHADES


def test_traversals_are_told_in_deviations_of_the_songs_bands(tmp_path):
    sd = bands(FRAMES)[1]
    moves = np.linspace(-3, 3, 5)[None, :, None, None] * np.array([0.3, 0.3, 0.0])[:, None, None, None]
    values = LEVELS[0] + moves * sd
    given = {"mfcc.original": FRAMES, "mfcc.reconstruction": FRAMES, "mfcc.values": values}
    results, cell = decoding(tmp_path / "run", **given)
    with style():
        figure = traversals_figure(results, cell)
    pictures = [axes.images[0] for axes in figure.axes]
    ends = [float(np.unique(np.round(np.asarray(pictures[5 * i + 4].get_array()), 9)).item()) for i in range(3)]
    assert ends == pytest.approx([0.9, 0.9, 0.0])
    assert len({pictures[5 * i].get_clim() for i in range(3)}) == 1


def test_bands_that_do_not_vary_and_songs_without_sound():
    mean, sd = bands(np.concatenate([np.ones((2, 5, 3)), np.full((1, 5, 3), np.nan)]))
    np.testing.assert_array_equal([mean, sd], np.ones((2, 3)))
    np.testing.assert_array_equal(bands(np.full((2, 5, 3), np.nan)), [np.zeros(3), np.ones(3)])


@pytest.mark.parametrize("first", ["genre", "language"])
def test_scores_stand_in_the_order_of_what_ranks(tmp_path, first):
    run = make_run(tmp_path / "run", n=30, models=("raw",))
    other = {"genre": "language", "language": "genre"}[first]
    with (run / "experiment.yaml").open("a", encoding="utf-8") as file:
        file.write(f"evaluation: {{rank_by: [{first}, {other}]}}\n")
    with style():
        figure = scores_figure(Results(run))
    assert [text.get_text() for text in figure.texts] == [first, other, "without labels"]


def test_a_colour_bar_stays_clear_of_the_panel_beside_it(run):
    results = Results(run)
    cell = next(cell for cell in results.done if results.histories(cell))
    with style():
        figure = training_figure(results, cell)
        figure.canvas.draw()
    heat = next(axes for axes in figure.axes if axes.get_title(loc="left").startswith("KL per dimension"))
    bars = next(axes for axes in figure.axes if axes.get_title(loc="left").startswith("KL at the end"))
    colorbar = heat.images[0].colorbar.ax
    assert colorbar.get_tightbbox().x1 < bars.get_tightbbox().x0


def test_parameters_are_read_from_words():
    assert parameters("linkage=ward, n_clusters=3 (auto)") == {"linkage": "ward", "n_clusters": "3 (auto)"}
    assert parameters(None) == parameters("") == {}
