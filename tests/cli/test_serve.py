from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator

import psutil
import pytest

from reactor_env.cli import main
from tests.integration.conftest import MakeEnv
from tests.integration.conftest import make_env as make_env

ENDED_WITHIN_S = 20.0


@pytest.fixture
def port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        free: int = probe.getsockname()[1]
        return free


@pytest.fixture
def server(port: int) -> Iterator[subprocess.Popen[str]]:
    argv = ["serve", "--world", "catch", "--port", str(port), "--fps", "30"]
    process = subprocess.Popen(
        [sys.executable, "-u", "-m", "reactor_env.cli", *argv],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "COLUMNS": "100"},
    )
    yield process
    if process.poll() is None:
        process.kill()
    process.communicate()


@pytest.mark.integration
def test_a_served_world_is_played_by_others_until_ctrl_c(
    server: subprocess.Popen[str], port: int, make_env: MakeEnv
) -> None:
    assert server.stdout is not None
    url = f"http://127.0.0.1:{port}"
    assert server.stdout.readline() == f"catch is served at {url} until Ctrl-C\n"
    for _ in range(2):
        env = make_env(model="catch", local=True, api_url=url)
        observation, _ = env.reset(seed=1)
        assert observation.shape == (64, 64, 3)
        env.close()
    children = psutil.Process(server.pid).children(recursive=True)
    server.send_signal(signal.SIGINT)
    _, err = server.communicate(timeout=ENDED_WITHIN_S)
    assert (server.returncode, err) == (130, "reactor-env: interrupted\n")
    _, alive = psutil.wait_procs(children, timeout=5)
    assert not alive


@pytest.mark.integration
def test_a_world_that_dies_ends_the_command_with_the_end_of_its_log(
    server: subprocess.Popen[str],
) -> None:
    assert server.stdout is not None
    server.stdout.readline()
    (child,) = psutil.Process(server.pid).children()
    child.kill()
    _, err = server.communicate(timeout=ENDED_WITHIN_S)
    assert server.returncode == 1
    assert "the runtime process was killed by SIGKILL" in err


def test_a_port_that_is_taken_is_named(port: int, capsys: pytest.CaptureFixture[str]) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", port))
        taken.listen()
        assert main(["serve", "--world", "catch", "--port", str(port)]) == 1
    assert f"port {port} of this machine is in use" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("argv", "told"),
    [
        (["--port", "0"], "--port must be 1 to 65535, got 0"),
        (["--world-kwargs", "size"], "--world-kwargs must be different NAME=VALUE, got size"),
        (["--world-kwargs", "a=1", "a=2"], "must be different NAME=VALUE, got a=2"),
    ],
)
def test_wrong_arguments_are_named(
    argv: list[str], told: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["serve", "--world", "gym:CartPole-v1", *argv]) == 2
    assert told in capsys.readouterr().err


def test_options_of_a_world_are_numbers_or_text(capsys: pytest.CaptureFixture[str]) -> None:
    argv = ["--world-kwargs", "size=9", "kind=plain"]
    assert main(["serve", "--world", "catch", *argv]) == 1
    assert "must be among frame_per_action, got kind, size" in capsys.readouterr().err
