"""``report.html``: one file that needs nothing else, and may fetch nothing else."""

from __future__ import annotations

import base64
import hashlib
import struct
from dataclasses import dataclass
from importlib import resources
from pathlib import Path
from typing import Any

from jinja2 import Environment, StrictUndefined

from musaic.files import read_json, write_text
from musaic.report import questions, tables, words
from musaic.report.figures import KINDS, plan
from musaic.report.plotting import DPI
from musaic.report.reading import Results
from musaic.report.scatter import METHODS, grid_method

MOST_BYTES = 5_500_000
"""Of figures inside the page, so that it opens at once; further maps stay in ``figures/`` beside it."""

OF_CLUSTERS = (
    ("clusters", ""),
    ("composition", "What each cluster is made of; in brackets the songs that have the label."),
    (
        "confusion",
        "Classes against clusters; a frame marks the one cluster that stands for a class (Hungarian).",
    ),
    ("choices", "Scores against the number of clusters. With more clusters some scores rise by themselves."),
    ("knee", "Where DBSCAN’s eps lies on the distances between neighbours."),
    ("dendrogram", "The tree that agglomerative clustering cuts, and the commonest classes of its branches."),
)
"""Kinds of figures that belong to clusters, and what stands below them."""

OF_MODELS = (
    (
        "reconstructions",
        "Songs as they are and as the model decodes them from their latents. Vectors stand in standard deviations over "
        "all songs; of pictures, each band stands as its departure from its mean over the songs shown, originals and "
        "reconstructions each from their own, in standard deviations of the originals. r is the correlation of what is "
        "drawn: a model that decodes the same for every song has one near 0, and a plain picture.",
    ),
    (
        "traversals",
        "One latent dimension moves, the others stand still; of vectors, the features that move the most. One scale "
        "for all dimensions, in standard deviations of each feature or band: one that does little looks like it.",
    ),
)
"""Kinds of figures that belong to a trained model beside its training."""

SHOWN_OF_MODELS = ("training", *(kind for kind, _ in OF_MODELS))


@dataclass(frozen=True)
class Picture:
    """A figure inside the page: what it shows in words, its data, and its size in CSS pixels."""

    kind: str
    cell: str | None
    alt: str
    data: str
    width: int
    height: int


def write_report(run: Path) -> Path:
    """Write a run's ``report.html`` from what is on disk.

    Parameters
    ----------
    run : Path
        The run folder. Figures are taken from ``figures/``, where `write_figures` puts them; a page without them is
        whole all the same.

    Returns
    -------
    Path
        Of the page. Equal folders give equal bytes.
    """
    path = Path(run) / "report.html"
    write_text(path, render(Results(Path(run))))
    return path


def render(results: Results) -> str:
    """Return the page as text."""
    folder = resources.files("musaic.report")
    css = (folder / "report.css").read_text(encoding="utf-8").strip()
    environment = Environment(autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True)
    environment.filters |= {
        "name": words.name,
        "count": words.count,
        "score": words.score,
        "visible": lambda text: words.visible(text, lines=True),
    }
    environment.globals["plural"] = words.plural
    template = environment.from_string((folder / "report.html.j2").read_text(encoding="utf-8"))
    digest = base64.b64encode(hashlib.sha256(css.encode()).digest()).decode()
    text = template.render(css=css, style_hash=digest, **_context(results))
    # What no encoding can write (half of a surrogate pair in a file name) must not stop the page.
    return text.encode("utf-8", "replace").decode("utf-8")


def _context(results: Results) -> dict[str, Any]:
    """Return everything the template asks for."""
    run = results.run
    tracks = results.tracks
    pictures, left_out = _pictures(results)
    failed_files, n_failed = tables.failures(results)
    failed_lyrics, n_failed_lyrics = tables.lyrics_failures(results)
    sound, lyrics = tables.has_sound(tracks), tables.has_lyrics(tracks)
    honest = [dict(row) for row in results.honest.to_dict("records")]
    best = {str(key): value for key, value in honest[0].items()} if honest else None
    best_cell = results.cell(best["cell"]) if best else None
    environment = read_json(run.environment_file) if run.environment_file.is_file() else {}
    columns, rows = tables.full_leaderboard(results)
    clusters = tables.clusters(results, best_cell, best) if best and best_cell else None
    return {
        "title": results.run.experiment.get("name") or "run",
        "verdict": words.signed(results.verdict or ""),
        "n_tracks": len(tracks),
        "n_sound": int(sound.sum()),
        "n_lyrics": int(lyrics.sum()),
        "n_both": int((sound & lyrics).sum()),
        "n_neither": int((~sound & ~lyrics).sum()),
        "length": words.duration(float(tracks["duration"].sum())) if "duration" in tracks else "",
        "labels": results.labels,
        "by_label": [(label, *_at_most(tables.class_counts(results, label))) for label in results.shown_labels],
        "statuses": tables.statuses(results),
        "failures": failed_files,
        "n_failed": n_failed,
        "failed_lyrics": failed_lyrics,
        "n_failed_lyrics": n_failed_lyrics,
        "cells": results.cells,
        "n_seeds": max((len(cell.seeds) for cell in results.cells), default=0),
        "board": tables.leaderboard(results) if len(results.leaderboard) else None,
        "full_columns": columns,
        "full_rows": rows,
        "best": best,
        "best_cell": best_cell,
        "clusters": clusters,
        "cards": questions.cards(results, clusters["cell"], clusters["clustering"]) if clusters else [],
        "language": questions.language(results),
        "transfer": questions.transfer(results),
        "pictures": pictures,
        "of_clusters": OF_CLUSTERS,
        "of_models": OF_MODELS,
        "left_out": left_out,
        "grid_method": METHODS[grid_method(results)],
        "trained": [
            cell for cell in results.cells if any(p.kind in SHOWN_OF_MODELS and p.cell == cell.name for p in pictures)
        ],
        "experiment": run.experiment_file.read_text(encoding="utf-8").strip(),
        "environment": environment,
    }


def _at_most(rows: list[dict[str, Any]], most: int = 60) -> tuple[list[dict[str, Any]], int]:
    """Return the first rows and how many are left."""
    return rows[:most], max(0, len(rows) - most)


def _pictures(results: Results) -> tuple[list[Picture], list[str]]:
    """Return the figures that fit into the page, and the file names of those that do not."""
    folder = results.run.path / "figures"
    planned = [item for item in plan(results) if (folder / item.file).is_file()]
    first = results.done[0].name if results.done else None
    chosen, left_out, total = set(), [], 0
    # The best cell comes before the others whatever the kind.
    for item in sorted(planned, key=lambda item: (item.cell not in (None, first), KINDS[item.kind].weight)):
        total += (folder / item.file).stat().st_size
        if total <= MOST_BYTES:
            chosen.add(item.file)
        else:
            left_out.append(item.file)
    pictures = []
    for item in planned:
        if item.file in chosen:
            data = (folder / item.file).read_bytes()
            width, height = struct.unpack(">II", data[16:24])
            pictures.append(
                Picture(
                    item.kind,
                    item.cell,
                    item.alt,
                    base64.b64encode(data).decode(),
                    round(width * 96 / DPI),
                    round(height * 96 / DPI),
                )
            )
    return pictures, sorted(left_out)
