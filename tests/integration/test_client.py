"""The client against a real runtime."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import httpx
import numpy as np
import pytest
from numpy.typing import NDArray

from reactor_env.client import (
    Command,
    CommandRefusedError,
    NotReadyError,
    Reactor,
    ReactorStatus,
    StepFailedError,
)
from reactor_env.runtime import LocalRuntime

TIMEOUT_S = 10.0


def local(runtime: LocalRuntime, **kwargs: Any) -> Reactor:
    return Reactor("catch", local=True, api_url=runtime.url, **kwargs)


def set_once(future: asyncio.Future[Any], value: Any) -> None:
    if not future.done():
        future.set_result(value)


async def first(register: Callable[[Callable[[Any], None]], Any]) -> Any:
    """Return the first value a handler is called with."""
    loop = asyncio.get_running_loop()
    future: asyncio.Future[Any] = loop.create_future()

    def take(value: Any) -> None:
        loop.call_soon_threadsafe(set_once, future, value)

    register(take)
    async with asyncio.timeout(TIMEOUT_S):
        return await future


async def test_statuses_come_in_the_documented_order(catch_runtime: LocalRuntime) -> None:
    statuses: list[ReactorStatus] = []
    async with local(catch_runtime) as reactor:
        reactor.on("status_changed", statuses.append)
        await reactor.connect()
        assert reactor.get_status() is ReactorStatus.READY
        assert reactor.get_session_id()
    assert statuses == [
        ReactorStatus.CONNECTING,
        ReactorStatus.WAITING,
        ReactorStatus.READY,
        ReactorStatus.DISCONNECTED,
    ]
    assert reactor.get_session_id() is None


async def test_connecting_twice_is_refused(catch_runtime: LocalRuntime) -> None:
    async with local(catch_runtime) as reactor:
        await reactor.connect()
        with pytest.raises(RuntimeError, match="needs a disconnected client"):
            await reactor.connect()


async def test_a_command_returns_the_models_reply(catch_runtime: LocalRuntime) -> None:
    async with local(catch_runtime) as reactor:
        await reactor.connect()
        reply = await reactor.send_command("reset", {"seed": 1})
        assert reply is not None
        assert reply["type"] == "episode_started"
        assert reply["data"]["width"] == 64
        assert await reactor.send_command("act", {"action": 1}) is None


async def test_a_refused_command_raises_with_the_runtimes_code(
    catch_runtime: LocalRuntime,
) -> None:
    async with local(catch_runtime) as reactor:
        await reactor.connect()
        with pytest.raises(CommandRefusedError, match="invalid_command") as refused:
            await reactor.send_command("act", {"action": 9})
        assert refused.value.command == "act"
        with pytest.raises(CommandRefusedError, match="unknown command"):
            await reactor.send_command("fly", {})


@pytest.mark.parametrize("wire", ["protobuf", "json"])
async def test_frames_arrive_as_rgb_arrays_and_the_schema_on_request(
    catch_runtime: LocalRuntime, wire: Any
) -> None:
    async with local(catch_runtime, wire=wire) as reactor:
        arrived = asyncio.ensure_future(first(reactor.set_frame_callback))
        await reactor.connect()
        await reactor.send_command("reset", {"seed": 1})
        frame: NDArray[np.uint8] = await arrived
        assert frame.dtype == np.uint8
        assert frame.ndim == 3
        schema = await reactor.request_schema()
        assert "/events/act" in schema["paths"]


async def test_with_json_messages_come_back_as_events(catch_runtime: LocalRuntime) -> None:
    async with local(catch_runtime, wire="json") as reactor:
        await reactor.connect()
        arrived = asyncio.ensure_future(first(reactor.on_message))
        await asyncio.sleep(0)
        assert await reactor.send_command("reset", {"seed": 1}) is None
        message = await arrived
        assert message["type"] == "episode_started"


async def test_frames_carry_the_models_metadata(catch_runtime: LocalRuntime) -> None:
    async with local(catch_runtime) as reactor:
        seen: asyncio.Queue[dict[str, Any]] = asyncio.Queue()
        reactor.add_frame_sink(lambda _track, frame: seen.put_nowait(frame.metadata))
        await reactor.connect()
        await reactor.send_command("reset", {"seed": 1})
        await reactor.send_command("act", {"action": 1, "action_seq": 41})
        async with asyncio.timeout(TIMEOUT_S):
            while (await seen.get()).get("action_seq") != 41:
                pass


async def test_steps_are_exact_and_refusals_name_the_reason(catch_runtime: LocalRuntime) -> None:
    async with local(catch_runtime, generation="stepped") as reactor:
        await reactor.connect()
        with pytest.raises(StepFailedError, match="send reset first"):
            await reactor.step()
        reply = await reactor.step([Command("reset", {"seed": 1})])
        assert reply.step == 1
        assert reply.tracks["main_video"][0].array.shape == (64, 64, 3)
        with pytest.raises(StepFailedError, match=r"at commands\[1\]|invalid_command|le\(2\)"):
            await reactor.step([Command("act", {"action": 1}), Command("act", {"action": 7})])


async def test_a_streamed_client_cannot_step(catch_runtime: LocalRuntime) -> None:
    async with local(catch_runtime) as reactor:
        await reactor.connect()
        with pytest.raises(NotReadyError, match="stepped"):
            await reactor.step()


async def test_a_session_left_recoverably_is_joined_again(catch_runtime: LocalRuntime) -> None:
    async with local(catch_runtime) as reactor:
        await reactor.connect()
        await reactor.send_command("reset", {"seed": 1})
        await reactor.disconnect(recoverable=True)
        with pytest.raises(NotReadyError, match="disconnected"):
            await reactor.send_command("reset", {"seed": 1})
        await reactor.reconnect()
        reply = await reactor.send_command("reset", {"seed": 2})
        assert reply is not None
        assert reply["data"]["episode"] == 2


async def free_again(http: httpx.AsyncClient) -> None:
    """Wait until the runtime takes a session again; its event stream ends with the transition."""
    async with asyncio.timeout(TIMEOUT_S), http.stream("GET", "/events?since=0") as events:
        async for _ in events.aiter_lines():
            if (await http.get("/session")).json()["state"] == "ready":
                return


async def test_a_connect_cancelled_at_any_time_leaves_no_session(
    catch_runtime: LocalRuntime,
) -> None:
    async with httpx.AsyncClient(base_url=catch_runtime.url) as http:
        for delay_ms in (0, 5, 20, 40, 60, 80, 100, 120):
            reactor = local(catch_runtime)
            task = asyncio.ensure_future(reactor.connect())
            done, _ = await asyncio.wait({task}, timeout=delay_ms / 1e3)
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)
            if done:
                await reactor.disconnect()
            assert reactor.get_status() is ReactorStatus.DISCONNECTED
            await free_again(http)


async def test_a_pinned_track_can_be_paused_and_resumed(catch_runtime: LocalRuntime) -> None:
    async with local(catch_runtime) as reactor:
        await reactor.connect()
        await reactor.pause_track("main_video")
        await reactor.resume_track("main_video")
        with pytest.raises(ValueError, match="one of \\['main_video'\\], got 'sound'"):
            await reactor.pause_track("sound")


async def test_a_slow_frame_callback_delays_no_command(catch_runtime: LocalRuntime) -> None:
    release = asyncio.Event()
    loop = asyncio.get_running_loop()
    called = asyncio.Event()

    async def stuck(_frame: NDArray[np.uint8]) -> None:
        called.set()
        await release.wait()

    async with local(catch_runtime) as reactor:
        reactor.set_frame_callback(stuck)
        await reactor.connect()
        await reactor.send_command("reset", {"seed": 1})
        async with asyncio.timeout(TIMEOUT_S):
            await called.wait()
            assert await reactor.send_command("reset", {"seed": 2}) is not None
        loop.call_soon(release.set)
