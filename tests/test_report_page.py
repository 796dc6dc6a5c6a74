from __future__ import annotations

import base64
import hashlib
import json
import re
import shutil
from html.parser import HTMLParser
from pathlib import Path

import pandas as pd
import pytest

from fake_run import HOSTILE, drawn_run, make_run
from musaic.report import draw_report, tables, write_figures, write_report
from musaic.report.limits import limits
from musaic.report.reading import Results
from musaic.report.verdict import comparisons, found
from musaic.report.words import count, duration, name, score, signed, visible


class Page(HTMLParser):
    """What a browser would make of the page: its tags, its links and its text."""

    VOID = frozenset(("meta", "img", "br", "hr", "link"))

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.open: list[str] = []
        self.words: list[str] = []
        self.feed(text)
        self.text = re.sub(r"\s+", " ", "".join(self.words))

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))
        if tag not in self.VOID:
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        if self.open and self.open[-1] not in ("style", "script"):
            self.words.append(data)

    def ids(self) -> list[str]:
        return [attributes["id"] for _, attributes in self.tags if "id" in attributes]


def read(run: Path) -> Page:
    page = Page(write_report(run).read_text("utf-8"))
    assert page.open == []
    return page


@pytest.fixture(scope="module")
def run(tmp_path_factory) -> Path:
    folder = drawn_run(tmp_path_factory.getbasetemp())
    write_cards(folder)
    return folder


def write_cards(folder: Path) -> None:
    """Write cards of the clusters of the best honest row, as the experiment does."""
    results = Results(folder)
    best = results.honest.iloc[0]
    ids = [track for track, audio in results.tracks["audio"].items() if isinstance(audio, str)]
    tempo = {"name": "tempo", "unit": "BPM", "mean": 88.1, "elsewhere": 121.3, "word": "slow"}
    share = {"value": HOSTILE, "count": 3, "share": 0.6, "overall": 0.2, "lift": 3.0, "clear": True}
    card = {
        "cluster": 0, "name": "slow", "size": 5, "share": 0.6, "stability": 0.9, "text": "Slow: 5 songs.",
        "mixes": [{"label": "genre", "values": [share]}],
        "descriptors": [tempo, tempo | {"name": "brightness", "unit": "Hz", "mean": 2000, "word": ""}],
        "terms": [{"term": "شمس", "language": "ar", "clear": True}],
        "medoids": [{"track_id": ids[-1]}], "boundary": [{"track_id": ids[-2], "neighbour": 1}],
    }  # fmt: skip
    other = card | {"cluster": 1, "name": "no clear character", "descriptors": [], "terms": [], "boundary": []}
    file = results.run.cards_file(best["cell"], best["clustering_id"])
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(json.dumps({"cards": [card, other]}), "utf-8")


@pytest.fixture(scope="module")
def page(run) -> Page:
    return read(run)


def test_sections_stand_in_their_order(page):
    sections = [attributes["id"] for tag, attributes in page.tags if tag == "section"]
    assert sections == [
        "verdict", "leaderboard", "map", "cards", "language", "training", "decoded", "files", "configuration", "limits",
    ]  # fmt: skip
    assert "does not beat PCA" in page.text


def test_nothing_can_be_fetched_and_nothing_runs_but_the_scripts_whose_hash_is_named(page, run):
    text = (run / "report.html").read_text("utf-8")
    policy = next(a["content"] for tag, a in page.tags if a.get("http-equiv") == "Content-Security-Policy")
    rules = dict(rule.split(" ", 1) for rule in policy.split("; "))
    style = re.search(r"<style>(.*?)</style>", text, re.DOTALL).group(1)
    scripts = re.findall(r"<script>(.*?)</script>", text, re.DOTALL)
    assert len(scripts) == 2
    assert rules == {
        "default-src": "'none'", "script-src": " ".join(map(source, scripts)), "style-src": source(style),
        "img-src": "data:", "media-src": "file: data: blob:", "base-uri": "'none'", "form-action": "'none'",
    }  # fmt: skip
    assert not {tag for tag, _ in page.tags} & {"link", "iframe", "object", "embed", "form", "base"}
    assert [a for tag, a in page.tags if tag == "script" and a] == [{"id": "musaic-data", "type": "application/json"}]
    for tag, attributes in page.tags:
        assert not [key for key in attributes if key.startswith("on") or key == "style"], tag
        for key in ("src", "href"):
            assert attributes.get(key, "#").startswith(("#", "../music/", "data:image/png;base64,"))
    assert not re.findall(r"url\((?!data:)|@import", style)


def source(text: str) -> str:
    return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"


def test_the_map_has_its_data_in_the_page_and_pictures_where_no_script_runs(page, run):
    assert {"id": "musaic", "data-mode": "report"} in [attributes for _, attributes in page.tags]
    data = re.search(
        r'<script id="musaic-data"[^>]*>(.*?)</script>', (run / "report.html").read_text("utf-8"), re.DOTALL
    )
    (read,) = json.loads(data.group(1))["runs"]
    assert read["n"] == len(pd.read_parquet(run / "tracks.parquet"))
    assert "noscript" in [tag for tag, _ in page.tags]
    assert "The maps as pictures, as they are printed" in page.text


def test_inner_links_lead_somewhere(page):
    targets = {a["href"][1:] for tag, a in page.tags if tag == "a" and a.get("class") != "play"}
    assert targets <= set(page.ids())
    assert len(page.ids()) == len(set(page.ids()))


def test_hostile_names_are_text(page):
    assert HOSTILE in page.text
    images = [a for tag, a in page.tags if tag == "img"]
    assert images
    assert all(a["src"].startswith("data:") and a["alt"] for a in images)


def test_names_are_isolated_and_cannot_turn_the_line(page):
    assert "العربية" in page.text
    assert "\u202e" not in page.text
    assert "⟨U+202E⟩" in page.text
    assert "␊" in page.text


def test_lyrics_that_could_not_be_used_are_listed_with_the_reason(page):
    assert "were found and could not be used" in page.text
    assert "no-words" in page.text
    assert "nothing but <b>emoji</b>" in page.text


def test_of_the_verdict_the_answer_stands_out_and_the_numbers_follow(tmp_path):
    run = make_run(tmp_path / "run", n=30, models=("pca",))
    sentence = "On genre the VAE beats the baselines: with statistics 0.5 <b> of basic-vae: so."
    (run / "verdict.json").write_text(json.dumps({"sentence": sentence}), "utf-8")
    write_report(run)
    text = (run / "report.html").read_text("utf-8")
    numbers = "with statistics 0.5 &lt;b&gt; of basic-vae: so."
    assert (
        f'<p class="verdict">On genre the VAE beats the baselines: <span class="numbers">{numbers}</span></p>' in text
    )


def test_what_was_not_asked_for_is_not_run_yet(tmp_path):
    run = make_run(tmp_path / "run", n=30, models=("pca",))
    cells = json.loads((run / "cells.json").read_text("utf-8"))
    cells["cells"].append({**cells["cells"][0], "cell": "later-00000000", "status": "pending", "reason": None})
    (run / "cells.json").write_text(json.dumps(cells), "utf-8")
    write_report(run)
    assert "not run yet" in read(run).text


def test_doubtful_rows_are_marked_in_words(page):
    assert "leaked: has seen genre" in page.text
    assert "collapsed posterior" in page.text
    assert "covers only 41 % of the songs" in page.text
    assert "chance 0.040" in page.text
    assert "majority 0.210" in page.text
    assert "± 0.013" in page.text


def test_failures_are_told_with_their_reason(page):
    assert "the file is cut short after 3 s" in page.text
    assert "the loss is not finite at epoch 3" in page.text


def test_configuration_and_versions_are_whole(page, run):
    assert "seeds: [0, 1]" in page.text
    assert "2.13.0" in page.text


def test_same_folder_same_bytes(run):
    first = write_report(run).read_bytes()
    assert write_report(run).read_bytes() == first


def test_wall_time_leaves_no_trace(run, tmp_path):
    before = write_report(run).read_bytes()
    board = pd.read_csv(run / "leaderboard.csv")
    board.assign(seconds=99.25).to_csv(run / "leaderboard.csv", index=False)
    assert write_report(run).read_bytes() == before


def test_best_honest_row_decides_which_clusters_are_shown(page):
    assert re.search(r"Of the best honest row: \S+ on statistics", page.text)
    assert re.search(r"What is in the clusters of \S+ on statistics", page.text)


def test_without_labels_that_is_said_and_no_label_column_stands(tmp_path):
    run = make_run(tmp_path / "run", n=30, labels=False, failed=False, verdict=False, models=("pca",))
    write_figures(run)
    page = read(run)
    assert "No song carries a label" in page.text
    assert "PCA is ahead" in page.text
    assert "NMI" not in page.text
    assert "training" not in page.ids()
    assert "language" in page.ids()
    assert "Language" not in page.text


def test_an_unfinished_run_has_a_page(tmp_path):
    run = tmp_path / "run"
    run.mkdir()
    (run / "experiment.yaml").write_text("name: half\n", "utf-8")
    assert write_figures(run) == []
    page = read(run)
    assert "Nothing was scored in this run." in page.text
    assert "no verdict" in page.text


def test_a_page_without_figures_is_whole(tmp_path):
    page = read(make_run(tmp_path / "run", n=20))
    assert "map" in page.ids()
    assert "img" not in [tag for tag, _ in page.tags]
    page = read(make_run(tmp_path / "without-maps", n=20, maps=False))
    assert "map" not in page.ids()
    assert "language" in page.ids()


def test_heavy_figures_stay_outside_and_that_is_said(run, monkeypatch):
    monkeypatch.setattr("musaic.report.page.MOST_PICTURES", 300_000)
    text = read(run).text
    assert "further figures stay in the folder figures/" in text


def test_the_page_is_as_heavy_as_it_may_be_and_no_heavier(run, tmp_path, monkeypatch):
    bare = len(write_report(run, out=tmp_path / "bare.html").read_bytes())
    most = bare * 3 // 4
    monkeypatch.setattr("musaic.report.page.MOST_BYTES", most)
    monkeypatch.setattr("musaic.report.page.FRAMES", 20_000)
    page = write_report(run, out=tmp_path / "light.html").read_bytes()
    assert most * 0.6 < len(page) <= most
    assert b"further figures" in page


def test_a_card_says_what_sets_a_cluster_apart_and_names_songs_to_play(page):
    assert "2000 Hz" not in page.text  # what has no word is not said
    assert "slow tempo 88 BPM, elsewhere 121" in page.text
    assert "Sung here: شمس" in page.text
    assert re.search(r"In the middle .*At the edge .* towards 1", page.text)
    links = [a for tag, a in page.tags if tag == "a" and a.get("class") == "play"]
    assert links
    assert all(a["href"].startswith("../music/") and "#t=" in a["href"] and a["href"].isascii() for a in links)


@pytest.mark.parametrize(
    ("genre", "language", "answer"),
    [
        ({"ami": 0.5, "ami_sd": 0.02}, {"ami": 0.1, "ami_sd": 0.02}, "Genre more than language. AMI 0.50 with genre"),
        ({"ami": 0.1, "ami_sd": 0.02}, {"ami": 0.5, "ami_sd": 0.02}, "Language more than genre"),
        ({"ami": 0.3, "ami_sd": 0.1}, {"ami": 0.2, "ami_sd": 0.1}, "neither clearly more"),
        (
            {"ami": 0.3, "ami_sd": 0.1},
            {"ami": 0.01, "p_value": 0.4},
            "Genre was found; clusters follow language no more than chance would.",
        ),
        ({"ami": 0.0, "p_value": 0.6}, {"ami": 0.01, "p_value": 0.4}, "Neither was found"),
        ({"ami": 0.3}, {"ami": 0.9, "leaked": True}, "The model was given language"),
        (
            {"ami": 0.3},
            None,
            "Clusters follow genre more than chance would. AMI 0.30 with genre. Nothing is known here",
        ),
    ],
)
def test_whether_language_or_genre_was_found_is_said_with_its_doubt(tmp_path, genre, language, answer):
    (tmp_path / "experiment.yaml").write_text("name: x\n", "utf-8")
    rows = [{"label": name, **row} for name, row in (("genre", genre), ("language", language)) if row]
    best = {"cell": "c", "clustering": "kmeans"}
    pd.DataFrame([best | row for row in rows]).to_csv(tmp_path / "leaderboard.csv", index=False)
    assert answer in " ".join(found(Results(tmp_path), best))


def test_comparisons_are_drawn_on_one_scale_with_no_difference_marked(tmp_path):
    run = make_run(tmp_path / "run", n=20, models=("pca",), maps=False)
    row = {"input": "mel", "clustering": "kmeans", "n_clusters": 6, "vae": "<b>", "baseline": "pca", "spread": 0.01}
    row |= {"vae_ami": 0.5, "baseline_ami": 0.4, "beats": True}
    rows = [
        row | {"difference": 0.1, "low": 0.05, "high": 0.15},
        row | {"difference": -0.1, "low": -0.2, "high": -0.01},
    ]
    rows[1]["beats"] = False
    (run / "verdict.json").write_text(json.dumps({"sentence": "So: yes.", "comparisons": rows}), "utf-8")
    ahead, behind = comparisons(Results(run))
    assert ahead["zero"] == behind["zero"] > behind["to"]
    assert 0 < behind["from"] < behind["at"] < behind["to"] < ahead["from"] < ahead["at"] < ahead["to"] < 100
    assert (ahead["outcome"], behind["outcome"]) == ("the VAE is ahead", "the baseline is ahead")
    text = read(run).text
    assert "+0.100" in text
    assert "−0.200 to −0.010" in text


def test_what_the_run_cannot_say_follows_from_what_it_is(page, tmp_path):
    assert "40 songs are few" in page.text
    assert "With 2 seeds, ± is hardly more than a guess" in page.text
    assert "1 representation of this experiment is not there" in page.text
    unlabelled = make_run(tmp_path / "run", n=400, labels=False, failed=False, models=("pca",), maps=False)
    told = " ".join(limits(Results(unlabelled)))
    assert "are few" not in told
    assert "not there" not in told


def test_numbers_as_people_write_them():
    assert score(-0.1234) == "−0.123"
    assert score(-0.00001) == "0.000"
    assert score(float("nan")) == "–"
    assert score(None) == "–"
    assert count(1234567) == "1\u202f234\u202f567"
    assert duration(45) == "45 s"
    assert duration(3 * 3600 + 60) == "3 h 1 min"


def test_negative_numbers_in_a_sentence_have_true_minus_signs_and_names_keep_their_hyphens():
    told = "beta-vae -0.075 [-0.283, +0.157] (-.5) with conv-1d, k-means-3"
    assert signed(told) == "beta-vae −0.075 [−0.283, +0.157] (−.5) with conv-1d, k-means-3"


def test_the_interval_of_ami_stands_in_the_leaderboard(page, run):
    row = next(row for row in pd.read_csv(run / "leaderboard.csv").to_dict("records") if row["rank"] == 1)
    assert f"{score(row['ami_low'])} to {score(row['ami_high'])}" in page.text


def test_the_space_that_was_clustered_is_named_where_it_is_not_the_latent_one(run, tmp_path):
    folder = shutil.copytree(run, tmp_path / "spaces")
    table = pd.read_csv(folder / "leaderboard.csv", keep_default_na=False)
    table["space"] = "umap10"
    table.to_csv(folder / "leaderboard.csv", index=False)
    lines = tables.leaderboard(Results(folder))["groups"]
    assert all(line["head"]["params"].endswith("in umap10") for line in lines)
    assert not any("in latent" in line["head"]["params"] for line in tables.leaderboard(Results(run))["groups"])


def test_a_row_without_a_rank_says_why_though_nothing_is_wrong_with_it(page, run):
    board = pd.read_csv(run / "leaderboard.csv")
    assert (board["rank"].isna() & board["remarks"].isna()).any()
    # Once beside the clustering, and in the table of every column.
    assert page.text.count("not ranked: no honest score on genre") > 1


def test_whoever_draws_a_report_says_how_many_processes_draw(tmp_path, monkeypatch):
    run = make_run(tmp_path / "run", n=20, models=("raw",))
    asked = []
    for work in ("write_figures", "write_sounds"):
        monkeypatch.setattr(f"musaic.report.draw.{work}", lambda folder, **given: asked.append(given["workers"]))
    assert draw_report(run, workers=3) == run / "report.html"
    assert asked == [3, 3]


def test_names_are_escaped_once():
    assert name("<b>&\n") == "<bdi>&lt;b&gt;&amp;␊</bdi>"
    assert visible("a\nb", lines=True) == "a\nb"
