"""Whisper through faster-whisper: samples in, words with their probabilities out.

A. Radford et al., "Robust Speech Recognition via Large-Scale Weak Supervision", arXiv 2212.04356. Voices are found by
Silero VAD, which is part of faster-whisper.
"""

from __future__ import annotations

import unicodedata
from collections import defaultdict
from collections.abc import Iterable, Sequence
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from musaic.errors import MusaicError, UsageError
from musaic.lyrics.transcription.config import TranscriptionConfig
from musaic.lyrics.transcription.doubt import compression_ratio
from musaic.lyrics.transcription.heard import Heard, Segment, Word, finite
from musaic.lyrics.transcription.models import Model
from musaic.parallel import default_workers

SR = 16_000
"""Hz, of all sound that Whisper hears."""

LANGUAGE_WINDOWS = 4
"""Windows of 30 s that are looked at for the language; the first that is more likely one than not decides."""

OWN_CODES = {"jv": "jw", "fil": "tl", "nb": "no"}
"""ISO codes that Whisper calls otherwise."""

CONFLICT = 0.5
"""Probability of another language from which a label is said to disagree with the singing."""


class Whisper:
    """A loaded model.

    Parameters
    ----------
    engine : faster_whisper.WhisperModel
        The model.
    config : TranscriptionConfig
        How it listens.
    """

    def __init__(self, engine: Any, config: TranscriptionConfig) -> None:
        self._engine = engine
        self._config = config

    @classmethod
    def load(cls, model: Model, config: TranscriptionConfig) -> Self:
        """Load a model, once for all tracks.

        Raises
        ------
        UsageError
            Where the device or its arithmetic is not to be had, or the files are no Whisper model.
        """
        import ctranslate2
        from faster_whisper import WhisperModel

        device = config.device
        if device == "auto":
            device = "cuda" if ctranslate2.get_cuda_device_count() else "cpu"
        elif device == "cuda" and not ctranslate2.get_cuda_device_count():
            raise UsageError("device is 'cuda', but CTranslate2 finds no GPU; use --device cpu, or auto.")
        can = sorted(ctranslate2.get_supported_compute_types(device))
        if config.compute_type not in ("auto", "default", *can):
            raise UsageError(
                f"this {device} device cannot compute in {config.compute_type}; allowed: auto, default, "
                f"{', '.join(can)}."
            )
        try:
            engine = WhisperModel(
                str(model.folder),
                device=device,
                compute_type=config.compute_type,
                cpu_threads=config.threads or default_workers(),
                local_files_only=True,
            )
        except Exception as error:
            # CTranslate2 and tokenizers raise what their parsers happen to meet in a file.
            cause = (str(error).strip() or type(error).__name__).splitlines()[0].rstrip(".")
            raise UsageError(
                f"{model.folder} cannot be loaded as a Whisper model on {device} ({cause}); fetch or convert it anew, "
                "or name another with --model."
            ) from error
        return cls(engine, config)

    @property
    def languages(self) -> frozenset[str]:
        """Whisper's codes of the languages that this model knows."""
        codes = self._engine.supported_languages
        token = self._engine.hf_tokenizer.token_to_id
        multilingual = self._engine.model.is_multilingual
        return frozenset(code for code in codes if not multilingual or token(f"<|{code}|>") is not None)

    def hear(self, y: NDArray[np.float32], hint: str | None = None) -> Heard:
        """Return what is sung or spoken in a track.

        Parameters
        ----------
        y : ndarray, shape (n,), float32
            Mono samples at 16 kHz.
        hint : str, optional
            ISO code of its language; detected where there is none, or the model does not know it.

        Notes
        -----
        A hint decides in which language is written down; how probable the model finds it is reported beside.
        """
        from faster_whisper.transcribe import restore_speech_timestamps

        voices = self._voices(y)
        if not voices:
            return Heard()
        speech = np.concatenate([y[voice["start"] : voice["end"]] for voice in voices])
        language, confidence, reason = self._language(speech, hint)
        found, _ = self._engine.transcribe(
            speech,
            language=language,
            beam_size=self._config.beam_size,
            temperature=[0.0],
            condition_on_previous_text=False,
            word_timestamps=True,
            # Nothing is dropped on the way: what looks made up is marked afterwards.
            compression_ratio_threshold=None,
            log_prob_threshold=None,
            no_speech_threshold=None,
        )
        heard = list(restore_speech_timestamps(found, voices, SR))
        iso = next((code for code, own in OWN_CODES.items() if own == language and code == hint), None)
        return Heard(
            segments=_segments(heard),
            language=iso or {"jw": "jv"}.get(language, language),
            language_confidence=finite(confidence),
            voiced=round(len(speech) / SR, 2),
            reason=reason,
        )

    def _voices(self, y: NDArray[np.float32]) -> list[dict[str, int]]:
        """Return where voices are, in samples: ``start`` and ``end``; everywhere, without the filter."""
        if not self._config.vad:
            return [{"start": 0, "end": len(y)}]
        from faster_whisper.vad import VadOptions, get_speech_timestamps

        return list(get_speech_timestamps(y, VadOptions(threshold=self._config.vad_threshold), SR))

    def _language(self, speech: NDArray[np.float32], hint: str | None) -> tuple[str, float | None, str | None]:
        """Return Whisper's code of the language, how probable it is, and what is to be said about it."""
        wanted = OWN_CODES.get(hint, hint) if hint else None
        if not self._engine.model.is_multilingual:
            foreign = f"the model knows English alone, but the language is said to be {hint}" if hint != "en" else None
            return "en", None, foreign if hint else None
        likely, _, all_of_them = self._engine.detect_language(speech, language_detection_segments=LANGUAGE_WINDOWS)
        probability = {str(code): float(p) for code, p in all_of_them}
        likely = str(likely)
        if wanted is None:
            return likely, probability.get(likely), None
        if wanted not in self.languages:
            return (
                likely,
                probability.get(likely),
                f"the model does not know the language {hint}; {likely} was detected",
            )
        doubt = None
        if likely != wanted and probability.get(likely, 0.0) > CONFLICT:
            doubt = f"the language is said to be {hint}, but it sounds like {likely} ({probability[likely]:.2f})"
        return wanted, probability.get(wanted), doubt


def _segments(found: Sequence[Any]) -> tuple[Segment, ...]:
    """Return faster-whisper's segments as ours; those of one window share the numbers of the window."""
    windows: dict[int, list[str]] = defaultdict(list)
    for segment in found:
        windows[segment.seek].append(segment.text)
    ratios = {seek: compression_ratio("".join(texts).strip()) for seek, texts in windows.items()}
    return tuple(
        Segment(
            start=round(float(segment.start), 2),
            end=round(float(segment.end), 2),
            words=tuple(_words(segment.words or ())),
            avg_logprob=finite(segment.avg_logprob),
            no_speech_prob=finite(segment.no_speech_prob),
            compression_ratio=round(ratios[segment.seek], 4),
        )
        for segment in found
    )


def _words(found: Iterable[Any]) -> Iterable[Word]:
    for word in found:
        yield Word(
            text=unicodedata.normalize("NFC", word.word),
            start=round(float(word.start), 2),
            end=round(float(word.end), 2),
            probability=finite(word.probability) or 0.0,
        )


def engine_failure(error: Exception) -> MusaicError:
    """Return the sentence for a model that fails whatever it is given."""
    cause = (str(error).strip() or type(error).__name__).splitlines()[0].rstrip(".")
    return MusaicError(
        f"no track could be transcribed ({cause}); try --device cpu, another --compute-type, or a smaller --model."
    )
