"""Sound out of a latent space: what a model's decoder says, through Griffin-Lim, beside the song as it is.

A model is heard by its log-mel spectrogram, or by its MFCC, whose coefficients stand for a smooth one. What comes out
is a reconstruction: mel bands and guessed phases, so that the song's own features are turned into sound the same way,
to be held against it.

Letters: C frames of a crop, F features of a frame, Z latent dimensions.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from musaic.errors import MusaicError, UsageError, unknown
from musaic.experiment.annotations import label_values
from musaic.features.config import FeatureConfig
from musaic.files import read_json
from musaic.models.registry import MODELS, from_state
from musaic.runs import Run
from musaic.runs.state import load_state

if TYPE_CHECKING:
    import pandas as pd

    from musaic.models.vae.estimator import Vae

LOG_MEL, MFCC = "log_mel", "mfcc"
_ONE_AT_A_TIME = threading.Lock()
Sound = tuple[NDArray[np.float32], int]
"""Mono samples, and their rate in Hz."""


def can_decode(run: Run, cell: str, seed: int | None = None) -> bool:
    """Return whether a cell's latents can be turned into sound; only its configuration is read.

    Parameters
    ----------
    run : Run
        The run.
    cell : str
        A cell's name, or the beginning of one.
    seed : int, optional
        One of its seeds; the first where nothing is said.
    """
    name = run.find_cell(cell)
    file = run.model_folder(name, _seed(run, name, seed)) / "config.json"
    return file.is_file() and _heard(read_json(file)) is not None


def decoder(run: Run, cell: str, seed: int | None = None, *, corpus: str | Path | None = None) -> Decoder:
    """Return what turns a cell's latents into sound.

    Parameters
    ----------
    run : Run
        The run.
    cell : str
        A cell's name, or the beginning of one.
    seed : int, optional
        One of its seeds; the first where nothing is said.
    corpus : str or Path, optional
        Where the songs lie, if they were moved.

    Raises
    ------
    UsageError
        Where there is no such cell or seed, or its model was not trained on log-mel spectrograms or MFCC.
    MusaicError
        Where the saved model is missing or damaged.
    """
    name = run.find_cell(cell)
    seed = _seed(run, name, seed)
    head, arrays = load_state(run.model_folder(name, seed))
    modality = _heard(head)
    if modality is None:
        raise UsageError(
            f"{name} cannot be heard: its model decodes no {LOG_MEL} and no {MFCC}; name a cell that is trained on one."
        )
    model: Any = from_state(head, arrays)
    features = FeatureConfig.parse(run.experiment["features"], str(run.experiment_file))
    return Decoder(run, name, seed, model, modality, features, None if corpus is None else Path(corpus))


@dataclass(frozen=True, eq=False)
class Decoder:
    """A trained model to be listened to; the same latents give the same samples.

    Parameters
    ----------
    run : Run
        The run.
    cell : str
        The cell's full name.
    seed : int
        Which of its seeds.
    model : Vae
        The trained model.
    modality : {'log_mel', 'mfcc'}
        What of it is heard.
    features : FeatureConfig
        How the run's features were measured.
    corpus : Path, optional
        Where the songs lie, if they were moved: the folder, or the table.
    """

    run: Run
    cell: str
    seed: int
    model: Vae
    modality: str
    features: FeatureConfig
    corpus: Path | None = None

    def kl(self) -> NDArray[np.float64]:
        """Return each dimension's mean divergence from the prior, nats, shape (Z,); 0 throughout without a prior."""
        return np.asarray(self.model.kl_per_dimension_, np.float64)

    def sd(self) -> NDArray[np.float64]:
        """Return the standard deviation of each dimension over the songs of the fit, shape (Z,)."""
        return np.asarray(self.model.latent_sd_, np.float64)

    def order(self) -> list[int]:
        """Return the dimensions, those that tell most first: by divergence, or by spread where there is no prior."""
        telling = self.kl() if self.model.config_.beta else self.sd()
        return [int(dim) for dim in np.argsort(-telling, kind="stable")]

    def dead(self) -> list[int]:
        """Return the dimensions that say nothing: those whose posterior mean hardly varies over songs."""
        from musaic.models.vae.elbo import ACTIVE

        return [int(dim) for dim in np.flatnonzero(np.square(self.sd()) <= ACTIVE)]

    def latents(self, track_id: str) -> NDArray[np.float32]:
        """Return where a song lies, shape (Z,): the mean of its posterior, as `decode` takes it.

        Raises
        ------
        UsageError
            Where the cell has no such song, of the run or placed in it later.
        """
        if track_id in self._embedding.index:
            embedded = self._embedding.loc[track_id].to_numpy(np.float32)
        else:
            placed = self._placed(track_id)
            if placed is None:
                raise unknown(f"song of {self.cell}", track_id, [str(name) for name in self._embedding.index[:20]])
            embedded = np.asarray(placed["latent"], np.float32)
        # deviations over crops, and features that late fusion takes as they are, stand behind the means
        return np.asarray(embedded[: len(self._weights)] / self._weights, np.float32)

    def labels(self, track_id: str) -> dict[str, str]:
        """Return what the model is told of a song beside its features: the labels that it is conditional on.

        Those that are not known of the song are left out, and so are values that the model refuses to be told.
        """
        names = self.model.config_.condition
        tracks = self.run.tracks[self.run.tracks["track_id"] == track_id]
        if len(tracks):
            told = {name: label_values(tracks, name)[0] for name in names if set(name.split("+")) <= set(tracks)}
        else:
            placed = self._placed(track_id)
            said = {} if placed is None else json.loads(str(placed["labels"]))
            parts = {name: [said.get(part) for part in name.split("+")] for name in names}
            told = {name: None if None in values else "+".join(map(str, values)) for name, values in parts.items()}
        refuses, known = self.model.config_.unseen == "refuse", self.model.vocabulary_.values
        return {
            name: value
            for name, value in told.items()
            if value is not None and not (refuses and value not in known[name])
        }

    def decode(self, z: ArrayLike, labels: Mapping[str, str | None] | None = None) -> Sound:
        """Return the sound that a place in latent space stands for.

        Parameters
        ----------
        z : array_like, shape (Z,)
            The place.
        labels : mapping of str to str or None, optional
            What a conditional model is told; unknown where nothing is said.

        Returns
        -------
        samples : ndarray, shape ((C - 1) × hop_length,), float32
        sample_rate : int, Hz

        Raises
        ------
        UsageError
            Where ``z`` does not have Z numbers, or the model does not know a label's value.
        """
        told = {name: np.array([value], dtype=object) for name, value in (labels or {}).items()}
        places: Any = [z]
        return self._sound(self.model.decode(places, condition=told or None)[self.modality][0])

    def decoded(self, track_id: str) -> Sound:
        """Return the sound that the model makes of a song: of its place in latent space, and of its labels."""
        return self.decode(self.latents(track_id), self.labels(track_id))

    def interpolate(self, a: str, b: str, steps: int = 7) -> NDArray[np.float32]:
        """Return places on the straight line from one song to another, both included, shape (steps, Z).

        Raises
        ------
        UsageError
            Where there are fewer than 2 steps, or no such song.
        """
        if steps < 2:
            raise UsageError(f"a path needs at least 2 steps, not {steps}.")
        share = np.linspace(0, 1, steps, dtype=np.float32)[:, None]
        return np.asarray((1 - share) * self.latents(a) + share * self.latents(b), np.float32)

    def original(self, track_id: str) -> Sound:
        """Return the middle of what was heard of a song, as long as a crop, as it is.

        Raises
        ------
        UsageError
            Where there is no such song.
        MusaicError
            Where its file is gone, or cannot be read any more.
        """
        y, _, first, n_frames = self._crop(track_id)
        hop = self.features.hop_length
        return np.ascontiguousarray(y[first * hop : (first + n_frames - 1) * hop]), self.features.sample_rate

    def griffin_lim(self, track_id: str) -> Sound:
        """Return the same stretch as it comes back from its own features: the best that any decoder could do.

        Raises as `original` does.
        """
        _, values, first, n_frames = self._crop(track_id)
        return self._sound(values[first : first + n_frames])

    def _sound(self, values: NDArray[Any]) -> Sound:
        """Return the sound of features, shape (C, F)."""
        from threadpoolctl import threadpool_limits

        from musaic.audio.synthesis import griffin_lim_from_log_mel, log_mel_from_mfcc

        f = self.features
        # one thread: the last bits of its products depend on the number of threads, which is the whole process's, so
        # that whoever listens meanwhile must wait
        with _ONE_AT_A_TIME, threadpool_limits(1):
            if self.modality == MFCC:
                values = log_mel_from_mfcc(values[:, : f.n_mfcc], f.n_mels)
            y = griffin_lim_from_log_mel(
                values, sample_rate=f.sample_rate, n_fft=f.n_fft, hop_length=f.hop_length, fmin=f.fmin, fmax=f.highest
            )
        return y.astype(np.float32), f.sample_rate

    def _crop(self, track_id: str) -> tuple[NDArray[np.float32], NDArray[Any], int, int]:
        """Return samples and features of a song's middle window; the first frame of the crop, and its frames."""
        from musaic.audio.decode import Recording
        from musaic.audio.readers import joined
        from musaic.audio.spectra import Clip
        from musaic.features.analysis import frame
        from musaic.features.kinds import Frames
        from musaic.features.registry import feature

        f, kind = self.features, feature(self.modality)
        assert isinstance(kind, Frames)
        with Recording.open(
            self._file(track_id), offset=f.offset, duration=f.seconds, segments=f.segments
        ) as recording:
            middle = len(recording.windows) // 2
            y = joined(
                [samples for window, samples in recording.blocks(f.sample_rate, f.normalize) if window == middle]
            )
        values = kind.measure(Clip(y, frame(f), needs=kind.needs), f)
        n_frames = min(self.model.config_.crop, len(values))
        return y, values, (len(values) - n_frames) // 2, n_frames

    def _file(self, track_id: str) -> Path:
        """Return the file of a song."""
        tracks = self.run.tracks[self.run.tracks["track_id"] == track_id]
        if len(tracks):
            audio, root = tracks["audio"].iloc[0], self._root
        else:
            placed = self._placed(track_id)
            if placed is None:
                raise unknown("song", track_id, [str(name) for name in self.run.tracks["track_id"][:20]])
            audio, root = placed["audio"], self.run.path
        if not isinstance(audio, str):
            raise MusaicError(f"{track_id} has no sound; name a song that has.")
        if not (root / audio).is_file():
            raise MusaicError(f"{root / audio} is not there any more; name where the songs lie now with --corpus.")
        return root / audio

    @property
    def _root(self) -> Path:
        if self.corpus is not None:
            return self.corpus if self.corpus.is_dir() else self.corpus.parent
        return self.run.path / str(read_json(self.run.environment_file)["corpus_root"])

    @cached_property
    def _embedding(self) -> pd.DataFrame:
        return self.run.embedding(self.cell, self.seed)

    @cached_property
    def _weights(self) -> NDArray[np.float32]:
        """What the posterior means were multiplied by to become the embedding, shape (Z,)."""
        from musaic.models.vae.fusion_config import LateConfig

        fusion, n_latent = self.model.config_.fusion, len(self.model.latent_sd_)
        if not isinstance(fusion, LateConfig):
            return np.ones(n_latent, np.float32)
        weights = [fusion.weight(name) for name in self.model.modalities]
        return np.repeat(np.array(weights, np.float32), n_latent // len(weights))

    def _placed(self, track_id: str) -> pd.Series[Any] | None:
        """Return a row of a song that was placed in the cell when the run was finished."""
        rows = self.run.assigned
        if not len(rows):
            return None
        own = rows[(rows["track_id"] == track_id) & (rows["cell"] == self.cell) & (rows["seed"] == self.seed)]
        return own.iloc[0] if len(own) else None


def _seed(run: Run, cell: str, seed: int | None) -> int:
    """Return one of a cell's seeds, its first where nothing is said."""
    seeds = next([int(number) for number in entry["seeds"]] for entry in run.cells if entry["cell"] == cell)
    if seed is not None and seed not in seeds:
        raise UsageError(f"{cell} has no seed {seed}; it has {', '.join(map(str, seeds))}.")
    return seeds[0] if seed is None else seed


def _heard(head: Mapping[str, Any]) -> str | None:
    """Return the modality by which a saved model is heard, None where there is none."""
    if MODELS[str(head["config"]["model"])].baseline:
        return None
    kinds = {name: form[0] for name, form in head["modalities"].items()}
    return next((name for name in (LOG_MEL, MFCC) if kinds.get(name) == "frames"), None)
