"""Two clients in one session, whichever opened it."""

from __future__ import annotations

import asyncio
from itertools import product

import pytest

from tests.scenarios.client import OUTPUTS, ClientName, ScenarioClient
from tests.scenarios.conftest import CLIENTS, MakeClient
from tests.scenarios.scenario import CONNECTED, SESSION, settings
from tests.scenarios.table import FAILED, TABLE
from tests.scenarios.transcript import Transcript

PUBLISH_REFUSED = {
    "json": "TRACK_PUBLISH_FAILED",
    "protobuf": "TRACK_PUBLISH_FAILED",
    "sdk": "publish_refused",
}
TOGETHER = [
    ("announcement", {"text": "from the one that opened it"}),
    ("announcement", {"text": "from the one that joined"}),
    ("sighting", {"colour": "red"}),
]
SEEN = {track: ["5", "5 red"] for track in OUTPUTS}


@pytest.mark.parametrize(("opens", "joins"), list(product(CLIENTS, repeat=2)))
async def test_a_session_opened_by_one_is_joined_by_another(
    make_client: MakeClient, opens: ClientName, joins: ClientName
) -> None:
    row = f"a session that {opens} opened is joined"
    TABLE.put(row, joins, FAILED)
    a, b = make_client(opens), make_client(joins)
    await a.connect()
    await b.connect(a.session_id)
    # Before the runtime has heard the SDK, the SDK does not hear the runtime (sdk-first-message).
    await b.settled()

    await a.send("announce", text="from the one that opened it")
    await asyncio.gather(a.heard("announcement"), b.heard("announcement"))
    await b.send("announce", text="from the one that joined")
    await asyncio.gather(a.heard("announcement", times=2), b.heard("announcement", times=2))
    await a.send("show", number=5)
    await see(a, b, "5")
    await a.publish("camera", "red")
    await asyncio.gather(a.heard("sighting"), b.heard("sighting"))
    await see(a, b, "5 red")
    await b.publish("camera", "blue")

    await b.disconnect()
    await a.settled()
    await a.disconnect()

    assert a.transcript == Transcript(
        statuses=SESSION,
        calls=[CONNECTED, "announce: done", "show: done", "publish camera: done", "recall: done"],
        messages=[*TOGETHER, settings()],
        shown=SEEN,
    )
    assert b.transcript == Transcript(
        statuses=SESSION,
        calls=[CONNECTED, "recall: done", "announce: done", "publish camera: refused (taken)"],
        messages=[settings(), *TOGETHER],
        shown=SEEN,
        errors=[PUBLISH_REFUSED[joins]],
    )
    TABLE.put(row, joins, "error-codes" if joins == "sdk" else "ok")


@pytest.mark.parametrize("name", CLIENTS)
async def test_a_busy_runtime_is_waited_for(make_client: MakeClient, name: ClientName) -> None:
    row = "a busy runtime is waited for"
    TABLE.put(row, name, FAILED)
    holder, client = make_client("protobuf"), make_client(name)
    await holder.connect()
    connecting = asyncio.ensure_future(client.connect())
    await client.announced("connecting")
    if name == "sdk":
        await connecting
        await client.announced("disconnected")
        expected = Transcript(
            ["connecting", "disconnected"],
            ["connect: refused (session in use)"],
            errors=["CONFLICT"],
        )
    else:
        await holder.disconnect()
        await connecting
        await client.disconnect()
        expected = Transcript(SESSION, [CONNECTED])
    assert client.transcript == expected
    TABLE.put(row, name, "busy-runtime" if name == "sdk" else "ok")


async def see(a: ScenarioClient, b: ScenarioClient, shows: str) -> None:
    for track in OUTPUTS:
        await asyncio.gather(a.frame(track, shows), b.frame(track, shows))
