from __future__ import annotations

import pytest

from reactor_env.bench.child import Turn, first_video_codec

ANSWER = """v=0
o=- 1 2 IN IP4 127.0.0.1
m=application 9 UDP/DTLS/SCTP webrtc-datachannel
m=video 9 UDP/TLS/RTP/SAVPF 98 99 96
a=rtpmap:96 VP8/90000
a=rtpmap:98 VP9/90000
a=rtpmap:99 rtx/90000
m=video 9 UDP/TLS/RTP/SAVPF 98
a=rtpmap:98 H264/90000
"""


def test_the_codec_is_the_first_of_the_first_video_section() -> None:
    assert first_video_codec(ANSWER) == "VP9"
    assert first_video_codec(ANSWER.replace("\n", "\r\n")) == "VP9"


@pytest.mark.parametrize("sdp", ["", "v=0\nm=audio 9 X 0\na=rtpmap:0 PCMU/8000\n"])
def test_without_video_there_is_none(sdp: str) -> None:
    assert first_video_codec(sdp) == ""


def test_a_turn_comes_back_from_the_command_line() -> None:
    turn = Turn(
        peer="aiortc",
        url="http://127.0.0.1:2",
        runtime_url="http://127.0.0.1:1",
        runtime_pid=7,
        out="here",
        cores=(1, 2),
        settle_s=0.5,
        seconds=2.0,
        small_s=0.0,
        seed=3,
    )
    assert Turn.of_json(turn.as_json()) == turn
