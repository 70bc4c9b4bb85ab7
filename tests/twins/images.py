"""Images to begin a twin from."""

from __future__ import annotations

import io

from PIL import Image


def png(width: int = 32, height: int = 24, level: int = 90) -> bytes:
    """Return a PNG file of one grey level, 0 to 255."""
    file = io.BytesIO()
    Image.new("L", (width, height), level).save(file, "PNG")
    return file.getvalue()


IMAGE = png()
