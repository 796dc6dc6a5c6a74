"""The embedded corpus on disk: planned, then written in parallel, file by file, resumable at any moment.

<folder>/audio/<language>/<genre>/<language>_<number>_<title>.mp3
<folder>/lyrics/<language>_<number>.txt
<folder>/factors.csv
"""

from __future__ import annotations

import contextlib
import csv
import io
import itertools
import math
import os
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from musaic import parallel
from musaic.demo.factors import artist_of, draw_factors
from musaic.demo.genres import LANGUAGES, OWN, SHARED, STYLES
from musaic.demo.streams import pick, quantile, stream
from musaic.demo.words import THEMES, artist_name, file_name, song_title, write_lyrics
from musaic.errors import MusaicError, UsageError
from musaic.files import WRITING, WriteError, read_json, remove, write_error, write_json, write_text
from musaic.progress import SILENT, Reporter

MANIFEST = ".musaic-demo.json"
FACTORS = "factors.csv"
VERSION = 1
"""Of the generator: another one makes other songs from the same seed."""

SAMPLE_RATE = 22050
INSTRUMENTALS = 0.15
"""Share of songs without words."""


@dataclass(frozen=True)
class Track:
    """One song of the corpus before it is made.

    Parameters
    ----------
    number : int
        Within its language, from 1.
    language, genre : str
    slot, index : int
        Series of the genre's music, and place in it; the series was dealt to the language.
    title, artist, theme : str
    sung : bool
        Whether it has words.
    """

    number: int
    language: str
    genre: str
    slot: int
    index: int
    title: str
    artist: str
    theme: str
    sung: bool

    @property
    def name(self) -> str:
        """Language and number: what lyrics are matched by."""
        return f"{self.language}_{self.number:04d}"

    @property
    def audio(self) -> str:
        """Path of the recording relative to the corpus."""
        return f"audio/{self.language}/{self.genre}/{self.name}_{file_name(self.title)}.mp3"

    @property
    def lyrics(self) -> str | None:
        """Path of the words relative to the corpus."""
        return f"lyrics/{self.name}.txt" if self.sung else None


@dataclass(frozen=True)
class _Task:
    root: str
    seed: int
    seconds: float
    track: Track


def write_corpus(
    folder: Path | str,
    *,
    seed: int = 0,
    n_tracks: int = 360,
    seconds: float = 12.0,
    workers: int | None = None,
    reporter: Reporter = SILENT,
) -> Path:
    """Write the embedded corpus.

    Parameters
    ----------
    folder : Path
        New, empty, or an earlier corpus of the same seed, size and length: what is missing there is made.
    seed : int
        Other seeds, other songs.
    n_tracks : int > 0
        At 360, ten of every shared genre and twelve of its own in each language. A smaller corpus holds the first
        songs of a larger one, evenly over languages and genres.
    seconds : float >= 1, s
        Length of each recording.
    workers : int >= 0, optional
        Processes; all cores by default.
    reporter : Reporter

    Returns
    -------
    root : Path
        The folder.

    Raises
    ------
    UsageError
        For a size or length that makes no corpus, and for a folder that holds something else.
    MusaicError
        Where the folder cannot be written or a song could not be made; what was made is kept.
    """
    if n_tracks < 1:
        raise UsageError(f"n_tracks is {n_tracks}; a demo corpus needs at least 1 track (360 by default).")
    if not (math.isfinite(seconds) and 1 <= seconds <= 3600):
        raise UsageError(f"seconds is {seconds:g}; a demo track lasts between 1 and 3600 s (12 by default).")
    root = Path(folder)
    tracks = plan(seed, n_tracks)
    settings = {"version": VERSION, "seed": int(seed), "n_tracks": int(n_tracks), "seconds": float(seconds)}
    with _alone(root):
        _claim(root, settings)
        if not _complete(root, tracks):
            for left in root.rglob(f"{WRITING}*"):
                remove(left)
            _fill(root, [_Task(str(root), seed, float(seconds), track) for track in tracks], workers, reporter)
    return root


@contextlib.contextmanager
def _alone(root: Path) -> Iterator[None]:
    """Keep a second process that writes the same corpus waiting until the first one has ended."""
    if root.exists() and not root.is_dir():
        raise UsageError(f"{root} is a file; name a folder for the demo corpus.")
    try:
        root.mkdir(parents=True, exist_ok=True)
        if sys.platform != "win32":  # no folder can be opened there
            folder = os.open(root, os.O_RDONLY)
    except OSError as error:
        raise write_error(root, error) from error
    if sys.platform == "win32":
        yield
        return
    import fcntl

    try:
        with contextlib.suppress(OSError):  # a file system without locks
            fcntl.flock(folder, fcntl.LOCK_EX)
        yield
    finally:
        os.close(folder)


def _fill(root: Path, tasks: list[_Task], workers: int | None, reporter: Reporter) -> None:
    """Make the songs, then the table of their factors."""
    rows: dict[int, dict[str, Any]] = {}
    with reporter.bar("making songs", len(tasks)) as advance:
        for position, outcome in parallel.run(_make, tasks, workers=workers):
            if isinstance(outcome, parallel.Failure):
                if outcome.kind == WriteError.__name__:
                    raise MusaicError(outcome.message)
                raise MusaicError(
                    f"could not make {tasks[position].track.audio}: {outcome.message.rstrip('.')}; "
                    "run the same command again, what was made is kept."
                )
            rows[position] = outcome
            advance(1)
    write_text(root / FACTORS, _table([rows[position] for position in range(len(tasks))]))


def plan(seed: int, n_tracks: int) -> list[Track]:
    """Return the tracks in the order in which a growing corpus takes them in: every prefix is balanced.

    Notes
    -----
    Music belongs to series (genre, slot) that know of no language; ``deal`` shuffles each genre's series over the
    languages that have it.
    """
    counted = dict.fromkeys(LANGUAGES, 0)
    indices: dict[tuple[str, str], int] = {}
    artists: dict[tuple[str, str, int], str] = {}
    known = dict.fromkeys(LANGUAGES, 0)
    tracks = []
    for language, genre in itertools.islice(_places(), n_tracks):
        index = indices.get((language, genre), 0)
        indices[language, genre] = index + 1
        counted[language] += 1
        slot = deal(seed, genre).index(language)
        artist_number = (language, genre, artist_of(index))
        if artist_number not in artists:
            artists[artist_number] = artist_name(language, known[language], stream(seed, "artists", language))
            known[language] += 1
        theme = pick(STYLES[genre].themes, quantile(seed, "theme", genre, slot, index=index))
        rng = stream(seed, "title", language, genre, index)
        tracks.append(
            Track(
                number=counted[language],
                language=language,
                genre=genre,
                slot=slot,
                index=index,
                title=song_title(language, theme, rng),
                artist=artists[artist_number],
                theme=theme,
                sung=quantile(seed, "sung", genre, slot, index=index) >= INSTRUMENTALS,
            )
        )
    return tracks


def deal(seed: int, genre: str) -> list[str]:
    """Return which language gets each of a genre's series of music."""
    owners = [language for language, own in OWN.items() if own == genre] or list(LANGUAGES)
    return [owners[place] for place in stream(seed, "deal", genre).permutation(len(owners))]


def _places() -> Iterator[tuple[str, str]]:
    """Yield language and genre without end: in five rounds, five songs of each shared genre and six of the own."""
    for turn in itertools.count():
        for genre in SHARED:
            yield from ((language, genre) for language in LANGUAGES)
        for _ in range(2 if turn % 5 == 4 else 1):
            yield from ((language, OWN[language]) for language in LANGUAGES)


def _claim(root: Path, settings: dict[str, Any]) -> None:
    """Make the folder ours, or find that it already is, with the same settings."""
    manifest = root / MANIFEST
    if manifest.is_file():
        try:
            held = read_json(manifest)
        except MusaicError:
            held = None
        if held != settings:
            was = ", ".join(f"{key} {value}" for key, value in held.items()) if isinstance(held, dict) else "unknown"
            asked = ", ".join(f"{key} {value}" for key, value in settings.items())
            raise UsageError(
                f"{root} holds a demo corpus with {was}, not {asked}; name another folder or remove that one."
            )
        return
    if not all(path.name.startswith(WRITING) for path in root.iterdir()):
        raise UsageError(f"{root} is not empty and holds no demo corpus; name a new or empty folder.")
    write_json(manifest, settings)


def _complete(root: Path, tracks: list[Track]) -> bool:
    """Tell whether nothing is left to make."""
    files = itertools.chain.from_iterable((track.audio, track.lyrics) for track in tracks)
    return (root / FACTORS).is_file() and all((root / path).is_file() for path in files if path)


def _make(task: _Task) -> dict[str, Any]:
    """Make one song where it is missing; return its row of the table of factors."""
    from musaic.demo.arrangement import arrange

    track, root = task.track, Path(task.root)
    music = (track.genre, track.slot, track.index)
    factors = draw_factors(task.seed, *music)
    song = arrange(track.genre, factors, task.seconds, stream(task.seed, "song", *music))
    if not (root / track.audio).is_file():
        from musaic.demo.encode import write_mp3
        from musaic.demo.render import play

        y = play(song, track.genre, factors, stream(task.seed, "studio", *music), sr=SAMPLE_RATE)
        tags = {"title": track.title, "artist": track.artist, "genre": track.genre, "language": track.language}
        write_mp3(root / track.audio, y, SAMPLE_RATE, tags)
    if track.lyrics and not (root / track.lyrics).is_file():
        write_text(root / track.lyrics, lyrics_of(task.seed, track))
    measured = {"lead_mean_midi": round(song.lead_key, 2), "density_notes_per_s": round(song.density, 2)}
    who = {"track_id": track.audio, "language": track.language, "genre": track.genre, "title": track.title}
    about = {"artist": track.artist, "theme": track.theme, "has_lyrics": str(track.sung).lower()}
    return {**who, **about, **factors.columns(), **measured}


def lyrics_of(seed: int, track: Track) -> str:
    """Return the words of a song."""
    rng = stream(seed, "lyrics", track.language, track.genre, track.index)
    others = [theme for theme in THEMES if theme != track.theme]
    return write_lyrics(track.language, track.genre, track.theme, others[int(rng.integers(len(others)))], rng)


def _table(rows: list[dict[str, Any]]) -> str:
    """Return rows as CSV, ordered by track."""
    text = io.StringIO()
    writer = csv.DictWriter(text, fieldnames=list(rows[0]), lineterminator="\n")
    writer.writeheader()
    writer.writerows(sorted(rows, key=lambda row: row["track_id"]))
    return text.getvalue()
