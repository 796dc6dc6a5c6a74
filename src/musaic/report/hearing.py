"""What the page lets one hear: songs beside what models make of them, and latent dimensions from end to end."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from musaic.listening.sound import audio_files, stretches
from musaic.report.clips import LONGEST, Clips, mp3_address
from musaic.report.links import link
from musaic.report.reading import Cell, Results
from musaic.report.sounds import HeardSong, Sweep, Take, heard
from musaic.report.words import score

MOST_BYTES = 700_000
"""Of sounds inside the page, before they are written as text (a third more); further ones are linked beside it."""


@dataclass(frozen=True)
class HeardCell:
    """What the page has to hear of a cell."""

    cell: Cell
    songs: list[dict[str, Any]]
    sweeps: list[dict[str, Any]]


class Hearing:
    """The addresses of all that the page plays.

    Parameters
    ----------
    results : Results
        A run.
    page : Path
        Where the page will lie: addresses are relative to it.
    corpus : Path, optional
        Where the corpus lies now.
    clips : Clips
        Excerpts of songs, where they were asked for.
    most_bytes : int, optional
        Room in the page for the model's sounds, as text; never more than `MOST_BYTES` of sound.
    """

    def __init__(
        self, results: Results, page: Path, corpus: Path | None, clips: Clips, *, most_bytes: int | None = None
    ) -> None:
        self.results = results
        self.page = page
        self.clips = clips
        self.beside = 0
        self._most_bytes = MOST_BYTES if most_bytes is None else min(MOST_BYTES, most_bytes * 3 // 4)
        there = results.run.tracks_file.is_file()
        self._files: Mapping[str, Path] = audio_files(results.run, corpus) if there else {}
        self._bytes = 0

    @cached_property
    def _stretches(self) -> dict[str, tuple[float, float]]:
        table = stretches(self.results.run)
        return dict(zip(table.index, zip(table["start"], table["length"], strict=True), strict=True))

    def song(self, track_id: str) -> dict[str, Any]:
        """Return what the page says of a song: its name, where it lies, and how to play its analysed stretch."""
        file = self._files.get(track_id)
        start, length = self._stretches[track_id] if file else (math.nan, math.nan)
        return self._called(track_id) | {
            "address": link(file, self.page, start=start) if file else "",
            "clip": self.clips.of(file, start, LONGEST if math.isnan(length) else length) or "",
        }

    def _called(self, track_id: str) -> dict[str, Any]:
        tracks = self.results.tracks
        artist = tracks["artist"].get(track_id) if "artist" in tracks else None
        return {
            "title": self.results.song(track_id),
            "artist": artist if isinstance(artist, str) else "",
            "path": track_id,
        }

    @cached_property
    def cells(self) -> list[HeardCell]:
        """The cells whose decoder gives sound, where that sound was made."""
        found = []
        for each in heard(self.results):
            songs = [told for song in each.songs if (told := self._song(song))]
            sweeps = [told for sweep in each.sweeps if (told := self._sweep(sweep))]
            if songs or sweeps:
                found.append(HeardCell(each.cell, songs, sweeps))
        return found

    def _song(self, song: HeardSong) -> dict[str, Any]:
        """Return the three sounds of a song; nothing where they were not made."""
        decoded = self._held(song.decoded)
        if not decoded:
            return {}
        file = self._files.get(song.track_id)
        stop = song.start + song.length
        own = song.own.file if song.own and song.own.file.is_file() else None
        return self._called(song.track_id) | {
            "original": link(file, self.page, start=song.start, stop=stop) if file and song.own else "",
            "original_clip": self.clips.of(file, song.start, song.length) or "" if song.own else "",
            "own": (self.clips.file(own) or link(own, self.page)) if own else "",
            "decoded": decoded,
            "seconds": score(song.length, 1),
        }

    def _sweep(self, sweep: Sweep) -> dict[str, Any]:
        """Return the sound of a sweep and where in it each step is heard; nothing where it was not made."""
        address = self._held(sweep.take)
        steps = [
            {"sd": "mean" if sd == 0 else f"{sd:+g}".replace("-", "−"), "from": round(start, 3), "to": round(stop, 3)}
            for sd, start, stop in sweep.marks
        ]
        return {"dim": sweep.dim, "address": address, "steps": steps} if address else {}

    def _held(self, take: Take) -> str:
        """Return the address of a sound: inside the page as long as there is room, then beside it."""
        if not take.file.is_file():
            return ""
        size = take.file.stat().st_size
        if self._bytes + size > self._most_bytes:
            self.beside += 1
            return link(take.file, self.page)
        self._bytes += size
        return mp3_address(take.file.read_bytes())
