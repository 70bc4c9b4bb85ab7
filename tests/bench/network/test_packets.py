from __future__ import annotations

import pytest

from reactor_env.bench.network.packets import RtpHeader, retransmission_types, rtp_header
from tests.bench.network.packets import rtp


def test_the_readable_fields_are_read() -> None:
    header = rtp_header(rtp(98, sequence=65535, timestamp=2**32 - 1, marker=True))
    assert header == RtpHeader(98, True, 65535, 2**32 - 1)


@pytest.mark.parametrize(
    "datagram",
    [b"", rtp(96)[:11], b"\x00\x01" + bytes(30), b"\x16\xfe" + bytes(30), b"\x81\xc9" + bytes(30)],
    ids=["empty", "short", "STUN", "DTLS", "RTCP"],
)
def test_what_is_no_rtp_has_no_header(datagram: bytes) -> None:
    assert rtp_header(datagram) is None


def test_retransmissions_are_known_by_the_answer() -> None:
    maps = ("96 VP8", "97 rtx", "99 RTX")
    sdp = "\r\n".join(["m=video 9 X 96 97 99", *(f"a=rtpmap:{one}/90000" for one in maps)])
    assert retransmission_types(sdp) == {97, 99}
    assert retransmission_types("") == frozenset()
