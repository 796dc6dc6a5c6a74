"""One cell with grids is many, each named by what tells it apart; quick and faithful change what they say."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from musaic.config import to_yaml
from musaic.errors import UsageError
from musaic.experiment import load_experiment
from musaic.experiment.grids import expand
from musaic.experiment.loading import recipes

GRID = {
    "model": "beta-vae",
    "input": {"grid": ["statistics", ["statistics", "lyrics"]]},
    "beta": {"grid": [1, 4]},
    "training": {"epochs": {"grid": [2, 3]}},
}


def test_a_grid_is_every_combination_and_each_has_its_name() -> None:
    experiment = load_experiment({"version": 1, "cells": [GRID, {"model": "pca", "input": "statistics"}]})
    assert len(experiment.cells) == 9
    first = experiment.cells[0]
    assert first.slug == "beta-vae-statistics-beta1-epochs2"
    assert (first.model.beta, first.model.training.epochs) == (1, 2)
    names = [experiment.cell_name(cell) for cell in experiment.cells]
    assert len(set(names)) == 9
    again = load_experiment(yaml.safe_load(to_yaml(experiment.plain())))
    assert [again.cell_name(cell) for cell in again.cells] == names


def test_names_that_are_given_stay_in_the_names_of_a_grid() -> None:
    cell = {"model": "beta-vae", "input": "statistics", "variant": "first", "beta": {"grid": [1, 4]}}
    named = {"model": "pca", "input": "statistics", "name": {"grid": ["one", "two"]}}
    slugs = [cell.slug for cell in load_experiment({"version": 1, "cells": [cell, named]}).cells]
    assert slugs == ["beta-vae-statistics-first-beta1", "beta-vae-statistics-first-beta4", "one", "two"]
    with pytest.raises(UsageError, match="does not say which model"):
        load_experiment({"version": 1, "cells": [{"grid": ["raw", "pca"]}]})


@given(st.lists(st.integers(1, 4), min_size=1, max_size=4))
def test_there_are_as_many_as_the_product_of_the_grids(sizes: list[int]) -> None:
    cell = {f"key{number}": {"grid": list(range(size))} for number, size in enumerate(sizes)}
    found = expand(cell)
    product = 1
    for size in sizes:
        product *= size
    assert len({tuple(sorted((k, v) for k, v in one.items() if k != "variant")) for one in found}) == product
    assert len({one["variant"] for one in found}) == product


@pytest.mark.parametrize("value", [[], 3, {"a": 1}])
def test_a_grid_of_nothing_is_refused(value: object) -> None:
    with pytest.raises(UsageError, match="grid is a list of values"):
        load_experiment({"version": 1, "cells": [{**GRID, "beta": {"grid": value}}]})


def test_phase_and_seeds_of_a_cell_change_no_number_and_no_cell_is_named_twice() -> None:
    plain = {"model": "pca", "input": "statistics"}
    one, other = (
        load_experiment({"version": 1, "seeds": 3, "cells": [cell]})
        for cell in (plain, {**plain, "phase": "audio", "seeds": 2})
    )
    assert one.cell_name(one.cells[0]) == other.cell_name(other.cells[0])
    assert (one.seeds_of(one.cells[0]), other.seeds_of(other.cells[0])) == ((0, 1, 2), (0, 1))
    with pytest.raises(UsageError, match=r"cells 0 and 1 .* are both pca-statistics-"):
        load_experiment({"version": 1, "cells": [plain, {**plain, "seeds": 2}]})
    apart = [{"model": model, "input": f"latents:{model}/z.npz"} for model in ("raw", "pca")]
    with pytest.raises(UsageError, match="same name, folders aside"):
        load_experiment({"version": 1, "cells": apart})


def test_cells_that_quick_makes_equal_are_one() -> None:
    cells = [{"model": "basic-vae", "input": "statistics", "training": {"epochs": epochs}} for epochs in (50, 100)]
    short = load_experiment({"version": 1, "cells": cells}, quick=True)
    assert len(short.cells) == 1
    assert load_experiment(yaml.safe_load(to_yaml(short.plain()))) == short


def test_faithful_applies_the_recipes_own_overrides_and_others_win_over_them() -> None:
    data = {"version": 1, "cells": [GRID], "faithful": {"lyrics.n_components": 7, "seeds": 2}}
    assert load_experiment(data).lyrics.n_components != 7
    found = load_experiment(data, ["seeds=4"], faithful=True)
    assert (found.lyrics.n_components, len(found.seeds)) == (7, 4)
    with pytest.raises(UsageError, match="no 'faithful' overrides"):
        load_experiment({"version": 1, "cells": [GRID]}, faithful=True)


@pytest.mark.parametrize("name", sorted(recipes()))
def test_quick_keeps_every_cell_and_algorithm_and_shortens_the_rest(name: str) -> None:
    whole, short = load_experiment(name), load_experiment(name, quick=True)
    assert short.name == f"{whole.name}-quick"
    assert [cell.slug for cell in short.cells] == [cell.slug for cell in whole.cells]
    assert {one.algorithm for one in short.clusterings} == {one.algorithm for one in whole.clusterings}
    assert len(short.seeds) <= 2
    for cell in short.cells:
        assert getattr(getattr(cell.model, "training", None), "epochs", 0) <= 3
    assert load_experiment(yaml.safe_load(to_yaml(short.plain()))) == short


def test_latents_from_elsewhere_lie_beside_the_experiment_file_and_their_folder_names_nothing(tmp_path: Path) -> None:
    for folder in (tmp_path / "एक", tmp_path / "two"):
        folder.mkdir()
        cells = [{"model": "raw", "input": "latents:given/μ.parquet"}, {"model": "raw", "input": "run:r/one#vae@3"}]
        (folder / "e.yaml").write_text(to_yaml({"version": 1, "cells": cells}), encoding="utf-8")
    one, two = (load_experiment(tmp_path / name / "e.yaml") for name in ("एक", "two"))
    assert one.cells[0].input == (f"latents:{tmp_path / 'एक' / 'given' / 'μ.parquet'}",)
    assert one.cells[1].input == (f"run:{tmp_path / 'एक' / 'r' / 'one'}#vae@3",)
    assert [one.cell_name(cell) for cell in one.cells] == [two.cell_name(cell) for cell in two.cells]
    assert [cell.told for cell in one.cells] == ["latents:μ.parquet", "run:one#vae@3"]
    assert one.cells[0].modality == "latents"
