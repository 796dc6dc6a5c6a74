"""``report.html``: one file that needs nothing else, and may fetch nothing from the network."""

from __future__ import annotations

from importlib import resources
from pathlib import Path
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined

from musaic.files import read_json, write_text
from musaic.report import cards, questions, tables, verdict, words
from musaic.report.assets import Asset, script, style
from musaic.report.clips import Clips
from musaic.report.dataset import dataset, page_json
from musaic.report.hearing import Hearing
from musaic.report.limits import limits
from musaic.report.pictures import pictures
from musaic.report.reading import Results
from musaic.report.scatter import METHODS, grid_method

MOST_BYTES = 8_000_000
"""Of the whole page, excerpts of songs aside, so that it opens at once."""

FRAMES = 100_000
"""Kept free for what stands around figures: captions, what they show in words."""

MOST_PICTURES = 5_500_000
"""Of figures, before they are written as text (a third more); further ones stay in ``figures/`` beside the page."""

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
"""Kinds of figures that belong to what a trained model decodes."""


def write_report(run: Path, *, corpus: Path | None = None, out: Path | None = None, embed_clips: bool = False) -> Path:
    """Write a run's page from what is on disk.

    Parameters
    ----------
    run : Path
        The run folder. Figures are taken from ``figures/`` and sounds from ``sounds/``, where `write_figures` and
        `write_sounds` put them; a page without them is whole all the same.
    corpus : Path, optional
        Where the corpus lies now, if it was moved since.
    out : Path, optional
        The page; ``report.html`` in the run folder by default.
    embed_clips : bool
        Put excerpts of the songs into the page, so that they sound wherever it goes. They are other people's
        recordings, and heavy.

    Returns
    -------
    Path
        Of the page. Equal folders give equal bytes.

    Raises
    ------
    UsageError
        Where ``corpus`` is not there.
    MusaicError
        Where a file of the run is damaged, or the page cannot be written.
    """
    path = Path(run) / "report.html" if out is None else Path(out)
    write_text(path, render(Results(Path(run)), page=path, corpus=corpus, embed_clips=embed_clips))
    return path


def render(results: Results, *, page: Path, corpus: Path | None = None, embed_clips: bool = False) -> str:
    """Return the page as text; the parameters are those of `write_report`."""
    environment = Environment(
        loader=PackageLoader("musaic.report"),
        autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True,
    )  # fmt: skip
    environment.filters |= {
        "name": words.name,
        "count": words.count,
        "score": words.score,
        "visible": lambda text: words.visible(text, lines=True),
    }
    environment.globals["plural"] = words.plural
    data = _data(results, page, corpus)
    written = page_json(data) if data else ""
    hearing = Hearing(results, page, corpus, Clips(embed_clips), most_bytes=(MOST_BYTES - len(written)) // 2)
    css = Asset("report.css", style().text + _own("report.css"))
    scripts = [*([script()] if data else []), Asset("page.js", _own("page.js"))]
    context = {
        "css": css.text,
        "scripts": [each.text for each in scripts],
        "policy": policy(css, scripts),
        "data": written,
        "outside": _outside(data),
        "n_placed": sum(run["assigned"]["n"] for run in data.get("runs", ())),
        **_context(results, hearing),
    }
    template = environment.get_template("page.html.j2")

    def rendered(most_bytes: int) -> str:
        """Return the page with figures of so many bytes."""
        text = template.render(context | _pictured(results, hearing, most_bytes))
        # What no encoding can write (half of a surrogate pair in a file name) must not stop the page.
        return text.encode("utf-8", "replace").decode("utf-8")

    room = MOST_BYTES - FRAMES - len(rendered(0).encode()) + hearing.clips.n_bytes
    return rendered(min(room * 3 // 4, MOST_PICTURES))


def policy(css: Asset, scripts: list[Asset]) -> str:
    """Return the content security policy: these styles and scripts alone, sound from files and from the page itself."""
    return (
        f"default-src 'none'; script-src {' '.join(each.source for each in scripts)}; style-src {css.source}; "
        "img-src data:; media-src file: data: blob:; base-uri 'none'; form-action 'none'"
    )


def _own(name: str) -> str:
    """Return one of the files that the page is made of."""
    return (resources.files("musaic.report") / name).read_text(encoding="utf-8").strip()


def _data(results: Results, page: Path, corpus: Path | None) -> dict[str, Any]:
    """Return the data of the map; nothing where the run has none."""
    if not results.run.tracks_file.is_file() or not any(_has_map(results, cell.name) for cell in results.done):
        return {}
    return dataset(results.run, mode="report", corpus=corpus, page=page)


def _has_map(results: Results, cell: str) -> bool:
    return any(results.run.map_file(cell, method).is_file() for method in METHODS)


def _outside(data: dict[str, Any]) -> int:
    """Return how many representations have a map that the page does not hold."""
    cells = [cell for run in data.get("runs", ()) for cell in run["cells"]]
    return sum(cell["columns"] is None and bool(cell["methods"]) for cell in cells)


def _context(results: Results, hearing: Hearing) -> dict[str, Any]:
    """Return everything the template asks for but the machinery and the figures."""
    run = results.run
    honest = [dict(row) for row in results.honest.to_dict("records")]
    best = {str(key): value for key, value in honest[0].items()} if honest else None
    best_cell = results.cell(best["cell"]) if best else None
    columns, rows = tables.full_leaderboard(results)
    clusters = tables.clusters(results, best_cell, best) if best and best_cell else None
    decks = cards.decks(results, clusters["cell"], clusters["clustering"].get("id"), hearing.song) if clusters else []
    return {
        "title": run.experiment.get("name") or "run",
        "verdict": words.signed(results.verdict or ""),
        "comparisons": verdict.comparisons(results),
        "found": verdict.found(results, best) if best else [],
        **_songs(results),
        "cells": results.cells,
        "n_seeds": max((len(cell.seeds) for cell in results.cells), default=0),
        "board": tables.leaderboard(results) if len(results.leaderboard) else None,
        "full_columns": columns,
        "full_rows": rows,
        "best": best,
        "best_cell": best_cell,
        "clusters": clusters,
        "decks": decks,
        "playable": any(
            song["address"] or song["clip"] for deck in decks for card in deck["cards"] for song in card["medoids"]
        ),
        "clips": hearing.clips,
        "language": questions.language(results),
        "transfer": questions.transfer(results),
        "of_clusters": OF_CLUSTERS,
        "of_models": OF_MODELS,
        "grid_method": METHODS[grid_method(results)],
        "hearing": hearing,
        "experiment": run.experiment_file.read_text(encoding="utf-8").strip(),
        "environment": read_json(run.environment_file) if run.environment_file.is_file() else {},
        "limits": limits(results, hearing),
    }


def _pictured(results: Results, hearing: Hearing, most_bytes: int) -> dict[str, Any]:
    """Return the figures, at most so many bytes of them, and the cells that have something to be seen or heard."""
    shown, left_out = pictures(results, most_bytes)
    heard = [each.cell.name for each in hearing.cells]

    def having(*kinds: str) -> set[str | None]:
        return {item.cell for item in shown if item.kind in kinds}

    decoding = {*heard, *having(*(kind for kind, _ in OF_MODELS))}
    return {
        "pictures": shown,
        "maps": [item for item in shown if item.kind in ("grid", "map", "truth")],
        "left_out": left_out,
        "trained": [cell for cell in results.cells if cell.name in having("training")],
        "decoding": sorted(
            (cell for cell in results.cells if cell.name in decoding), key=lambda cell: cell.name not in heard
        ),
    }


def _songs(results: Results) -> dict[str, Any]:
    """Return what the page says of the songs and their files."""
    tracks = results.tracks
    sound, lyrics = tables.has_sound(tracks), tables.has_lyrics(tracks)
    failed_files, n_failed = tables.failures(results)
    failed_lyrics, n_failed_lyrics = tables.lyrics_failures(results)
    return {
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
    }


def _at_most(rows: list[dict[str, Any]], most: int = 60) -> tuple[list[dict[str, Any]], int]:
    """Return the first rows and how many are left."""
    return rows[:most], max(0, len(rows) - most)
