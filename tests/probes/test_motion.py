from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from reactor_env.probes.motion import Luma, change, motion

SIZE = (96, 128)


def landscape(seed: int = 0) -> Luma:
    """Something with large and small shapes, larger than a picture."""
    random = np.random.default_rng(seed)
    layers = [
        np.asarray(
            Image.fromarray(random.integers(0, 256, (rows, 2 * rows), dtype=np.uint8)).resize(
                (300, 200), Image.Resampling.BICUBIC
            ),
            np.float64,
        )
        for rows in (4, 12, 40)
    ]
    return np.mean(layers, 0).astype(np.uint8)


def view(right: int = 0, down: int = 0, seed: int = 0) -> Luma:
    """Return a picture whose content has moved by some pixels."""
    top, left = 50 - down, 80 - right
    return landscape(seed)[top : top + SIZE[0], left : left + SIZE[1]]


@given(right=st.integers(-30, 30), down=st.integers(-20, 20), seed=st.integers(0, 20))
def test_a_shift_is_found_to_the_pixel(right: int, down: int, seed: int) -> None:
    found = motion(view(seed=seed), view(right, down, seed))
    assert found.right * SIZE[1] == pytest.approx(right, abs=0.75)
    assert found.down * SIZE[1] == pytest.approx(down, abs=0.75)


def test_a_picture_that_stands_still_does_not_move() -> None:
    found = motion(view(), view())
    assert (found.right, found.down, found.apart) == pytest.approx((0, 0, 0), abs=1e-6)


def test_a_flat_picture_does_not_move() -> None:
    flat = np.full(SIZE, 90, np.uint8)
    found = motion(flat, flat)
    assert (found.right, found.down, found.apart) == (0, 0, 0)


@pytest.mark.parametrize(("zoom", "sign"), [(1.1, 1), (1 / 1.1, -1)])
def test_what_comes_nearer_moves_apart(zoom: float, sign: int) -> None:
    middle = Image.fromarray(landscape())
    boxes = []
    for scale in (1.0, zoom):
        width, height = SIZE[1] / scale, SIZE[0] / scale
        box = (150 - width / 2, 100 - height / 2, 150 + width / 2, 100 + height / 2)
        boxes.append(np.asarray(middle.resize((SIZE[1], SIZE[0]), Image.Resampling.BICUBIC, box)))
    assert sign * motion(*boxes).apart > 0.005


def test_pictures_of_other_sizes_are_refused() -> None:
    with pytest.raises(ValueError, match=r"\(H, W\) of one size.*got \(96, 128\) and \(8, 8\)"):
        motion(view(), np.zeros((8, 8), np.uint8))


def test_a_change_is_in_gray_levels() -> None:
    assert change(np.full(SIZE, 250, np.uint8), np.full(SIZE, 5, np.uint8)) == 245.0
