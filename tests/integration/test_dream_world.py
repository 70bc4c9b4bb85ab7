"""A learned world through the real runtime."""

from __future__ import annotations

import hashlib
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import gymnasium as gym
import numpy as np
import pytest

from reactor_env.client.validation import InvalidCommandError
from reactor_env.worlds.dream.dream_env import DreamEnv
from reactor_env.worlds.dream.tasks import TASKS
from tests.integration.conftest import MakeEnv

WORLD = "dream-cartpole"
ROOT = Path(__file__).parents[2]
THREADS = "OPENBLAS_NUM_THREADS"
"""Sums come out differently with another number of threads."""

Record = list[tuple[str, float, bool, bool]]


def play(env: gym.Env[Any, Any], steps: int, actions: int) -> Record:
    """Play random actions, beginning episodes by seed, by start, and without either."""
    random = np.random.default_rng(0)
    resets: list[dict[str, Any]] = [
        {"seed": 7},
        {},
        {"options": {"start": 3, "temperature": 1.5}},
        {"seed": 2, "options": {"start": 200, "temperature": 0.25}},
    ]
    record: Record = []
    count = 0
    while len(record) < steps:
        observation, _ = env.reset(**resets[count % len(resets)])
        record.append((digest(observation), 0.0, False, False))
        count += 1
        over = False
        while not over and len(record) < steps:
            observation, reward, terminated, truncated, _ = env.step(int(random.integers(actions)))
            record.append((digest(observation), float(reward), terminated, truncated))
            over = terminated or truncated
    return record


def digest(observation: Any) -> str:
    return hashlib.sha256(observation.tobytes()).hexdigest()


def play_alone(name: str, enlarge: bool, steps: int) -> Record:
    """Play the environment in a process of its own, without a runtime."""
    done = subprocess.run(
        [sys.executable, "-m", __name__, name, str(int(enlarge)), str(steps)],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        text=True,
        timeout=60,
        check=True,
    )
    return [tuple(one) for one in json.loads(done.stdout)]


@pytest.mark.parametrize(
    ("name", "enlarge", "steps"),
    [
        ("cartpole", False, 500),
        ("cartpole", True, 60),
        ("takecover", False, 500),
        ("takecover", True, 60),
    ],
)
def test_the_served_dream_equals_the_same_one_without_a_runtime(
    make_env: MakeEnv, monkeypatch: pytest.MonkeyPatch, name: str, enlarge: bool, steps: int
) -> None:
    monkeypatch.setenv(THREADS, "1")
    alone = play_alone(name, enlarge, steps)
    env = make_env(f"dream-{name}", mode="stepped", world_kwargs={"enlarge": enlarge})
    actions = TASKS[name].actions
    assert env.action_space == gym.spaces.Discrete(actions)
    assert play(env, steps, actions) == alone
    # An episode of TakeCover may be longer than 60 steps.
    assert steps == 60 or any(terminated for *_, terminated, _ in alone)


def test_a_streamed_dream_runs_in_real_time_with_its_rewards_and_ends(make_env: MakeEnv) -> None:
    env = make_env(WORLD, mode="streamed", pacing="next", world_kwargs={"enlarge": False})
    env.reset(seed=1)
    total, over, last = 0.0, False, 0
    while not over:
        _, reward, terminated, truncated, info = env.step(0)
        total += reward
        last = info["metadata"]["step"]
        over = terminated or truncated
    # Always to one side: the pole falls. No reward is lost with a frame that was skipped.
    assert terminated
    assert last < 60
    assert total == pytest.approx(info["metadata"]["return"])
    assert total == pytest.approx(last, rel=0.1)


def test_what_a_dream_can_begin_with_is_known_and_checked(make_env: MakeEnv) -> None:
    env = make_env(WORLD, mode="stepped", world_kwargs={"enlarge": False})
    assert {"seed", "start", "temperature"} <= set(env.reset_options)
    with pytest.raises(InvalidCommandError, match="`temperature` must be a number from"):
        env.reset(options={"temperature": 9.0})


if __name__ == "__main__":
    named = sys.argv[1]
    shown = DreamEnv(named, enlarge=bool(int(sys.argv[2])))
    print(json.dumps(play(shown, int(sys.argv[3]), TASKS[named].actions)))
