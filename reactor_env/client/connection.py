"""One WebRTC connection to a session: messages, requests with their answers, pings, tracks.

What the session is, who pays for it and what its user hears of it is
:class:`~reactor_env.client.Reactor`'s; a connection only carries it, and is replaced by another
when the session is joined again. Everything here runs on the event loop; frames pass by on their
decoder's thread.
"""

from __future__ import annotations

import asyncio
import itertools
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Any

from aiortc import MediaStreamTrack, RTCIceServer

from reactor_env.client.errors import ProtocolError, SessionLostError
from reactor_env.client.network import IceTransportPolicy
from reactor_env.client.peer import Peer
from reactor_env.client.requests import Requests
from reactor_env.client.stats_types import ConnectionStats
from reactor_env.client.types import TrackCapability
from reactor_env.client.video import VideoFrame
from reactor_env.client.wire.json_v0 import JsonWire
from reactor_env.client.wire.messages import (
    Ack,
    Channel,
    ClipFailed,
    ClipReady,
    Failure,
    Incoming,
    ModelMessage,
    Outgoing,
    SchemaReply,
    StepReply,
    Wire,
)

PING_INTERVAL_S = 5.0
"""The server drops a connection that is silent for 20 s (``platform.md`` B5)."""

_BEFORE_IT_HEARD_US = JsonWire()
"""A server speaks JSON until a client's first message tells it otherwise (``platform.md`` B6)."""

SCHEMA_KEY, CLIP_KEY = "schema", "clip"
"""Stand in for the ids that answers of the JSON protocol do not carry."""

Exchange = Callable[[str, list[dict[str, str]]], Awaitable[str]]


@dataclass(frozen=True, slots=True)
class ConnectionEvents:
    """Whom a connection tells what.

    Attributes:
        message: A message that answers no request of this connection.
        garbage: A message that could not be read.
        frame: A decoded video frame, with its track's name.
        track: An output track, with its name.
        lost: The connection is gone for good; called once, with the reason.
    """

    message: Callable[[Incoming], None]
    garbage: Callable[[ProtocolError], None]
    frame: Callable[[str, VideoFrame], None]
    track: Callable[[str, MediaStreamTrack], None]
    lost: Callable[[str], None]


@dataclass(frozen=True, slots=True)
class OpeningTimes:
    """How long the phases of opening took, in ms; as in ``ConnectionTimings``."""

    offer_ms: float
    signaling_ms: float
    ice_ms: float
    dtls_ms: float
    channels_ms: float


class Connection:
    """One connection, from offer to close.

    Args:
        tracks: The model's tracks.
        ice_servers: STUN and TURN servers.
        wire: The protocol to speak.
        events: Whom to tell what.
        ice_transport_policy: ``"all"``, or ``"relay"`` to use TURN servers only.

    Attributes:
        lost: Why the connection is of no use any more, ``None`` while it is.
    """

    def __init__(
        self,
        tracks: Sequence[TrackCapability],
        ice_servers: Sequence[RTCIceServer],
        wire: Wire,
        events: ConnectionEvents,
        *,
        ice_transport_policy: IceTransportPolicy = "all",
    ) -> None:
        self._wire = wire
        self._events = events
        self._requests = Requests()
        self._pinger: asyncio.Task[None] | None = None
        self.lost: str | None = None
        self._peer = Peer(
            tracks,
            ice_servers,
            on_message=self._received,
            on_frame=events.frame,
            on_track=events.track,
            on_lost=events.lost,
            ice_transport_policy=ice_transport_policy,
        )

    @property
    def chunked(self) -> bool:
        """Whether messages may be larger than one SCTP message, as steps need."""
        return self._peer.chunked

    @property
    def tracks(self) -> dict[str, MediaStreamTrack]:
        """The model's output tracks by name."""
        return dict(self._peer.tracks)

    async def open(self, exchange: Exchange, timeout_s: float) -> OpeningTimes:
        """Connect.

        Args:
            exchange: Takes the offer and the mapping of its media sections to tracks, and
                returns the answer.
            timeout_s: Seconds the transport may take once the answer is here.

        Raises:
            ProtocolError: If the answer is none that can be used.
            ConnectionFailedError: If the connection is lost before it is ready.
            ReactorTimeoutError: If the transport does not come up in time.
        """
        begin = time.perf_counter()
        offer, mapping = await self._peer.offer()
        offered = time.perf_counter()
        answer = await exchange(offer, mapping)
        answered = time.perf_counter()
        await self._peer.accept(answer)
        await self._peer.wait_open(timeout_s)
        opened = time.perf_counter()
        # The first message selects the protocol, and a ping is one in both.
        self._peer.send(self._wire.ping())
        self._pinger = asyncio.ensure_future(self._ping())
        marks = [answered, self._peer.ice_done or answered, self._peer.dtls_done or opened, opened]
        ice, dtls, channels = (
            1e3 * max(later - earlier, 0.0) for earlier, later in itertools.pairwise(marks)
        )
        return OpeningTimes(
            1e3 * (offered - begin), 1e3 * (answered - offered), ice, dtls, channels
        )

    def send(self, message: Outgoing) -> None:
        """Send a message that has no answer.

        Raises:
            NotReadyError: If the channel is not open.
            SessionLostError: If the connection is lost.
        """
        self._check_not_lost()
        self._peer.send(message)

    async def ask(
        self,
        make: Callable[[str], Outgoing],
        timeout_s: float,
        what: str,
        *,
        prefix: str = "ctrl",
        kind: str | None = None,
    ) -> Any:
        """Send a request and wait for its answer.

        Args:
            make: Makes the request, given its id.
            timeout_s: Seconds to wait.
            what: Names what is waited for, for the error.
            prefix: Begins the request's id.
            kind: :data:`SCHEMA_KEY` or :data:`CLIP_KEY` where the JSON protocol's answer
                carries no id.

        Raises:
            NotReadyError: If the channel is not open.
            ReactorTimeoutError: If no answer comes in time.
            SessionLostError: If the connection is lost already, or meanwhile.
        """
        self._check_not_lost()
        request_id = self._requests.new_id(prefix)
        message = make(request_id)
        key = kind if kind is not None and not self._wire.answers_commands else request_id
        future = self._requests.expect(key)
        try:
            self._peer.send(message)
        except BaseException:
            self._requests.drop(key, future)
            raise
        return await self._requests.wait(key, future, timeout_s, what)

    def feed(self, name: str, track: MediaStreamTrack | None) -> None:
        """Send ``track`` on the model's input track ``name``; ``None`` sends nothing."""
        self._peer.feed(name, track)

    async def stats(self) -> ConnectionStats:
        """Measure the connection."""
        return await self._peer.stats.collect()

    async def close(self, reason: str) -> None:
        """Close the connection; whatever waits fails with ``reason``. Safe to call twice."""
        if self._pinger is not None:
            self._pinger.cancel()
            self._pinger = None
        self.lose(reason)
        await self._peer.close()

    def lose(self, reason: str) -> None:
        """Let whatever waits raise: there will be no answer any more."""
        self.lost = self.lost or reason
        self._peer.abandon(self.lost)
        self._requests.fail_all(SessionLostError(f"the session was lost: {reason}"))

    def _check_not_lost(self) -> None:
        if self.lost is not None:
            raise SessionLostError(f"the session was lost: {self.lost}")

    async def _ping(self) -> None:
        while True:
            await asyncio.sleep(PING_INTERVAL_S)
            self._peer.send(self._wire.ping())

    def _received(self, channel: Channel, payload: bytes | str) -> None:
        wire = _BEFORE_IT_HEARD_US if isinstance(payload, str) else self._wire
        try:
            message = wire.decode(channel, payload)
        except ProtocolError as error:
            self._events.garbage(error)
            return
        if message is not None and not self._answers(message):
            self._events.message(message)

    def _answers(self, message: Incoming) -> bool:
        """Hand an answer to whom it is for; tell whether there is nothing more to do with it."""
        match message:
            case ModelMessage():
                # A reply is a message of the model like any other, too.
                self._requests.answer(message.request_id, message)
                return False
            case Ack() | StepReply():
                # One that comes too late has nobody to care.
                self._requests.answer(message.request_id, message)
                return True
            case Failure():
                return self._requests.answer(message.request_id, message)
            case SchemaReply():
                return self._requests.answer(message.request_id or SCHEMA_KEY, message)
            case ClipReady() | ClipFailed():
                self._requests.answer(message.request_id or CLIP_KEY, message)
                return False
        return False
