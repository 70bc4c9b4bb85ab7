from __future__ import annotations

import threading
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest
from numpy.typing import NDArray

from reactor_env import video_writer
from reactor_env.video_writer import VideoError, VideoFile, VideoWriter

Frame = NDArray[np.uint8]


def _gray(level: int, height: int = 48, width: int = 64) -> Frame:
    return np.full((height, width, 3), level, np.uint8)


def _read(path: Path) -> list[Frame]:
    with av.open(str(path)) as container:
        return [
            np.asarray(frame.to_ndarray(format="rgb24"), np.uint8)
            for frame in container.decode(video=0)
        ]


def test_every_frame_is_in_the_file_in_order(tmp_path: Path) -> None:
    levels = list(range(0, 250, 3))
    with VideoWriter(tmp_path / "a.mp4", fps=25) as video:
        for level in levels:
            video.write(_gray(level))
    frames = _read(tmp_path / "a.mp4")
    assert len(frames) == len(levels)
    assert all(frame.shape == (48, 64, 3) for frame in frames)
    np.testing.assert_allclose([frame.mean() for frame in frames], levels, atol=3)


@pytest.mark.parametrize("fps", [50, 15.0, 29.97, 12.5])
def test_the_file_plays_at_the_rate_asked_for(tmp_path: Path, fps: float) -> None:
    with VideoWriter(tmp_path / "a.mp4", fps=fps) as video:
        for level in range(20):
            video.write(_gray(10 * level))
    with av.open(str(tmp_path / "a.mp4")) as container:
        stream = container.streams.video[0]
        assert stream.duration is not None
        assert stream.time_base is not None
        assert stream.codec_context.name == "h264"
        assert stream.codec_context.pix_fmt == "yuv420p"
        assert float(stream.average_rate or 0) == pytest.approx(fps, rel=1e-3)
        assert float(stream.duration * stream.time_base) == pytest.approx(20 / fps, rel=0.01)


def test_odd_sides_are_padded(tmp_path: Path) -> None:
    with VideoWriter(tmp_path / "a.mp4", fps=10) as video:
        video.write(_gray(200, 33, 47))
    (frame,) = _read(tmp_path / "a.mp4")
    assert frame.shape == (34, 48, 3)
    np.testing.assert_allclose(frame[33], 200, atol=4)
    np.testing.assert_allclose(frame[:, 47], 200, atol=4)


def test_a_frame_that_is_changed_after_the_call_was_copied(tmp_path: Path) -> None:
    frame = _gray(0)
    with VideoWriter(tmp_path / "a.mp4", fps=10) as video:
        for level in range(0, 200, 10):
            frame[:] = level
            video.write(frame)
    means = [frame.mean() for frame in _read(tmp_path / "a.mp4")]
    np.testing.assert_allclose(means, range(0, 200, 10), atol=3)


def test_the_file_has_its_name_only_after_close(tmp_path: Path) -> None:
    path = tmp_path / "a.mp4"
    path.write_text("the old one")
    video = VideoWriter(path, fps=10)
    video.write(_gray(1))
    assert path.read_text() == "the old one"
    video.close()
    assert len(_read(path)) == 1
    assert list(tmp_path.iterdir()) == [path]
    video.close()


def test_discard_leaves_nothing(tmp_path: Path) -> None:
    video = VideoWriter(tmp_path / "a.mp4", fps=10)
    for level in range(100):
        video.write(_gray(level))
    video.discard()
    assert list(tmp_path.iterdir()) == []
    video.discard()
    video.close()
    assert list(tmp_path.iterdir()) == []


def test_an_exception_in_the_block_leaves_nothing(tmp_path: Path) -> None:
    def fail() -> None:
        with VideoWriter(tmp_path / "a.mp4", fps=10) as video:
            video.write(_gray(1))
            raise LookupError

    with pytest.raises(LookupError):
        fail()
    assert list(tmp_path.iterdir()) == []


def test_a_writer_without_frames_leaves_nothing(tmp_path: Path) -> None:
    VideoWriter(tmp_path / "a.mp4", fps=10).close()
    assert list(tmp_path.iterdir()) == []


def test_an_error_of_the_encoder_reaches_the_caller(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(video_writer, "_ENCODERS", (("libx264", {"preset": "no such preset"}),))
    video = VideoWriter(tmp_path / "a.mp4", fps=10)

    def write_many() -> None:
        for _ in range(1000):
            video.write(_gray(1))

    with pytest.raises(VideoError, match=r"a\.mp4 cannot be written") as caught:
        write_many()
    assert caught.value.__cause__ is not None
    with pytest.raises(VideoError):
        video.close()
    assert list(tmp_path.iterdir()) == []


def test_an_error_of_the_encoder_reaches_close(tmp_path: Path) -> None:
    video = VideoWriter(tmp_path / "no folder" / "a.mp4", fps=10)
    video.write(_gray(1))
    with pytest.raises(VideoError, match=r"a\.mp4 cannot be written: .*No such file"):
        video.close()


def test_without_h264_it_writes_mpeg4(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    missing: tuple[str, dict[str, str]] = ("no-such-encoder", {})
    monkeypatch.setattr(video_writer, "_ENCODERS", (missing, video_writer._ENCODERS[-1]))
    with VideoWriter(tmp_path / "a.mp4", fps=10) as video:
        video.write(_gray(90))
    with av.open(str(tmp_path / "a.mp4")) as container:
        assert container.streams.video[0].codec_context.name == "mpeg4"


def test_write_waits_for_a_slow_encoder_and_loses_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    go = threading.Event()
    add_stream = VideoFile._add_stream

    def slow(
        self: VideoFile, container: av.container.OutputContainer, width: int, height: int
    ) -> av.VideoStream:
        go.wait(10)
        return add_stream(self, container, width, height)

    monkeypatch.setattr(VideoFile, "_add_stream", slow)
    written: list[int] = []
    full = threading.Event()

    def write_all(video: VideoWriter) -> None:
        for level in range(60):
            if level == video_writer._QUEUED:
                full.set()
            video.write(_gray(level))
            written.append(level)

    with VideoWriter(tmp_path / "a.mp4", fps=10) as video:
        writer = threading.Thread(target=write_all, args=(video,))
        writer.start()
        assert full.wait(10)
        assert len(written) <= video_writer._QUEUED + 1
        go.set()
        writer.join(20)
        assert len(written) == 60
    assert len(_read(tmp_path / "a.mp4")) == 60


@pytest.mark.parametrize("fps", [0, -1.0, float("nan"), float("inf"), 1e-9])
def test_a_rate_that_cannot_be_is_refused(tmp_path: Path, fps: float) -> None:
    with pytest.raises(ValueError, match="`fps` must be"):
        VideoWriter(tmp_path / "a.mp4", fps=fps)


@pytest.mark.parametrize(
    ("frame", "got"),
    [
        (np.zeros((4, 4), np.uint8), r"dtype uint8, shape \(4, 4\)"),
        (np.zeros((4, 4, 3), np.float32), "dtype float32"),
        (np.zeros((0, 4, 3), np.uint8), r"shape \(0, 4, 3\)"),
    ],
)
def test_what_is_no_rgb_picture_is_refused(tmp_path: Path, frame: Frame, got: str) -> None:
    video = VideoWriter(tmp_path / "a.mp4", fps=10)
    with pytest.raises(ValueError, match=f"`frame_rgb` must be .*{got}"):
        video.write(frame)


def test_another_size_than_the_first_is_refused(tmp_path: Path) -> None:
    video = VideoWriter(tmp_path / "a.mp4", fps=10)
    video.write(_gray(1))
    with pytest.raises(ValueError, match=r"first frame's size .*\(48, 64\)\), got \(50, 64\)"):
        video.write(_gray(1, 50))
    video.discard()


def test_writing_after_close_is_refused(tmp_path: Path) -> None:
    video = VideoWriter(tmp_path / "a.mp4", fps=10)
    video.close()
    with pytest.raises(RuntimeError, match="is closed"):
        video.write(_gray(1))


def test_rates_are_kept_as_fractions(tmp_path: Path) -> None:
    assert VideoWriter(tmp_path / "a.mp4", fps=30000 / 1001)._rate == Fraction(30000, 1001)
