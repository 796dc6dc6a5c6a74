"""What is measured of a song, of those features alone that a representation is given."""

from __future__ import annotations

from typing import Any

from musaic.features.pretrained.models import MODELS as NETWORKS
from musaic.features.registry import PRETRAINED, is_pretrained
from musaic.paper.facts import Facts
from musaic.paper.markup import Markup, cite, join, listed, name, say
from musaic.paper.sections import Block, heading, paragraph
from musaic.paper.values import plain, plural
from musaic.paper.works import ARXIV
from musaic.report.reading import number

MEASURED = ("log_mel", "mfcc", "mfcc_moments", "statistics", "descriptors")
"""Features that are told in words."""

HEARD = "transcript"
"""What tracks.parquet has for ``lyrics_source`` where lyrics were heard."""


def features(facts: Facts) -> list[Block]:
    """Return what is measured of a song, of those features alone that a representation is given."""
    given = {str(one) for cell in facts.done for one in _inputs(cell.data.get("input"))}
    sentences = join([*_sound(facts, given), *_texts(facts, given), *_pretrained(facts, given), *_others(given)])
    return [heading("Features", 2), paragraph(sentences)] if sentences else []


def _inputs(given: object) -> list[str]:
    return given.split("+") if isinstance(given, str) else list(given) if isinstance(given, list) else []


def _sound(facts: Facts, given: set[str]) -> list[Markup]:
    """Return what is measured of the sound."""
    asked = facts.asked("features")
    heard = given & set(MEASURED)
    if not heard:
        return []
    told = []
    if number(asked.get("sample_rate")) is not None:
        told.append(
            say(
                "Sound is read at {rate} Hz, {window}, in frames of {n_fft} samples every {hop} samples; the "
                "definitions are those of librosa {librosa}.",
                rate=plain(asked["sample_rate"]),
                window=_window(asked),
                n_fft=plain(asked.get("n_fft")),
                hop=plain(asked.get("hop_length")),
                librosa=cite("mcfee2015"),
            )
        )
    mfcc = say("{n} mel-frequency cepstral coefficients {cite}", n=plain(asked.get("n_mfcc", "the")),
               cite=cite("davis1980"))  # fmt: skip
    words = {
        "log_mel": say("log-mel is the power in {n} mel bands, in decibels", n=plain(asked.get("n_mels", "the"))),
        "mfcc": say("MFCC are {mfcc} a frame", mfcc=mfcc),
        "mfcc_moments": say(
            "MFCC moments are mean, standard deviation, skewness, and kurtosis over time of {mfcc}",
            mfcc="as many" if "mfcc" in heard else mfcc,
        ),
        "statistics": "statistics are moments over time of MFCC and their slopes, spectral contrast, chroma, spectral "
        "shape, level, and onset strength, with a mean tempogram and tempo",
        "descriptors": "descriptors are tempo, key, loudness, brightness, and the like",
    }
    told.append(
        say("Of the inputs named below, {words}.", words=join([words[one] for one in words if one in heard], "; "))
    )
    return told


def _window(asked: dict[str, Any]) -> str:
    """Return what part of a song is read."""
    if asked.get("duration") == "whole":
        return "from beginning to end"
    seconds, segments, offset = plain(asked.get("duration")), asked.get("segments") or 1, asked.get("offset")
    windows = f"{plain(segments)} windows of {seconds} s" if segments != 1 else f"a window of {seconds} s"
    if offset in ("middle", "start"):
        return f"{windows} {'from the middle' if offset == 'middle' else 'from the start'} of each song"
    return f"{windows} of each song, {plain(offset)} s in" if number(offset) is not None else f"{windows} of each song"


def _texts(facts: Facts, given: set[str]) -> list[Markup]:
    """Return how texts become vectors."""
    texts = sorted({one.partition(":")[0] for one in given} & {"lyrics", "descriptions"})
    if not texts:
        return []
    asked = facts.asked("lyrics")
    own = {one.partition(":")[2] for one in given if one.partition(":")[0] in texts}
    encoders = sorted({encoder or str(asked.get("encoder", "")) for encoder in own} - {""})
    told = []
    if "descriptions" in texts:
        told.append(say("Descriptions are sentences written from the measured descriptors of a song."))
    for encoder in encoders:
        kind, _, model = encoder.partition(":")
        if kind == "tfidf":
            told.append(
                say(
                    "{texts} are read as character n-grams weighted by TF-IDF {tfidf} and reduced by a truncated "
                    "singular value decomposition {lsa}{n}.",
                    texts=listed([text.capitalize() if i == 0 else text for i, text in enumerate(texts)]),
                    tfidf=cite("sparckjones1972"),
                    lsa=cite("deerwester1990"),
                    n=f" to {plain(asked['n_components'])} dimensions at most" if asked.get("n_components") else "",
                )
            )
        elif kind == "sentence-transformers":
            told.append(
                say(
                    "{texts} are encoded by the sentence encoder {model} {sbert}.",
                    texts=listed([text.capitalize() if i == 0 else text for i, text in enumerate(texts)]),
                    model=name(model.rstrip("/").rsplit("/", 1)[-1]),
                    sbert=cite("reimers2019"),
                )
            )
        else:
            told.append(say("Texts are encoded by {encoder}.", encoder=name(encoder)))
    n = _transcribed(facts)
    if "lyrics" in texts and n:
        are = "are a transcript, such as" if n == 1 else "are transcripts, such as"
        told.append(say("The lyrics of {n} {are} Whisper {cite} makes.", n=plural(n, "song"), are=are,
                        cite=cite("radford2023")))  # fmt: skip
    return told


def _transcribed(facts: Facts) -> int:
    """Return of how many songs the lyrics were heard."""
    tracks = facts.results.tracks
    return int((tracks["lyrics_source"] == HEARD).sum()) if "lyrics_source" in tracks else 0


def _pretrained(facts: Facts, given: set[str]) -> list[Markup]:
    """Return whose networks turned sound into vectors, each with its paper where that is known here."""
    kept = facts.environment.get("pretrained")
    told = []
    for feature in sorted(one for one in given if is_pretrained(one)):
        short = feature.removeprefix(PRETRAINED)
        record = kept.get(feature) if isinstance(kept, dict) else None
        model = str(record.get("model", short)) if isinstance(record, dict) else short
        known = next((one for key, one in NETWORKS.items() if short.partition("@")[0] in (key, one.hub)), None)
        key = ARXIV.get(known.paper) if known else None
        words = say("{model}", model=name(model))
        told.append(say("{words} {cite}", words=words, cite=cite(key)) if key else words)
    if not told:
        return []
    return [say("Sound is also heard by networks that others trained, as they are: {models}.", models=listed(told))]


def _others(given: set[str]) -> list[Markup]:
    """Return what is given besides sound and texts."""
    told = []
    labels = sorted(one.removeprefix("label:") for one in given if one.startswith("label:"))
    if labels:
        told.append(
            say(
                "The label {labels} is itself an input of some representations, whose scores on it are leaked.",
                labels=listed([name(label) for label in labels]),
            )
        )
    elsewhere = sorted(one for one in given if one.startswith(("latents:", "run:")))
    if elsewhere:
        told.append(
            say(
                "Vectors from elsewhere are taken as they are: {names}.",
                names=listed([name(one.partition(":")[2]) for one in elsewhere]),
            )
        )
    named = ("lyrics", "descriptions", "label", "latents", "run")
    rest = sorted(one for one in given - set(MEASURED) if one.partition(":")[0] not in named and not is_pretrained(one))
    if rest:
        told.append(say("Further inputs: {names}.", names=listed([name(one) for one in rest])))
    return told
