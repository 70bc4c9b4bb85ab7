from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator

import psutil
import pytest

pytestmark = pytest.mark.integration

ARGV = ["rollout", "--world", "catch", "--mode", "streamed", "--steps", "100000"]
STARTED_WITHIN_S = 60.0
ENDED_WITHIN_S = 20.0


@pytest.fixture
def rollout() -> Iterator[subprocess.Popen[str]]:
    process = subprocess.Popen(
        [sys.executable, "-u", "-m", "reactor_env.cli", *ARGV],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "COLUMNS": "100"},
    )
    yield process
    if process.poll() is None:
        process.kill()
    process.communicate()


def test_ctrl_c_prints_the_table_and_leaves_no_process(rollout: subprocess.Popen[str]) -> None:
    assert rollout.stderr is not None
    said = iter(rollout.stderr.readline, "")
    assert any("step 1 of 100000" in line for line in said), "it ended before its first step"
    children = psutil.Process(rollout.pid).children(recursive=True)
    assert any("reactor_env.worlds.child" in " ".join(child.cmdline()) for child in children)

    began = time.monotonic()
    rollout.send_signal(signal.SIGINT)
    out, err = rollout.communicate(timeout=ENDED_WITHIN_S)

    assert rollout.returncode == 130, err
    assert time.monotonic() - began < ENDED_WITHIN_S
    assert "catch, streamed, pacing next" in out
    assert "action to frame" in out
    assert "Traceback" not in err
    assert err.endswith("reactor-env: interrupted\n")
    gone, alive = psutil.wait_procs(children, timeout=5)
    assert not alive
    assert gone
