"""The runs that are open: which row is which song, which cells there are, and what of them is in memory."""

from __future__ import annotations

import contextlib
import re
from collections.abc import Sequence
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from musaic.errors import MusaicError, TrackError, UsageError
from musaic.explorer.answers import NotThereError, place
from musaic.explorer.kept import Kept
from musaic.explorer.sound import Sounds, inside
from musaic.files import cache_folder
from musaic.runs import Run

if TYPE_CHECKING:
    from musaic.experiment.decoding import Decoder

MOST_RUNS = 2
_DECODERS = 4  # models held at once
_COLUMNS = 16  # cells whose columns are held at once


class OpenRun:
    """One run, read where it is asked for and kept.

    Parameters
    ----------
    run : Run
        Its folder.
    sounds : Sounds
        What its songs are sent with.
    corpus : str or Path, optional
        Where the corpus lies now, if it was moved.
    follow_links : bool
        Whether links in the corpus may lead out of it.
    """

    def __init__(
        self, run: Run, sounds: Sounds, *, corpus: str | Path | None = None, follow_links: bool = False
    ) -> None:
        from musaic.listening.sound import corpus_root

        self.run = run
        self.sounds = sounds
        self.corpus = corpus
        self.follow_links = follow_links
        self.root = corpus_root(run, corpus)
        self._placed_files = self._assigned()
        self._decoders: Kept[Decoder] = Kept(_DECODERS)
        self._columns: Kept[dict[str, Any]] = Kept(_COLUMNS)

    @cached_property
    def ids(self) -> list[str]:
        """The songs' ids by row, as the page numbers them."""
        from musaic.report.dataset import song_ids

        ids = song_ids(self.run)
        self.check()
        return ids

    @cached_property
    def rows(self) -> dict[str, int]:
        """Row by ``track_id``."""
        return {track_id: row for row, track_id in enumerate(self.ids)}

    @cached_property
    def files(self) -> dict[str, Path]:
        """Sound files by ``track_id``, there or not."""
        from musaic.listening.sound import audio_files

        return audio_files(self.run, self.corpus)

    @cached_property
    def offered(self) -> frozenset[str]:
        """The songs that are neighbours or on a way: those of the page with sound; in a run without any, all."""
        songs = frozenset(self.ids)
        return songs & {*self.files, *self.placed} or songs

    def check(self) -> None:
        """Refuse what was read after songs had been placed in the run: rows are others then than those of the page.

        Raises
        ------
        UsageError
            Where it is so.
        """
        if self._assigned() != self._placed_files:
            raise UsageError(
                f"songs were placed in {self.run.path.name} since it was opened; start 'musaic explore' again."
            )

    def _assigned(self) -> list[str]:
        return sorted(file.name for file in self.run.assigned_folder.glob("*.parquet"))

    def warm(self) -> None:
        """Read what is asked for first: the opening cell's maps and clusters, and where its songs lie."""
        from musaic.listening.choice import choose_cell
        from musaic.listening.neighbours import neighbours

        _ = self.offered, self.rows
        # what cannot be had is told when it is asked for
        with contextlib.suppress(MusaicError):
            cell = choose_cell(self.run, None)
            self.columns(cell)
            neighbours(self.run, cell, self.ids[0], k=1, seed=self.seed(cell), among=self.offered)

    def song(self, row: str) -> str:
        """Return the ``track_id`` of a row number in an address; `NotThereError` where it is none."""
        return self.ids[place(row, len(self.ids), "song")]

    def cell(self, name: str) -> str:
        """Return a cell's name, which only one of the run's own can be: it becomes part of paths.

        Raises
        ------
        NotThereError
            Where the run has no such cell, or it did not end well.
        """
        done = [str(cell["cell"]) for cell in self.run.cells if cell.get("status", "done") == "done"]
        if name not in done:
            raise NotThereError(f"there is no finished cell {name[:80]!r}; there are {', '.join(done) or 'none'}.")
        return name

    def clustering(self, cell: str, given: object) -> str:
        """Return a clustering of a cell by its id; where none is given, that of the cell's best row.

        Raises
        ------
        NotThereError
            Where the cell has no such clustering.
        """
        from musaic.listening.choice import choose_clustering

        entry = next(entry for entry in self.run.cells if entry["cell"] == cell)
        known = [str(one["id"]) for one in entry.get("clusterings") or []]
        if given is not None and given not in known:
            told = ", ".join(known) or "none"
            raise NotThereError(f"cell {cell} has no clustering {str(given)[:80]!r}; it has {told}.")
        return choose_clustering(self.run, cell, None if given is None else str(given))

    def seed(self, cell: str) -> int:
        """Return the seed whose latents and clusters are shown: a cell's first."""
        return next(int(entry["seeds"][0]) for entry in self.run.cells if entry["cell"] == cell)

    def columns(self, cell: str) -> dict[str, Any]:
        """Return a cell's maps and clusterings, packed."""
        from musaic.report.dataset import cell_columns

        def make() -> dict[str, Any]:
            columns = cell_columns(self.run, cell)
            self.check()
            return columns

        return self._columns.get(cell, make)

    def decoder(self, cell: str) -> Decoder:
        """Return what turns a cell's latents into sound; `UsageError` where its model cannot."""
        from musaic.experiment.decoding import decoder

        return self._decoders.get(cell, lambda: decoder(self.run, cell, self.seed(cell), corpus=self.corpus))

    @cached_property
    def placed(self) -> dict[str, tuple[Path, str]]:
        """Songs that were placed when the run was finished: where they lay and their content id, by ``track_id``."""
        from musaic.listening.sound import assigned_files

        songs = self.run.assigned
        contents = dict(zip(songs["track_id"], songs["content_id"], strict=True)) if len(songs) else {}
        return {track_id: (file, str(contents[track_id])) for track_id, file in assigned_files(self.run).items()}

    def sound(self, track_id: str) -> Path:
        """Return a song's file.

        Raises
        ------
        TrackError
            Where it has none; where a song of the corpus leads out of it; where a song that was placed afterwards,
            which may lie anywhere, is not the very file any more.
        """
        if track_id in self.placed and track_id not in self.files:
            path, content = self.placed[track_id]
            if self.sounds.content(path) != content:
                raise TrackError(
                    "missing", f"{path.name} is not the file any more that was placed; place it with 'musaic assign'."
                )
            return path
        file = self.files.get(track_id)
        if file is None or self.root is None:
            raise TrackError("missing", f"{track_id[-80:]!r} has no sound that can be played.")
        return inside(file, self.root, follow_links=self.follow_links)


class Shelf:
    """The runs that are open, one or two, and the sound of their songs.

    Parameters
    ----------
    folders : sequence of str or Path
        Run folders.
    corpus : str or Path, optional
        Where the corpus lies now, if it was moved.
    cache : Path, optional
        Where converted sound is kept.
    follow_links : bool
        Whether links in the corpus may lead out of it.

    Raises
    ------
    UsageError
        Where there are not one or two, or one is no run folder that has its cells.
    """

    def __init__(
        self,
        folders: Sequence[str | Path],
        *,
        corpus: str | Path | None = None,
        cache: Path | None = None,
        follow_links: bool = False,
    ) -> None:
        if not 1 <= len(folders) <= MOST_RUNS:
            raise UsageError(f"{len(folders)} runs were named; one can be explored, or two side by side.")
        opened = [Run.open(folder) for folder in folders]
        for run in opened:
            for file in (run.tracks_file, run.cells_file):
                if not file.is_file():
                    raise UsageError(f"{run.path} is not finished (it has no {file.name}); end it with 'musaic run'.")
        sounds = Sounds(cache)
        self._cache = cache_folder(cache)
        self._page: Kept[str] = Kept(1)
        self.runs = [OpenRun(run, sounds, corpus=corpus, follow_links=follow_links) for run in opened]

    def __getitem__(self, number: str) -> OpenRun:
        """Return a run by its number in an address; `NotThereError` where it is none."""
        return self.runs[place(number, len(self.runs), "run")]

    def without_folders(self, sentence: str) -> str:
        """Return a sentence in which the folders of runs, corpora and the cache are called by their names alone."""
        folders = [self._cache, *(one.run.path for one in self.runs), *(one.root for one in self.runs if one.root)]
        whole = {path for folder in folders for path in (folder.absolute(), folder.resolve()) if path.name}
        for path in sorted(whole, key=lambda path: -len(path.parts)):
            sentence = path.name.join(re.split(rf"{re.escape(str(path))}(?!\w)", sentence))
        return sentence

    def warm(self) -> None:
        """Make the first page, sound and neighbours come as fast as the next ones: of a large run they take seconds."""
        import musaic.explorer.playable

        musaic.explorer.playable.load()
        _ = self.page
        for one in self.runs:
            one.warm()

    @property
    def names(self) -> list[str]:
        """What the runs are called."""
        return [str(one.run.experiment.get("name") or one.run.path.resolve().name) for one in self.runs]

    @property
    def page(self) -> str:
        """The data of the page in JSON, all but the cells' columns."""
        return self._page.get("page", self._described)

    def _described(self) -> str:
        from musaic.report.dataset import dataset, page_json

        parts = [dataset(one.run, mode="explore", corpus=one.corpus) for one in self.runs]
        for one in self.runs:
            _ = one.offered  # its rows are those of the page from now on
            one.check()
        return page_json({**parts[0], "runs": [run for part in parts for run in part["runs"]]})
