"""Commands, their answers and refusals, and uploads."""

from __future__ import annotations

import asyncio
import hashlib
from typing import Any

import httpx

from tests.scenarios.client import ScenarioClient
from tests.scenarios.scenario import CONNECTED, Suite, but, echo, settings
from tests.scenarios.transcript import Message

SUITE = Suite()

FILE = b"Reactor" * 5000
LARGE, TOO_LARGE = "x" * 200_000, "x" * 300_000


def weight(*files: bytes) -> Message:
    """Return the world's answer to ``weigh`` and ``weigh_all``."""
    data = b"".join(files)
    about = {
        "names": ["note.txt"] * len(files),
        "mime_types": ["text/plain"] * len(files),
        "size": float(len(data)),
        "sha256": hashlib.sha256(data).hexdigest(),
    }
    return ("weight", about)


@SUITE.add(calls=["recall: refused (not ready)", CONNECTED, "recall: refused (not ready)"])
async def commands_need_a_ready_session(client: ScenarioClient, _: httpx.AsyncClient) -> None:
    await client.send("recall")
    await client.connect()
    await client.disconnect()
    await client.send("recall")


@SUITE.add(
    calls=[CONNECTED, "set_speed: done", "set_mode: done", "set_title: done", "recall: done"],
    messages=[settings(speed=3, mode="run", title="Straße 5")],
)
async def commands_take_effect_in_order(client: ScenarioClient, _: httpx.AsyncClient) -> None:
    await client.connect()
    await client.send("set_speed", speed=3)
    await client.send("set_mode", mode="run")
    await client.send("set_title", title="Straße 5")
    await client.settled()
    await client.disconnect()


@SUITE.add(
    calls=[CONNECTED, *["echo: done"] * 3, "recall: done"],
    messages=[echo("äß 😀\n", 2**53), echo("", -1.5e-7, True), echo('"\\', 3), settings()],
)
async def values_come_back_as_they_were_sent(client: ScenarioClient, _: httpx.AsyncClient) -> None:
    await client.connect()
    await client.send("echo", text="äß 😀\n", number=2**53)
    await client.send("echo", text="", number=-1.5e-7, flag=True)
    await client.send("echo", text='"\\', number=3)
    await client.settled()
    await client.disconnect()


@SUITE.add(
    calls=[CONNECTED, *["echo: done"] * 3, "returned 0 1 2", "recall: done"],
    messages=[echo("0"), echo("1"), echo("2"), settings()],
    differs={
        "json": but(
            "json-silence",
            calls=[CONNECTED, *["echo: done"] * 3, "returned nothing", "recall: done"],
        )
    },
)
async def a_reply_is_returned_to_its_caller(client: ScenarioClient, _: httpx.AsyncClient) -> None:
    await client.connect()
    replies = await asyncio.gather(*(client.send("echo", text=str(n)) for n in range(3)))
    told = " ".join(reply["data"]["text"] for reply in replies if reply is not None)
    client.remark(f"returned {told or 'nothing'}")
    await client.settled()
    # Calls made at the same time may overtake each other in the SDK.
    client.transcript.messages.sort(key=lambda message: str(message[1].get("text", "~")))
    await client.disconnect()


@SUITE.add(
    calls=[CONNECTED, "announce: done", "recall: done"],
    messages=[("announcement", {"text": "to all"}), settings()],
)
async def a_broadcast_is_heard(client: ScenarioClient, _: httpx.AsyncClient) -> None:
    await client.connect()
    await client.send("announce", text="to all")
    await client.settled()
    await client.disconnect()


WRONG: list[tuple[str, dict[str, Any]]] = [
    ("set_speed", {"speed": 11}),
    ("set_speed", {"speed": 2.5}),
    ("set_speed", {"speed": "fast"}),
    ("set_speed", {"speed": None}),
    ("set_speed", {}),
    ("set_mode", {"mode": "fly"}),
    ("set_title", {"title": ""}),
    ("set_title", {"title": "longer than it may be"}),
    ("recall", {"everything": True}),
    ("weigh", {"file": "note.txt"}),
    ("fly", {}),
]


@SUITE.add(
    calls=[
        CONNECTED,
        *(f"{name}: refused (invalid_command)" for name, _ in WRONG),
        "recall: done",
    ],
    messages=[settings()],
)
async def commands_outside_the_schema_are_refused(
    client: ScenarioClient, _: httpx.AsyncClient
) -> None:
    await client.connect()
    for name, data in WRONG:
        await client.send(name, **data)
    await client.settled()
    await client.disconnect()


@SUITE.add(
    calls=[CONNECTED, "refuse: refused (out_of_luck)", "recall: done"],
    messages=[settings()],
    differs={
        "json": but("json-silence", calls=[CONNECTED, "refuse: done", "recall: done"]),
    },
)
async def the_models_own_refusal_has_its_code(client: ScenarioClient, _: httpx.AsyncClient) -> None:
    await client.connect()
    await client.send("refuse")
    await client.settled()
    await client.disconnect()


@SUITE.add(
    calls=[CONNECTED, "stumble: refused (internal_error)", "recall: done"],
    messages=[settings()],
    differs={
        "json": but("json-silence", calls=[CONNECTED, "stumble: done", "recall: done"]),
    },
)
async def a_fault_of_the_model_is_told(client: ScenarioClient, _: httpx.AsyncClient) -> None:
    await client.connect()
    await client.send("stumble")
    await client.settled()
    await client.disconnect()


@SUITE.add(
    calls=[CONNECTED, "echo: done", "recall: done"],
    messages=[echo(LARGE), settings()],
)
async def a_large_message_arrives_whole(client: ScenarioClient, _: httpx.AsyncClient) -> None:
    await client.connect()
    await client.send("echo", text=LARGE)
    await client.settled()
    await client.disconnect()


@SUITE.add(
    calls=[CONNECTED, "echo: done", "recall: done"],
    messages=[echo(TOO_LARGE), settings()],
    differs={
        "json": but(
            "json-size",
            calls=[CONNECTED, "echo: refused (too large)", "recall: done"],
            messages=[settings()],
        )
    },
)
async def a_message_over_256_kib_arrives_whole(
    client: ScenarioClient, _: httpx.AsyncClient
) -> None:
    await client.connect()
    await client.send("echo", text=TOO_LARGE)
    await client.settled()
    await client.disconnect()


@SUITE.add(
    calls=[CONNECTED, "upload: done", "weigh: done", "weigh_all: done"],
    messages=[weight(FILE), weight(FILE, FILE)],
)
async def an_uploaded_file_reaches_the_model(client: ScenarioClient, _: httpx.AsyncClient) -> None:
    await client.connect()
    file = await client.upload(FILE)
    # The runtime fetches files aside: without a reply to await, the next command overtakes.
    await client.send("weigh", file=file)
    await client.heard("weight")
    await client.send("weigh_all", files=[file, file])
    await client.heard("weight", times=2)
    await client.disconnect()


@SUITE.add(calls=[CONNECTED, "upload: refused (empty)"])
async def an_empty_file_is_refused(client: ScenarioClient, _: httpx.AsyncClient) -> None:
    await client.connect()
    await client.upload(b"")
    await client.disconnect()


@SUITE.add(calls=[CONNECTED, "the schema is the one HTTP serves"])
async def the_schema_is_told_on_request(client: ScenarioClient, http: httpx.AsyncClient) -> None:
    await client.connect()
    same = await client.schema() == (await http.get("/schema")).json()
    client.remark(f"the schema is {'the one HTTP serves' if same else 'another'}")
    await client.disconnect()
