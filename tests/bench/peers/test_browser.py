from __future__ import annotations

import base64

import numpy as np

from reactor_env.bench.peers.browser import page, picture_of


def test_the_page_loads_nothing_else() -> None:
    text = page()
    assert "function readStamp" in text
    assert "requestVideoFrameCallback" in text
    assert "://" not in text
    assert text.count("</script>") == 1


def test_a_picture_is_rgb() -> None:
    pixels = np.arange(3 * 2 * 4, dtype=np.uint8).reshape(3, 2, 4)
    url = "data:;base64," + base64.b64encode(pixels.tobytes()).decode()
    picture = picture_of(url, width=2, height=3)
    assert picture.dtype == np.uint8
    assert picture.flags.c_contiguous
    assert (picture == pixels[..., :3]).all()
