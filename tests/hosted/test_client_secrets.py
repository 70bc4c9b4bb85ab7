"""The API key and every token are in the headers they belong to, and nowhere else."""

from __future__ import annotations

import asyncio
import logging
import traceback
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from functools import partial
from typing import Any

import pytest

from reactor_env.client import ConnectionFailedError, Reactor, fetch_jwt_token
from reactor_env.client.coordinator import hosted as hosted_coordinator
from reactor_env.client.coordinator import live_sessions
from reactor_env.runtime import LocalRuntime
from tests.hosted.answers import document
from tests.hosted.caller import Caller
from tests.hosted.clients import CALLS, END, Call, client, listen_to, nothing_left, secrets_of
from tests.hosted.coordinator import HostedService

KEY = "rk_5c1e6f0a9d8b7e42"
LIBRARIES = ("", "httpx", "httpcore", "aiortc", "aioice", "asyncio", "reactor_env")


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(hosted_coordinator, "_POLL_FIRST_S", 0.01)
    monkeypatch.setattr(hosted_coordinator, "_END_PAUSES_S", (0.0,) * 5)


class Seen:
    """Everything a program shows: what it prints, what it logs, and what is added here."""

    def __init__(self, capture: pytest.CaptureFixture[str], log: pytest.LogCaptureFixture) -> None:
        self._capture = capture
        self._log = log
        self._texts: list[str] = []

    def add(self, *values: object) -> None:
        """Add what values look like."""
        for value in values:
            self._texts += [str(value), repr(value)]
            if isinstance(value, BaseException):
                self._texts += traceback.TracebackException.from_exception(value).format()

    def everything(self) -> str:
        """Return all of it."""
        printed = self._capture.readouterr()
        logged = logging.Formatter("%(name)s %(message)s")
        lines = [logged.format(record) for record in self._log.records]
        return "\n".join([*self._texts, printed.out, printed.err, *lines])


@pytest.fixture
def seen(capfd: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture) -> Seen:
    for name in LIBRARIES:
        caplog.set_level(logging.DEBUG, logger=name or None)
    return Seen(capfd, caplog)


def reprs(reactor: Reactor) -> list[object]:
    """Return what of a client somebody may print."""
    coordinator, tokens = reactor._coordinator, reactor._tokens
    return [
        reactor,
        reactor._options,
        coordinator,
        coordinator.api if coordinator is not None else None,
        coordinator.api.http if coordinator is not None else None,
        tokens,
        tokens.token if tokens is not None else None,
        reactor.get_state(),
        reactor.get_session_info(),
        live_sessions._open,
    ]


def check(seen: Seen, service: HostedService, *more: str) -> None:
    """Check that no key and no token was shown, nor half of one, nor sent where it has no place.

    Raises:
        AssertionError: If one was.
    """
    secrets = secrets_of(service) | set(more)
    assert any(secret.count(".") == 2 for secret in secrets), "no token was ever used"
    # The first part of a token says only how it is signed.
    parts = {part for s in secrets for part in (s.split(".")[1:] or [s])}
    halves = {part[: len(part) // 2] for part in parts}
    shown = seen.everything()
    assert not {half for half in halves if half in shown}
    for request in service.requests:
        assert not [s for s in secrets if s in request.path or s in request.query]
        assert not [s for s in secrets if s.encode() in request.body]
        for name, value in request.headers.items():
            if any(secret in value for secret in secrets):
                assert name == ("reactor-api-key" if request.path == "/tokens" else "authorization")
    assert service.tokens_sent_to_storage == []


@contextmanager
def with_long_key(runtime_url: str | None) -> Iterator[HostedService]:
    """A service whose key looks like nothing else."""
    with HostedService(runtime_url, api_keys={KEY: "acct_test"}) as service:
        service.api_key = KEY
        service.settings.ice_servers = []
        yield service
        service.wait_no_live_sessions()


@pytest.fixture
def keyed() -> Iterator[HostedService]:
    """The service without a runtime."""
    with with_long_key(None) as service:
        yield service


@pytest.fixture
def real(hosted_runtime: LocalRuntime) -> Iterator[HostedService]:
    """The service in front of a real runtime."""
    hosted_runtime.start()
    with with_long_key(hosted_runtime.url) as service:
        yield service


async def failure(seen: Seen, service: HostedService, **options: Any) -> None:
    """Connect in vain and show all there is to see."""
    reactor = client(service, **options)
    heard = listen_to(reactor)
    reactor.on("status_changed", lambda _: seen.add(*reprs(reactor)))
    with pytest.raises(ConnectionFailedError) as raised:
        await reactor.connect()
    seen.add(raised.value, *reprs(reactor), *heard.errors)
    await nothing_left(service, reactor)


# -- what goes well -----------------------------------------------------------------------------


async def test_a_whole_session_shows_no_secret(real: HostedService, seen: Seen) -> None:
    asyncio.get_running_loop().set_debug(True)
    async with client(real) as reactor:
        reactor.on("status_changed", lambda _: seen.add(*reprs(reactor)))
        await reactor.connect()
        seen.add(await reactor.send_command("reset", {"seed": 1}))
        seen.add(await reactor.upload_file(b"bytes", name="a.txt"))
        await reactor.disconnect(recoverable=True)
        real.expire_tokens()
        await reactor.reconnect()
        seen.add(*reprs(reactor))
    logged = seen.everything()
    # Had nothing been logged, nothing could have been found in it.
    for name in ("httpx", "httpcore", "aiortc", "aioice"):
        assert f"\n{name}" in logged
    assert len(secrets_of(real)) == 3
    check(seen, real)


async def test_a_token_of_the_users_own_is_not_shown(real: HostedService, seen: Seen) -> None:
    token = await asyncio.to_thread(Caller(real).token)
    async with client(real, api_key=None, jwt=token) as reactor:
        reactor.on("status_changed", lambda _: seen.add(*reprs(reactor)))
        await reactor.connect()
    check(seen, real, token)


async def test_a_fetched_token_is_returned_and_not_shown(keyed: HostedService, seen: Seen) -> None:
    token = await fetch_jwt_token(KEY, keyed.url)
    assert token.count(".") == 2
    check(seen, keyed, token)


# -- what goes wrong ----------------------------------------------------------------------------


@pytest.mark.parametrize("how", ["fail", "half_answer", "reset", "garble"])
@pytest.mark.parametrize("name", ["tokens", "create", "ice_servers", "register", "answer"])
async def test_a_failure_shows_no_secret(
    keyed: HostedService, seen: Seen, name: str, how: str
) -> None:
    call = CALLS[name]
    keyed.settings.sdp_answer = "never seen"
    getattr(keyed, how)(call.method, call.path, *(["text"] if how == "garble" else []))
    await failure(seen, keyed)
    token = await asyncio.to_thread(Caller(keyed).token)  # there is one, whatever failed
    check(seen, keyed, token)


ECHOES: dict[str, Callable[[str], object]] = {
    "words": lambda secret: {"error": "bad", "message": f"what is {secret} to me?"},
    "cut off": lambda secret: {"message": "x" * 290 + secret},
    "text": lambda secret: f"<html>{secret}</html>",
    "list": lambda secret: [{"authorization": f"Bearer {secret}", "key": secret}],
    "object": lambda secret: {"headers": {"Authorization": f"Bearer {secret}"}, "detail": [secret]},
}


@pytest.mark.parametrize("status", [200, 401, 500])
@pytest.mark.parametrize("echo", ECHOES)
async def test_a_service_that_repeats_the_key_does_not_make_the_client_show_it(
    keyed: HostedService, seen: Seen, echo: str, status: int
) -> None:
    keyed.answer("POST", "/tokens", document(status, ECHOES[echo](KEY)), times=None)
    await failure(seen, keyed)
    keyed.clear_faults()
    check(seen, keyed, await asyncio.to_thread(Caller(keyed).token))


@pytest.mark.parametrize("status", [200, 403, 500])
@pytest.mark.parametrize("echo", ECHOES)
@pytest.mark.parametrize("name", ["create", "register", "answer"])
async def test_a_service_that_repeats_the_token_does_not_make_the_client_show_it(
    keyed: HostedService, seen: Seen, name: str, echo: str, status: int
) -> None:
    call: Call = CALLS[name]
    token = await asyncio.to_thread(Caller(keyed).token)
    keyed.answer(call.method, call.path, document(status, ECHOES[echo](token)), times=None)
    await failure(seen, keyed, api_key=None, jwt=token)
    check(seen, keyed, token)


async def test_a_token_in_the_wrong_field_is_not_shown(keyed: HostedService, seen: Seen) -> None:
    token = await asyncio.to_thread(Caller(keyed).token)
    for misplaced in ({"token": token}, {"jwt": [token]}, {"jwt": f"{token}\r\nX: y"}, [token]):
        keyed.answer("POST", "/tokens", document(200, misplaced))
        await failure(seen, keyed)
    check(seen, keyed, token)


async def test_a_session_that_cannot_be_ended_shows_no_secret_then_and_at_exit(
    real: HostedService, seen: Seen
) -> None:
    fault = real.fail(END.method, END.path, status=500, times=None)
    reactor = client(real)
    heard = listen_to(reactor)
    await reactor.connect()
    await reactor.disconnect()
    seen.add(*heard.errors, *reprs(reactor))
    await asyncio.to_thread(live_sessions.end_all)
    check(seen, real)
    fault.remove()
    await asyncio.to_thread(real.end_all)
    await nothing_left(real, reactor)


def refuses(make: Callable[[], Any], seen: Seen) -> None:
    with pytest.raises(ValueError, match="must be printable ASCII") as raised:
        make()
    seen.add(raised.value)


async def test_what_is_no_key_is_refused_without_showing_it(
    keyed: HostedService, seen: Seen
) -> None:
    for wrong in (f"{KEY}\n", f"{KEY} ", f"{KEY}\u2026", f"{KEY}\r\nX-Evil: 1", f"{KEY}\x00"):
        refuses(partial(client, keyed, api_key=wrong), seen)
        refuses(partial(client, keyed, api_key=None, jwt=wrong), seen)
        with pytest.raises(ValueError, match="must be printable ASCII") as raised:
            await fetch_jwt_token(wrong, keyed.url)
        seen.add(raised.value)
    assert keyed.requests == ()
    check(seen, keyed, await asyncio.to_thread(Caller(keyed).token))


async def test_a_cancelled_connect_shows_no_secret(real: HostedService, seen: Seen) -> None:
    asyncio.get_running_loop().set_debug(True)
    stops: list[Callable[[Reactor, asyncio.Task[None]], Awaitable[None] | bool]] = [
        lambda _, connecting: connecting.cancel(),
        lambda reactor, _: reactor.disconnect(),
    ]
    for call in CALLS.values():
        for stop in stops:
            reactor = client(real)
            fault = real.delay(call.method, call.path, 0.05)
            connecting = asyncio.ensure_future(reactor.connect())
            await fault.struck()
            stopped = stop(reactor, connecting)
            if not isinstance(stopped, bool):
                await stopped
            (result,) = await asyncio.gather(connecting, return_exceptions=True)
            seen.add(result, connecting, *reprs(reactor))
            await nothing_left(real, reactor)
    check(seen, real)
