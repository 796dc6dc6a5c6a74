"""Samples to MP3: the same bytes for the same samples."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import numpy as np
import numpy.typing as npt

from musaic.files import atomic

QUALITY = 5
"""LAME's variable bit rate, 0 best to 9 smallest."""


def write_mp3(path: Path, y: npt.NDArray[np.float32], sr: int, tags: Mapping[str, str]) -> None:
    """Write stereo samples as MP3 with ID3 tags, atomically.

    Parameters
    ----------
    path : Path
    y : ndarray, shape (2, n)
        Within -1 and 1.
    sr : int, Hz
    tags : mapping
        FFmpeg's names: title, artist, genre, language.

    Notes
    -----
    PyAV rather than soundfile: LAME's quicker settings are reachable through it, and titles are tagged in UTF-8.
    Left and right are coded apart; that halves the time of joint stereo for a few more bytes.
    """
    import av

    with atomic(path) as temporary, av.open(str(temporary), "w", format="mp3") as container:
        container.metadata.update(tags)
        # The encoder is tuned by options only: set as attributes, PyAV hands them on too late.
        options = {
            "joint_stereo": "0",
            "compression_level": "7",
            "flags": "+qscale",
            "global_quality": str(QUALITY * 118),  # FF_QP2LAMBDA
        }
        stream = container.add_stream("libmp3lame", rate=sr, layout="stereo", options=options)
        stream.codec_context.format = av.AudioFormat("fltp")
        frame = av.AudioFrame.from_ndarray(np.ascontiguousarray(y, np.float32), format="fltp", layout="stereo")
        frame.sample_rate = sr
        for packet in (*stream.encode(frame), *stream.encode(None)):
            container.mux(packet)
