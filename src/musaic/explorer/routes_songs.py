"""Addresses of songs: their sound, their neighbours, the way from one to another, playlists."""

from __future__ import annotations

import re
from typing import Any
from urllib.parse import quote

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from musaic.errors import UsageError
from musaic.explorer.answers import NO_STORE, as_json, choice, finite, read_json, whole
from musaic.explorer.shelf import OpenRun, Shelf
from musaic.explorer.sound import response

MOST_NEIGHBOURS = 1000
MOST_STEPS = 100
MOST_PER_ARTIST = 1000
MOST_IN_A_PLAYLIST = 1_000_000
MOST_NAME = 200  # characters
_BODY = 12_000_000  # bytes: a playlist of every song of a large corpus

FORMATS = {"m3u8": "audio/x-mpegurl", "csv": "text/csv"}


def audio(request: Request) -> Response:
    """Send a song's file, or a copy that browsers play; ``Range`` is answered."""
    opened = _opened(request)
    path = opened.sound(opened.song(request.path_params["i"]))
    return response(opened.sounds.served(path))


def neighbours(request: Request) -> Response:
    """Answer with the nearest songs in latent space that can be heard."""
    from musaic.listening.neighbours import neighbours

    opened = _opened(request)
    cell = opened.cell(request.path_params["cell"])
    row = whole(request, "row", least=0, most=len(opened.ids) - 1)
    k = whole(request, "k", least=1, most=MOST_NEIGHBOURS, default=12)
    found = neighbours(opened.run, cell, opened.ids[row], k=k, seed=opened.seed(cell), among=opened.offered)
    rows = [opened.rows[track_id] for track_id in found["track_id"]]
    return as_json({"rows": rows, "distances": finite(found["distance"])})


def path(request: Request) -> Response:
    """Answer with the songs that lead from one to another, through songs that can be heard."""
    from musaic.listening.path import song_path

    opened = _opened(request)
    cell = opened.cell(request.path_params["cell"])
    start, end = (opened.ids[whole(request, name, least=0, most=len(opened.ids) - 1)] for name in ("from", "to"))
    steps = whole(request, "steps", least=2, most=MOST_STEPS, default=12)
    per_artist = whole(request, "per_artist", least=1, most=MOST_PER_ARTIST, default=2)
    found = song_path(
        opened.run,
        cell,
        start,
        end,
        steps=steps,
        per_artist=per_artist,
        seed=opened.seed(cell),
        among=opened.offered,
    )
    return as_json({"rows": [opened.rows[track_id] for track_id in found]})


async def playlist(request: Request) -> Response:
    """Answer with the text of a playlist, to be saved; ``cell`` and ``clustering`` say whose clusters a CSV tells."""
    data = await read_json(request, most=_BODY)
    return await run_in_threadpool(_playlist, request, data)


def _playlist(request: Request, data: dict[str, Any]) -> Response:
    from musaic.listening.playlist import m3u8, playlist_csv

    opened = _opened(request)
    if unknown := sorted(set(data) - {"name", "rows", "format", "folder", "cell", "clustering"}):
        raise UsageError(f"{unknown[0][:40]!r} is no key of a playlist; give name, rows, format, cell, clustering.")
    if data.get("folder") is not None:
        raise UsageError("folder must be null: paths in a playlist begin at the corpus folder.")
    form = choice(data.get("format", "m3u8"), "format", tuple(FORMATS))
    name = _name(data.get("name"))
    track_ids = [opened.ids[row] for row in _rows(data.get("rows"), len(opened.ids))]
    if form == "m3u8":
        text = m3u8(opened.run, track_ids, name=name, corpus=opened.corpus)
    else:
        cell = None if data.get("cell") is None else opened.cell(str(data["cell"]))
        clustering = None if cell is None else opened.clustering(cell, data.get("clustering"))
        text = playlist_csv(opened.run, track_ids, corpus=opened.corpus, cell=cell, clustering=clustering)
    return Response(
        text.encode("utf-8", "replace"),
        headers={**NO_STORE, "Content-Disposition": _attachment(name, form)},
        media_type=f"{FORMATS[form]}; charset=utf-8",
    )


def _rows(given: Any, n: int) -> list[int]:
    valid = isinstance(given, list) and all(type(row) is int and 0 <= row < n for row in given)
    if not valid or not 0 < len(given) <= MOST_IN_A_PLAYLIST:
        raise UsageError(f"rows must be a list of row numbers from 0 to {n - 1}, not empty.")
    return list(given)


def _name(given: Any) -> str:
    """Return a playlist's name on one line, without signs that hide or turn what follows."""
    from musaic.listening.words import one_line

    if given is not None and not isinstance(given, str):
        raise UsageError("name must be text.")
    return one_line(given or "")[:MOST_NAME].strip() or "playlist"


def _attachment(name: str, ending: str) -> str:
    """Return the header that names the file to be saved (RFC 6266), for old browsers in ASCII."""
    safe = re.sub(r'[\\/:*?"<>|]+', "-", name).strip(". ") or "playlist"
    plain = re.sub(r"[^\w .()+-]", "-", safe, flags=re.ASCII)
    return f"attachment; filename=\"{plain}.{ending}\"; filename*=UTF-8''{quote(f'{safe}.{ending}', safe='')}"


def _opened(request: Request) -> OpenRun:
    shelf: Shelf = request.app.state.shelf
    return shelf[request.path_params["r"]]


ROUTES = [
    Route("/audio/{r}/{i}", audio),
    Route("/api/{r}/cells/{cell}/neighbours", neighbours),
    Route("/api/{r}/cells/{cell}/path", path),
    Route("/api/{r}/playlist", playlist, methods=["POST"]),
]
