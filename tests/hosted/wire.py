"""The service's HTTP server in a thread of its own, and the TCP connection under each request."""

from __future__ import annotations

import asyncio
import contextlib
import http
import socket
import struct
import threading
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager

import uvicorn
from starlette.types import ASGIApp, Receive, Scope, Send
from uvicorn.protocols.http.h11_impl import H11Protocol

from tests.hosted.answers import Answer

START_S = 10.0
STOP_S = 1.0
"""How long requests in progress may take when the service stops."""

_RESET_ON_CLOSE = struct.pack("ii", 1, 0)  # SO_LINGER: on, 0 s

Transports = dict[tuple[int, int], asyncio.Transport]
"""Open connections, by the client's port and the server's."""


class Wire:
    """The TCP connection that a request came on, to be treated badly.

    Args:
        transport: The connection.
    """

    def __init__(self, transport: asyncio.Transport) -> None:
        self._transport = transport

    def write(self, answer: Answer, fraction: float) -> None:
        """Send the head of ``answer``, which promises all of its body, and part of the body."""
        phrase = http.HTTPStatus(answer.status).phrase
        head = [f"HTTP/1.1 {answer.status} {phrase}", f"content-length: {len(answer.body)}"]
        head += [f"{name}: {value}" for name, value in answer.headers.items()]
        kept = answer.body[: int(len(answer.body) * fraction)]
        self._transport.write("\r\n".join([*head, "", ""]).encode() + kept)

    def finish(self) -> None:
        """Send what is left and close the connection properly."""
        self._transport.close()

    def reset(self) -> None:
        """Break the connection: the peer gets a TCP reset."""
        raw: socket.socket = self._transport.get_extra_info("socket")
        raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET_ON_CLOSE)
        self._transport.abort()


def protocol(transports: Transports) -> type[asyncio.Protocol]:
    """Return uvicorn's HTTP protocol, noting its connections in ``transports``."""

    class NotingProtocol(H11Protocol):
        def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
            super().connection_made(transport)
            transports[_ports(self.client, self.server)] = transport

        def connection_lost(self, exc: Exception | None) -> None:
            super().connection_lost(exc)
            transports.pop(_ports(self.client, self.server), None)

    return NotingProtocol


def wire_of(transports: Transports, scope: Scope) -> Wire:
    """Return the connection that a request came on."""
    return Wire(transports[_ports(scope["client"], scope["server"])])


def _ports(
    client: tuple[str, int] | None, server: tuple[str, int | None] | None
) -> tuple[int, int]:
    assert client is not None
    assert server is not None
    assert server[1] is not None
    return client[1], server[1]


def listen() -> socket.socket:
    """Return a socket that listens on a free port of 127.0.0.1."""
    # asyncio turns off Nagle's algorithm, which costs 40 ms an answer, for the explicit TCP alone.
    listening = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    listening.bind(("127.0.0.1", 0))
    listening.listen()
    return listening


def origin(listening: socket.socket) -> str:
    """Return the URL of what listens on a socket."""
    return f"http://127.0.0.1:{port(listening)}"


def port(listening: socket.socket) -> int:
    """Return the port of a socket that listens."""
    number: int = listening.getsockname()[1]
    return number


def by_port(apps: Mapping[int, ASGIApp]) -> ASGIApp:
    """Return an application that serves another one on each port."""

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        await apps[scope["server"][1]](scope, receive, send)

    return app


class _Server(uvicorn.Server):
    """uvicorn, but without the ticks and the pauses of a tenth of a second when it stops."""

    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self.stopping = asyncio.Event()

    async def main_loop(self) -> None:
        await self.stopping.wait()

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        del sockets  # closed by their owner
        for server in self.servers:
            server.close()
        if self.server_state.tasks:
            await asyncio.wait(set(self.server_state.tasks), timeout=STOP_S)


class ServerThread:
    """Serves an ASGI application in a thread with a loop of its own.

    Args:
        app: What to serve.
        sockets: Where it listens; closed by :meth:`stop`.
        transports: Filled with the open connections.
        running: Entered on the loop before the first request and left after the last one.
    """

    def __init__(
        self,
        app: ASGIApp,
        sockets: Sequence[socket.socket],
        transports: Transports,
        running: Callable[[], AbstractAsyncContextManager[None]],
    ) -> None:
        self._app = app
        self._transports = transports
        self._running = running
        self._started = threading.Event()
        self._failure: BaseException | None = None
        self._sockets = list(sockets)
        self._thread = threading.Thread(target=self._main, name="hosted-service", daemon=True)
        self.loop: asyncio.AbstractEventLoop | None = None
        self._server: _Server | None = None

    def start(self) -> None:
        """Start the thread and wait until it serves.

        Raises:
            RuntimeError: If it does not.
        """
        self._thread.start()
        if not self._started.wait(START_S) or self._failure is not None:
            raise RuntimeError("the hosted service did not start") from self._failure

    def stop(self) -> None:
        """Stop serving; connections that are still open are dropped.

        Raises:
            RuntimeError: If the thread does not end.
        """
        if self._thread.is_alive() and self.loop is not None and self._server is not None:
            self.loop.call_soon_threadsafe(self._server.stopping.set)
            self._thread.join(START_S)
        for listening in self._sockets:
            listening.close()
        if self._thread.is_alive():
            raise RuntimeError(f"the hosted service did not stop within {START_S:g} s")

    def _main(self) -> None:
        try:
            asyncio.run(self._serve())
        except BaseException as failure:
            self._failure = failure
            self._started.set()
            raise

    async def _serve(self) -> None:
        self.loop = asyncio.get_running_loop()
        config = uvicorn.Config(
            self._app,
            http=protocol(self._transports),
            ws="none",
            lifespan="off",
            log_config=None,
            access_log=False,
            proxy_headers=False,
            date_header=False,
            server_header=False,
        )
        self._server = _Server(config)
        async with self._running():
            serving = asyncio.create_task(self._server.serve(sockets=self._sockets))
            # Whoever connects before uvicorn accepts waits in the socket's backlog.
            self._started.set()
            await serving
            for transport in list(self._transports.values()):
                with contextlib.suppress(OSError):
                    transport.abort()
