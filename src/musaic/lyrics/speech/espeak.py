"""The door to eSpeak NG: text in, 16-bit samples out, one process for each text.

``python -m musaic.lyrics.speech.espeak`` takes one request as JSON on standard input and answers on standard output.
The library keeps state from one text to the next and its answers differ with it; a process of its own gives each text
the same samples every time, and a crash costs that text alone. The functions are those of its ``speak_lib.h``.
"""

from __future__ import annotations

import ctypes
import json
import os
import struct
import sys
from collections.abc import Callable
from typing import Any

# Values of the enumerations and flags in speak_lib.h.
SYNCHRONOUS = 2
DONT_EXIT = 0x8000
FROM_CHARACTER = 1
UTF8 = 1
RATE, PITCH = 1, 3

HEADER = struct.Struct("<I")
"""Before the samples: their rate, Hz."""

CHUNK_MS = 200


class _Voice(ctypes.Structure):
    _fields_ = [
        ("name", ctypes.c_char_p),
        ("languages", ctypes.c_void_p),
        ("identifier", ctypes.c_char_p),
        ("gender", ctypes.c_ubyte),
        ("age", ctypes.c_ubyte),
        ("variant", ctypes.c_ubyte),
        ("xx1", ctypes.c_ubyte),
        ("score", ctypes.c_int),
        ("spare", ctypes.c_void_p),
    ]


_CALLBACK = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.POINTER(ctypes.c_short), ctypes.c_int, ctypes.c_void_p)


def main() -> int:
    """Answer the request on standard input; 0 done, 1 with one line on standard error."""
    request = json.loads(sys.stdin.buffer.read())
    try:
        library, rate = _open()
        if request["task"] == "voices":
            answer = json.dumps(_listing(library), ensure_ascii=False)
            sys.stdout.buffer.write(answer.encode())
        else:
            sys.stdout.buffer.write(HEADER.pack(rate))
            _say(library, request, rate, sys.stdout.buffer.write)
        sys.stdout.buffer.flush()
    except (OSError, RuntimeError) as error:
        print(error, file=sys.stderr)
        return 1
    return 0


def _open() -> tuple[Any, int]:
    """Return the library, ready, and the rate of its samples, Hz."""
    import espeakng_loader

    library = ctypes.CDLL(espeakng_loader.get_library_path())
    library.espeak_Info.restype = ctypes.c_char_p
    library.espeak_Info.argtypes = [ctypes.c_void_p]
    library.espeak_ListVoices.restype = ctypes.POINTER(ctypes.POINTER(_Voice))
    library.espeak_ListVoices.argtypes = [ctypes.c_void_p]
    library.espeak_SetVoiceByName.argtypes = [ctypes.c_char_p]
    library.espeak_Synth.argtypes = [
        ctypes.c_char_p,
        ctypes.c_size_t,
        ctypes.c_uint,
        ctypes.c_int,
        ctypes.c_uint,
        ctypes.c_uint,
        ctypes.c_void_p,
        ctypes.c_void_p,
    ]
    data = os.fsencode(espeakng_loader.get_data_path())
    rate = int(library.espeak_Initialize(SYNCHRONOUS, CHUNK_MS, data, DONT_EXIT))
    if rate <= 0:
        raise RuntimeError(f"eSpeak NG does not start with the data in {os.fsdecode(data)}")
    return library, rate


def _listing(library: Any) -> dict[str, Any]:
    """Return the version, the voices in the library's order, and the variants that can be put behind a voice."""
    import espeakng_loader

    voices = []
    found = library.espeak_ListVoices(None)
    position = 0
    while found[position]:
        voice = found[position].contents
        voices.append(
            {
                "name": voice.name.decode(),
                "identifier": voice.identifier.decode(),
                "languages": _languages(voice.languages),
            }
        )
        position += 1
    variants = sorted(os.listdir(os.path.join(espeakng_loader.get_data_path(), "voices", "!v")))
    version = library.espeak_Info(None).decode().split()[0]
    return {"version": version, "voices": voices, "variants": variants}


def _languages(address: int) -> list[tuple[str, int]]:
    """Return language tags and their ranks, the lowest preferred: a byte and a text each, until a byte is zero."""
    result = []
    while rank := ctypes.string_at(address, 1)[0]:
        tag = ctypes.string_at(address + 1)
        result.append((tag.decode(), rank))
        address += 2 + len(tag)
    return result


def _say(library: Any, request: dict[str, Any], rate: int, write: Callable[[bytes], object]) -> None:
    """Hand the samples of a text to ``write`` as they come, little-endian, no more than were asked for."""
    limit = request["max_seconds"]
    left = None if limit is None else max(1, round(limit * rate))
    lost: list[Exception] = []

    def take(samples: Any, count: int, events: int | None) -> int:
        nonlocal left
        if samples and count > 0:
            used = count if left is None else min(count, left)
            data = ctypes.string_at(samples, 2 * used)
            if sys.byteorder == "big":
                data = b"".join(data[i : i + 2][::-1] for i in range(0, len(data), 2))
            try:
                write(data)
            except OSError as error:  # an exception cannot pass through the library
                lost.append(error)
                return 1
            if left is not None:
                left -= used
        return int(left == 0)

    callback = _CALLBACK(take)
    library.espeak_SetSynthCallback(callback)
    if library.espeak_SetVoiceByName(request["voice"].encode()):
        raise RuntimeError(f"eSpeak NG has no voice {request['voice']}")
    library.espeak_SetParameter(RATE, request["speed"], 0)
    library.espeak_SetParameter(PITCH, request["pitch"], 0)
    text = request["text"].encode()
    failed = library.espeak_Synth(text, len(text) + 1, 0, FROM_CHARACTER, 0, UTF8, None, None)
    library.espeak_Synchronize()
    if lost:
        raise lost[0]
    if failed:
        raise RuntimeError(f"eSpeak NG gave up (code {failed})")


if __name__ == "__main__":
    sys.exit(main())
