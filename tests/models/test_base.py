from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Any

import pytest

from reactor_env.client import InvalidCommandError
from reactor_env.client.events import EventEmitter
from reactor_env.client.schema import FieldSchema, TrackSchema
from reactor_env.models.base import ReactorModel, command, published
from tests.models.recorder import recorder


class Painter(ReactorModel):
    MODEL_NAME = "reactor/painter"
    SCHEMA = published(
        "painter",
        TrackSchema("main_video", "video", "recvonly"),
        command("paint", FieldSchema("points", "array", required=False)),
    )


@pytest.fixture
def connected(monkeypatch: pytest.MonkeyPatch) -> tuple[Painter, EventEmitter]:
    """A client, and what calls its handlers when a message arrives."""
    client, emitter = Painter(local=True), EventEmitter(("message",))
    monkeypatch.setattr(client, "on", emitter.on)
    monkeypatch.setattr(client, "off", emitter.off)
    return client, emitter


def arrive(emitter: EventEmitter, name: str, data: Any) -> None:
    emitter.emit("message", {"type": name, "data": data})


def test_a_model_knows_its_name() -> None:
    assert "'reactor/painter'" in repr(Painter(local=True))
    assert "'me/brush'" in repr(Painter("me/brush", local=True))


def test_arguments_go_on_to_the_client() -> None:
    client = Painter(api_url="http://127.0.0.1:1234", local=True, generation="stepped")
    assert "http://127.0.0.1:1234" in repr(client)
    with pytest.raises(ValueError, match="`wire`"):
        Painter(local=True, wire="smoke")


async def test_a_model_needs_a_key_as_the_client_does() -> None:
    with pytest.raises(ValueError, match="`api_key`"):
        await Painter().connect()


@pytest.mark.parametrize("points", [(1, 2), [1, 2], range(1, 3)])
async def test_sequences_are_sent_as_lists(points: Sequence[int]) -> None:
    client, calls = recorder(Painter)
    await client.send_validated("paint", {"points": points})
    assert calls == [("paint", {"points": [1, 2]})]


@pytest.mark.parametrize("points", ["12", b"12", 12])
async def test_text_is_no_list(points: Any) -> None:
    client, calls = recorder(Painter)
    with pytest.raises(InvalidCommandError, match="`points` must be a list"):
        await client.send_validated("paint", {"points": points})
    assert calls == []


async def test_what_is_optional_is_left_out_when_it_is_none() -> None:
    client, calls = recorder(Painter)
    await client.send_validated("paint", {}, {"points": None})
    await client.send_validated("paint", optional={"points": [1]})
    assert calls == [("paint", {}), ("paint", {"points": [1]})]


def test_a_handler_gets_the_data_of_its_messages_only(
    connected: tuple[Painter, EventEmitter],
) -> None:
    client, emitter = connected
    got: list[Any] = []
    assert client.on_type("painted", got.append) == got.append
    arrive(emitter, "painted", {"n": 1.0})
    arrive(emitter, "other", {"n": 2.0})
    arrive(emitter, "painted", None)
    assert got == [{"n": 1.0}, {}]


async def test_an_async_handler_is_run(connected: tuple[Painter, EventEmitter]) -> None:
    client, emitter = connected
    future: asyncio.Future[Any] = asyncio.get_running_loop().create_future()

    async def handler(data: Any) -> None:
        future.set_result(data)

    client.on_type("painted", handler)
    arrive(emitter, "painted", {"n": 1.0})
    async with asyncio.timeout(5.0):
        assert await future == {"n": 1.0}


def test_a_handler_can_be_taken_away(connected: tuple[Painter, EventEmitter]) -> None:
    client, emitter = connected
    got: list[Any] = []
    client.on_type("painted", got.append)
    client.on_type("other", got.append)
    client.off_type("painted", got.append)
    client.off_type("painted", got.append)
    arrive(emitter, "painted", {"n": 1.0})
    arrive(emitter, "other", {"n": 2.0})
    assert got == [{"n": 2.0}]
