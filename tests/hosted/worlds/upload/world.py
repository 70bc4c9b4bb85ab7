"""A model that takes a file and tells its digest, and draws a grey that changes with time."""

# No `from __future__ import annotations`: the runtime reads the handlers' annotations.

import hashlib

import numpy as np
from reactor_runtime import (
    MessageField,
    ModelMessage,
    Output,
    ReactorApp,
    UploadedFile,
    Video,
    event,
)

SIZE = 64


class Digest(ModelMessage):
    """What the model saw of a file."""

    file_name: str = MessageField(description="As announced.")
    mime_type: str = MessageField(description="As announced.")
    sha256: str = MessageField(description="Of the bytes, in hexadecimal.")


class WorldOutput(Output):
    """The one output track."""

    main_video: Video


class World(ReactorApp):
    """Grey frames, 10 a second, and one command."""

    fps = 10.0

    def __init__(self) -> None:
        super().__init__()
        self._frame = 0

    @event(name="show", description="Tell the digest of a file.")
    async def show(self, picture: UploadedFile) -> Digest:
        return Digest(
            file_name=picture.name,
            mime_type=picture.mime_type,
            sha256=hashlib.sha256(picture.data).hexdigest(),
        )

    async def process_input(self) -> None:
        """Wait for nothing: every step is due."""

    def generate(self, given: None) -> WorldOutput:
        del given
        self._frame += 1
        grey = 64 + self._frame % 128
        return WorldOutput(main_video=np.full((SIZE, SIZE, 3), grey, np.uint8))
