from __future__ import annotations

import io
import os
import tempfile
from pathlib import Path
from typing import Any

import pytest

from reactor_env.client.uploads import Upload, read_upload

PICTURE = b"\x89PNG\r\n"


@pytest.fixture
def picture(tmp_path: Path) -> Path:
    path = tmp_path / "room.PNG"
    path.write_bytes(PICTURE)
    return path


@pytest.mark.parametrize("kind", [Path, str, os.fspath])
def test_a_path_is_read_and_names_the_file(picture: Path, kind: Any) -> None:
    assert read_upload(kind(picture)) == Upload("room.PNG", "image/png", PICTURE)


@pytest.mark.parametrize("kind", [bytes, bytearray, memoryview])
def test_bytes_have_no_name_of_their_own(kind: Any) -> None:
    upload = read_upload(kind(PICTURE))
    assert upload == Upload("upload", "application/octet-stream", PICTURE)
    assert type(upload.data) is bytes


def test_a_file_object_is_read_and_names_the_file(picture: Path) -> None:
    with picture.open("rb") as file:
        assert read_upload(file) == Upload("room.PNG", "image/png", PICTURE)


def test_a_file_object_is_read_from_where_it_stands(picture: Path) -> None:
    with picture.open("rb") as file:
        file.read(4)
        assert read_upload(file).data == PICTURE[4:]


def test_a_file_object_without_a_name_is_called_upload() -> None:
    assert read_upload(io.BytesIO(PICTURE)).name == "upload"
    with tempfile.TemporaryFile() as file:  # its name is a number
        file.write(PICTURE)
        file.seek(0)
        assert read_upload(file).name == "upload"


def test_a_given_name_counts_and_tells_the_media_type(picture: Path) -> None:
    assert read_upload(picture, "a.jpg") == Upload("a.jpg", "image/jpeg", PICTURE)
    assert read_upload(PICTURE, "a.json").mime_type == "application/json"


def test_an_empty_name_is_no_name(picture: Path) -> None:
    assert read_upload(picture, "").name == "room.PNG"
    assert read_upload(PICTURE, "").name == "upload"


def test_a_given_media_type_counts(picture: Path) -> None:
    assert read_upload(picture, mime_type="image/x-mine").mime_type == "image/x-mine"


@pytest.mark.parametrize("name", ["noextension", "a.zzzz", "a."])
def test_a_name_that_says_nothing_is_a_stream_of_octets(name: str) -> None:
    assert read_upload(PICTURE, name).mime_type == "application/octet-stream"


def test_a_file_opened_as_text_is_refused(picture: Path) -> None:
    with (
        picture.open(encoding="latin-1") as file,
        pytest.raises(TypeError, match="`file` must be opened in binary mode, got a file opened"),
    ):
        read_upload(file)  # type: ignore[arg-type]


def test_a_file_object_that_gives_text_is_refused() -> None:
    with (
        tempfile.NamedTemporaryFile("w+") as file,
        pytest.raises(TypeError, match="`file` must give bytes when it is read, got str"),
    ):
        read_upload(file)


@pytest.mark.parametrize(
    "file", [5, None, [PICTURE], object()], ids=lambda file: type(file).__name__
)
def test_anything_else_is_refused_by_its_kind(file: Any) -> None:
    with pytest.raises(TypeError, match="`file` must be a path, bytes or a binary file object"):
        read_upload(file)


@pytest.mark.parametrize("file", [b"", io.BytesIO()], ids=["bytes", "file object"])
def test_an_empty_file_is_refused(file: Any) -> None:
    with pytest.raises(ValueError, match="`file` must not be empty, got 0 bytes of 'upload'"):
        read_upload(file)


def test_an_empty_file_on_disk_is_refused_by_name(tmp_path: Path) -> None:
    (tmp_path / "a.png").touch()
    with pytest.raises(ValueError, match=r"`file` must not be empty, got 0 bytes of 'a\.png'"):
        read_upload(tmp_path / "a.png")


def test_a_file_that_is_not_there_is_an_os_error(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        read_upload(tmp_path / "a.png")
    with pytest.raises(OSError, match="directory"):
        read_upload(tmp_path)


def test_an_upload_does_not_show_its_bytes() -> None:
    assert "PNG" not in repr(read_upload(PICTURE))
