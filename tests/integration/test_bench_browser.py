"""The benchmark's browser with a real Chromium and a real runtime."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from reactor_env.bench.child import Turn, measure
from reactor_env.bench.measures import measure as measures_of
from reactor_env.bench.peers.browser import Browser, BrowserTrack
from reactor_env.bench.peers.chromium import find_chromium, session_processes
from reactor_env.bench.recorder import Recorder
from reactor_env.latency.stamp import read_stamp
from reactor_env.runtime import LocalRuntime

pytestmark = pytest.mark.skipif(find_chromium() is None, reason="there is no Chromium")

_STARTS_AND_WAITS = """
import asyncio
from reactor_env.bench.peers.chromium import Chromium

async def run():
    browser = Chromium()
    await browser.start()
    await browser.devtools.call("Browser.getVersion", {})
    print(browser._process.pid, browser._profile, flush=True)
    await asyncio.sleep(60)

asyncio.run(run())
"""


@pytest.mark.parametrize("kind", [Browser, pytest.param(BrowserTrack, marks=pytest.mark.slow)])
async def test_a_page_is_measured_like_any_client(kind: type[Browser], tmp_path: Path) -> None:
    recorder = Recorder()
    world = {"width": 256, "height": 192, "metadata": False}
    with LocalRuntime("probe", fps=15, world_kwargs=world) as runtime:
        assert runtime.pid is not None
        turn = Turn(
            peer="browser",
            url=runtime.url,
            runtime_url=runtime.url,
            runtime_pid=runtime.pid,
            out=str(tmp_path / "trace.npz"),
            cores=(),
            settle_s=0.3,
            seconds=1.0,
            small_s=0.4,
            seed=0,
        )
        peer = kind(runtime.url, recorder)
        trace = recorder.trace("browser", await measure(peer, recorder, turn))
        peer.complete(trace)
    found = measures_of(trace)
    assert (trace.arrival > trace.emission).all()
    assert (trace.sent >= trace.due).all()
    assert trace.facts["page"]["clock_uncertainty"] < 5
    assert found["unreadable"] == found["repeated"] == found["reordered"] == 0
    assert found["action_p50_ms"] >= found["emission_p50_ms"]
    assert found["delivered_percent"] > 30
    assert found["kbps"] > 0
    assert found["cpu_small_ms"] > 0
    # The browser's own processes count: this one does next to nothing.
    assert found["peak_rss_mb"] > 200
    # Chromium takes the runtime's BT.601 for BT.709.
    assert found["psnr_db"] > 30
    last = read_stamp(recorder.pictures[-1])
    assert last is not None
    assert last.number > trace.number.max()
    # The session is over: another may begin.
    assert peer.processes() == []


def test_a_browser_ends_with_a_process_that_is_killed() -> None:
    command = [sys.executable, "-c", _STARTS_AND_WAITS]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as owner:
        assert owner.stdout is not None
        session, _, profile = owner.stdout.readline().strip().partition(" ")
        assert session_processes(int(session))
        assert Path(profile).exists()
        os.kill(owner.pid, signal.SIGKILL)
    deadline = time.monotonic() + 20
    while session_processes(int(session)) or Path(profile).exists():
        assert time.monotonic() < deadline, "the browser is still there"
        time.sleep(0.05)
