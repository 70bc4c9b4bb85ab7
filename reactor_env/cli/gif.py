"""A short animated picture of rollouts side by side, each at the pace it really ran."""

from __future__ import annotations

import importlib.util
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING

import av
import numpy as np
from av.video.reformatter import Interpolation

from reactor_env.cli.log import Picture, RolloutLog
from reactor_env.cli.tables import number
from reactor_env.errors import MissingDependencyError
from reactor_env.files import replacing

if TYPE_CHECKING:
    from PIL import Image

MAX_BYTES = 2_500_000

_HEIGHT_PX = 240
_STRIP_PX = 44
_GAP_PX = 8
_SECONDS = 5.0
_FPS = 20
_COLOURS = (64, 32, 16)
"""Sizes of the palette, tried in this order until the file is small enough."""

_PALETTE_SAMPLES = 10
_INK, _PAPER, _RULE = (30, 34, 42), (243, 244, 246), (208, 212, 218)


@dataclass(frozen=True)
class Panel:
    """One rollout to show.

    Attributes:
        caption: Its name.
        log: What was measured.
        video: Its video, one picture for each of the log's.
    """

    caption: str
    log: RolloutLog
    video: Path


def require_pillow() -> None:
    """Check that pictures can be drawn, before any work is done for them.

    Raises:
        MissingDependencyError: If Pillow is not installed.
    """
    if importlib.util.find_spec("PIL") is None:
        raise MissingDependencyError(
            'the animated picture needs Pillow: pip install "reactor-env[demo]"'
        )


def schedule(pictures: Sequence[Picture], seconds: float, fps: int) -> list[int]:
    """Choose which picture to show when, so that it plays at the pace it was made.

    Args:
        pictures: In order of time.
        seconds: How long to play, at most.
        fps: Pictures shown per second.

    Returns:
        For every tick the index of the newest picture there was; the last one stays.
    """
    times = [picture.time_s for picture in pictures]
    assert all(a <= b for a, b in pairwise(times))
    ticks = np.arange(round(seconds * fps)) / fps
    return [int(i) for i in np.searchsorted(times, ticks, side="right") - 1]


def write_gif(path: Path, panels: Sequence[Panel]) -> None:
    """Write the animated picture.

    Args:
        path: The GIF file.
        panels: From left to right.

    Raises:
        MissingDependencyError: If Pillow is not installed.
    """
    require_pillow()
    seconds = min(_SECONDS, max(panel.log.elapsed_s for panel in panels))
    columns = [_column(panel, schedule(panel.log.pictures, seconds, _FPS)) for panel in panels]
    frames = [_beside(images) for images in zip(*columns, strict=True)]
    with replacing(path) as partial:
        for colours in _COLOURS:
            _save(frames, partial, colours)
            if partial.stat().st_size <= MAX_BYTES:
                return


def _save(frames: Sequence[Image.Image], path: Path, colours: int) -> None:
    """Save with one palette for all, so that what stands still costs nothing."""
    from PIL import Image

    samples = frames[:: max(len(frames) // _PALETTE_SAMPLES, 1)]
    strip = np.concatenate([np.asarray(frame) for frame in samples])
    palette = Image.fromarray(strip).quantize(colours, method=Image.Quantize.MEDIANCUT)
    reduced = [frame.quantize(palette=palette, dither=Image.Dither.NONE) for frame in frames]
    reduced[0].save(
        path,
        format="GIF",
        save_all=True,
        append_images=reduced[1:],
        duration=round(1000 / _FPS),
        loop=0,
        optimize=True,
    )


def _column(panel: Panel, shown: Sequence[int]) -> list[Image.Image]:
    wanted = set(shown)
    pictures = {index: image for index, image in _decode(panel.video) if index in wanted}
    return [_captioned(pictures[index], panel, panel.log.pictures[index]) for index in shown]


def _decode(video: Path) -> Iterator[tuple[int, Image.Image]]:
    from PIL import Image

    with av.open(str(video)) as container:
        for index, frame in enumerate(container.decode(video=0)):
            width = round(frame.width * _HEIGHT_PX / frame.height)
            small = frame.reformat(width, _HEIGHT_PX, "rgb24", interpolation=Interpolation.AREA)
            yield index, Image.fromarray(small.to_ndarray())


def _captioned(image: Image.Image, panel: Panel, picture: Picture) -> Image.Image:
    from PIL import Image, ImageDraw, ImageFont

    whole = Image.new("RGB", (image.width, _HEIGHT_PX + _STRIP_PX), _PAPER)
    whole.paste(image, (0, _STRIP_PX))
    draw = ImageDraw.Draw(whole)
    bold, plain = ImageFont.load_default(15), ImageFont.load_default(13)
    draw.text((10, 4), panel.caption, fill=_INK, font=bold)
    facts = (
        f"step {picture.step}",
        f"return {picture.total:g}",
        f"action to frame {number(picture.action_to_frame_ms, 0)} ms",
    )
    for x, text in zip((10, 90, 190), facts, strict=True):
        draw.text((x, 23), text, fill=_INK, font=plain)
    draw.line((0, _STRIP_PX - 1, image.width, _STRIP_PX - 1), fill=_RULE)
    return whole


def _beside(images: Sequence[Image.Image]) -> Image.Image:
    from PIL import Image

    width = sum(image.width for image in images) + _GAP_PX * (len(images) - 1)
    whole = Image.new("RGB", (width, images[0].height), _RULE)
    x = 0
    for image in images:
        whole.paste(image, (x, 0))
        x += image.width + _GAP_PX
    return whole
