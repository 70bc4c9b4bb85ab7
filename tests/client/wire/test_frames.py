from __future__ import annotations

import sys
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from reactor_env.client.wire import reactor_v1_pb2 as pb
from reactor_env.client.wire.frames import array_from_bytes, decode_tracks, encode_media
from reactor_env.client.wire.messages import MediaInput

PICTURE = np.arange(24, dtype=np.uint8).reshape(2, 4, 3)
SOUND = np.array([[1, -2, 300]], np.int16)


def there_and_back(frame: NDArray[Any]) -> NDArray[Any]:
    tracks = encode_media({"t": MediaInput([frame], 30.0)})
    (read,) = decode_tracks(tracks)["t"]
    return read.array


@given(
    height=st.integers(1, 5),
    width=st.integers(1, 5),
    count=st.integers(1, 3),
    rate=st.floats(1, 1e3),
)
def test_frames_come_out_as_they_went_in(height: int, width: int, count: int, rate: float) -> None:
    pictures = [np.full((height, width, 3), level, np.uint8) for level in range(count)]
    (track,) = encode_media({"camera": MediaInput(pictures, rate)})
    assert (track.track, track.kind, track.rate) == ("camera", pb.TRACK_KIND_VIDEO, rate)
    read = decode_tracks([track])["camera"]
    np.testing.assert_array_equal([frame.array for frame in read], pictures)


def test_the_memory_layout_of_a_frame_does_not_matter() -> None:
    flipped = PICTURE[::-1, ::-1]
    np.testing.assert_array_equal(there_and_back(flipped), flipped)
    np.testing.assert_array_equal(there_and_back(np.asfortranarray(PICTURE)), PICTURE)


def test_sound_is_little_endian_int16() -> None:
    (track,) = encode_media({"mic": MediaInput([SOUND], 48_000)})
    assert track.kind == pb.TRACK_KIND_AUDIO
    assert track.frames[0].data == bytes.fromhex("0100feff2c01")
    np.testing.assert_array_equal(there_and_back(SOUND), SOUND)
    swapped = ">" if sys.byteorder == "little" else "<"
    np.testing.assert_array_equal(there_and_back(SOUND.astype(f"{swapped}i2")), SOUND)


def test_a_track_may_get_nothing_in_a_step() -> None:
    (track,) = encode_media({"camera": MediaInput([], 30.0)})
    assert track.kind == pb.TRACK_KIND_UNSPECIFIED
    assert not track.frames


@pytest.mark.parametrize(
    ("frames", "got"),
    [
        pytest.param([PICTURE.astype(np.float32)], r"float32 \(2, 4, 3\)", id="float"),
        pytest.param([PICTURE[..., 0]], r"uint8 \(2, 4\)", id="gray"),
        pytest.param([PICTURE.transpose(2, 0, 1)], r"uint8 \(3, 2, 4\)", id="channels first"),
        pytest.param([np.zeros((0, 4, 3), np.uint8)], r"uint8 \(0, 4, 3\)", id="empty"),
        pytest.param([[[[1, 2, 3]]]], "list", id="no array"),
        pytest.param([SOUND[0]], r"int16 \(3,\)", id="flat sound"),
    ],
)
def test_a_frame_that_is_neither_picture_nor_sound_is_refused(frames: Any, got: str) -> None:
    expected = f"frame 0 of input track 'camera' must be .* got {got}"
    with pytest.raises(ValueError, match=expected):
        encode_media({"camera": MediaInput(frames, 30.0)})


def test_pictures_and_sound_do_not_mix_in_a_track() -> None:
    with pytest.raises(ValueError, match="input track 't' must be video or audio"):
        encode_media({"t": MediaInput([PICTURE, SOUND], 30.0)})


@pytest.mark.parametrize("rate", [0, -1.0, float("nan"), float("inf")])
def test_a_rate_that_is_not_positive_is_refused(rate: float) -> None:
    with pytest.raises(ValueError, match="the `rate` of input track 't' must be positive"):
        encode_media({"t": MediaInput([PICTURE], rate)})


@pytest.mark.parametrize(
    ("dtype", "shape", "size"),
    [("uint8", (2, 3), 5), ("float64", (1,), 4), ("uint8", (), 0), ("uint8", (2**32,) * 3, 1)],
)
def test_bytes_that_do_not_fill_the_shape_are_refused(
    dtype: str, shape: tuple[int, ...], size: int
) -> None:
    with pytest.raises(ValueError, match=f"bytes, got {size}"):
        array_from_bytes(bytes(size), dtype, shape)


@given(dtype=st.text(max_size=8), shape=st.lists(st.integers(0, 2**32 - 1), max_size=70))
def test_any_dtype_and_shape_give_an_array_or_a_value_error(dtype: str, shape: list[int]) -> None:
    with pytest.raises(ValueError, match=r"."):
        array_from_bytes(b"12345", dtype, shape)
