"""What is known of a corpus and measured from its songs, ready to be exported."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from musaic.exports.parts import Frames, Part, safe_name
from musaic.progress import SILENT, Reporter
from musaic.runs.archive import without_texts

if TYPE_CHECKING:
    from musaic.corpus import Corpus
    from musaic.features.config import FeatureConfig
    from musaic.features.extraction import Songs as SongsLike
    from musaic.features.featureset import Feature, FeatureSet

KINDS = ("labels", "features")


@dataclass(frozen=True)
class Songs:
    """Songs as extraction takes them: the folder where their paths start, and ``track_id, audio, status, reason``."""

    root: Path
    tracks: pd.DataFrame


def corpus_parts(
    corpus: Corpus,
    kinds: Sequence[str],
    config: FeatureConfig,
    *,
    cache: Path | None = None,
    workers: int | None = None,
    reporter: Reporter = SILENT,
) -> list[Part]:
    """Return the parts of a corpus: its labels, and features out of the store, where what it lacks is measured.

    Parameters
    ----------
    corpus : Corpus
        The songs.
    kinds : sequence of str
        Of `KINDS`.
    config : FeatureConfig
        Which features, measured how.
    cache, workers, reporter
        As `musaic.features.extract` takes them.
    """
    parts: list[Part] = []
    measured = None
    if "features" in kinds:
        measured = _extract(corpus, config, cache, workers, reporter)
    if "labels" in kinds:
        parts.append(Part("labels", "labels", partial(_labels, corpus, measured)))
    return parts + (_parts(measured) if measured is not None else [])


def feature_parts(
    songs: SongsLike, config: FeatureConfig, cache: Path | None, workers: int | None, reporter: Reporter
) -> list[Part]:
    """Return one part a feature of a configuration, all tracks of the songs in their order."""
    return _parts(_extract(songs, config, cache, workers, reporter))


def _extract(
    songs: SongsLike, config: FeatureConfig, cache: Path | None, workers: int | None, reporter: Reporter
) -> FeatureSet:
    from musaic.features.extraction import extract

    return extract(songs, config, cache=cache, workers=workers, reporter=reporter)


def _labels(corpus: Corpus, measured: FeatureSet | None) -> pd.DataFrame:
    """Return the corpus without its lyrics; where it was measured, with what came to light of its files."""
    if measured is None:
        return without_texts(corpus.tracks)
    tracks = corpus.with_status(measured.status).tracks
    facts = measured.status[["track_id", "content_id", "duration"]]
    return without_texts(tracks.merge(facts, on="track_id", how="left", validate="one_to_one"))


def _parts(measured: FeatureSet) -> list[Part]:
    parts = []
    for name in measured.names:
        feature, place = measured.get(name), f"features/{safe_name(name)}"
        if name == "descriptors":
            # numbers and words, such as the key: a table and no vectors
            parts.append(Part("features", place, partial(_readable, measured)))
        elif measured.is_vector(name):
            parts.append(Part("features", place, partial(_vectors, feature), _made_by(measured, name), matrix=True))
        else:
            parts.append(Part("features", place, partial(_frames, feature), {"frames": True}))
    return parts


def _made_by(measured: FeatureSet, name: str) -> dict[str, Any]:
    """Return what the manifest says of a pretrained network: the feature's name, for its file's differs; licence."""
    record = measured.pretrained.get(name)
    return {} if record is None else {"feature": name, "pretrained": record}


def _readable(measured: FeatureSet) -> pd.DataFrame:
    return measured.descriptors


def _vectors(feature: Feature) -> pd.DataFrame:
    table = pd.DataFrame(feature.values.astype(np.float32), columns=list(feature.dims))
    table.insert(0, "track_id", pd.Series(feature.track_ids, dtype=object))
    return table


def _frames(feature: Feature) -> Frames:
    assert feature.offsets is not None
    return Frames(pd.Index(feature.track_ids, name="track_id"), feature.dims, feature.offsets, feature.track)
