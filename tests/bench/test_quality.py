from __future__ import annotations

import av
import numpy as np
import pytest

from reactor_env.bench.quality import psnr_db
from reactor_env.latency.stamp import Stamp, draw_stamp
from reactor_env.world_options import Content
from reactor_env.worlds.probe.content import Backdrop


def drawn(content: Content, width: int = 640, height: int = 480, frames: int = 7) -> np.ndarray:
    backdrop = Backdrop(content, width, height)
    backdrop.begin(3)
    for _ in range(frames):
        picture = backdrop.draw(77)
    draw_stamp(picture, Stamp.of(frames, 1234, 5))
    return picture


@pytest.mark.parametrize("size", [(640, 480), (1280, 720), (128, 96)])
def test_a_picture_as_it_was_made_has_no_error(size: tuple[int, int]) -> None:
    # But for the rounding of its luma.
    assert psnr_db(drawn("natural", *size), "natural") == 100.0


@pytest.mark.parametrize("content", ["natural", "flat"])
@pytest.mark.parametrize("deviation", [3.0, 12.0])
def test_noise_is_measured_as_loud_as_it_is(content: Content, deviation: float) -> None:
    picture = drawn(content).astype(np.float64)
    # The same in all channels, so that luma has it too.
    noise = np.random.default_rng(1).normal(0, deviation, picture.shape[:2])
    # Clipping takes some of it away.
    noisy = np.clip(np.rint(picture + noise[..., None]), 0, 255).astype(np.uint8)
    expected = 20 * np.log10(255 / deviation)
    assert psnr_db(noisy, content) == pytest.approx(expected, abs=0.3)


def test_a_blurred_picture_is_found_and_worse() -> None:
    picture = drawn("natural").astype(np.float32)
    shifted = [np.roll(picture, shift, axis) for axis in (0, 1) for shift in (-2, 0, 2)]
    blurred = np.mean(shifted, axis=0)
    found = psnr_db(blurred.astype(np.uint8), "natural")
    assert found is not None
    assert 15 < found < 40


def test_a_picture_in_the_format_of_codecs_and_back_is_the_best_there_can_be() -> None:
    image = av.VideoFrame.from_ndarray(drawn("natural"), format="rgb24").reformat(format="yuv420p")
    back = np.asarray(image.to_ndarray(format="rgb24"), np.uint8)
    assert psnr_db(back, "natural") == pytest.approx(44, abs=1.0)


def test_noise_has_no_picture_to_compare_with() -> None:
    assert psnr_db(drawn("noise"), "noise") is None
