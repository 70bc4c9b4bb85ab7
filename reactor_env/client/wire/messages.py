"""Protocol-neutral values the codecs read from and write to the two data channels."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, Protocol

from numpy.typing import NDArray

from reactor_env.client.types import FileRef

Channel = Literal["data", "control"]

DATA: Channel = "data"
CONTROL: Channel = "control"


@dataclass(frozen=True, slots=True)
class Outgoing:
    """One message to send: the channel it belongs on, and its bytes or text."""

    channel: Channel
    payload: bytes | str


@dataclass(frozen=True, slots=True)
class Command:
    """One command, alone or in a step request.

    Attributes:
        name: The command's wire name.
        data: Its parameters: JSON values, and
            :class:`~reactor_env.client.types.FileRef` for uploaded files, at any depth.
    """

    name: str
    data: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class MediaInput:
    """What one input track of a model gets for one step.

    Attributes:
        frames: In order. Each is (height, width, 3) uint8 RGB video, or (channels, samples)
            int16 audio.
        rate: Frames per second of video, samples per second of audio.
    """

    frames: Sequence[NDArray[Any]]
    rate: float


@dataclass(frozen=True, slots=True)
class ModelMessage:
    """A message from the model.

    Attributes:
        type: The message's wire name.
        data: Its fields. Every number is a float: the runtime carries them as doubles.
        request_id: The command it answers; empty for a broadcast.
    """

    type: str
    data: dict[str, Any]
    request_id: str = ""

    def as_dict(self) -> dict[str, Any]:
        """Return the documented shape, ``{"type": ..., "data": {...}}``."""
        return {"type": self.type, "data": self.data}


@dataclass(frozen=True, slots=True)
class Ack:
    """A command or request was carried out and has nothing to say."""

    request_id: str


@dataclass(frozen=True, slots=True)
class Failure:
    """A command or request was refused.

    Attributes:
        request_id: What was refused; empty when the server does not say.
        code: The model's or the runtime's error code.
        message: The text that came with it.
    """

    request_id: str
    code: str
    message: str


@dataclass(frozen=True, slots=True)
class SchemaReply:
    """The model's OpenAPI document."""

    request_id: str
    openapi: dict[str, Any]


@dataclass(frozen=True, slots=True)
class SessionEnded:
    """The platform ended the session."""

    reason: str


@dataclass(frozen=True, slots=True)
class Moderation:
    """A verdict of the platform's content moderation."""

    action: str
    input_kind: str
    command: str
    categories: tuple[str, ...]
    message: str


@dataclass(frozen=True, slots=True)
class ClipReady:
    """A clip or recording was cut; its bytes may still be on their way.

    Attributes:
        request_id: The request it answers; empty in protocol v0, which answers in order.
        session_id: Names the recording, which is not always the session's own id.
        kind: ``"snap"`` for a clip, ``"recording"`` for everything so far.
        start_marker: Where it starts, in seconds since the recorder started.
        end_marker: Where it ends, likewise.
        now_marker: Where the recorder was when it answered.
        predicted_ready_at_ms: When the last segment should be there, in ms since the epoch.
        playlist_url: Where its HLS playlist is; a path below the API's address, or absolute.
    """

    request_id: str
    session_id: str
    kind: str
    start_marker: float
    end_marker: float
    now_marker: float
    predicted_ready_at_ms: int
    playlist_url: str


@dataclass(frozen=True, slots=True)
class ClipFailed:
    """No clip or recording could be cut.

    Attributes:
        request_id: The request it answers; empty in protocol v0, which answers in order.
        reason: The server's text.
    """

    request_id: str
    reason: str


@dataclass(frozen=True, slots=True)
class StepFrame:
    """One raw frame of a stepped session.

    Attributes:
        array: The frame, read-only, in the dtype and shape the model gave it; video is
            (height, width, 3) uint8 RGB.
        user_data: The model's metadata bytes; empty when it sent none.
        capture_time_us: The sender's clock in microseconds, or ``None``.
    """

    array: NDArray[Any]
    user_data: bytes
    capture_time_us: int | None


@dataclass(frozen=True, slots=True)
class StepReply:
    """The result of one requested step.

    Attributes:
        request_id: The request it answers.
        step: The step's number in the session, from 1.
        tracks: Output track name to the frames of this step, in order.
        elapsed_seconds: Time inside the model's ``generate()``.
        error: The model's error text when the step ran and failed.
        failure: Why the step did not count: ``""`` when it did, otherwise one of ``refused``,
            ``not_ready``, ``failed``, ``result_too_large``, ``command_failed``,
            ``session_ended``.
        code: The refusing command's own error code.
        entry: The part of the request that failed, for example ``commands[0]``.
    """

    request_id: str
    step: int
    tracks: dict[str, tuple[StepFrame, ...]]
    elapsed_seconds: float
    error: str | None = None
    failure: str = ""
    code: str | None = None
    entry: str | None = None


@dataclass(frozen=True, slots=True)
class RuntimeMessage:
    """A platform message this client has no type for, in its raw form."""

    type: str
    data: dict[str, Any]


Incoming = (
    ModelMessage
    | Ack
    | Failure
    | SchemaReply
    | SessionEnded
    | Moderation
    | ClipReady
    | ClipFailed
    | StepReply
    | RuntimeMessage
)


class Wire(Protocol):
    """What both protocol versions can say. Implementations hold no state and do no I/O."""

    @property
    def answers_commands(self) -> bool:
        """Whether the server answers every command: with a reply, an ack or an error."""
        ...

    def ping(self) -> Outgoing:
        """Keep the connection alive; also the first message, which selects the protocol."""
        ...

    def command(self, command: Command, request_id: str) -> Outgoing:
        """Ask the model to carry out a command."""
        ...

    def request_step(
        self,
        commands: Sequence[Command],
        state: Mapping[str, Any],
        request_id: str,
        media: Mapping[str, MediaInput] | None = None,
    ) -> Outgoing:
        """Ask a stepped session for one step."""
        ...

    def file_uploaded(self, ref: FileRef) -> Outgoing:
        """Say that the bytes of an upload were sent."""
        ...

    def request_clip(self, duration_seconds: float, request_id: str) -> Outgoing:
        """Ask for a clip of the last seconds."""
        ...

    def request_recording(self, request_id: str) -> Outgoing:
        """Ask for a clip of everything recorded so far."""
        ...

    def request_schema(self, request_id: str) -> Outgoing:
        """Ask for the model's OpenAPI document."""
        ...

    def resume_track(self, name: str) -> Outgoing:
        """Ask for the frames of an output track; every track starts paused."""
        ...

    def pause_track(self, name: str) -> Outgoing:
        """Stop the frames of an output track."""
        ...

    def publish_track(self, name: str, request_id: str) -> Outgoing:
        """Ask to be the one client that feeds an input track."""
        ...

    def unpublish_track(self, name: str) -> Outgoing:
        """Give an input track back."""
        ...

    def decode(self, channel: Channel, payload: bytes | str) -> Incoming | None:
        """Read one message from the server; ``None`` for one that needs no reaction."""
        ...


def check_duration(duration_seconds: float) -> float:
    """Return the length of a clip.

    Raises:
        ValueError: If it is not a positive, finite number.
    """
    if not (math.isfinite(duration_seconds) and duration_seconds > 0):
        raise ValueError(f"`duration_seconds` must be positive, got {duration_seconds!r}")
    return float(duration_seconds)
