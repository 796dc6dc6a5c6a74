"""The General MIDI soundfont that comes with pretty_midi, read straight from its file.

Section numbers refer to the SoundFont 2.04 specification. Only what shapes a plain note is read: key and velocity
ranges, tuning, loops, the volume envelope, attenuation, pan. Modulators are left out.
"""

from __future__ import annotations

import functools
import importlib.util
import itertools
import math
import struct
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from musaic.errors import MusaicError

DRUM_BANK = 128

# Generator numbers, section 8.1.2.
_START, _END, _LOOP_START, _LOOP_END = 0, 1, 2, 3
_PAN, _ATTACK, _HOLD, _DECAY, _SUSTAIN, _RELEASE = 17, 34, 35, 36, 37, 38
_INSTRUMENT, _KEYS, _VELOCITIES = 41, 43, 44
_ATTENUATION, _COARSE, _FINE, _SAMPLE, _MODES, _ROOT = 48, 51, 52, 53, 54, 58
_COARSE_OFFSETS = {4: _START, 12: _END, 45: _LOOP_START, 50: _LOOP_END}
_ADDED_BY_PRESET = (_PAN, _ATTACK, _HOLD, _DECAY, _SUSTAIN, _RELEASE, _ATTENUATION, _COARSE, _FINE)
_DEFAULTS = {_ATTACK: -12000, _HOLD: -12000, _DECAY: -12000, _RELEASE: -12000, _ROOT: -1}


@dataclass(frozen=True)
class Region:
    """One sample as one range of keys and velocities plays it.

    Parameters
    ----------
    keys, velocities : (int, int)
        Inclusive ranges.
    start, end, loop_start, loop_end : int
        Frames in the font's sample data.
    loops : bool
        Whether the loop is played.
    root : float
        The key (fractional MIDI number) at which the sample sounds as recorded.
    rate : int
        Hz.
    gain : float
        Linear.
    pan : float
        -1 left to 1 right.
    attack, hold, decay, release : float
        Seconds; decay and release for a change of 100 dB.
    sustain : float
        dB below the peak.
    """

    keys: tuple[int, int]
    velocities: tuple[int, int]
    start: int
    end: int
    loop_start: int
    loop_end: int
    loops: bool
    root: float
    rate: int
    gain: float
    pan: float
    attack: float
    hold: float
    decay: float
    sustain: float
    release: float


@dataclass(frozen=True)
class SoundFont:
    """The regions of every preset, and the samples they point into."""

    samples: npt.NDArray[np.int16]
    presets: dict[tuple[int, int], tuple[Region, ...]]

    def regions(self, bank: int, program: int) -> tuple[Region, ...]:
        """Return a preset's regions; a drum kit that is missing is played by the standard kit."""
        found = self.presets.get((bank, program))
        if found is None and bank == DRUM_BANK:
            found = self.presets[DRUM_BANK, 0]
        if found is None:
            found = self.presets[0, program]
        return found


def soundfont_path() -> Path:
    """Return where the soundfont lies, without importing the package that brings it.

    Raises
    ------
    MusaicError
        Where it is not installed.
    """
    spec = importlib.util.find_spec("pretty_midi")
    for place in (spec.submodule_search_locations or []) if spec else []:
        for path in sorted(Path(place).glob("*.sf2")):
            return path
    raise MusaicError(
        "the instruments of the demo songs (the soundfont inside the package pretty_midi) are not installed; "
        "run 'pip install pretty_midi'."
    )


@functools.cache
def read_soundfont() -> SoundFont:
    """Read the soundfont once a process.

    Raises
    ------
    MusaicError
        Where the file is missing or is not a soundfont.
    """
    path = soundfont_path()
    try:
        data = path.read_bytes()
        return _parse(data)
    except (OSError, KeyError, IndexError, struct.error, ValueError) as error:
        raise MusaicError(
            f"cannot read the soundfont {path}: {error}; run 'pip install --force-reinstall pretty_midi'."
        ) from None


def _parse(data: bytes) -> SoundFont:
    chunks = _chunks(data)
    samples = np.frombuffer(data, dtype="<i2", offset=chunks[b"smpl"][0], count=chunks[b"smpl"][1] // 2)

    def records(name: bytes, layout: str) -> list[tuple[int, ...]]:
        offset, size = chunks[name]
        return list(struct.iter_unpack(layout, data[offset : offset + size]))

    headers = records(b"shdr", "<20xIIIIIBbHH")
    instrument_bags = [bag[0] for bag in records(b"inst", "<20xH")]
    instrument_zones = _zones(records(b"ibag", "<HH"), records(b"igen", "<HH"))
    preset_heads = records(b"phdr", "<20xHHHIII")
    preset_zones = _zones(records(b"pbag", "<HH"), records(b"pgen", "<HH"))

    presets: dict[tuple[int, int], tuple[Region, ...]] = {}
    for head, following in itertools.pairwise(preset_heads):
        regions: list[Region] = []
        for outer in _with_globals(preset_zones[head[2] : following[2]], _INSTRUMENT):
            number = outer[_INSTRUMENT]
            zones = instrument_zones[instrument_bags[number] : instrument_bags[number + 1]]
            for inner in _with_globals(zones, _SAMPLE):
                region = _region(outer, inner, headers[inner[_SAMPLE]])
                if region is not None:
                    regions.append(region)
        presets[head[1], head[0]] = tuple(regions)
    return SoundFont(samples, presets)


def _chunks(data: bytes) -> dict[bytes, tuple[int, int]]:
    """Return offset and size of every leaf chunk of the RIFF file (section 3)."""
    if data[:4] != b"RIFF" or data[8:12] != b"sfbk":
        raise ValueError("it is not a SoundFont 2 file")
    found: dict[bytes, tuple[int, int]] = {}
    place = 12
    while place + 8 <= len(data):
        name, size = struct.unpack_from("<4sI", data, place)
        place += 8
        if name == b"LIST":
            place += 4
            continue
        found[name] = (place, size)
        place += size + size % 2
    return found


def _zones(bags: list[tuple[int, ...]], generators: list[tuple[int, ...]]) -> list[dict[int, int]]:
    """Return each bag's generators by number; ranges stay unsigned words, amounts become signed."""
    zones = []
    for bag, following in itertools.pairwise(bags):
        zone = {}
        for number, word in generators[bag[0] : following[0]]:
            unsigned = number in (_KEYS, _VELOCITIES, _SAMPLE, _INSTRUMENT, _MODES)
            zone[number] = word if unsigned or word < 0x8000 else word - 0x10000
        zones.append(zone)
    return zones


def _with_globals(zones: list[dict[int, int]], target: int) -> list[dict[int, int]]:
    """Return the zones that point at something, over the defaults of a leading global zone (section 7.3)."""
    shared = zones[0] if zones and target not in zones[0] else {}
    return [{**shared, **zone} for zone in zones if target in zone]


def _region(outer: dict[int, int], inner: dict[int, int], header: tuple[int, ...]) -> Region | None:
    start, end, loop_start, loop_end, rate, original, correction = header[:7]
    keys = _overlap(_range(outer, _KEYS), _range(inner, _KEYS))
    velocities = _overlap(_range(outer, _VELOCITIES), _range(inner, _VELOCITIES))
    if keys is None or velocities is None:
        return None
    value = {number: inner.get(number, _DEFAULTS.get(number, 0)) for number in (*_ADDED_BY_PRESET, _ROOT)}
    for number in _ADDED_BY_PRESET:
        value[number] += outer.get(number, 0)
    shift = {number: inner.get(number, 0) for number in (_START, _END, _LOOP_START, _LOOP_END)}
    for coarse, fine in _COARSE_OFFSETS.items():
        shift[fine] += 32768 * inner.get(coarse, 0)
    root = value[_ROOT] if value[_ROOT] >= 0 else original
    length = loop_end + shift[_LOOP_END] - loop_start - shift[_LOOP_START]
    loops = inner.get(_MODES, 0) & 1 == 1 and length > 4
    return Region(
        keys=keys,
        velocities=velocities,
        start=start + shift[_START],
        end=end + shift[_END],
        loop_start=loop_start + shift[_LOOP_START],
        loop_end=loop_end + shift[_LOOP_END],
        loops=loops,
        root=_in_tune(root - value[_COARSE] - (value[_FINE] + correction) / 100, rate, length if loops else 0),
        rate=rate,
        # Players scale the written attenuation by 0.4, as the EMU hardware did: fonts are balanced for that.
        gain=10 ** (-max(0.0, 0.04 * value[_ATTENUATION]) / 20),
        pan=float(np.clip(value[_PAN] / 500, -1, 1)),
        attack=_seconds(value[_ATTACK]),
        hold=_seconds(value[_HOLD]),
        decay=_seconds(value[_DECAY]),
        sustain=float(np.clip(value[_SUSTAIN] / 10, 0, 100)),
        release=_seconds(value[_RELEASE]),
    )


def _in_tune(root: float, rate: int, length: int) -> float:
    """Return the key that a short loop really sounds at.

    A loop of a few dozen frames is rounded to whole ones, which puts some reeds of the font off by a third of a
    semitone.
    """
    if not 0 < length < 400:
        return root
    cycles = round(length * 440 * 2 ** ((root - 69) / 12) / rate)
    if cycles < 1:
        return root
    sounding = 69 + 12 * math.log2(cycles * rate / length / 440)
    return sounding if abs(sounding - root) < 0.8 else root


def _range(zone: dict[int, int], number: int) -> tuple[int, int]:
    word = zone.get(number, 0x7F00)
    return word & 0xFF, word >> 8


def _overlap(a: tuple[int, int], b: tuple[int, int]) -> tuple[int, int] | None:
    low, high = max(a[0], b[0]), min(a[1], b[1])
    return (low, high) if low <= high else None


def _seconds(timecents: int) -> float:
    return 0.0 if timecents <= -12000 else float(2 ** (timecents / 1200))
