"""Starting and stopping runtimes."""

from __future__ import annotations

import httpx
import psutil
import pytest

from reactor_env.errors import RuntimeStartError
from reactor_env.runtime import LocalRuntime


def test_two_runtimes_run_side_by_side_on_loopback() -> None:
    with LocalRuntime("catch") as one, LocalRuntime("catch") as two:
        assert one.url != two.url
        for runtime in (one, two):
            assert runtime.url.startswith("http://127.0.0.1:")
            assert httpx.get(f"{runtime.url}/health").status_code == 200


def test_stop_ends_the_process_and_can_be_called_twice() -> None:
    runtime = LocalRuntime("catch").start()
    assert runtime.pid is not None
    process = psutil.Process(runtime.pid)
    runtime.stop()
    runtime.stop()
    assert not process.is_running()
    assert not runtime.alive


def test_a_collected_runtime_ends_its_process() -> None:
    runtime = LocalRuntime("catch").start()
    assert runtime.pid is not None
    process = psutil.Process(runtime.pid)
    del runtime
    _, alive = psutil.wait_procs([process], timeout=10)
    assert not alive


def test_a_process_that_ends_by_itself_is_reported() -> None:
    import threading

    ended = threading.Event()
    with LocalRuntime("catch") as runtime:
        runtime.on_exit(ended.set)
        assert runtime.post_mortem() == ""
        assert runtime.pid is not None
        psutil.Process(runtime.pid).kill()
        assert ended.wait(10)
        assert "killed by SIGKILL" in runtime.post_mortem()


def test_a_runtime_that_does_not_serve_in_time_is_stopped() -> None:
    runtime = LocalRuntime("catch", start_timeout=0.05)
    with pytest.raises(RuntimeStartError, match=r"did not serve within 0\.05 s"):
        runtime.start()
    assert not runtime.alive


def test_the_schema_tells_the_frame_size() -> None:
    with LocalRuntime("gym:CartPole-v1") as runtime:
        reply = runtime.schema()["components"]["schemas"]["EpisodeStarted"]["properties"]
        assert (reply["width"]["default"], reply["height"]["default"]) == (600, 400)
