from __future__ import annotations

import numpy as np
import pytest

from reactor_env.likeness import psnr, ssim

random = np.random.default_rng(0)
PICTURE = random.integers(0, 256, (96, 128), dtype=np.uint8)


def test_equal_pictures_are_as_like_as_can_be() -> None:
    assert ssim(PICTURE, PICTURE) == pytest.approx(1)
    assert 80 < float(psnr(PICTURE[None], PICTURE[None])[0]) < np.inf


def test_unrelated_pictures_are_not_alike() -> None:
    other = np.random.default_rng(1).integers(0, 256, PICTURE.shape, dtype=np.uint8)
    assert abs(ssim(PICTURE, other)) < 0.05


def test_a_known_error_has_its_known_ratio() -> None:
    # Off by 10 everywhere: 20 log10(255 / 10).
    gray, lighter = (np.full((1, 8, 8), level, np.uint8) for level in (100, 110))
    assert psnr(gray, lighter) == pytest.approx([28.1308], abs=1e-4)


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


def test_they_are_those_of_scikit_image() -> None:
    # structural_similarity(a, b, channel_axis=-1, data_range=255) and peak_signal_noise_ratio
    # of scikit-image 0.26 for these pictures.
    a = np.random.default_rng(0)
    one = a.integers(0, 256, (3, 64, 64, 3), dtype=np.uint8)
    other = np.clip(one.astype(int) + a.integers(-20, 20, one.shape), 0, 255).astype(np.uint8)
    assert psnr(one, other) == pytest.approx([27.095341355, 27.066724229, 27.109686022])
    planes = (np.moveaxis(pictures, -1, 1) for pictures in (one, other))
    expected = [0.9883007223, 0.9882562763, 0.9883002267]
    assert ssim(*planes).mean(1) == pytest.approx(expected)
