"""From a run folder to a page in the browser, until Ctrl-C."""

from __future__ import annotations

import contextlib
import socket
import threading
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from musaic.errors import MusaicError, UsageError
from musaic.explorer.security import bracketed, is_loopback, names_of, new_token

if TYPE_CHECKING:
    import uvicorn
    from starlette.types import ASGIApp

PORT = 8642
"""Where no port is named: always the same one, for a browser keeps volume and theme by address; if taken, any."""

PATIENCE = 1  # seconds in which open connections may end after Ctrl-C


def explore(
    runs: Sequence[str | Path],
    *,
    host: str = "127.0.0.1",
    port: int | None = None,
    browser: bool = True,
    corpus: str | Path | None = None,
    cache: Path | None = None,
    follow_links: bool = False,
    say: Callable[[str], None] = print,
) -> None:
    """Serve a page on which a run can be seen and heard, until it is interrupted.

    Parameters
    ----------
    runs : sequence of str or Path
        One run folder, or two to be seen side by side.
    host : str
        Address to bind; with any other than this machine's own a random token is asked for.
    port : int in [0, 65535], optional
        0 takes any free one; by default `PORT`, or any where that is taken.
    browser : bool
        Whether to open the page in the browser.
    corpus : str or Path, optional
        Where the corpus lies now, if it was moved.
    cache : Path, optional
        Where converted sound is kept; `musaic.files.cache_folder` by default.
    follow_links : bool
        Whether songs are served that links in the corpus lead to, outside of it.
    say : callable
        Is given the address of the page once it is served.

    Raises
    ------
    UsageError
        Where a folder is no run, there are not one or two, the host is unknown, or the port is taken.
    """
    from musaic.explorer.server import guarded
    from musaic.explorer.shelf import Shelf

    token = None if is_loopback(host) else new_token()
    shelf = Shelf(runs, corpus=corpus, cache=cache, follow_links=follow_links)
    app = guarded(shelf, names=names_of(host), any_address=not is_loopback(host), token=token)
    with _bound(host, port) as listening:
        shelf.warm()
        url = f"http://{_shown(host)}:{listening.getsockname()[1]}/" + (f"?token={token}" if token else "")

        def announce() -> None:
            say(url)
            if browser:
                import webbrowser

                threading.Thread(target=webbrowser.open, args=(url,), daemon=True).start()

        server = _server(app, announce)
        # uvicorn ends in order at Ctrl-C and then raises it again; here it is how the command is meant to end
        with contextlib.suppress(KeyboardInterrupt):
            server.run(sockets=[listening])


def _server(app: ASGIApp, announce: Callable[[], None]) -> uvicorn.Server:
    """Return a server that says when it can be reached."""
    import uvicorn

    class Server(uvicorn.Server):
        async def startup(self, sockets: list[socket.socket] | None = None) -> None:
            await super().startup(sockets=sockets)
            if self.started:
                announce()

    config = uvicorn.Config(
        app,
        # without a log of requests: the token stands in the first one
        access_log=False,
        log_level="critical",
        lifespan="off",
        ws="none",
        server_header=False,
        proxy_headers=False,
        timeout_graceful_shutdown=PATIENCE,
    )
    return Server(config)


def _bound(host: str, port: int | None) -> socket.socket:
    """Return a socket that listens at an address."""
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(host, port or 0, type=socket.SOCK_STREAM)[0]
    except (OSError, UnicodeError) as error:
        raise UsageError(f"{host!r} is no address that can be listened at; give one, such as 127.0.0.1.") from error
    for wanted in [PORT, 0] if port is None else [port]:
        listening = socket.socket(family, kind, protocol)
        # a port is free again as soon as its server has ended
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listening.bind((address[0], wanted, *address[2:]))
            listening.listen(128)
        except OSError as error:
            listening.close()
            if port is None and wanted:
                continue
            cause = error.strerror or str(error)
            raise UsageError(
                f"cannot listen at port {wanted} of {host}: {cause}; give an address of this machine, and "
                "another --port, or --port 0 for any free one."
            ) from error
        return listening
    raise MusaicError(f"there is no free port on {host}; end another server and try again.")


def _shown(host: str) -> str:
    """Return the name in the printed URL: where every address is bound, one that this machine itself can open."""
    everywhere = {"0.0.0.0": "127.0.0.1", "::": "[::1]"}
    return everywhere.get(host, bracketed(host))
