from __future__ import annotations

import av
import numpy as np
import pytest
from numpy.typing import NDArray

from reactor_env.client.video import VideoFrame
from reactor_env.onset import FLOOR, Motion, small


def flat(level: int) -> NDArray[np.uint8]:
    return np.full((36, 64), level, np.uint8)


def test_a_small_picture_is_gray_and_averaged() -> None:
    stripes = np.zeros((72, 128, 3), np.uint8)
    stripes[:, ::2] = 255
    expected = small(VideoFrame(np.full((72, 128, 3), 128, np.uint8), None, 0, 1))
    found = small(VideoFrame(stripes, None, 0, 1))
    assert found.shape == (36, 64)
    assert np.abs(found.astype(int) - expected).max() <= 2


def test_a_decoded_frame_and_an_array_give_the_same_small_picture() -> None:
    picture = np.full((72, 128, 3), (200, 40, 90), np.uint8)
    decoded = av.VideoFrame.from_ndarray(picture, format="rgb24").reformat(format="yuv420p")
    arrays = [small(VideoFrame(image, None, 0, 1)) for image in (picture, decoded)]
    assert np.abs(arrays[0].astype(int) - arrays[1]).max() <= 2


def test_the_first_picture_changes_nothing() -> None:
    assert Motion().change(flat(200)) == 0


def test_what_a_codec_adds_is_no_motion() -> None:
    motion = Motion()
    motion.learn(flat(100))
    noisy = flat(100)
    noisy[::3] += 1
    assert not motion.begins(noisy)
    assert motion.begins(flat(102))


def test_a_change_in_either_direction_is_a_motion() -> None:
    motion = Motion()
    motion.learn(flat(100))
    assert motion.begins(flat(90))
    assert motion.begins(flat(100))


def test_a_world_that_moves_by_itself_must_move_more() -> None:
    motion = Motion()
    for level in (100, 103, 100, 103):
        motion.learn(flat(level))
    assert motion.threshold == pytest.approx(6 + FLOOR)
    assert not motion.begins(flat(108))
    assert motion.begins(flat(118))


def test_what_is_usual_is_learned_anew() -> None:
    motion = Motion()
    motion.learn(flat(0))
    motion.learn(flat(255))
    motion.rest()
    assert motion.threshold == FLOOR
