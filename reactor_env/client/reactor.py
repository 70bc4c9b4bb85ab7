"""The :class:`Reactor` session client."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any, BinaryIO

from aiortc import MediaStreamTrack

from reactor_env.client.capabilities import with_measured_fps
from reactor_env.client.connection import CLIP_KEY
from reactor_env.client.coordinator.tokens import HOSTED_URL
from reactor_env.client.errors import (
    CommandRefusedError,
    ConflictError,
    NotReadyError,
    ProtocolError,
    ReactorTimeoutError,
    SessionLostError,
    StepFailedError,
)
from reactor_env.client.frame_callback import FrameCallback, MetadataCallback
from reactor_env.client.frame_router import FrameSink
from reactor_env.client.lifecycle import SessionLifecycle
from reactor_env.client.network import IceTransportPolicy
from reactor_env.client.options import ClientOptions
from reactor_env.client.recording import (
    Clip,
    RecordingError,
    check_seconds,
    clip_of,
    download_clip,
    error_of,
)
from reactor_env.client.recording.download import OnProgress
from reactor_env.client.stats_types import ConnectionStats
from reactor_env.client.types import (
    Capabilities,
    FileRef,
    Generation,
    ReactorError,
    TrackCapability,
    WireName,
)
from reactor_env.client.uploads import read_upload
from reactor_env.client.validation import validate_command
from reactor_env.client.wire.messages import (
    ClipFailed,
    ClipReady,
    Command,
    Failure,
    MediaInput,
    ModelMessage,
    Outgoing,
    StepReply,
)

_CLIP_TIMEOUT_S = 10.0


class Reactor(SessionLifecycle):
    """A live session with one model: commands out, video and messages in.

    The documented ``Reactor`` class of Reactor's Python SDK, on aiortc. It belongs to the event
    loop that :meth:`connect` runs on; none of its methods blocks that loop.

    A hosted session costs money until it ends: use ``async with``, or call :meth:`disconnect`.

    Args:
        model_name: The model's name. A local runtime serves one model whatever it is called.
        api_key: A Reactor API key; needed unless ``local``, or ``jwt`` is given.
        api_url: The service's address; with ``local`` the runtime's, where the default means
            ``http://localhost:8080``.
        local: Talk to a runtime directly, without a key.
        jwt: A token to use instead of a key. It is used as it is and never replaced.
        wire: ``"protobuf"`` (protocol v1: every command is answered) or ``"json"`` (the
            documented raw JSON, protocol v0: none is).
        generation: ``"streamed"`` (the model runs on in real time) or ``"stepped"`` (it
            generates only when :meth:`step` asks).
        model_tracks: The model's tracks, instead of those the server tells.
        auto_resume_tracks: Ask for the frames of every output track as soon as it is connected.
        max_session_duration_seconds: Have the service end the session after this time, 1 to
            86400; hosted sessions with a key only.
        ice_transport_policy: ``"all"``, or ``"relay"`` to connect through TURN servers only.
        connect_timeout: Seconds :meth:`connect` may take altogether; by default 60 with a local
            runtime, 300 with the hosted service, where it includes waiting for a GPU.
        command_timeout: Seconds to wait for the answer to a command.

    Raises:
        ValueError: If an argument is none of the above, or they exclude each other.

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
        jwt: str | None = None,
        wire: WireName = "protobuf",
        generation: Generation = "streamed",
        model_tracks: Sequence[TrackCapability | Mapping[str, Any]] | None = None,
        auto_resume_tracks: bool = True,
        max_session_duration_seconds: int | None = None,
        ice_transport_policy: IceTransportPolicy = "all",
        connect_timeout: float | None = None,
        command_timeout: float = 30.0,
    ) -> None:
        super().__init__(
            ClientOptions(
                model_name=model_name,
                api_key=api_key,
                api_url=api_url,
                local=local,
                jwt=jwt,
                wire=wire,
                generation=generation,
                model_tracks=model_tracks,
                auto_resume_tracks=auto_resume_tracks,
                max_session_duration_seconds=max_session_duration_seconds,
                ice_transport_policy=ice_transport_policy,
                connect_timeout=connect_timeout,
                command_timeout=command_timeout,
            )
        )

    # -- commands -----------------------------------------------------------------------------

    async def send_command(
        self, command: str, data: Mapping[str, Any] | None = None
    ) -> dict[str, Any] | None:
        """Send a command to the model.

        Args:
            command: Its name.
            data: Its parameters; JSON values, and :class:`FileRef` for files, at any depth.

        Returns:
            With ``wire="protobuf"`` the model's reply, ``{"type": ..., "data": {...}}``, or
            ``None`` when the model only acknowledges. With ``wire="json"`` always ``None``,
            at once: that protocol answers no command.

        Raises:
            TypeError: If ``data`` is no mapping.
            NotReadyError: If the session is not READY.
            InvalidCommandError: With ``wire="json"``, if the model's schema does not allow it.
            CommandRefusedError: If the model or the runtime refuses the command.
            ReactorTimeoutError: If no answer comes within ``command_timeout``.
            SessionLostError: If the session breaks while waiting.
        """
        if data is not None and not isinstance(data, Mapping):
            raise TypeError(f"`data` must be a mapping, got {data!r:.200}")
        wanted = Command(command, dict(data or {}))
        connection = self._ready()
        if not self._wire.answers_commands:
            if self._schema is not None:
                validate_command(self._schema, command, wanted.data)
            connection.send(self._wire.command(wanted, ""))
            return None
        answer = await connection.ask(
            partial(self._wire.command, wanted),
            self._options.command_timeout,
            f"the answer to command {command!r}",
            prefix="data",
        )
        if isinstance(answer, Failure):
            raise CommandRefusedError(command, answer.code, answer.message)
        return answer.as_dict() if isinstance(answer, ModelMessage) else None

    async def step(
        self,
        commands: Sequence[Command] = (),
        state: Mapping[str, Any] | None = None,
        media: Mapping[str, MediaInput] | None = None,
        *,
        timeout_s: float = 300.0,
    ) -> StepReply:
        """Let a stepped session generate once.

        Args:
            commands: Run in order, before the step.
            state: Values for the model's ``set_<key>`` commands, run before ``commands``.
            media: What the model's input tracks get for this step.
            timeout_s: Seconds to wait for the result.

        Returns:
            The raw frames of this step, by track.

        Raises:
            NotReadyError: If the session is not READY.
            StepFailedError: If the step was refused or failed.
            ReactorTimeoutError: If no result comes in time.
            SessionLostError: If the session breaks while waiting.
        """
        if self._options.generation != "stepped":
            raise NotReadyError('step() needs a client made with generation="stepped"')

        def request(request_id: str) -> Outgoing:
            return self._wire.request_step(commands, state or {}, request_id, media)

        answer = await self._ready().ask(request, timeout_s, "the result of a step", prefix="data")
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
        return await self._ask_schema(self._ready(), self._options.command_timeout)

    # -- files and media ----------------------------------------------------------------------

    async def upload_file(
        self,
        file: BinaryIO | bytes | str | os.PathLike[str],
        *,
        name: str | None = None,
        mime_type: str | None = None,
    ) -> FileRef:
        """Upload a file, to be passed to the model as a command's parameter.

        Args:
            file: A path, the bytes themselves, or a file object opened in binary mode.
            name: Its name; by default that of the path or file object, ``"upload"`` for bytes.
            mime_type: Its media type; by default guessed from the name,
                ``"application/octet-stream"`` where nothing is known.

        Raises:
            NotReadyError: If the session is not READY.
            ValueError: If the file is empty.
            TypeError: If ``file`` is none of the above.
            ConnectionFailedError: If the server does not take it.
        """
        self._ready()
        upload = await asyncio.to_thread(read_upload, file, name, mime_type)
        self._ready()
        assert self._coordinator is not None
        ref = await self._coordinator.upload(upload.name, upload.mime_type, upload.data)
        self._ready().send(self._wire.file_uploaded(ref))
        return ref

    async def publish_track(self, name: str, track: MediaStreamTrack) -> None:
        """Feed a track to the model. One client at a time may feed a track.

        Args:
            name: One of the model's ``sendonly`` tracks.
            track: What to send.

        Raises:
            NotReadyError: If the session is not READY.
            ValueError: If the model has no such input track, or ``track`` is of another kind.
            ConflictError: If somebody feeds it already.
            ReactorTimeoutError: If no answer comes within ``command_timeout``.
        """
        connection = self._ready()
        wanted = self._track(name, "sendonly")
        if not isinstance(track, MediaStreamTrack) or track.kind != wanted.kind:
            raise ValueError(
                f"`track` must be an aiortc MediaStreamTrack of kind {wanted.kind}, got {track!r}"
            )
        answer = await connection.ask(
            partial(self._wire.publish_track, name),
            self._options.command_timeout,
            f"the answer to publishing track {name!r}",
        )
        if isinstance(answer, Failure):
            error = ReactorError("TRACK_PUBLISH_FAILED", f"{name}: {answer.message}")
            self._report(error)
            raise ConflictError(
                f"track {name!r} cannot be published: {answer.message} [{answer.code}]"
            )
        connection.feed(name, track)

    async def unpublish_track(self, name: str) -> None:
        """Stop feeding a track to the model, so that somebody else may.

        Raises:
            NotReadyError: If the session is not READY.
            ValueError: If the model has no such input track.
        """
        connection = self._ready()
        connection.feed(self._track(name, "sendonly").name, None)
        connection.send(self._wire.unpublish_track(name))

    async def pause_track(self, name: str) -> None:
        """Stop the frames of an output track.

        Raises:
            NotReadyError: If the session is not READY.
            ValueError: If the model has no such output track.
        """
        self._ready().send(self._wire.pause_track(self._track(name, "recvonly").name))

    async def resume_track(self, name: str) -> None:
        """Ask for the frames of an output track again.

        Raises:
            NotReadyError: If the session is not READY.
            ValueError: If the model has no such output track.
        """
        self._ready().send(self._wire.resume_track(self._track(name, "recvonly").name))

    def add_frame_sink(self, sink: FrameSink) -> None:
        """Call ``sink`` with track name and frame, undropped and unconverted.

        It is called on the thread of the track's decoder; those of one track come in order.

        For code that stores frames and returns at once; anything slower belongs in
        :meth:`set_frame_callback`.
        """
        self._frames.add_sink(sink)

    def set_frame_callback(
        self,
        callback: FrameCallback | MetadataCallback | None,
        *,
        track: str | None = None,
        metadata: bool = False,
    ) -> None:
        """Call ``callback`` with frames as (H, W, 3) uint8 RGB arrays.

        It runs on a thread of its own. While it is busy, frames are dropped but for the newest,
        and counted (:meth:`get_frames_dropped`).

        Args:
            callback: A function or coroutine function; ``None`` stops the calls.
            track: The output track to hear of; by default the model's first video track. Each
                track has one callback.
            metadata: Call with the :class:`~reactor_env.client.video.VideoFrame` as a second
                argument: its metadata, frame number, capture and arrival times.
        """
        self._frames.set_callback(callback, track, metadata)

    def on_frame(
        self,
        handler: Callable[..., Any] | None = None,
        *,
        track: str | None = None,
        metadata: bool = False,
    ) -> Callable[..., Any]:
        """Decorate the frame callback, bare or with the arguments of :meth:`set_frame_callback`."""

        def decorate(callback: Callable[..., Any]) -> Callable[..., Any]:
            self.set_frame_callback(callback, track=track, metadata=metadata)
            return callback

        return decorate if handler is None else decorate(handler)

    # -- clips and recordings -----------------------------------------------------------------

    async def request_clip(self, duration_seconds: float) -> Clip:
        """Cut a clip of the last seconds of the session.

        Args:
            duration_seconds: How long, at most 300; the clip is as much longer as it takes to
                begin and end with whole chunks.

        Returns:
            What :meth:`download_clip_as_file` takes.

        Raises:
            NotReadyError: If the session is not READY.
            RecordingError: If the session is not recorded, the duration cannot be, or no answer
                comes; ``code`` says which.
        """
        seconds = check_seconds(duration_seconds)
        return await self._ask_clip(partial(self._wire.request_clip, seconds))

    async def request_recording(self) -> Clip:
        """Cut a clip of everything recorded so far.

        Raises:
            NotReadyError: If the session is not READY.
            RecordingError: If the session is not recorded, or no answer comes.
        """
        return await self._ask_clip(self._wire.request_recording)

    async def download_clip_as_file(
        self,
        clip: Clip,
        path: str | os.PathLike[str] | None = None,
        *,
        jwt: str | None = None,
        on_progress: OnProgress | None = None,
    ) -> bytes:
        """Download a clip as an MP4 file. It may be called after the session has ended.

        Args:
            clip: What :meth:`request_clip` or :meth:`request_recording` returned.
            path: Where to write it; nothing is written without. A file is there whole or not at
                all.
            jwt: A token to ask with instead of the session's own.
            on_progress: Called with a ``ClipProgress`` after every segment.

        Returns:
            The file's bytes.

        Raises:
            RecordingError: If the clip is gone, does not become ready in time, or cannot be read.
        """
        coordinator = self._coordinator if jwt is None else None
        lent = coordinator is None
        if coordinator is None:
            session_id = self._last_session_id or clip.session_id
            coordinator = self._make_coordinator(session_id, jwt)
        try:
            return await download_clip(
                clip, api=coordinator.api.http, path=path, on_progress=on_progress
            )
        finally:
            if lent:
                await coordinator.close()

    async def _ask_clip(self, request: Callable[[str], Outgoing]) -> Clip:
        connection = self._ready()
        try:
            answer = await connection.ask(request, _CLIP_TIMEOUT_S, "a clip", kind=CLIP_KEY)
        except ReactorTimeoutError as error:
            raise RecordingError("REQUEST_TIMEOUT", str(error)) from error
        except SessionLostError as error:
            raise RecordingError("DISCONNECTED", str(error)) from error
        if isinstance(answer, Failure):
            raise RecordingError("INTERNAL_ERROR", f"{answer.message} [{answer.code}]")
        if isinstance(answer, ClipFailed):
            raise error_of(answer)
        if not isinstance(answer, ClipReady):
            raise ProtocolError(f"expected a clip, got {type(answer).__name__}")
        return clip_of(answer)

    # -- getters ------------------------------------------------------------------------------

    def get_capabilities(self) -> Capabilities | None:
        """Return the model's tracks, commands and emission rate, ``None`` without a session."""
        if self._session is None:
            return None
        return with_measured_fps(self._session.capabilities, self._frames.emission_fps())

    def get_remote_tracks(self) -> dict[str, MediaStreamTrack]:
        """Return the model's output tracks by name, video and audio, for ``recv()``."""
        return self._connection.tracks if self._connection is not None else {}

    def get_frames_dropped(self) -> int:
        """Return how many frames came while a frame callback was busy, in this connection."""
        return self._frames.frames_dropped()

    async def get_stats(self) -> ConnectionStats:
        """Measure the connection: round trip, loss, jitter, bit rates, decode time, path.

        Raises:
            NotReadyError: If the session is not READY.
        """
        return await self._ready().stats()

    def _track(self, name: str, direction: str) -> TrackCapability:
        tracks = self._session.capabilities.tracks if self._session is not None else ()
        found = {track.name: track for track in tracks if track.direction == direction}
        if name not in found:
            kind = "an output" if direction == "recvonly" else "an input"
            raise ValueError(f"`name` must be {kind} track, one of {list(found)}, got {name!r}")
        return found[name]
