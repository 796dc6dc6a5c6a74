"""The cards of a clustering, written beside it and read back."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

import numpy as np

from musaic.clustering.base import NOISE
from musaic.errors import UsageError
from musaic.evaluation.stability import company_kept
from musaic.experiment.cards.card import Card, Descriptor
from musaic.experiment.cards.differences import differences
from musaic.experiment.cards.mix import mixes
from musaic.experiment.cards.naming import NOISE_NAME, character, label_words, names
from musaic.experiment.cards.reading import Songs, full_cell_name, read_songs
from musaic.experiment.cards.songs import songs as typical_songs
from musaic.experiment.cards.words import words
from musaic.files import read_json, write_text
from musaic.lyrics.encoders import TextEncoder
from musaic.runs import Run

DIGITS = 6
"""Significant digits of the numbers on a card."""


def write_cards(
    run: Run,
    cell: str,
    clustering: str,
    *,
    seed: int | None = None,
    encoder: TextEncoder | None = None,
    merge_at: float = 0.85,
) -> Path:
    """Write the cards of a clustering.

    Parameters
    ----------
    run : Run
        A run that holds the clustering and the cell's embedding.
    cell : str
        Its name, or the beginning of one if only one begins so.
    clustering : str
        The clustering's id, such as ``latent-kmeans-1a2b3c4d``.
    seed : int, optional
        Of which seed; the run's first where none is given. All seeds count for the stability.
    encoder : TextEncoder, optional
        A fitted multilingual encoder: words of one meaning then count as one term.
    merge_at : float, above 0 to 1
        Cosine from which two words mean the same to it.

    Returns
    -------
    path : Path
        ``cards/<cell>/<clustering>.json``: one line a card, the largest cluster first, noise last.

    Raises
    ------
    UsageError
        Where there is no such cell, clustering or seed, or ``merge_at`` is out of range.
    MusaicError
        Where a table of the run is damaged or lacks songs.

    Notes
    -----
    Clusters are compared with the other songs of the clustering (the cell's songs, noise among them), not with songs
    that it does not know.
    """
    if not 0 < merge_at <= 1:
        raise UsageError(f"merge_at is {merge_at}; give a cosine above 0, at most 1.")
    name = full_cell_name(run, cell)
    seed, songs = read_songs(run, name, clustering, seed)
    made = _cards(songs, encoder, merge_at)
    head = {"cell": name, "clustering": clustering, "seed": seed, "n_tracks": len(songs.track_ids)}
    told = [{**_rounded(card.plain()), "text": card.text} for card in made]
    lines = [json.dumps(card, ensure_ascii=False, allow_nan=False) for card in told]
    opening = json.dumps(head, ensure_ascii=False)[:-1]
    path = run.cards_file(name, clustering)
    write_text(path, f'{opening}, "cards": [\n' + ",\n".join(lines) + "\n]}\n")
    return path


def cards(run: Run, cell: str, clustering: str) -> list[Card]:
    """Return the cards that `write_cards` wrote, the largest cluster first, noise last.

    Raises
    ------
    UsageError
        Where there is no such cell, or none were written.
    """
    path = run.cards_file(full_cell_name(run, cell), clustering)
    if not path.is_file():
        raise UsageError(f"there are no cards of clustering {clustering} in {path.parent}; write them first.")
    return [Card.from_plain(data) for data in read_json(path)["cards"]]


def _cards(songs: Songs, encoder: TextEncoder | None, merge_at: float) -> list[Card]:
    """Return the card of every cluster."""
    clusters, n = songs.clusters, len(songs.clusters)
    differ = differences(songs.descriptors, clusters)
    mix = mixes(songs.labels, clusters)
    terms = words(songs.terms, clusters, encoder=encoder, merge_at=merge_at)
    typical = typical_songs(songs.latents, clusters, songs.confidence, songs.track_ids, songs.artists)
    company = company_kept([songs.labelings[n] for n in sorted(songs.labelings)])
    values = {value for column in songs.labels.values() for value in column if value is not None}
    secret = label_words(values, songs.terms.languages)
    order = sorted({int(cluster) for cluster in clusters}, key=lambda cluster: (cluster == NOISE, cluster))
    characters = {c: character(differ[c], terms.get(c, ()), secret) for c in order if c != NOISE}

    def compare(twins: list[int]) -> dict[int, tuple[Descriptor, ...]]:
        rows = np.isin(clusters, twins)
        return differences(songs.descriptors[rows], clusters[rows])

    called = names(characters, compare) | {NOISE: NOISE_NAME}
    made = []
    for cluster in order:
        rows = clusters == cluster
        medoids, boundary = typical[cluster]
        made.append(
            Card(
                cluster=cluster,
                name=called[cluster],
                size=int(rows.sum()),
                share=float(rows.sum() / n),
                confidence=_mean(songs.confidence[rows]),
                stability=None if cluster == NOISE else _mean(company[rows]),
                mixes=mix[cluster],
                descriptors=differ[cluster],
                terms=terms.get(cluster, ()),
                medoids=medoids,
                boundary=boundary,
            )
        )
    return made


def _mean(values: np.ndarray) -> float | None:
    """Return the mean of what is known."""
    known = values[np.isfinite(values)]
    return float(known.mean()) if len(known) else None


def _rounded(data: Any) -> Any:
    """Return plain data with its numbers short enough to read."""
    if isinstance(data, float):
        return float(f"{data:.{DIGITS}g}") if math.isfinite(data) else None
    if isinstance(data, dict):
        return {key: _rounded(value) for key, value in data.items()}
    return [_rounded(value) for value in data] if isinstance(data, list) else data
