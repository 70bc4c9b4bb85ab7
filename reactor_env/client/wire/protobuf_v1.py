"""Protocol v1: protobuf messages with acknowledgements, errors, correlation and steps.

The ``data`` channel carries commands, steps and model messages; everything else travels on
``control``. The server takes a connection for v1 when the first message it receives on it
is binary and does not look like JSON, so a ping is sent before anything else.
Source: ``platform.md`` B6 and B9.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

from google.protobuf import json_format, struct_pb2
from google.protobuf.message import DecodeError

from reactor_env.client.errors import ProtocolError
from reactor_env.client.types import FileRef
from reactor_env.client.wire import reactor_v1_pb2 as pb
from reactor_env.client.wire import values
from reactor_env.client.wire.frames import decode_tracks, encode_media
from reactor_env.client.wire.messages import (
    CONTROL,
    DATA,
    Ack,
    Channel,
    ClipFailed,
    ClipReady,
    Command,
    Failure,
    Incoming,
    MediaInput,
    ModelMessage,
    Moderation,
    Outgoing,
    SchemaReply,
    SessionEnded,
    StepReply,
    check_duration,
)

_FAILURES: dict[int, str] = {
    pb.STEP_FAILURE_CODE_REFUSED: "refused",
    pb.STEP_FAILURE_CODE_NOT_READY: "not_ready",
    pb.STEP_FAILURE_CODE_FAILED: "failed",
    pb.STEP_FAILURE_CODE_RESULT_TOO_LARGE: "result_too_large",
    pb.STEP_FAILURE_CODE_COMMAND_FAILED: "command_failed",
    pb.STEP_FAILURE_CODE_SESSION_ENDED: "session_ended",
}


class ProtobufWire:
    """Codec of protocol v1; see :class:`reactor_env.client.wire.messages.Wire`."""

    answers_commands = True

    def ping(self) -> Outgoing:
        """Encode the keep-alive ping."""
        return _control(pb.ControlClientMessage(kind=pb.MESSAGE_KIND_NOTIFICATION, ping=pb.Ping()))

    def command(self, command: Command, request_id: str) -> Outgoing:
        """Encode a command as a request, so that the server answers it.

        Raises:
            ValueError: If the data holds something JSON cannot express.
        """
        return _data(
            pb.DataClientMessage(
                request_id=request_id, kind=pb.MESSAGE_KIND_REQUEST, command=_command(command)
            )
        )

    def request_step(
        self,
        commands: Sequence[Command],
        state: Mapping[str, Any],
        request_id: str,
        media: Mapping[str, MediaInput] | None = None,
    ) -> Outgoing:
        """Encode a request for one step.

        Args:
            commands: Run in order, before the step.
            state: Each key runs the model's ``set_<key>``, in sorted order, before the commands.
            request_id: Names the request in its answer.
            media: Input track name to everything that track gets for this step.

        Raises:
            ValueError: If the data holds something JSON cannot express, or a frame is neither
                (height, width, 3) uint8 nor (channels, samples) int16.
        """
        step = pb.RequestStep(
            commands=[_command(command) for command in commands],
            media_input=encode_media(media or {}),
        )
        if state:
            # A file in the state has no map to travel in: the runtime looks for it in its place.
            step.state.update(values.inline(state))
        return _data(
            pb.DataClientMessage(
                request_id=request_id, kind=pb.MESSAGE_KIND_REQUEST, request_step=step
            )
        )

    def file_uploaded(self, ref: FileRef) -> Outgoing:
        """Encode the notice that the bytes of an upload were sent."""
        return _control(
            pb.ControlClientMessage(
                kind=pb.MESSAGE_KIND_NOTIFICATION,
                file_uploaded=pb.FileUploaded(**values.reference(ref)),
            )
        )

    def request_clip(self, duration_seconds: float, request_id: str) -> Outgoing:
        """Encode a request for a clip of the last seconds.

        Raises:
            ValueError: If ``duration_seconds`` is not positive.
        """
        request = pb.RequestClip(duration_seconds=check_duration(duration_seconds))
        return _control(
            pb.ControlClientMessage(
                request_id=request_id, kind=pb.MESSAGE_KIND_REQUEST, request_clip=request
            )
        )

    def request_recording(self, request_id: str) -> Outgoing:
        """Encode a request for a clip of everything recorded so far."""
        return _control(
            pb.ControlClientMessage(
                request_id=request_id,
                kind=pb.MESSAGE_KIND_REQUEST,
                request_recording=pb.RequestRecording(),
            )
        )

    def request_schema(self, request_id: str) -> Outgoing:
        """Encode a request for the model's OpenAPI document."""
        return _control(
            pb.ControlClientMessage(
                request_id=request_id,
                kind=pb.MESSAGE_KIND_REQUEST,
                request_schema=pb.RequestSchema(),
            )
        )

    def resume_track(self, name: str) -> Outgoing:
        """Encode the subscription to an output track."""
        return _control(
            pb.ControlClientMessage(
                kind=pb.MESSAGE_KIND_NOTIFICATION, resume_track=pb.ResumeTrack(name=name)
            )
        )

    def pause_track(self, name: str) -> Outgoing:
        """Encode the end of a subscription to an output track."""
        return _control(
            pb.ControlClientMessage(
                kind=pb.MESSAGE_KIND_NOTIFICATION, pause_track=pb.PauseTrack(name=name)
            )
        )

    def publish_track(self, name: str, request_id: str) -> Outgoing:
        """Encode the claim to an input track, which one client at a time may feed."""
        return _control(
            pb.ControlClientMessage(
                request_id=request_id,
                kind=pb.MESSAGE_KIND_REQUEST,
                publish_track=pb.PublishTrack(name=name),
            )
        )

    def unpublish_track(self, name: str) -> Outgoing:
        """Encode the end of a claim to an input track."""
        return _control(
            pb.ControlClientMessage(
                kind=pb.MESSAGE_KIND_NOTIFICATION, unpublish_track=pb.UnpublishTrack(name=name)
            )
        )

    def decode(self, channel: Channel, payload: bytes | str) -> Incoming | None:
        """Read one message from the server.

        Args:
            channel: Where it came from.
            payload: The message.

        Returns:
            What it says, or ``None`` for a kind of message this client does not use.

        Raises:
            ProtocolError: If it is text, cannot be parsed, or contradicts itself.
        """
        if isinstance(payload, str):
            raise ProtocolError(f"expected protobuf on channel {channel!r}, got text")
        try:
            if channel == DATA:
                return _decode_data(pb.DataServerMessage.FromString(payload))
            return _decode_control(pb.ControlServerMessage.FromString(payload))
        except (DecodeError, ValueError, json_format.Error) as error:
            raise ProtocolError(f"malformed message on channel {channel!r}: {error}") from error


def _command(command: Command) -> pb.Command:
    data, files = values.beside(command.data)
    message = pb.Command(
        type=command.name,
        uploads={
            name: pb.UploadReference(**values.reference(file)) for name, file in files.items()
        },
    )
    message.data.SetInParent()  # an empty object is sent too
    message.data.update(data)
    return message


def _data(message: pb.DataClientMessage) -> Outgoing:
    return Outgoing(DATA, message.SerializeToString())


def _control(message: pb.ControlClientMessage) -> Outgoing:
    return Outgoing(CONTROL, message.SerializeToString())


def _as_dict(struct: struct_pb2.Struct) -> dict[str, Any]:
    result: dict[str, Any] = json_format.MessageToDict(struct)
    return result


def _decode_data(message: pb.DataServerMessage) -> Incoming | None:
    payload = message.WhichOneof("payload")
    if payload == "message":
        inner = message.message
        return ModelMessage(inner.type, _as_dict(inner.data), message.request_id)
    if payload == "step_result":
        return _step_reply(message.request_id, message.step_result)
    if payload == "error":
        return Failure(message.request_id, message.error.code, message.error.message)
    return _bare(message.kind, message.request_id)


def _decode_control(message: pb.ControlServerMessage) -> Incoming | None:
    payload = message.WhichOneof("payload")
    if payload == "model_schema":
        return SchemaReply(message.request_id, _as_dict(message.model_schema.openapi))
    if payload == "clip_ready":
        return _clip_ready(message.request_id, message.clip_ready)
    if payload == "clip_failed":
        return ClipFailed(message.request_id, message.clip_failed.reason)
    if payload == "moderation":
        verdict = message.moderation
        return Moderation(
            verdict.action,
            verdict.input_kind,
            verdict.command,
            tuple(verdict.categories),
            verdict.message,
        )
    if payload == "session_ended":
        return SessionEnded(message.session_ended.reason)
    if payload == "error":
        return Failure(message.request_id, message.error.code, message.error.message)
    return _bare(message.kind, message.request_id)


def _bare(kind: int, request_id: str) -> Ack | None:
    if kind == pb.MESSAGE_KIND_RESPONSE and request_id:
        return Ack(request_id)
    return None


def _clip_ready(request_id: str, clip: pb.ClipReady) -> ClipReady:
    return ClipReady(
        request_id=request_id,
        session_id=clip.session_id,
        kind=clip.kind,
        start_marker=_finite("start_marker", clip.start_marker),
        end_marker=_finite("end_marker", clip.end_marker),
        now_marker=_finite("now_marker", clip.now_marker),
        predicted_ready_at_ms=clip.predicted_ready_at_ms,
        playlist_url=clip.playlist_url,
    )


def _finite(name: str, value: float) -> float:
    if not math.isfinite(value):
        raise ValueError(f"expected a finite number as {name}, got {value}")
    return value


def _failure(code: int) -> str:
    if code == pb.STEP_FAILURE_CODE_UNSPECIFIED:
        return ""
    # A kind that a newer server made up is a failure all the same.
    return _FAILURES.get(code, "failed")


def _step_reply(request_id: str, result: pb.StepResult) -> StepReply:
    return StepReply(
        request_id=request_id,
        step=result.step,
        tracks=decode_tracks(result.tracks),
        elapsed_seconds=_finite("elapsed_seconds", result.elapsed_seconds),
        error=result.error if result.HasField("error") else None,
        failure=_failure(result.failure_code),
        code=result.code if result.HasField("code") else None,
        entry=result.entry if result.HasField("entry") else None,
    )
