"""Files for a model's commands: paths, bytes and pictures become uploads of a session."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Mapping
from dataclasses import replace
from fractions import Fraction
from typing import Any

import av
import numpy as np
from numpy.typing import NDArray

from reactor_env.client.schema import ModelSchema
from reactor_env.client.types import FileRef
from reactor_env.client.uploads import DEFAULT_MIME_TYPE, Upload, read_upload
from reactor_env.client.wire.messages import Command
from reactor_env.session import Session

_MAGIC = {b"\x89PNG": "image/png", b"\xff\xd8\xff": "image/jpeg", b"RIFF": "image/webp"}


def as_upload(value: Any) -> Upload:
    """Read what a user gives for a file.

    Args:
        value: A path, the file's bytes, a binary file object, or a (H, W, 3) uint8 RGB picture,
            which becomes a PNG file.

    Raises:
        TypeError: If it is something else.
        ValueError: If it is empty.
        OSError: If it cannot be read.
    """
    if isinstance(value, np.ndarray):
        return Upload("image.png", "image/png", png(value))
    upload = read_upload(value)
    if upload.mime_type == DEFAULT_MIME_TYPE and not isinstance(value, str | os.PathLike):
        kinds = (kind for magic, kind in _MAGIC.items() if upload.data.startswith(magic))
        upload = replace(upload, mime_type=next(kinds, upload.mime_type))
    return upload


def png(picture: NDArray[Any]) -> bytes:
    """Return a picture as a PNG file.

    Args:
        picture: (H, W, 3) uint8 RGB.

    Raises:
        ValueError: If it is something else.
    """
    if picture.dtype != np.uint8 or picture.ndim != 3 or picture.shape[2] != 3 or not picture.size:
        raise ValueError(
            f"a picture must be (H, W, 3) uint8 RGB, got {picture.dtype} {picture.shape}"
        )
    codec = av.CodecContext.create("png", "w")
    assert isinstance(codec, av.VideoCodecContext)
    codec.height, codec.width = picture.shape[:2]
    codec.pix_fmt = "rgb24"
    codec.time_base = Fraction(1, 1)
    frame = av.VideoFrame.from_ndarray(np.ascontiguousarray(picture), format="rgb24")
    packets = [*codec.encode(frame), *codec.encode(None)]
    return b"".join(bytes(packet) for packet in packets)


class Uploads:
    """What one session was given so far: the same file is uploaded once.

    Args:
        schema: The model's schema; says which parameters are files.
    """

    def __init__(self, schema: ModelSchema) -> None:
        self._schema = schema
        self._known: dict[bytes, FileRef] = {}

    def resolve(self, session: Session, command: Command, timeout_s: float) -> Command:
        """Upload the files of a command.

        Args:
            session: The session.
            command: A command whose files are as :func:`as_upload` takes them.
            timeout_s: Seconds an upload may take.

        Returns:
            The command with a :class:`~reactor_env.client.types.FileRef` for each file.

        Raises:
            TypeError, ValueError, OSError: As :func:`as_upload`; say which option it was.
            ReactorClientError: If the upload fails.
        """
        fields = self._schema.commands[command.name].fields
        data: dict[str, Any] = dict(command.data)
        for name, field in fields.items():
            if field.type == "upload" and data.get(name) is not None:
                data[name] = self._upload(session, f"{command.name}.{name}", data[name], timeout_s)
        return Command(command.name, data)

    def _upload(self, session: Session, where: str, value: Any, timeout_s: float) -> FileRef:
        if isinstance(value, FileRef):
            return value
        if isinstance(value, Mapping):
            raise TypeError(f"{where} must be a path, bytes, a file or a picture, got a mapping")
        try:
            upload = as_upload(value)
        except (TypeError, ValueError) as error:
            raise type(error)(f"{where}: {error}") from None
        digest = hashlib.blake2b(upload.data + upload.name.encode()).digest()
        if digest not in self._known:
            self._known[digest] = session.upload(upload, timeout_s)
        return self._known[digest]
