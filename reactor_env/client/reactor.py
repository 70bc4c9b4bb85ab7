"""The :class:`Reactor` session client."""

from __future__ import annotations

import asyncio
import itertools
import logging
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from types import TracebackType
from typing import Any, Self, TypeVar

from aiortc import MediaStreamTrack

from reactor_env.client.coordinator import LOCAL_SESSION_ID, LOCAL_URL, LocalCoordinator
from reactor_env.client.errors import (
    CommandRefusedError,
    ConnectionFailedError,
    NotReadyError,
    ProtocolError,
    ReactorClientError,
    ReactorTimeoutError,
    SessionLostError,
    StepFailedError,
)
from reactor_env.client.events import EventEmitter, Handler
from reactor_env.client.frame_callback import FrameCallback, FrameCallbackThread
from reactor_env.client.peer import Peer
from reactor_env.client.types import (
    Capabilities,
    ConnectionTimings,
    CreateSessionResponse,
    Generation,
    ReactorError,
    ReactorEvent,
    ReactorState,
    ReactorStatus,
    WireName,
)
from reactor_env.client.video import VideoFrame
from reactor_env.client.wire.json_v0 import JsonWire
from reactor_env.client.wire.messages import (
    Ack,
    Channel,
    Command,
    Failure,
    Incoming,
    ModelMessage,
    Moderation,
    Outgoing,
    RuntimeMessage,
    SchemaReply,
    SessionEnded,
    StepReply,
    Wire,
)
from reactor_env.client.wire.protobuf_v1 import ProtobufWire

logger = logging.getLogger(__name__)

HOSTED_URL = "https://api.reactor.inc"
PING_INTERVAL_S = 5.0
"""The server drops a connection that is silent for 20 s (``platform.md`` B5)."""

_EVENTS: tuple[str, ...] = (
    "status_changed",
    "session_id_changed",
    "message",
    "runtime_message",
    "track_received",
    "error",
    "session_expiration_changed",
    "capabilities_received",
)
_WIRES: dict[str, type[Wire]] = {"protobuf": ProtobufWire, "json": JsonWire}
_GENERATIONS = ("streamed", "stepped")
_F = TypeVar("_F", bound=Handler)


class Reactor:
    """A live session with one model: commands out, video and messages in.

    The documented ``Reactor`` class of Reactor's Python SDK, on aiortc. It belongs to the event
    loop that :meth:`connect` runs on; none of its methods blocks that loop.

    This version connects to runtimes on this machine or network (``local=True``).

    Args:
        model_name: The model's name. A local runtime serves one model whatever it is called.
        api_key: A Reactor API key; needed unless ``local``.
        api_url: The service's address; with ``local`` the runtime's, where the default means
            ``http://localhost:8080``.
        local: Talk to a runtime directly, without a key.
        wire: ``"protobuf"`` (protocol v1: every command is answered) or ``"json"`` (the
            documented raw JSON, protocol v0: none is).
        generation: ``"streamed"`` (the model runs on in real time) or ``"stepped"`` (it
            generates only when :meth:`step` asks).
        auto_resume_tracks: Ask for the frames of every output track as soon as it is connected.
        connect_timeout: Seconds :meth:`connect` may take altogether.
        command_timeout: Seconds to wait for the answer to a command.

    Raises:
        ValueError: If ``wire`` or ``generation`` is none of the above, or they exclude each other.

    Example:
        >>> async def main() -> None:
        ...     async with Reactor("catch", local=True) as reactor:
        ...         await reactor.connect()
        ...         print(await reactor.send_command("reset", {"seed": 7}))
    """

    def __init__(
        self,
        model_name: str,
        api_key: str | None = None,
        api_url: str = HOSTED_URL,
        local: bool = False,
        *,
        wire: WireName = "protobuf",
        generation: Generation = "streamed",
        auto_resume_tracks: bool = True,
        connect_timeout: float = 60.0,
        command_timeout: float = 30.0,
    ) -> None:
        if wire not in _WIRES:
            raise ValueError(f"`wire` must be one of {', '.join(_WIRES)}, got {wire!r}")
        if generation not in _GENERATIONS:
            raise ValueError(
                f"`generation` must be one of {', '.join(_GENERATIONS)}, got {generation!r}"
            )
        if generation == "stepped" and wire == "json":
            raise ValueError('`generation="stepped"` needs `wire="protobuf"`, got `wire="json"`')
        self.model_name = model_name
        self._api_key = api_key
        self._local = local
        self._api_url = LOCAL_URL if local and api_url == HOSTED_URL else api_url
        self._generation: Generation = generation
        self._auto_resume = auto_resume_tracks
        self._connect_timeout = connect_timeout
        self._command_timeout = command_timeout
        self._wire: Wire = _WIRES[wire]()
        self._events = EventEmitter(_EVENTS)
        self._frame_sinks: list[Callable[[str, VideoFrame], None]] = []
        self._frame_callback: FrameCallback | None = None
        self._frame_thread: FrameCallbackThread | None = None
        self._status = ReactorStatus.DISCONNECTED
        self._last_error: ReactorError | None = None
        self._coordinator: LocalCoordinator | None = None
        self._session: CreateSessionResponse | None = None
        self._timings: ConnectionTimings | None = None
        self._peer: Peer | None = None
        self._pinger: asyncio.Task[None] | None = None
        self._background: set[asyncio.Task[None]] = set()
        self._pending: dict[str, asyncio.Future[Any]] = {}
        self._ids = itertools.count(1)
        self._lost_reason = "the session is not connected"

    def __repr__(self) -> str:
        """Name model, address and status; never a key."""
        where = f"local at {self._api_url}" if self._local else self._api_url
        return f"<Reactor {self.model_name!r} {where} {self._status.value}>"

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

    async def connect(self) -> None:
        """Open a session and a WebRTC connection; returns when the session is READY.

        Raises:
            ValueError: If neither ``api_key`` nor ``local`` was given.
            RuntimeError: If it is connected or connecting already, or no session can be opened;
                then a :class:`~reactor_env.client.errors.ReactorClientError`, which says why.
        """
        if self._status is not ReactorStatus.DISCONNECTED:
            raise RuntimeError(f"connect() needs a disconnected client, this one is {self._status}")
        if not self._local:
            if self._api_key is None:
                raise ValueError("`api_key` is required unless `local=True`, got None")
            raise ConnectionFailedError(
                "this version of reactor-env opens local sessions only: pass local=True, and "
                "api_url when the runtime is not at http://localhost:8080"
            )
        self._set_status(ReactorStatus.CONNECTING)
        begin = time.perf_counter()
        try:
            async with asyncio.timeout(self._connect_timeout):
                self._coordinator = LocalCoordinator(self._api_url)
                session = await self._coordinator.start_session(
                    self._generation, timeout_s=self._connect_timeout
                )
                self._session = session
                created = time.perf_counter()
                self._events.emit("session_id_changed", session.session_id)
                self._events.emit("capabilities_received", session.capabilities)
                self._set_status(ReactorStatus.WAITING)
                await self._open_transport(begin, created)
        except BaseException as error:
            await self._abandon(error)
            if isinstance(error, TimeoutError) and not isinstance(error, ReactorClientError):
                raise ReactorTimeoutError(
                    f"{self!r} was not ready within {self._connect_timeout:g} s"
                ) from error
            raise

    async def reconnect(self) -> None:
        """Open a new connection to the session after ``disconnect(recoverable=True)``.

        Raises:
            RuntimeError: If there is no session to come back to, or it is connected.
        """
        if self._session is None or self._status is not ReactorStatus.DISCONNECTED:
            raise RuntimeError(
                "reconnect() needs a session that was left by disconnect(recoverable=True)"
            )
        self._set_status(ReactorStatus.CONNECTING)
        begin = time.perf_counter()
        try:
            async with asyncio.timeout(self._connect_timeout):
                await self._open_transport(begin, begin)
        except BaseException as error:
            await self._close_transport()
            self._report_failure("RECONNECTION_FAILED", error)
            self._set_status(ReactorStatus.DISCONNECTED)
            raise

    async def disconnect(self, recoverable: bool = False) -> None:
        """Close the connection. Safe to call at any time, and twice.

        Args:
            recoverable: Keep the session on the server for :meth:`reconnect`; otherwise end it.
        """
        self._lost_reason = "the session was disconnected"
        await self._close_transport()
        if not recoverable:
            await self._end_session()
        self._set_status(ReactorStatus.DISCONNECTED)

    async def _open_transport(self, begin: float, created: float) -> None:
        assert self._coordinator is not None
        assert self._session is not None
        # A local runtime serves the signalling of its session under one constant id.
        session_id = LOCAL_SESSION_ID
        peer = Peer(
            self._session.capabilities.tracks,
            await self._coordinator.ice_servers(session_id),
            on_message=self._received,
            on_frame=self._frame_received,
            on_track=lambda name, track: self._events.emit("track_received", name, track),
            on_lost=self.connection_lost,
        )
        self._peer = peer
        offer, mapping = await peer.offer()
        answer = await self._coordinator.negotiate(
            session_id, offer, mapping, timeout_s=self._connect_timeout
        )
        signaled = time.perf_counter()
        await peer.accept(answer)
        await peer.wait_open(self._connect_timeout)
        if self._generation == "stepped" and not peer.chunked:
            raise ConnectionFailedError(
                "stepped sessions need data-channel chunking, which the runtime at "
                f"{self._api_url} did not accept"
            )
        opened = time.perf_counter()
        peer.send(self._wire.ping())
        self._pinger = asyncio.ensure_future(self._ping())
        if self._auto_resume and self._generation == "streamed":
            for track in self._session.capabilities.tracks:
                if track.direction == "recvonly":
                    peer.send(self._wire.resume_track(track.name))
        self._timings = ConnectionTimings(
            session_ms=1e3 * (created - begin),
            signaling_ms=1e3 * (signaled - created),
            transport_ms=1e3 * (opened - signaled),
            total_ms=1e3 * (opened - begin),
        )
        self._set_status(ReactorStatus.READY)

    async def _abandon(self, error: BaseException) -> None:
        """Leave nothing behind a connect() that failed or was cancelled."""

        async def clean() -> None:
            await self._close_transport()
            await self._end_session()

        await asyncio.shield(asyncio.ensure_future(clean()))
        self._report_failure("CONNECTION_FAILED", error)
        self._set_status(ReactorStatus.DISCONNECTED)

    async def _close_transport(self) -> None:
        if self._pinger is not None:
            self._pinger.cancel()
            self._pinger = None
        peer, self._peer = self._peer, None
        if peer is not None:
            await peer.close()
        self._stop_frame_thread()
        self._fail_pending()

    async def _end_session(self) -> None:
        coordinator, self._coordinator = self._coordinator, None
        session, self._session = self._session, None
        if coordinator is not None:
            if session is not None:
                await coordinator.stop_session()
            await coordinator.close()
        if session is not None:
            self._events.emit("session_id_changed", None)

    def connection_lost(self, reason: str) -> None:
        """Give the connection up: whatever waits fails at once, the session is left alone.

        Called when the connection breaks, which WebRTC notices after up to 30 s (RFC 7675), and
        for whoever learns earlier that the other side is gone. On the event loop.

        Args:
            reason: Why; it becomes part of every error.
        """
        if self._peer is None:
            return
        self._lost_reason = reason
        self._fail_pending()
        self._report(ReactorError("GPU_CONNECTION_ERROR", reason))

        async def leave() -> None:
            await self._close_transport()
            self._set_status(ReactorStatus.DISCONNECTED)

        task = asyncio.ensure_future(leave())
        self._background.add(task)
        task.add_done_callback(self._background.discard)

    async def _ping(self) -> None:
        while True:
            await asyncio.sleep(PING_INTERVAL_S)
            if self._peer is not None:
                self._peer.send(self._wire.ping())

    # -- commands -----------------------------------------------------------------------------

    async def send_command(
        self, command: str, data: Mapping[str, Any] | None = None
    ) -> dict[str, Any] | None:
        """Send a command to the model.

        Args:
            command: Its name.
            data: Its parameters; JSON values.

        Returns:
            With ``wire="protobuf"`` the model's reply, ``{"type": ..., "data": {...}}``, or
            ``None`` when the model only acknowledges. With ``wire="json"`` always ``None``,
            at once: that protocol answers no command.

        Raises:
            NotReadyError: If the session is not READY.
            CommandRefusedError: If the model or the runtime refuses the command.
            ReactorTimeoutError: If no answer comes within ``command_timeout``.
            SessionLostError: If the session breaks while waiting.
        """
        request_id = self._new_id("data")
        message = self._wire.command(Command(command, dict(data or {})), request_id)
        if not self._wire.answers_commands:
            self._send(message)
            return None
        answer = await self._ask(
            message, request_id, self._command_timeout, f"the answer to command {command!r}"
        )
        if isinstance(answer, Failure):
            raise CommandRefusedError(command, answer.code, answer.message)
        return answer.as_dict() if isinstance(answer, ModelMessage) else None

    async def step(
        self,
        commands: Sequence[Command] = (),
        state: Mapping[str, Any] | None = None,
        *,
        timeout_s: float = 300.0,
    ) -> StepReply:
        """Let a stepped session generate once.

        Args:
            commands: Run in order, before the step.
            state: Values for the model's ``set_<key>`` commands, run before ``commands``.
            timeout_s: Seconds to wait for the result.

        Returns:
            The raw frames of this step, by track.

        Raises:
            NotReadyError: If the session is not READY.
            StepFailedError: If the step was refused or failed.
            ReactorTimeoutError: If no result comes in time.
            SessionLostError: If the session breaks while waiting.
        """
        if self._generation != "stepped":
            raise NotReadyError('step() needs a client made with generation="stepped"')
        request_id = self._new_id("data")
        message = self._wire.request_step(commands, state or {}, request_id)
        answer = await self._ask(message, request_id, timeout_s, "the result of a step")
        if isinstance(answer, Failure):
            raise StepFailedError("refused", answer.message, code=answer.code)
        if not isinstance(answer, StepReply):
            raise ProtocolError(f"expected a step result, got {type(answer).__name__}")
        if answer.failure or answer.error is not None:
            raise StepFailedError(
                answer.failure or "failed",
                answer.error or "no reason given",
                code=answer.code,
                entry=answer.entry,
            )
        return answer

    async def request_schema(self) -> dict[str, Any]:
        """Ask the model for its OpenAPI 3.1 document, over the data channel.

        Raises:
            NotReadyError: If the session is not READY.
            ReactorTimeoutError: If it does not come within ``command_timeout``.
        """
        request_id = self._new_id("ctrl") if self._wire.answers_commands else "schema"
        answer = await self._ask(
            self._wire.request_schema(request_id),
            request_id,
            self._command_timeout,
            "the model's schema",
        )
        if not isinstance(answer, SchemaReply):
            raise ProtocolError(f"expected a schema, got {type(answer).__name__}")
        return answer.openapi

    def pause_track(self, name: str) -> None:
        """Stop the frames of an output track.

        Raises:
            NotReadyError: If the session is not READY.
            ValueError: If the model has no such output track.
        """
        self._send(self._wire.pause_track(self._output(name)))

    def resume_track(self, name: str) -> None:
        """Ask for the frames of an output track again.

        Raises:
            NotReadyError: If the session is not READY.
            ValueError: If the model has no such output track.
        """
        self._send(self._wire.resume_track(self._output(name)))

    def _output(self, name: str) -> str:
        tracks = self._session.capabilities.tracks if self._session is not None else ()
        names = [track.name for track in tracks if track.direction == "recvonly"]
        if self._session is not None and name not in names:
            raise ValueError(f"`name` must be an output track, one of {names}, got {name!r}")
        return name

    def _new_id(self, prefix: str) -> str:
        return f"{prefix}_{next(self._ids)}"

    def _send(self, message: Outgoing) -> None:
        if self._peer is None or self._status is not ReactorStatus.READY:
            raise NotReadyError(f"the session is {self._status.value}: {self._lost_reason}")
        self._peer.send(message)

    async def _ask(self, message: Outgoing, request_id: str, timeout_s: float, what: str) -> Any:
        future: asyncio.Future[Any] = asyncio.get_running_loop().create_future()
        self._pending[request_id] = future
        try:
            self._send(message)
            async with asyncio.timeout(timeout_s):
                return await future
        except TimeoutError:
            raise ReactorTimeoutError(f"{what} did not come within {timeout_s:g} s") from None
        finally:
            self._pending.pop(request_id, None)

    def _answer(self, request_id: str, value: Incoming) -> None:
        future = self._pending.get(request_id)
        if future is not None and not future.done():
            future.set_result(value)

    def _fail_pending(self) -> None:
        for future in self._pending.values():
            if not future.done():
                future.set_exception(SessionLostError(f"the session was lost: {self._lost_reason}"))

    # -- what comes in ------------------------------------------------------------------------

    def _received(self, channel: Channel, payload: bytes | str) -> None:
        try:
            message = self._wire.decode(channel, payload)
        except ProtocolError as error:
            self._report(ReactorError("PROTOCOL_ERROR", str(error)))
            return
        match message:
            case ModelMessage():
                self._answer(message.request_id, message)
                self._events.emit("message", message.as_dict())
            case Ack() | StepReply():
                self._answer(message.request_id, message)
            case Failure():
                self._answer(message.request_id, message)
                if message.request_id not in self._pending:
                    self._report(ReactorError(message.code, message.message))
            case SchemaReply():
                self._answer(message.request_id or "schema", message)
            case SessionEnded():
                self._events.emit(
                    "runtime_message", {"type": "sessionEnded", "data": {"reason": message.reason}}
                )
                self._lost_reason = f"the platform ended the session: {message.reason}"
            case Moderation():
                self._events.emit(
                    "runtime_message",
                    {
                        "type": "moderation",
                        "data": {
                            "action": message.action,
                            "input_kind": message.input_kind,
                            "command": message.command,
                            "categories": list(message.categories),
                            "message": message.message,
                        },
                    },
                )
            case RuntimeMessage():
                self._events.emit("runtime_message", {"type": message.type, "data": message.data})

    def _frame_received(self, track: str, frame: VideoFrame) -> None:
        for sink in self._frame_sinks:
            sink(track, frame)
        if self._frame_callback is not None:
            if self._frame_thread is None:
                self._frame_thread = FrameCallbackThread(
                    self._frame_callback, asyncio.get_running_loop()
                )
            self._frame_thread.put(frame)

    # -- handlers -----------------------------------------------------------------------------

    def on(self, event: ReactorEvent, handler: Handler) -> None:
        """Call ``handler``, sync or async, whenever ``event`` happens.

        Raises:
            ValueError: If there is no such event.
        """
        self._events.on(event, handler)

    def off(self, event: ReactorEvent, handler: Handler) -> None:
        """Stop calling ``handler``.

        Raises:
            ValueError: If there is no such event.
        """
        self._events.off(event, handler)

    def add_frame_sink(self, sink: Callable[[str, VideoFrame], None]) -> None:
        """Call ``sink`` on the event loop with track name and frame, undropped and unconverted.

        For code that stores frames and returns at once; anything slower belongs in
        :meth:`set_frame_callback`.
        """
        self._frame_sinks.append(sink)

    def set_frame_callback(self, callback: FrameCallback | None) -> None:
        """Call ``callback`` with frames as (H, W, 3) uint8 RGB arrays; ``None`` stops that.

        It runs on a thread of its own. While it is busy, frames are dropped but for the newest.
        """
        self._stop_frame_thread()
        self._frame_callback = callback

    def on_frame(self, handler: _F) -> _F:
        """Decorate the frame callback; see :meth:`set_frame_callback`."""
        self.set_frame_callback(handler)
        return handler

    def on_message(self, handler: _F) -> _F:
        """Decorate a handler of model messages, ``{"type": ..., "data": {...}}``."""
        self._events.on("message", handler)
        return handler

    def on_error(self, handler: _F) -> _F:
        """Decorate a handler of :class:`~reactor_env.client.types.ReactorError`."""
        self._events.on("error", handler)
        return handler

    def on_track(self, name: str) -> Callable[[_F], _F]:
        """Decorate a handler of aiortc's track called ``name``."""

        def decorate(handler: _F) -> _F:
            def filtered(received: str, track: MediaStreamTrack) -> Any:
                return handler(track) if received == name else None

            self._events.on("track_received", filtered)
            return handler

        return decorate

    def on_status(
        self, wanted: ReactorStatus | Iterable[ReactorStatus] | Handler
    ) -> Callable[..., Any]:
        """Decorate a handler of status changes.

        Bare, it is called with every status; given one status or several, only with those.
        """
        if callable(wanted):
            self._events.on("status_changed", wanted)
            return wanted
        statuses = {wanted} if isinstance(wanted, ReactorStatus) else set(wanted)

        def decorate(handler: _F) -> _F:
            def filtered(status: ReactorStatus) -> Any:
                return handler(status) if status in statuses else None

            self._events.on("status_changed", filtered)
            return handler

        return decorate

    # -- getters ------------------------------------------------------------------------------

    def get_status(self) -> ReactorStatus:
        """Return the current status."""
        return self._status

    def get_state(self) -> ReactorState:
        """Return status and last error."""
        return ReactorState(self._status, self._last_error)

    def get_session_id(self) -> str | None:
        """Return the session's id, ``None`` without one."""
        return self._session.session_id if self._session is not None else None

    def get_last_error(self) -> ReactorError | None:
        """Return the most recent error, ``None`` if there was none."""
        return self._last_error

    def get_capabilities(self) -> Capabilities | None:
        """Return the model's tracks and commands, ``None`` without a session."""
        return self._session.capabilities if self._session is not None else None

    def get_session_info(self) -> CreateSessionResponse | None:
        """Return the server's description of the session, ``None`` without one."""
        return self._session

    def get_remote_tracks(self) -> dict[str, MediaStreamTrack]:
        """Return the model's tracks by name. The client reads the video ones itself."""
        return dict(self._peer.tracks) if self._peer is not None else {}

    def get_connection_timings(self) -> ConnectionTimings | None:
        """Return how long the phases of the last ``connect()`` took, ``None`` before one."""
        return self._timings

    # -- state --------------------------------------------------------------------------------

    def _set_status(self, status: ReactorStatus) -> None:
        if status is not self._status:
            self._status = status
            self._events.emit("status_changed", status)

    def _report(self, error: ReactorError) -> None:
        self._last_error = error
        self._events.emit("error", error)

    def _report_failure(self, code: str, error: BaseException) -> None:
        if isinstance(error, Exception):
            text = str(error) or type(error).__name__
            self._report(ReactorError(code, text, component="api"))

    def _stop_frame_thread(self) -> None:
        if self._frame_thread is not None:
            self._frame_thread.stop()
            self._frame_thread = None
