"""The benchmark of any model, on worlds whose answers are known."""

from __future__ import annotations

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
from pathlib import Path
from typing import Any

import psutil
import pytest
from rich.console import Console

from reactor_env.bench.any_model.trace import ModelTrace
from reactor_env.cli.bench import Bench
from reactor_env.cli.bench_model import measure_model, read_plan
from tests.hosted.coordinator import HostedService
from tests.hosted.fixtures import hosted as hosted
from tests.hosted.fixtures import hosted_runtime as hosted_runtime

FRAME_MS = 1e3 / 15
"""The room makes 15 frames a second."""

AHEAD_S = 1000
"""What the clock of "another machine" is ahead by."""


def elsewhere(ahead_s: int) -> list[str]:
    """Return what runs a command with another monotonic clock, as another machine would."""
    return ["unshare", "--time", "--monotonic", str(ahead_s)]


def time_namespaces() -> bool:
    if shutil.which("unshare") is None:
        return False
    tried = subprocess.run([*elsewhere(1), "true"], capture_output=True, check=False)
    return tried.returncode == 0


@pytest.fixture
def free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port: int = listener.getsockname()[1]
        return port


@pytest.fixture
def _no_process_left() -> None:
    """Let the runtime of the hosted service live until the last test of this module."""


def measured(out: Path, **arguments: Any) -> dict[str, Any]:
    bench = Bench(out=out, **{"seconds": 1.0, "repeats": 2, **arguments})
    measure_model(read_plan(bench), bench, Console(record=True))
    found: dict[str, Any] = json.loads((out / "report.json").read_text())
    assert found["kind"] == "model"
    return found


def test_the_pixels_say_what_the_ruler_says(tmp_path: Path) -> None:
    found = measured(tmp_path, world="probe", world_kwargs=("width=320", "height=240"))
    onset, measures = found["onset"], found["measures"]
    assert onset["clear"]
    assert onset["false"] == 0
    # The world names the action in the first frame that it moves: one frame of doubt.
    assert abs(onset["beyond_named_ms"]["value"]) <= onset["resolution_ms"]
    assert found["codecs"] == ["VP8"]
    assert found["size"] == [320, 240]
    assert measures["announced_fps"]["value"] == 30
    assert measures["delivered_fps"]["value"] == pytest.approx(30, rel=0.2)
    assert measures["repeated"]["value"] > 10, "the runtime sends frames with metadata again"
    for name in ("rtt_p50_ms", "ack_p50_ms", "decode_ms", "handover_p50_ms", "cpu_ms", "kbps"):
        assert measures[name]["value"] > 0
    assert {"session", "ice", "dtls", "channels"} <= set(found["phases"])
    assert found["clock"] == {"rounds": 1, "holds": 1}, "one clock, and the exchange says so"
    assert 0 < measures["clock_bound_ms"]["value"] < 1000
    assert abs(measures["clock_drift_ppm"]["value"]) <= measures["clock_drift_bound_ppm"]["value"]
    assert measures["emission_p50_ms"]["value"] > 0
    trace = ModelTrace.load(tmp_path / "traces" / found["rounds"][0]["trace"])
    assert len(trace.trials) == 4
    page = (tmp_path / "report.html").read_text()
    assert page.count("<img") == 2
    assert "false onsets" in (tmp_path / "report.md").read_text()


@pytest.mark.slow
def test_the_onset_rises_by_the_rooms_delay(tmp_path: Path) -> None:
    medians = [
        measured(tmp_path, world="room", world_kwargs=(f"delay={delay}",), repeats=8)["onset"]
        for delay in (0, 6)
    ]
    at_once, late = (one["median_ms"]["value"] for one in medians)
    assert late - at_once == pytest.approx(6 * FRAME_MS, abs=FRAME_MS)


@pytest.mark.slow
@pytest.mark.skipif(not time_namespaces(), reason="needs the right to make a time namespace")
def test_the_clock_of_another_machine_is_found(tmp_path: Path, free_port: int) -> None:
    serve = ["-u", "-m", "reactor_env.cli", "serve", "--world", "probe", "--port", str(free_port)]
    process = subprocess.Popen(
        [*elsewhere(AHEAD_S), sys.executable, *serve], stdout=subprocess.PIPE, text=True
    )
    try:
        assert process.stdout is not None
        said = iter(process.stdout.readline, "")
        assert any("is served at" in line for line in said)
        # Another name of this machine: nobody knows that their clocks are related.
        url = f"http://127.1:{free_port}"
        found = measured(tmp_path, model="probe", local=True, api_url=url, repeats=0, seconds=3.0)
    finally:
        process.send_signal(signal.SIGINT)
        process.communicate(timeout=20)
    told = {name: one["value"] for name, one in found["measures"].items()}
    assert abs(told["clock_offset_ms"] - 1e3 * AHEAD_S) <= told["clock_bound_ms"]
    assert abs(told["clock_drift_ppm"]) <= told["clock_drift_bound_ppm"]
    assert -told["clock_bound_ms"] < told["emission_p50_ms"] < 200
    assert found["clock"] is None


@pytest.mark.slow
def test_a_dead_control_has_no_onset(tmp_path: Path) -> None:
    dead = {"world_kwargs": ("dead_control='turn'",), "action": ("turn_left",)}
    found = measured(tmp_path, world="room", **dead)
    assert not found["onset"]["clear"]
    assert found["onset"]["found"] == 0
    assert "onset_p50_ms" not in found["measures"]
    assert "No onset: no action moved the picture" in (tmp_path / "report.md").read_text()


def test_a_hosted_model_gets_one_session_which_is_ended(
    hosted: HostedService, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("REACTOR_API_KEY", hosted.api_key)
    found = measured(tmp_path, model="reactor/catch", api_url=hosted.url, repeats=0)
    hosted.wait_no_live_sessions(5)
    assert len(hosted.sessions) == 1
    assert found["phases"]["waiting"]["value"] > 0
    assert hosted.api_key not in (tmp_path / "report.json").read_text()


def test_a_wrong_action_ends_the_session_of_a_hosted_model(
    hosted: HostedService, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("REACTOR_API_KEY", hosted.api_key)
    with pytest.raises(ValueError, match="`action` must be one of"):
        measured(tmp_path, model="reactor/catch", api_url=hosted.url, action=("jump",))
    hosted.wait_no_live_sessions(5)


def test_ctrl_c_ends_the_session_of_a_hosted_model(hosted: HostedService, tmp_path: Path) -> None:
    words = ["--model", "reactor/catch", "--api-url", hosted.url, "--out", str(tmp_path)]
    process = subprocess.Popen(
        [sys.executable, "-u", "-m", "reactor_env.cli", "bench", *words],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "REACTOR_API_KEY": hosted.api_key},
    )
    try:
        assert process.stdout is not None
        said = iter(process.stdout.readline, "")
        assert any("counting frames" in line for line in said), "it never came to measure"
        process.send_signal(signal.SIGINT)
        _, err = process.communicate(timeout=20)
    finally:
        if process.poll() is None:
            process.kill()
            process.communicate()
    assert process.returncode == 130, err
    assert "Traceback" not in err
    hosted.wait_no_live_sessions(5)
    assert not psutil.pid_exists(process.pid)
