"""A server on this machine's loopback: files with ranges, answers by path, and connections that break off."""

from __future__ import annotations

import base64
import hashlib
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


class FileServer(ThreadingHTTPServer):
    """Serves ``files`` (path → bytes) and ``answers`` (path → (code, JSON or address to go to)).

    ``breaks``: how many bytes of the next answers are sent before the connection ends. ``asked``: what was asked for,
    with the range. ``heads``: what is answered to a question for a size, by path, where that is no size.
    """

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.files: dict[str, bytes] = {}
        self.answers: dict[str, tuple[int, object]] = {}
        self.breaks: list[int] = []
        self.asked: list[tuple[str, str, str | None]] = []
        self.heads: dict[str, int] = {}

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"


class _Handler(BaseHTTPRequestHandler):
    server: FileServer

    def log_message(self, *_: object) -> None:
        """Say nothing."""

    def do_HEAD(self) -> None:
        path = self.path.partition("?")[0]
        if path in self.server.heads:
            self.send_error(self.server.heads[path])
        else:
            self.do_GET()

    def do_GET(self) -> None:
        path = self.path.partition("?")[0]
        wanted = self.headers.get("Range")
        self.server.asked.append((self.command, path, wanted))
        if path not in self.server.files:
            self.send_error(404)
            return
        data = self.server.files[path]
        start = int(wanted.removeprefix("bytes=").rstrip("-")) if wanted else 0
        if start and start >= len(data):
            self.send_error(416)
            return
        self.send_response(206 if wanted else 200)
        self.send_header("Content-Length", str(len(data) - start))
        self.send_header("Accept-Ranges", "bytes")
        self.send_header("x-goog-hash", "md5=" + base64.b64encode(hashlib.md5(data).digest()).decode())
        self.end_headers()
        if self.command == "HEAD":
            return
        rest = data[start:]
        self.wfile.write(rest[: self.server.breaks.pop(0)] if self.server.breaks else rest)

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers.get("Content-Length", 0)))
        self.server.asked.append(("POST", self.path, None))
        code, answer = self.server.answers.get(self.path, (404, {}))
        self.send_response(code)
        if code == 302:
            self.send_header("Location", f"{self.server.address}{answer}")
            self.send_header("Content-Length", "0")
            self.end_headers()
            return
        body = json.dumps(answer).encode()
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


@contextmanager
def serving() -> Iterator[FileServer]:
    """Serve while the block runs."""
    with FileServer() as server:
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        try:
            yield server
        finally:
            server.shutdown()
            thread.join()
