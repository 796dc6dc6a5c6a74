"""The paper of a run: it compiles whatever the run is, and says what the run's files say of rows to be believed."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
from functools import cache
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import typst

from fake_run import HOSTILE, make_run
from musaic.cli import invoke
from musaic.errors import MusaicError, UsageError
from musaic.evaluation.ranking import rank
from musaic.paper import compile_paper, write_paper
from musaic.paper.facts import Facts
from musaic.paper.markup import cited
from musaic.paper.works import WORKS, bibtex
from musaic.paper.write import stamped
from musaic.report.reading import doubts
from musaic.report.words import score

CONFIG = {
    "model": "beta-vae",
    "network": {"kind": "mlp", "widths": [64, 32]},
    "latent_dim": 16,
    "beta": 4.0,
    "warmup": 30,
    "prior": {"kind": "mixture", "n_clusters": 7},
    "condition": ["language"],
    "fusion": {"kind": "poe"},
    "penalties": [{"kind": "independence", "label": "language", "method": "hsic", "weight": 30.0}],
    "likelihood": "normal",
    "variance": "dimension",
    "input_noise": 1.0,
    "without": {"lyrics": "language"},
    "training": {"epochs": 60, "batch_size": 64, "learning_rate": 1e-3, "held_out": 0.1, "patience": 60},
}


@cache
def _whole(base: Path) -> Path:
    """Make a run with everything a paper can speak of, and its paper; once for all tests that only read it."""
    run = make_run(base / "whole", n=40, hostile=True, rich=True)
    cells = json.loads((run / "cells.json").read_text("utf-8"))["cells"]
    for cell in cells:
        if cell["model"] == "basic-vae":
            cell["config"] = {"model": CONFIG}
    _json(run / "cells.json", {"cells": cells})
    vae, pca = (next(c["cell"] for c in cells if c["model"] == model) for model in ("basic-vae", "pca"))
    comparison = {
        **{"input": "statistics", "clustering": "kmeans", "n_clusters": 6.0, "vae": vae, "baseline": pca},
        **{"vae_ami": 0.3123, "baseline_ami": 0.2876, "difference": 0.0247, "low": 0.0101, "high": 0.0391},
        **{"spread": 0.0412, "beats": False},
    }
    other = {**comparison, "input": "lyrics", "difference": 0.0734, "low": 0.0311, "high": 0.1203, "beats": True}
    _json(run / "verdict.json", {"sentence": "s", "comparisons": [comparison, other, {**other, "input": "mfcc"}]})
    asked = {"across_5": 0.61, "across_5_chance": 0.14, "across_5_p": 0.01, "across_queries": 33}
    asked |= {"genre_ami_within": 0.41, "genre_ami": 0.45, "language_nmi": 0.03}
    asked |= {"genre_ami:العربية": 0.51, "genre_ami:বাংলা": 0.32}
    rows = [{"cell": c["cell"], "clustering": "latent-kmeans-0a2b3c4d", **asked} for c in cells if c["clusterings"]]
    pd.DataFrame(rows).to_csv(run / "language.csv", index=False)
    left_out = {"cell": pca, "label": "language", "left_out": "العربية", "target": "genre", "n": 12}
    scored = {"linear_accuracy": 0.52, "majority": 0.31, "cluster_ami": 0.2, "leaked": False}
    pd.DataFrame([left_out | scored]).to_csv(run / "transfer.csv", index=False)
    best = Facts(run).best
    assert best is not None
    values = [{"value": HOSTILE, "count": 12}, {"value": "رومانسي $x$", "count": 4}]
    terms = [{"term": term, "clear": True} for term in ("ভালোবাসা", "حب", "#let x = 1")]
    card = {"cluster": 0, "name": "busy · “صدري”, “ضجيج”", "size": 21, "stability": 0.5}
    cards = [
        {**card, "mixes": [{"label": "genre", "values": values}], "terms": terms},
        {**card, "cluster": 1, "size": 9},
    ]
    path = run / "cards" / str(best["cell"]) / f"{best['clustering_id']}.json"
    path.parent.mkdir(parents=True)
    _json(path, {"cards": cards})
    write_paper(run, authors=["Ada #1", "بدر"])
    return run


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return _whole(tmp_path_factory.getbasetemp())


def _json(path: Path, data: object) -> None:
    path.write_text(json.dumps(data, ensure_ascii=False), "utf-8")


def _body(run: Path) -> str:
    """Return the text of a paper, below its preamble, with plain spaces."""
    text = (run / "paper" / "paper.typ").read_text("utf-8").partition("// ====")[2]
    return text.replace("\u00a0", " ").replace("~", " ")


def _prose(run: Path) -> str:
    """Return the paragraphs alone: no tables, no figures."""
    blocks = _body(run).split("\n\n")
    return "\n\n".join(block for block in blocks if not block.startswith(("#figure", "#bibliography")))


def test_the_best_row_is_told_as_the_leaderboard_has_it(whole: Path) -> None:
    board = pd.read_csv(whole / "leaderboard.csv")
    row = board[(board["rank"] == 1) & (board["label"] == "genre")].iloc[0]
    told = re.search(
        r"highest AMI with genre, ([\d.]+) ± ([\d.]+) \(95% interval ([\d.−]+) to ([\d.]+), _n_ = (\d+), (\d) seeds\)",
        _prose(whole),
    )
    assert told
    keys = ("ami", "ami_sd", "ami_low", "ami_high", "n_labelled", "seeds")
    assert [float(one.replace("−", "-")) for one in told.groups()] == pytest.approx([row[k] for k in keys], abs=5e-4)
    others = re.search(
        r"NMI ([\d.]+) ± .*? \(chance ([\d.]+)\).*purity ([\d.]+) ± .*genre alone ([\d.]+)\)", _prose(whole)
    )
    assert others
    keys = ("nmi", "nmi_chance", "purity", "majority")
    assert [float(one) for one in others.groups()] == pytest.approx([row[k] for k in keys], abs=5e-4)


def test_counts_are_those_of_the_tables(whole: Path) -> None:
    tracks, prose = pd.read_parquet(whole / "tracks.parquet"), _prose(whole)
    assert f"The collection holds {len(tracks)} songs" in prose
    assert f"{tracks['language'].nunique()} languages and {tracks['genre'].nunique()} genres" in prose
    assert f"The sound of {(tracks['status'] != 'ok').sum()} songs could not be used" in prose
    board = pd.read_csv(whole / "leaderboard.csv")
    assert f"{len(board.drop_duplicates(['cell', 'clustering_id']))} clusterings" in prose


def test_comparisons_are_told_by_the_rule_of_the_verdict(whole: Path) -> None:
    """Ahead of the interval but within the spread between seeds is no win, whatever the interval says."""
    prose = _prose(whole)
    assert "the VAE beats the best baseline with #emph[lyrics] and #emph[MFCC]" in prose
    assert "cannot be told from it with #emph[statistics]" in prose
    assert "+0.025 (+0.010 to +0.039)" in _body(whole)


def test_a_leaked_row_that_would_win_is_nowhere_claimed(tmp_path: Path) -> None:
    run = make_run(tmp_path / "run", n=24, failed=False, maps=False)
    board = pd.read_csv(run / "leaderboard.csv")
    wrong = [bool(doubts(row)) for row in board.to_dict("records")]
    board.loc[wrong, ["ami", "nmi", "ari", "purity", "stability", "silhouette_ref"]] = 0.987
    rank(board).to_csv(run / "leaderboard.csv", index=False)
    paper = write_paper(run, pdf=False)
    assert "0.987" in _body(run)
    assert "0.987" not in _prose(run)
    for line in _body(run).splitlines():
        if "0.987" in line:
            assert "strong" not in line
            assert "(leaked)" in line or "(collapsed)" in line or "(low coverage)" in line
    assert r"\textbf{0.987}" not in (paper.folder / "tables" / "ranking.tex").read_text("utf-8")
    kinds = {"leaked": "are leaked", "collapsed": "has collapsed", "low coverage": "leave most songs out"}
    assert all(told in _prose(run) for why, told in kinds.items() if why in Facts(run).doubted)


ODD = {
    "no labels": {"labels": False, "maps": True},
    "no VAE": {"models": ("pca", "raw"), "failed": False},
    "one model": {"models": ("pca",), "failed": False, "n": 12},
    "only VAEs": {"models": ("basic-vae",)},
    "many genres": {"n_genres": 30, "n": 60, "maps": True, "models": ("raw",)},
    "no verdict": {"verdict": False},
    "three songs": {"n": 3},
}


@pytest.mark.parametrize("odd", ODD.values(), ids=ODD)
def test_any_run_makes_a_paper(odd: dict[str, object], tmp_path: Path) -> None:
    run = make_run(tmp_path / "run", **{"n": 20, "maps": False, **odd})  # type: ignore[arg-type]
    paper = write_paper(run)
    assert paper.pdf is not None
    assert paper.pdf.read_bytes().startswith(b"%PDF")
    body = _body(run)
    for absent in ("nan", "None", "{", "–%", "  "):
        assert absent not in _prose(run), absent
    found = {key for key in cited(body) if key not in WORKS}
    labels = set(re.findall(r"<((?:tab|fig):[\w-]+)>", body))
    assert found == labels, "every table and figure is referred to, and none that is not there"


def test_one_seed_one_cell_one_clustering(tmp_path: Path) -> None:
    run = make_run(tmp_path / "run", n=12, models=("pca",), failed=False, maps=False)
    cells = json.loads((run / "cells.json").read_text("utf-8"))["cells"][:1]
    cells[0]["seeds"], cells[0]["clusterings"] = [0], cells[0]["clusterings"][:1]
    _json(run / "cells.json", {"cells": cells})
    board = pd.read_csv(run / "leaderboard.csv")
    mine = (board["cell"] == cells[0]["cell"]) & (board["clustering_id"] == cells[0]["clusterings"][0]["id"])
    spreads = [name for name in board if name.endswith("_sd")]
    board[mine].assign(seeds=1, stability=np.nan, **dict.fromkeys(spreads, np.nan)).to_csv(
        run / "leaderboard.csv", index=False
    )
    assert write_paper(run).pdf
    prose = _prose(run)
    assert "We ran one representation with 1 random seed" in prose
    assert "With one seed nothing is known of what chance does in training" in prose
    assert "±" not in prose.partition("Limitations")[0]
    assert "one representation" in prose or "1 representation was" in prose


def test_an_unfinished_run_says_what_is_missing(tmp_path: Path) -> None:
    run = make_run(tmp_path / "run", n=20, maps=False)
    cells = json.loads((run / "cells.json").read_text("utf-8"))["cells"]
    _json(run / "cells.json", {"cells": [*cells, {**cells[0], "cell": "vade-mfcc-00000000", "status": "pending"}]})
    write_paper(run, pdf=False)
    assert "The run is not complete: 1 further representation is part of the experiment" in _prose(run)
    (run / "leaderboard.csv").unlink()
    with pytest.raises(MusaicError, match="no leaderboard"):
        write_paper(run)


def test_nothing_that_may_be_claimed(tmp_path: Path) -> None:
    run = make_run(tmp_path / "run", n=20, maps=False, failed=False)
    board = pd.read_csv(run / "leaderboard.csv").assign(leaked=True)
    rank(board).to_csv(run / "leaderboard.csv", index=False)
    assert write_paper(run).pdf
    assert "No clustering may be ranked" in _prose(run)
    assert "highest AMI" not in _prose(run)


def test_latents_from_elsewhere_and_labels_as_inputs(tmp_path: Path) -> None:
    run = make_run(tmp_path / "run", n=20, maps=False, models=("pca",), failed=False)
    cells = json.loads((run / "cells.json").read_text("utf-8"))["cells"]
    for cell, given in zip(cells, (["latents:my_latents #1.npz"], ["label:genre"]), strict=False):
        cell["input"] = given
    _json(run / "cells.json", {"cells": cells})
    assert write_paper(run).pdf
    assert "Vectors from elsewhere are taken as they are" in _prose(run)
    assert "is itself an input" in _prose(run)


def test_the_same_folder_gives_the_same_bytes(whole: Path, tmp_path: Path) -> None:
    again = write_paper(whole, out=tmp_path / "again", authors=["Ada #1", "بدر"]).folder
    first = {p.relative_to(whole / "paper"): p.read_bytes() for p in (whole / "paper").rglob("*") if p.is_file()}
    assert {p.relative_to(again): p.read_bytes() for p in again.rglob("*") if p.is_file()} == first


def test_the_source_compiles_alone(whole: Path, tmp_path: Path) -> None:
    """Moved away from everything, without a network: nothing is imported, and no warning is given."""
    folder = tmp_path / "বাংলা dir"
    shutil.copytree(whole / "paper", folder)
    (folder / "paper.pdf").unlink()
    text = (folder / "paper.typ").read_text("utf-8")
    assert "@preview" not in text
    assert "typst compile --font-path fonts paper.typ" in text
    made, warnings = typst.compile_with_warnings(str(folder / "paper.typ"), font_paths=[str(folder / "fonts")])
    assert made == (whole / "paper" / "paper.pdf").read_bytes()
    assert not [each.message for each in warnings]


def test_names_in_many_scripts_are_shown_with_their_fonts(whole: Path) -> None:
    body = _body(whole)
    assert "\u2068العربية\u2069" in body
    assert "বাংলা" in body
    assert "हिन्दी" in body
    shipped = {path.name for path in (whole / "paper" / "fonts").iterdir()}
    assert {"NotoSansArabic-subset.ttf", "NotoSansBengali-subset.ttf", "NotoSansDevanagari-subset.ttf"} < shipped
    assert "OFL.txt" in shipped
    assert HOSTILE not in body


def test_every_reference_is_cited_and_every_citation_there(whole: Path) -> None:
    entries = re.findall(r"^@\w+\{(\w+),$", (whole / "paper" / "references.bib").read_text("utf-8"), flags=re.M)
    assert entries == sorted(set(entries))
    assert set(entries) == cited(_body(whole)) & set(WORKS)
    assert {"kingma2014vae", "jiang2017", "wu2018", "gretton2005", "vinh2010", "lloyd1982"} <= set(entries)
    assert "shi2019" not in entries


def test_every_work_is_sound_bibtex(tmp_path: Path) -> None:
    """Typst reads every entry, and no field lacks a brace."""
    text = bibtex(WORKS)
    for entry in text.split("\n\n"):
        assert entry.count("{") == entry.count("}")
        for field in ("author", "title", "year"):
            assert re.search(rf"^  {field} = \{{.+\}},$", entry, flags=re.M), entry
    (tmp_path / "r.bib").write_text(text, "utf-8")
    source = tmp_path / "r.typ"
    source.write_text(" ".join(f"@{key}" for key in WORKS) + '\n#bibliography("r.bib")', "utf-8")
    assert typst.compile(str(source))


def _latex(whole: Path) -> dict[str, str]:
    return {path.stem: path.read_text("utf-8") for path in (whole / "paper" / "tables").glob("*.tex")}


def test_latex_tables_are_balanced_and_escaped(whole: Path) -> None:
    tables = _latex(whole)
    assert {"models", "language", "leaderboard", "ranking", "verdict", "transfer", "clusters", "corpus"} <= set(tables)
    for name, text in tables.items():
        code = "\n".join(line for line in text.splitlines() if not line.startswith("%"))
        bare = re.sub(r"\\[{}$&#_%]", "", code)
        assert bare.count("{") == bare.count("}"), name
        assert bare.count("$") % 2 == 0, name
        assert not re.search(r"[#%]|(?<!\\)_(?!\{)", bare.replace(r"\_", "")), name
        begun, ended = (re.findall(rf"\\{word}\{{([\w*]+)\}}", code) for word in ("begin", "end"))
        assert begun == ended[::-1], name
        rows = [line for line in bare.splitlines() if line.endswith(r"\\") and "multicolumn" not in line]
        assert len({row.count("&") for row in rows}) == 1, name
    assert r"\#let x = 1" in tables["clusters"]


def test_cut_tables_are_whole_in_latex(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    run = make_run(tmp_path / "run", n=12, maps=False, failed=False)
    monkeypatch.setattr("musaic.paper.sections.representations.MOST_ROWS", 2)
    paper = write_paper(run, pdf=False)
    n = len(Facts(run).done)
    assert f"{n - 2} further ones are in the LaTeX table" in _body(run)
    text = (paper.folder / "tables" / "models.tex").read_text("utf-8")
    assert text.count(r"\\") == n + 1


def test_an_edited_source_is_kept(tmp_path: Path) -> None:
    run = make_run(tmp_path / "run", n=12, maps=False, models=("pca",), failed=False)
    paper = write_paper(run, pdf=False)
    written = paper.source.read_text("utf-8")
    write_paper(run, pdf=False)
    paper.source.write_text(written.replace("This paper reports", "We report"), "utf-8")
    with pytest.raises(UsageError, match="was edited"):
        write_paper(run, pdf=False)
    assert "We report" in paper.source.read_text("utf-8")
    write_paper(run, pdf=False, force=True)
    assert paper.source.read_text("utf-8") == written
    assert stamped(written.partition("\n")[2]) == written


def test_what_an_earlier_paper_left_is_gone_and_what_is_not_its_own_stays(tmp_path: Path) -> None:
    run = make_run(tmp_path / "run", n=12, models=("pca",), failed=False)
    folder = write_paper(run).folder
    (folder / "tables" / "mine.tex").write_text("mine", "utf-8")
    assert (folder / "figures" / "map.svg").is_file()
    shutil.rmtree(run / "maps")
    write_paper(run, pdf=False)
    assert not (folder / "figures" / "map.svg").exists()
    assert not (folder / "paper.pdf").exists()
    assert (folder / "tables" / "mine.tex").read_text("utf-8") == "mine"


def test_wrong_places_are_refused(whole: Path, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x", "utf-8")
    for out, said in ((whole, "is a run folder"), (tmp_path / "file", "is a file")):
        with pytest.raises(UsageError, match=said):
            write_paper(whole, out=out)
    with pytest.raises(UsageError, match="not a run folder"):
        write_paper(tmp_path)


def test_the_command(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    run = make_run(tmp_path / "run", n=12, maps=False, models=("pca",), failed=False)
    out = tmp_path / "أوراق"
    title = 'A "title" \\ of #mine'
    assert (
        invoke(["paper", str(run), "--out", str(out), "--title", title, "--author", "A", "--author", "B", "--json"])
        == 0
    )
    told = json.loads(capsys.readouterr().out)
    assert Path(told["pdf"]).read_bytes().startswith(b"%PDF")
    assert typst.query(str(out / "paper.typ"), "heading", field="body", root=str(out))
    assert 'A \\"title\\" \\\\ of #mine' in (out / "paper.typ").read_text("utf-8")
    assert invoke(["paper", str(tmp_path)]) == 2


def test_the_command_without_a_pdf_and_of_an_edited_source(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    run = make_run(tmp_path / "run", n=12, maps=False, models=("pca",), failed=False)
    assert invoke(["paper", str(run), "--compile"]) == 2
    assert "holds no paper.typ" in capsys.readouterr().err
    assert invoke(["paper", str(run), "--no-pdf", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["pdf"] is None
    source, pdf = run / "paper" / "paper.typ", run / "paper" / "paper.pdf"
    assert not pdf.exists()
    edited = source.read_text("utf-8").replace("This paper reports", "We report")
    source.write_text(edited, "utf-8")
    assert invoke(["paper", str(run), "--compile"]) == 0
    first = pdf.read_bytes()
    assert first.startswith(b"%PDF")
    assert source.read_text("utf-8") == edited
    assert compile_paper(run / "paper").read_bytes() == first
    assert invoke(["paper", str(run), "--compile", "--title", "T"]) == 2
    assert "leave out" in capsys.readouterr().err


def test_without_typst_everything_but_the_pdf_is_there(tmp_path: Path) -> None:
    run = make_run(tmp_path / "run", n=12, maps=False, models=("pca",), failed=False)
    code = (
        "import sys; sys.modules['typst'] = None; from musaic.cli import invoke; "
        f"sys.exit(invoke(['paper', {str(run)!r}]))"
    )
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert result.returncode == 1
    assert "pip install 'musaic[paper]'" in result.stderr
    assert len(result.stderr.strip().splitlines()) == 1
    assert (run / "paper" / "paper.typ").is_file()
    assert (run / "paper" / "tables" / "leaderboard.tex").is_file()
    assert not (run / "paper" / "paper.pdf").exists()


def test_numbers_are_never_typed_in_the_sections() -> None:
    """Templates hold no decimals: what looks like a score in a sentence came through a place in braces."""
    import ast

    import musaic.paper as room

    folder = Path(str(room.__file__)).parent / "sections"
    for module in folder.glob("*.py"):
        tree = ast.parse(module.read_text("utf-8"))
        bodies = [node.body for node in ast.walk(tree) if isinstance(getattr(node, "body", None), list)]
        explained = [one.value for body in bodies for one in body if isinstance(one, ast.Expr)]
        for node in ast.walk(tree):
            if isinstance(node, ast.Constant) and isinstance(node.value, str) and node not in explained:
                assert not re.search(r"\d\.\d|\d{2,}(?!%| interval)", re.sub(r"[a-z]+\d{4}\w*|95%", "", node.value)), (
                    node.value
                )


def test_scores_are_rounded_as_in_the_report(whole: Path) -> None:
    facts = Facts(whole)
    ranking = _latex(whole)["ranking"].replace("$-$", "−")
    assert all(score(row["ami"]) in ranking for row in facts.honest[:12])
