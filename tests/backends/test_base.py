from __future__ import annotations

import asyncio
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np
import pytest

from reactor_env.backends.base import LoopSession
from reactor_env.client.errors import ReactorTimeoutError, SessionLostError
from reactor_env.client.types import FileRef
from reactor_env.client.uploads import Upload
from reactor_env.client.video import VideoFrame
from reactor_env.client.wire.messages import Command


class Echo(LoopSession):
    """A session that answers each command with itself."""

    backend = "native"

    async def _connect(self, timeout_s: float) -> None:
        self._message_received({"type": "state", "data": {}})

    async def _disconnect(self) -> None:
        pass

    async def _send(self, command: str, data: Mapping[str, Any]) -> dict[str, Any] | None:
        return {"type": command, "data": dict(data)}

    async def _step(self, commands: Sequence[Command], timeout_s: float) -> VideoFrame:
        return VideoFrame(np.zeros((1, 1, 3), np.uint8), None, 0, 1)

    async def _upload(self, upload: Upload) -> FileRef:
        return FileRef("1", upload.name, upload.mime_type, len(upload.data))


@pytest.fixture
def session() -> Iterator[Echo]:
    session = Echo("streamed", None)
    session.open(5.0)
    yield session
    session.close()


def moderation(action: str) -> dict[str, Any]:
    return {"type": "moderation", "data": {"action": action, "message": "not here"}}


def test_messages_are_handed_out_once_with_or_without_their_arrival(session: Echo) -> None:
    ((arrival, message),) = session.take_received()
    assert arrival > 0
    assert message["type"] == "state"
    assert session.take_messages() == []


def test_moderation_is_told_among_the_messages(session: Echo) -> None:
    session.take_messages()
    session._runtime_message_received(moderation("warn"))
    session._runtime_message_received({"type": "clipReady", "data": {}})
    assert session.take_messages() == [moderation("warn")]
    assert session.call("set_yaw", {"yaw": 1}, 5.0) == {"type": "set_yaw", "data": {"yaw": 1}}


def test_moderation_that_ends_the_session_is_the_reason_of_its_loss(session: Echo) -> None:
    session._runtime_message_received(moderation("terminate"))
    with pytest.raises(SessionLostError, match="moderation ended it: not here"):
        session.call("set_yaw", {}, 5.0)
    with pytest.raises(SessionLostError, match="moderation ended it: not here"):
        session.frames.wait(lambda _: True, 5.0)


def test_a_file_is_uploaded_in_the_session(session: Echo) -> None:
    found = session.upload(Upload("a.png", "image/png", b"abc"), 5.0)
    assert found == FileRef("1", "a.png", "image/png", 3)


def test_a_backend_that_feeds_no_tracks_says_so(session: Echo) -> None:
    with pytest.raises(ValueError, match="inputs need `backend=\"aiortc\"`, got 'native'"):
        session.publish("source", np.zeros((4, 4, 3), np.uint8), 5.0)


def test_what_takes_too_long_is_named() -> None:
    class Slow(Echo):
        async def _upload(self, upload: Upload) -> FileRef:
            await asyncio.sleep(30)
            raise AssertionError

    session = Slow("streamed", None)
    session.open(5.0)
    with pytest.raises(ReactorTimeoutError, match=r"the upload of 'a\.png'"):
        session.upload(Upload("a.png", "image/png", b"abc"), 0.1)
    session.close()
