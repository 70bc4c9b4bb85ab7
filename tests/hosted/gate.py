"""What every request passes before the routes: the log, and the faults."""

from __future__ import annotations

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from tests.hosted.answers import Answer
from tests.hosted.faults import ConnectionGoneError, Faults
from tests.hosted.request_log import LoggedRequest
from tests.hosted.state import Clock, Watch
from tests.hosted.wire import Transports, wire_of


class Gate:
    """An ASGI application around another one.

    Args:
        app: The routes.
        faults: Rules that change what happens to a request.
        transports: The open connections.
        watch: Guards the log.
        clock: The service's clock.
    """

    def __init__(
        self, app: ASGIApp, faults: Faults, transports: Transports, watch: Watch, clock: Clock
    ) -> None:
        self._app = app
        self._faults = faults
        self._transports = transports
        self._watch = watch
        self._clock = clock
        self.log: list[LoggedRequest] = []

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one request."""
        body = await _read(receive)
        if body is None:
            return
        request = LoggedRequest(
            method=scope["method"],
            path=scope["path"],
            query=scope["query_string"].decode("latin-1"),
            headers=Headers(raw=scope["headers"]),
            body=body,
            at=self._clock.now(),
        )
        wire = wire_of(self._transports, scope)
        with self._watch:
            self.log.append(request)

        async def handle() -> Answer:
            return await _run(self._app, scope, body)

        try:
            answer = await (self._faults.wrap(request, handle, wire) or handle)()
        except ConnectionGoneError:
            await _disconnected(receive)
            return
        with self._watch:
            request.status = answer.status
        await _send(answer, send)


async def _read(receive: Receive) -> bytes | None:
    """Return the body; ``None`` when the client left before it was complete."""
    body = bytearray()
    while True:
        message = await receive()
        if message["type"] != "http.request":
            return None
        body += message.get("body", b"")
        if not message.get("more_body"):
            return bytes(body)


async def _run(app: ASGIApp, scope: Scope, body: bytes) -> Answer:
    """Return what ``app`` answers; it never learns that a client left."""
    status = 500
    headers: list[tuple[bytes, bytes]] = []
    content = bytearray()

    async def receive() -> Message:
        return {"type": "http.request", "body": body, "more_body": False}

    async def send(message: Message) -> None:
        nonlocal status
        if message["type"] == "http.response.start":
            status = message["status"]
            headers.extend(message.get("headers", ()))
        else:
            content.extend(message.get("body", b""))

    await app(scope, receive, send)
    kept = {name.decode(): value.decode() for name, value in headers}
    kept.pop("content-length", None)
    return Answer(status, bytes(content), kept)


async def _send(answer: Answer, send: Send) -> None:
    headers = [(name.lower().encode(), value.encode()) for name, value in answer.headers.items()]
    if answer.status != 204:
        headers.append((b"content-length", str(len(answer.body)).encode()))
    await send({"type": "http.response.start", "status": answer.status, "headers": headers})
    await send({"type": "http.response.body", "body": answer.body})


async def _disconnected(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass
