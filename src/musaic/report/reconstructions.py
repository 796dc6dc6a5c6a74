"""What a model makes of songs: reconstructions beside the originals."""

from __future__ import annotations

from functools import partial

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from musaic.report.palette import OKABE_ITO, cut
from musaic.report.planned import Planned
from musaic.report.plotting import INK, LTR, SOFT, WIDTH, bare, new_figure
from musaic.report.reading import Cell, Results
from musaic.report.words import score

MOST_SONGS = 4

SHADES = 2.5
"""Standard deviations of a band, to either side of its mean, that colours reach."""

FLAT = 1e-4
"""Standard deviations of a feature: what varies less does so by rounding."""

MOST_NAMED = 8
"""Features whose names fit below a profile."""


def plan(results: Results) -> list[Planned]:
    """Return the reconstructions of each cell."""
    return [
        Planned(
            f"reconstructions-{cell.name}",
            "reconstructions",
            cell.name,
            f"Features of a few songs beside what {cell.title} makes of them.",
            partial(reconstructions_figure, results, cell),
        )
        for cell in results.done
        if results.decoded_file("reconstructions", cell).is_file()
    ]


def reconstructions_figure(results: Results, cell: Cell) -> Figure | None:
    """Draw a row a song: frames as two images beside each other, vectors as two lines over the features.

    All is drawn in standard deviations of each feature or band, and ``r`` is the correlation of what is drawn. Frames
    are taken as departures from their band's mean over the songs shown, originals and reconstructions each from their
    own: a model that decodes the same for every song draws nothing and has an ``r`` near 0, however well it knows that
    low bands are louder than high ones.
    """
    data = results.decoded("reconstructions", cell)
    if data is None or not len(data.get("tracks", ())):
        return None
    tracks = [str(name) for name in data["tracks"][:MOST_SONGS]]
    names = modalities(data, "original")
    row, head, top = 1.5, 0.32, 0.5
    height = top + len(tracks) * (row + head) + 0.5
    figure = new_figure(height)
    left, gap = 0.5, 0.55
    width = (WIDTH - left - 0.15 - gap * (len(names) - 1)) / len(names)
    for column, name in enumerate(names):
        x = left + column * (width + gap)
        figure.text(x / WIDTH, (height - 0.24) / height, cut(name, 40), size=11)
        originals, decoded = _drawn(data, name, len(tracks))
        for place, track in enumerate(tracks):
            bottom = height - top - (place + 1) * (row + head)
            box = (x / WIDTH, bottom / height, width / WIDTH, row / height)
            original, made = originals[place], decoded[place]
            here = bool(np.isfinite(original).any())
            note = f"r = {score(_correlation(original, made), 2)}" if here else f"has no {name}"
            title = f"{LTR}{cut(results.song(track), 44)}{LTR}"
            figure.text(x / WIDTH, (bottom + row + 0.06) / height, title, size=9, color=INK)
            figure.text((x + width) / WIDTH, (bottom + row + 0.06) / height, note, size=9, color=SOFT, ha="right")
            if original.ndim == 2:
                _images(figure, box, original if here else None, made)
            else:
                axes = figure.add_axes(box)
                _lines(axes, original, made)
                named = data.get(f"{name}.names", ())
                if 0 < len(named) <= MOST_NAMED:
                    axes.set_xticks(range(1, len(named) + 1), [cut(feature, 18) for feature in named])
                if place == len(tracks) - 1:
                    axes.set_xlabel("feature, in standard deviations over the songs", labelpad=2)
                else:
                    axes.set_xticklabels([])
        if originals.ndim == 3:
            told = "left: original · right: reconstruction", f"shades: −{SHADES:g} to {SHADES:g} sd of each band"
            for y, line in zip((0.26, 0.1), told, strict=True):
                figure.text(x / WIDTH, y / height, line, size=9, color=SOFT)
    if any(data[f"{name}.original"].ndim == 2 for name in names):
        _key(figure, height)
    return figure


def modalities(data: dict[str, np.ndarray], part: str) -> list[str]:
    """Return the modalities of a file of decoded features."""
    return sorted(name.removesuffix(f".{part}") for name in data if name.endswith(f".{part}"))


def standardised(data: dict[str, np.ndarray], name: str, values: np.ndarray) -> np.ndarray:
    """Return vectors in standard deviations of their features over the songs."""
    sd = data[f"{name}.sd"]
    return np.asarray((values - data[f"{name}.mean"]) / np.where(sd > 0, sd, 1))


def bands(frames: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the mean and the standard deviation of each band of frames.

    Parameters
    ----------
    frames : ndarray, shape (n, C, F)
        Of several songs; NaN where a song has none.

    Returns
    -------
    mean, sd : ndarray, shape (F,)
        Over songs and time. A band that hardly varies is taken to vary as little as a thousandth of the one that
        varies the most, so that rounding is not blown up to a picture.
    """
    known = frames.reshape(-1, frames.shape[-1]).astype(float)
    known = known[np.isfinite(known).all(axis=1)]
    if not len(known):
        return np.zeros(frames.shape[-1]), np.ones(frames.shape[-1])
    sd = known.std(axis=0)
    return known.mean(axis=0), np.maximum(sd, 0.001 * sd.max() or 1.0)


def _drawn(data: dict[str, np.ndarray], name: str, n: int) -> tuple[np.ndarray, np.ndarray]:
    """Return originals and reconstructions of the first ``n`` songs in standard deviations of their features."""
    original, made = data[f"{name}.original"][:n], data[f"{name}.reconstruction"][:n]
    if original.ndim == 2:
        return standardised(data, name, original), standardised(data, name, made)
    mean, sd = bands(original)
    # Means of the same songs: those that have the modality, where there are any.
    here = np.isfinite(original).any(axis=(1, 2))
    return (original - mean) / sd, (made - bands(made[here] if here.any() else made)[0]) / sd


def _correlation(original: np.ndarray, made: np.ndarray) -> float:
    """Return the correlation of original and reconstruction as they are drawn, 0 where one does not vary."""
    known = np.isfinite(original) & np.isfinite(made)
    a, b = original[known].astype(float), made[known].astype(float)
    if a.size < 2 or min(a.std(), b.std()) < FLAT:
        return 0.0
    return float(np.corrcoef(a, b)[0, 1])


def _images(
    figure: Figure, box: tuple[float, float, float, float], original: np.ndarray | None, made: np.ndarray
) -> None:
    """Draw two pictures of frames, time to the right, in the same shades."""
    x, y, width, height = box
    for place, values in enumerate((original, made)):
        axes = figure.add_axes((x + place * width * 0.51, y, width * 0.49, height))
        bare(axes)
        if values is not None:
            picture(axes, values, SHADES)


def picture(axes: Axes, values: np.ndarray, reach: float, *, colors: str = "cividis") -> None:
    """Draw frames, shape (C, F), as a picture from ``-reach`` to ``reach``: time to the right, bands upwards."""
    axes.imshow(values.T, origin="lower", aspect="auto", cmap=colors, vmin=-reach, vmax=reach, interpolation="nearest")


def _lines(axes: Axes, original: np.ndarray, made: np.ndarray) -> None:
    """Draw the profile of two vectors over their features."""
    x = np.arange(1, len(original) + 1)
    axes.axhline(0, color=SOFT, linewidth=0.6)
    marker = "o" if len(x) <= 40 else None
    axes.plot(x, original, color=OKABE_ITO[0], linewidth=1.1, marker=marker, markersize=3)
    axes.plot(x, made, color=OKABE_ITO[3], linewidth=1.1, marker=marker, markersize=3)
    axes.set_xlim(0.5, len(x) + 0.5)
    reach = 1.1 * max(1.0, float(np.nanmax(np.abs(np.concatenate([original, made])))))
    axes.set_ylim(-reach, reach)
    axes.locator_params(axis="y", nbins=4)
    axes.locator_params(axis="x", nbins=8, integer=True)
    axes.tick_params(labelsize=8)


def _key(figure: Figure, height: float) -> None:
    """Explain the two lines."""
    from matplotlib.lines import Line2D

    figure.legend(
        [Line2D([], [], color=OKABE_ITO[0]), Line2D([], [], color=OKABE_ITO[3])],
        ["original", "reconstruction"],
        loc="upper right",
        bbox_to_anchor=(1 - 0.1 / WIDTH, 1 - 0.06 / height),
        ncols=2,
    )
