"""The five recipes: each holds what the system that it follows has, and says in the documentation what it has."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from musaic.experiment.checks import matches
from musaic.experiment.config import CellConfig, Experiment
from musaic.experiment.loading import load_experiment, recipes
from musaic.experiment.modalities import label_input
from musaic.models.registry import MODELS
from musaic.report.figures import KINDS
from songs import write_tree

NAMES = sorted(set(recipes()) - {"default"})
DOCUMENT = (Path(__file__).parent.parent / "docs" / "references.md").read_text(encoding="utf-8")

PHASES = {
    "multilingual": ["baselines", "audio", "conditional", "clustering", "multimodal"],
    "bangla-english": ["easy", "medium", "hard"],
    "audio-lyrics-genre": ["easy", "medium", "hard"],
    "mfcc-lyrics-hybrid": ["baselines", "audio", "lyrics", "multimodal"],
    "lyrics-speech": ["easy", "medium", "hard"],
}
INPUTS = {
    "multilingual": {"statistics", "log_mel", "mfcc", "lyrics"},
    "bangla-english": {"mfcc_moments", "mfcc", "descriptions"},
    "audio-lyrics-genre": {"mfcc_moments", "log_mel", "lyrics", "label:genre"},
    "mfcc-lyrics-hybrid": {"mfcc", "lyrics"},
    "lyrics-speech": {"mfcc_moments", "lyrics"},
}
MODELS_OF = {
    "multilingual": {
        *("raw", "pca", "autoencoder", "basic-vae", "conv2d-vae", "deep-conv-vae", "beta-vae", "cvae", "vade"),
        "multimodal-vae",
    },
    "bangla-english": {"raw", "pca", "basic-vae", "conv1d-vae", "cvae", "beta-vae"},
    "audio-lyrics-genre": {"raw", "pca", "autoencoder", "basic-vae", "conv2d-vae"},
    "mfcc-lyrics-hybrid": {"pca", "conv2d-vae", "basic-vae"},
    "lyrics-speech": {"pca", "basic-vae", "multimodal-vae", "beta-vae"},
}
ALGORITHMS = {
    "multilingual": {"kmeans", "agglomerative", "dbscan", "gmm", "vade"},
    "bangla-english": {"kmeans", "agglomerative", "dbscan", "spectral"},
    "audio-lyrics-genre": {"kmeans", "agglomerative", "dbscan", "spectral"},
    "mfcc-lyrics-hybrid": {"kmeans", "agglomerative", "dbscan"},
    "lyrics-speech": {"kmeans"},
}
TOLD = {
    "multilingual": {"cvae-conditionlanguage": {"language"}, "cvae-conditiongenre": {"genre"}},
    "bangla-english": {"cvae-conditionlanguage": {"language"}, "cvae-conditiongenre": {"genre"}},
    "audio-lyrics-genre": {"conv-vae-lyrics-genre": {"genre"}},
}
"""Cells that are told a label, or given one as an input; no other is."""


def cells(experiment: Experiment) -> dict[str, CellConfig]:
    return {cell.slug: cell for cell in experiment.cells}


def asked(experiment: Experiment, algorithm: str, cell: str) -> list[dict[str, object]]:
    """Return every clustering of a cell by an algorithm, one value a parameter."""
    return [
        one.plain()
        for config in experiment.clusterings
        for one in config.expand()
        if one.algorithm == algorithm and matches(cell, cell, one.cells)
    ]


@pytest.mark.parametrize("name", NAMES)
def test_it_has_the_phases_inputs_models_and_algorithms_of_its_reference(name: str) -> None:
    experiment = load_experiment(name)
    assert list(dict.fromkeys(cell.phase for cell in experiment.cells)) == PHASES[name]
    assert INPUTS[name] <= {given for cell in experiment.cells for given in cell.input}
    assert MODELS_OF[name] <= {cell.model.model for cell in experiment.cells}
    assert ALGORITHMS[name] <= {config.algorithm for config in experiment.clusterings}
    assert len(experiment.seeds) == 5


@pytest.mark.parametrize("name", NAMES)
def test_every_glob_names_a_cell_and_every_cell_is_clustered(name: str) -> None:
    experiment = load_experiment(name)
    there = [cell.slug for cell in experiment.cells]
    globs = {glob for config in experiment.clusterings for glob in config.cells}
    globs |= set(experiment.evaluation.leave_out.cells if experiment.evaluation.leave_out else ())
    for glob in globs:
        assert any(matches(slug, slug, [glob]) for slug in there), glob
    for slug in there:
        assert asked(experiment, "kmeans", slug), slug


@pytest.mark.parametrize("name", NAMES)
def test_every_learned_space_has_a_baseline_of_the_same_input(name: str) -> None:
    experiment = load_experiment(name)
    held_against = {
        (cell.input, tuple(sorted(cell.model.without.items())))
        for cell in experiment.cells
        if MODELS[cell.model.model].baseline
    }
    for cell in experiment.cells:
        seen = tuple(given for given in cell.input if not label_input(given))
        assert (seen, tuple(sorted(cell.model.without.items()))) in held_against, cell.slug


@pytest.mark.parametrize("name", NAMES)
def test_labels_are_told_only_where_the_recipe_says_so_and_scored_wherever_it_ranks(name: str) -> None:
    experiment = load_experiment(name)
    told = {
        cell.slug: {*getattr(cell.model, "condition", ()), *cell.labels_given}
        for cell in experiment.cells
        if {*getattr(cell.model, "condition", ()), *cell.labels_given}
    }
    assert told == TOLD.get(name, {})
    assert set(experiment.evaluation.rank_by) <= set(experiment.evaluation.labels)


@pytest.mark.parametrize("name", NAMES)
def test_faithful_takes_the_sentence_encoder_and_changes_nothing_that_is_not_named(name: str) -> None:
    plain, faithful = load_experiment(name), load_experiment(name, faithful=True)
    assert faithful.lyrics.encoder.startswith("sentence-transformers:")
    assert [cell.slug for cell in faithful.cells] == [cell.slug for cell in plain.cells]
    changed = [a.slug for a, b in zip(plain.cells, faithful.cells, strict=True) if a != b]
    assert changed == (["audio", "hybrid", "joint"] if name == "mfcc-lyrics-hybrid" else [])
    assert {cells(faithful)[slug].model.plain()["crop"] for slug in changed} <= {1292}
    kept = {"lyrics", "cells"}
    assert faithful.model_dump(exclude=kept) == plain.model_dump(exclude=kept)


def test_multilingual_has_every_number_of_clusters_and_every_fusion() -> None:
    experiment = load_experiment("multilingual")
    for algorithm in ("kmeans", "agglomerative", "gmm"):
        for slug in ("conv-vae", "beta-vae", "pca-statistics"):
            numbers = {one["n_clusters"] for one in asked(experiment, algorithm, slug)}
            assert numbers >= {5, 10, 15, 20, 30, 45, 50}, (algorithm, slug)
    joined = {cell.model.fusion.kind for cell in experiment.cells if cell.model.model == "multimodal-vae"}
    assert joined >= {"early", "late", "attention", "weighted"}
    learned = [cell for cell in experiment.cells if not MODELS[cell.model.model].baseline]
    assert {cell.model.latent_dim for cell in learned} == {128}
    assert cells(experiment)["vade"].model.prior.n_clusters == 50
    assert "language" in {experiment.evaluation.leave_out.label, *experiment.evaluation.probes}


def test_bangla_english_is_balanced_and_hears_three_seconds() -> None:
    experiment = load_experiment("bangla-english")
    assert (experiment.corpus.balance, experiment.corpus.n) == ("language", 1000)
    assert set(experiment.corpus.where["language"]) == {"english", "bangla"}
    assert (experiment.features.duration, experiment.features.n_mfcc, experiment.features.sample_rate) == (3, 13, 22050)
    told = cells(experiment)["cvae-conditiongenre"].model
    assert (told.beta, told.latent_dim) == (4, 16)
    spaces = {one["space"]["kind"] for one in asked(experiment, "dbscan", "raw-mfcc_moments")}
    assert spaces == {"latent", "umap"}


def test_audio_lyrics_genre_has_its_numbers_and_the_autoencoder_differs_in_beta_and_warmup_alone() -> None:
    found = cells(load_experiment("audio-lyrics-genre"))
    vae, autoencoder = found["conv-vae-beta0.1"].model, found["ae"].model
    assert (vae.beta, vae.latent_dim, vae.warmup, vae.training.epochs) == (0.1, 16, 100, 400)
    assert (autoencoder.beta, autoencoder.warmup) == (0, 0)
    differ = {key for key, value in vae.plain().items() if autoencoder.plain()[key] != value}
    assert differ == {"model", "beta", "warmup"}
    given = found["conv-vae-lyrics-genre"].model.fusion
    assert set(given.as_is) == {"lyrics", "label:genre"}
    assert given.weights["label:genre"] == 1.0


def test_mfcc_lyrics_hybrid_has_its_sizes_and_every_eps() -> None:
    experiment = load_experiment("mfcc-lyrics-hybrid")
    found = cells(experiment)
    assert (experiment.features.n_mfcc, experiment.features.duration, experiment.lyrics.n_components) == (20, 30, 384)
    assert found["audio"].model.network.filters == (32, 64, 128)
    assert found["lyrics"].model.network.widths == (256, 128)
    assert [found[slug].model.latent_dim for slug in ("audio", "lyrics", "hybrid", "joint")] == [32, 32, 32, 64]
    assert found["hybrid"].model.fusion.kind == "late"
    assert found["joint"].model.fusion.joint == (64,)
    assert found["pca-mfcc"].model.n_components == 64
    assert {one["eps"] for one in asked(experiment, "dbscan", "hybrid")} >= {2.0, 2.5, 3.0, 4.0}
    assert 10 in {one["n_clusters"] for one in asked(experiment, "kmeans", "audio")}
    assert 10 in {one["n_clusters"] for one in asked(experiment, "agglomerative", "hybrid")}
    assert experiment.outputs.zip


def _section(name: str) -> str:
    return DOCUMENT.split(f"\n## `{name}`\n")[1].split("\n## ")[0]


@pytest.mark.parametrize("name", NAMES)
def test_the_documentation_names_phases_and_cells_that_are_there(name: str) -> None:
    experiment = load_experiment(name)
    row = next(line for line in DOCUMENT.splitlines() if line.startswith(f"| `{name}` |"))
    assert re.findall(r"`([^`]+)`", row)[1:] == PHASES[name]
    text = _section(name)
    for phase in re.findall(r"--phase ([\w-]+)", text):
        assert phase in PHASES[name]
    there = [cell.slug for cell in experiment.cells]
    for glob in re.findall(r"--only '?([\w*-]+)", text):
        assert any(matches(slug, slug, [glob]) for slug in there), glob
    for folder, slug in re.findall(r"`(embeddings|clusters)/([\w.-]+)-…/`", text):
        assert slug in there, f"{folder}/{slug}"


def test_the_documentation_names_figures_that_are_drawn() -> None:
    named = set(re.findall(r"figures/([a-z]+)[-.]", DOCUMENT))
    assert named
    assert named <= set(KINDS)


@pytest.mark.slow
@pytest.mark.long
@pytest.mark.parametrize("name", NAMES)
def test_it_runs_from_one_end_to_the_other(name: str, tmp_path: Path) -> None:
    from musaic.experiment.runner import run

    own = {"bangla-english": ["corpus.where.language=[bangla, hindi]", "features.offset=0"]}
    small = ["figures.maps=[]", "features.duration=1.5", "seeds=1", "evaluation.permutations=5", *own.get(name, [])]
    if name == "multilingual":
        small.append("evaluation.leave_out.cells=[beta-vae]")
    done = run(
        load_experiment(name, small, quick=True),
        corpus=write_tree(tmp_path / "songs"),
        out=tmp_path / "run",
        cache=tmp_path / "cache",
        workers=0,
    )
    assert [(cell["cell"], cell["reason"]) for cell in done.cells if cell["status"] != "done"] == []
    assert set(done.leaderboard["cell"]) == {cell["cell"] for cell in done.cells}
