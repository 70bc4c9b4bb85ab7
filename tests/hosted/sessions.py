"""Sessions: their states, their place on the one machine, and how they end.

States are those of ``platform.md`` B3: CREATED, PENDING, SUSPENDED, WAITING, ACTIVE, INACTIVE,
CLOSED. Everything here runs on the service's loop; what a test reads is changed under the watch.
"""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import Coroutine, Mapping
from typing import Any

from tests.hosted.answers import Refused, error
from tests.hosted.backends import Backend, StartError
from tests.hosted.ledger import HostedSession
from tests.hosted.quotas import Quotas
from tests.hosted.state import Clock, Settings, Watch
from tests.hosted.tokens import Grant

RUNTIME_STATES = {"waiting": "WAITING", "streaming": "ACTIVE", "orphaned": "INACTIVE"}
"""The hosted word for each state of a runtime; any other state means that the session is over."""


class Sessions:
    """All sessions of the service.

    Args:
        backend: The machine they run on.
        settings: The service's settings.
        watch: Guards what tests read.
        clock: The service's clock.
    """

    def __init__(self, backend: Backend, settings: Settings, watch: Watch, clock: Clock) -> None:
        self._backend = backend
        self._settings = settings
        self._watch = watch
        self._clock = clock
        self._quotas = Quotas(settings, clock)
        self._background: set[asyncio.Task[None]] = set()
        self.by_id: dict[str, HostedSession] = {}

    def create(self, grant: Grant, request: Mapping[str, Any]) -> HostedSession:
        """Create a session and seek a machine for it.

        Args:
            grant: Who asks.
            request: The body of ``POST /sessions``, with a ``model.name``.

        Raises:
            Refused: 402, 403, 404 or 429.
        """
        model: str = request["model"]["name"]
        if model not in self._settings.models + self._settings.unlisted_models:
            raise Refused(error(404, "model_not_found", f"model not found: {model}"))
        grant.check_creates(model)
        self._quotas.take(self._live_of(grant.account_id), model)
        session = HostedSession(
            session_id=str(uuid.uuid4()),
            model=model,
            account_id=grant.account_id,
            request=request,
            created_at=self._clock.now(),
            queue=list(self._settings.queue_states),
            held=self._settings.hold_queue,
        )
        grant.created.append(session.session_id)
        if not session.queue and not session.held:
            session.released.set()
        with self._watch:
            self.by_id[session.session_id] = session
        session.task = asyncio.create_task(self._live(session))
        if grant.scope is not None and grant.scope.max_duration_s is not None:
            asyncio.get_running_loop().call_later(
                grant.scope.max_duration_s,
                lambda: self._spawn(self.end(session, "max session duration reached")),
            )
        return session

    def find(self, session_id: str, grant: Grant) -> HostedSession:
        """Return a session that ``grant`` may operate; it may have ended.

        Raises:
            Refused: 404 for an unknown id or another account's, 403 beyond the token's scope.
        """
        session = self.by_id.get(session_id)
        if session is None or session.account_id != grant.account_id:
            raise Refused(error(404, "session_not_found", f"session not found: {session_id}"))
        grant.check_operates(session_id)
        return session

    def find_live(self, session_id: str, grant: Grant) -> HostedSession:
        """Do as :meth:`find` does, and answer 404 for a session that has ended.

        Raises:
            Refused: 404 or 403.
        """
        session = self.find(session_id, grant)
        if not session.live:
            raise Refused(error(404, "session_not_found", f"session has ended: {session_id}"))
        return session

    def bindable(self, account_id: str, session_id: str) -> bool:
        """Return whether a token of the account can be bound to the session."""
        session = self.by_id.get(session_id)
        return session is not None and session.live and session.account_id == account_id

    def poll(self, session: HostedSession) -> dict[str, Any]:
        """Answer ``GET /sessions/{id}``: a queued session moves on by one state."""
        if session.live and session.queue:
            with self._watch:
                session.state = session.queue.pop(0)
            shown = session.public()
            if not session.queue and not session.held:
                session.released.set()
            return shown
        return session.public()

    def release(self, session: HostedSession) -> None:
        """Let a queued session have a machine."""
        session.queue.clear()
        session.held = False
        session.released.set()

    async def move(self, session: HostedSession) -> None:
        """Put an inactive session on another machine: here, start it anew on the same one.

        Raises:
            Refused: 409 when it is not INACTIVE.
        """
        if session.state != "INACTIVE":
            raise Refused(error(409, "conflict", f"the session is {session.state}, not INACTIVE"))
        self._set_state(session, "PENDING")
        with self._watch:
            session.described = None
        session.interrupted.set()

    async def end(self, session: HostedSession, reason: str) -> None:
        """End a session and free its machine. Nothing happens when it has ended."""
        if session.live:
            self._set_state(session, "CLOSED")
            with self._watch:
                session.ended_at = self._clock.now()
                session.end_reason = reason
            session.interrupted.set()
            if session.task is not None and not session.has_lease:
                session.task.cancel()
        if session.task is not None:
            await asyncio.wait([session.task])

    async def close(self) -> None:
        """End every session."""
        for session in list(self.by_id.values()):
            await self.end(session, "the service stops")
        if self._background:
            await asyncio.wait(self._background)

    def on_runtime_state(self, session_id: str, state: str) -> None:
        """Take over what the runtime says about a session."""
        session = self.by_id.get(session_id)
        if session is None or not session.live:
            return
        hosted = RUNTIME_STATES.get(state)
        if hosted is None:
            self._spawn(self.end(session, f"the runtime is {state}"))
        else:
            self._set_state(session, hosted)

    def set_state(self, session: HostedSession, state: str) -> None:
        """Put a live session into ``state``, as if clients had come or gone."""
        if state == "CLOSED":
            self._spawn(self.end(session, "closed by the test"))
        elif session.live:
            self._set_state(session, state)

    def _set_state(self, session: HostedSession, state: str) -> None:
        if session.orphan_timer is not None:
            session.orphan_timer.cancel()
            session.orphan_timer = None
        if state == "INACTIVE":
            session.orphan_timer = asyncio.get_running_loop().call_later(
                self._settings.orphan_seconds,
                lambda: self._spawn(self.end(session, "no connection came back")),
            )
        with self._watch:
            session.state = state

    async def _live(self, session: HostedSession) -> None:
        """Hold the machine for a session from its start to its end."""
        await session.released.wait()
        if not session.queue and session.state == "CREATED":
            self._set_state(session, "PENDING")
        async with self._backend.lease:
            session.has_lease = True
            while session.live:
                session.interrupted.clear()
                if await self._start(session):
                    await session.interrupted.wait()
                    await self._backend.stop(session.end_reason or "moved to another machine")

    async def _start(self, session: HostedSession) -> bool:
        configs = session.configs()
        if self._settings.ignore_generation:
            configs.pop("generation", None)
        try:
            described = await self._backend.start(session.session_id, configs)
        except StartError as failure:
            self._spawn(self.end(session, f"could not start: {failure}"))
            await session.interrupted.wait()
            return False
        if self._settings.ignore_generation:
            described.pop("generation", None)
        if session.live:
            with self._watch:
                session.described = described
                session.ready_at = session.ready_at or self._clock.now()
            if session.state not in ("ACTIVE", "INACTIVE"):
                self._set_state(session, "WAITING")
        return True

    def _live_of(self, account_id: str) -> int:
        return sum(s.live and s.account_id == account_id for s in self.by_id.values())

    def _spawn(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.get_running_loop().create_task(work)
        self._background.add(task)
        task.add_done_callback(self._background.discard)
