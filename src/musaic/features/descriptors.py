"""What a listener would say of a song, in numbers with units.

==================  ==========================================================================================
tempo               BPM, the lag of the mean tempogram that stands out under an expectation around 120
key, mode           the key whose Krumhansl-Kessler profile correlates best with the mean chroma
loudness            LUFS (dB), BS.1770 on the mono mix at the analysed rate
energy              root mean square amplitude, 0 to 1
brightness          Hz, centre of mass of all magnitude
onset_rate          onsets per second
rhythm_regularity   0 to 1, highest autocorrelation of the onset strength at 40 to 240 BPM
valence_proxy       0 to 1, not a measured mood: the mean of σ(6 (major - minor)) and σ((tempo - 110) / 30), where
                    major and minor are the best correlations with keys of that mode
arousal_proxy       0 to 1, not a measured mood: the mean of σ((loudness + 18) / 6), σ((onset_rate - 3) / 1.5) and
                    σ(log2(brightness / 2000))
==================  ==========================================================================================

σ is the logistic function. In the vector, the key is the point ``key_x, key_y`` on the circle of fifths (C at (1, 0),
G a twelfth of a turn on) and the mode is 1 for major and 0 for minor, so that distances between vectors mean something.
All describe the sound as it is analysed, after normalisation.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from musaic.audio import loudness, rhythm
from musaic.audio.spectra import Clip
from musaic.audio.tonality import KEYS, estimate_key
from musaic.features.config import FeatureConfig
from musaic.features.kinds import Summary, Vector

if TYPE_CHECKING:
    import pandas as pd

DIMS = (
    "tempo",
    "key_x",
    "key_y",
    "mode",
    "loudness",
    "energy",
    "brightness",
    "onset_rate",
    "rhythm_regularity",
    "valence_proxy",
    "arousal_proxy",
)


def dims(config: FeatureConfig) -> tuple[str, ...]:
    """Name the columns."""
    return DIMS


def measure(clip: Clip, config: FeatureConfig) -> Summary:
    """Gather what the descriptors are made from."""
    return {
        "tempogram": clip.tempogram * clip.n_frames,
        "autocovariance": clip.autocovariance,
        "frames": clip.n_frames,
        "chroma": clip.chroma.sum(axis=0, dtype=np.float64),
        "loudness": (loudness.block_energies(clip.y, clip.frame.sr),),
        "power": float(np.dot(clip.y, clip.y)),
        "samples": len(clip.y),
        "centroid": clip.streams["centroid"].sum(axis=0, dtype=np.float64),
        "onsets": len(clip.onsets),
        "seconds": clip.seconds,
    }


def finish(summary: Summary, config: FeatureConfig) -> np.ndarray:
    """Return the vector, in the order of `DIMS`."""
    at = {"sr": config.sample_rate, "hop_length": config.hop_length}
    frames = summary["frames"]
    tempo = rhythm.tempo(summary["tempogram"] / frames, **at)
    tonic, major, lead = estimate_key(summary["chroma"])
    turn = 2 * np.pi * (7 * tonic % 12) / 12
    level = loudness.integrated(np.concatenate(summary["loudness"]))
    brightness = summary["centroid"][0] / max(summary["centroid"][1], 1e-12)
    onset_rate = summary["onsets"] / summary["seconds"]
    valence = (_logistic(6 * lead) + _logistic((tempo - 110) / 30)) / 2
    arousal = (
        _logistic((level + 18) / 6)
        + _logistic((onset_rate - 3) / 1.5)
        + _logistic(np.log2(max(brightness, 1.0) / 2000))
    ) / 3
    return np.array(
        [
            tempo,
            np.cos(turn),
            np.sin(turn),
            float(major),
            level,
            np.sqrt(summary["power"] / summary["samples"]),
            brightness,
            onset_rate,
            rhythm.regularity(summary["autocovariance"], frames, **at),
            valence,
            arousal,
        ]
    )


def table(track_ids: tuple[str, ...], values: np.ndarray) -> pd.DataFrame:
    """Return the readable table: one row a track, key and mode as words, empty where a track has no descriptors.

    Parameters
    ----------
    values : ndarray, shape (N, 11)
        Vectors; rows of NaN for tracks without.
    """
    import pandas as pd

    columns: dict[str, Any] = {"track_id": pd.Series(track_ids, dtype=object), "tempo": values[:, 0]}
    present = ~np.isnan(values[:, 0])
    turn = np.where(present, np.arctan2(values[:, 2], values[:, 1]) / (2 * np.pi) * 12, 0)
    tonic = 7 * np.rint(turn).astype(int) % 12
    columns["key"] = pd.Series([KEYS[k] if ok else None for k, ok in zip(tonic, present, strict=True)], dtype=object)
    modes = np.where(values[:, 3] > 0.5, "major", "minor")
    columns["mode"] = pd.Series([str(m) if ok else None for m, ok in zip(modes, present, strict=True)], dtype=object)
    for i, name in enumerate(DIMS[4:], start=4):
        columns[name] = values[:, i]
    return pd.DataFrame(columns)


def _logistic(x: float) -> float:
    return float(1 / (1 + np.exp(-x)))


FEATURE = Vector(("mel", "chroma", "centroid"), dims, measure, finish)
