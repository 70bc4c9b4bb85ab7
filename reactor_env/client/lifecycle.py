"""Opening, leaving and ending a session; what a client knows of it meanwhile.

:class:`~reactor_env.client.Reactor` adds what is done in a session.
"""

from __future__ import annotations

import asyncio
import itertools
import logging
import time
from collections.abc import Callable, Coroutine, Sequence
from dataclasses import replace
from functools import partial
from types import TracebackType
from typing import Any, Self

from reactor_env.client.capabilities import with_commands
from reactor_env.client.connection import (
    SCHEMA_KEY,
    Connection,
    ConnectionEvents,
    OpeningTimes,
)
from reactor_env.client.coordinator.base import Coordinator
from reactor_env.client.coordinator.hosted import HostedCoordinator
from reactor_env.client.coordinator.local import LocalCoordinator
from reactor_env.client.coordinator.tokens import TokenSource
from reactor_env.client.errors import (
    ConnectionFailedError,
    NotReadyError,
    ProtocolError,
    ReactorClientError,
    ReactorTimeoutError,
    SessionLostError,
)
from reactor_env.client.frame_router import FrameRouter
from reactor_env.client.handlers import EventHandlers
from reactor_env.client.options import ClientOptions
from reactor_env.client.runtime_messages import as_documented
from reactor_env.client.schema import ModelSchema
from reactor_env.client.schema_reader import parse_schema
from reactor_env.client.types import (
    ConnectionTimings,
    CreateSessionResponse,
    ReactorError,
    ReactorState,
    ReactorStatus,
    WireName,
)
from reactor_env.client.video import VideoFrame
from reactor_env.client.wire.json_v0 import JsonWire
from reactor_env.client.wire.messages import (
    Failure,
    Incoming,
    ModelMessage,
    SchemaReply,
    SessionEnded,
    Wire,
)
from reactor_env.client.wire.protobuf_v1 import ProtobufWire

logger = logging.getLogger(__name__)

_END_TIMEOUT_S = 12.0
_SCHEMA_TIMEOUT_S = 5.0
_CONNECTION_IDS = range(1001, 10000)
_WIRES: dict[WireName, type[Wire]] = {"protobuf": ProtobufWire, "json": JsonWire}


class SessionLifecycle(EventHandlers):
    """The part of a client that opens, leaves and ends its session.

    Args:
        options: How it is to behave.
    """

    def __init__(self, options: ClientOptions) -> None:
        super().__init__()
        self.model_name = options.model_name
        self._options = options
        self._wire: Wire = _WIRES[options.wire]()
        self._frames = FrameRouter()
        self._status = ReactorStatus.DISCONNECTED
        self._last_error: ReactorError | None = None
        self._coordinator: Coordinator | None = None
        self._tokens: TokenSource | None = None
        self._session_id: str | None = None
        self._last_session_id: str | None = None
        self._session: CreateSessionResponse | None = None
        self._schema: ModelSchema | None = None
        self._expires_at: float | None = None
        self._timings: ConnectionTimings | None = None
        self._first_frame_ms: float | None = None
        self._connect_began = 0.0
        self._connection: Connection | None = None
        self._opening: asyncio.Task[None] | None = None
        self._joined = False
        self._leaving = asyncio.Lock()
        self._background: set[asyncio.Task[None]] = set()
        self._lost_reason = "the session is not connected"
        self._ended_reason: str | None = None

    def __repr__(self) -> str:
        """Name model, address and status; never a key."""
        where = f"local at {self._options.url}" if self._options.local else self._options.url
        return f"<{type(self).__name__} {self.model_name!r} {where} {self._status.value}>"

    async def __aenter__(self) -> Self:
        """Return the client; connecting is up to :meth:`connect`."""
        return self

    async def __aexit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Disconnect and end the session."""
        await self.disconnect()

    # -- connection ---------------------------------------------------------------------------

    async def connect(
        self,
        *,
        session_id: str | None = None,
        connection_id: int | None = None,
        auto_resume_tracks: bool | None = None,
    ) -> None:
        """Open a session and a WebRTC connection; returns when the session is READY.

        Args:
            session_id: Take this session, created elsewhere, instead of creating one. It is not
                ended by :meth:`disconnect`. A local runtime's session can be joined, too.
            connection_id: Use this connection, registered elsewhere for the session: 1001 to
                9999.
            auto_resume_tracks: Instead of what the constructor was told.

        Raises:
            ValueError: If neither ``api_key`` nor ``jwt`` nor ``local`` was given, ``session_id``
                is empty, or ``connection_id`` is out of range.
            RuntimeError: If it is connected or connecting already, or no session can be opened;
                then a :class:`~reactor_env.client.errors.ReactorClientError`, which says why:
                ``AuthenticationError``, ``RateLimitedError``, ``ReactorTimeoutError``, ...
        """
        if self._status is not ReactorStatus.DISCONNECTED:
            raise RuntimeError(
                f"connect() needs a disconnected client, this one is {self._status.value}"
            )
        if not (self._options.local or self._options.api_key or self._options.jwt):
            raise ValueError("`api_key` is required unless `local=True`, got None")
        if session_id == "":
            raise ValueError("`session_id` must not be empty, got ''")
        if connection_id is not None and connection_id not in _CONNECTION_IDS:
            raise ValueError(f"`connection_id` must be 1001 to 9999, got {connection_id!r}")
        await self._opens(
            lambda: self._open_session(session_id, connection_id, auto_resume_tracks),
            failure="CONNECTION_FAILED",
        )

    async def reconnect(self) -> None:
        """Open a new connection to the session after ``disconnect(recoverable=True)``.

        Output tracks are resumed; input tracks must be published again.

        Raises:
            RuntimeError: If there is no session to come back to, or it is connected; if it cannot
                be joined, a :class:`~reactor_env.client.errors.ReactorClientError`, and it can be
                tried again.
        """
        coordinator, session = self._coordinator, self._session
        if coordinator is None or session is None or self._status is not ReactorStatus.DISCONNECTED:
            raise RuntimeError(
                "reconnect() needs a session that was left by disconnect(recoverable=True)"
            )
        await self._opens(lambda: self._rejoin(coordinator, session), failure="RECONNECTION_FAILED")

    async def disconnect(self, recoverable: bool = False) -> None:
        """Close the connection. Safe to call at any time, and twice.

        A session that could not be ended is told as an ``error`` event.

        Args:
            recoverable: Keep the session on the server for :meth:`reconnect`; otherwise end it,
                as one that has not been READY yet. A hosted session that is kept goes on costing
                money, for about 30 s.
        """
        opening, self._opening = self._opening, None
        end = not (recoverable and self._joined)
        try:
            await self._leave("the session was disconnected", end=end, opening=opening)
        finally:
            self._set_status(ReactorStatus.DISCONNECTED)

    async def _opens(self, work: Callable[[], Coroutine[Any, Any, None]], *, failure: str) -> None:
        """Run what opens a connection; when it fails, leave nothing behind.

        A session that was READY before is kept, though, so that this can be tried again.

        Args:
            work: What to run.
            failure: The code of the ``error`` event when it fails.
        """
        self._set_status(ReactorStatus.CONNECTING)
        self._opening = opening = asyncio.ensure_future(self._in_time(work))
        try:
            await opening
        except BaseException as error:
            raised = self._explain(error, opening)
            if self._opening is opening:  # otherwise disconnect() has taken over
                try:
                    await self._leave(str(raised) or "it was cancelled", end=not self._joined)
                finally:
                    self._report_failure(failure, raised)
                    self._set_status(ReactorStatus.DISCONNECTED)
            if raised is error:
                raise
            raise raised from error
        finally:
            if self._opening is opening:
                self._opening = None

    async def _in_time(self, work: Callable[[], Coroutine[Any, Any, None]]) -> None:
        try:
            async with asyncio.timeout(self._options.connect_timeout_s):
                await work()
        except TimeoutError as error:
            if isinstance(error, ReactorClientError):
                raise
            coordinator = self._coordinator
            waiting_for = coordinator.waiting_for if coordinator else "the last session to end"
            raise ReactorTimeoutError(
                f"{self!r} was not ready within {self._options.connect_timeout_s:g} s; "
                f"it waited for {waiting_for}"
            ) from None

    def _explain(self, error: BaseException, opening: asyncio.Task[None]) -> BaseException:
        """Return what to raise: a call of disconnect() is no cancellation of this one."""
        task = asyncio.current_task()
        if opening.cancelled() and task is not None and not task.cancelling():
            return ConnectionFailedError("disconnect() was called before the session was ready")
        return error

    def _make_coordinator(self, session_id: str | None, jwt: str | None = None) -> Coordinator:
        if self._options.local:
            return LocalCoordinator(self._options.url, self._options.generation, session_id)
        return HostedCoordinator(
            self._options.url,
            self.model_name,
            self._tokens_for(session_id) if jwt is None else self._make_tokens(jwt),
            generation=self._options.generation,
            session_id=session_id,
            max_session_seconds=self._options.max_session_duration_seconds,
        )

    def _tokens_for(self, session_id: str | None) -> TokenSource:
        # A token is for the sessions it created, so what comes after a session needs its token.
        if self._tokens is None or session_id is None or self._tokens.session_id != session_id:
            self._tokens = self._make_tokens(self._options.jwt or None)
            self._tokens.on_renewed = self._token_renewed
        return self._tokens

    def _make_tokens(self, jwt: str | None) -> TokenSource:
        return TokenSource(
            self._options.url,
            self.model_name,
            api_key=self._options.api_key,
            jwt=jwt,
            max_session_seconds=self._options.max_session_duration_seconds,
        )

    async def _open_session(
        self, session_id: str | None, connection_id: int | None, auto_resume: bool | None
    ) -> None:
        # One that was left recoverably and is not wanted any more.
        await self._leave("another session is opened", end=True)
        self._joined = False
        begin = self._connect_began = time.perf_counter()
        self._first_frame_ms = None
        coordinator = self._coordinator = self._make_coordinator(session_id)
        await coordinator.authorize()
        authorized = time.perf_counter()
        self._session_id = self._last_session_id = await coordinator.create()
        created = time.perf_counter()
        self._events.emit("session_id_changed", self._session_id)
        self._set_expiration(coordinator.expires_at)
        self._set_status(ReactorStatus.WAITING)
        session = await coordinator.assigned()
        if self._options.tracks is not None:
            session = replace(
                session, capabilities=replace(session.capabilities, tracks=self._options.tracks)
            )
        if not session.capabilities.tracks:
            raise ConnectionFailedError(f"{self.model_name} has no tracks, so there is no media")
        self._session = session
        assigned = time.perf_counter()
        opening = await self._open_transport(coordinator, session, connection_id, auto_resume)
        self._note_timings(begin, [authorized, created, assigned], opening)

    async def _rejoin(self, coordinator: Coordinator, session: CreateSessionResponse) -> None:
        begin = self._connect_began = time.perf_counter()
        self._first_frame_ms = None
        await coordinator.authorize()
        authorized = time.perf_counter()
        opening = await self._open_transport(coordinator, session, None, None)
        self._note_timings(begin, [authorized, authorized, authorized], opening)

    async def _open_transport(
        self,
        coordinator: Coordinator,
        session: CreateSessionResponse,
        connection_id: int | None,
        auto_resume: bool | None,
    ) -> OpeningTimes:
        self._ended_reason = None
        tracks = session.capabilities.tracks
        outputs = [track for track in tracks if track.direction == "recvonly"]
        self._frames.begin(next((t.name for t in outputs if t.kind == "video"), ""))
        connection = self._connection = Connection(
            tracks,
            await coordinator.ice_servers(),
            self._wire,
            ConnectionEvents(
                message=self._received,
                garbage=lambda error: self._report(ReactorError("PROTOCOL_ERROR", str(error))),
                frame=self._frame_received,
                track=partial(self._events.emit, "track_received"),
                lost=self.connection_lost,
            ),
            ice_transport_policy=self._options.ice_transport_policy,
        )

        async def exchange(offer: str, mapping: list[dict[str, str]]) -> str:
            answer = await coordinator.negotiate(offer, mapping, connection_id)
            coordinator.waiting_for = "the WebRTC connection"
            return answer

        times = await connection.open(exchange, self._options.connect_timeout_s)
        if self._options.generation == "stepped" and not connection.chunked:
            raise ConnectionFailedError(
                "stepped sessions need data-channel chunking, which the server at "
                f"{self._options.url} did not accept"
            )
        if self._schema is None:
            self._session = await self._complete_session(coordinator, connection, session)
            self._events.emit("capabilities_received", self._session.capabilities)
        if (self._options.auto_resume_tracks if auto_resume is None else auto_resume) and (
            self._options.generation == "streamed"
        ):
            for track in outputs:
                connection.send(self._wire.resume_track(track.name))
        if connection.lost is not None:
            raise SessionLostError(f"the session was lost: {connection.lost}")
        self._joined = True
        self._set_status(ReactorStatus.READY)
        return times

    async def _leave(
        self, reason: str, *, end: bool, opening: asyncio.Task[None] | None = None
    ) -> None:
        """Close the connection, and end the session if asked to; nothing here raises.

        It goes on when its caller is cancelled, and one call waits for another.

        Args:
            reason: Why; whatever waits for the connection is told.
            end: Whether to end the session.
            opening: What is opening a connection right now, to be stopped first.
        """

        async def leave() -> None:
            if opening is not None:
                opening.cancel()
                await asyncio.wait([opening])
            async with self._leaving:
                self._lost_reason = reason
                connection, self._connection = self._connection, None
                self._frames.stop()
                try:
                    if connection is not None:
                        await connection.close(reason)
                finally:
                    if end:
                        await self._end_session()

        await asyncio.shield(self._run_in_background(leave()))

    async def _end_session(self) -> None:
        coordinator, self._coordinator = self._coordinator, None
        self._schema = None
        session_id, self._session_id, self._session = self._session_id, None, None
        if coordinator is not None:
            try:
                async with asyncio.timeout(_END_TIMEOUT_S):
                    await coordinator.end()
            except (ReactorClientError, TimeoutError) as error:
                text = str(error) or f"it took longer than {_END_TIMEOUT_S:g} s"
                self._report(
                    ReactorError(
                        "SESSION_END_FAILED",
                        f"session {session_id} may go on costing money for a while: {text}",
                        component="api",
                    )
                )
            await coordinator.close()
        self._set_expiration(None)
        if session_id is not None:
            self._events.emit("session_id_changed", None)

    def connection_lost(self, reason: str) -> None:
        """Give the connection up: whatever waits fails at once, the session is left alone.

        Called when the connection breaks, which WebRTC notices after up to 30 s (RFC 7675), and
        for whoever learns earlier that the other side is gone. On the event loop. The session can
        be joined again by :meth:`reconnect`, for as long as the server keeps it.

        Args:
            reason: Why; it becomes part of every error.
        """
        connection = self._connection
        if connection is None or connection.lost is not None:
            return
        ended, told = self._ended_reason is not None, self._ended_reason or reason
        self._lost_reason = told
        connection.lose(told)
        if self._status is not ReactorStatus.READY:
            return  # connecting fails of it
        self._report(ReactorError("GPU_CONNECTION_ERROR", told, recoverable=not ended))

        async def leave() -> None:
            await self._leave(told, end=False)
            self._set_status(ReactorStatus.DISCONNECTED)

        self._run_in_background(leave())

    # -- getters ------------------------------------------------------------------------------

    def get_status(self) -> ReactorStatus:
        """Return the current status."""
        return self._status

    def get_state(self) -> ReactorState:
        """Return status and last error."""
        return ReactorState(self._status, self._last_error)

    def get_session_id(self) -> str | None:
        """Return the session's id, ``None`` without one."""
        return self._session_id

    def get_last_error(self) -> ReactorError | None:
        """Return the most recent error, ``None`` if there was none."""
        return self._last_error

    def get_session_info(self) -> CreateSessionResponse | None:
        """Return the server's description of the session, ``None`` without one."""
        return self._session

    def get_session_expiration(self) -> float | None:
        """Return when the session ends by itself, in seconds since the epoch, where known."""
        return self._expires_at

    def get_connection_timings(self) -> ConnectionTimings | None:
        """Return how long the phases of the last ``connect()`` took, ``None`` before one."""
        if self._timings is None:
            return None
        return replace(self._timings, first_frame_ms=self._first_frame_ms)

    # -- what comes in ------------------------------------------------------------------------

    def _received(self, message: Incoming) -> None:
        match message:
            case ModelMessage():
                self._events.emit("message", message.as_dict())
            case Failure():
                self._report(ReactorError(message.code, message.message))
            case _:
                if isinstance(message, SessionEnded):
                    self._ended_reason = f"the platform ended the session: {message.reason}"
                    self._lost_reason = self._ended_reason
                documented = as_documented(message)
                if documented is not None:
                    self._events.emit("runtime_message", documented)

    def _frame_received(self, track: str, frame: VideoFrame) -> None:
        # On the thread of the track's decoder.
        if self._first_frame_ms is None:
            self._first_frame_ms = 1e3 * (time.perf_counter() - self._connect_began)
        self._frames.received(track, frame)

    # -- state --------------------------------------------------------------------------------

    def _ready(self) -> Connection:
        if self._connection is None or self._status is not ReactorStatus.READY:
            raise NotReadyError(f"the session is {self._status.value}: {self._lost_reason}")
        return self._connection

    async def _complete_session(
        self, coordinator: Coordinator, connection: Connection, session: CreateSessionResponse
    ) -> CreateSessionResponse:
        """Read the model's schema, for checking commands and for the commands it lists."""
        try:
            document = await coordinator.schema()
            if document is None:
                document = await self._ask_schema(connection, _SCHEMA_TIMEOUT_S)
            self._schema = parse_schema(document)
        except (ConnectionFailedError, ProtocolError, ReactorTimeoutError) as error:
            logger.warning("%r works without the model's schema: %s", self, error)
            return session
        return replace(session, capabilities=with_commands(session.capabilities, document))

    async def _ask_schema(self, connection: Connection, timeout_s: float) -> dict[str, Any]:
        answer = await connection.ask(
            self._wire.request_schema, timeout_s, "the model's schema", kind=SCHEMA_KEY
        )
        if not isinstance(answer, SchemaReply):
            raise ProtocolError(f"expected a schema, got {type(answer).__name__}")
        return answer.openapi

    def _note_timings(self, begin: float, marks: Sequence[float], opening: OpeningTimes) -> None:
        token, session, waiting = (
            1e3 * (later - earlier) for earlier, later in itertools.pairwise([begin, *marks])
        )
        self._timings = ConnectionTimings(
            token_ms=token,
            session_ms=session,
            waiting_ms=waiting,
            offer_ms=opening.offer_ms,
            signaling_ms=opening.signaling_ms,
            ice_ms=opening.ice_ms,
            dtls_ms=opening.dtls_ms,
            channels_ms=opening.channels_ms,
            total_ms=1e3 * (time.perf_counter() - begin),
        )

    def _set_status(self, status: ReactorStatus) -> None:
        if status is not self._status:
            self._status = status
            self._events.emit("status_changed", status)

    def _token_renewed(self) -> None:
        if self._coordinator is not None and self._session_id is not None:
            self._set_expiration(self._coordinator.expires_at)

    def _set_expiration(self, expires_at: float | None) -> None:
        if expires_at != self._expires_at:
            self._expires_at = expires_at
            self._events.emit("session_expiration_changed", expires_at)

    def _report(self, error: ReactorError) -> None:
        self._last_error = error
        self._events.emit("error", error)

    def _report_failure(self, code: str, error: BaseException) -> None:
        if isinstance(error, Exception):
            self._report(
                ReactorError(
                    code,
                    str(error) or type(error).__name__,
                    recoverable=getattr(error, "recoverable", True),
                    component="api",
                    retry_after=getattr(error, "retry_after", None),
                )
            )

    def _run_in_background(self, work: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        task = asyncio.ensure_future(work)
        self._background.add(task)
        task.add_done_callback(self._background.discard)
        return task
