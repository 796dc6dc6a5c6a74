"""The verdict in plain words: does a VAE beat the baselines, and is it language or genre that was found."""

from __future__ import annotations

import math
from typing import Any, NamedTuple

from musaic.files import read_json
from musaic.report.questions import read_table
from musaic.report.reading import Results, number
from musaic.report.words import score, share, signed_score


class Agreement(NamedTuple):
    """How far clusters agree with a label: mean AMI, the ends of what it may be, and whether it may be believed."""

    label: str
    ami: float
    low: float
    high: float
    known: bool
    leaked: bool
    by_chance: bool

    @classmethod
    def of(cls, row: dict[Any, Any]) -> Agreement | None:
        """Return what a row of the leaderboard says; None where it has no AMI."""
        ami = number(row.get("ami"))
        if ami is None or not isinstance(row.get("label"), str):
            return None
        low, high = number(row.get("ami_low")), number(row.get("ami_high"))
        sd = number(row.get("ami_sd"))
        p_value = number(row.get("p_value"))
        known = low is not None and high is not None
        # with one seed and no interval, nothing is known of what it may be
        width = 2 * sd if sd is not None else math.inf
        ends = (ami - width, ami + width) if low is None or high is None else (low, high)
        by_chance = p_value is not None and p_value >= 0.05
        return cls(str(row["label"]), ami, *ends, known, bool(row.get("leaked")), by_chance)

    def __str__(self) -> str:
        ends = f" [{score(self.low, 2)}, {score(self.high, 2)}]" if self.known else ""
        return f"{score(self.ami, 2)}{ends} with {self.label}"


def found(results: Results, best: dict[str, Any]) -> list[str]:
    """Return in sentences whether it is language or genre that the clusters of the best honest row follow.

    Parameters
    ----------
    results : Results
        A run.
    best : dict
        The best honest row of its leaderboard.
    """
    table = results.leaderboard
    same = table["cell"] == best["cell"]
    for key in ("clustering", "clustering_id", "params", "noise_policy"):
        if isinstance(best.get(key), str):
            same &= table[key] == best[key]
    rows = [Agreement.of(row) for row in table[same].to_dict("records")]
    by_label = {row.label: row for row in rows if row is not None}
    genre, language = by_label.get("genre"), by_label.get("language")
    if genre is None and language is None:
        return []
    if genre is None or language is None:
        alone = [sentence for one in (genre, language) if one for sentence in (f"{_alone(one)}.", f"AMI {one}.")]
        other = "language" if genre else "genre"
        return [*alone, f"Nothing is known here of {other}, so whether it would explain as much cannot be told."]
    sentences = [
        f"{_both_known(genre, language)}.",
        f"AMI {genre}, {language}, where 0 is chance and 1 is full agreement.",
    ]
    if language_row := _row(results, best["cell"]):
        sentences += _across(language_row)
    return sentences


def _alone(one: Agreement) -> str:
    """Return in words whether clusters follow the only label."""
    if one.leaked:
        return f"The model was given {one.label}, so that clusters agree with it is no finding"
    if one.by_chance:
        return f"Clusters follow {one.label} no more than chance would"
    return f"Clusters follow {one.label} more than chance would"


def _both_known(genre: Agreement, language: Agreement) -> str:
    """Return in words which of two labels clusters follow."""
    given = [one.label for one in (genre, language) if one.leaked]
    if given:
        return f"The model was given {' and '.join(given)}, so which of the two was found is no question for this row"
    chance = [one.by_chance for one in (genre, language)]
    if all(chance):
        return "Neither was found: clusters follow neither genre nor language more than chance would"
    if any(chance):
        yes, no = (language, genre) if genre.by_chance else (genre, language)
        return f"{yes.label.capitalize()} was found; clusters follow {no.label} no more than chance would"
    for more, less in ((genre, language), (language, genre)):
        if more.low > less.high:
            return f"{more.label.capitalize()} more than {less.label}"
    return "Genre and language both, neither clearly more than the other"


def _across(row: dict[Any, Any]) -> list[str]:
    """Return what holds within languages and across them."""
    told = []
    within, across = number(row.get("genre_ami_within")), number(row.get("across_5"))
    chance, p_value = number(row.get("across_5_chance")), number(row.get("across_5_p"))
    if row.get("genre_leaked"):
        return []
    if within is not None:
        told.append(f"Within one language the clusters agree with genre by {score(within, 2)}.")
    if across is not None and chance is not None:
        clear = "" if p_value is None or p_value < 0.05 else ", and this is not clearly more"
        told.append(
            f"Of a song’s five nearest songs in other languages, {share(across)} share its genre; "
            f"by chance it would be {share(chance)}{clear}."
        )
    return told


def _row(results: Results, cell: str) -> dict[Any, Any]:
    """Return what is known of a cell and language."""
    table = read_table(results.run.language_file)
    rows = table[table["cell"] == cell].to_dict("records") if len(table) else []
    return rows[0] if rows else {}


def comparisons(results: Results) -> list[dict[str, Any]]:
    """Return the verdict’s comparisons of a VAE with a baseline at equal input, clustering and k, and their places.

    Returns
    -------
    list of dict
        One a comparison; ``from``, ``to``, ``at`` and ``zero`` are places of the interval, its middle and no
        difference on a line from 0 to 100, the same for all.
    """
    file = results.run.verdict_file
    every = read_json(file).get("comparisons") if file.is_file() else None
    keys = ("difference", "low", "high", "vae_ami", "baseline_ami")
    known = [row for row in every or [] if all(number(row.get(key)) is not None for key in keys)]
    if not known:
        return []
    least = min(0.0, *(row["low"] for row in known))
    most = max(0.0, *(row["high"] for row in known))
    room = 0.06 * ((most - least) or 1.0)

    def place(value: float) -> float:
        return float(round(100 * (value - least + room) / (most - least + 2 * room), 2))

    rows = []
    for row in known:
        k = number(row.get("n_clusters"))
        rows.append(
            {
                "input": str(row.get("input", "")),
                "how": f"{row.get('clustering', '')}, {k:g}" if k is not None else str(row.get("clustering", "")),
                "vae": _title(results, row.get("vae")),
                "vae_ami": score(row["vae_ami"]),
                "baseline": _title(results, row.get("baseline")),
                "baseline_ami": score(row["baseline_ami"]),
                "difference": signed_score(row["difference"]),
                "interval": f"{signed_score(row['low'])} to {signed_score(row['high'])}",
                "outcome": _outcome(row),
                "beats": bool(row.get("beats")),
                "from": place(row["low"]),
                "to": place(row["high"]),
                "at": place(row["difference"]),
                "zero": place(0.0),
            }
        )
    return rows


def _outcome(row: dict[str, Any]) -> str:
    """Return what a comparison comes to."""
    if row.get("beats"):
        return "the VAE is ahead"
    spread_of_seeds = number(row.get("spread"))
    if row["low"] <= 0 <= row["high"]:
        return "no clear difference"
    if spread_of_seeds is not None and abs(row["difference"]) <= spread_of_seeds:
        return "no more than seeds differ"
    return "the baseline is ahead" if row["high"] < 0 else "no clear difference"


def _title(results: Results, name: object) -> str:
    cell = results.cell(name)
    return cell.title if cell else str(name)
