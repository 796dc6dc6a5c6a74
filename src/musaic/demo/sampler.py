"""Notes from the soundfont: resampled, looped, shaped by their envelope, with velocity, vibrato and release.

Letters: `n` samples of output.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt
from scipy.signal import firwin, upfirdn

from musaic.demo.soundfont import DRUM_BANK, Region, SoundFont

Wave = npt.NDArray[np.float32]

LONGEST_RELEASE = 0.9
"""Seconds."""
SHORTEST_RELEASE = 0.04
_HALF_BAND = firwin(31, 0.5)


@dataclass(frozen=True)
class Vibrato:
    """A slow swing of the pitch that grows after the note has begun, and a slide into it.

    Parameters
    ----------
    depth : float
        Semitones.
    rate : float
        Hz.
    slide : float
        Semitones below (negative) or above the note at which it starts.
    """

    depth: float
    rate: float
    slide: float = 0.0


@dataclass
class Sampler:
    """Plays single notes of one soundfont at one sample rate.

    What was resampled once is kept (until `trim`): songs repeat their notes, and chords and drums most of all. What
    comes out does not depend on what is kept.

    Parameters
    ----------
    font : SoundFont
    sr : int > 0, Hz
    """

    font: SoundFont
    sr: int
    _octaves: dict[tuple[int, int], Wave] = field(default_factory=dict)
    _tones: dict[tuple[int, int, int, int], Wave] = field(default_factory=dict)
    _envelopes: dict[tuple[float, ...], Wave] = field(default_factory=dict)
    _releases: dict[int, Wave] = field(default_factory=dict)

    def trim(self, limit: int = 24_000_000) -> None:
        """Drop the resampled notes once they hold more than ``limit`` samples, so that memory stays bounded."""
        if sum(map(len, self._tones.values())) > limit:
            self._tones.clear()
        if sum(map(len, self._envelopes.values())) > limit // 4:
            self._envelopes.clear()

    def note(
        self,
        program: int,
        key: float,
        duration: float,
        velocity: int,
        *,
        drum: bool = False,
        vibrato: Vibrato | None = None,
    ) -> tuple[Wave, float]:
        """Return the sound of one note and its place between left and right.

        Parameters
        ----------
        program : int in [0, 127]
            General MIDI program, or drum kit.
        key : float
            MIDI number; fractions are microtones.
        duration : float > 0, s
            Until the release begins. A drum rings on.
        velocity : int in [1, 127]
        drum : bool
            Play a kit.
        vibrato : Vibrato, optional

        Returns
        -------
        y : ndarray, shape (n,)
        pan : float in [-1, 1]
        """
        regions = self.font.regions(DRUM_BANK if drum else 0, program)
        sounding = _sounding(regions, round(key), velocity)
        out = np.zeros(0, np.float32)
        pan = 0.0
        for number in sounding:
            region = regions[number]
            release = float(np.clip(region.release * 0.6, SHORTEST_RELEASE, LONGEST_RELEASE))
            held = max(1, int(duration * self.sr))
            n = held + int(release * self.sr)
            if drum and not region.loops:
                held = n = int((region.end - region.start) / region.rate * 2 ** ((region.root - key) / 12) * self.sr)
            if vibrato is None:
                # Copies: what is cached is shaped anew for every note.
                wave = self._tone((program, int(drum), number, round(key * 100)), region, key, n)[:n].copy()
            else:
                wave = self._resample(region, key, n, vibrato)
            n = len(wave)
            wave *= self._envelope(region, n)
            if held < n:
                wave[held:] *= self._release(n - held)
            if len(out) < n:
                out = np.concatenate([out, np.zeros(n - len(out), np.float32)])
            out[:n] += wave
            pan += region.pan / len(sounding)
        # 40 log10: the specification's velocity curve (section 8.4.1), a little flatter at the bottom.
        loud = (velocity / 127) ** 1.7
        dark = 0.5 * max(0, 96 - velocity) / 96
        if dark and len(out) > 1 and not drum:
            # A softer stroke is a darker one: the mean of neighbours takes the top away.
            out[1:] = np.float32(loud * (1 - dark)) * out[1:] + np.float32(loud * dark) * out[:-1]
        else:
            out *= np.float32(loud)
        return out, pan

    def _tone(self, name: tuple[int, int, int, int], region: Region, key: float, n: int) -> Wave:
        known = self._tones.get(name)
        if known is None or (len(known) < n and region.loops):
            known = self._resample(region, key, _rounded(max(n, self.sr // 2)), None)
            self._tones[name] = known
        return known

    def _resample(self, region: Region, key: float, n: int, vibrato: Vibrato | None) -> Wave:
        """Return ``n`` samples (fewer where a sample without a loop ends) at the pitch of ``key``."""
        ratio = 2 ** ((key - region.root) / 12) * region.rate / self.sr
        level = max(0, int(np.floor(np.log2(ratio) + 0.4)))
        data = self._octave(region, level)
        scale = 2.0**-level
        step = ratio * scale
        if vibrato is None:
            at = np.arange(n, dtype=np.float64) * step
        else:
            t = np.arange(n, dtype=np.float32) / np.float32(self.sr)
            swell = np.clip((t - 0.18) / 0.25, 0, 1)
            bend = vibrato.depth * swell * np.sin(2 * np.pi * vibrato.rate * t) + vibrato.slide * np.exp(-t / 0.035)
            at = np.cumsum(step * np.exp2(bend / 12).astype(np.float64))
            at -= at[0]
        if region.loops:
            first = (region.loop_start - region.start) * scale
            length = (region.loop_end - region.loop_start) * scale
            looped = at >= first + length
            at[looped] = first + np.mod(at[looped] - first, length)
        else:
            at = at[: int(np.searchsorted(at, len(data) - 2))]
        whole = at.astype(np.int64)
        part = (at - whole).astype(np.float32)
        following = whole + 1
        if region.loops:
            # The sample after the loop's last one is its first.
            end = int(first + length)
            following[following >= end] = int(first)
        np.minimum(following, len(data) - 1, out=following)
        np.minimum(whole, len(data) - 1, out=whole)
        low = data[whole]
        result: Wave = low + part * (data[following] - low)
        return result

    def _octave(self, region: Region, level: int) -> Wave:
        """Return a sample's data halved in rate ``level`` times, so that high notes do not alias."""
        known = self._octaves.get((region.start, level))
        if known is None:
            if level == 0:
                known = self.font.samples[region.start : region.end].astype(np.float32) / np.float32(32768)
            else:
                finer = self._octave(region, level - 1)
                known = upfirdn(_HALF_BAND, finer, down=2)[len(_HALF_BAND) // 4 :].astype(np.float32)
            self._octaves[region.start, level] = known
        return known

    def _envelope(self, region: Region, n: int) -> Wave:
        """Return attack, hold, decay and sustain (section 8.1.2, generators 34 to 37) times the region's gain."""
        name = (region.attack, region.hold, region.decay, region.sustain, region.gain)
        known = self._envelopes.get(name)
        if known is None or len(known) < n:
            t = np.arange(_rounded(max(n, self.sr)), dtype=np.float32) / np.float32(self.sr)
            fall = np.clip(t - region.attack - region.hold, 0, None) * np.float32(100 / max(region.decay, 1e-3))
            level = 10 ** (-np.minimum(fall, np.float32(region.sustain)) / 20)
            rise = np.clip((t + np.float32(0.5 / self.sr)) / np.float32(max(region.attack, 0.0015)), 0, 1)
            known = (level * rise * np.float32(region.gain)).astype(np.float32)
            self._envelopes[name] = known
        return known[:n]

    def _release(self, n: int) -> Wave:
        """Return ``n`` samples of a note dying away, by 60 dB."""
        known = self._releases.get(n)
        if known is None:
            known = np.exp(np.linspace(0, -7, n)).astype(np.float32)
            if len(self._releases) < 512:
                self._releases[n] = known
        return known


def _sounding(regions: tuple[Region, ...], key: int, velocity: int) -> list[int]:
    """Return which regions play a key; where the font has a hole, the region nearest to it."""
    loud = [number for number, region in enumerate(regions) if region.velocities[0] <= velocity <= region.velocities[1]]
    found = [number for number in loud if regions[number].keys[0] <= key <= regions[number].keys[1]]
    if found or not loud:
        return found
    return [min(loud, key=lambda number: min(abs(key - edge) for edge in regions[number].keys))]


def _rounded(n: int) -> int:
    """Return ``n`` raised to a multiple of 8192, so that few lengths are ever computed."""
    return -(-n // 8192) * 8192
