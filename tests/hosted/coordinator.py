"""The hosted service: Reactor's HTTP API on this machine, in front of a real runtime.

The real service cannot be reached from a test. This one speaks the published protocol
(``platform.md`` B2, B3, B5, B8, E1), passes signalling on, so that media and data channels are
WebRTC straight to the runtime, keeps the bill of every session, and fails on demand.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from typing import Any, Self

from tests.hosted.api import Api, build_app
from tests.hosted.backends import Backend, CannedBackend, RuntimeBackend
from tests.hosted.faults import Faults
from tests.hosted.files_api import FilesApi
from tests.hosted.gate import Gate
from tests.hosted.injector import Injector
from tests.hosted.ledger import HostedSession, LedgerEntry
from tests.hosted.request_log import LoggedRequest
from tests.hosted.sessions import Sessions
from tests.hosted.state import Clock, Settings, Watch
from tests.hosted.storage import PREFIX, Signatures, Upload
from tests.hosted.tokens import TokenOffice
from tests.hosted.wire import ServerThread, Transports, by_port, listen, origin, port

API_KEY = "rk_test"
ACCOUNT_ID = "acct_test"
_CALL_S = 15.0


class HostedService(Injector):
    """The service; a context manager that starts and stops it. Faults: :class:`Injector`.

    Args:
        runtime_url: The runtime behind it; without one, sessions have canned capabilities and
            offers are never answered.
        api_keys: Account id by API key.
        settings: What can be changed, also later, as ``service.settings``.

    Example:
        >>> with HostedService() as service:
        ...     print(service.url)
    """

    def __init__(
        self,
        runtime_url: str | None = None,
        *,
        api_keys: Mapping[str, str] | None = None,
        settings: Settings | None = None,
    ) -> None:
        self.settings = settings or Settings()
        self.api_key = API_KEY
        self._watch = Watch()
        self._clock = Clock()
        self._closing = threading.Event()
        faults = Faults(self._watch)
        super().__init__(faults, self._watch, self._closing)
        self._tokens = TokenOffice(api_keys or {API_KEY: ACCOUNT_ID}, self._clock)
        self._backend: Backend = (
            RuntimeBackend(runtime_url)
            if runtime_url is not None
            else CannedBackend(lambda: self.settings.sdp_answer)
        )
        self._sessions = Sessions(self._backend, self.settings, self._watch, self._clock)
        transports: Transports = {}
        api = Api(self._tokens, self._sessions, self._backend, self.settings)
        # Two origins: clients tell by that whether a URL is meant to get their token.
        sockets = [listen(), listen()]
        self.url, self.storage_url = map(origin, sockets)
        self._files = FilesApi(api, Signatures(self._clock), self._watch, self.storage_url)
        routes = [[*self._files.routes(), *api.routes()], self._files.storage_routes()]
        app = by_port(dict(zip(map(port, sockets), map(build_app, routes), strict=True)))
        self._gate = Gate(app, faults, transports, self._watch, self._clock)
        self._server = ServerThread(self._gate, sockets, transports, self._running)

    def __enter__(self) -> Self:
        """Serve."""
        self._server.start()
        return self

    def __exit__(self, *exc_info: object) -> None:
        """Stop serving."""
        self.stop()

    def stop(self) -> None:
        """End every session and stop serving. Safe to call twice."""
        self._closing.set()
        self._server.stop()

    @asynccontextmanager
    async def _running(self) -> AsyncIterator[None]:
        await self._backend.open(self._sessions.on_runtime_state)
        try:
            yield
        finally:
            await self._sessions.close()
            await self._backend.close()

    # Sessions, and what they cost.

    @property
    def sessions(self) -> tuple[HostedSession, ...]:
        """All sessions, the oldest first."""
        with self._watch:
            return tuple(self._sessions.by_id.values())

    def session(self, session_id: str) -> HostedSession:
        """Return one session.

        Raises:
            KeyError: If there never was one of this id.
        """
        with self._watch:
            return self._sessions.by_id[session_id]

    @property
    def ledger(self) -> tuple[LedgerEntry, ...]:
        """The bill of every session, the oldest first."""
        now = self._clock.now()
        with self._watch:
            return tuple(session.bill(now) for session in self._sessions.by_id.values())

    @property
    def live_sessions(self) -> tuple[str, ...]:
        """The ids of sessions that were created and have not ended."""
        with self._watch:
            return tuple(s.session_id for s in self._sessions.by_id.values() if s.live)

    def wait_no_live_sessions(self, timeout_s: float = 10.0) -> None:
        """Block until every session has ended.

        Raises:
            TimeoutError: If one is left.
        """
        self._watch.wait("every session has ended", lambda: not self.live_sessions, timeout_s)

    async def no_live_sessions(self, timeout_s: float = 10.0) -> None:
        """Do as :meth:`wait_no_live_sessions` does, without blocking the caller's event loop."""
        await self.until("every session has ended", lambda: not self.live_sessions, timeout_s)

    def wait(self, what: str, done: Callable[[], object], timeout_s: float = 10.0) -> None:
        """Block until ``done()`` is true; it is called after each change of the service's state.

        Raises:
            TimeoutError: If that takes more than ``timeout_s`` seconds; it names ``what``.
        """
        self._watch.wait(what, done, timeout_s)

    async def until(self, what: str, done: Callable[[], object], timeout_s: float = 10.0) -> None:
        """Do as :meth:`wait` does, without blocking the caller's event loop."""
        await self._watch.until(what, done, timeout_s)

    def expire_session(self, session_id: str, reason: str = "session expired") -> None:
        """End a session as the platform does when its time is up; clients are told ``reason``."""
        self._call(lambda: self._sessions.end(self.session(session_id), reason))

    def end_all(self) -> None:
        """End every session."""
        for session_id in self.live_sessions:
            self.expire_session(session_id, "ended by the test")

    def release(self, session_id: str | None = None) -> None:
        """Let one queued session have a machine, or all of them."""
        chosen = self.sessions if session_id is None else [self.session(session_id)]

        async def release() -> None:
            for session in chosen:
                self._sessions.release(session)

        self._call(release)

    def set_state(self, session_id: str, state: str) -> None:
        """Put a session into a hosted state, as if connections had come or gone."""

        async def change() -> None:
            self._sessions.set_state(self.session(session_id), state)

        self._call(change)

    def expire_tokens(self, *tokens: str) -> None:
        """Let these JWTs be expired from now on, or all minted so far."""
        self._tokens.revoke(tokens or None)

    def advance_clock(self, seconds: float) -> None:
        """Let time go by at once for tokens, signed URLs, quotas and the ledger."""
        self._clock.advance(seconds)

    # What clients sent.

    @property
    def requests(self) -> tuple[LoggedRequest, ...]:
        """Every request so far, in the order they came."""
        with self._watch:
            return tuple(self._gate.log)

    def requests_to(self, method: str, path_glob: str) -> list[LoggedRequest]:
        """Return the requests that match; ``*`` stands for anything, slashes too."""
        return [request for request in self.requests if request.matches(method, path_glob)]

    @property
    def uploads(self) -> tuple[Upload, ...]:
        """Every announced upload, with its bytes once they came."""
        with self._watch:
            return tuple(self._files.uploads.values())

    @property
    def tokens_sent_to_storage(self) -> list[LoggedRequest]:
        """Requests for a signed URL that wrongly carried an ``Authorization`` header."""
        return [
            request
            for request in self.requests_to("*", f"{PREFIX}/*")
            if "authorization" in request.headers
        ]

    def _call(self, make: Callable[[], Any]) -> None:
        """Run a coroutine on the service's loop and wait for it."""
        loop = self._server.loop
        if loop is None:
            raise RuntimeError("the hosted service is not running: use it as a context manager")
        asyncio.run_coroutine_threadsafe(make(), loop).result(_CALL_S)
