from __future__ import annotations

from pathlib import Path

import av
import numpy as np
import pytest

from reactor_env.backends.inputs import StillTrack, input_track

PICTURE = np.full((48, 64, 3), (40, 160, 90), np.uint8)


def clip(path: Path, frames: int = 3) -> Path:
    with av.open(str(path), "w") as container:
        stream = container.add_stream("mpeg4", rate=30)
        stream.width, stream.height, stream.pix_fmt = 64, 48, "yuv420p"
        for _ in range(frames):
            container.mux(stream.encode(av.VideoFrame.from_ndarray(PICTURE, format="rgb24")))
        container.mux(stream.encode(None))
    return path


async def test_a_picture_is_shown_again_and_again() -> None:
    track = input_track(PICTURE)
    first, second = await track.recv(), await track.recv()
    assert isinstance(first, av.VideoFrame)
    assert isinstance(second, av.VideoFrame)
    np.testing.assert_array_equal(second.to_ndarray(format="rgb24"), PICTURE)
    assert second.time is not None
    assert first.time is not None
    assert second.time > first.time
    track.stop()


async def test_a_file_is_played_again_from_its_end(tmp_path: Path) -> None:
    track = input_track(clip(tmp_path / "clip.mp4"))
    for _ in range(7):
        frame = await track.recv()
        assert isinstance(frame, av.VideoFrame)
        mean = frame.to_ndarray(format="rgb24").mean(axis=(0, 1))
        assert mean == pytest.approx((40, 160, 90), abs=12)
    track.stop()


def test_what_is_no_video_is_named(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match=r"must be a file, got 'none\.mp4'"):
        input_track("none.mp4")
    path = tmp_path / "clip.mp4"
    path.write_bytes(b"no video at all")
    with pytest.raises(ValueError, match="must be a video file"):
        input_track(path)


async def test_an_array_that_is_no_picture_is_refused() -> None:
    with pytest.raises(ValueError, match=r"\(H, W, 3\) uint8 RGB, got float64"):
        StillTrack(np.zeros((4, 4, 3)))  # type: ignore[arg-type]
