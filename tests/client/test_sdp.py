from __future__ import annotations

import pytest
from aiortc import RTCConfiguration, RTCPeerConnection, RTCSessionDescription
from aiortc.sdp import SessionDescription
from hypothesis import given
from hypothesis import strategies as st

from reactor_env.client.sdp import (
    CHUNKING_ATTRIBUTE,
    FRAME_METADATA_ATTRIBUTE,
    LEGACY_MAX_MESSAGE_SIZE,
    accepts_frame_metadata,
    add_session_attributes,
    chunking_limit,
    drop_unusable_candidates,
    repair_answer,
    session_attribute,
)

# The answer of reactor-runtime 3.10.0 to this client's offer (one video track, two channels);
# the second address replaced by one of the documentation range.
ANSWER = """\
v=0
o=- 7661989741605615630 2 IN IP4 127.0.0.1
s=-
t=0 0
a=group:BUNDLE 0 1
a=msid-semantic: WMS reactor-stream
a=x-reactor-frame-metadata:1
a=x-reactor-dc-chunking:1 max-message-size=67108864
m=video 9 UDP/TLS/RTP/SAVPF 97 98
c=IN IP4 0.0.0.0
a=rtcp:9 IN IP4 0.0.0.0
a=ice-ufrag:NMtd
a=ice-pwd:WlJRrvES8PdAM9Rw6tCgnXck
a=ice-options:trickle
a=fingerprint:sha-256 EC:39:39:95:9A:B4:1D:92:FE:C0:70:58:D3:A2:1E:FB:\
D0:4E:39:D1:E1:35:5E:CB:20:34:31:4B:43:D3:96:64
a=setup:active
a=mid:0
a=extmap:3 http://www.webrtc.org/experiments/rtp-hdrext/abs-send-time
a=extmap:1 urn:ietf:params:rtp-hdrext:sdes:mid
a=sendonly
a=msid:reactor-stream 2cbf2b40-c120-4a0c-ae21-62b9e338113b
a=rtcp-mux
a=rtpmap:97 VP8/90000
a=rtcp-fb:97 goog-remb
a=rtcp-fb:97 nack
a=rtcp-fb:97 nack pli
a=rtpmap:98 rtx/90000
a=fmtp:98 apt=97
a=ssrc-group:FID 592498918 1815798453
a=ssrc:592498918 cname:ZdQrmcrYzfQEqF8H
a=ssrc:1815798453 cname:ZdQrmcrYzfQEqF8H
a=candidate:3254558970 1 udp 2122194687 192.0.2.2 60951 typ host generation 0
a=candidate:3331247178 1 udp 2122265343 2001:db8::2 55100 typ host generation 0
a=end-of-candidates
m=application 9 UDP/DTLS/SCTP webrtc-datachannel
c=IN IP4 0.0.0.0
a=ice-ufrag:NMtd
a=ice-pwd:WlJRrvES8PdAM9Rw6tCgnXck
a=ice-options:trickle
a=fingerprint:sha-256 EC:39:39:95:9A:B4:1D:92:FE:C0:70:58:D3:A2:1E:FB:\
D0:4E:39:D1:E1:35:5E:CB:20:34:31:4B:43:D3:96:64
a=setup:active
a=mid:1
a=sctp-port:5000
a=max-message-size:262144
""".replace("\n", "\r\n")

# Made up: no rtcp-mux at all, and the candidates in the second section only.
BARE = "v=0\r\ns=-\r\nm=video 9 X 97\r\na=mid:0\r\nm=video 9 X 97\r\na=mid:1\r\na=candidate:1 a\r\n"

NAMES = st.from_regex(r"x-[a-z][a-z-]{0,10}", fullmatch=True)
VALUES = st.from_regex(r"[!-~]([ -~]{0,20}[!-~])?", fullmatch=True)


def session_lines(sdp: str) -> list[str]:
    return sdp.split("m=")[0].split("\r\n")


# -- writing attributes -------------------------------------------------------------------------


@given(attributes=st.dictionaries(NAMES, VALUES, min_size=1, max_size=3))
def test_what_is_added_is_read_back(attributes: dict[str, str]) -> None:
    written = add_session_attributes(ANSWER, attributes)
    assert {name: session_attribute(written, name) for name in attributes} == attributes


def test_attributes_go_before_the_first_media_section() -> None:
    written = add_session_attributes(ANSWER, {"x-own": "1"})
    assert session_lines(written)[-2:] == ["a=x-own:1", ""]
    assert written.count("x-own") == 1


def test_an_attribute_that_is_there_is_replaced() -> None:
    once = add_session_attributes(ANSWER, {FRAME_METADATA_ATTRIBUTE: "2"})
    assert once.count(FRAME_METADATA_ATTRIBUTE) == 1
    assert session_attribute(once, FRAME_METADATA_ATTRIBUTE) == "2"


def test_a_bare_attribute_is_replaced() -> None:
    written = add_session_attributes("v=0\r\na=x-own\r\nm=audio 9 X 0\r\n", {"x-own": "1"})
    assert session_lines(written) == ["v=0", "a=x-own:1", ""]


def test_an_attribute_whose_name_only_begins_alike_is_kept() -> None:
    written = add_session_attributes("v=0\r\na=x-own-more:5\r\nm=audio 9 X 0\r\n", {"x-own": "1"})
    assert session_attribute(written, "x-own-more") == "5"


def test_everything_else_stays_as_it_is() -> None:
    written = add_session_attributes(ANSWER, {"x-own": "1"})
    assert written.replace("a=x-own:1\r\n", "") == ANSWER


def test_lines_that_end_in_lf_alone_come_out_with_crlf() -> None:
    written = add_session_attributes("v=0\nm=audio 9 X 0\n\n", {"x-own": "1"})
    assert written == "v=0\r\na=x-own:1\r\nm=audio 9 X 0\r\n"


# -- reading attributes -------------------------------------------------------------------------


def test_an_attribute_of_a_media_section_is_no_session_attribute() -> None:
    assert session_attribute(ANSWER, "mid") is None
    assert session_attribute(ANSWER, "group") == "BUNDLE 0 1"


def test_a_bare_attribute_has_an_empty_value() -> None:
    assert session_attribute("v=0\r\na=x-own\r\n", "x-own") == ""


def test_the_recorded_answer_accepts_frame_metadata() -> None:
    assert accepts_frame_metadata(ANSWER)
    assert not accepts_frame_metadata(ANSWER.replace("x-reactor-frame-metadata", "x-other"))


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        pytest.param("1 max-message-size=67108864", 67108864, id="with a limit"),
        pytest.param("1", LEGACY_MAX_MESSAGE_SIZE, id="without a limit"),
        pytest.param("1 other=3 max-message-size=5", 5, id="after another parameter"),
        pytest.param("1 max-message-size=0007", 7, id="leading zeros"),
        pytest.param("1 max-message-size=0", 0, id="zero"),
        pytest.param(f"1 max-message-size={'9' * 5000}", 10**18 - 1, id="5000 digits"),
        pytest.param("1 max-message-size=\u0663", LEGACY_MAX_MESSAGE_SIZE, id="other digits"),
        pytest.param("1 max-message-size=", LEGACY_MAX_MESSAGE_SIZE, id="an empty limit"),
        pytest.param("2 max-message-size=5", None, id="version 2"),
        pytest.param("10 max-message-size=5", None, id="version 10"),
        pytest.param("", None, id="no version"),
    ],
)
def test_the_limit_of_a_chunked_message(line: str, expected: int | None) -> None:
    sdp = f"v=0\r\na={CHUNKING_ATTRIBUTE}:{line}\r\nm=application 9 X y\r\n"
    assert chunking_limit(sdp) == expected


def test_without_the_attribute_nothing_is_chunked() -> None:
    assert chunking_limit("v=0\r\nm=application 9 X y\r\n") is None


def test_an_attribute_below_a_media_section_does_not_count() -> None:
    sdp = f"v=0\r\nm=application 9 X y\r\na={CHUNKING_ATTRIBUTE}:1\r\n"
    assert chunking_limit(sdp) is None


# -- repairing an answer ------------------------------------------------------------------------


def test_every_section_gets_the_candidates_of_the_first() -> None:
    video, application = SessionDescription.parse(repair_answer(ANSWER)).media
    assert len(video.ice_candidates) == 2
    assert application.ice_candidates == video.ice_candidates
    assert application.ice_candidates_complete


def test_candidates_come_from_whichever_section_has_them() -> None:
    repaired = repair_answer(BARE)
    assert repaired.count("a=candidate:1 a\r\n") == 2


def test_a_section_with_candidates_of_its_own_keeps_them() -> None:
    own = ANSWER + "a=candidate:9 1 udp 1 192.0.2.9 9 typ host\r\na=end-of-candidates\r\n"
    repaired = repair_answer(own)
    _, application = SessionDescription.parse(repaired).media
    assert [candidate.ip for candidate in application.ice_candidates] == ["192.0.2.9"]


def test_a_section_without_candidates_gets_those_of_one_section_only() -> None:
    # Half-trickle answers do not say a=end-of-candidates.
    sections = "m=video 9 X 97\r\na=candidate:1 a\r\nm=video 9 X 97\r\na=candidate:2 b\r\n"
    repaired = repair_answer(f"v=0\r\n{sections}m=video 9 X 97\r\na=mid:2\r\n")
    assert "a=candidate:2" not in repaired.split("a=mid:2")[1]


def test_every_media_section_multiplexes_rtcp_once() -> None:
    repaired = repair_answer(BARE)
    assert [part.count("a=rtcp-mux") for part in repaired.split("m=")] == [0, 1, 1]
    video = repair_answer(ANSWER).split("m=")[1]
    assert video.count("a=rtcp-mux") == 1


def test_a_data_section_has_no_rtcp_to_multiplex() -> None:
    assert "a=rtcp-mux" not in repair_answer(ANSWER).split("m=application")[1]


def test_a_complete_answer_is_left_alone() -> None:
    once = repair_answer(ANSWER)
    assert repair_answer(once) == once


def test_an_answer_without_media_survives() -> None:
    assert repair_answer("v=0\r\ns=-\r\n") == "v=0\r\ns=-\r\n"


async def test_aiortc_accepts_the_repaired_answer() -> None:
    connection = RTCPeerConnection(RTCConfiguration(iceServers=[]))
    connection.addTransceiver("video", direction="recvonly")
    connection.createDataChannel("data")
    await connection.setLocalDescription(await connection.createOffer())
    local = ANSWER.replace("192.0.2.2", "127.0.0.1").replace("2001:db8::2", "::1")
    answer = RTCSessionDescription(sdp=repair_answer(local), type="answer")
    await connection.setRemoteDescription(answer)
    assert connection.signalingState == "stable"
    await connection.close()


# -- candidates that are of no use --------------------------------------------------------------

HOST = "1 1 udp 2122194687 192.0.2.2 50000 typ host generation 0 ufrag NMtd"
MDNS = "2 1 udp 2113937151 0a1b2c3d-0000-4000-8000-000000000000.local 50000 typ host"


def described(*candidates: str) -> str:
    lines = "".join(f"a=candidate:{candidate}\r\n" for candidate in candidates)
    return f"v=0\r\nm=video 9 X 97\r\n{lines}a=end-of-candidates\r\n"


@pytest.mark.parametrize(
    "candidate",
    [
        pytest.param(HOST, id="IPv4"),
        pytest.param("1 1 UDP 2122265343 2001:db8::2 50000 typ host", id="IPv6"),
        pytest.param("1 1 udp 2122265343 fd00::2 50000 typ host", id="private IPv6"),
        pytest.param("1 1 udp 1 198.51.100.1 1 typ srflx raddr 0.0.0.0 rport 0", id="reflexive"),
        pytest.param("1 1 udp 1 198.51.100.1 65535 typ relay raddr :: rport 9", id="relayed"),
        pytest.param("1 1 udp 1 127.0.0.1 50000 typ host", id="loopback"),
    ],
)
def test_a_candidate_that_can_be_tried_is_kept(candidate: str) -> None:
    sdp = described(candidate)
    assert drop_unusable_candidates(sdp) == (sdp, [])


@pytest.mark.parametrize(
    ("candidate", "reason"),
    [
        pytest.param(MDNS, "an mDNS name", id="mDNS"),
        pytest.param("1 1 udp 1 turn.example 5 typ host", "not an IP address", id="a name"),
        pytest.param("1 1 udp 1 fe80::1 5 typ host", "link-local", id="link-local"),
        pytest.param("1 1 udp 1 fe80::1%eth0 5 typ host", "link-local", id="another's interface"),
        pytest.param("1 1 udp 1 0.0.0.0 5 typ host", "not the address of one", id="unspecified"),
        pytest.param("1 1 udp 1 224.0.0.1 5 typ host", "not the address of one", id="multicast"),
        pytest.param("1 2 udp 1 192.0.2.2 5 typ host", "RTCP", id="RTCP"),
        pytest.param("1 1 tcp 1 192.0.2.2 9 typ host tcptype active", "by UDP, not tcp", id="TCP"),
        pytest.param("1 1 udp 1 192.0.2.2 5 typ prflx", "of type prflx", id="peer-reflexive"),
        pytest.param("1 1 udp 1 192.0.2.2 0 typ host", "no such port", id="port 0"),
        pytest.param("1 1 udp 1 192.0.2.2 65536 typ host", "no such port", id="port 65536"),
        pytest.param("1 1 udp 1 192.0.2.2 5 typ", "not a candidate", id="too short"),
        pytest.param("1 1 udp x 192.0.2.2 5 typ host", "not a candidate", id="no priority"),
        pytest.param(f"1 1 udp {'1' * 5000} 192.0.2.2 5 typ host", "not a cand", id="5000 digits"),
        pytest.param("1 1 udp 1 192.0.2.2 5 typ srflx rport x", "not a candidate", id="no rport"),
        pytest.param("", "not a candidate", id="empty"),
    ],
)
def test_a_candidate_that_is_of_no_use_is_dropped_with_the_reason(
    candidate: str, reason: str
) -> None:
    usable, dropped = drop_unusable_candidates(described(candidate, HOST))
    assert usable == described(HOST)
    assert len(dropped) == 1
    assert reason in dropped[0]


def test_mdns_names_are_kept_where_there_is_nothing_else() -> None:
    tcp = "1 1 tcp 1 192.0.2.2 9 typ host"
    usable, dropped = drop_unusable_candidates(described(tcp, MDNS))
    assert usable == described(MDNS)
    assert len(dropped) == 1


def test_a_candidate_in_two_sections_is_reported_once() -> None:
    sdp = described(MDNS, HOST) + described(MDNS, HOST).removeprefix("v=0\r\n")
    usable, dropped = drop_unusable_candidates(sdp)
    assert usable.count("a=candidate:") == 2
    assert len(dropped) == 1


def test_the_recorded_answer_loses_no_candidate() -> None:
    assert drop_unusable_candidates(ANSWER) == (ANSWER, [])
