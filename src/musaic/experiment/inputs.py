"""What the cells are given: named vectors and frames of the same tracks, and who has which."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from musaic.errors import unknown
from musaic.experiment.latents import Latents, read_latents
from musaic.experiment.modalities import DESCRIPTIONS, LYRICS, TextInput, label_input, latents_input
from musaic.features.descriptions import Describer
from musaic.lyrics import encoders
from musaic.lyrics.times import without_times
from musaic.models.inputs import Frames
from musaic.models.rows import TrackRows
from musaic.progress import SILENT, Reporter
from musaic.runs.state import load_state, save_state

if TYPE_CHECKING:
    from musaic.corpus import Corpus
    from musaic.experiment.config import CellConfig, Experiment
    from musaic.features import FeatureSet
    from musaic.features.featureset import Feature
    from musaic.lyrics.encoders import TextEncoder
    from musaic.runs import Run


@dataclass(frozen=True)
class Inputs:
    """Named vectors and frames of the same N tracks.

    Parameters
    ----------
    track_ids : tuple of str
        The tracks, in corpus order.
    values : dict of str to (ndarray, shape (N, D), or Frames)
        Vectors: float32; rows of tracks that lack the input are NaN. Frames: read where they are needed.
    present : dict of str to ndarray of bool, shape (N,)
        Which tracks have the input.
    groups : ndarray of str, shape (N,)
        Song or artist: what must not be split between training and held-out tracks.
    labels : dict of str to ndarray of str or None, shape (N,)
        Label columns that models are told.
    usable : ndarray of bool, shape (N,)
        Which tracks have sound, lyrics or latents from elsewhere that could be used, whatever the cells are given.
    seen : dict of str to tuple of str
        Label columns that an input from elsewhere was made with.
    names : dict of str to tuple of str
        What the dimensions of an input are called, where they are called anything.
    of_lyrics : frozenset of str
        Inputs from elsewhere that were made of lyrics.
    """

    track_ids: tuple[str, ...]
    values: dict[str, np.ndarray | Frames]
    present: dict[str, np.ndarray]
    groups: np.ndarray
    labels: dict[str, np.ndarray]
    usable: np.ndarray
    seen: dict[str, tuple[str, ...]] = field(default_factory=dict)
    names: dict[str, tuple[str, ...]] = field(default_factory=dict)
    of_lyrics: frozenset[str] = frozenset()

    def select(self, cell: CellConfig) -> Inputs:
        """Return what a cell is given, for the tracks that have at least one of its inputs."""
        for name in cell.input:
            if name not in self.values:
                raise unknown("input", name, self.values)
        rows = np.flatnonzero(np.any([self.present[name] for name in cell.input], axis=0))
        given = replace(
            self,
            values={name: self.values[name] for name in cell.input},
            present={name: self.present[name] for name in cell.input},
            labels={name: self.labels[name] for name in cell.model.labels},
            seen={name: self.seen[name] for name in cell.input if name in self.seen},
        )
        return given.take(rows)

    def take(self, rows: np.ndarray) -> Inputs:
        """Return the same of some of the tracks."""
        return replace(
            self,
            track_ids=tuple(self.track_ids[row] for row in rows),
            values={name: _rows(values, rows) for name, values in self.values.items()},
            present={name: present[rows] for name, present in self.present.items()},
            groups=self.groups[rows],
            labels={name: column[rows] for name, column in self.labels.items()},
            usable=self.usable[rows],
        )

    def loaded(self, gigabytes: float) -> Inputs:
        """Return the same with all frames in memory, if they fit: half precision, as they are kept."""
        frames = {name: values for name, values in self.values.items() if isinstance(values, Frames)}
        if sum(2 * values.values.shape[0] * values.width for values in frames.values()) > 1e9 * gigabytes:
            return self
        read = {name: Frames(values.values[:], values.offsets) for name, values in frames.items()}
        return replace(self, values={**self.values, **read})


def gather_inputs(
    corpus: Corpus,
    features: FeatureSet,
    experiment: Experiment,
    run: Run,
    *,
    cache: Path | None = None,
    workers: int | None = None,
    reporter: Reporter = SILENT,
) -> Inputs:
    """Put vectors of sound and of texts side by side, joined on ``track_id``.

    Encoders are fitted on the corpus's own texts and saved with the run.
    """
    measured = {name: features.get(name) for name in features.names}
    values = {name: _values(feature) for name, feature in measured.items()}
    present = {name: feature.present for name, feature in measured.items()}
    ids = list(features.track_ids)
    texts = {LYRICS: corpus.tracks.set_index("track_id")["lyrics"].reindex(ids)}
    surroundings = {"device": experiment.compute.device, "cache": cache, "workers": workers, "reporter": reporter}
    wanted = {text.name: text for cell in experiment.cells for text in cell.texts}
    if any(text.text == DESCRIPTIONS for text in wanted.values()):
        texts[DESCRIPTIONS] = describe(features, run).reindex(ids)
    for name, text in wanted.items():
        values[name], present[name] = _encode(text, texts[text.text], experiment, run, surroundings)
    latents: dict[str, Latents] = {}
    for name in dict.fromkeys(name for cell in experiment.cells for name in cell.input):
        label, elsewhere = label_input(name), latents_input(name)
        if label:
            values[name], present[name] = _one_hot(_label(corpus, label, ids))
        if elsewhere:
            latents[name] = read_latents(elsewhere, ids)
            values[name], present[name] = latents[name].values, latents[name].present
    labels = {name: _label(corpus, name, ids) for cell in experiment.cells for name in cell.model.labels}
    had = [present[name] for name in (*measured, *latents)]
    usable = np.any([*had, texts[LYRICS].notna().to_numpy()], axis=0)
    return Inputs(
        features.track_ids,
        values,
        present,
        _groups(corpus, features),
        labels,
        usable,
        seen={name: found.labels_used for name, found in latents.items()},
        names={name: tuple(feature.dims) for name, feature in measured.items()},
        of_lyrics=frozenset(name for name, found in latents.items() if found.of_lyrics),
    )


def _values(feature: Feature) -> np.ndarray | Frames:
    if feature.offsets is None:
        return feature.values
    return Frames(TrackRows(feature.track, feature.offsets, len(feature.dims)), feature.offsets)


def _rows(values: np.ndarray | Frames, rows: np.ndarray) -> np.ndarray | Frames:
    return values.take(rows) if isinstance(values, Frames) else values[rows]


def _one_hot(labels: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return one column a value of a label, shape (N, K), NaN where it is missing; and who has one."""
    known = np.array([label is not None for label in labels])
    values = np.array(sorted({label for label in labels if label is not None}), dtype=object)
    columns = (labels[:, None] == values).astype(np.float32) if len(values) else np.zeros((len(labels), 1), np.float32)
    columns[~known] = np.nan
    return columns, known


def check_encoders(experiment: Experiment, *, cache: Path | None = None, reporter: Reporter = SILENT) -> None:
    """Find the models of all encoders that the cells name, before anything is computed.

    Raises
    ------
    MusaicError
        Where one is neither on this disk nor to be fetched; the command that gets it is named.
    """
    named = {text.encoder or experiment.lyrics.encoder for cell in experiment.cells for text in cell.texts}
    for name in sorted(named):
        encoders.build(name, cache=cache, reporter=reporter).find()


def describe(features: FeatureSet, run: Run) -> pd.Series[str]:
    """Return every track's sound in words, indexed by ``track_id``; what the words mean is saved with the run."""
    folder = run.encoder_folder("describer")
    if (folder / "config.json").exists():
        describer = Describer.from_state(*load_state(folder, name="encoder"))
    else:
        describer = Describer().fit(features.descriptors)
        save_state(folder, *describer.get_state(), name="encoder")
    return describer.describe(features.descriptors)


def _label(corpus: Corpus, name: str, ids: Sequence[str]) -> np.ndarray:
    """Return a label column in the order of the tracks, None where the corpus does not have it."""
    if not set(name.split("+")) <= {*corpus.labels, "artist", "group"}:
        return np.full(len(ids), None, dtype=object)
    values = corpus.label(name).reindex(list(ids))
    return np.array([value if isinstance(value, str) else None for value in values], dtype=object)


def _groups(corpus: Corpus, features: FeatureSet) -> np.ndarray:
    """Return every track's group; tracks with the same sound are in one, so that no copy is held out."""
    by_track = corpus.tracks.set_index("track_id")["group"]
    content = features.status.set_index("track_id")["content_id"].reindex(by_track.index)
    by_content = by_track.groupby(content).transform("first").reindex(by_track.index)
    return by_content.fillna(by_track).reindex(list(features.track_ids)).to_numpy(dtype=str)


def _encode(
    text: TextInput, texts: pd.Series[str], experiment: Experiment, run: Run, surroundings: dict[str, Any]
) -> tuple[np.ndarray, np.ndarray]:
    """Return vectors of texts, shape (N, D), NaN where there is no text; and who has one."""
    has = texts.notna().to_numpy()
    given = [without_times(words) for words in texts[has]]
    if not given:
        return np.full((len(has), 1), np.nan, dtype=np.float32), has
    encoder = _encoder(text, given, experiment, run, surroundings)
    vectors = encoder.transform(given)
    values = np.full((len(has), vectors.shape[1]), np.nan, dtype=np.float32)
    values[has] = vectors
    return values, has


def _encoder(
    text: TextInput, given: list[str], experiment: Experiment, run: Run, surroundings: dict[str, Any]
) -> TextEncoder:
    """Return the encoder that the run was begun with, or fit it on the texts and save it."""
    folder = run.encoder_folder(text.folder)
    if (folder / "config.json").exists():
        return encoders.from_state(*load_state(folder, name="encoder"), **surroundings)
    name = text.encoder or experiment.lyrics.encoder
    options = experiment.lyrics.encoder_options(encoders.parse_encoder(name).kind)
    encoder = encoders.build(name, options=options, **surroundings).fit(given)
    save_state(folder, *encoder.get_state(), name="encoder")
    return encoder
