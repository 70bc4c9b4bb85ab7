"""Datagrams as WebRTC sends them, made up."""

from __future__ import annotations

MEDIA, REPAIR = 96, 97


def rtp(payload_type: int, *, sequence: int = 1, timestamp: int = 0, marker: bool = False) -> bytes:
    """Return an RTP packet (RFC 3550, 5.1) with a payload that nobody can read."""
    head = bytes([0x80, payload_type | 0x80 * marker])
    return head + sequence.to_bytes(2, "big") + timestamp.to_bytes(4, "big") + bytes(40)
