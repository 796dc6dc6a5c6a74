"""The leaderboard on disk: a tidy CSV for tools, JSON and Parquet for programs, Markdown and LaTeX for people."""

from __future__ import annotations

import pandas as pd

from musaic.files import atomic, write_json, write_parquet, write_text
from musaic.runs.folder import Run
from musaic.runs.leaderboard.columns import describe
from musaic.runs.leaderboard.latex import to_latex
from musaic.runs.leaderboard.markdown import HOW_TO_READ, to_markdown
from musaic.runs.records import records

__all__ = ["HOW_TO_READ", "to_latex", "to_markdown", "write_leaderboard"]


def write_leaderboard(run: Run, rows: pd.DataFrame, verdict: str) -> None:
    """Write ``leaderboard.csv``, and the same as ``.json``, ``.parquet``, ``.md`` and ``.tex``.

    Parameters
    ----------
    run : Run
        The run folder.
    rows : DataFrame
        One row a cell × clustering × label, best honest row first.
    verdict : str
        One sentence; it opens the text.

    Notes
    -----
    The CSV alone holds the ``seconds``: everything else is the same for equal runs.
    """
    with atomic(run.leaderboard_file) as temporary:
        rows.to_csv(temporary, index=False, lineterminator="\n")
    table = rows.drop(columns="seconds", errors="ignore")
    described = {"verdict": verdict, "columns": describe(table.columns), "rows": records(table)}
    write_json(run.path / "leaderboard.json", described)
    write_parquet(run.path / "leaderboard.parquet", table)
    write_text(run.path / "leaderboard.tex", to_latex(table, verdict))
    write_text(run.leaderboard_text_file, to_markdown(table, verdict))
