"""What a paper must not say: sentences that a run cannot bear, over runs that are odd in one way each."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from fake_run import make_run
from musaic.evaluation.ranking import rank
from musaic.models import parse_config
from musaic.models.registry import MODELS, Entry
from musaic.paper import write_paper
from musaic.paper.facts import Facts
from musaic.paper.sections.tongues import followed
from musaic.paper.works import ARXIV, WORKS
from musaic.report.limits import limits
from musaic.report.reading import Results

ALWAYS = (
    "Everything was computed on one machine",
    "differences that would matter",
    "beyond a linear projection",
    "strongest direction",
    "on a CPU",
    "p_~=~0.000",
    "is above chance on",
)
"""What no run can know."""

LABELS = ("With no label", "no label to hold", "Without labels")
SEEDS = (
    "±",
    "spread between seeds",
    "songs and seeds",
    "between pairs of seeds",
    "means over seeds",
)
VAE = ("variational", "VAE", "posterior", "collapsed")
SUNG = ("Lyrics are", "transcri", "their words")
SOUND = ("Sound is read", "librosa", "s were analysed", "by their sound")

Change = Callable[[Path], None]


def _cells(run: Path, change: Callable[[dict[str, Any]], None]) -> None:
    file = run / "cells.json"
    cells = json.loads(file.read_text("utf-8"))["cells"]
    for cell in cells:
        change(cell)
    file.write_text(json.dumps({"cells": cells}, ensure_ascii=False), "utf-8")


def _board(run: Path, change: Callable[[pd.DataFrame], pd.DataFrame]) -> None:
    rank(change(pd.read_csv(run / "leaderboard.csv"))).to_csv(run / "leaderboard.csv", index=False)


def _leak(run: Path) -> None:
    _board(run, lambda board: board.assign(leaked=True))


def _leak_half(run: Path) -> None:
    """No score on a label that ranks may be believed, those on another one may."""
    _board(
        run,
        lambda board: board.assign(leaked=board["label"] == "genre", label=board["label"].replace("language", "mood")),
    )


def _mood(run: Path) -> None:
    """The only label is scored, but is not one that ranks."""
    _board(run, lambda board: board[board["label"] == "genre"].assign(label="mood"))
    tracks = pd.read_parquet(run / "tracks.parquet")
    tracks = tracks.assign(mood=tracks["genre"], genre=None, language=None)
    tracks.to_parquet(run / "tracks.parquet", index=False)


def _one_seed(run: Path) -> None:
    _cells(run, lambda cell: cell.update(seeds=[0]))

    def alone(board: pd.DataFrame) -> pd.DataFrame:
        spreads = [name for name in board if name.endswith("_sd")]
        return board.assign(seeds=1, stability=np.nan, **dict.fromkeys(spreads, np.nan))

    _board(run, alone)
    vae, pca = "basic-vae-statistics-00000003", "pca-statistics-00000000"
    row = {"input": "statistics", "clustering": "kmeans", "n_clusters": 6.0, "vae": vae, "baseline": pca}
    row |= {"vae_ami": 0.31, "baseline_ami": 0.28, "difference": 0.03, "low": -0.0421, "high": 0.0777, "spread": None}
    (run / "verdict.json").write_text(json.dumps({"sentence": "s", "comparisons": [row]}), "utf-8")


def _no_sound(run: Path) -> None:
    _cells(run, lambda cell: cell.update(modality="lyrics", input=["lyrics"]))
    _features(run)


def _features(run: Path) -> None:
    text = (run / "experiment.yaml").read_text("utf-8")
    asked = "features: {sample_rate: 22050, duration: 5, segments: 1, n_fft: 2048, hop_length: 512}\n"
    (run / "experiment.yaml").write_text(f"{text}{asked}corpus: {{transcripts: [heard.csv]}}\n", "utf-8")


def _no_lyrics(run: Path) -> None:
    tracks = pd.read_parquet(run / "tracks.parquet")
    tracks.assign(lyrics=None, lyrics_source=None).to_parquet(run / "tracks.parquet", index=False)
    _cells(run, lambda cell: cell.update(input=["statistics"]))
    _features(run)


def _autoencoders(run: Path) -> None:
    def plain(cell: dict[str, Any]) -> None:
        if cell["model"] == "basic-vae":
            cell.update(model="autoencoder", config={"model": parse_config({"model": "autoencoder"}).plain()})

    _cells(run, plain)


def _by_chance(run: Path) -> None:
    _board(run, lambda board: board.assign(p_value=0.4))


RUNS: dict[str, tuple[dict[str, Any], Change | None, tuple[str, ...], tuple[str, ...]]] = {
    # what is made, how it is changed, what must not be said, what must
    "all leaked": (
        {"failed": False},
        _leak,
        (*LABELS, "highest AMI", "ranks first"),
        ("No score with genre or language",),
    ),
    "only another label honest": ({}, _leak_half, (*LABELS, "highest AMI"), ("No score with a label that ranks",)),
    "only a mood": ({}, _mood, (*LABELS, "highest AMI"), ("None of these labels (mood) is one that ranks",)),
    "no labels": (
        {"labels": False},
        None,
        ("highest AMI", "_leaked_"),
        ("There is no label to hold clusters against",),
    ),
    "one seed": ({}, _one_seed, SEEDS, ("−0.042", "+0.078")),
    "one cell": ({"models": ("raw",), "failed": False}, None, (*VAE, "of them", "the others"), ("of it",)),
    "only baselines": ({"models": ("raw", "pca")}, None, VAE, ("simple representations",)),
    "only autoencoders": ({"failed": False}, _autoencoders, ("VAE", "variational", "likelihood $p"), ("autoencoders",)),
    "no lyrics": ({}, _no_lyrics, SUNG, ("none has lyrics", "s were analysed")),
    "no sound": ({}, _no_sound, (*SOUND, "transcri"), ("Lyrics",)),
    "by chance": ({}, _by_chance, (), ("No representation is shown to be above chance",)),
}


@pytest.mark.parametrize(("made", "change", "unsaid", "said"), RUNS.values(), ids=RUNS)
def test_a_paper_must_not_say(
    made: dict[str, Any], change: Change | None, unsaid: tuple[str, ...], said: tuple[str, ...], tmp_path: Path
) -> None:
    run = make_run(tmp_path / "run", **{"n": 24, "maps": False, **made})
    if change is not None:
        change(run)
    told = write_paper(run, pdf=False).source.read_text("utf-8").partition("// ====")[2]
    body = told.partition("= Limitations")[0]
    for sentence in (*ALWAYS, "nan", "None."):
        assert sentence not in told
    for sentence in unsaid:
        assert sentence not in body, sentence
    for sentence in said:
        assert sentence in told, sentence


def test_the_interval_of_every_draw_is_told_by_its_widest_ends(tmp_path: Path) -> None:
    run = make_run(tmp_path / "run", n=24, maps=False)
    _one_seed(run)
    prose = write_paper(run, pdf=False).source.read_text("utf-8")
    assert "the interval of the difference reaches from −0.042 to +0.078" in prose
    assert "A VAE beats a baseline where its interval lies above 0." in prose


def test_what_is_learned_follows_the_registry_and_the_configuration(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A model of one's own that is a baseline is no VAE, and is told in its own words."""

    class Factors(MODELS["pca"].config):  # type: ignore[misc, name-defined]
        """Directions that vary together; what each feature keeps to itself is left out."""

    monkeypatch.setitem(MODELS, "factors", Entry(Factors, baseline=True))
    run = make_run(tmp_path / "run", n=20, maps=False, models=("pca",), failed=False)
    _cells(run, lambda cell: cell.update(model="factors"))
    assert Facts(run).learned == []
    prose = write_paper(run, pdf=False).source.read_text("utf-8")
    assert "factors: Directions that vary together; what each feature keeps to itself is left out." in prose
    assert "variational" not in prose
    monkeypatch.setitem(MODELS, "factors", Entry(Factors))
    assert len(Facts(run).learned) == len(Facts(run).done)
    assert Facts(run).vaes == []
    assert "The likelihood" not in write_paper(run, pdf=False).source.read_text("utf-8")


def test_training_is_told_as_it_was(tmp_path: Path) -> None:
    """Few songs are not held out; a mixture begins before the epochs that are counted."""
    run = make_run(tmp_path / "run", n=20, maps=False, models=("basic-vae",), failed=False)
    told = parse_config({"model": "vade", "training": {"schedule": "cosine"}}).plain()
    _cells(run, lambda cell: cell.update(config={"model": {**told, "warmup": 10 * (cell["collapsed"])}}))
    text = write_paper(run, pdf=False).source.read_text("utf-8")
    assert "Of every model the weights with the best bound on held-out songs (10%)" in text
    assert "first goes through 50 epochs as an autoencoder, then 10 epochs in which every song keeps" in text
    assert "falls along a half cosine to 0" in text
    assert "gradients cut to a norm of 5" in text
    assert "In some VAEs the weight of the divergence grows" in text
    for history in run.glob("models/*/*/history.csv"):
        table = pd.read_csv(history)
        held = [name for name in table if name.startswith("val_")]
        table.assign(**dict.fromkeys(held, np.nan)).to_csv(history, index=False)
    text = write_paper(run, pdf=False).source.read_text("utf-8")
    assert "No song was held out: the weights of the last epoch are kept." in text
    assert "best bound on held-out songs" not in text


def test_a_likelihood_of_one_input_is_not_that_of_others(tmp_path: Path) -> None:
    run = make_run(tmp_path / "run", n=20, maps=False, models=("basic-vae",), failed=False)
    given = {"likelihood": {"lyrics": "cosine"}, "scaling": {"lyrics": "none"}}
    told = parse_config({"model": "basic-vae", **given}).plain()
    _cells(run, lambda cell: cell.update(config={"model": told}, input=["lyrics"]))
    assert "The likelihood is a cosine similarity." in write_paper(run, pdf=False).source.read_text("utf-8")


def test_inputs_from_elsewhere_are_named_with_their_papers(tmp_path: Path) -> None:
    run = make_run(tmp_path / "run", n=20, maps=False, models=("pca",), failed=False)
    names = iter((["pretrained:clap", "pretrained:mert"], ["chroma_of_mine"]))
    _cells(run, lambda cell: cell.update(input=next(names)))
    file = run / "environment.json"
    kept = {"pretrained:clap": {"model": "laion/clap-htsat-unfused", "licence": "apache-2.0"}}
    file.write_text(json.dumps({**json.loads(file.read_text("utf-8")), "pretrained": kept}), "utf-8")
    text = write_paper(run, pdf=False).source.read_text("utf-8")
    assert "laion/clap-htsat-unfused @wu2023 and mert @li2024" in text
    assert "Further inputs: chroma\\_of\\_mine." in text


def test_every_pretrained_network_has_its_work() -> None:
    from musaic.features.pretrained.models import MODELS as NETWORKS

    assert {network.paper for network in NETWORKS.values()} <= set(ARXIV)
    assert set(ARXIV.values()) <= set(WORKS)


def test_only_lyrics_that_were_heard_are_transcripts(tmp_path: Path) -> None:
    run = make_run(tmp_path / "run", n=20, maps=False, models=("pca",), failed=False)
    _features(run)
    assert "transcript" not in write_paper(run, pdf=False).source.read_text("utf-8")
    tracks = pd.read_parquet(run / "tracks.parquet")
    tracks.loc[[1, 2, 3], "lyrics_source"] = "transcript"
    tracks.to_parquet(run / "tracks.parquet", index=False)
    assert "The lyrics of 3 songs are transcripts" in write_paper(run, pdf=False).source.read_text("utf-8")


@pytest.mark.parametrize(
    ("genre", "language", "answer"),
    [
        ({"ami": 0.5, "ami_sd": np.nan}, {"ami": 0.1, "ami_sd": np.nan}, "both"),
        ({"ami": 0.5, "ami_sd": 0.01}, {"ami": 0.1, "ami_sd": 0.01}, "genre"),
        ({"ami": 0.1, "ami_sd": 0.01}, {"ami": 0.5, "ami_sd": 0.01}, "language"),
        ({"ami": 0.5, "ami_sd": 0.01}, {"ami": 0.1, "p_value": 0.3}, "genre"),
        ({"ami": 0.02, "p_value": 0.3}, {"ami": 0.01, "p_value": 0.3}, "neither"),
    ],
)
def test_what_clusters_follow(genre: dict[str, float], language: dict[str, float], answer: str, tmp_path: Path) -> None:
    """With one seed and no interval nothing is known of how far a score could have been otherwise."""
    run = make_run(tmp_path / "run", n=20, maps=False, models=("raw",), failed=False)
    board = pd.read_csv(run / "leaderboard.csv").assign(p_value=0.005)
    for label, values in (("genre", genre), ("language", language)):
        for key, value in values.items():
            board.loc[board["label"] == label, key] = value
    rank(board).to_csv(run / "leaderboard.csv", index=False)
    assert followed(Facts(run)) == answer


def test_an_unknown_interval_is_clear_of_nothing(tmp_path: Path) -> None:
    run = make_run(tmp_path / "run", n=24, maps=False)
    board = pd.read_csv(run / "leaderboard.csv")
    board["ami_low"], board["ami_high"] = board["ami"] - 0.001, board["ami"] + 0.001
    board.to_csv(run / "leaderboard.csv", index=False)
    assert "is clear of those of all others" in write_paper(run, pdf=False).source.read_text("utf-8")
    cell = Facts(run).each[-1]["cell"]
    board.loc[board["cell"] == cell, ["ami_low", "ami_high"]] = np.nan
    board.to_csv(run / "leaderboard.csv", index=False)
    text = write_paper(run, pdf=False).source.read_text("utf-8")
    assert "is clear of those" not in text
    assert "overlaps with" not in text


def test_half_of_a_cluster_is_half_of_all_its_songs(tmp_path: Path) -> None:
    run = make_run(tmp_path / "run", n=24, maps=False, failed=False)
    best = Facts(run).best
    assert best is not None
    mixes = [{"label": "genre", "known": 4, "values": [{"value": "rock", "count": 4, "share": 1.0}]}]
    cards = [{"cluster": n, "name": "loud", "size": 10, "mixes": mixes} for n in (0, 1)]
    file = run / "cards" / str(best["cell"]) / f"{best['clustering_id']}.json"
    file.parent.mkdir(parents=True)
    file.write_text(json.dumps({"cards": cards}), "utf-8")
    text = write_paper(run, pdf=False).source.read_text("utf-8")
    assert "share one genre in 0 of the 2 clusters" in text
    assert "rock 40%" in text


def test_fits_that_ran_side_by_side_are_summed_and_said_to_be(tmp_path: Path) -> None:
    run = make_run(tmp_path / "run", n=20, maps=False, models=("pca",), failed=False)
    cells = [cell.name for cell in Facts(run).done]
    times = {cell: {"seed-0": 30.0, "seed-1": 30.0} for cell in cells}
    (run / "timings.json").write_text(json.dumps(times), "utf-8")
    text = write_paper(run, pdf=False).source.read_text("utf-8")
    assert "Fitting took 2 min of wall-clock time, summed over 4 fits, some of which may have run side by side." in text


def test_what_was_not_heard_is_counted_over_all_songs(tmp_path: Path) -> None:
    run = make_run(tmp_path / "run", n=40, maps=False, models=("pca",), failed=False)
    _features(run)
    tracks = pd.read_parquet(run / "tracks.parquet")
    tracks["duration"] = [60.0] * 10 + [np.nan] * 30
    tracks.to_parquet(run / "tracks.parquet", index=False)
    assert "Of 10 of 40 songs only 5 s were analysed" in " ".join(limits(Results(run)))
    _cells(run, lambda cell: cell.update(modality="lyrics"))
    assert "analysed" not in " ".join(limits(Results(run)))


def test_a_grid_is_named_by_its_keys_and_values(tmp_path: Path) -> None:
    run = make_run(tmp_path / "run", n=20, maps=False, models=("basic-vae",), failed=False)
    names = iter(("basic-vae-statistics-beta4-latent_dim16-00000003", "fused-fusionpoe-00000004", "basic-vae-00000005"))
    wanted = iter(("beta4-latent_dim16", "fusionpoe", None))

    def renamed(cell: dict[str, Any]) -> None:
        cell.update(cell=next(names), input=["statistics"])
        cell["config"]["variant"] = next(wanted)

    board = pd.read_csv(run / "leaderboard.csv")
    old = [cell["cell"] for cell in json.loads((run / "cells.json").read_text("utf-8"))["cells"]]
    _cells(run, renamed)
    new = [cell["cell"] for cell in json.loads((run / "cells.json").read_text("utf-8"))["cells"]]
    board.assign(cell=board["cell"].replace(dict(zip(old, new, strict=True)))).to_csv(
        run / "leaderboard.csv", index=False
    )
    facts = Facts(run)
    told = [facts.called(name) for name in new]
    assert told == ["VAE on statistics (beta 4, latent dim 16)", "fused (fusion poe)", "VAE"]
