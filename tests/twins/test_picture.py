"""The pictures of the twins survive what happens to a frame on its way to an observation."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import av
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from tests.twins.picture import (
    MIN_HEIGHT,
    MIN_WIDTH,
    Axis,
    Choice,
    Digest,
    Flag,
    Layout,
    Mark,
    Picture,
    background,
    digest,
    draw,
    is_black,
    keys,
    read,
)

LAYOUT = Layout(
    *keys("w", "a"),
    Choice("look", ("idle", "left", "right")),
    Axis("yaw"),
    Axis("mouse", 200),
    Digest("prompt"),
)


def picture(n: int = 3, **controls: Any) -> Picture:
    return Picture(run=2, chunk=n // 4, frame=n, seed=9, mark=Mark.SPAWN, controls=controls)


def shown(pixels: NDArray[Any]) -> Picture:
    found = read(pixels, LAYOUT)
    assert found is not None
    return found


def resized(pixels: NDArray[Any], width: int, height: int) -> NDArray[Any]:
    frame = av.VideoFrame.from_ndarray(pixels, format="rgb24")
    return frame.reformat(width, height, interpolation="AREA").to_ndarray(format="rgb24")


def through_vp8(pictures: list[NDArray[np.uint8]], bit_rate: int) -> list[NDArray[Any]]:
    """Encode and decode frames as a live stream would."""
    height, width, _ = pictures[0].shape
    encoder = av.CodecContext.create("libvpx", "w")
    assert isinstance(encoder, av.VideoCodecContext)
    encoder.width, encoder.height, encoder.pix_fmt = width, height, "yuv420p"
    encoder.time_base, encoder.framerate = Fraction(1, 30), Fraction(30)
    encoder.bit_rate = bit_rate
    encoder.options = {"deadline": "realtime", "cpu-used": "8", "lag-in-frames": "0"}
    decoder = av.CodecContext.create("vp8", "r")
    assert isinstance(decoder, av.VideoCodecContext)
    decoded = []
    for n, pixels in enumerate(pictures):
        frame = av.VideoFrame.from_ndarray(pixels, format="rgb24")
        frame.pts = n
        packets = encoder.encode(frame) + (encoder.encode(None) if n == len(pictures) - 1 else [])
        decoded += [
            image.to_ndarray(format="rgb24")
            for packet in packets
            for image in decoder.decode(av.Packet(bytes(packet)))
        ]
    return decoded


@given(
    run=st.integers(0, 255),
    chunk=st.integers(0, 4095),
    frame=st.integers(0, 4095),
    seed=st.integers(0, 65535),
    mark=st.sampled_from(Mark),
    w=st.booleans(),
    look=st.sampled_from(["idle", "left", "right"]),
    yaw=st.floats(-1, 1),
    mouse=st.floats(-200, 200),
    prompt=st.text(),
)
def test_what_is_drawn_is_read(
    run: int, chunk: int, frame: int, seed: int, mark: Mark, **controls: Any
) -> None:
    found = shown(draw(Picture(run, chunk, frame, seed, mark, controls), LAYOUT, 130, 74))
    assert (found.run, found.chunk, found.frame, found.seed) == (run, chunk, frame, seed)
    assert found.mark is mark
    assert found.background == background(seed)
    read_back = dict(found.controls)
    assert read_back["yaw"] == pytest.approx(controls["yaw"], abs=0.004)
    assert read_back["mouse"] == pytest.approx(controls["mouse"], abs=0.8)
    assert read_back["prompt"] == digest(controls["prompt"])
    assert (read_back["w"], read_back["a"]) == (controls["w"], False)
    assert read_back["look"] == controls["look"]


@pytest.mark.parametrize("size", [(160, 88), (208, 120)])
@pytest.mark.parametrize("bit_rate", [100_000, 1_000_000])
def test_a_lossy_codec_leaves_it_readable(size: tuple[int, int], bit_rate: int) -> None:
    sent = [picture(n, w=n % 2, yaw=n / 60, mouse=-n) for n in range(60)]
    received = through_vp8([draw(each, LAYOUT, *size) for each in sent], bit_rate)
    assert len(received) == len(sent)
    for one, pixels in zip(sent, received, strict=True):
        found = shown(pixels)
        assert (found.frame, found.pressed) == (one.frame, {"w"} if one.controls["w"] else set())
        assert found.controls["yaw"] == pytest.approx(one.controls["yaw"], abs=0.004)
        assert found.background is not None
        assert np.allclose(found.background, background(one.seed), atol=16)


@pytest.mark.parametrize("size", [(84, 84), (64, 64), (320, 200), (MIN_WIDTH, MIN_HEIGHT)])
def test_another_size_or_no_colour_leaves_it_readable(size: tuple[int, int]) -> None:
    pixels = draw(picture(w=True), LAYOUT, 160, 90)
    assert shown(resized(pixels, *size)).pressed == {"w"}
    grey = resized(pixels, *size).mean(axis=2, keepdims=True).astype(np.uint8)
    assert shown(grey).pressed == {"w"}
    assert shown(grey[:, :, 0]).frame == 3


def test_what_is_no_picture_is_not_read() -> None:
    noise = np.random.default_rng(0).integers(0, 256, (300, 90, 160, 3), np.uint8)
    assert all(read(each, LAYOUT) is None for each in noise)
    mixed = draw(picture(2), LAYOUT, 160, 90)
    mixed[30:] = draw(picture(200, w=True, yaw=0.7), LAYOUT, 160, 90)[30:]
    assert read(mixed, LAYOUT) is None


def test_black_is_told_from_a_picture() -> None:
    black = np.zeros((90, 160, 3), np.uint8)
    assert is_black(black)
    assert is_black(black + 10)
    assert read(black, LAYOUT) is None
    assert not is_black(draw(Picture(), LAYOUT, 160, 90))


def test_a_layout_holds_only_what_fits() -> None:
    with pytest.raises(ValueError, match="at most 92 bits, got 96 bits"):
        Layout(*(Axis(str(n)) for n in range(12)))
    with pytest.raises(ValueError, match="different names"):
        Layout(Flag("w"), Flag("w"))
    with pytest.raises(KeyError, match="no such control: s"):
        LAYOUT.pack({"s": True})
