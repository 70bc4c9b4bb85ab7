"""The pictures of docs/worlds.md."""

from __future__ import annotations

import re

import numpy as np
import pytest
from PIL import Image

from docs import take_pictures as pictures

PAGE = pictures.FOLDER.parent / "worlds.md"
LARGEST_BYTES = 40_000


def test_the_page_shows_every_picture_and_each_is_made_by_the_command() -> None:
    shown = re.findall(r"\(pictures/([\w-]+)\.png\)", PAGE.read_text())
    assert sorted(shown) == sorted(pictures.SHOTS)
    assert sorted(path.stem for path in pictures.FOLDER.iterdir()) == sorted(pictures.SHOTS)


@pytest.mark.parametrize("name", pictures.SHOTS)
def test_a_picture_is_small_and_not_blank(name: str) -> None:
    path = pictures.FOLDER / f"{name}.png"
    assert path.stat().st_size < LARGEST_BYTES
    with Image.open(path) as picture:
        assert picture.height == pictures.HEIGHT
        assert np.ptp(np.asarray(picture.convert("L"))) > 50


@pytest.mark.integration
def test_the_command_makes_the_same_picture_of_catch_again() -> None:
    with Image.open(pictures.FOLDER / "catch.png") as kept:
        before = np.asarray(kept.convert("RGB"))
    again = pictures.take(pictures.SHOTS["catch"]).quantize(pictures.COLOURS)
    assert np.array_equal(np.asarray(again.convert("RGB")), before)
