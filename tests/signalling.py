"""A runtime's HTTP interface with parts of the WebRTC signalling changed on the way."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import httpx

from tests.client.http_server import Answer, Request, Server

Change = Callable[[str], str]


def unchanged(sdp: str) -> str:
    return sdp


@dataclass
class Changes:
    """What is done to each connection's signalling; may be replaced between connections.

    Attributes:
        offer: Changes the client's offer.
        answer: Changes the server's answer.
        ice_servers: What the client is told to use instead of the runtime's own, in the
            service's words; ``None`` leaves that alone.
        offers: The offers that came, as the client made them.
    """

    offer: Change = unchanged
    answer: Change = unchanged
    ice_servers: list[dict[str, Any]] | None = None
    offers: list[str] = field(default_factory=list)


def in_front_of(url: str, changes: Changes) -> Server:
    """Start a server that passes everything on to the one at ``url``."""
    http = httpx.Client(base_url=url, timeout=30.0, trust_env=False)

    def respond(request: Request) -> Answer:
        resource = request.path.rpartition("/")[2]
        if resource == "ice_servers" and changes.ice_servers is not None:
            return Answer(200, {"ice_servers": changes.ice_servers})
        body = request.body
        if resource == "sdp_params" and body:
            document = json.loads(body)
            changes.offers.append(document["sdp_offer"])
            document["sdp_offer"] = changes.offer(document["sdp_offer"])
            body = json.dumps(document).encode()
        passed = {
            name: value
            for name, value in request.headers.items()
            if name not in ("host", "content-length", "connection", "accept-encoding")
        }
        response = http.request(
            request.method,
            f"{request.path}?{request.query}" if request.query else request.path,
            content=body,
            headers=passed,
        )
        content: Any = response.content
        if resource == "sdp_params" and "sdp_answer" in response.text:
            document = response.json()
            content = document | {"sdp_answer": changes.answer(document["sdp_answer"])}
        kept = {
            name: value
            for name, value in response.headers.items()
            if name in ("content-type", "retry-after")
        }
        return Answer(response.status_code, content, kept)

    return Server(respond)
