"""Serves a policy by HTTP, for environments that are played on another machine."""

from __future__ import annotations

import contextlib
import json
import logging
import socket
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any, Self

from reactor_env.policies.base import Policy
from reactor_env.policies.served import ForgottenError, RequestError, ServedPolicy
from reactor_env.policies.wire import CONTENT_TYPE, MAX_BYTES, VERSION

PORT = 8400
"""Where a policy is served if nothing else is said."""

PATH = "/predict"

_IDLE_S = 300.0
_log = logging.getLogger(__name__)


class PolicyServer:
    """A policy behind HTTP, for :class:`~reactor_env.policies.RemotePolicy`; a context manager.

    ``POST /predict`` takes and answers messages (:mod:`reactor_env.policies.wire`), ``GET /`` says
    who is served. A connection is kept. There is no authentication and no encryption: whoever
    reaches the port can use the policy. So it listens on this machine alone by default; from
    elsewhere, come through an ssh tunnel (``ssh -L 8400:localhost:8400 gpu-box``).

    Args:
        policy: What is served. Requests wait for each other.
        host: Where to listen.
        port: The port; 0 takes a free one.
        name: What it is called.
        max_bytes: How long a request may be.
        max_episodes: How many episodes' states are kept.

    Raises:
        OSError: If the port is taken.

    Example:
        >>> with PolicyServer(policy, port=0) as server:
        ...     remote = RemotePolicy(server.url)
    """

    def __init__(
        self,
        policy: Policy,
        *,
        host: str = "127.0.0.1",
        port: int = PORT,
        name: str = "policy",
        max_bytes: int = MAX_BYTES,
        max_episodes: int = 1024,
    ) -> None:
        self._served = ServedPolicy(policy, max_episodes)
        self._http = _Server((host, port), _handler(self._served, name, max_bytes))
        self._thread: threading.Thread | None = None

    @property
    def url(self) -> str:
        """Where it is, ``http://host:port``."""
        host, port = self._http.server_address[:2]
        return f"http://{host!s}:{port}"

    @property
    def answered(self) -> int:
        """How many observations were answered."""
        return self._served.answered

    def serve(self) -> None:
        """Serve on this thread until another one closes it, or Ctrl-C."""
        self._http.serve_forever()

    def __enter__(self) -> Self:
        """Serve on a thread of its own."""
        self._thread = threading.Thread(target=self.serve, name="policy-server", daemon=True)
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Stop, and cut the connections."""
        self.close()

    def close(self) -> None:
        """Stop, and cut the connections. Safe to call twice."""
        if self._thread is not None:
            self._http.shutdown()
            self._thread.join()
            self._thread = None
        self._http.server_close()


def serve_policy(policy: Policy, port: int = PORT, host: str = "127.0.0.1") -> None:
    """Serve a policy until Ctrl-C; arguments as of :class:`PolicyServer`."""
    server = PolicyServer(policy, host=host, port=port)
    try:
        server.serve()
    finally:
        server.close()


class _Server(ThreadingHTTPServer):
    """Cuts its connections when it is closed, which clients would otherwise keep."""

    daemon_threads = True

    def __init__(self, address: tuple[str, int], handler: type[BaseHTTPRequestHandler]) -> None:
        self._open: set[Any] = set()
        super().__init__(address, handler)

    def process_request(self, request: Any, client_address: Any) -> None:
        self._open.add(request)
        super().process_request(request, client_address)

    def shutdown_request(self, request: Any) -> None:
        self._open.discard(request)
        super().shutdown_request(request)

    def handle_error(self, request: Any, client_address: Any) -> None:
        _log.debug("a connection of %s was lost", client_address, exc_info=True)

    def server_close(self) -> None:
        super().server_close()
        for request in list(self._open):
            with contextlib.suppress(OSError):
                request.shutdown(socket.SHUT_RDWR)


def _handler(served: ServedPolicy, name: str, max_bytes: int) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        timeout = _IDLE_S
        # Head and body leave in one packet: in two, the second would wait for the first one's
        # acknowledgement, which takes up to 40 ms.
        disable_nagle_algorithm = True
        wbufsize = 1 << 16

        def do_GET(self) -> None:
            if self.path != "/":
                self._refuse(404, f"there is nothing at {self.path}")
                return
            self._json(200, {"protocol": VERSION, "policy": name})

        def do_POST(self) -> None:
            length = self.headers.get("Content-Length", "")
            kind = self.headers.get("Content-Type", "")
            if self.path != PATH:
                self._refuse(404, f"there is nothing at {self.path}; observations go to {PATH}")
            elif kind != CONTENT_TYPE:
                # A page in a browser cannot send this type unasked.
                self._refuse(415, f"a request must be {CONTENT_TYPE}, got {kind or 'no type'}")
            elif not (length.isascii() and length.isdigit()):
                self._refuse(411, "a request must say its length")
            elif int(length) > max_bytes:
                self._refuse(413, f"a request must be {max_bytes} bytes at most, got {length}")
            else:
                message = self.rfile.read(int(length))
                if len(message) < int(length):
                    self.close_connection = True
                    return
                self._predict(message)

        def _predict(self, message: bytes) -> None:
            try:
                answer = served.answer(message)
            except ForgottenError as error:
                self._json(410, {"error": str(error)})
            except RequestError as error:
                self._json(409, {"error": str(error)})
            except ValueError as error:
                self._json(400, {"error": str(error)})
            except Exception as error:
                _log.exception("the policy failed")
                self._json(500, {"error": f"the policy failed: {type(error).__name__}: {error}"})
            else:
                self._send(200, CONTENT_TYPE, answer)

        def _refuse(self, status: int, text: str) -> None:
            self.close_connection = True  # the body was not read
            self._json(status, {"error": text})

        def _json(self, status: int, document: dict[str, Any]) -> None:
            self._send(status, "application/json", json.dumps(document).encode())

        def _send(self, status: int, kind: str, body: bytes) -> None:
            self.send_response(status)
            self.send_header("Content-Type", kind)
            self.send_header("Content-Length", str(len(body)))
            if self.close_connection:
                self.send_header("Connection", "close")
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: Any) -> None:
            _log.debug(format, *args)

    return Handler
