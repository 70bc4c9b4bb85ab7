"""The proof that the fake is close enough: the official client works with it unchanged."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
import reactor_sdk

from tests.hosted.coordinator import HostedService
from tests.hosted.fixtures import UPLOAD_WORLD

TIMEOUT_S = 20.0


@asynccontextmanager
async def connected(service: HostedService, **options: Any) -> AsyncIterator[reactor_sdk.Reactor]:
    reactor = reactor_sdk.Reactor(
        "reactor/catch", api_key=service.api_key, api_url=service.url, **options
    )
    try:
        async with asyncio.timeout(TIMEOUT_S):
            await reactor.connect()
        yield reactor
    finally:
        async with asyncio.timeout(TIMEOUT_S):
            await reactor.disconnect()
        reactor.close()


async def test_a_whole_session_from_the_key_to_the_bill(hosted: HostedService) -> None:
    async with connected(hosted) as reactor:
        reply = await reactor.send_command("reset", {"seed": 1})
        assert reply is not None
        assert reply["type"] == "episode_started"
        uploaded = await reactor.upload_file(b"bytes", name="a.txt", mime_type="text/plain")
        await hosted.until("ACTIVE", lambda: hosted.sessions[0].state == "ACTIVE")
    await hosted.no_live_sessions()
    (upload,) = hosted.uploads
    assert (upload.upload_id, upload.content) == (uploaded.upload_id, b"bytes")
    (entry,) = hosted.ledger
    assert entry.end_reason == "deleted"
    assert entry.billed_seconds > 0
    assert not hosted.tokens_sent_to_storage


async def test_the_key_travels_to_the_token_route_alone(hosted: HostedService) -> None:
    async with connected(hosted):
        pass
    with_key = [r for r in hosted.requests if hosted.api_key in str(r.headers.raw)]
    assert [(r.method, r.path) for r in with_key] == [("POST", "/tokens")]
    assert with_key[0].headers["reactor-api-key"] == hosted.api_key


async def test_a_stepped_session_generates_on_request(hosted: HostedService) -> None:
    async with connected(hosted, generation="stepped") as reactor:
        await reactor.send_command("reset", {"seed": 1})
        result = await reactor.step()
        assert result.step == 1
    assert hosted.requests_to("POST", "/sessions")[0].json()["extra_configs"] == {
        "generation": "stepped"
    }


async def test_a_runtime_that_ignores_stepped_is_noticed(hosted: HostedService) -> None:
    hosted.settings.ignore_generation = True
    with pytest.raises(reactor_sdk.GenerationModeMismatchError):
        async with connected(hosted, generation="stepped"):
            pass


@pytest.mark.parametrize("hosted_runtime", [UPLOAD_WORLD], ids=["upload"], indirect=True)
async def test_a_command_that_names_an_upload_reaches_the_model_with_its_bytes(
    hosted: HostedService,
) -> None:
    async with connected(hosted) as reactor:
        ref = await reactor.upload_file(b"\x89PNG", name="a.png", mime_type="image/png")
        reply = await reactor.send_command("show", {"picture": ref})
    assert reply == {
        "type": "digest",
        "data": {
            "file_name": "a.png",
            "mime_type": "image/png",
            "sha256": hashlib.sha256(b"\x89PNG").hexdigest(),
        },
    }


@pytest.mark.parametrize("hosted_runtime", [UPLOAD_WORLD], ids=["upload"], indirect=True)
async def test_a_clip_is_downloaded_through_signed_urls(
    hosted: HostedService, tmp_path: Any
) -> None:
    async with connected(hosted) as reactor:
        frames = 0
        enough = asyncio.Event()
        loop = asyncio.get_running_loop()

        def count(frame: Any) -> None:
            nonlocal frames
            del frame
            frames += 1
            if frames == 15:
                loop.call_soon_threadsafe(enough.set)

        reactor.track("main_video").on_frame(count)
        async with asyncio.timeout(TIMEOUT_S):
            await enough.wait()
            clip = await reactor.request_clip(1.0)
            await reactor.download(clip, tmp_path / "clip.mp4")
    assert (tmp_path / "clip.mp4").read_bytes()[4:8] == b"ftyp"
    segments = hosted.requests_to("GET", "/storage/clips/chunks/*")
    assert [s.status for s in segments] == [200] * len(segments)
    assert segments
    assert not hosted.tokens_sent_to_storage


async def test_a_session_that_expires_tells_its_client(hosted: HostedService) -> None:
    async with connected(hosted) as reactor:
        gone = asyncio.Event()
        loop = asyncio.get_running_loop()

        def note(status: Any) -> None:
            if status == reactor_sdk.ReactorStatus.DISCONNECTED:
                loop.call_soon_threadsafe(gone.set)

        reactor.on_status(note)
        await asyncio.to_thread(hosted.expire_session, hosted.live_sessions[0])
        async with asyncio.timeout(TIMEOUT_S):
            await gone.wait()
    assert hosted.ledger[0].end_reason == "session expired"


async def test_a_client_that_leaves_without_a_word_is_billed_until_nobody_comes_back(
    hosted: HostedService,
) -> None:
    hosted.settings.orphan_seconds = 0.2
    reactor = reactor_sdk.Reactor("reactor/catch", api_key=hosted.api_key, api_url=hosted.url)
    async with asyncio.timeout(TIMEOUT_S):
        await reactor.connect()
    await hosted.until("ACTIVE", lambda: hosted.sessions[0].state == "ACTIVE")
    reactor.close()
    await hosted.until("INACTIVE", lambda: hosted.sessions[0].state == "INACTIVE", TIMEOUT_S)
    await hosted.no_live_sessions()
    assert hosted.ledger[0].end_reason == "no connection came back"


async def test_a_client_reconnects_to_its_session(hosted: HostedService) -> None:
    async with connected(hosted) as reactor:
        async with asyncio.timeout(TIMEOUT_S):
            await reactor.reconnect()
        assert await reactor.send_command("reset", {"seed": 1})
    assert len(hosted.sessions) == 1
    assert hosted.ledger[0].end_reason == "deleted"


async def test_a_session_is_adopted_with_a_token_bound_to_it(hosted: HostedService) -> None:
    async with connected(hosted):
        (session_id,) = hosted.live_sessions
        adopter = reactor_sdk.Reactor("reactor/catch", api_key=hosted.api_key, api_url=hosted.url)
        async with asyncio.timeout(TIMEOUT_S):
            await adopter.connect(session_id=session_id)
            assert await adopter.send_command("reset", {"seed": 1})
            await adopter.disconnect()
        adopter.close()
    bound = hosted.requests_to("POST", "/tokens")[-1].json()["authorization_details"][0]
    assert bound["resources"]["sessions"] == {"bind": [session_id]}
    assert len(hosted.sessions) == 1
