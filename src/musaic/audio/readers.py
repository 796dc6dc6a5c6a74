"""Two ways into a sound file behind one interface: libsndfile first, libav for what libsndfile lacks.

Both give mono float32 samples (the mean of the channels) from any position, and neither lets a C library speak to
the person at the terminal.
"""

from __future__ import annotations

import contextlib
import os
import re
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import soundfile

from musaic.errors import TrackError

BLOCK = 1 << 14  # samples a channel read at once; what is lost at most where a damaged file stops decoding
AV_SLACK = 0.5  # seconds; containers round their durations and encoders pad
SNDFILE_SLACK = 0.1
RUN_UP = BLOCK  # samples; an MP3 frame borrows bits from those before it, so decoding begins this much earlier

# libav is held to containers of sound: its playlist formats would open other files, or addresses.
AV_OPTIONS = {
    "protocol_whitelist": "file",
    "format_whitelist": "mov,mp4,m4a,3gp,3g2,mj2,aac,asf,matroska,webm,ogg,mp3,mp2,flac,wav,w64,aiff,caf,amr,ape,wv,"
    "tta,ac3,eac3,dts,au,mpc,mpc8,tak,rm,avi,mpeg,mpegts,flv",
}

_stderr_lock = threading.RLock()


@dataclass(frozen=True)
class AudioInfo:
    """What a file's header says.

    Parameters
    ----------
    duration : float
        Seconds.
    sample_rate : int
        Hz.
    channels : int
        Channels.
    format, codec : str
        Container and coding, such as ``MP3`` and ``MPEG_LAYER_III``.
    """

    duration: float
    sample_rate: int
    channels: int
    format: str
    codec: str


class Reader(Protocol):
    """A sound file opened for reading, at the file's own sample rate."""

    info: AudioInfo
    frames: int | None  # samples a channel that the header promises
    exact: bool  # whether that promise can be held against the file
    slack: float  # seconds by which a sound file may miss its promise

    def seek(self, frame: int) -> bool:
        """Go to a sample; False where that is impossible."""

    def read(self, n: int) -> np.ndarray:
        """Return the next ``n`` samples, mono float32; fewer where the sound ends or cannot be decoded."""

    def close(self) -> None:
        """Let the file go."""


@contextlib.contextmanager
def quiet_libraries() -> Iterator[None]:
    """Silence what C libraries write to standard error (mpg123 warns there about every odd header)."""
    with _stderr_lock:
        try:
            saved = os.dup(2)
        except OSError:  # no standard error at all
            yield
            return
        null = os.open(os.devnull, os.O_WRONLY)
        try:
            os.dup2(null, 2)
            yield
        finally:
            os.dup2(saved, 2)
            os.close(saved)
            os.close(null)


@contextlib.contextmanager
def open_reader(path: Path, *, patient: bool = False) -> Iterator[Reader]:
    """Open a sound file by whichever library can read it; ``patient`` takes libav, which steps over damaged bytes.

    Raises
    ------
    TrackError
        Where no library can, with the status that says why.
    """
    check_path(path)
    reader: Reader
    with quiet_libraries():
        try:
            reader = AvReader(path) if patient else SoundFileReader(path)
        except (soundfile.LibsndfileError, TypeError, ValueError):
            reader = AvReader(path)
    try:
        yield reader
    finally:
        with quiet_libraries():
            reader.close()


def check_path(path: Path) -> None:
    """Raise the `TrackError` for a path that holds no readable file."""
    name = path.name
    try:
        if path.is_symlink() and not path.exists():
            raise TrackError("dangling-link", f"{name} is a link to {os.readlink(path)}, which is not there.")
        if path.is_dir():
            raise TrackError("not-a-file", f"{name} is a folder, not a sound file.")
        if not path.exists():
            raise TrackError("missing", f"{name} is not there.")
        if not path.is_file():
            raise TrackError("not-a-file", f"{name} is a device or a pipe, not a sound file.")
        with path.open("rb") as file:
            if not file.read(1):
                raise TrackError("empty", f"{name} holds no bytes.")
    except PermissionError:
        raise TrackError("no-permission", f"{name} may not be read by this user; change its permissions.") from None
    except OSError as error:
        status = "dangling-link" if path.is_symlink() else "unreadable"
        raise TrackError(status, f"{name} cannot be opened: {error.strerror or error}.") from None


class _Sequential(soundfile.SoundFile):  # type: ignore[misc]
    """A sound file that stays where a read has left it.

    soundfile seeks to that very place after each read, which makes an MP3 decoder forget the bits that the next
    frames borrow: a click at every block.
    """

    def seekable(self) -> bool:
        return False


class SoundFileReader:
    """WAV, FLAC, Ogg, MP3 and their kin through libsndfile."""

    slack = SNDFILE_SLACK

    def __init__(self, path: Path) -> None:
        self._path = path
        self._lost = False  # whether the decoder met bytes after which it finds no way back
        self._file = file = _Sequential(os.fsencode(path))
        # libsndfile silently shortens a WAV or AIFF whose data chunk promises more than the file holds.
        found = re.search(r"^\s*(?:data|SSND)\s*: (\d+) \(should be (\d+)\)", file.extra_info, re.MULTILINE)
        self.frames: int | None = file.frames
        if found and 0 < int(found[2]) < int(found[1]) < 0xFFFFFF00:  # the largest values mean "unknown: a stream"
            self.frames = round(file.frames * int(found[1]) / int(found[2]))
        # Without a tag that tells, the length of an MP3 is a guess from its first frames.
        self.exact = file.format != "MP3" or _has_length_tag(path)
        self.info = AudioInfo(self.frames / file.samplerate, file.samplerate, file.channels, file.format, file.subtype)

    def seek(self, frame: int) -> bool:
        """Go to a sample; False where that is impossible."""
        with quiet_libraries():
            if self._lost:
                self._file.close()
                self._file, self._lost = _Sequential(os.fsencode(self._path)), False
            start = max(0, frame - RUN_UP) if self._file.format == "MP3" else frame
            try:
                if self._file.seek(min(start, self._file.frames)) != start:
                    return False
                return start == frame or len(self._file.read(frame - start, dtype="float32")) == frame - start
            except soundfile.LibsndfileError:
                self._lost = True
                return False

    def read(self, n: int) -> np.ndarray:
        """Return the next ``n`` samples, mono float32; fewer where the sound ends or cannot be decoded."""
        parts: list[np.ndarray] = []
        with quiet_libraries():
            while n > 0:
                try:
                    block = self._file.read(min(n, BLOCK), dtype="float32", always_2d=True)
                except soundfile.LibsndfileError:
                    self._lost = True
                    break
                if not len(block):
                    break
                parts.append(downmix(block.T))
                n -= len(block)
        return joined(parts)

    def close(self) -> None:
        """Let the file go."""
        self._file.close()


class AvReader:
    """AAC, M4A, WMA, WebM and whatever else libav decodes."""

    slack = AV_SLACK

    def __init__(self, path: Path) -> None:
        import av

        av.logging.set_level(None)
        self._error: type[Exception] = av.FFmpegError
        try:
            # The absolute path keeps a name such as "a:b.mp3" from being taken for a protocol.
            self._container = av.open(os.path.abspath(path), options=AV_OPTIONS, metadata_errors="replace")
        except (av.FFmpegError, ValueError):
            raise TrackError(
                "unreadable",
                f"{path.name} holds no sound that can be read: its bytes are damaged or of no known format.",
            ) from None
        if not self._container.streams.audio:
            self._container.close()
            raise TrackError("unsupported", f"{path.name} holds no sound that can be decoded.")
        self._stream = self._container.streams.audio[0]
        context = self._stream.codec_context
        if context is None or not context.sample_rate:
            self._container.close()
            raise TrackError("unsupported", f"{path.name} is coded in a way that cannot be decoded here.")
        context.thread_count = 1
        rate = int(context.sample_rate)
        seconds: float | None = None
        if self._stream.duration is not None and self._stream.time_base is not None:
            seconds = float(self._stream.duration * self._stream.time_base)
        elif self._container.duration is not None:
            seconds = self._container.duration / 1e6
        kind = self._container.format.name
        self.exact = kind != "aac"  # a raw stream of frames: its duration is a guess from the bit rate
        self.frames = round(seconds * rate) if seconds and self.exact else None
        self.info = AudioInfo(seconds or 0.0, rate, context.channels, kind.split(",")[0], context.codec.name)
        self._rest = np.zeros(0, np.float32)
        self._skip: int | None = None
        self._frames = self._decode()

    def seek(self, frame: int) -> bool:
        """Go to a sample; False where that is impossible."""
        rate = self.info.sample_rate
        with quiet_libraries():
            try:
                # A quarter of a second earlier, for decoders that need a few frames to settle.
                self._container.seek(max(0, int((frame / rate - 0.25) * 1e6)), backward=True)
            except self._error:
                return False
        self._rest, self._skip, self._frames = np.zeros(0, np.float32), frame, self._decode()
        return True

    def read(self, n: int) -> np.ndarray:
        """Return the next ``n`` samples, mono float32; fewer where the sound ends or cannot be decoded."""
        parts = [self._rest]
        have = len(self._rest)
        with quiet_libraries():
            while have < n:
                block = next(self._frames, None)
                if block is None:
                    break
                parts.append(block)
                have += len(block)
        out = joined(parts)
        self._rest = out[n:]
        return out[:n]

    def close(self) -> None:
        """Let the file go."""
        self._container.close()

    def _decode(self) -> Iterator[np.ndarray]:
        """Yield mono blocks from where the container stands, dropping what lies before the sample asked for."""
        import av

        resampler = av.AudioResampler(format="fltp")
        origin = self._stream.start_time or 0
        for frame in self._frames_left():
            skip = 0
            if self._skip is not None and frame.pts is not None and frame.time_base is not None:
                here = round(float((frame.pts - origin) * frame.time_base) * self.info.sample_rate)
                skip = max(0, self._skip - here)
                if skip >= frame.samples:
                    continue
                self._skip = None
            for converted in resampler.resample(frame):
                yield downmix(converted.to_ndarray())[skip:]

    def _frames_left(self) -> Iterator[Any]:
        """Yield decoded frames; a damaged packet is left out, an unreadable container ends them."""
        packets = self._container.demux(self._stream)
        while True:
            try:
                packet = next(packets, None)
            except (self._error, EOFError):
                return
            if packet is None:
                return
            try:
                yield from packet.decode()
            except (self._error, EOFError):
                continue


def _has_length_tag(path: Path) -> bool:
    """Return whether an MP3's first frame counts its frames (behind whatever tags and pictures come first)."""
    with path.open("rb") as file:
        head = file.read(10)
        skip = 0
        if head[:3] == b"ID3" and len(head) == 10:
            skip = 10 + sum(byte << (7 * (3 - i)) for i, byte in enumerate(head[6:10]))
        file.seek(skip)
        start = file.read(4096)
    return any(tag in start for tag in (b"Xing", b"Info", b"VBRI"))


def downmix(channels: np.ndarray) -> np.ndarray:
    """Return the mean over channels, float32; ``channels`` has shape (channels, samples)."""
    if len(channels) == 1:
        return np.ascontiguousarray(channels[0], np.float32)
    total = channels[0] + channels[1]
    for channel in channels[2:]:
        total += channel
    total *= np.float32(1 / len(channels))
    return np.asarray(total, np.float32)


def joined(parts: list[Any]) -> np.ndarray:
    """Return the parts end to end; no samples where there are none."""
    if len(parts) == 1:
        return np.asarray(parts[0])
    return np.concatenate(parts) if parts else np.zeros(0, np.float32)
