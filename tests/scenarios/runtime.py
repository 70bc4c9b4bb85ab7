"""The runtime all scenarios share."""

from __future__ import annotations

import asyncio
from pathlib import Path

import httpx

WORLD = Path(__file__).parent / "world"

_TIMEOUT_S = 10.0


async def is_free(http: httpx.AsyncClient) -> None:
    """Wait until a runtime takes a session again; its event stream ends with the transition."""
    async with asyncio.timeout(_TIMEOUT_S), http.stream("GET", "/events?since=0") as events:
        async for _ in events.aiter_lines():
            if (await http.get("/session")).json()["state"] == "ready":
                return
