"""RTP packets with any contents, into a real receiver of aiortc with this package's assembler.

An exception there would end the transport: aiortc reads all packets in one task.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Any

from aiortc import RTCConfiguration, RTCPeerConnection, RTCRtpCodecParameters
from aiortc.rtp import RtpPacket
from hypothesis import given
from hypothesis import strategies as st

from reactor_env.client.jitter import install

CODECS = {
    97: RTCRtpCodecParameters(mimeType="video/VP8", clockRate=90000, payloadType=97),
    98: RTCRtpCodecParameters(
        mimeType="video/rtx", clockRate=90000, payloadType=98, parameters={"apt": 97}
    ),
    99: RTCRtpCodecParameters(mimeType="video/H264", clockRate=90000, payloadType=99),
    100: RTCRtpCodecParameters(
        mimeType="video/rtx", clockRate=90000, payloadType=100, parameters={"apt": 99}
    ),
}
H264_TYPES = st.sampled_from([1, 5, 7, 24, 28, 29, 31]).map(lambda kind: bytes([kind | 0x60]))
PAYLOADS = st.one_of(
    st.binary(max_size=30),
    st.binary(max_size=20).map(lambda rest: b"\x90\x80" + rest),
    st.tuples(H264_TYPES, st.binary(max_size=20)).map(b"".join),
    st.tuples(st.binary(min_size=2, max_size=2), H264_TYPES, st.binary(max_size=9)).map(b"".join),
)
PACKETS = st.builds(
    RtpPacket,
    payload_type=st.sampled_from([96, 97, 98, 99, 100]),
    marker=st.integers(0, 1),
    sequence_number=st.integers(0, 6) | st.integers(0, 65535),
    timestamp=st.integers(0, 3) | st.integers(0, 2**32 - 1),
    ssrc=st.integers(1, 3),
    payload=PAYLOADS,
)


async def feed(packets: Sequence[RtpPacket]) -> list[Any]:
    connection = RTCPeerConnection(RTCConfiguration(iceServers=[]))
    receiver = connection.addTransceiver("video", direction="recvonly").receiver
    install(receiver)
    state = vars(receiver)
    state["_RTCRtpReceiver__codecs"] = CODECS
    state["_RTCRtpReceiver__rtx_ssrc"] = {2: 1}
    state["_RTCRtpReceiver__decoder_thread"] = object()
    for packet in packets:
        await receiver._handle_rtp_packet(packet, 0)
    queue = state["_RTCRtpReceiver__decoder_queue"]
    decoded = [queue.get_nowait() for _ in range(queue.qsize())]
    await connection.close()
    return decoded


@given(st.lists(PACKETS, max_size=20))
def test_no_packet_raises_and_the_decoder_gets_no_empty_frame(packets: list[RtpPacket]) -> None:
    for codec, frame in asyncio.run(feed(packets)):
        assert codec.name in ("VP8", "H264")
        assert frame.data
