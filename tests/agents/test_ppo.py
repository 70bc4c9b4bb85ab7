from __future__ import annotations

import json
import os
import subprocess
import sys
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import gymnasium as gym
import numpy as np
import psutil
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from agents import ppo
from agents.ppo import Args, Episode, Network, advantages, learn, play

SCRIPT = Path(ppo.__file__)
TAG = "REACTOR_ENV_TEST_RUN"
SMOKE_WITHIN_S = 90.0
GONE_WITHIN_S = 10.0

Pixels = NDArray[np.uint8]


class Corridor(gym.Env[Pixels, np.int64]):
    """Three steps long; the reward is the action, and what is lost is told as by a session."""

    def __init__(self, lost: str | None = None) -> None:
        self.action_space = gym.spaces.Discrete(2)
        self.lost = lost
        self.step_number = 0
        self.seeds: list[int | None] = []

    def reset(
        self, *, seed: int | None = None, options: dict[str, Any] | None = None
    ) -> tuple[Pixels, dict[str, Any]]:
        self.seeds.append(seed)
        self.step_number = 0
        return self._pixels(), {}

    def step(self, action: np.int64 | int) -> tuple[Pixels, float, bool, bool, dict[str, Any]]:
        self.step_number += 1
        info = {"session_lost": self.lost} if self.lost is not None else {}
        return self._pixels(), float(action), self.step_number == 3, False, info

    def _pixels(self) -> Pixels:
        picture = np.zeros((1, 8, 8), np.uint8)
        picture[0, self.step_number, :3] = 200
        return picture


@pytest.fixture(autouse=True)
def _seeded() -> Iterator[None]:
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        yield


def test_advantages_are_those_computed_by_hand() -> None:
    args = Args(gamma=0.9, gae_lambda=0.5)
    # Backwards: 2 - 0.5 = 1.5; (1 + 0.9 * 0.5 - 0.25) + 0.45 * 1.5 = 1.875;
    # (0 + 0.9 * 0.25 - 1) + 0.45 * 1.875 = 0.06875.
    found = advantages([0.0, 1.0, 2.0], [1.0, 0.25, 0.5], args)
    assert found == pytest.approx([0.06875, 1.875, 1.5])


@given(
    st.lists(st.tuples(*[st.floats(-10, 10)] * 2), min_size=1, max_size=20),
    st.floats(0, 1),
)
def test_with_lambda_one_an_advantage_is_the_discounted_return_less_the_value(
    steps: list[tuple[float, float]], gamma: float
) -> None:
    rewards, values = [reward for reward, _ in steps], [value for _, value in steps]
    found = advantages(rewards, values, Args(gamma=gamma, gae_lambda=1.0))
    for t, advantage in enumerate(found):
        later = sum(gamma**n * reward for n, reward in enumerate(rewards[t:]))
        assert advantage == pytest.approx(later - values[t], abs=1e-9)


@pytest.mark.parametrize("size", [8, 15, 16])
def test_the_network_gives_logits_and_values_at_any_size(size: int) -> None:
    logits, values = Network(size, actions=5)(torch.zeros(7, 1, size, size, dtype=torch.uint8))
    assert logits.shape == (7, 5)
    assert values.shape == (7,)


def test_a_brighter_picture_with_more_contrast_is_the_same_to_the_network() -> None:
    network = Network(8, actions=3)
    dark = torch.randint(0, 2, (4, 1, 8, 8), dtype=torch.uint8) * 20
    torch.testing.assert_close(network(dark), network(dark * 10 + 50), atol=1e-3, rtol=0)


def test_a_picture_of_one_colour_gives_finite_values() -> None:
    logits, values = Network(8, actions=3)(torch.full((1, 1, 8, 8), 70, dtype=torch.uint8))
    assert torch.isfinite(logits).all()
    assert torch.isfinite(values).all()


def test_a_new_network_gives_nearly_equal_probabilities() -> None:
    logits, _ = Network(16, actions=3)(torch.randint(256, (50, 1, 16, 16), dtype=torch.uint8))
    torch.testing.assert_close(logits.softmax(-1), torch.full((50, 3), 1 / 3), atol=0.02, rtol=0)


def test_an_episode_pairs_each_observation_with_what_was_done_and_earned_there() -> None:
    env = Corridor()
    episode = play(env, Network(8, actions=2), seed=4, greedy=False)
    assert env.seeds == [4]
    assert [int(observation[0].argmax()) // 8 for observation in episode.observations] == [0, 1, 2]
    assert episode.rewards == [float(action) for action in episode.actions]


def test_greedy_takes_the_most_probable_action() -> None:
    network = Network(8, actions=2)
    with torch.no_grad():
        network.policy.bias.copy_(torch.tensor([0.0, 0.5]))
    assert play(Corridor(), network, seed=None, greedy=True).actions == [1, 1, 1]


def test_a_lost_session_ends_the_training_with_its_reason() -> None:
    with pytest.raises(RuntimeError, match="the runtime was killed"):
        play(Corridor("the runtime was killed"), Network(8, actions=2), seed=None, greedy=True)


def test_learning_makes_the_rewarded_action_likelier() -> None:
    env, network = Corridor(), Network(8, actions=2)
    optimizer = torch.optim.Adam(network.parameters(), lr=1e-3)
    before = sum(play(env, network, seed=None, greedy=False).rewards[0] for _ in range(64))
    for _ in range(10):
        batch = [play(env, network, seed=None, greedy=False) for _ in range(16)]
        learn(network, optimizer, batch, Args())
    after = sum(play(env, network, seed=None, greedy=False).rewards[0] for _ in range(64))
    assert before < 45
    assert after > 55


def test_a_minibatch_of_one_step_leaves_the_network_finite() -> None:
    network = Network(8, actions=2)
    optimizer = torch.optim.Adam(network.parameters(), lr=1e-3)
    one_step = Episode([np.zeros((1, 8, 8), np.uint8)], [1], [1.0])
    learn(network, optimizer, [one_step], Args(epochs=1))
    assert all(torch.isfinite(parameter).all() for parameter in network.parameters())


@pytest.mark.integration
def test_a_short_run_writes_its_result_and_leaves_no_process(tmp_path: Path) -> None:
    run = str(uuid.uuid4())
    argv = ["--episodes", "32", "--batch-episodes", "8", "--evaluate", "5", "--seed", "3"]
    done = subprocess.run(
        [sys.executable, str(SCRIPT), *argv, "--out", str(tmp_path / "new")],
        capture_output=True,
        text=True,
        timeout=SMOKE_WITHIN_S,
        check=False,
        env={**os.environ, TAG: run, "COLUMNS": "100"},
    )
    _, alive = psutil.wait_procs(_of_run(run), timeout=GONE_WITHIN_S)
    assert not alive
    assert done.returncode == 0, done.stderr
    assert "greedy return over 5 new episodes" in done.stdout

    result = json.loads((tmp_path / "new" / "result.json").read_text())
    assert set(result["returns"]) <= {-1.0, 1.0}
    assert len(result["returns"]) == 5
    assert result["mean_return"] == pytest.approx(np.mean(result["returns"]))
    assert result["train_seconds"] > 0
    assert result["arguments"]["seed"] == "3"
    network = Network(16, actions=3)
    network.load_state_dict(torch.load(tmp_path / "new" / "policy.pt", weights_only=True))


def _of_run(run: str) -> list[psutil.Process]:
    """Find the processes of a run, orphans too: they inherited its environment."""
    found = []
    for process in psutil.process_iter():
        try:
            if process.environ().get(TAG) == run:
                found.append(process)
        except psutil.Error:
            continue
    return found
