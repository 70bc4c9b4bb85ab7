"""Clients of the benchmark that signal for themselves, or run another Python."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from reactor_env.bench.harness import Plan, run
from reactor_env.bench.peers.interpreters import INTERPRETERS, is_named
from reactor_env.bench.recorder import Recorder
from reactor_env.bench.scenario import Scenario
from reactor_env.runtime import LocalRuntime

SDK08 = "reactor-sdk-0.8"
FRAMES = 40
WITHIN_S = 20.0


def test_reactor_webrtc_holds_no_frame_back() -> None:
    direct_webrtc = pytest.importorskip(
        "reactor_env.bench.peers.direct_webrtc", reason="reactor-webrtc is not installed"
    )

    async def watch(url: str) -> None:
        recorder = Recorder()
        peer = direct_webrtc.ZeroPlayout(url, recorder)
        async with asyncio.timeout(WITHIN_S):
            await peer.connect()
            try:
                while not recorder.framed.is_set():  # noqa: ASYNC110 - set by another thread
                    await asyncio.sleep(0.01)
                await peer.act(9, 5)
                while 5 not in (trace := recorder.trace("it", {})).action:  # noqa: ASYNC110
                    await asyncio.sleep(0.05)
                first = last = await peer.video_stats()
                while last.jitter_buffer_emitted_count < first.jitter_buffer_emitted_count + FRAMES:
                    await asyncio.sleep(0.05)
                    last = await peer.video_stats()
                received = await peer.bytes_received()
            finally:
                await peer.close()
        assert (trace.number >= 0).all()
        assert received > last.bytes_received > 0
        assert last.codec_mime_type == "video/VP9"
        held_s = last.jitter_buffer_delay_s - first.jitter_buffer_delay_s
        # The target is what libwebrtc would hold frames for by itself.
        by_itself_s = last.jitter_buffer_target_delay_s - first.jitter_buffer_target_delay_s
        assert held_s < by_itself_s / 2

    with LocalRuntime("probe", world_kwargs={"width": 256, "height": 192}) as runtime:
        asyncio.run(watch(runtime.url))


@pytest.mark.slow
@pytest.mark.skipif(
    not is_named(SDK08), reason=f"{INTERPRETERS[SDK08].variable} names no Python with it"
)
def test_reactor_sdk_0_8_is_measured_in_its_own_python(tmp_path: Path) -> None:
    plan = Plan(
        peers=(SDK08,),
        rounds=1,
        settle_s=0.3,
        seconds=1.0,
        small_s=0.5,
        patience_s=0.0,
        traced=False,
    )
    (found,) = run([Scenario(width=256, height=192)], plan, tmp_path, lambda _: None)
    turn = found.rounds[0].turns[SDK08]
    assert turn.error is None
    assert turn.codec == "VP8"
    assert turn.measures["delivered_percent"] > 90
    assert "action_p50_ms" in turn.measures
    assert "ack_p50_ms" not in turn.measures
    assert "cpu_small_ms" in turn.measures
