"""What is uploaded, and under which name and type. Source: ``platform.md`` A4, B8."""

from __future__ import annotations

import io
import mimetypes
import os
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO

DEFAULT_NAME = "upload"
DEFAULT_MIME_TYPE = "application/octet-stream"


@dataclass(frozen=True, slots=True)
class Upload:
    """A file ready to be sent.

    Attributes:
        name: Its name, without folders.
        mime_type: Its media type.
        data: Its bytes, at least one.
    """

    name: str
    mime_type: str
    data: bytes = field(repr=False)


def read_upload(
    file: BinaryIO | bytes | str | os.PathLike[str],
    name: str | None = None,
    mime_type: str | None = None,
) -> Upload:
    """Read a file and settle its name and media type. Blocks while it reads.

    Args:
        file: A path, the bytes themselves, or a file object opened in binary mode.
        name: The name; by default that of the path or file object, ``"upload"`` for bytes.
        mime_type: The media type; by default guessed from the name,
            ``"application/octet-stream"`` where nothing is known.

    Raises:
        TypeError: If ``file`` is something else, for example a file opened as text.
        ValueError: If there are no bytes.
        OSError: If it cannot be read.
    """
    match file:
        case bytes() | bytearray() | memoryview():
            data, found = bytes(file), DEFAULT_NAME
        case str() | os.PathLike():
            path = Path(file)
            data, found = path.read_bytes(), path.name
        case io.TextIOBase():
            raise TypeError("`file` must be opened in binary mode, got a file opened as text")
        case _ if callable(getattr(file, "read", None)):
            read = file.read()
            if not isinstance(read, bytes | bytearray):
                raise TypeError(
                    f"`file` must give bytes when it is read, got {type(read).__name__}"
                )
            own = getattr(file, "name", None)
            data, found = bytes(read), Path(own).name if isinstance(own, str) else DEFAULT_NAME
        case _:
            raise TypeError(
                f"`file` must be a path, bytes or a binary file object, got {type(file).__name__}"
            )
    chosen = name or found or DEFAULT_NAME
    if not data:
        raise ValueError(f"`file` must not be empty, got 0 bytes of {chosen!r}")
    guessed = mime_type or mimetypes.guess_type(chosen)[0] or DEFAULT_MIME_TYPE
    return Upload(chosen, guessed, data)
