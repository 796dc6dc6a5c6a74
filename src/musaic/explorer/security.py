"""Who may ask: the door in front of every address, and what every answer tells the browser to forbid.

A server on 127.0.0.1 can be reached by every page that this machine's browser shows. Three ways are closed:

- a foreign name that is made to resolve to this machine (DNS rebinding): the Host header must be a name of ours. On
  another address than loopback any numerical address is one, for only names can be rebound;
- requests from foreign pages: the browser says where a request comes from (Sec-Fetch-Site, Origin), and answers may
  not be embedded (Cross-Origin-Resource-Policy); no header of CORS is ever sent;
- other people, where another address than loopback is bound: a random token, in the printed URL once, in a cookie
  that scripts cannot read from then on.
"""

from __future__ import annotations

import ipaddress
import re
import secrets
import socket
from collections.abc import Iterable

from starlette.datastructures import Headers, MutableHeaders, QueryParams
from starlette.requests import HTTPConnection
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

LOOPBACK_NAMES = ("127.0.0.1", "localhost", "[::1]")

POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; media-src 'self' blob:; "
    "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
HEADERS = {
    "Content-Security-Policy": POLICY,
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
}


def is_loopback(host: str) -> bool:
    """Say whether an address to bind is reached from this machine alone."""
    if host.casefold() == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def names_of(host: str) -> frozenset[str]:
    """Return the names that a Host header may give, lower case, for an address that is bound."""
    names = set(LOOPBACK_NAMES) | {bracketed(host).casefold()}
    if not is_loopback(host):
        own = socket.gethostname().casefold()
        names |= {own, f"{own}.local"}
    return frozenset(names)


def bracketed(host: str) -> str:
    """Return a host as URLs write it: an IPv6 address in brackets."""
    return f"[{host}]" if ":" in host else host


def new_token() -> str:
    """Return a token that nobody guesses: 32 random bytes."""
    return secrets.token_urlsafe(32)


class Guard:
    """ASGI middleware: lets in who may ask, and puts `HEADERS` on every answer.

    Parameters
    ----------
    app : ASGI application
        What is guarded.
    names : iterable of str
        Names that the Host header may give, without ports; as `names_of` returns them.
    any_address : bool
        Whether a numerical address will do as well.
    token : str, optional
        What must be shown, as ``?token=`` or in the cookie; None where this machine alone can ask.
    """

    def __init__(
        self, app: ASGIApp, *, names: Iterable[str], any_address: bool = False, token: str | None = None
    ) -> None:
        self.app = app
        self.names = frozenset(name.casefold() for name in names)
        self.any_address = any_address
        self.token = token

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request, or refuse it."""
        if scope["type"] == "lifespan":
            await self.app(scope, receive, send)
            return
        if scope["type"] != "http":  # a web socket: nothing here speaks it
            await send({"type": "websocket.close", "code": 1008})
            return
        refused = self._refusal(scope)
        cookie = None if refused else self._cookie(scope)

        async def send_guarded(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in HEADERS.items():
                    headers[name] = value
                if cookie:
                    headers.append("set-cookie", cookie)
            await send(message)

        await (refused or self.app)(scope, receive, send_guarded)

    def _refusal(self, scope: Scope) -> Response | None:
        """Return the answer to who may not ask, or None."""
        headers = Headers(scope=scope)
        if not self._is_ours(headers.getlist("host")):
            return _refused(scope, 421, "this address is not one of this server's; open the URL that it printed.")
        if not self._same_origin(scope, headers):
            return _refused(scope, 403, "requests from other pages are refused; open the URL that was printed.")
        if self.token is not None and not any(map(self._is_token, self._shown(scope))):
            return _refused(scope, 403, "the token is missing or wrong; open the URL that was printed, token included.")
        return None

    def _is_ours(self, hosts: list[str]) -> bool:
        """Say whether the Host header, of which there must be one, names this server."""
        found = re.fullmatch(r"(\[[0-9a-f:.]+\]|[^:\[\]/@\s]+)(:[0-9]{1,5})?", hosts[0].casefold()) if hosts else None
        if len(hosts) != 1 or found is None:
            return False
        if found[1] in self.names:
            return True
        if not self.any_address:
            return False
        try:
            ipaddress.ip_address(found[1].strip("[]"))
        except ValueError:
            return False
        return True

    def _same_origin(self, scope: Scope, headers: Headers) -> bool:
        """Say whether a request comes from our own page, or from the person at the browser.

        Who sends neither header is no browser, or one too old to say. A foreign page may link to ours, no more.
        """
        site = headers.get("sec-fetch-site")
        reads = scope["method"] in ("GET", "HEAD")
        if site is not None and site != "same-origin" and not (site == "none" and reads):
            return reads and scope["path"] == "/" and headers.get("sec-fetch-mode") == "navigate"
        origin = headers.get("origin")
        return origin is None or origin.casefold() == f"{scope['scheme']}://{headers['host']}".casefold()

    def _shown(self, scope: Scope) -> list[str]:
        cookie = HTTPConnection(scope).cookies.get(_cookie_name(scope))
        return [*QueryParams(scope["query_string"]).getlist("token"), *([cookie] if cookie else [])]

    def _is_token(self, given: str) -> bool:
        return self.token is not None and secrets.compare_digest(given.encode("utf-8", "replace"), self.token.encode())

    def _cookie(self, scope: Scope) -> str | None:
        """Return the cookie to be kept by a browser that came with the token in its URL."""
        if self.token is None or not any(map(self._is_token, QueryParams(scope["query_string"]).getlist("token"))):
            return None
        return f"{_cookie_name(scope)}={self.token}; Path=/; HttpOnly; SameSite=Strict"


def _cookie_name(scope: Scope) -> str:
    """Return a name with the port in it: cookies do not tell ports apart, and there may be several servers."""
    server = scope.get("server") or ("", 0)
    return f"musaic_{server[1]}"


def _refused(scope: Scope, status: int, sentence: str) -> Response:
    headers = {"Cache-Control": "no-store"}
    if scope["path"] == "/":
        return PlainTextResponse(sentence, status, headers)
    return JSONResponse({"error": sentence}, status, headers)
