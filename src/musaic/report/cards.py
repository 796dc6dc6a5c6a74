"""Cards of clusters as the page shows them: what sets each apart, what it is made of, and songs to play."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from musaic.files import read_json
from musaic.report.palette import MOST_CLASSES, REST, styles
from musaic.report.reading import Cell, Results, number
from musaic.report.words import score, share

MOST_CARDS, MOST_VALUES, MOST_MEDOIDS, MOST_BOUNDARY, MOST_TERMS = 60, 4, 4, 3, 8

Song = Callable[[str], dict[str, Any]]
"""Returns of a track what the page says of a song."""


def decks(results: Results, cell: Cell, first: str, song: Song) -> list[dict[str, Any]]:
    """Return the cards of every clustering of a cell that has some.

    Parameters
    ----------
    results : Results
        A run.
    cell : Cell
        One of its cells.
    first : str
        The id of the clustering whose cards come first.
    song : callable
        Returns what the page says of a song.

    Returns
    -------
    list of dict
        ``title``, ``clustering`` (its id) and ``cards``, the largest cluster first.
    """
    found = []
    for clustering in sorted(cell.clusterings, key=lambda clustering: clustering.get("id") != first):
        file = results.run.cards_file(cell.name, str(clustering.get("id")))
        if file.is_file():
            every = read_json(file)["cards"]
            shown = [_card(card, every, song) for card in every[:MOST_CARDS]]
            title = f"{clustering.get('algorithm', '')}, {clustering.get('params', '')}".strip(", ")
            found.append(
                {"clustering": clustering.get("id"), "title": title, "cards": shown, "left": len(every) - len(shown)}
            )
    return found


def _card(card: dict[str, Any], every: list[dict[str, Any]], song: Song) -> dict[str, Any]:
    """Return one card; ``every`` holds all of its clustering."""
    names = {other["cluster"]: other["name"] for other in every}
    boundary = card.get("boundary", [])[:MOST_BOUNDARY]
    return {
        "cluster": card["cluster"],
        "name": card["name"],
        "color": _color(card["cluster"], [other["cluster"] for other in every]),
        "n": card["size"],
        "share": share(card.get("share")),
        "stability": share(card["stability"]) if number(card.get("stability")) is not None else "",
        "text": card["text"],
        "traits": [_trait(trait) for trait in card.get("descriptors", []) if trait["word"]][:MOST_VALUES],
        "terms": [term for term in card.get("terms", []) if term["clear"]][:MOST_TERMS],
        "mixes": [_mix(mix) for mix in card.get("mixes", []) if mix["values"]],
        "medoids": [song(medoid["track_id"]) for medoid in card.get("medoids", [])[:MOST_MEDOIDS]],
        "boundary": [
            song(found["track_id"]) | {"near": found["neighbour"], "near_name": names.get(found["neighbour"], "")}
            for found in boundary
        ],
    }


def _trait(trait: dict[str, Any]) -> dict[str, str]:
    """Return a descriptor that differs: its word, and the numbers behind it."""
    digits = 0 if abs(trait["mean"]) >= 20 else 2 if abs(trait["mean"]) < 2 else 1
    unit = f" {trait['unit']}" if trait["unit"] else ""
    if trait["name"] == "mode":
        numbers = f"{share(trait['mean'])} in major, elsewhere {share(trait['elsewhere'])}"
    else:
        numbers = f"{score(trait['mean'], digits)}{unit}, elsewhere {score(trait['elsewhere'], digits)}"
    name = trait["name"].replace("_", " ").replace(" proxy", ", a proxy")
    return {"word": trait["word"], "name": name, "numbers": numbers}


def _mix(mix: dict[str, Any]) -> dict[str, Any]:
    """Return what a cluster has of a label: its commonest values, and the rest in one."""
    shown, rest = mix["values"][:MOST_VALUES], mix["values"][MOST_VALUES:]
    return {
        "label": mix["label"],
        "values": [
            {
                "value": value["value"],
                "n": value["count"],
                "share": share(value["share"]),
                "part": round(100 * value["share"], 1),
                "overall": round(100 * value["overall"], 1),
                "lift": f"×{value['lift']:.1f}",
                "clear": value["clear"],
            }
            for value in shown
        ],
        "rest": f"{len(rest)} more, {share(sum(value['share'] for value in rest))}" if rest else "",
    }


def _color(cluster: int, every: list[int]) -> str:
    """Return a cluster's colour, as on the maps."""
    known = sorted(k for k in every if k >= 0)
    return styles(len(known))[known.index(cluster)].color if cluster >= 0 and len(known) <= MOST_CLASSES else REST
