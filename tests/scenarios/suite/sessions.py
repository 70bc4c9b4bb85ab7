"""Opening, leaving and losing sessions."""

from __future__ import annotations

import httpx

from tests.scenarios.client import ScenarioClient
from tests.scenarios.runtime import is_free
from tests.scenarios.scenario import CONNECTED, SESSION, Suite, but, by_chance, settings

SUITE = Suite()


@SUITE.add()
async def a_session_is_opened_and_ended(client: ScenarioClient, _: httpx.AsyncClient) -> None:
    await client.connect()
    await client.disconnect()


@SUITE.add(differs={"sdk": by_chance("sdk-first-message")})
async def what_the_model_says_first_is_heard(client: ScenarioClient, _: httpx.AsyncClient) -> None:
    await client.connect()
    await client.until(lambda: client.greetings == 1, "the greeting")
    await client.disconnect()


@SUITE.add(calls=[CONNECTED, "connect: refused (connected already)"])
async def connecting_twice_is_refused(client: ScenarioClient, _: httpx.AsyncClient) -> None:
    await client.connect()
    await client.connect()
    await client.disconnect()


@SUITE.add(
    statuses=[*SESSION, "connecting", "ready", "disconnected"],
    calls=[CONNECTED, "set_speed: done", "return: done", "recall: done"],
    messages=[settings(speed=7)],
    differs={"sdk": but("sdk-waiting", statuses=SESSION + SESSION)},
)
async def a_session_outlives_its_connection(client: ScenarioClient, _: httpx.AsyncClient) -> None:
    await client.connect()
    await client.send("set_speed", speed=7)
    await client.leave_and_return()
    await client.settled()
    await client.disconnect()


@SUITE.add(calls=[CONNECTED, "come back: refused (no session)"])
async def an_ended_session_is_gone(client: ScenarioClient, _: httpx.AsyncClient) -> None:
    await client.connect()
    await client.disconnect()
    await client.come_back()


@SUITE.add(
    statuses=[*SESSION, "connecting", "disconnected"],
    calls=[CONNECTED, "come back: refused (session gone)"],
    errors=["GPU_CONNECTION_ERROR", "RECONNECTION_FAILED"],
    platform=["sessionEnded"],
    differs={
        "sdk": but(
            "sdk-session-end",
            "sdk-waiting",
            "error-codes",
            statuses=[*SESSION, "connecting", "waiting", "disconnected"],
            errors=["BAD_REQUEST"],
            platform=[],
        )
    },
)
async def the_platform_ends_the_session(client: ScenarioClient, http: httpx.AsyncClient) -> None:
    await client.connect()
    (await http.post("/stop_session", json={"reason": "over"})).raise_for_status()
    await is_free(http)
    if client.name != "sdk":
        await client.announced("disconnected")
    await client.come_back()
    await client.announced("disconnected", times=2)


@SUITE.add(
    statuses=["connecting", "disconnected"],
    calls=["connect: refused (no such session)"],
    errors=["CONNECTION_FAILED"],
    differs={
        "sdk": but(
            "sdk-waiting",
            "error-codes",
            statuses=["connecting", "waiting", "disconnected"],
            errors=["INVALID_STATE"],
        )
    },
)
async def a_session_that_does_not_exist_cannot_be_joined(
    client: ScenarioClient, _: httpx.AsyncClient
) -> None:
    await client.connect("11111111-2222-3333-4444-555555555555")
    await client.announced("disconnected")
