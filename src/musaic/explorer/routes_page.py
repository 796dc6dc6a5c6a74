"""Addresses of the page itself: its skeleton, script and styles, and the data that it shows."""

from __future__ import annotations

from functools import cache
from importlib import resources

from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import Route

from musaic.explorer.answers import NO_STORE, as_json
from musaic.explorer.shelf import Shelf
from musaic.report import assets


def page(request: Request) -> Response:
    """Answer with the skeleton of the page."""
    return HTMLResponse(_skeleton(tuple(_shelf(request).names)), headers=NO_STORE)


def script(request: Request) -> Response:
    """Answer with the bundled script."""
    return _asset(assets.script(), "text/javascript")


def style(request: Request) -> Response:
    """Answer with the bundled styles."""
    return _asset(assets.style(), "text/css")


def data(request: Request) -> Response:
    """Answer with all that the page shows at once: songs, labels, descriptors, the list of cells."""
    return Response(_shelf(request).page, headers=NO_STORE, media_type="application/json")


def columns(request: Request) -> Response:
    """Answer with the maps and clusterings of a cell."""
    opened = _shelf(request)[request.path_params["r"]]
    return as_json(opened.columns(opened.cell(request.path_params["cell"])))


def _shelf(request: Request) -> Shelf:
    shelf: Shelf = request.app.state.shelf
    return shelf


def _asset(asset: assets.Asset, media_type: str) -> Response:
    return Response(asset.text, headers={"Cache-Control": "no-cache"}, media_type=media_type)


@cache
def _skeleton(names: tuple[str, ...]) -> str:
    from jinja2 import Environment, StrictUndefined

    from musaic.report.words import visible

    template = (resources.files("musaic.explorer") / "page.html.j2").read_text(encoding="utf-8")
    environment = Environment(autoescape=True, undefined=StrictUndefined)
    text = environment.from_string(template).render(names=[visible(name) for name in names])
    return text.encode("utf-8", "replace").decode("utf-8")


ROUTES = [
    Route("/", page),
    Route("/musaic.js", script),
    Route("/musaic.css", style),
    Route("/api/page", data),
    Route("/api/{r}/cells/{cell}", columns),
]
