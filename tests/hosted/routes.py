"""What the routes have in common: reading a request, checking versions, sending an answer."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from tests.hosted.answers import Answer, Refused, error
from tests.hosted.state import Settings

Handler = Callable[[Request], Awaitable[Answer]]
Endpoint = Callable[[Request], Awaitable[Response]]

API_VERSION_HEADERS = ("Reactor-API-Version", "Reactor-API-Accept-Version")
WEBRTC_VERSION_HEADER = "Reactor-WebRTC-Version"


def endpoint(handler: Handler) -> Endpoint:
    """Make a Starlette endpoint of a handler, which may raise :class:`Refused`."""

    async def respond(request: Request) -> Response:
        try:
            answer = await handler(request)
        except Refused as refused:
            answer = refused.answer
        return Response(answer.body, answer.status, dict(answer.headers))

    return respond


def checked(settings: Settings, handler: Handler, *, signalling: bool = False) -> Handler:
    """Refuse clients of another version before ``handler`` sees them (``platform.md`` B3).

    Args:
        settings: Which versions are implemented.
        handler: The handler.
        signalling: Whether the WebRTC version counts too.
    """

    async def check(request: Request) -> Answer:
        for name in API_VERSION_HEADERS:
            stated = request.headers.get(name)
            # Signalling needs no API version: older clients send the WebRTC one alone.
            if stated is not None or not signalling:
                _check_version(name, stated, tuple(map(str, settings.api_versions)), settings)
        if signalling:
            stated = request.headers.get(WEBRTC_VERSION_HEADER)
            _check_version(WEBRTC_VERSION_HEADER, stated, settings.webrtc_versions, settings)
        return await handler(request)

    return check


def _check_version(
    name: str, stated: str | None, served: tuple[str, ...], settings: Settings
) -> None:
    """Compare a stated version with the oldest and the newest one served.

    Raises:
        Refused: 426 for an older one, 501 for a newer one, 400 for what is no version.
    """
    if stated is None:
        if settings.require_versions:
            raise Refused(error(426, "client_version_too_old", f"{name} is required"))
        return
    oldest, newest = (_version(text) for text in served)
    try:
        version = _version(stated)
    except ValueError as failure:
        raise Refused(error(400, "invalid_request", f"{name}: not a version")) from failure
    if version < oldest:
        raise Refused(error(426, "client_version_too_old", f"{name} {stated} is too old"))
    if version > newest:
        raise Refused(error(501, "server_version_too_old", f"{name} {stated} is not implemented"))


def _version(text: str) -> tuple[int, ...]:
    return tuple(int(part) for part in text.split("."))


async def json_object(request: Request) -> dict[str, Any]:
    """Return the body of a request, a JSON object; ``{}`` when it is empty.

    Raises:
        Refused: 400 for anything else.
    """
    body = await request.body()
    try:
        content = json.loads(body) if body.strip() else {}
    except ValueError as failure:
        raise Refused(error(400, "invalid_request", "the body must be JSON")) from failure
    if not isinstance(content, dict):
        raise Refused(error(400, "invalid_request", "the body must be an object"))
    return content
