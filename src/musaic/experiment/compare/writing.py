"""A comparison of two runs in words, tables and files."""

from __future__ import annotations

import math
import unicodedata
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd

from musaic.errors import UsageError
from musaic.evaluation.metrics import score_names
from musaic.evaluation.noise import NOISE
from musaic.experiment.compare.scores import WITHOUT_SD
from musaic.files import write_text
from musaic.runs.records import records

if TYPE_CHECKING:
    from musaic.experiment.compare.comparison import RunComparison

MOST_SONGS = 20
MOST_SCORES = 30
MOST_CLUSTERS = 25
"""What is shown for people; the CSV files have all."""

_OF_NO_LABEL = (*score_names("internal"), *WITHOUT_SD)
_TURNS = frozenset(("LRE", "RLE", "LRO", "RLO", "PDF", "LRI", "RLI", "FSI", "PDI"))
_RIGHT_TO_LEFT = frozenset(("R", "AL"))
_MARKS = frozenset("\\`*[]<>|")


def to_markdown(found: RunComparison) -> str:
    """Return a comparison as Markdown."""
    aligned = found.alignment
    parts = [
        "# Two runs side by side",
        _table(("", "run", "clustering"), [_side("first", found.first), _side("second", found.second)]),
        _tracks(found),
        "## Agreement",
        f"{_share(aligned.stayed)} of {found.n_compared} songs stayed, {len(found.moved)} moved; between the two "
        f"clusterings ARI is {aligned.ari:.3f} and AMI {aligned.ami:.3f} (1: the same, about 0: nothing in common). "
        "The second run's clusters go by the number of the cluster of the first that they share most songs with.",
        _clusters(found),
        *_contingency(found),
        "## Songs that moved",
        _moved(found),
        "## Scores side by side",
        *_scores(found),
    ]
    return "\n\n".join(part for part in parts if part) + "\n"


def plain(found: RunComparison) -> dict[str, Any]:
    """Return a comparison JSON-ready; what is not known is null."""
    aligned = found.alignment
    return {
        "first": found.first.plain(),
        "second": found.second.plain(),
        "tracks": {
            "common": found.n_common,
            "only_first": found.n_only_first,
            "only_second": found.n_only_second,
            "changed": found.n_changed,
            "compared": found.n_compared,
        },
        "agreement": {"ari": aligned.ari, "ami": aligned.ami, "stayed": aligned.stayed},
        "matching": [{"second_own": own, "number": number} for own, number in aligned.matching.items()],
        "clusters": records(aligned.by_cluster),
        "contingency": {
            "first": aligned.contingency.index.tolist(),
            "second": aligned.contingency.columns.tolist(),
            "songs": aligned.contingency.to_numpy().tolist(),
        },
        "moved": records(found.moved),
        "scores": records(found.scores),
    }


def write(found: RunComparison, folder: Path) -> None:
    """Write a comparison into a folder, each file atomically."""
    if folder.exists() and not folder.is_dir():
        raise UsageError(f"{folder} is a file; name a folder with --out.")
    write_text(folder / "scores.csv", _csv(found.scores))
    write_text(folder / "contingency.csv", _csv(found.alignment.contingency.rename_axis("cluster").reset_index()))
    write_text(folder / "moved.csv", _csv(found.moved))
    write_text(folder / "compare.md", to_markdown(found))


def _csv(table: pd.DataFrame) -> str:
    return table.to_csv(index=False, lineterminator="\n")


def _side(name: str, side: Any) -> tuple[str, str, str]:
    return name, shown(side.run.path), shown(side.words)


def _tracks(found: RunComparison) -> str:
    parts = [f"{found.n_common} tracks in common"]
    for number, where in ((found.n_only_first, "first"), (found.n_only_second, "second")):
        if number:
            parts.append(f"{number} only in the {where}")
    if found.n_compared < found.n_common:
        parts.append(f"{found.n_compared} clustered by both")
    if found.n_changed:
        parts.append(f"{found.n_changed} of the same name with another content")
    return ", ".join(parts) + "."


def _clusters(found: RunComparison) -> str:
    header = ("cluster", "its own number in the second", "songs in the first", "in the second")
    rows = [
        (
            _cluster(row["cluster"]),
            "–" if pd.isna(row["second_own"]) else _cluster(row["second_own"]),
            *(str(row[name]) for name in ("first", "second", "stayed", "left", "came")),
        )
        for row in found.alignment.by_cluster.to_dict("records")
    ]
    return _table((*header, "stayed", "left", "came"), rows)


def _contingency(found: RunComparison) -> list[str]:
    table = found.alignment.contingency
    if max(table.shape) > MOST_CLUSTERS:
        return [f"The {table.shape[0]} × {table.shape[1]} contingency table stands in contingency.csv (`--out`)."]
    rows = [(_cluster(name), *(str(n) if n else "·" for n in table.loc[name])) for name in table.index]
    return ["Songs by cluster of the first run (rows) and of the second:", _table(["", *map(_cluster, table)], rows)]


def _moved(found: RunComparison) -> str:
    if found.moved.empty:
        return "None."
    rows = [
        (
            shown(row["title"] if isinstance(row["title"], str) else row["track_id"]),
            shown(row["artist"]) if isinstance(row["artist"], str) else "–",
            _cluster(row["from"]),
            _cluster(row["to"]),
            _number(row["confidence_first"], 2),
            _number(row["confidence_second"], 2),
        )
        for row in found.moved.head(MOST_SONGS).to_dict("records")
    ]
    table = _table(("song", "artist", "from", "to", "confidence before", "and after"), rows)
    more = len(found.moved) - len(rows)
    return table + (f"\n\nAnd {more} more, less sure ones, in moved.csv (`--out`)." if more else "")


def _scores(found: RunComparison) -> list[str]:
    """Return every score of the clusterings compared, then the score that counts of every other common row."""
    scores = found.scores
    compared = scores[scores["compared"]]
    once = compared["score"].isin(_OF_NO_LABEL)  # these are the same for every label
    compared = pd.concat([compared[~once], compared[once].drop_duplicates("score").assign(label="", remarks="")])
    others = scores[~scores["compared"] & (scores["score"] == [_telling(label) for label in scores["label"]])]
    if scores.empty:
        return ["The leaderboards have no row in common."]
    parts = [
        "Means over seeds ± standard deviation; the interval (95 %, in brackets) of a difference is from a paired "
        "bootstrap over the tracks that both have and over seeds."
    ]
    if len(compared):
        rows = [(shown(row["label"]) or "–", row["score"], *_values(row)) for row in compared.to_dict("records")]
        parts.append(_table(("label", "score", "first", "second", "difference", ""), rows))
    if len(others):
        rows = [
            (*_place(row), shown(row["label"]) or "–", row["score"], *_values(row))
            for row in others.head(MOST_SCORES).to_dict("records")
        ]
        header = ("cell", "clustering", "label", "score", "first", "second", "difference", "")
        parts += ["What else both runs have:", _table(header, rows)]
        if len(others) > len(rows):
            parts.append(f"And {len(others) - len(rows)} more in scores.csv (`--out`).")
    return parts


def _telling(label: str) -> str:
    return "ami" if label else "silhouette_ref"


def _place(row: dict[Any, Any]) -> tuple[str, str]:
    pairs = [(row[f"{name}_first"], row[f"{name}_second"]) for name in ("cell", "clustering")]
    first, second = (shown(a) if a == b else f"{shown(a)} → {shown(b)}" for a, b in pairs)
    return first, second


def _values(row: dict[Any, Any]) -> tuple[str, ...]:
    """Return both values, their difference (on common tracks where it has an interval), and remarks."""
    sides = []
    for side in ("first", "second"):
        value, sd, low, high = (row[f"{side}{end}"] for end in ("", "_sd", "_low", "_high"))
        text = _number(value)
        text += f" ± {_number(sd)}" if math.isfinite(sd) else ""
        sides.append(text + (f" [{_number(low)}, {_number(high)}]" if math.isfinite(low) else ""))
    if math.isfinite(row["low"]):
        difference = f"{_signed(row['on_common'])} [{_signed(row['low'])}, {_signed(row['high'])}]"
    else:
        difference = _signed(row["difference"])
    return (*sides, difference, shown(row["remarks"]))


def _table(header: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [header, ["---"] * len(header), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def shown(text: object) -> str:
    """Return a stranger's text for one cell of a Markdown table: on one line, with no control over what is around it.

    Text that runs from right to left is isolated, so that the numbers beside it keep their places.
    """
    words = " ".join("".join(" " if _controls(one) else one for one in str(text)).split())
    turned = any(unicodedata.bidirectional(one) in _RIGHT_TO_LEFT for one in words)
    words = "".join(f"\\{one}" if one in _MARKS else one for one in words)
    return f"\u2068{words}\u2069" if turned else words


def _controls(character: str) -> bool:
    return unicodedata.category(character) == "Cc" or unicodedata.bidirectional(character) in _TURNS


def _cluster(number: Any) -> str:
    return "noise" if number == NOISE else str(number)


def _number(value: float, digits: int = 3) -> str:
    return "–" if not math.isfinite(value) else f"{round(value, digits) + 0.0:.{digits}f}"


def _signed(value: float) -> str:
    return "–" if not math.isfinite(value) else f"{round(value, 3) + 0.0:+.3f}"


def _share(value: float) -> str:
    return f"{100 * value:.1f} %"
