"""What can be told of a datagram of WebRTC without its keys. Pure."""

from __future__ import annotations

import re
from dataclasses import dataclass

_RTP_HEADER_BYTES = 12


@dataclass(frozen=True, slots=True)
class RtpHeader:
    """The fields of an RTP header that SRTP leaves readable (RFC 3711, 3.1).

    Attributes:
        payload_type: 0 to 127.
        marker: Whether it is the last packet of a frame.
        sequence: 0 to 65535.
        timestamp: 32 bits; the same for all packets of a frame.
    """

    payload_type: int
    marker: bool
    sequence: int
    timestamp: int


def rtp_header(datagram: bytes) -> RtpHeader | None:
    """Read the header of an RTP packet.

    Returns:
        ``None`` for STUN, DTLS and TURN (RFC 7983, 7), and for RTCP (RFC 5761, 4).
    """
    if len(datagram) < _RTP_HEADER_BYTES or not 128 <= datagram[0] <= 191:
        return None
    payload_type = datagram[1] & 0x7F
    if 64 <= payload_type <= 95:
        return None
    return RtpHeader(
        payload_type,
        datagram[1] >= 128,
        int.from_bytes(datagram[2:4], "big"),
        int.from_bytes(datagram[4:8], "big"),
    )


def retransmission_types(sdp: str) -> frozenset[int]:
    """Return the payload types of retransmissions (RFC 4588) in a session description."""
    found = re.findall(r"^a=rtpmap:(\d+) rtx/", sdp, re.MULTILINE | re.IGNORECASE)
    return frozenset(int(payload_type) for payload_type in found)
