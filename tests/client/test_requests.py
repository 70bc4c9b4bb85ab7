from __future__ import annotations

import asyncio
from typing import Any

import pytest

from reactor_env.client.errors import ReactorTimeoutError, SessionLostError
from reactor_env.client.requests import Requests

TIMEOUT_S = 10.0


def ask(requests: Requests, key: str, timeout_s: float = TIMEOUT_S) -> asyncio.Task[Any]:
    """Register a call and wait for its answer in a task."""
    return asyncio.ensure_future(
        requests.wait(key, requests.expect(key), timeout_s, f"the answer to {key}")
    )


async def test_an_answer_goes_to_the_call_whose_id_it_names() -> None:
    requests = Requests()
    first, second = ask(requests, "data_1"), ask(requests, "data_2")
    assert requests.answer("data_2", "b")
    assert requests.answer("data_1", "a")
    assert [await first, await second] == ["a", "b"]
    assert len(requests) == 0


async def test_answers_without_an_id_go_to_the_calls_of_their_kind_in_order() -> None:
    requests = Requests()
    first, second = ask(requests, "clip"), ask(requests, "clip")
    assert requests.answer("clip", "a")
    assert requests.answer("clip", "b")
    assert not requests.answer("clip", "c")
    assert [await first, await second] == ["a", "b"]


async def test_an_answer_nobody_waits_for_is_said_to_be_one() -> None:
    requests = Requests()
    assert not requests.answer("data_1", "a")
    waiting = ask(requests, "data_1")
    assert requests.answer("data_1", "a")
    assert not requests.answer("data_1", "again")
    assert await waiting == "a"


async def test_an_answer_that_does_not_come_is_named() -> None:
    requests = Requests()
    with pytest.raises(
        ReactorTimeoutError, match=r"^the answer to data_1 did not come within 0\.01 s$"
    ):
        await ask(requests, "data_1", 0.01)
    assert len(requests) == 0


async def test_a_call_that_is_cancelled_leaves_nothing_behind() -> None:
    requests = Requests()
    waiting, other = ask(requests, "clip"), ask(requests, "clip")
    await asyncio.sleep(0)
    waiting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await waiting
    assert requests.answer("clip", "for the other")
    assert await other == "for the other"
    assert len(requests) == 0


async def test_losing_the_connection_fails_whatever_waits() -> None:
    requests = Requests()
    waiting = [ask(requests, key) for key in ("data_1", "clip", "clip")]
    answered = ask(requests, "data_2")
    requests.answer("data_2", "in time")
    requests.fail_all(SessionLostError("gone"))
    for task in waiting:
        with pytest.raises(SessionLostError, match="gone"):
            await task
    assert await answered == "in time"
    assert len(requests) == 0


async def test_a_call_may_be_forgotten_twice() -> None:
    requests = Requests()
    future = requests.expect("data_1")
    requests.drop("data_1", future)
    requests.drop("data_1", future)
    assert len(requests) == 0


def test_no_id_is_given_twice() -> None:
    requests = Requests()
    ids = [requests.new_id(prefix) for prefix in ("ctrl", "data", "ctrl", "data")]
    assert len(set(ids)) == 4
    assert ids[0].startswith("ctrl_")
