"""Protocol v1: protobuf messages with acknowledgements, errors, correlation and steps.

The ``data`` channel carries commands, steps and model messages; everything else travels on
``control``. The server takes a connection for v1 when the first message it receives on it
is binary and does not look like JSON, so a ping is sent before anything else.
Source: ``platform.md`` B6 and B9.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from google.protobuf import json_format, struct_pb2
from google.protobuf.message import DecodeError

from reactor_env.client.errors import ProtocolError
from reactor_env.client.wire import reactor_v1_pb2 as pb
from reactor_env.client.wire.messages import (
    CONTROL,
    DATA,
    Ack,
    Channel,
    Command,
    Failure,
    Incoming,
    ModelMessage,
    Moderation,
    Outgoing,
    SchemaReply,
    SessionEnded,
    StepFrame,
    StepReply,
    array_from_bytes,
)

_FAILURES = {
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
        self, commands: Sequence[Command], state: Mapping[str, Any], request_id: str
    ) -> Outgoing:
        """Encode a request for one step.

        Args:
            commands: Run in order, before the step.
            state: Each key runs the model's ``set_<key>``, in sorted order, before the commands.
            request_id: Names the request in its answer.

        Raises:
            ValueError: If the data holds something JSON cannot express.
        """
        step = pb.RequestStep(commands=[_command(command) for command in commands])
        if state:
            step.state.CopyFrom(_struct(state))
        return _data(
            pb.DataClientMessage(
                request_id=request_id, kind=pb.MESSAGE_KIND_REQUEST, request_step=step
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
        except (DecodeError, ValueError, TypeError) as error:
            raise ProtocolError(f"malformed message on channel {channel!r}: {error}") from error


def _struct(data: Mapping[str, Any]) -> struct_pb2.Struct:
    struct = struct_pb2.Struct()
    try:
        plain = dict(data)
        json.dumps(plain, allow_nan=False)  # Struct itself would let NaN and infinity through
        struct.update(plain)
    except (TypeError, ValueError, OverflowError) as error:
        raise ValueError(f"the data of a command must be JSON values: {error}") from error
    return struct


def _command(command: Command) -> pb.Command:
    return pb.Command(type=command.name, data=_struct(command.data))


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


def _step_reply(request_id: str, result: pb.StepResult) -> StepReply:
    return StepReply(
        request_id=request_id,
        step=result.step,
        tracks={
            track.track: tuple(_step_frame(frame) for frame in track.frames)
            for track in result.tracks
        },
        elapsed_seconds=result.elapsed_seconds,
        error=result.error if result.HasField("error") else None,
        failure=_FAILURES.get(result.failure_code, ""),
        code=result.code if result.HasField("code") else None,
        entry=result.entry if result.HasField("entry") else None,
    )


def _step_frame(frame: pb.Frame) -> StepFrame:
    if frame.encoding not in (pb.FRAME_ENCODING_RAW, pb.FRAME_ENCODING_UNSPECIFIED):
        raise ValueError(f"expected raw step frames, got encoding {frame.encoding}")
    return StepFrame(
        array=array_from_bytes(frame.data, frame.dtype or "uint8", frame.shape),
        user_data=frame.metadata,
        capture_time_us=frame.capture_time_us if frame.HasField("capture_time_us") else None,
    )
