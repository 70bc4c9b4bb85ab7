from __future__ import annotations

import numpy as np

from reactor_env.worlds.dream.enlarge import Enlarger
from reactor_env.worlds.dream.numpy_model import SIDE


def test_one_colour_stays_that_colour() -> None:
    picture = np.full((SIDE, SIDE, 3), (10, 200, 255), np.uint8)
    large = Enlarger(4, 6)(picture)
    assert large.shape == (4 * SIDE, 6 * SIDE, 3)
    assert (large == (10, 200, 255)).all()


def test_between_two_pixels_values_go_in_a_straight_line() -> None:
    picture = np.zeros((SIDE, SIDE, 3), np.uint8)
    picture[:, 1] = 200
    row = Enlarger(1, 4)(picture)[0, :, 0]
    # Centres of the large pixels are at 1/8, 3/8, ... of a small one.
    assert row[:10].tolist() == [0, 0, 25, 75, 125, 175, 175, 125, 75, 25]


def test_rows_and_columns_are_not_mixed_up() -> None:
    picture = np.random.default_rng(0).integers(256, size=(SIDE, SIDE, 3), dtype=np.uint8)
    assert np.array_equal(Enlarger(1, 1)(picture), picture)
    turned = Enlarger(3, 2)(picture.transpose(1, 0, 2))
    apart = turned.transpose(1, 0, 2).astype(int) - Enlarger(2, 3)(picture)
    assert np.abs(apart).max() <= 1  # summed in another order
