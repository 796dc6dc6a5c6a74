"""What a run cannot say, told from what it is."""

from __future__ import annotations

import pandas as pd

from musaic.files import read_json
from musaic.report.hearing import Hearing
from musaic.report.reading import Results
from musaic.report.words import count, plural, score, share

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
    seconds = float(asked["duration"]) * int(asked.get("segments") or 1)
    known = tracks["duration"].dropna()
    longer = int((known > seconds + 0.5).sum())
    if not longer:
        return []
    part = share(longer / len(known))
    return [f"Of {part} of the songs only {seconds:g} s were analysed; what else is in them was not heard."]


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
    board = results.leaderboard
    told = board[["clustering", "approximation"]].dropna() if "approximation" in board else pd.DataFrame()
    notes = dict(told.itertuples(index=False, name=None)) if len(told) else {}
    ways = [f"{name} ({note})" for name, note in notes.items()]
    sampled = "silhouette_sampled" in board and board["silhouette_sampled"].astype(str).str.lower().eq("true").any()
    parts = [f"some clusterings are approximate: {', '.join(ways)}"] if ways else []
    parts += ["silhouettes, probes and neighbours across languages were taken of samples"] if sampled else []
    return f"With so many songs, {', and '.join(parts)}." if parts else ""


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
