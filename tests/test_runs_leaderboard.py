"""The leaderboard on disk says the same in every format, and nothing that it should not."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from fake_run import make_run
from musaic.evaluation.metrics import score_names
from musaic.evaluation.ranking import rank
from musaic.evaluation.table import LEADERBOARD
from musaic.runs import Run
from musaic.runs.leaderboard import to_latex, to_markdown, write_leaderboard
from musaic.runs.leaderboard.columns import describe

NAMES = ["বাংলা_গান", "राग & ताल", "موسيقى {50%}", "a|b~c^d\\e #1\n$x$"]
FORMATS = ("csv", "json", "parquet", "md", "tex")


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Run:
    return Run(make_run(tmp_path_factory.mktemp("board") / "run", n=30, maps=False))


@pytest.fixture(scope="module")
def rows(run: Run) -> pd.DataFrame:
    """A ranked board with leaked, collapsed and low rows, intervals, and names of the world."""
    board = run.leaderboard.assign(ami_low=0.01, ami_high=0.99)
    board["input"] = [NAMES[i % len(NAMES)] for i in range(len(board))]
    return rank(board)


def many(rows: pd.DataFrame, n: int) -> pd.DataFrame:
    """Repeat a board's rows under other names until there are ``n``."""
    table = pd.concat([rows] * (n // len(rows) + 1), ignore_index=True).head(n)
    return rank(table.assign(cell=[f"{cell}-{i // len(rows):04d}" for i, cell in enumerate(table["cell"])]))


def cells(line: str) -> list[str]:
    return re.split(r"(?<!\\)\|", line)[1:-1]


def test_every_format_has_the_same_rows(run: Run, rows: pd.DataFrame, tmp_path: Path) -> None:
    write_leaderboard(Run(tmp_path), rows, "A verdict, مَثَلًا.")
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted(f"leaderboard.{kind}" for kind in FORMATS)
    table = Run(tmp_path).leaderboard
    typed = pd.read_parquet(tmp_path / "leaderboard.parquet")
    plain = json.loads(
        (tmp_path / "leaderboard.json").read_text(encoding="utf-8"), parse_constant=lambda name: pytest.fail(name)
    )
    assert plain["verdict"] == "A verdict, مَثَلًا."
    assert list(plain["columns"]) == list(typed) == [name for name in table if name != "seconds"]
    read = pd.DataFrame(plain["rows"])
    for name in typed:
        numeric = pd.api.types.is_numeric_dtype(table[name])
        for other in (typed[name], read[name]):
            if numeric:
                np.testing.assert_allclose(other.astype(float), table[name].astype(float), rtol=1e-12)
            else:
                assert other.fillna("").tolist() == table[name].fillna("").tolist()


def test_only_the_csv_knows_how_long_it_took(rows: pd.DataFrame, tmp_path: Path) -> None:
    for name, seconds in (("a", 1.5), ("b", 99.25)):
        write_leaderboard(Run(tmp_path / name), rows.assign(seconds=seconds), "v")
    same = {kind: len({(tmp_path / run / f"leaderboard.{kind}").read_bytes() for run in "ab"}) == 1 for kind in FORMATS}
    assert same == {kind: kind != "csv" for kind in FORMATS}


def test_every_column_is_explained() -> None:
    scores = [name for kind in ("internal", "external") for name in score_names(kind)]
    columns = [*LEADERBOARD, *scores, *(f"{name}_sd" for name in scores)]
    assert [name for name, words in describe(columns).items() if not words] == []
    assert describe(["somebody's"]) == {"somebody's": None}


def test_an_empty_board_is_written(tmp_path: Path) -> None:
    write_leaderboard(Run(tmp_path), rank(pd.DataFrame(columns=list(LEADERBOARD))), "Nothing could be learned.")
    assert json.loads((tmp_path / "leaderboard.json").read_text(encoding="utf-8"))["rows"] == []
    assert pd.read_parquet(tmp_path / "leaderboard.parquet").empty


def test_markdown_shows_the_interval_where_there_is_one(rows: pd.DataFrame) -> None:
    lines = to_markdown(rows, "v").splitlines()
    body = [cells(line) for line in lines if line.startswith("|")]
    assert {len(line) for line in body} == {15}
    assert len(body) == len(rows) + 2
    assert all("[0.010, 0.990]" in line[6] for line in body[2:])
    bare = to_markdown(rows.drop(columns=["ami_low", "ami_high"]), "v")
    assert "0.990" not in bare
    assert "nterval" not in bare


def test_a_long_board_stays_readable(rows: pd.DataFrame) -> None:
    table = many(rows, 1000)
    text = to_markdown(table, "v")
    body = [cells(line) for line in text.splitlines() if line.startswith("|")][2:]
    ranked = [line for line in body if not line[-1].strip()]
    assert pd.Series(line[4].strip() for line in ranked).value_counts().to_dict() == {"genre": 50, "language": 50}
    assert len(body) - len(ranked) == 20
    assert body[: len(ranked)] == ranked
    (more,) = re.findall(r"([\d,]+) more", text)
    assert int(more.replace(",", "")) + len(body) == len(table)


def _tabular(text: str) -> list[str]:
    """Return the rows of the table in a LaTeX text."""
    inside = text[text.index(r"\toprule") : text.index(r"\bottomrule")]
    return [line for line in inside.splitlines() if line.endswith(r"\\")]


def test_latex_is_well_formed_and_escaped(rows: pd.DataFrame) -> None:
    text = to_latex(rows, "100 % sure\n\\input{evil}")
    assert "booktabs" in text.splitlines()[0]
    code = [line for line in text.splitlines() if not line.startswith("%")]
    assert "evil" not in "\n".join(code)
    bare = re.sub(r"\\[{}$&#_%]", "", "\n".join(code))
    assert "%" not in bare
    assert "#" not in bare
    assert bare.count("{") == bare.count("}")
    assert bare.count("$") % 2 == 0
    widths = {line.count("&") for line in _tabular(re.sub(r"\\&", "", text)) if "multicolumn" not in line}
    assert widths == {10}
    assert r"বাংলা\_গান" in text
    assert r"राग \& ताल" in text
    assert r"موسيقى \{50\%\}" in text
    assert r"a|b\textasciitilde{}c\textasciicircum{}d\textbackslash{}e \#1 \$x\$" in text


def test_latex_marks_what_is_not_ranked_and_never_sets_it_bold(rows: pd.DataFrame) -> None:
    assert {remark for remark in rows["remarks"] if remark} == {"leaked", "collapsed", "low coverage"}
    text = to_latex(rows.assign(ami=np.where(rows["remarks"] == "", rows["ami"], 0.999)), "v")
    marked = [line for line in _tabular(text) if r"\dagger" in line or r"\ddagger" in line or r"\S}" in line]
    assert len(marked) == (rows["remarks"] != "").sum()
    assert all(line.startswith("-- &") and r"\textbf" not in line for line in marked)
    for name, group in rows[rows["remarks"] == ""].groupby("label"):
        assert rf"\textbf{{{group['ami'].max():.3f}}}" in text, name
    assert text.count(r"\textbf") >= 2 * 6
    honest = to_latex(rows[rows["remarks"] == ""], "v")
    assert "dagger" not in honest


def test_without_labels_there_is_still_a_table(tmp_path: Path) -> None:
    board = Run(make_run(tmp_path / "run", n=20, labels=False, maps=False)).leaderboard
    values: list[Any] = [line for line in _tabular(to_latex(rank(board), "v")) if "multicolumn" not in line]
    assert len(values) == len(board) + 1
    assert "nan" not in to_latex(rank(board), "v")
