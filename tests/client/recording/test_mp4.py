from __future__ import annotations

import contextlib
import io
import tempfile
import threading
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reactor_env.client.recording.clip import RecordingError
from reactor_env.client.recording.mp4 import (
    WritingCancelledError,
    boxes,
    check_segment,
    check_target,
    write_mp4,
)
from tests.client.recording.conftest import FPS, files_in, frames_of


def box(kind: str, body: bytes = b"") -> bytes:
    return (8 + len(body)).to_bytes(4, "big") + kind.encode() + body


# -- segments -----------------------------------------------------------------------------------


@given(kinds=st.lists(st.text("abcdefgh ", min_size=4, max_size=4)), body=st.binary(max_size=20))
def test_boxes_are_named_in_their_order(kinds: list[str], body: bytes) -> None:
    assert boxes(b"".join(box(kind, body) for kind in kinds)) == kinds


def test_a_box_may_have_a_64_bit_size_or_reach_to_the_end() -> None:
    large = (1).to_bytes(4, "big") + b"mdat" + (18).to_bytes(8, "big") + b"ab"
    last = (0).to_bytes(4, "big") + b"free" + b"rest"
    assert boxes(large + last) == ["mdat", "free"]


@pytest.mark.parametrize(
    "data",
    [
        pytest.param(b"\x00\x00", id="too short"),
        pytest.param(box("moof")[:-1], id="cut off"),
        pytest.param((7).to_bytes(4, "big") + b"moof", id="smaller than its header"),
        pytest.param((1).to_bytes(4, "big") + b"moof", id="a large size that is not there"),
        pytest.param(
            (1).to_bytes(4, "big") + b"moof" + (9).to_bytes(8, "big"), id="large and small"
        ),
        pytest.param(b"<html><body>gone</body></html>", id="a web page"),
    ],
)
def test_bytes_that_are_no_boxes_are_a_value_error(data: bytes) -> None:
    with pytest.raises(ValueError, match="box"):
        boxes(data)


@given(data=st.binary(max_size=40))
def test_any_bytes_are_boxes_or_a_value_error(data: bytes) -> None:
    with contextlib.suppress(ValueError):
        assert len(boxes(data)) <= len(data) / 8


def test_the_segments_of_a_clip_are_segments(segments: list[bytes]) -> None:
    check_segment(segments[0], header=True)
    for segment in segments[1:]:
        check_segment(segment, header=False)


@pytest.mark.parametrize("header", [True, False])
def test_a_segment_of_the_other_kind_is_a_value_error(header: bool, segments: list[bytes]) -> None:
    with pytest.raises(ValueError, match="expected boxes moov" if header else "moof, mdat, got"):
        check_segment(segments[1 if header else 0], header=header)


def test_an_empty_segment_is_a_value_error() -> None:
    with pytest.raises(ValueError, match="expected boxes moof, mdat, got none"):
        check_segment(b"", header=False)


# -- the file -----------------------------------------------------------------------------------


def test_the_file_has_every_frame_and_begins_at_zero(segments: list[bytes]) -> None:
    data = write_mp4(io.BytesIO(b"".join(segments)), None)
    frames = frames_of(data)
    assert [round(frame.time * FPS) for frame in frames if frame.time is not None] == list(
        range(3 * FPS)
    )
    levels = [frame.to_ndarray(format="rgb24").mean() for frame in frames]
    assert levels == pytest.approx([60 + 5 * index for index in range(3 * FPS)], abs=6)


def test_the_index_comes_before_the_media(segments: list[bytes]) -> None:
    kinds = boxes(write_mp4(io.BytesIO(b"".join(segments)), None))
    assert "moof" not in kinds
    assert kinds.index("moov") < kinds.index("mdat")


def test_the_file_is_the_bytes(segments: list[bytes], tmp_path: Path) -> None:
    path = tmp_path / "clip.mp4"
    path.write_bytes(b"an older file")
    data = write_mp4(io.BytesIO(b"".join(segments)), path)
    assert path.read_bytes() == data
    assert files_in(tmp_path) == [path]


def test_the_file_has_the_permissions_of_any_new_file(
    segments: list[bytes], tmp_path: Path
) -> None:
    (tmp_path / "other").touch()
    path = tmp_path / "clip.mp4"
    write_mp4(io.BytesIO(b"".join(segments)), path)
    assert path.stat().st_mode == (tmp_path / "other").stat().st_mode


def test_a_cancelled_file_is_not_there_and_the_old_one_is(
    segments: list[bytes], tmp_path: Path
) -> None:
    path = tmp_path / "clip.mp4"
    path.write_bytes(b"an older file")
    cancelled = threading.Event()
    cancelled.set()
    with pytest.raises(WritingCancelledError):
        write_mp4(io.BytesIO(b"".join(segments)), path, cancelled)
    assert path.read_bytes() == b"an older file"
    assert files_in(tmp_path) == [path]


class SetWhenAskedOften(threading.Event):
    """An event that another thread seems to set while the file is half written."""

    asked = 0

    def is_set(self) -> bool:
        self.asked += 1
        return self.asked > 15


@pytest.mark.parametrize("name", ["clip.mp4", None])
def test_a_file_cancelled_half_way_leaves_nothing(
    name: str | None, segments: list[bytes], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    path = tmp_path / name if name is not None else None
    with pytest.raises(WritingCancelledError):
        write_mp4(io.BytesIO(b"".join(segments)), path, SetWhenAskedOften())
    assert files_in(tmp_path) == []


@pytest.mark.parametrize(
    "damage",
    [
        pytest.param(lambda parts: b"no video", id="no MP4"),
        pytest.param(lambda parts: parts[1], id="no header"),
        pytest.param(lambda parts: box("ftyp", b"isom\x00\x00\x02\x00"), id="no movie"),
    ],
)
def test_what_is_no_video_is_an_error_and_leaves_nothing(
    damage: object, segments: list[bytes], tmp_path: Path
) -> None:
    assert callable(damage)
    with pytest.raises(RecordingError) as raised:
        write_mp4(io.BytesIO(damage(segments)), tmp_path / "clip.mp4")
    assert raised.value.code == "INTERNAL_ERROR"
    assert files_in(tmp_path) == []


def test_a_folder_that_is_not_there_is_an_os_error(segments: list[bytes], tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        write_mp4(io.BytesIO(b"".join(segments)), tmp_path / "nowhere" / "clip.mp4")


def test_a_target_that_can_be_written_is_accepted_and_not_touched(tmp_path: Path) -> None:
    check_target(tmp_path / "clip.mp4")
    assert files_in(tmp_path) == []


def test_a_target_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match="the folder of `path` does not exist"):
        check_target(tmp_path / "nowhere" / "clip.mp4")
    with pytest.raises(IsADirectoryError, match="`path` must be a file, got the folder"):
        check_target(tmp_path)
