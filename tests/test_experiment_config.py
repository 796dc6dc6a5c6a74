"""An experiment file means one thing, or is refused in one sentence."""

from __future__ import annotations

import pytest
import yaml

from musaic.config import to_yaml
from musaic.errors import UsageError
from musaic.experiment.checks import settle_labels
from musaic.experiment.config import Experiment
from musaic.experiment.loading import load_experiment, recipes

SMALL = {"version": 1, "cells": [{"model": "pca", "input": "statistics"}]}


@pytest.mark.parametrize("name", sorted(recipes()))
def test_a_shipped_experiment_survives_the_round_trip(name: str) -> None:
    experiment = load_experiment(name)
    again = load_experiment(yaml.safe_load(to_yaml(experiment.plain())))
    assert again == experiment
    assert [again.cell_name(cell) for cell in again.cells] == [experiment.cell_name(cell) for cell in experiment.cells]


@pytest.mark.parametrize("name", sorted(recipes()))
def test_a_shipped_experiment_explains_itself(name: str) -> None:
    assert recipes()[name].startswith("# ")


def test_cells_are_named_by_what_decides_their_numbers() -> None:
    plain = load_experiment(SMALL)
    name = plain.cell_name(plain.cells[0])
    assert name.startswith("pca-statistics-")
    assert len(name) == len("pca-statistics-") + 8
    for override in ("cells.0.n_components=3", "features.duration=10", "cells.0.input=[statistics, lyrics]"):
        other = load_experiment(SMALL, [override])
        assert other.cell_name(other.cells[0]) != name, override
    for override in (
        "seeds=2",
        "name=x",
        "corpus.path=elsewhere",
        "evaluation.permutations=10",
        "lyrics.n_components=3",
    ):
        other = load_experiment(SMALL, [override])
        assert other.cell_name(other.cells[0]) == name, override


def test_texts_are_inputs_with_an_encoder_of_their_own() -> None:
    model = "sentence-transformers:sentence-transformers/LaBSE"
    cells = [
        {"model": "pca", "input": "lyrics", "without": "language"},
        {"model": "pca", "input": ["statistics", f"lyrics:{model}"], "without": {f"lyrics:{model}": "language"}},
        {"model": "raw", "input": ["mfcc_moments", "descriptions"]},
        {"model": "raw", "input": "lyrics", "without": "language", "removal": "erase"},
    ]
    experiment = load_experiment({"version": 1, "cells": cells})
    slugs = ["pca-lyrics-without-language", "pca-statistics+lyrics-sentence-transformers-LaBSE-without-language"]
    assert [cell.slug for cell in experiment.cells[:2]] == slugs
    assert experiment.cells[3].slug == "raw-lyrics-without-language-erased"
    assert [cell.modality for cell in experiment.cells] == ["lyrics", "audio+lyrics", "audio+descriptions", "lyrics"]
    assert experiment.cells[1].model.labels == ("language",)
    before = experiment.cell_name(experiment.cells[0])
    other = load_experiment({"version": 1, "cells": cells}, ["lyrics.n_components=3"])
    assert other.cell_name(other.cells[0]) != before
    refused = {
        "cells.0.input=lirics": "did you mean 'lyrics'",
        "cells.0.input=lyrics:tfidff": "did you mean 'tfidf'",
        "cells.0.input=lyrics:sentence-transformers": "does not say which model",
        "lyrics.encoder=word2vec": "unknown encoder 'word2vec'",
        "cells.1.without={lyrics: language}": "unknown input in without",
        "cells.0.removal=subtract": "removal",
    }
    for override, words in refused.items():
        with pytest.raises(UsageError, match=words):
            load_experiment({"version": 1, "cells": cells}, [override])


def test_what_the_cells_are_given_is_measured_whether_or_not_it_was_asked_for() -> None:
    cells = [
        {"model": "conv1d-vae", "input": "mfcc"},
        {"model": "pca", "input": "descriptions"},
        {"model": "raw", "input": ["statistics", "label:عربي"]},
    ]
    experiment = load_experiment({"version": 1, "features": {"names": ["log_mel"]}, "cells": cells})
    assert experiment.features.names == ("log_mel", "mfcc", "statistics", "descriptors")
    assert [cell.labels_given for cell in experiment.cells] == [(), (), ("عربي",)]
    assert experiment.cells[2].modality == "audio+label"
    alone = load_experiment({"version": 1, "features": {"names": ["mfcc"]}, "cells": cells[:1]})
    assert alone.cell_name(alone.cells[0]) == experiment.cell_name(experiment.cells[0])


def test_seeds_are_a_number_or_a_list() -> None:
    assert load_experiment(SMALL, ["seeds=3"]).seeds == (0, 1, 2)
    assert load_experiment(SMALL, ["seeds=[7, 5]"]).seeds == (7, 5)


def test_overrides_do_not_reach_the_original() -> None:
    data = {"version": 1, "cells": [{"model": "pca", "input": "statistics"}]}
    load_experiment(data, ["cells.0.n_components=3", "features.duration=5"])
    assert data == {"version": 1, "cells": [{"model": "pca", "input": "statistics"}]}


@pytest.mark.parametrize(
    ("overrides", "named"),
    [
        (["corpsu.n=3"], ["corpsu", "'corpus'"]),
        (["features.durration=3"], ["features.durration", "'duration'"]),
        (["cells.0.n_component=3"], ["n_component", "'n_components'"]),
        (["cells.0.model=pac"], ["'pac'", "'pca'"]),
        (["cells.4.model=pca"], ["cells.4", "0 to 0"]),
        (["seeds=0"], ["seeds", "0"]),
        (["seeds=[1, 1]"], ["seeds", "[1, 1]"]),
        (["seeds"], ["key=value", "'seeds'"]),
        (["clusterings=[{algorithm: kmean}]"], ["'kmean'", "'kmeans'"]),
        (["clusterings=[{algorithm: kmeans, n_clusters: -1}]"], ["n_clusters", "-1"]),
        (["clusterings=3"], ["clusterings", "3"]),
        (["cells=[]"], ["cells"]),
        (["cells=[3]"], ["a cell is a mapping", "3"]),
        (["version=2"], ["version", "2"]),
        (["compute.device=tpu"], ["compute.device", "'tpu'"]),
        (["name={}"], ["name"]),
        (["cells.0={model: basic-vae, input: [statistics], fusion: {kind: late, as_is: [lyric]}}"], ["as_is 'lyric'"]),
        (["cells.0={model: basic-vae, input: [statistics], prior: {n_clusters: 3}}"], ["prior", "'kind'", "mixture"]),
        (["cells.0={model: basic-vae, input: [statistics], penalties: {weight: 3}}"], ["penalty", "'kind'", "free-"]),
        (["x=[1"], ["x=[1", "YAML"]),
    ],
)
def test_what_is_wrong_is_one_sentence(overrides: list[str], named: list[str]) -> None:
    with pytest.raises(UsageError) as caught:
        load_experiment(SMALL, overrides)
    message = str(caught.value)
    assert "\n" not in message
    for word in named:
        assert word in message


def test_an_experiment_that_is_not_there_names_the_nearest() -> None:
    with pytest.raises(UsageError, match="did you mean 'default'"):
        load_experiment("defualt")


def test_an_experiment_is_frozen() -> None:
    experiment = Experiment.parse(SMALL)
    with pytest.raises(Exception, match="frozen"):
        experiment.seeds = (1,)  # type: ignore[misc]


def test_all_labels_are_those_of_the_corpus() -> None:
    for asked, there, settled in (
        ("all", ("language", "genre", "mood", "লয়"), ("language", "genre", "mood", "লয়")),
        (["language+genre", "all"], ("language", "genre"), ("language+genre", "language", "genre")),
        (["genre"], ("language", "genre"), ("genre",)),
        ("all", (), ()),
    ):
        experiment = load_experiment({**SMALL, "evaluation": {"labels": asked}})
        assert settle_labels(experiment, there).evaluation.labels == settled
