from __future__ import annotations

import json

from hypothesis import given
from hypothesis import strategies as st

from reactor_env.client.wire.trailer import FrameTrailer, append_trailer, split_trailer

U64 = st.integers(0, 2**64 - 1)
TRAILERS = st.builds(FrameTrailer, frame_id=U64, capture_time_us=U64, user_data=st.binary())

# A whole encoded VP8 key frame of world "catch" as reactor-runtime 3.10.0 sent it, depayloaded.
RECORDED = bytes.fromhex(
    "b008009d012a40004000390300001c221616226612200490408301fe03f803787285fc83f1bb5a878afe4670b1"
    "0c07f1036502f7ffcc077807fb77f55eb011363a0619f41fc7ad0cb1ee250051a080feff69b43302f780bb6cb5"
    "ca69fffea6d2690747dc512c1e867f349d064b55b7e9b37b350ab977fe8396d318af54154cfb031d4b1e7bafff"
    "da61fff6987ffd9fc163fda08ffda553017430acae263332e9fd9b60041b13201b7df51dd1c5376a215187fc44"
    "50e69ac59fff6c1b1048ac83fd947ffe23cb0090c000080110dac1aacd0b1a657b22657069736f6465223a312c"
    "2273746570223a302c22616374696f6e5f736571223a2d312c22726577617264223a302e302c2272657475726e"
    "223a302e302c227465726d696e61746564223a66616c73652c227472756e6361746564223a66616c73657d6f00"
    "000052584d54"
)
RECORDED_PICTURE_SIZE = 202


@given(data=st.binary(), trailer=TRAILERS)
def test_split_gives_back_what_append_took(data: bytes, trailer: FrameTrailer) -> None:
    assert split_trailer(append_trailer(data, trailer)) == (data, trailer)


@given(data=st.binary(), tail=st.sampled_from([b"", b"RXMT", b"\x02\x00\x00\x00RXMT"]))
def test_any_bytes_split_into_a_head_or_stay_whole(data: bytes, tail: bytes) -> None:
    whole = data + tail
    picture, trailer = split_trailer(whole)
    if trailer is None:
        assert picture == whole
    else:
        assert whole.startswith(picture)
        assert len(picture) <= len(whole) - 8


def test_a_recorded_frame_is_cut_where_its_trailer_begins() -> None:
    picture, trailer = split_trailer(RECORDED)
    assert len(picture) == RECORDED_PICTURE_SIZE
    assert trailer is not None
    assert trailer.frame_id == 1
    assert trailer.capture_time_us == 3_114_967_258
    assert json.loads(trailer.user_data) == {
        "episode": 1,
        "step": 0,
        "action_seq": -1,
        "reward": 0.0,
        "return": 0.0,
        "terminated": False,
        "truncated": False,
    }


def test_append_writes_the_bytes_the_runtime_writes() -> None:
    picture, trailer = split_trailer(RECORDED)
    assert trailer is not None
    assert append_trailer(picture, trailer) == RECORDED


def test_a_frame_without_a_trailer_stays_unchanged() -> None:
    picture = RECORDED[:RECORDED_PICTURE_SIZE]
    assert split_trailer(picture) == (picture, None)


def test_a_trailer_whose_length_lies_leaves_the_frame_unchanged() -> None:
    body = RECORDED[: -len(b"\x6f\x00\x00\x00RXMT")]
    too_long = body + (len(body) + 1).to_bytes(4, "little") + b"RXMT"
    assert split_trailer(too_long) == (too_long, None)


def test_a_truncated_protobuf_leaves_the_frame_unchanged() -> None:
    # The body lacks its last byte, and the length says so: the parser runs out of bytes.
    whole = RECORDED[:-9] + b"\x6e\x00\x00\x00RXMT"
    assert split_trailer(whole) == (whole, None)


def test_the_magic_alone_is_no_trailer() -> None:
    assert split_trailer(b"RXMT") == (b"RXMT", None)
    assert split_trailer(b"\x00\x00\x00RXMT") == (b"\x00\x00\x00RXMT", None)


def test_picture_data_that_merely_ends_in_the_magic_stays_unchanged() -> None:
    # The four bytes before the magic happen to be a length that fits; 0xff is no protobuf tag.
    picture = b"\x10\x02\x00" + b"\xff" * 40 + (20).to_bytes(4, "little") + b"RXMT"
    assert split_trailer(picture) == (picture, None)


def test_a_frame_that_is_all_trailer_leaves_no_picture() -> None:
    trailer = FrameTrailer(7, 8, b"")
    assert split_trailer(append_trailer(b"", trailer)) == (b"", trailer)
