"""A real HTTP server on this machine, made of one function."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

Respond = Callable[[str, str, Any], tuple[int, Any]]
Serve = Callable[[Respond], str]


def _handler(respond: Respond) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def answer(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            status, document = respond(
                self.command, self.path, json.loads(body) if body else dict(self.headers)
            )
            text = document if isinstance(document, str) else json.dumps(document)
            self.send_response(status)
            self.send_header("Content-Length", str(len(text.encode())))
            self.end_headers()
            self.wfile.write(text.encode())

        do_GET = do_POST = answer  # noqa: N815 - the names http.server looks for

        def log_message(self, format: str, *args: Any) -> None:
            del format, args

    return Handler


@pytest.fixture
def serve() -> Iterator[Serve]:
    """Start servers that answer each request with ``respond(method, path, body)``.

    The body of a request without one is its headers; an answer is a status and a JSON document,
    or text.
    """
    servers: list[ThreadingHTTPServer] = []

    def start(respond: Respond) -> str:
        server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(respond))
        server.daemon_threads = True
        servers.append(server)
        # Not the default half second: shutdown() waits for the poll it is in.
        threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
        return f"http://127.0.0.1:{server.server_address[1]}"

    yield start
    for server in servers:
        server.shutdown()
        server.server_close()


@pytest.fixture
def nobody() -> str:
    """An address on this machine where nobody listens."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), BaseHTTPRequestHandler)
    server.server_close()
    return f"http://127.0.0.1:{server.server_address[1]}"
