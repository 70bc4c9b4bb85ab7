from __future__ import annotations

import itertools
import time
import zlib

import numpy as np
import pytest

from reactor_env.world_options import Content
from reactor_env.worlds.probe.content import Backdrop

CONTENTS: list[Content] = ["flat", "natural", "noise"]


@pytest.mark.parametrize("content", CONTENTS)
def test_a_picture_has_the_size_asked_for_and_is_the_callers_own(content: Content) -> None:
    backdrop = Backdrop(content, 100, 64)
    first = backdrop.draw(0)
    assert first.shape == (64, 100, 3)
    assert first.dtype == np.uint8
    before = first.copy()
    backdrop.draw(0)[:] = 0
    assert (first == before).all()
    backdrop.begin(0)
    assert (backdrop.draw(0) == before).all()


@pytest.mark.parametrize("content", CONTENTS)
def test_equal_seeds_and_actions_give_equal_pictures(content: Content) -> None:
    films = []
    for _ in range(2):
        backdrop = Backdrop(content, 96, 64)
        backdrop.begin(5)
        films.append([backdrop.draw(direction) for direction in (0, 30, 200)])
    assert np.array_equal(films[0], films[1])


@pytest.mark.parametrize("content", ["natural", "noise"])
def test_another_seed_begins_elsewhere(content: Content) -> None:
    backdrop = Backdrop(content, 96, 64)
    backdrop.begin(5)
    first = backdrop.draw(0)
    backdrop.begin(6)
    assert (backdrop.draw(0) != first).mean() > 0.5


@pytest.mark.parametrize(
    ("direction", "shift"), [(0, (0, 2)), (64, (2, 0)), (128, (0, -2)), (192, (-2, 0))]
)
def test_natural_content_moves_where_the_action_says(
    direction: int, shift: tuple[int, int]
) -> None:
    backdrop = Backdrop("natural", 320, 200)
    one, two = backdrop.draw(direction), backdrop.draw(direction)
    moved = np.roll(one, shift, axis=(0, 1))[8:-8, 8:-8]
    assert (two[8:-8, 8:-8] == moved).all()


def test_noise_cannot_be_compressed_and_flat_content_needs_nothing() -> None:
    size = {c: len(zlib.compress(Backdrop(c, 320, 240).draw(0).tobytes())) for c in CONTENTS}
    whole = 320 * 240 * 3
    assert size["noise"] > 0.75 * whole, "6 of 8 bits are noise"
    assert size["flat"] < 0.01 * whole
    assert 0.3 * whole < size["natural"]


def test_no_frame_of_noise_resembles_the_one_before() -> None:
    backdrop = Backdrop("noise", 128, 128)
    frames = [backdrop.draw(0).astype(float) for _ in range(20)]
    for one, two in itertools.pairwise(frames):
        assert abs(np.corrcoef(one.ravel(), two.ravel())[0, 1]) < 0.05


@pytest.mark.parametrize("content", CONTENTS)
def test_drawing_720p_at_60_fps_takes_well_under_half_a_core(content: Content) -> None:
    backdrop = Backdrop(content, 1280, 720)
    begin = time.process_time()
    for _ in range(60):
        backdrop.draw(17)
    assert time.process_time() - begin < 0.25
