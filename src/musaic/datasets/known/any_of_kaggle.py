"""Any dataset on Kaggle: a folder of songs, or one table, read as a corpus is read anywhere."""

from __future__ import annotations

from pathlib import Path

from musaic.corpus.config import CorpusConfig
from musaic.corpus.read import scan_corpus
from musaic.corpus.rows import OWN_COLUMNS
from musaic.corpus.walk import walk
from musaic.datasets.description import Dataset, Song, Songs
from musaic.datasets.sources.of_kaggle import Kaggle, parse_handle
from musaic.errors import UsageError

LAYOUT = "folders such as <language>/<genre>/<file> or <genre>/<file>, or one table that names audio or lyrics"
FROM_FILES = (None, "table", "tag", "transcript")


def dataset(handle: str) -> Dataset:
    """Describe a dataset on Kaggle by ``owner/dataset``."""
    handle = parse_handle(handle)
    page = "https://www.kaggle.com/datasets/" + "/".join(handle.split("/")[:2])
    return Dataset(
        name=f"kaggle:{handle}",
        about=f"{handle}, on Kaggle",
        tracks=None,
        size="as Kaggle says before the download",
        licence="as its page on Kaggle says, which is told before the download",
        homepage=page,
        facts="Kaggle",
        citation=f"@misc{{kaggle_{handle.split('/')[1].replace('-', '_')},\n  howpublished = {{\\url{{{page}}}}}\n}}\n",
        source=Kaggle(handle),
        convert=songs,
        asks=True,
        layout=LAYOUT,
    )


def songs(root: Path) -> Songs:
    """Read a folder of songs, or the one table where there is no audio.

    Raises
    ------
    UsageError
        Where it is neither.
    """
    found = walk(root)
    if not found.audio and len(found.tables) != 1:
        held = f"{len(found.tables)} tables" if found.tables else "no table"
        raise UsageError(
            f"{root} holds no audio and {held}, so that it cannot be told what its songs are; name the table yourself: "
            "musaic corpus verify TABLE --lyrics COLUMN."
        )
    path = root if found.audio else root / found.tables[0]
    corpus = scan_corpus(path, CorpusConfig(tags=False))
    below = corpus.root.relative_to(root).as_posix()
    prefix = "" if below == "." else f"{below}/"
    extra = [name for name in corpus.tracks.columns if name not in OWN_COLUMNS]
    result = []
    for row in corpus.tracks.to_dict("records"):
        file = row["lyrics_source"] if row["lyrics_source"] not in FROM_FILES else None
        result.append(
            Song(
                row["track_id"],
                audio=f"{prefix}{row['audio']}" if row["audio"] else None,
                lyrics_path=f"{prefix}{file}" if file else None,
                lyrics=None if file else row["lyrics"],
                title=row["title"],
                artist=row["artist"],
                language=row["language"],
                genre=row["genre"],
                group=row["group"],
                more={name: row[name] for name in extra if row[name]},
            )
        )
    return Songs(result, corpus.notes)
