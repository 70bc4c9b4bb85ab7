from __future__ import annotations

import json
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from reactor_env.cli import main
from reactor_env.cli.serve_policy import ServePolicy
from reactor_env.cli.target import UsageError
from reactor_env.policies import CatchPolicy, PolicyServer, RemotePolicy

WAIT_S = 60.0


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        ({"policy": "clever"}, "--policy: an agent must be random, .* got 'clever'"),
        ({"policy": "human"}, "--policy human plays where its window is"),
        ({"policy": "random", "port": 99_999}, "--port must be 0 to 65535, got 99999"),
        ({"policy": "random", "seed": -1}, "--seed must not be negative, got -1"),
        ({"policy": "random", "max_episodes": 0}, "--max-episodes must be at least 1, got 0"),
        ({"policy": "random", "world": "catch", "model": "m"}, "either --world or --model"),
        ({"policy": "scripted"}, "there for the worlds catch and gym:CartPole-v1, got a model"),
    ],
)
def test_arguments_that_cannot_be_are_refused(arguments: Any, told: str) -> None:
    with pytest.raises(UsageError, match=told):
        ServePolicy(**arguments).check()


def test_a_policy_that_needs_to_know_the_actions_says_so() -> None:
    with pytest.raises(UsageError, match="needs to know the actions: give --world or --model"):
        ServePolicy(policy="random", port=0).run()


@contextmanager
def _served(arguments: str) -> Iterator[tuple[RemotePolicy, subprocess.Popen[str]]]:
    code = f"from reactor_env.cli.serve_policy import ServePolicy; ServePolicy({arguments}).run()"
    process = subprocess.Popen(
        [sys.executable, "-u", "-c", code], stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    try:
        line = process.stdout.readline()
        policy = RemotePolicy(line.partition("remote:")[2].strip(), timeout=WAIT_S)
        yield policy, process
        policy.close()
    finally:
        process.kill()
        process.wait(WAIT_S)
        process.stdout.close()


def test_it_serves_a_policy_until_ctrl_c() -> None:
    with _served("policy='scripted', world='catch', port=0") as (policy, process):
        assert policy.check() == "scripted"
        assert policy.predict(np.zeros((64, 64, 3), np.uint8))[0] == 1
        process.send_signal(signal.SIGINT)
        rest, _ = process.communicate(timeout=WAIT_S)
    assert process.returncode == 0
    assert rest == "observations answered: 1\n"


@pytest.mark.integration
def test_a_world_tells_the_actions() -> None:
    with _served("policy='random', world='catch', seed=3, port=0") as (policy, _):
        drawn = {int(policy.predict(None)[0]) for _ in range(40)}
    assert drawn == {0, 1, 2}


@pytest.mark.integration
def test_a_policy_that_is_served_rolls_out(tmp_path: Path) -> None:
    with PolicyServer(CatchPolicy(), port=0) as server:
        argv = ["rollout", "--world", "catch", "--mode", "stepped", "--steps", "30"]
        assert main([*argv, "--policy", f"remote:{server.url}", "--out", str(tmp_path)]) == 0
        assert server.answered == 30
    summary = json.loads((tmp_path / "summary.json").read_text())
    assert summary["episode_returns"] == [1.0, 1.0]


@pytest.mark.integration
def test_a_server_that_is_not_there_is_told_of(capsys: pytest.CaptureFixture[str]) -> None:
    with PolicyServer(CatchPolicy(), port=0) as server:
        url = server.url
    assert main(["rollout", "--world", "catch", "--policy", f"remote:{url}"]) == 1
    assert f"no connection to a policy server at {url}" in capsys.readouterr().err
