from __future__ import annotations

from pathlib import Path

import numpy as np
from PIL import Image

from reactor_env.cli.gif import MAX_BYTES, Panel, schedule, write_gif
from reactor_env.cli.log import Picture, RolloutLog
from reactor_env.video_writer import VideoWriter
from tests.cli.logs import stepped_log, streamed_log


def _film(log: RolloutLog, path: Path) -> Path:
    """Write a video whose pictures get brighter from the first to the last."""
    with VideoWriter(path, fps=20) as video:
        for number in range(len(log.pictures)):
            level = round(250 * number / len(log.pictures))
            video.write(np.full((200, 300, 3), level, np.uint8))
    return path


def test_pictures_are_shown_when_they_were_there() -> None:
    pictures = [Picture(t, 0, 0.0, None) for t in (0.0, 0.1, 0.1, 0.35, 2.0)]
    assert schedule(pictures, seconds=0.5, fps=10) == [0, 2, 2, 2, 3]


def test_the_last_picture_stays() -> None:
    pictures = [Picture(t, 0, 0.0, None) for t in (0.0, 0.1)]
    assert schedule(pictures, seconds=0.5, fps=10) == [0, 1, 1, 1, 1]


def test_panels_stand_side_by_side_and_play_at_their_own_pace(tmp_path: Path) -> None:
    slow, fast = stepped_log(steps=60, per_s=10.0), streamed_log(steps=60, per_s=40.0)
    panels = [
        Panel("slow", slow, _film(slow, tmp_path / "slow.mp4")),
        Panel("fast", fast, _film(fast, tmp_path / "fast.mp4")),
    ]
    write_gif(tmp_path / "demo.gif", panels)
    assert (tmp_path / "demo.gif").stat().st_size < MAX_BYTES
    with Image.open(tmp_path / "demo.gif") as image:
        assert image.format == "GIF"
        assert image.size == (2 * 360 + 8, 240 + 44)
        elapsed_ms, brightness = [], []
        for number in range(getattr(image, "n_frames", 1)):
            image.seek(number)
            elapsed_ms.append(float(image.info["duration"]))
            pixels = np.asarray(image.convert("L"), dtype=float)
            brightness.append((pixels[150:, :300].mean(), pixels[150:, 400:].mean()))
    assert sum(elapsed_ms) == 5000
    start, middle, end = brightness[0], brightness[len(brightness) // 3], brightness[-1]
    assert start[0] < 10
    assert middle[1] > middle[0] + 80
    assert end[1] > 230
    assert 180 < end[0] < 230
