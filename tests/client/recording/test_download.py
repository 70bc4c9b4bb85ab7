from __future__ import annotations

import asyncio
import logging
import threading
import time
from collections.abc import AsyncIterator, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path

import httpx
import pytest

from reactor_env.client.recording import (
    Clip,
    ClipProgress,
    RecordingError,
    download,
    download_clip,
    fetch_playlist,
)
from tests.client.recording.conftest import FPS, Answer, Reply, Serve, Site, files_in, frames_of

SECRET = "a-token-nobody-else-may-see"
SIGNATURE = "a-signature"
CLIP = Clip("id", "snap", 7.0, 10.0, 10.2, 0, "/clips?session_id=id&start=7&end=10")


def playlist(uris: list[str]) -> str:
    lines = ["#EXTM3U", f'#EXT-X-MAP:URI="{uris[0]}"']
    for uri in uris[1:]:
        lines += ["#EXTINF:1.0,", uri]
    return "\n".join([*lines, "#EXT-X-ENDLIST", ""])


def files(segments: list[bytes], prefix: str = "/chunk/") -> Answer:
    """A server of a whole clip: the playlist, and ``/chunk/<number>``."""

    def answer(path: str) -> Reply:
        if path.startswith("/clips"):
            return Reply(playlist([f"{prefix}{number}" for number in range(len(segments))]))
        return Reply(segments[int(path.partition("?")[0].removeprefix("/chunk/"))])

    return answer


def instead(answer: Answer, replies: dict[str, Reply | Iterator[Reply]]) -> Answer:
    """Answer some paths otherwise; an iterator is used up, then the usual answer comes."""

    def other(path: str) -> Reply:
        found = replies.get(path.partition("?")[0])
        if isinstance(found, Reply):
            return found
        return next(found, None) or answer(path) if found is not None else answer(path)

    return other


@asynccontextmanager
async def client_of(site: Site) -> AsyncIterator[httpx.AsyncClient]:
    headers = {"Authorization": f"Bearer {SECRET}", "Cookie": f"session={SECRET}"}
    async with httpx.AsyncClient(base_url=site.url, headers=headers, trust_env=False) as api:
        yield api


async def failure(
    site: Site, clip: Clip = CLIP, *, ready_timeout_s: float = 60.0
) -> RecordingError:
    async with client_of(site) as api:
        with pytest.raises(RecordingError) as raised:
            await download_clip(clip, api=api, ready_timeout_s=ready_timeout_s)
    return raised.value


def frames(data: bytes) -> int:
    return len(frames_of(data))


# -- a clip that is there -----------------------------------------------------------------------


async def test_a_clip_becomes_a_file_with_every_frame(
    serve: Serve, segments: list[bytes], tmp_path: Path
) -> None:
    site = serve(files(segments))
    async with client_of(site) as api:
        data = await download_clip(CLIP, api=api, path=tmp_path / "clip.mp4")
    assert frames(data) == 3 * FPS
    assert (tmp_path / "clip.mp4").read_bytes() == data
    assert site.asked[0][0] == CLIP.playlist_url
    assert site.paths()[1:] == [f"/chunk/{number}" for number in range(4)]


async def test_progress_counts_segments_and_bytes(serve: Serve, segments: list[bytes]) -> None:
    seen: list[ClipProgress] = []
    async with client_of(serve(files(segments))) as api:
        await download_clip(CLIP, api=api, on_progress=seen.append)
    assert [(step.segments_done, step.segments_total) for step in seen] == [
        (0, 3),
        (0, 3),
        (1, 3),
        (2, 3),
        (3, 3),
    ]
    assert seen[0].bytes_done == 0
    assert seen[-1].bytes_done == sum(map(len, segments))


async def test_a_playlist_can_be_read_alone(serve: Serve, segments: list[bytes]) -> None:
    site = serve(files(segments))
    async with client_of(site) as api:
        read = await fetch_playlist(CLIP, api=api)
    assert read.uris == tuple(f"{site.url}/chunk/{number}" for number in range(4))
    assert read.duration == 3.0


async def test_addresses_to_listen_on_mean_the_apis_host(
    serve: Serve, segments: list[bytes]
) -> None:
    site = serve(files(segments, prefix="http://0.0.0.0:8080/chunk/"))
    clip = replace(CLIP, playlist_url=f"http://0.0.0.0:8080{CLIP.playlist_url}")
    async with client_of(site) as api:
        assert frames(await download_clip(clip, api=api)) == 3 * FPS


async def test_the_api_may_live_below_a_path(serve: Serve, segments: list[bytes]) -> None:
    usual = files(segments)
    site = serve(lambda path: usual(path.removeprefix("/v1")))
    async with httpx.AsyncClient(base_url=f"{site.url}/v1", trust_env=False) as api:
        assert frames(await download_clip(CLIP, api=api)) == 3 * FPS
    assert all(path.startswith("/v1/") for path in site.paths())


# -- whose business the credentials are ---------------------------------------------------------


async def test_credentials_go_to_the_api_and_to_nobody_else(
    serve: Serve, segments: list[bytes]
) -> None:
    storage = serve(files(segments))
    site = serve(files(segments, prefix=f"{storage.url}/chunk/"))
    async with client_of(site) as api:
        assert frames(await download_clip(CLIP, api=api)) == 3 * FPS
    assert [headers["authorization"] for _, headers in site.asked] == [f"Bearer {SECRET}"]
    assert len(storage.asked) == 4
    assert SECRET not in str(storage.asked)


async def test_a_redirect_takes_no_credentials_along(serve: Serve, segments: list[bytes]) -> None:
    usual = files(segments)
    storage = serve(usual)

    def answer(path: str) -> Reply:
        return Reply(status=307, headers={"Location": f"{storage.url}{path}"})

    site = serve(answer)
    async with client_of(site) as api:
        api.follow_redirects = True
        data = await download_clip(CLIP, api=api)
    assert frames(data) == 3 * FPS
    assert len(site.asked) == 1  # the chunks are relative to where the playlist really was
    assert SECRET not in str(storage.asked)


async def test_a_redirect_back_to_the_api_has_them_again(
    serve: Serve, segments: list[bytes]
) -> None:
    moved = Reply(status=302, headers={"Location": "/chunk/1"})
    usual = files(segments)
    site = serve(instead(usual, {"/chunk/1": iter([moved])}))
    async with client_of(site) as api:
        assert frames(await download_clip(CLIP, api=api)) == 3 * FPS
    assert all(headers["authorization"] == f"Bearer {SECRET}" for _, headers in site.asked)


async def test_a_redirect_in_a_circle_ends(serve: Serve) -> None:
    site = serve(lambda path: Reply(status=302, headers={"Location": path}))
    error = await failure(site)
    assert error.code == "PLAYLIST_FETCH_FAILED"
    assert "redirects" in error.reason


async def test_an_expired_signature_is_renewed(serve: Serve, segments: list[bytes]) -> None:
    versions = iter(range(100))
    # The first signature is good for the header and one segment, the next for two more.
    good = {"0": {"0", "1"}, "1": {"2", "3"}}

    def signed(path: str) -> Reply:
        number = path.removeprefix("/chunk/").partition("?")[0]
        allowed = number in good[path[-1]]
        return Reply(segments[int(number)]) if allowed else Reply(status=403)

    storage = serve(signed)

    def answer(_path: str) -> Reply:
        version = next(versions)
        return Reply(playlist([f"{storage.url}/chunk/{n}?v={version}" for n in range(4)]))

    async with client_of(serve(answer)) as api:
        assert frames(await download_clip(CLIP, api=api)) == 3 * FPS
    assert storage.paths() == [f"/chunk/{n}" for n in (0, 1, 2, 2, 3)]


async def test_an_error_names_no_signature_and_no_token(
    serve: Serve, segments: list[bytes], caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    storage = serve(lambda _path: Reply(status=403))
    uris = [f"{storage.url}/chunk/{n}?signature={SIGNATURE}" for n in range(4)]
    error = await failure(serve(lambda _path: Reply(playlist(uris))))
    assert error.code == "CHUNK_FETCH_FAILED"
    assert error.reason == f"{storage.url}/chunk/0 answered HTTP 403"
    assert SIGNATURE not in caplog.text
    assert SECRET not in caplog.text


async def test_other_requests_are_logged_as_ever(
    serve: Serve, segments: list[bytes], caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    async with client_of(serve(files(segments))) as api:
        await download_clip(CLIP, api=api)
        await api.get("/chunk/0?mine")
    assert [r.name for r in caplog.records] == ["httpx"]
    assert "/chunk/0?mine" in caplog.text


# -- a clip that is not there yet ---------------------------------------------------------------


async def test_a_clip_that_is_not_ready_is_waited_for(serve: Serve, segments: list[bytes]) -> None:
    site = serve(instead(files(segments), {"/clips": iter([Reply(status=202)] * 2)}))
    async with client_of(site) as api:
        assert frames(await download_clip(CLIP, api=api)) == 3 * FPS
    assert site.paths().count("/clips") == 3


@pytest.mark.parametrize(
    ("asked_for", "shortest", "longest"), [("0", 0.2, 0.9), ("1", 1.0, 1.9), ("3600", 2.0, 2.9)]
)
async def test_a_server_may_say_how_long_within_reason(
    asked_for: str, shortest: float, longest: float, serve: Serve, segments: list[bytes]
) -> None:
    later = Reply(status=202, headers={"Retry-After": asked_for})
    site = serve(instead(files(segments), {"/clips": iter([later])}))
    async with client_of(site) as api:
        begin = time.monotonic()
        await fetch_playlist(CLIP, api=api)
    assert shortest <= time.monotonic() - begin < longest


async def test_a_clip_that_never_gets_ready_is_given_up(serve: Serve) -> None:
    site = serve(lambda _path: Reply(status=202))
    error = await failure(site, ready_timeout_s=0.5)
    assert error.code == "CLIP_NOT_READY"
    assert "0.5 s after the server had predicted it" in error.reason
    assert len(site.asked) >= 2


async def test_the_servers_prediction_is_waited_for_first(serve: Serve) -> None:
    site = serve(lambda _path: Reply(status=202))
    clip = replace(CLIP, predicted_ready_at_ms=int(1e3 * time.time()) + 1000)
    begin = time.monotonic()
    assert (await failure(site, clip, ready_timeout_s=0.0)).code == "CLIP_NOT_READY"
    assert 0.3 < time.monotonic() - begin < 2


async def test_a_server_whose_clock_is_wrong_is_not_waited_for_that_long(
    serve: Serve, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(download, "_MOST_AHEAD_S", 0.0)
    clip = replace(CLIP, predicted_ready_at_ms=int(1e3 * time.time()) + 3_600_000)
    site = serve(lambda _path: Reply(status=202))
    async with asyncio.timeout(10):
        assert (await failure(site, clip, ready_timeout_s=0.3)).code == "CLIP_NOT_READY"


@pytest.mark.parametrize("predicted", [-(2**63), 2**63 - 1])
async def test_an_absurd_prediction_does_no_harm(
    predicted: int, serve: Serve, segments: list[bytes]
) -> None:
    clip = replace(CLIP, predicted_ready_at_ms=predicted)
    async with client_of(serve(files(segments))) as api:
        assert frames(await download_clip(clip, api=api)) == 3 * FPS


# -- what can go wrong --------------------------------------------------------------------------


@pytest.mark.parametrize("path", ["/clips", "/chunk/0", "/chunk/2"])
@pytest.mark.parametrize("status", [404, 410])
async def test_what_is_gone_is_gone(
    path: str, status: int, serve: Serve, segments: list[bytes]
) -> None:
    error = await failure(serve(instead(files(segments), {path: Reply(status=status)})))
    assert error.code == "CLIP_GONE"
    assert path in error.reason


@pytest.mark.parametrize(
    ("path", "code"),
    [("/clips", "PLAYLIST_FETCH_FAILED"), ("/chunk/0", "CHUNK_FETCH_FAILED")],
)
@pytest.mark.parametrize("status", [400, 401, 500])
async def test_an_http_error_is_told_with_its_status(
    path: str, code: str, status: int, serve: Serve, segments: list[bytes]
) -> None:
    error = await failure(serve(instead(files(segments), {path: Reply(status=status)})))
    assert error.code == code
    assert f"{path} answered HTTP {status}" in error.reason


@pytest.mark.parametrize("status", [429, 500, 503])
async def test_an_error_that_passes_is_survived(
    status: int, serve: Serve, segments: list[bytes]
) -> None:
    def passing() -> Iterator[Reply]:
        return iter([Reply(status=status, headers={"Retry-After": "0"})] * 2)

    site = serve(instead(files(segments), {"/clips": passing(), "/chunk/1": passing()}))
    async with client_of(site) as api:
        assert frames(await download_clip(CLIP, api=api)) == 3 * FPS


async def test_a_body_that_breaks_off_is_fetched_again(serve: Serve, segments: list[bytes]) -> None:
    broken = Reply(segments[1][:100], claimed_size=len(segments[1]))
    site = serve(instead(files(segments), {"/chunk/1": iter([broken])}))
    async with client_of(site) as api:
        assert frames(await download_clip(CLIP, api=api)) == 3 * FPS
    assert site.paths().count("/chunk/1") == 2


async def test_a_server_that_is_not_there_is_an_error(nobody: str) -> None:
    error = await failure(Site(nobody))
    assert error.code == "PLAYLIST_FETCH_FAILED"
    assert f"{nobody}/clips: " in error.reason


@pytest.mark.parametrize("number", [0, 2])
async def test_a_web_page_instead_of_a_segment_is_an_error(
    number: int, serve: Serve, segments: list[bytes]
) -> None:
    page = Reply("<html>please log in</html>")
    error = await failure(serve(instead(files(segments), {f"/chunk/{number}": page})))
    assert error.code == "CHUNK_FETCH_FAILED"
    assert f"/chunk/{number} is no segment" in error.reason


@pytest.mark.parametrize(
    "body",
    [
        pytest.param("<html>", id="a web page"),
        pytest.param(b"#EXTM3U\n\xff", id="no UTF-8"),
        pytest.param(playlist(["file:///etc/passwd", "a"]), id="a file"),
    ],
)
async def test_a_playlist_that_is_none_is_invalid(body: bytes | str, serve: Serve) -> None:
    assert (await failure(serve(lambda _path: Reply(body)))).code == "INVALID_PLAYLIST"


async def test_a_clip_too_large_for_memory_is_refused(
    serve: Serve, segments: list[bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(download, "MOST_BYTES", sum(map(len, segments)) - 1)
    error = await failure(serve(files(segments)))
    assert error.code == "DOWNLOAD_UNSUPPORTED"
    assert "/chunk/3 is larger than" in error.reason


# -- calls that end early -----------------------------------------------------------------------


@pytest.fixture
def stuck(serve: Serve, segments: list[bytes]) -> Iterator[tuple[Site, threading.Event]]:
    """A server that never answers for the second segment, and whether it was asked."""
    asked, release = threading.Event(), threading.Event()
    usual = files(segments)

    def answer(path: str) -> Reply:
        if path == "/chunk/2":
            asked.set()
            release.wait(20)
        return usual(path)

    yield serve(answer), asked
    release.set()


async def test_a_download_that_takes_too_long_says_what_it_waited_for(
    stuck: tuple[Site, threading.Event], tmp_path: Path
) -> None:
    site, _ = stuck
    async with client_of(site) as api:
        with pytest.raises(RecordingError, match="waiting for segment 2 of 3") as raised:
            await download_clip(CLIP, api=api, path=tmp_path / "clip.mp4", timeout_s=0.5)
    assert raised.value.code == "REQUEST_TIMEOUT"
    assert files_in(tmp_path) == []


async def test_a_cancelled_download_leaves_no_file(
    stuck: tuple[Site, threading.Event], tmp_path: Path
) -> None:
    site, asked = stuck
    async with client_of(site) as api:
        task = asyncio.ensure_future(download_clip(CLIP, api=api, path=tmp_path / "clip.mp4"))
        assert await asyncio.to_thread(asked.wait, 10)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
    assert files_in(tmp_path) == []


async def test_a_download_cancelled_before_the_file_is_written_ends_with_the_writing_thread(
    serve: Serve, segments: list[bytes], tmp_path: Path
) -> None:
    fetched, release = asyncio.Event(), threading.Event()
    threads = ThreadPoolExecutor(1)
    asyncio.get_running_loop().set_default_executor(threads)

    def watch(step: ClipProgress) -> None:
        if step.segments_done == step.segments_total:
            threads.submit(release.wait, 10)  # the one thread is busy: the writing has to wait
            fetched.set()

    async with client_of(serve(files(segments))) as api:
        call = download_clip(CLIP, api=api, path=tmp_path / "clip.mp4", on_progress=watch)
        task = asyncio.ensure_future(call)
        await fetched.wait()
        await turns_of_the_loop()
        task.cancel()
        await turns_of_the_loop()
        assert not task.done()
        release.set()
        with pytest.raises(asyncio.CancelledError):
            await task
    assert files_in(tmp_path) == []


async def turns_of_the_loop() -> None:
    """Let every task that can go on do so."""
    for _ in range(50):
        await asyncio.sleep(0)


async def test_a_failed_download_keeps_the_file_that_was_there(
    serve: Serve, segments: list[bytes], tmp_path: Path
) -> None:
    path = tmp_path / "clip.mp4"
    path.write_bytes(b"an older file")
    site = serve(instead(files(segments), {"/chunk/3": Reply(status=404)}))
    async with client_of(site) as api:
        with pytest.raises(RecordingError):
            await download_clip(CLIP, api=api, path=path)
    assert path.read_bytes() == b"an older file"
    assert files_in(tmp_path) == [path]


async def test_a_path_that_cannot_be_written_is_told_before_anything_is_fetched(
    serve: Serve, segments: list[bytes], tmp_path: Path
) -> None:
    site = serve(files(segments))
    async with client_of(site) as api:
        with pytest.raises(FileNotFoundError, match="does not exist"):
            await download_clip(CLIP, api=api, path=tmp_path / "nowhere" / "clip.mp4")
    assert site.asked == []


async def test_an_error_in_the_progress_handler_reaches_the_caller(
    serve: Serve, segments: list[bytes], tmp_path: Path
) -> None:
    def refuse(_step: ClipProgress) -> None:
        raise TimeoutError("mine")

    async with client_of(serve(files(segments))) as api:
        with pytest.raises(TimeoutError, match="mine"):
            await download_clip(CLIP, api=api, path=tmp_path / "clip.mp4", on_progress=refuse)
    assert files_in(tmp_path) == []
