"""What a run cannot say, told from what it is."""

from __future__ import annotations

import pandas as pd

from musaic.evaluation.internal import SAMPLE
from musaic.files import read_json
from musaic.report.cells import METHODS
from musaic.report.hearing import Hearing
from musaic.report.reading import Results
from musaic.report.words import count, plural, score

FEW_SONGS, FEW_SEEDS, FEW_OF_A_CLASS = 300, 3, 10

TOGETHER = 0.1
"""AMI of two labels from which one can stand in for the other."""


def limits(results: Results, hearing: Hearing | None = None) -> list[str]:
    """Return one sentence or two for each thing that this run leaves open.

    Parameters
    ----------
    results : Results
        The run.
    hearing : Hearing, optional
        What there is to hear.
    """
    told = [
        *_songs(results.tracks),
        *(_class_sizes(results.tracks[label], label) for label in results.shown_labels),
        _labels_together(results),
        *_heard(results),
        *_pretrained(results),
        _many(results),
        _seeds(results),
        _not_made(results),
        "A score says how clusters agree with these labels, as they were given; it cannot say that a label is right, "
        "or that a cluster that crosses labels is wrong.",
        "What holds for these songs need not hold for others: nothing here was tried on another collection.",
        "A map shows neighbourhoods; distances between far groups, and the sizes of groups, mean little on it.",
    ]
    if hearing and hearing.cells:
        told.append(
            "Decoded sound is no measure of a model: a spectrogram holds no phases, which are guessed (Griffin–Lim), "
            "and what a song’s own spectrogram loses that way, every reconstruction loses too."
        )
    return [sentence for sentence in told if sentence]


def _songs(tracks: pd.DataFrame) -> list[str]:
    """Return what the number of songs, and what is not known of them, leaves open."""
    told = []
    if 0 < len(tracks) < FEW_SONGS:
        told.append(
            f"{plural(len(tracks), 'song')} {'is' if len(tracks) == 1 else 'are'} few: small differences between "
            "representations are within what other songs of the same kind would change."
        )
    known = "group" in tracks and bool(tracks["group"].notna().any())
    if len(tracks) and not known:
        told.append(
            "Of no song is the artist or the work known, so an artist’s songs may lie on both sides of what is held "
            "out, and clusters may be artists."
        )
    return told


def _class_sizes(column: pd.Series, label: str) -> str:
    """Return what few songs of a class, and songs without one, leave open."""
    sizes = column.dropna().astype(str).value_counts()
    small = int((sizes < FEW_OF_A_CLASS).sum())
    missing = int(column.isna().sum())
    told = []
    if small:
        values = f"{count(small)} of {plural(len(sizes), f'value of {label}', f'values of {label}')}"
        told.append(f"{values} {'has' if small == 1 else 'have'} fewer than {FEW_OF_A_CLASS} songs")
    if missing and len(sizes):
        told.append(f"{plural(missing, 'song')} without {label} count{'s' if missing == 1 else ''} in no score on it")
    return "; ".join(told) + "." if told else ""


def _labels_together(results: Results) -> str:
    """Return whether language and genre can be told apart in this corpus at all."""
    if not {"language", "genre"} <= set(results.labels):
        return ""
    from sklearn.metrics import adjusted_mutual_info_score

    both = results.tracks[["language", "genre"]].dropna().astype(str)
    if len(both) < 2 or both.nunique().min() < 2:
        return ""
    agreement = float(adjusted_mutual_info_score(both["language"], both["genre"]))
    if agreement < TOGETHER:
        return ""
    return (
        f"Language and genre go together in this collection (AMI {score(agreement, 2)}): what follows one follows the "
        "other to that extent, and no score can say which was meant."
    )


def _heard(results: Results) -> list[str]:
    """Return how much of each song was analysed."""
    asked = results.run.experiment.get("features")
    tracks = results.tracks
    if not isinstance(asked, dict) or "duration" not in tracks or asked.get("duration") in (None, "whole"):
        return []
    if not any("audio" in str(cell.data.get("modality")) for cell in results.done):
        return []
    seconds = float(asked["duration"]) * int(asked.get("segments") or 1)
    longer = int((tracks["duration"] > seconds + 0.5).sum())
    if not longer:
        return []
    every = longer == len(tracks)
    part = "every song" if every else f"{count(longer)} of {plural(len(tracks), 'song')}"
    them = "it" if every or longer == 1 else "them"
    return [f"Of {part} only {seconds:g} s were analysed; what else is in {them} was not heard."]


def _pretrained(results: Results) -> list[str]:
    """Return whose weights a run leans on, and what that leaves open."""
    file = results.run.environment_file
    networks = read_json(file).get("pretrained") if file.is_file() else None
    if not isinstance(networks, dict) or not networks:
        return []
    told = []
    for name, network in networks.items():
        licence = str(network["licence"])
        terms = f"licence {licence}" if licence != "unknown" else "of unknown licence"
        told.append(f"{name} ({network['model']}, {terms}{', not for commercial use' if '-nc' in licence else ''})")
    return [
        f"What {' and '.join(told)} heard in training is not known here: these songs, or labels like theirs, may have "
        "been among it, which our own models have not seen."
    ]


def _many(results: Results) -> str:
    """Return what was not compared because there are many songs."""
    from musaic.report.knee import undrawn

    board = results.leaderboard
    told = board[["clustering", "approximation"]].dropna() if "approximation" in board else pd.DataFrame()
    ways = [f"{name} ({note})" for name, note in dict.fromkeys(told.itertuples(index=False, name=None))]
    n = len(results.tracks)
    sampled = "silhouette_sampled" in board and board["silhouette_sampled"].astype(str).str.lower().eq("true").any()
    parts = [f"some clusterings are approximate: {', '.join(ways)}"] if ways else []
    parts += ["silhouettes were taken of samples"] * bool(sampled)
    parts += ["probes and neighbours across languages were taken of samples"] * (n > SAMPLE)
    parts += [f"maps are approximate: {', '.join(maps)}"] if (maps := _approximate_maps(results)) else []
    parts += ["the neighbours of a song are those of its graph"] * (n > SAMPLE and _graphs(results))
    parts += ["distances between neighbours are drawn only where DBSCAN’s eps was read from them"] * undrawn(results)
    return f"With so many songs, {', and '.join(parts)}." if parts else ""


def _approximate_maps(results: Results) -> list[str]:
    """Return which maps leave something uncompared, and what."""
    drawn = {method: [results.map(cell, method) for cell in results.done] for method in METHODS}
    notes = [
        f"{method} {note}"
        for method, maps in drawn.items()
        for places in maps
        if places is not None and "note" in places
        for note in places["note"].unique()
        if note
    ]
    return list(dict.fromkeys(notes))


def _graphs(results: Results) -> bool:
    """Return whether neighbours of songs are looked up in a graph."""
    return any(results.run.graph_files(cell.name, seed, "latent") for cell in results.done for seed in cell.seeds)


def _seeds(results: Results) -> str:
    """Return what the number of seeds leaves open."""
    n = max((len(cell.seeds) for cell in results.done), default=0)
    if not 0 < n < FEW_SEEDS:
        return ""
    if n == 1:
        return "With one seed nothing is known of what chance does in training: no deviation, no stability."
    return f"With {n} seeds, ± is hardly more than a guess of what chance does in training."


def _not_made(results: Results) -> str:
    """Return what the experiment asked for and does not have."""
    n = len(results.cells) - len(results.done)
    if not n:
        return ""
    there = "is not there, and it was" if n == 1 else "are not there, and they were"
    return f"{plural(n, 'representation')} of this experiment {there} compared with nothing."
