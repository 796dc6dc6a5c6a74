"""What the cells of a run are given of new songs: the same features, the same encoders, the same columns of labels."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from musaic.errors import MusaicError
from musaic.experiment.annotations import label_values
from musaic.experiment.assigning.arriving import Arrivals, label_names
from musaic.experiment.inputs import Inputs, describe
from musaic.experiment.modalities import DESCRIPTIONS, LYRICS, TextInput, label_input, latents_input, text_input
from musaic.lyrics import encoders
from musaic.lyrics.times import without_times
from musaic.models.inputs import Frames
from musaic.models.rows import TrackRows
from musaic.progress import SILENT, Reporter
from musaic.runs.state import load_state

if TYPE_CHECKING:
    from musaic.experiment.config import CellConfig, Experiment
    from musaic.features import FeatureSet
    from musaic.features.featureset import Feature
    from musaic.lyrics.encoders import TextEncoder
    from musaic.runs import Run


@dataclass(frozen=True)
class Heard:
    """New songs as cells take them.

    Parameters
    ----------
    inputs : Inputs
        Every input that can be had, of all songs.
    beyond : dict of str to str
        The inputs that cannot be had of a new song, and why.
    """

    inputs: Inputs
    beyond: dict[str, str]

    def lacking(self, cell: CellConfig) -> str | None:
        """Return why a cell cannot be given what it takes, None where it can."""
        return next((f"{name}: {self.beyond[name]}" for name in cell.input if name in self.beyond), None)


def hear(
    run: Run,
    experiment: Experiment,
    songs: Arrivals,
    features: FeatureSet,
    cells: Sequence[CellConfig],
    lacking: Mapping[str, str] | None = None,
    *,
    cache: Path | None = None,
    workers: int | None = None,
    reporter: Reporter = SILENT,
) -> Heard:
    """Return what cells are given of new songs, every song by itself.

    Parameters
    ----------
    run : Run
        Whose encoders are taken.
    experiment : Experiment
        The run's.
    songs : Arrivals
        The songs; ``features`` are theirs, in their order.
    cells : sequence of CellConfig
        The cells that are to be given something.
    lacking : mapping of str to str, optional
        Features that could not be made of these songs, and why.
    cache, workers, reporter
        As for `musaic.lyrics.encoders.build`.
    """
    ids = list(features.track_ids)
    tracks = songs.tracks.set_index("track_id").reindex(ids)
    values: dict[str, np.ndarray | Frames] = {}
    present: dict[str, np.ndarray] = {}
    beyond: dict[str, str] = dict(lacking or {})
    for name in dict.fromkeys(name for cell in cells for name in cell.input):
        text, label = text_input(name), label_input(name)
        if name in beyond:
            continue
        if latents_input(name):
            beyond[name] = "latents from elsewhere, which a new song does not have"
        elif label:
            values[name], present[name] = _one_hot(_values(tracks, label), _values(run.tracks, label))
        elif text:
            try:
                encoder = _encoder(run, text, experiment, cache, workers, reporter)
                texts = tracks["lyrics"] if text.text == LYRICS else _described(run, features)
                values[name], present[name] = _encoded(encoder, texts)
            except MusaicError as error:
                beyond[name] = str(error).rstrip(".")
        else:
            values[name], present[name] = _measured(features.get(name)), features.get(name).present
    names = sorted({name for cell in cells for name in cell.model.labels})
    everyone = np.ones(len(ids), dtype=bool)
    labels = {name: _values(tracks, name) for name in names}
    return Heard(Inputs(tuple(ids), values, present, np.array(ids, dtype=str), labels, everyone), beyond)


def _measured(feature: Feature) -> np.ndarray | Frames:
    if feature.offsets is None:
        return feature.values
    return Frames(TrackRows(feature.track, feature.offsets, len(feature.dims)), feature.offsets)


def _values(tracks: pd.DataFrame, label: str) -> np.ndarray:
    """Return a label column, or a composite's, None where one is missing."""
    there = set(label.split("+")) <= set(label_names(tracks))
    return np.array(label_values(tracks, label) if there else [None] * len(tracks), dtype=object)


def _one_hot(labels: np.ndarray, known: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return one column a value that the run's songs have; a song with any other value is one without the label."""
    columns = np.array(sorted({label for label in known if label is not None}), dtype=object)
    member = labels[:, None] == columns
    present = member.any(axis=1)
    values = member.astype(np.float32)
    values[~present] = np.nan
    return values, present


def _described(run: Run, features: FeatureSet) -> pd.Series[str]:
    """Return every song's sound in words that mean what they mean for the run's songs."""
    if not (run.encoder_folder("describer") / "config.json").exists():
        raise MusaicError(f"{run.path} does not say what the words of {DESCRIPTIONS} mean")
    return describe(features, run)


def _encoder(
    run: Run,
    text: TextInput,
    experiment: Experiment,
    cache: Path | None,
    workers: int | None,
    reporter: Reporter,
) -> TextEncoder:
    state = load_state(run.encoder_folder(text.folder), name="encoder")
    device = experiment.compute.device
    return encoders.from_state(*state, device=device, cache=cache, workers=workers, reporter=reporter)


def _encoded(encoder: TextEncoder, texts: pd.Series[str]) -> tuple[np.ndarray, np.ndarray]:
    """Return vectors of texts, NaN where there is none, and who has one."""
    has = texts.notna().to_numpy()
    values = np.full((len(has), encoder.n_dims_), np.nan, dtype=np.float32)
    for row in np.flatnonzero(has):  # one by one, so that company changes nothing
        values[row] = encoder.transform([without_times(texts.iloc[row])])[0]
    return values, has
