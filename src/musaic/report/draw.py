"""Figures, sounds and page in one go, from what a run folder holds."""

from __future__ import annotations

from pathlib import Path

from musaic.errors import UsageError
from musaic.listening.sound import audio_files
from musaic.progress import SILENT, Reporter
from musaic.report.clips import MOST_BYTES
from musaic.report.figures import write_figures
from musaic.report.page import write_report
from musaic.report.sounds import write_sounds
from musaic.runs import Run, open_run


def draw_report(
    run: Run | Path | str,
    *,
    corpus: Path | str | None = None,
    out: Path | str | None = None,
    embed_clips: bool = False,
    workers: int | None = None,
    reporter: Reporter = SILENT,
) -> Path:
    """Draw a run's figures, make its sounds and write its report.

    Parameters
    ----------
    run : Run, Path or str
        A run, or its folder. Nothing but the folder is read, and the songs where excerpts are asked for.
    corpus : Path or str, optional
        Where the corpus lies now, if it was moved since: its folder, or the table in it that was its index.
    out : Path or str, optional
        The page; ``report.html`` in the run folder by default. Figures and sounds stay in the run folder.
    embed_clips : bool
        Put excerpts of the songs into the page.
    workers : int >= 0, optional
        Processes that draw, as `write_figures` takes them.
    reporter : Reporter
        Where progress is told.

    Returns
    -------
    Path
        The page.

    Raises
    ------
    UsageError
        Where ``run`` is not a run folder, ``corpus`` is not there, or ``out`` is a folder.
    """
    opened = run if isinstance(run, Run) else open_run(run)
    page = None if out is None else Path(out)
    if page is not None and page.is_dir():
        raise UsageError(f"{page} is a folder; name the file that the page is to be, such as {page / 'report.html'}.")
    moved = None if corpus is None else Path(corpus)
    files = audio_files(opened, moved) if opened.tracks_file.is_file() else {}
    if embed_clips:
        reporter.say(
            "the page will hold excerpts of the songs: it may grow by up to "
            f"{MOST_BYTES * 4 // 3 / 1e6:.0f} MB, and may be passed on only where the songs may be."
        )
    if files and not any(file.is_file() for file in files.values()):
        reporter.say(
            f"no song is where the page looks for it, the first one not at {next(iter(files.values()))}; "
            "name the folder that holds them with --corpus, or the page stays silent."
        )
    write_figures(opened.path, workers=workers, reporter=reporter)
    write_sounds(opened.path, workers=workers, reporter=reporter)
    return write_report(opened.path, corpus=moved, out=page, embed_clips=embed_clips)
