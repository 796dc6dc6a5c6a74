"""Addresses of latents: what a song's are, what they sound like decoded, and what lies between two songs.

Letters: D latent dimensions.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from musaic.errors import UsageError
from musaic.explorer.answers import as_json, as_wav, choice, finite, numbers, read_json, whole
from musaic.explorer.shelf import OpenRun, Shelf

if TYPE_CHECKING:
    from musaic.experiment.decoding import Decoder

WHAT = ("original", "griffin-lim", "decoded")
MOST_STEPS = 100
_FARTHEST = 1e6  # a latent beyond it is none that any song has
_BODY = 1_000_000  # bytes


def latents(request: Request) -> Response:
    """Answer with a song's latents and what every dimension carries."""
    opened, decoder = _decoder(request)
    mean = decoder.latents(opened.song(request.path_params["i"]))
    return as_json(
        {
            "mean": finite(mean),
            "kl": finite(decoder.kl()),
            "order": decoder.order(),
            "dead": decoder.dead(),
            "sd": finite(decoder.sd()),
        }
    )


async def decode(request: Request) -> Response:
    """Answer with what a point in latent space sounds like; with a ``row``, of a song with that one's labels."""
    data = await read_json(request, most=_BODY)
    return await run_in_threadpool(_decode, request, data)


def _decode(request: Request, data: dict[str, Any]) -> Response:
    opened, decoder = _decoder(request)
    z = np.array(numbers(data, "z", most=_FARTHEST))
    D = len(decoder.sd())
    if len(z) != D:
        raise UsageError(f"z has {len(z)} numbers; the model has {D} latent dimensions, give as many.")
    row = data.get("row")
    if row is None:
        return as_wav(*decoder.decode(z))
    if type(row) is not int or not 0 <= row < len(opened.ids):
        raise UsageError(f"row must be a number from 0 to {len(opened.ids) - 1}, or null.")
    return as_wav(*decoder.decode(z, decoder.labels(opened.ids[row])))


def reconstruction(request: Request) -> Response:
    """Answer with a song's analysed crop as it is, through Griffin-Lim alone, or through the model."""
    what = choice(request.query_params.get("what"), "what", WHAT)
    opened, decoder = _decoder(request)
    track_id = opened.song(request.path_params["i"])
    if what == "decoded":
        return as_wav(*decoder.decoded(track_id))
    # both read the song's file: one that may not be sent may not be sent in part either
    opened.sound(track_id)
    return as_wav(*(decoder.original(track_id) if what == "original" else decoder.griffin_lim(track_id)))


def interpolate(request: Request) -> Response:
    """Answer with points on the straight line between two songs' latents, both ends included."""
    opened, decoder = _decoder(request)
    start, end = (opened.ids[whole(request, name, least=0, most=len(opened.ids) - 1)] for name in ("from", "to"))
    steps = whole(request, "steps", least=2, most=MOST_STEPS, default=5)
    return as_json({"z": [finite(z) for z in decoder.interpolate(start, end, steps)]})


def _decoder(request: Request) -> tuple[OpenRun, Decoder]:
    shelf: Shelf = request.app.state.shelf
    opened = shelf[request.path_params["r"]]
    cell = opened.cell(request.path_params["cell"])
    return opened, opened.decoder(cell)


ROUTES = [
    Route("/api/{r}/cells/{cell}/latents/{i}", latents),
    Route("/api/{r}/cells/{cell}/decode", decode, methods=["POST"]),
    Route("/api/{r}/cells/{cell}/reconstruction/{i}", reconstruction),
    Route("/api/{r}/cells/{cell}/interpolate", interpolate),
]
