"""What the cells are given: named vectors, one row a track, and who has which."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from musaic.errors import unknown
from musaic.lyrics.config import LyricsConfig
from musaic.lyrics.tfidf import TfidfEncoder, has_words
from musaic.runs.state import load_state, save_state

if TYPE_CHECKING:
    from musaic.corpus import Corpus
    from musaic.features import FeatureSet
    from musaic.runs import Run

LYRICS = "lyrics"


@dataclass(frozen=True)
class Inputs:
    """Named vectors over the same N tracks.

    Parameters
    ----------
    track_ids : tuple of str
        The tracks, in corpus order.
    values : dict of str to ndarray, shape (N, D)
        float32; rows of tracks that lack the input are NaN.
    present : dict of str to ndarray of bool, shape (N,)
        Which tracks have the input.
    groups : ndarray of str, shape (N,)
        Song or artist: what must not be split between training and held-out tracks.
    """

    track_ids: tuple[str, ...]
    values: dict[str, np.ndarray]
    present: dict[str, np.ndarray]
    groups: np.ndarray

    def select(self, names: Sequence[str]) -> Inputs:
        """Return the named inputs, for the tracks that have at least one of them."""
        for name in names:
            if name not in self.values:
                raise unknown("input", name, self.values)
        rows = np.flatnonzero(np.any([self.present[name] for name in names], axis=0))
        return Inputs(
            tuple(self.track_ids[row] for row in rows),
            {name: self.values[name][rows] for name in names},
            {name: self.present[name][rows] for name in names},
            self.groups[rows],
        )


def gather_inputs(corpus: Corpus, features: FeatureSet, config: LyricsConfig, run: Run) -> Inputs:
    """Put audio features and lyrics vectors side by side, joined on ``track_id``.

    The lyrics encoder is fitted on the corpus's own texts and saved with the run.
    """
    vectors = {name: features.get(name) for name in features.names if features.is_vector(name)}
    values = {name: feature.values for name, feature in vectors.items()}
    present = {name: feature.present for name, feature in vectors.items()}
    texts = corpus.tracks.set_index("track_id")["lyrics"].reindex(list(features.track_ids))
    has_lyrics = np.array([isinstance(text, str) and has_words(text) for text in texts], dtype=bool)
    values[LYRICS], present[LYRICS] = _lyrics_vectors(list(texts[has_lyrics]), has_lyrics, config, run)
    groups = _groups(corpus, features)
    return Inputs(features.track_ids, values, present, groups)


def _groups(corpus: Corpus, features: FeatureSet) -> np.ndarray:
    """Return every track's group; tracks with the same sound are in one, so that no copy is held out."""
    by_track = corpus.tracks.set_index("track_id")["group"]
    content = features.status.set_index("track_id")["content_id"].reindex(by_track.index)
    by_content = by_track.groupby(content).transform("first").reindex(by_track.index)
    return by_content.fillna(by_track).reindex(list(features.track_ids)).to_numpy(dtype=str)


def _lyrics_vectors(
    texts: list[str], has_lyrics: np.ndarray, config: LyricsConfig, run: Run
) -> tuple[np.ndarray, np.ndarray]:
    """Return lyrics vectors, shape (N, D), NaN where there is no text; and who has one."""
    if not texts:
        return np.full((len(has_lyrics), 1), np.nan, dtype=np.float32), has_lyrics
    folder = run.encoder_folder(LYRICS)
    if (folder / "config.json").exists():
        encoder = TfidfEncoder.from_state(*load_state(folder, name="encoder"))
    else:
        encoder = TfidfEncoder(n_components=config.n_components).fit(texts)
        save_state(folder, *encoder.get_state(), name="encoder")
    vectors = encoder.transform(texts)
    values = np.full((len(has_lyrics), vectors.shape[1]), np.nan, dtype=np.float32)
    values[has_lyrics] = vectors
    return values, has_lyrics
