"""Which files a browser plays as they are, and a copy that it plays of any other.

What a file is, its bytes say, not its name. A browser is trusted with what Chromium, Firefox and Safari all play;
whatever else can be decoded is converted once, to FLAC of 16 bits, and kept in the cache folder under the name of its
content.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from musaic.audio.readers import AV_OPTIONS, check_path
from musaic.errors import TrackError
from musaic.files import atomic, cache_folder, write_error

PLAYED = {
    "mp3": ("audio/mpeg", {"mp3"}),
    "wav": ("audio/wav", {"pcm_u8", "pcm_s16le", "pcm_s24le", "pcm_f32le"}),
    "flac": ("audio/flac", {"flac"}),
    "ogg": ("audio/ogg", {"vorbis", "opus"}),
    "aac": ("audio/aac", {"aac"}),
    "mov": ("audio/mp4", {"aac", "mp3", "flac", "opus"}),
    "webm": ("audio/webm", {"vorbis", "opus"}),
}
"""Container -> its media type and the codings in it that every browser plays."""

FOLDER = "playable-1"
"""Below the cache folder; the number goes up when conversions change."""

MOST_SECONDS = 4 * 3600
"""A longer recording is not converted: a small file may claim days of sound."""

_RATES = (8000, 96000)  # Hz; outside them a browser may refuse, so the copy has 48 kHz
_TRIED = 64  # packets without a sound in them after which a file is given up


@dataclass(frozen=True)
class Kind:
    """What a file is.

    Attributes
    ----------
    container, codec : str
        As libav calls them; ``webm`` is told from other Matroska files.
    media_type : str or None
        What to tell the browser; None where it would not play the file.
    """

    container: str
    codec: str
    media_type: str | None


def load() -> None:
    """Load what decodes sound, which takes a moment."""
    import av

    av.logging.set_level(None)


def kind_of(path: Path) -> Kind:
    """Return what a sound file is, by its bytes.

    Raises
    ------
    TrackError
        Where it is not there, or holds no sound that can be decoded.
    """
    with _opened(path) as (container, stream):
        name = container.format.name.split(",")[0]
        codec = stream.codec_context.codec.canonical_name
        if name == "matroska":
            with path.open("rb") as file:
                name = "webm" if b"webm" in file.read(64) else name  # the DocType of its first element
        media_type, codecs = PLAYED.get(name, (None, set()))
        return Kind(name, codec, media_type if codec in codecs else None)


def converted(path: Path, content: str, *, cache: Path | None = None) -> Path:
    """Return a copy of a sound file that browsers play; it is made where it is not there yet.

    Parameters
    ----------
    path : Path
        Any file that libav decodes.
    content : str
        Its content id (`musaic.files.content_id`), which the copy is named by.
    cache : Path, optional
        The cache folder; `musaic.files.cache_folder` by default.

    Returns
    -------
    Path
        A FLAC file: at most two channels, 16 bits, at the file's own rate where browsers play it. Equal bytes have
        one copy, whatever they are called.

    Raises
    ------
    TrackError
        Where nothing can be decoded, or the recording is longer than `MOST_SECONDS`.
    """
    target = cache_folder(cache) / FOLDER / f"{content}.flac"
    if not target.is_file():
        import av

        try:
            with atomic(target) as temporary, _opened(path) as (container, stream):
                _convert(container, stream, temporary, path.name)
        except (av.FFmpegError, ValueError) as error:
            if isinstance(error, OSError):  # of the disk that is written to
                raise write_error(target, error) from error
            raise TrackError("unsupported", f"{path.name} cannot be converted for a browser ({error}).") from error
    return target


def _convert(container: Any, stream: Any, target: Path, name: str) -> None:
    import av

    rate = stream.codec_context.sample_rate
    rate = rate if _RATES[0] <= rate <= _RATES[1] else 48000
    layout = "mono" if stream.codec_context.channels == 1 else "stereo"
    written = 0
    with av.open(os.fspath(target), "w", format="flac") as out:
        encoder = out.add_stream("flac", rate=rate, layout=layout, options={"compression_level": "2"})
        out.start_encoding()  # only then it is known how many samples a frame must have
        size = encoder.codec_context.frame_size
        resampler = av.AudioResampler(format="s16", layout=layout, rate=rate, frame_size=size)
        for frame in _frames(container, stream):
            for part in resampler.resample(frame):
                part.pts = written
                written += part.samples
                out.mux(encoder.encode(part))
            if written > MOST_SECONDS * rate:
                raise TrackError(
                    "unsupported",
                    f"{name} is longer than the {MOST_SECONDS // 3600} hours that are converted for a browser; "
                    "convert it to FLAC or MP3 yourself.",
                )
        if written:
            for part in resampler.resample(None):
                part.pts = written
                written += part.samples
                out.mux(encoder.encode(part))
        out.mux(encoder.encode(None))
    if not written:
        raise TrackError("unreadable", f"{name} holds no sound that can be decoded.")


def _frames(container: Any, stream: Any) -> Iterator[Any]:
    """Yield decoded frames; a damaged packet is left out, an unreadable container ends them."""
    import av

    packets, failures = container.demux(stream), 0
    while True:
        try:
            packet = next(packets, None)
        except (av.FFmpegError, EOFError):
            return
        if packet is None:
            return
        try:
            frames = packet.decode()
        except (av.FFmpegError, EOFError):
            failures += 1
            if failures > _TRIED:
                return
            continue
        for frame in frames:
            frame.pts = None  # damaged files have times that run backwards; samples follow each other
            yield frame


@contextmanager
def _opened(path: Path) -> Iterator[tuple[Any, Any]]:
    """Open a file through libav, which is held to containers of sound and to this one file."""
    import av

    check_path(path)
    av.logging.set_level(None)
    try:
        container = av.open(os.path.abspath(path), options=AV_OPTIONS, metadata_errors="replace")
    except (av.FFmpegError, ValueError):
        raise TrackError(
            "unreadable", f"{path.name} holds no sound that can be read: its bytes are damaged or of no known format."
        ) from None
    try:
        streams = container.streams.audio
        if not streams or streams[0].codec_context is None or not streams[0].codec_context.sample_rate:
            raise TrackError("unsupported", f"{path.name} holds no sound that can be decoded here.")
        streams[0].codec_context.thread_count = 1
        yield container, streams[0]
    finally:
        container.close()
