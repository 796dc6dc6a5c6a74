r"""The leaderboard as a table for a paper: the best rows of every label, with ``booktabs``."""

from __future__ import annotations

import math
import re
import unicodedata
from collections.abc import Hashable, Mapping
from typing import Any

import pandas as pd

from musaic.runs.leaderboard.values import clustered, honest, number, text

MOST_HONEST = 10
"""Ranked rows of each label."""
MOST_OTHERS = 5
"""Rows of each label that are not ranked."""

_SCORES = {
    "ami": ("AMI (chance)", "ami_chance"),
    "nmi": ("NMI (chance)", "nmi_chance"),
    "ari": ("ARI (chance)", "ari_chance"),
    "purity": ("purity (majority)", "majority"),
    "silhouette_ref": ("silhouette", None),
    "stability": ("stability", None),
}
"""Score -> its heading and what stands beside it in brackets."""
_MARKS = {
    "leaked": (r"$^{\dagger}$", "the model has seen the label"),
    "collapsed": (r"$^{\ddagger}$", "the posterior has collapsed"),
    "low coverage": (r"$^{\S}$", "fewer than half of the tracks have a cluster"),
}
_ESCAPES = {
    **{character: f"\\{character}" for character in "{}$&#_%"},
    **{"\\": r"\textbackslash{}", "~": r"\textasciitilde{}", "^": r"\textasciicircum{}", "–": "--", "±": r"$\pm$"},
    **{"−": "$-$", "<": r"\textless{}", ">": r"\textgreater{}"},
}
_NONE = "--"
_GIVEN_K = re.compile(r"\bn_clusters=[\d.]+,?")
OPENING = """\
% Needs \\usepackage{booktabs}. Names in scripts beyond Latin stand here as they are: they need XeLaTeX or LuaLaTeX,
% \\usepackage{fontspec} and a font that has them (the Noto fonts do); names that run from right to left also
% \\usepackage[bidi=basic]{babel} with LuaLaTeX, or \\usepackage{bidi} with XeLaTeX.
"""
"""What stands above every table."""


def to_latex(rows: pd.DataFrame, verdict: str) -> str:
    """Return the best rows of every label as a LaTeX table.

    Means ± standard deviation over seeds; beside them the value on shuffled labels, beside purity the majority share.
    The best ranked value of a label is bold; a row that may not be ranked carries a mark and is never bold.
    """
    width = 5 + len(_SCORES)
    headings = [title for title, _ in _SCORES.values()]
    marks: dict[str, None] = {}
    groups = []
    for label in dict.fromkeys(text(value) for value in rows["label"]):
        mine = rows[[text(value) == label for value in rows["label"]]]
        groups.append("\n".join(_group(mine, label, width, marks)))
    notes = [f"{_mark(mark)} Not ranked: {escaped(_MARKS.get(mark, ('', mark))[1])}." for mark in sorted(marks)]
    lines = [
        rf"\begin{{tabular}}{{rlllr{'l' * len(_SCORES)}}}",
        r"\toprule",
        rf" & model & input & clustering & $k$ & {' & '.join(headings)} \\",
        *([r"\midrule", "\n\\midrule\n".join(groups)] if groups else []),
        r"\bottomrule",
        r"\end{tabular}",
    ]
    caption = (
        f"The best clusterings by label; mean {escaped('±')} standard deviation over seeds, the silhouette in the "
        "common reference space, stability as the ARI between seeds."
    )
    return "\n".join(
        [
            OPENING + f"% {_clean(verdict)}",
            r"\begin{table*}",
            r"\centering",
            r"\footnotesize",
            rf"\caption{{{' '.join([caption, *notes])}}}",
            r"\label{tab:leaderboard}",
            *lines,
            r"\end{table*}",
            "",
        ]
    )


def _group(rows: pd.DataFrame, label: str, width: int, marks: dict[str, None]) -> list[str]:
    """Return the lines of one label; note the marks that they carry."""
    fair = honest(rows)
    ranked = rows[fair].to_dict("records")
    best = {score: max((_rounded(row[score]) for row in ranked), default=math.inf) for score in _SCORES}
    equal = "=" if rows["n_labelled"].nunique() == 1 else r"\leq"
    told = f"{escaped(label)}, $n {equal} {number(rows['n_labelled'].max(), 0)}$" if label else "no label"
    lines = [rf"\multicolumn{{{width}}}{{l}}{{\emph{{{told}}}}} \\"]
    for row in [*ranked[:MOST_HONEST], *rows[~fair].head(MOST_OTHERS).to_dict("records")]:
        remarks = [part for part in text(row["remarks"]).split("; ") if part]
        marks |= dict.fromkeys(remarks)
        cells = [
            str(row["rank"]) if pd.notna(row["rank"]) else _NONE,
            escaped(row["model"]) + "".join(map(_mark, remarks)),
            escaped(row["input"]),
            escaped(_GIVEN_K.sub("", clustered(row)).strip()),
            f"{row['n_clusters']:g}",
            *(_score(row, score, bold=not remarks and _rounded(row[score]) == best[score]) for score in _SCORES),
        ]
        lines.append(f"{' & '.join(cells)} \\\\")
    return lines


def _mark(remark: str) -> str:
    return _MARKS.get(remark, ("$^{*}$", ""))[0]


def _score(row: Mapping[Hashable, Any], score: str, *, bold: bool) -> str:
    value, spread, beside = _number(row[score]), _number(row.get(f"{score}_sd")), _SCORES[score][1]
    if value == _NONE:
        return value
    told = rf"\textbf{{{value}}}" if bold else value
    told += f" $\\pm$ {spread}" if spread != _NONE else ""
    return told + (f" ({_number(row[beside])})" if beside else "")


def _number(value: object) -> str:
    return number(value).replace("-", "$-$").replace("–", _NONE)


def _rounded(value: object) -> float:
    """Return a score as it is shown, minus infinity where there is none."""
    shown = number(value)
    return -math.inf if shown == "–" else float(shown)


def escaped(words: object) -> str:
    """Return a text that LaTeX sets as it is."""
    return "".join(_ESCAPES.get(character, character) for character in _clean(words))


def _clean(words: object) -> str:
    """Return a text on one line, without control characters."""
    kept = "".join(" " if unicodedata.category(one) == "Cc" else one for one in str(words))
    return " ".join(kept.split())
