"""A real HTTP server on this machine, made of one function; it can also break off."""

from __future__ import annotations

import json
import socket
import struct
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


@dataclass(frozen=True)
class Request:
    """What came; the names of headers in lower case."""

    method: str
    path: str
    query: str
    headers: Mapping[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)

    @property
    def line(self) -> str:
        return f"{self.method} {self.path}"


@dataclass(frozen=True)
class Answer:
    """What goes back.

    Attributes:
        status: The status.
        document: A JSON document; text and bytes as they are.
        headers: More headers.
        sent: How much of the body is sent before the connection is closed; ``None`` for all.
        reset: Whether the connection is reset instead, before any of it.
    """

    status: int = 200
    document: Any = None
    headers: Mapping[str, str] = field(default_factory=dict)
    sent: int | None = None
    reset: bool = False

    @property
    def body(self) -> bytes:
        if isinstance(self.document, bytes):
            return self.document
        text = self.document if isinstance(self.document, str) else json.dumps(self.document)
        return text.encode()


RESET = Answer(reset=True)

Respond = Callable[[Request], Answer]


class Server:
    """Answers each request with what a function returns, on a thread of its own.

    Attributes:
        url: Its address.
        requests: What was asked, in order.
    """

    def __init__(self, respond: Respond) -> None:
        self.requests: list[Request] = []
        self._http = ThreadingHTTPServer(("127.0.0.1", 0), _handler(respond, self.requests))
        self._http.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._http.server_address[1]}"
        # Not the default half second: shutdown() waits for the poll it is in.
        self._thread = threading.Thread(target=self._http.serve_forever, args=(0.005,), daemon=True)
        self._thread.start()

    @property
    def lines(self) -> list[str]:
        """Method and path of every request."""
        return [request.line for request in self.requests]

    def close(self) -> None:
        self._http.shutdown()
        self._http.server_close()
        self._thread.join()


def _handler(respond: Respond, requests: list[Request]) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def answer(self) -> None:
            path, _, query = self.path.partition("?")
            headers = {name.lower(): value for name, value in self.headers.items()}
            body = self.rfile.read(int(headers.get("content-length", 0)))
            request = Request(self.command, path, query, headers, body)
            requests.append(request)
            answer = respond(request)
            if answer.reset:
                self.break_off()
                return
            self.send_response(answer.status)
            for name, value in answer.headers.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(answer.body)))
            try:
                self.end_headers()
                self.wfile.write(answer.body[: answer.sent])
            except ConnectionError:
                self.break_off()  # the client did not wait
            self.close_connection = self.close_connection or answer.sent is not None

        do_GET = do_POST = do_PUT = do_DELETE = answer  # noqa: N815 - as http.server wants them

        def break_off(self) -> None:
            linger = struct.pack("ii", 1, 0)  # closing sends RST
            self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
            self.rfile.close()
            self.connection.close()
            self.close_connection = True

        def finish(self) -> None:
            if self.connection.fileno() >= 0:
                super().finish()

        def log_message(self, format: str, *args: Any) -> None:
            del format, args

    return Handler


def answers(*scripted: Answer) -> Respond:
    """Answer with one after the other, the last one for ever."""
    left = list(scripted)

    def respond(_request: Request) -> Answer:
        return left.pop(0) if len(left) > 1 else left[0]

    return respond


def routes(*found: tuple[str, Answer | Respond]) -> Respond:
    """Answer by ``"METHOD /path"``, the first that the request's line begins with; else 404."""

    def respond(request: Request) -> Answer:
        for line, answer in found:
            if request.line.startswith(line):
                return answer if isinstance(answer, Answer) else answer(request)
        return Answer(404, {"detail": f"no route {request.line}"})

    return respond
