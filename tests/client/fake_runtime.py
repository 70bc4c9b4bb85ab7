"""A server made of aiortc: HTTP like a runtime and like the hosted service, WebRTC like both.

The real runtime has its own tests. This one runs on the test's event loop, shows what it was
sent, and does wrong whatever a test wants.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Sequence
from fractions import Fraction
from typing import Any

import av
import numpy as np
from aiortc import (
    MediaStreamTrack,
    RTCBundlePolicy,
    RTCConfiguration,
    RTCDataChannel,
    RTCPeerConnection,
    RTCSessionDescription,
)

from reactor_env.client import sdp
from reactor_env.client.wire import chunking
from reactor_env.client.wire import reactor_v1_pb2 as pb
from reactor_env.client.wire.messages import CONTROL, DATA, Channel
from tests.client.http_server import Answer, Request, Respond, Server, routes

TIMEOUT_S = 10.0
SESSION_ID = "s1"
VIDEO = {"name": "main_video", "kind": "video", "direction": "recvonly"}
CAMERA = {"name": "camera", "kind": "video", "direction": "sendonly"}
SCHEMA: dict[str, Any] = {
    "openapi": "3.1.0",
    "info": {"title": "fake", "version": "v1.0.0"},
    "paths": {
        "/events/act": {
            "post": {
                "summary": "Move.",
                "requestBody": {
                    "content": {
                        "application/json": {
                            "schema": {
                                "properties": {"action": {"type": "integer", "maximum": 2}},
                                "required": ["action"],
                            }
                        }
                    }
                },
            }
        }
    },
}

Message = pb.DataClientMessage | pb.ControlClientMessage | dict[str, Any]
"""What a client sent: by protobuf, or by JSON."""


class Stripes(MediaStreamTrack):
    """Small pictures at 30 per second, each another grey."""

    kind = "video"

    def __init__(self) -> None:
        super().__init__()
        self._next = 0

    async def recv(self) -> av.VideoFrame:
        self._next += 1
        await asyncio.sleep(1 / 30)
        picture = np.full((32, 32, 3), 8 * self._next % 256, np.uint8)
        frame = av.VideoFrame.from_ndarray(picture, format="rgb24")
        frame.pts, frame.time_base = 3000 * self._next, Fraction(1, 90000)
        return frame


class FakePeer:
    """The server's side of one connection.

    Args:
        on_message: Answers a message by :meth:`send`; by default :func:`answer`.
        chunked: Whether to frame the data channels, so that there can be steps.

    Attributes:
        messages: What came, in order, decoded; pings left out.
        pings: How many pings came.
        opened: Set when both channels are open.
    """

    def __init__(
        self,
        on_message: Callable[[FakePeer, Channel, Message], None] | None = None,
        *,
        chunked: bool = False,
    ) -> None:
        self._on_message = on_message or answer
        self._chunked = chunked
        self._reassemblers = {name: chunking.Reassembler(2**20) for name in (DATA, CONTROL)}
        self._changed = asyncio.Event()
        self.messages: list[tuple[Channel, Message]] = []
        self.pings = 0
        self.first: bytes | str | None = None
        self.channels: dict[str, RTCDataChannel] = {}
        self.opened = asyncio.Event()
        self.pc = RTCPeerConnection(
            RTCConfiguration(iceServers=[], bundlePolicy=RTCBundlePolicy.MAX_BUNDLE)
        )
        self.pc.on("datachannel", self._open)

    async def answer(self, offer: str, mapping: Sequence[dict[str, str]]) -> str:
        """Answer an offer; every output track sends pictures from then on."""
        await self.pc.setRemoteDescription(RTCSessionDescription(offer, "offer"))
        for transceiver, track in zip(self.pc.getTransceivers(), mapping, strict=True):
            if track["direction"] == "recvonly" and track["kind"] == "video":
                transceiver.sender.replaceTrack(Stripes())
                transceiver.direction = "sendonly"
        await self.pc.setLocalDescription(await self.pc.createAnswer())
        text = self.pc.localDescription.sdp
        if self._chunked:
            value = f"1 max-message-size={2**20}"
            text = sdp.add_session_attributes(text, {sdp.CHUNKING_ATTRIBUTE: value})
        return text

    def send(self, channel: Channel, message: Any) -> None:
        """Send a protobuf message, or a JSON document."""
        payload = json.dumps(message) if isinstance(message, dict) else message
        if not isinstance(payload, str | bytes):
            payload = payload.SerializeToString()
        for frame in chunking.encode(payload) if self._chunked else [payload]:
            self.channels[channel].send(frame)

    async def until(self, holds: Callable[[], bool]) -> None:
        """Wait until something holds, looked at after every message."""
        async with asyncio.timeout(TIMEOUT_S):
            while not holds():
                self._changed.clear()
                await self._changed.wait()

    async def message(self, kind: str) -> Any:
        """Wait for the first protobuf message of a kind: ``"command"``, ``"resume_track"``, ..."""
        await self.until(lambda: bool(self.of_kind(kind)))
        return self.of_kind(kind)[0]

    def of_kind(self, kind: str) -> list[Any]:
        """Return the protobuf messages of a kind that came so far."""
        return [
            getattr(message, kind)
            for _, message in self.messages
            if not isinstance(message, dict)
            and kind in message.DESCRIPTOR.fields_by_name
            and message.HasField(kind)
        ]

    async def close(self) -> None:
        await self.pc.close()

    def _open(self, channel: RTCDataChannel) -> None:
        name: Channel = DATA if channel.label == DATA else CONTROL
        self.channels[name] = channel
        channel.on("message", lambda payload: self._received(name, payload))
        if len(self.channels) == 2:
            self.opened.set()

    def _received(self, channel: Channel, payload: bytes | str) -> None:
        message = self._reassemblers[channel].feed(payload) if self._chunked else payload
        if message is None:
            return
        if self.first is None:
            self.first = message
        read = _read(channel, message)
        if _is_ping(read):
            self.pings += 1
        else:
            self.messages.append((channel, read))
            self._on_message(self, channel, read)
        self._changed.set()


def _read(channel: Channel, payload: bytes | str) -> Message:
    if isinstance(payload, str):
        document: dict[str, Any] = json.loads(payload)
        return document
    kind = pb.DataClientMessage if channel == DATA else pb.ControlClientMessage
    return kind.FromString(payload)


def _is_ping(message: Message) -> bool:
    if isinstance(message, dict):
        return message.get("scope") == "runtime" and message["data"]["type"] == "ping"
    return isinstance(message, pb.ControlClientMessage) and message.HasField("ping")


def answer(peer: FakePeer, channel: Channel, message: Message) -> None:
    """Acknowledge commands, grant tracks, give the schema."""
    if isinstance(message, dict):
        if message.get("scope") == "runtime" and message["data"]["type"] == "requestSchema":
            reply = {"scope": "runtime", "data": {"type": "modelSchema", "data": SCHEMA}}
            peer.send(DATA, reply)
        return
    if isinstance(message, pb.DataClientMessage):
        peer.send(channel, acknowledged(message))
    elif message.HasField("request_schema"):
        schema = pb.ControlServerMessage(request_id=message.request_id, kind=RESPONSE)
        schema.model_schema.openapi.update(SCHEMA)
        peer.send(channel, schema)
    elif message.HasField("publish_track"):
        granted = pb.PublishTrackResponse(name=message.publish_track.name)
        peer.send(
            channel,
            pb.ControlServerMessage(
                request_id=message.request_id, kind=RESPONSE, publish_track=granted
            ),
        )


RESPONSE = pb.MESSAGE_KIND_RESPONSE


def acknowledged(message: pb.DataClientMessage) -> pb.DataServerMessage:
    return pb.DataServerMessage(request_id=message.request_id, kind=RESPONSE)


def refused(message: Any, code: str, text: str) -> Any:
    kind = pb.DataServerMessage if _is_data(message) else pb.ControlServerMessage
    error = pb.Error(code=code, message=text)
    return kind(request_id=message.request_id, kind=RESPONSE, error=error)


def _is_data(message: Any) -> bool:
    return isinstance(message, pb.DataClientMessage)


class FakeRuntime:
    """Sessions of one model.

    Args:
        overrides: Answer these requests instead; as for :func:`routes`.
        tracks: The model's tracks.
        generation: What the sessions are.
        chunked: As for :class:`FakePeer`; by default only for steps.
        on_message: As for :class:`FakePeer`.

    Attributes:
        url: Its address.
        server: What was asked.
        peers: One for every offer, in order.
    """

    def __init__(
        self,
        *overrides: tuple[str, Answer | Respond],
        tracks: Sequence[dict[str, str]] = (VIDEO,),
        generation: str = "streamed",
        chunked: bool | None = None,
        on_message: Callable[[FakePeer, Channel, Message], None] | None = None,
    ) -> None:
        self._loop = asyncio.get_running_loop()
        self._on_message = on_message
        self._chunked = generation == "stepped" if chunked is None else chunked
        self._answers: dict[str, str] = {}
        self.peers: list[FakePeer] = []
        self.described: dict[str, Any] = {
            "session_id": SESSION_ID,
            "state": "waiting",
            "cluster": "local",
            "model": {"name": "fake"},
            "selected_transport": {"protocol": "webrtc", "version": "1.0"},
            "generation": generation,
            "capabilities": {"protocol_version": "v0", "tracks": list(tracks), "commands": []},
        }
        describe = Answer(200, self.described)
        self._http = routes(
            ("POST /start_session", describe),
            ("POST /stop_session", Answer(200, {})),
            ("GET /session", describe),
            ("GET /schema", Answer(200, SCHEMA)),
            ("PUT /uploads/u1", Answer(200, {})),
            ("POST /tokens", Answer(200, {"jwt": "token-of-mine", "expires_at": None})),
            ("POST /sessions", Answer(201, {"session_id": SESSION_ID, "state": "CREATED"})),
            ("DELETE /sessions", Answer(204, b"")),
        )
        self.server = Server(routes(*overrides, ("", self.respond)))
        self.url = self.server.url

    @property
    def lines(self) -> list[str]:
        """What was asked; signalling left out."""
        return [line for line in self.server.lines if "/transport/" not in line]

    async def close(self) -> None:
        for peer in self.peers:
            await peer.close()
        await asyncio.to_thread(self.server.close)

    def respond(self, request: Request) -> Answer:
        """Answer as if nothing were overridden."""
        match request.method, request.path.rpartition("/")[2]:
            case "GET", "ice_servers":
                return Answer(200, {"ice_servers": []})
            case "POST", "connections":
                return Answer(201, {"connection_id": 5000 + len(self.peers)})
            case "POST", "sdp_params":
                asked = request.json
                work = self._connect(asked["sdp_offer"], asked["track_mapping"])
                future = asyncio.run_coroutine_threadsafe(work, self._loop)
                self._answers[request.path] = future.result(TIMEOUT_S)
                return Answer(202, {})
            case "GET", "sdp_params":
                return Answer(200, {"sdp_answer": self._answers[request.path]})
            case "POST", "uploads":
                slot = {"presigned_id": "u1", "presigned_url": "/uploads/u1", "path": "/p"}
                return Answer(201, slot)
        return self._http(request)

    async def _connect(self, offer: str, mapping: Sequence[dict[str, str]]) -> str:
        self.peers.append(FakePeer(self._on_message, chunked=self._chunked))
        return await self.peers[-1].answer(offer, mapping)
