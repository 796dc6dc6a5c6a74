"""The application: its addresses, the guard in front of them, and errors in words."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp

from musaic.errors import MusaicError
from musaic.explorer import routes_align, routes_latents, routes_page, routes_songs
from musaic.explorer.answers import failed
from musaic.explorer.security import LOOPBACK_NAMES, Guard
from musaic.explorer.shelf import Shelf


def create_app(
    runs: Sequence[str | Path],
    *,
    corpus: str | Path | None = None,
    cache: Path | None = None,
    follow_links: bool = False,
    names: Iterable[str] = LOOPBACK_NAMES,
    any_address: bool = False,
    token: str | None = None,
) -> ASGIApp:
    """Return the explorer of one run, or of two side by side, as an ASGI application.

    Parameters
    ----------
    runs : sequence of str or Path
        One or two run folders. Only what tells that they are ones is read before it is asked for.
    corpus : str or Path, optional
        Where the corpus lies now, if it was moved.
    cache : Path, optional
        Where sound is kept that was converted for browsers; `musaic.files.cache_folder` by default.
    follow_links : bool
        Whether songs are served that links in the corpus lead to, outside of it.
    names : iterable of str
        Names that a Host header may give, without ports.
    any_address : bool
        Whether a numerical address will do there as well.
    token : str, optional
        What must be shown with every request; None asks for nothing.

    Raises
    ------
    UsageError
        Where there are not one or two runs, a folder is no run, or ``corpus`` is not there.
    """
    shelf = Shelf(runs, corpus=corpus, cache=cache, follow_links=follow_links)
    return guarded(shelf, names=names, any_address=any_address, token=token)


def guarded(
    shelf: Shelf, *, names: Iterable[str] = LOOPBACK_NAMES, any_address: bool = False, token: str | None = None
) -> ASGIApp:
    """Return the explorer of a shelf; the other parameters are those of `create_app`."""
    app = Starlette(
        routes=[*routes_page.ROUTES, *routes_songs.ROUTES, *routes_latents.ROUTES, *routes_align.ROUTES],
        exception_handlers={MusaicError: failed, HTTPException: failed, Exception: failed},
    )
    # an address with a slash too many is not there; the router would answer with the Host header in a redirect
    app.router.redirect_slashes = False
    app.state.shelf = shelf
    # outermost, so that its headers are on answers to unforeseen failures too
    return Guard(app, names=names, any_address=any_address, token=token)
