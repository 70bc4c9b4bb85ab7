from __future__ import annotations

import json
import os
import subprocess
import sys
import uuid
from collections.abc import Iterator
from dataclasses import replace
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
from agents.ppo import (
    Args,
    Network,
    Player,
    Rollout,
    advantages,
    digest,
    learn,
    make_network,
    reproducible,
    train,
)

SCRIPT = Path(ppo.__file__)
TAG = "REACTOR_ENV_TEST_RUN"
SMOKE_WITHIN_S = 90.0
GONE_WITHIN_S = 10.0

Pixels = NDArray[np.uint8]


SMALL = Args(size=(8, 8), rollout=12, minibatch=4, seed=4)


class Corridor(gym.Env[Pixels, np.int64]):
    """Three steps long; the reward is the action, and what is lost is told as by a session."""

    def __init__(self, lost: str | None = None, *, cut_short: bool = False) -> None:
        self.action_space = gym.spaces.Discrete(2)
        self.lost = lost
        self.cut_short = cut_short
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
        over = self.step_number == 3
        end = (over and not self.cut_short, over and self.cut_short)
        return self._pixels(), float(action), *end, info

    def _pixels(self) -> Pixels:
        picture = np.zeros((1, 8, 8), np.uint8)
        picture[0, self.step_number, :3] = 200
        return picture


def step_number(picture: NDArray[Any]) -> int:
    """Read which of the corridor's steps a picture shows."""
    return int(picture.argmax()) // 8


@pytest.fixture(autouse=True)
def _seeded() -> Iterator[None]:
    threads = torch.get_num_threads()
    torch.set_num_threads(1)  # more of them wait for each other where tests run side by side
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        yield
    torch.use_deterministic_algorithms(False)
    torch.set_num_threads(threads)


def rollout(rewards: list[float], values: list[float], over: list[bool]) -> Rollout:
    count = len(rewards)
    return Rollout(
        torch.zeros(count, 1, 8, 8, dtype=torch.uint8),
        torch.zeros(count, dtype=torch.int64),
        torch.zeros(count),
        torch.tensor(values),
        torch.tensor(rewards),
        torch.tensor(over),
    )


def test_advantages_are_those_computed_by_hand_and_stop_where_an_episode_is_over() -> None:
    args = Args(gamma=0.9, gae_lambda=0.5)
    # Backwards: 2 + 0.9 * 2 - 0.5 = 3.3; 1 - 0.25 = 0.75; (0.225 - 1) + 0.45 * 0.75 = -0.4375.
    given = rollout([0.0, 1.0, 2.0], [1.0, 0.25, 0.5, 2.0], [False, True, False])
    assert advantages(given, args).tolist() == pytest.approx([-0.4375, 0.75, 3.3])


@given(
    st.lists(st.tuples(*[st.floats(-10, 10)] * 2), min_size=1, max_size=20),
    st.floats(0, 1),
)
def test_with_lambda_one_an_advantage_is_the_discounted_return_less_the_value(
    steps: list[tuple[float, float]], gamma: float
) -> None:
    rewards, values = [reward for reward, _ in steps], [value for _, value in steps]
    over = [False] * (len(steps) - 1) + [True]
    found = advantages(rollout(rewards, [*values, 5.0], over), Args(gamma=gamma, gae_lambda=1.0))
    for t, advantage in enumerate(found.tolist()):
        later = sum(gamma**n * reward for n, reward in enumerate(rewards[t:]))
        assert advantage == pytest.approx(later - values[t], abs=1e-3)


@pytest.mark.parametrize("size", [(8, 8), (15, 14), (16, 33)])
def test_the_network_gives_probabilities_and_values_at_any_size(size: tuple[int, int]) -> None:
    network = Network((2, *size), actions=5)
    log_probabilities, values = network(torch.zeros(7, 2, *size, dtype=torch.uint8))
    torch.testing.assert_close(log_probabilities.exp().sum(1), torch.ones(7))
    assert values.shape == (7,)


def test_brighter_pictures_with_more_contrast_are_the_same_to_the_network() -> None:
    network = Network((2, 8, 8), actions=3)
    dark = torch.randint(0, 2, (4, 2, 8, 8), dtype=torch.uint8) * 20
    torch.testing.assert_close(network(dark), network(dark * 10 + 50), atol=1e-3, rtol=0)


def test_an_earlier_picture_makes_a_difference_to_the_network() -> None:
    network = Network((2, 8, 8), actions=3)
    pictures = torch.randint(256, (1, 2, 8, 8), dtype=torch.uint8)
    still = pictures[:, -1:].repeat(1, 2, 1, 1)
    assert not torch.equal(network(pictures)[1], network(still)[1])


def test_a_picture_of_one_colour_gives_finite_values() -> None:
    found = Network((1, 8, 8), actions=3)(torch.full((1, 1, 8, 8), 70, dtype=torch.uint8))
    assert all(torch.isfinite(one).all() for one in found)


def test_a_new_network_gives_nearly_equal_probabilities() -> None:
    pictures = torch.randint(256, (50, 1, 16, 16), dtype=torch.uint8)
    likely, _ = Network((1, 16, 16), actions=3)(pictures)
    torch.testing.assert_close(likely.exp(), torch.full((50, 3), 1 / 3), atol=0.02, rtol=0)


def test_actions_that_are_not_numbered_from_zero_are_refused() -> None:
    env = Corridor()
    env.action_space = gym.spaces.Discrete(2, start=1)
    with pytest.raises(ValueError, match=r"must be Discrete\(n\), got Discrete\(2, start=1\)"):
        make_network(env, SMALL)


# -- playing --------------------------------------------------------------------------------------


def test_a_rollout_pairs_each_observation_with_what_was_done_and_earned_there() -> None:
    found = Player(Corridor(), SMALL).collect(Network((1, 8, 8), 2), SMALL)
    assert [step_number(one) for one in found.observations] == [0, 1, 2] * 4
    assert found.rewards.tolist() == found.actions.tolist()
    assert found.over.tolist() == [False, False, True] * 4
    assert found.returns == [float(sum(found.actions[t : t + 3])) for t in range(0, 12, 3)]


def test_a_rollout_goes_on_where_the_last_one_stopped() -> None:
    env, network = Corridor(), Network((1, 8, 8), 2)
    args = replace(SMALL, rollout=4)
    player = Player(env, args)
    places = [[step_number(o) for o in player.collect(network, args).observations] for _ in "ab"]
    assert places == [[0, 1, 2, 0], [1, 2, 0, 1]]
    assert env.seeds == [4, None, None]


def test_a_streamed_rollout_ends_with_an_episode() -> None:
    args = replace(SMALL, rollout=4, mode="streamed")
    player = Player(Corridor(), args)
    for _ in range(2):
        found = player.collect(Network((1, 8, 8), 2), args)
        assert [step_number(one) for one in found.observations] == [0, 1, 2] * 2


def test_what_was_to_come_is_added_where_an_episode_is_cut_short_only() -> None:
    network = Network((1, 8, 8), 2)
    with torch.no_grad():
        network.value.bias.fill_(100.0)
        network.value.weight.zero_()
    args = replace(SMALL, rollout=3, gamma=0.5, reward_scale=0.1)
    for cut_short, added in ((True, 50.0), (False, 0.0)):
        found = Player(Corridor(cut_short=cut_short), args).collect(network, args)
        expected = (found.actions * 0.1).tolist()
        expected[-1] += added
        assert found.rewards.tolist() == pytest.approx(expected)


def test_an_observation_is_the_last_pictures_and_repeats_the_first_one() -> None:
    args = replace(SMALL, stack=3)
    player = Player(Corridor(), args)
    seen = [player.begin(), *(player.step(0)[0] for _ in range(3)), player.begin()]
    places = [[step_number(picture) for picture in observation] for observation in seen]
    assert places == [[0, 0, 0], [0, 0, 1], [0, 1, 2], [1, 2, 3], [0, 0, 0]]


def test_greedy_takes_the_most_probable_action() -> None:
    network = Network((1, 8, 8), actions=2)
    with torch.no_grad():
        network.policy.bias.copy_(torch.tensor([0.0, 0.5]))
    assert Player(Corridor(), SMALL).play(network, seed=9) == 3.0


def test_a_lost_session_ends_the_training_with_its_reason() -> None:
    with pytest.raises(RuntimeError, match="the runtime was killed"):
        Player(Corridor("the runtime was killed"), SMALL).play(Network((1, 8, 8), 2), seed=1)


# -- learning -------------------------------------------------------------------------------------


def test_learning_makes_the_rewarded_action_likelier() -> None:
    args = replace(SMALL, steps=1200, rollout=48, minibatch=16, learning_rate=1e-3, entropy=0.0)
    updates = list(train(Player(Corridor(), args), Network((1, 8, 8), 2), args))
    assert np.mean(updates[0].returns) < 2
    assert np.mean(updates[-1].returns) > 2.7
    assert updates[-1].steps == 1200


def test_a_minibatch_of_one_step_leaves_the_network_finite() -> None:
    network = Network((1, 8, 8), actions=2)
    optimizer = torch.optim.Adam(network.parameters(), lr=1e-3)
    learn(network, optimizer, rollout([1.0], [0.0, 0.0], [True]), Args(epochs=1))
    assert all(torch.isfinite(parameter).all() for parameter in network.parameters())


def test_equal_seeds_give_the_same_parameters_after_every_update_and_others_do_not() -> None:
    digests = []
    for seed in (1, 1, 2):
        reproducible(seed)
        args = replace(SMALL, steps=36, seed=seed)
        updates = train(Player(Corridor(), args), Network((1, 8, 8), 2), args)
        digests.append([update.digest for update in updates])
    assert digests[0] == digests[1]
    assert len(set(digests[0] + digests[2])) == 6


def test_a_digest_changes_with_the_last_bit_of_one_parameter() -> None:
    network = Network((1, 8, 8), 2)
    before = digest(network)
    with torch.no_grad():
        network.value.bias[0] = 1e-45
    assert digest(network) != before


@pytest.mark.integration
def test_a_short_run_writes_its_result_and_leaves_no_process(tmp_path: Path) -> None:
    run = str(uuid.uuid4())
    argv = ["catch", "--steps", "480", "--rollout", "120", "--evaluate", "5", "--seed", "3"]
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
    assert "greedy return over 5 new episodes: IQM" in done.stdout

    result = json.loads((tmp_path / "new" / "result.json").read_text())
    assert set(result["returns"]) <= {-1.0, 1.0}
    assert len(result["returns"]) == 5
    assert result["mean"]["value"] == pytest.approx(np.mean(result["returns"]))
    assert result["train_seconds"] > 0
    assert result["arguments"]["seed"] == "3"
    assert result["arguments"]["world"] == "catch"
    network = Network((1, 16, 16), actions=3)
    network.load_state_dict(torch.load(tmp_path / "new" / "policy.pt", weights_only=True))
    assert result["parameters"] == digest(network)


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
