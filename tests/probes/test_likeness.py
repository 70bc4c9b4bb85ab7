from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from reactor_env.probes.likeness import BEST_DB, contrast, psnr, ssim

random = np.random.default_rng(0)
PICTURE = random.integers(0, 256, (96, 128), dtype=np.uint8)


def test_equal_pictures_are_as_like_as_can_be() -> None:
    assert ssim(PICTURE, PICTURE) == pytest.approx(1)
    assert psnr(PICTURE, PICTURE) == BEST_DB


def test_unrelated_pictures_are_not_alike() -> None:
    other = np.random.default_rng(1).integers(0, 256, PICTURE.shape, dtype=np.uint8)
    assert abs(ssim(PICTURE, other)) < 0.05


def test_a_known_error_has_its_known_ratio() -> None:
    # Off by 10 everywhere: 20 log10(255 / 10).
    assert psnr(np.full((8, 8), 100, np.uint8), np.full((8, 8), 110, np.uint8)) == pytest.approx(
        28.1308, abs=1e-4
    )


def test_similarity_is_that_of_a_slow_implementation() -> None:
    other = np.clip(PICTURE.astype(int) + random.integers(-40, 40, PICTURE.shape), 0, 255)
    x, y = PICTURE[:12, :12].astype(float), other[:12, :12].astype(float)
    c1, c2 = (0.01 * 255) ** 2, (0.03 * 255) ** 2
    values = []
    for row in range(6):
        for column in range(6):
            a, b = (part[row : row + 7, column : column + 7] for part in (x, y))
            both = np.cov(a.ravel(), b.ravel())
            values.append(
                (2 * a.mean() * b.mean() + c1)
                * (2 * both[0, 1] + c2)
                / ((a.mean() ** 2 + b.mean() ** 2 + c1) * (both[0, 0] + both[1, 1] + c2))
            )
    assert ssim(x.astype(np.uint8), y.astype(np.uint8)) == pytest.approx(np.mean(values))


@given(st.integers(0, 255))
def test_a_flat_picture_has_no_contrast(level: int) -> None:
    assert contrast(np.full((8, 8), level, np.uint8)) == 0
