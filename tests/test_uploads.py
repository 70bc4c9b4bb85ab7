from __future__ import annotations

import io
from pathlib import Path
from typing import Any, cast

import av
import numpy as np
import pytest

from reactor_env.client.schema import FieldSchema
from reactor_env.client.types import FileRef
from reactor_env.client.uploads import Upload
from reactor_env.client.wire.messages import Command
from reactor_env.session import Session
from reactor_env.uploads import Uploads, as_upload, png
from tests.spaces.models import command, model, text

PICTURE = np.random.default_rng(1).integers(0, 256, (12, 20, 3)).astype(np.uint8)
SCHEMA = model(command("set_image", FieldSchema("image", "upload", True), text("prompt")))


class Files:
    """A session that only takes files."""

    def __init__(self) -> None:
        self.taken: list[Upload] = []

    def upload(self, upload: Upload, timeout_s: float) -> FileRef:
        self.taken.append(upload)
        return FileRef(str(len(self.taken)), upload.name, upload.mime_type, len(upload.data))


def test_a_picture_becomes_a_png_file_without_loss() -> None:
    with av.open(io.BytesIO(png(PICTURE)), "r") as container:
        (frame,) = container.decode(video=0)
    np.testing.assert_array_equal(frame.to_ndarray(format="rgb24"), PICTURE)


def test_a_path_keeps_its_name_and_type(tmp_path: Path) -> None:
    path = tmp_path / "room.jpg"
    path.write_bytes(b"x")
    for given in (path, str(path)):
        assert as_upload(given) == Upload("room.jpg", "image/jpeg", b"x")


def test_bytes_get_the_type_they_begin_with() -> None:
    assert as_upload(png(PICTURE)).mime_type == "image/png"
    assert as_upload(b"\xff\xd8\xff\xe0").mime_type == "image/jpeg"
    assert as_upload(b"something").mime_type == "application/octet-stream"


@pytest.mark.parametrize(
    "picture",
    [np.zeros((4, 4), np.uint8), np.zeros((4, 4, 3)), np.zeros((0, 4, 3), np.uint8)],
    ids=["grey", "float64", "empty"],
)
def test_an_array_that_is_no_picture_is_refused(picture: Any) -> None:
    with pytest.raises(ValueError, match=r"must be \(H, W, 3\) uint8 RGB, got"):
        as_upload(picture)


def test_files_of_a_command_are_uploaded_and_the_same_one_once() -> None:
    session, uploads = Files(), Uploads(SCHEMA)
    for _ in range(2):
        found = uploads.resolve(
            cast("Session", session), Command("set_image", {"image": PICTURE, "prompt": "a"}), 1.0
        )
        assert found.data["prompt"] == "a"
        assert found.data["image"] == FileRef("1", "image.png", "image/png", len(png(PICTURE)))
    assert len(session.taken) == 1


def test_a_file_that_was_uploaded_already_is_passed_on() -> None:
    ref = FileRef("9", "a.png", "image/png", 3)
    given = Command("set_image", {"image": ref, "prompt": "a"})
    assert Uploads(SCHEMA).resolve(cast("Session", Files()), given, 1.0) == given


def test_what_is_no_file_is_named_with_its_parameter() -> None:
    for value in (3, {"upload_id": "x"}):
        given = Command("set_image", {"image": value, "prompt": "a"})
        with pytest.raises(TypeError, match=r"set_image\.image"):
            Uploads(SCHEMA).resolve(cast("Session", Files()), given, 1.0)
