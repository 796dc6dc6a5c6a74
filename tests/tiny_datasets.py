"""Miniature copies of public datasets, each in its own layout, made on the spot."""

from __future__ import annotations

import csv
import json
from collections.abc import Callable
from pathlib import Path

from songs import sound
from sounds import write

LYRICS = {
    "English": "Give me the same old river and the night, give me the light again",
    "German": "Die Nacht ist still und ich gehe am Fluss entlang nach Hause zu dir",
    "French": "La nuit tombe sur la rivière et je rentre chez moi avec toi ce soir",
    "Spanish": "La noche cae sobre el río y yo vuelvo a casa contigo otra vez",
}
HOSTILE = '</script><img src=x onerror=alert(1)>, "quoted"; =1+1'


def clip(path: Path, number: int = 0, seconds: float = 0.6) -> Path:
    """Write a short sound, as MP3 or WAV by its name."""
    return write(path, sound("pop", number, seconds), 22050)


def gtzan(root: Path, below: str = "Data/genres_original", per_genre: int = 2) -> Path:
    for genre in ("blues", "hiphop", "jazz"):
        for number in range(per_genre):
            clip(root / below / genre / f"{genre}.{number:05d}.wav", number)
    return root


def banglabeats(root: Path) -> Path:
    for song in ("আমার সোনার নদী", "Abdul - Oray Nil"):
        for part in range(3):
            clip(root / "wavs3sec" / "Folk" / f"{song}_{part}.wav", part)
    for part in range(2):
        clip(root / "wavs3sec" / "Metal" / f"Séance - {part}.wav", part)
    return root


def jamendolyrics(root: Path) -> Path:
    rows = []
    for number, (language, words) in enumerate(LYRICS.items()):
        file = ("HILA_-_Give_Me.mp3", "Veränderung_-_doro.mp3", "Séculaire_feat._Nÿme.mp3", "يا_ليل_-_mar.mp3")[number]
        rows.append(["https://x.invalid/1", file, "HILA", HOSTILE if number == 0 else "Lied", "Pop", "BY-NC", language])
        (root / "lyrics").mkdir(parents=True, exist_ok=True)
        (root / "lyrics" / f"{Path(file).stem}.txt").write_text(words + "\n", encoding="utf-8")
        if number:  # the first song's audio is not in the copy
            clip(root / "mp3" / file, number)
    with (root / "JamendoLyrics.csv").open("w", encoding="utf-8", newline="") as out:
        writer = csv.writer(out)
        writer.writerow(["URL", "Filepath", "Artist", "Title", "Genre", "LicenseType", "Language"])
        writer.writerows(rows)
    return root


FMA_COLUMNS = {
    "set": ("split", "subset"),
    "album": ("title",),
    "artist": ("name",),
    "track": ("genre_top", "genres", "language_code", "license", "title"),
}


def fma(root: Path, size: str = "small") -> Path:
    (root / "fma_metadata").mkdir(parents=True)
    upper = ["", *(name for name, below in FMA_COLUMNS.items() for _ in below)]
    lower = ["", *(name for below in FMA_COLUMNS.values() for name in below)]
    rows = [
        ["2", "training", "small", "AWOL", "AWOL", "Hip-Hop", "[21]", "en", "CC BY-NC-SA", "Food"],
        ["5", "training", "small", "الليل", "مريم", "", "[21, 10]", "ar", "CC BY", HOSTILE],
        ["10", "test", "medium", "Überall", "Øyvind", "Pop", "[10]", "", "CC BY", "two\nlines"],
        ["140", "test", "large", "নদী", "রবি", "Folk", "[17]", "bn", "CC BY", "গান"],
        ["141", "test", "small", "Gone", "Nobody", "Folk", "[17]", "", "CC BY", "its file is not here"],
    ]
    with (root / "fma_metadata" / "tracks.csv").open("w", encoding="utf-8", newline="") as out:
        csv.writer(out).writerows([upper, lower, ["track_id", *[""] * (len(upper) - 1)], *rows])
    with (root / "fma_metadata" / "genres.csv").open("w", encoding="utf-8", newline="") as out:
        header = ["genre_id", "#tracks", "parent", "title", "top_level"]
        genres = [["10", "2", "0", "Pop", "10"], ["17", "2", "0", "Folk", "17"], ["21", "2", "0", "Hip-Hop", "21"]]
        csv.writer(out).writerows([header, *genres])
    for number in (2, 5, 10, 140):
        clip(root / f"fma_{size}" / f"{number:06d}"[:3] / f"{number:06d}.mp3", number)
    return root


def mtg_jamendo(root: Path) -> Path:
    (root / "data").mkdir(parents=True)
    lines = [
        "TRACK_ID\tARTIST_ID\tALBUM_ID\tPATH\tDURATION\tTAGS",
        "track_0000214\tartist_000014\talbum_000031\t14/214.mp3\t124.6\tgenre---punkrock",
        "track_0000215\tartist_000014\talbum_000031\t15/215.mp3\t151.4\tgenre---metal\tgenre---rock\tmood/theme---dark",
        "track_0000216\tartist_000015\talbum_000032\t16/216.mp3\t234.9\tinstrument---piano",
        "track_0000217\tartist_000015\talbum_000032\t17/217.mp3\t127.9\tgenre---pop",
    ]
    (root / "data" / "autotagging.tsv").write_text("\n".join(lines) + "\n", encoding="utf-8")
    clip(root / "audio" / "14" / "214.mp3", 1)
    clip(root / "audio" / "15" / "215.mp3", 2)
    clip(root / "raw_30s" / "audio" / "16" / "216.low.mp3", 3)
    return root


COPIES: dict[str, Callable[[Path], Path]] = {
    "gtzan": gtzan,
    "gtzan_mini": gtzan,
    "gtzan_kaggle": gtzan,
    "banglabeats": banglabeats,
    "jamendolyrics": jamendolyrics,
    "fma_small": fma,
    "fma_medium": lambda root: fma(root, "medium"),
    "fma_large": lambda root: fma(root, "large"),
    "fma_full": lambda root: fma(root, "full"),
    "mtg_jamendo": mtg_jamendo,
}


def md5(path: Path) -> str:
    import hashlib

    return hashlib.md5(path.read_bytes()).hexdigest()


def mirdata_index(root: Path, paths: dict[str, dict[str, str | None]], metadata: dict[str, str] | None = None) -> str:
    """Return an index in mirdata's own form over files below ``root``."""
    tracks = {
        track: {key: [path, md5(root / path) if path else None] for key, path in files.items()}
        for track, files in paths.items()
    }
    index: dict[str, object] = {"version": "1.0", "tracks": tracks}
    if metadata:
        index["metadata"] = {key: [path, md5(root / path)] for key, path in metadata.items()}
    return json.dumps(index)
