"""Uploads and clips of hosted sessions: through signed URLs, which never see a token."""

from __future__ import annotations

import asyncio
import hashlib
import threading
from pathlib import Path

import pytest

from reactor_env.client import (
    AuthenticationError,
    Clip,
    ConnectionFailedError,
    InvalidRequestError,
    Reactor,
    RecordingError,
    SessionLostError,
)
from reactor_env.client.errors import NotReadyError, ServiceError
from tests.hosted.clients import TIMEOUT_S, client, nothing_left
from tests.hosted.coordinator import HostedService
from tests.hosted.fixtures import UPLOAD_WORLD

pytestmark = pytest.mark.parametrize(
    "hosted_runtime", [UPLOAD_WORLD], ids=["upload"], indirect=True
)

UPLOADS, STORAGE = "/sessions/*/uploads", "/storage/uploads/*"
SEGMENTS = "/storage/clips/chunks/*"


async def recorded(reactor: Reactor) -> Clip:
    """Connect, wait until something is recorded, and cut a clip of it."""
    frames: asyncio.Queue[object] = asyncio.Queue()
    reactor.add_frame_sink(lambda _track, frame: frames.put_nowait(frame))
    await reactor.connect()
    async with asyncio.timeout(TIMEOUT_S):
        for _ in range(12):
            await frames.get()
        return await reactor.request_clip(1.0)


def files_in(folder: Path) -> list[Path]:
    return list(folder.iterdir())


# -- uploads ------------------------------------------------------------------------------------


async def test_an_upload_reaches_the_model_through_storage(hosted: HostedService) -> None:
    async with client(hosted) as reactor:
        await reactor.connect()
        ref = await reactor.upload_file(b"\x89PNG", name="a.png")
        reply = await reactor.send_command("show", {"picture": ref})
    assert reply is not None
    assert reply["data"] == {
        "file_name": "a.png",
        "mime_type": "image/png",
        "sha256": hashlib.sha256(b"\x89PNG").hexdigest(),
    }
    (upload,) = hosted.uploads
    assert upload.url.startswith(hosted.storage_url)
    (put,) = hosted.requests_to("PUT", STORAGE)
    assert put.headers["content-type"] == "image/png"
    assert {"authorization", "reactor-api-key"}.isdisjoint(put.headers)
    await nothing_left(hosted, reactor)


async def test_a_large_upload_arrives_whole(hosted: HostedService) -> None:
    data = bytes(range(256)) * 16384
    async with client(hosted) as reactor:
        await reactor.connect()
        ref = await reactor.upload_file(data)
        assert ref.size == len(data)
    assert hosted.uploads[0].content == data
    await nothing_left(hosted, reactor)


@pytest.mark.parametrize(
    ("status", "expected"),
    [
        (400, InvalidRequestError),
        (403, AuthenticationError),
        (413, ServiceError),
        (500, ServiceError),
    ],
)
@pytest.mark.parametrize(
    ("method", "path", "what"),
    [("POST", UPLOADS, "ask for an upload"), ("PUT", STORAGE, "upload the file")],
    ids=["announce", "store"],
)
async def test_a_refused_upload_says_so_and_leaves_the_session_be(
    hosted: HostedService,
    method: str,
    path: str,
    what: str,
    status: int,
    expected: type[ServiceError],
) -> None:
    hosted.fail(method, path, status=status, body="no, said the service")
    async with client(hosted) as reactor:
        await reactor.connect()
        with pytest.raises(ServiceError, match=f"could not {what}: HTTP {status}.*no, said") as e:
            await reactor.upload_file(b"bytes")
        assert type(e.value) is expected
        assert "Signature" not in str(e.value)
        ref = await reactor.upload_file(b"bytes")
        assert await reactor.send_command("show", {"picture": ref}) is not None
    await nothing_left(hosted, reactor)


async def test_a_presigned_url_that_expired_is_an_error(hosted: HostedService) -> None:
    hosted.settings.upload_url_seconds = -1.0
    async with client(hosted) as reactor:
        await reactor.connect()
        with pytest.raises(AuthenticationError, match="the signed URL has expired"):
            await reactor.upload_file(b"bytes")
    await nothing_left(hosted, reactor)


async def test_storage_that_breaks_off_is_an_error_without_the_signature(
    hosted: HostedService,
) -> None:
    hosted.reset("PUT", STORAGE)
    async with client(hosted) as reactor:
        await reactor.connect()
        with pytest.raises(ConnectionFailedError, match="could not upload the file") as raised:
            await reactor.upload_file(b"bytes")
    assert "Signature" not in str(raised.value)
    await nothing_left(hosted, reactor)


async def test_an_upload_whose_session_ends_meanwhile_is_an_error(hosted: HostedService) -> None:
    gate = threading.Event()
    async with client(hosted) as reactor:
        await reactor.connect()
        fault = hosted.delay("PUT", STORAGE, gate)
        uploading = asyncio.ensure_future(reactor.upload_file(b"bytes"))
        await fault.struck()
        await reactor.disconnect()
        gate.set()
        with pytest.raises((NotReadyError, SessionLostError, ConnectionFailedError)):
            await uploading
    await nothing_left(hosted, reactor)


async def test_a_cancelled_upload_leaves_the_session_be(hosted: HostedService) -> None:
    async with client(hosted) as reactor:
        await reactor.connect()
        for method, path in (("POST", UPLOADS), ("PUT", STORAGE)):
            fault = hosted.delay(method, path, 0.1)
            uploading = asyncio.ensure_future(reactor.upload_file(b"bytes"))
            await fault.struck()
            uploading.cancel()
            with pytest.raises(asyncio.CancelledError):
                await uploading
        ref = await reactor.upload_file(b"bytes")
        assert await reactor.send_command("show", {"picture": ref}) is not None
    await nothing_left(hosted, reactor)


# -- clips --------------------------------------------------------------------------------------


async def test_a_clip_is_downloaded_through_signed_urls(
    hosted: HostedService, tmp_path: Path
) -> None:
    async with client(hosted) as reactor:
        clip = await recorded(reactor)
        data = await reactor.download_clip_as_file(clip, tmp_path / "clip.mp4")
    assert (tmp_path / "clip.mp4").read_bytes() == data
    assert data[4:8] == b"ftyp"
    manifest = hosted.requests_to("GET", "/clips")[-1]
    assert manifest.headers["authorization"].startswith("Bearer ")
    segments = hosted.requests_to("GET", SEGMENTS)
    assert {segment.status for segment in segments} == {200}
    assert all("authorization" not in segment.headers for segment in segments)
    await nothing_left(hosted, reactor)


async def test_a_clip_is_downloaded_after_the_session_has_ended(hosted: HostedService) -> None:
    async with client(hosted) as reactor:
        clip = await recorded(reactor)
        await reactor.disconnect()
        assert (await reactor.download_clip_as_file(clip))[4:8] == b"ftyp"
    assert len(hosted.requests_to("POST", "/tokens")) == 1
    await nothing_left(hosted, reactor)


async def test_the_token_of_a_clip_is_renewed(hosted: HostedService) -> None:
    async with client(hosted) as reactor:
        clip = await recorded(reactor)
        hosted.expire_tokens()
        assert (await reactor.download_clip_as_file(clip))[4:8] == b"ftyp"
    assert len(hosted.requests_to("POST", "/tokens")) == 2
    await nothing_left(hosted, reactor)


@pytest.mark.parametrize(
    ("path", "status", "code"),
    [
        ("/clips", 410, "CLIP_GONE"),
        ("/clips", 500, "PLAYLIST_FETCH_FAILED"),
        (SEGMENTS, 403, "CHUNK_FETCH_FAILED"),
    ],
)
async def test_a_clip_that_is_refused_leaves_no_file(
    hosted: HostedService, tmp_path: Path, path: str, status: int, code: str
) -> None:
    async with client(hosted) as reactor:
        clip = await recorded(reactor)
        hosted.fail("GET", path, status=status, times=None)
        with pytest.raises(RecordingError) as raised:
            await reactor.download_clip_as_file(clip, tmp_path / "clip.mp4")
    assert raised.value.code == code
    assert "Signature" not in str(raised.value)
    assert files_in(tmp_path) == []
    await nothing_left(hosted, reactor)
