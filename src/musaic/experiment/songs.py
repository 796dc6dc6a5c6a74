"""Reading songs as an experiment reads them: the corpus room, lent the ears of `audio` and the eyes of `lyrics`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from musaic.progress import SILENT, Reporter

if TYPE_CHECKING:
    from musaic.corpus import Corpus, CorpusConfig, VerifyReport
    from musaic.lyrics.config import LyricsConfig


def read_corpus(
    path: str | Path,
    config: CorpusConfig | None = None,
    *,
    lyrics: LyricsConfig | None = None,
    cache: Path | None = None,
    workers: int | None = None,
    reporter: Reporter = SILENT,
) -> Corpus:
    """Read the tracks of a corpus, their lyrics cleaned and their languages known from labels or from the words.

    Parameters
    ----------
    path : str or Path
        A folder tree of songs, or a table of them (``.csv``, ``.tsv``, ``.parquet``); or the URL of one, such as
        ``s3://bucket/songs``.
    config : CorpusConfig, optional
        What is read, how columns are called, which tracks are taken.
    lyrics : LyricsConfig, optional
        How lyrics are cleaned, and how sure a language must be.
    cache : Path, optional
        The cache folder, where a corpus that lies elsewhere is copied to.
    workers : int >= 0, optional
        Processes; all cores by default.
    reporter : Reporter
        Where progress is shown.

    Raises
    ------
    UsageError
        Where nothing is there, a column is missing, or no track is left. A broken file never raises.
    """
    from musaic.audio.decode import probe
    from musaic.corpus.read import read_corpus as read
    from musaic.lyrics.config import LyricsConfig

    reader = (lyrics or LyricsConfig()).reader
    return read(path, config, probe=probe, reader=reader, cache=cache, workers=workers, reporter=reporter)


def verify_corpus(
    path: str | Path,
    config: CorpusConfig | None = None,
    *,
    lyrics: LyricsConfig | None = None,
    cache: Path | None = None,
    workers: int | None = None,
    reporter: Reporter = SILENT,
) -> VerifyReport:
    """Say what of a corpus is there, what matches and what is broken (see `musaic.corpus.verify.verify`)."""
    from musaic.audio.decode import examine
    from musaic.corpus.verify import verify
    from musaic.lyrics.config import LyricsConfig

    reader = (lyrics or LyricsConfig()).reader
    return verify(path, config, probe=examine, reader=reader, cache=cache, workers=workers, reporter=reporter)
