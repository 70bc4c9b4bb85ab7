from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any, Literal

import gymnasium as gym
import numpy as np
import pytest
import torch
from gymnasium.vector import AutoresetMode, SyncVectorEnv
from numpy.typing import NDArray

from agents import ppo_recurrent
from agents.ppo_recurrent import (
    Args,
    DelayInSteps,
    Network,
    Player,
    Policy,
    Rollout,
    advantages,
    judge_again,
    learn,
    make_network,
    play,
    reproducible,
    train,
)

SCRIPT = Path(ppo_recurrent.__file__)
SMOKE_WITHIN_S = 120.0
SMALL = Args(size=(8, 8), slots=3, rollout=8, minibatches=3, seed=4)

Pixels = NDArray[np.uint8]


class Echo(gym.Env[Pixels, np.int64]):
    """Rewards the answer to what was shown a step ago: only a memory can know it.

    Four steps long. The picture is bright on the left or on the right; the right action of the
    next step is that side. The last picture is gray.
    """

    def __init__(self, lost: str | None = None, *, cut_short: bool = False) -> None:
        self.observation_space = gym.spaces.Box(0, 255, (1, 8, 8), np.uint8)
        self.action_space = gym.spaces.Discrete(2)
        self.lost = lost
        self.cut_short = cut_short
        self.step_number = self.side = 0

    def reset(
        self, *, seed: int | None = None, options: dict[str, Any] | None = None
    ) -> tuple[Pixels, dict[str, Any]]:
        super().reset(seed=seed)
        self.step_number = 0
        self.before = -1
        self.side = int(self.np_random.integers(2))
        return self._pixels(), {}

    def step(self, action: np.int64 | int) -> tuple[Pixels, float, bool, bool, dict[str, Any]]:
        reward = float(action == self.before)
        self.before = self.side
        self.side = int(self.np_random.integers(2))
        self.step_number += 1
        over = self.step_number == 4
        info = {"session_lost": self.lost} if over and self.lost is not None else {}
        return self._pixels(), reward, over and not self.cut_short, over and self.cut_short, info

    def _pixels(self) -> Pixels:
        picture = np.zeros((1, 8, 8), np.uint8)
        picture[0, :, 4 * self.side : 4 * self.side + 4] = 200
        return picture


def make_envs(count: int = 3, **arguments: Any) -> SyncVectorEnv:
    return SyncVectorEnv(
        [lambda: Echo(**arguments)] * count, autoreset_mode=AutoresetMode.SAME_STEP
    )


@pytest.fixture(autouse=True)
def _seeded() -> Iterator[None]:
    threads = torch.get_num_threads()
    torch.set_num_threads(1)  # more of them wait for each other where tests run side by side
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        yield
    torch.use_deterministic_algorithms(False)
    torch.set_num_threads(threads)


def test_advantages_are_those_computed_by_hand_in_every_session_by_itself() -> None:
    zeros = torch.zeros(3, 2)
    given = Rollout(
        zeros,
        zeros,
        zeros,
        zeros,
        zeros,
        zeros,
        torch.tensor([[1.0, 0.0], [0.25, 0.0], [0.5, 0.0], [2.0, 0.0]]),
        torch.tensor([[0.0, 0.0], [1.0, 0.0], [2.0, 8.0]]),
        torch.tensor([[False, False], [True, False], [False, True]]),
    )
    # Backwards, on the left: 2 + 0.9 * 2 - 0.5 = 3.3; 1 - 0.25; (0.225 - 1) + 0.45 * 0.75.
    found = advantages(given, Args(gamma=0.9, gae_lambda=0.5))
    assert found[:, 0].tolist() == pytest.approx([-0.4375, 0.75, 3.3])
    assert found[:, 1].tolist() == pytest.approx([8 * 0.45**2, 8 * 0.45, 8.0])


def test_what_was_remembered_while_playing_is_remembered_again_while_learning() -> None:
    network = make_network(make_envs(), SMALL)
    player = Player(make_envs(), network)
    for _ in range(2):  # the second begins in the middle of a memory
        rollout = player.collect(replace(SMALL, rollout=6))
        slots = torch.tensor([2, 0])
        log_probabilities, values = judge_again(network, rollout, slots)
        likely = log_probabilities.gather(2, rollout.actions[:, slots, None]).squeeze(2)
        torch.testing.assert_close(likely, rollout.likely[:, slots], atol=1e-5, rtol=0)
        torch.testing.assert_close(values, rollout.values[:-1, slots], atol=1e-5, rtol=0)


def test_a_memory_ends_with_its_episode() -> None:
    network = Network((8, 8), 2)
    seen = torch.rand(2, 130)
    after = network.remember(seen, torch.rand(2, 128), torch.tensor([True, False]))
    empty = network.remember(seen, network.begin(2), torch.tensor([False, False]))
    assert torch.equal(after[0], empty[0])
    assert not torch.equal(after[1], empty[1])


def test_without_a_memory_nothing_is_left_of_the_step_before() -> None:
    network = Network((8, 8), 2, memory=False)
    seen, first = torch.rand(1, 130), torch.tensor([False])
    states = [network.remember(seen, torch.rand(1, 128), first) for _ in range(2)]
    assert torch.equal(*states)


def test_the_last_action_makes_a_difference_and_none_is_not_the_first_action() -> None:
    network = Network((8, 8), 2)
    seen = network.see(torch.zeros(3, 1, 8, 8, dtype=torch.uint8), torch.tensor([-1, 0, 1]))
    assert seen[:, 128:].tolist() == [[0, 0], [1, 0], [0, 1]]


def test_the_last_action_of_an_episode_is_not_told_to_the_next() -> None:
    player = Player(make_envs(), Network((8, 8), 2))
    rollout = player.collect(SMALL)
    assert rollout.first[:, 0].tolist() == [True, False, False, False] * 2
    assert (rollout.last[rollout.first] == -1).all()
    going = ~rollout.first[1:]
    assert torch.equal(rollout.last[1:][going], rollout.actions[:-1][going])


@pytest.mark.parametrize("cut_short", [True, False])
def test_what_was_to_come_is_added_where_an_episode_is_cut_short_only(cut_short: bool) -> None:
    network = Network((8, 8), 2)
    with torch.no_grad():
        network.value.bias.fill_(100.0)
        network.value.weight.zero_()
    rollout = Player(make_envs(cut_short=cut_short), network).collect(SMALL)
    added = rollout.rewards[rollout.over] >= 50
    assert added.all() if cut_short else not added.any()
    assert (rollout.rewards[~rollout.over] <= 1).all()


def test_a_lost_session_ends_the_training_with_its_reason() -> None:
    player = Player(make_envs(lost="the runtime was killed"), Network((8, 8), 2))
    with pytest.raises(RuntimeError, match="the runtime was killed"):
        player.collect(SMALL)


def test_actions_that_are_not_numbered_from_zero_are_refused() -> None:
    envs = make_envs()
    envs.single_action_space = gym.spaces.Discrete(2, start=1)
    with pytest.raises(ValueError, match=r"must be Discrete\(n\), got Discrete\(2, start=1\)"):
        make_network(envs, SMALL)


def trained(memory: Literal["gru", "none"]) -> float:
    args = replace(
        SMALL,
        steps=2400,
        slots=8,
        rollout=12,
        minibatches=2,
        learning_rate=3e-3,
        entropy=0.0,
        memory=memory,
    )
    reproducible(1)
    envs = make_envs(args.slots)
    network = make_network(envs, args)
    for _ in train(Player(envs, network), network, args):
        pass
    return float(np.mean(play(envs, network, replace(args, evaluate=60))))


def test_what_only_a_memory_can_know_is_learned_with_one() -> None:
    assert trained("gru") > 2.7  # of 3


def test_and_not_without() -> None:
    assert trained("none") < 2.2  # half of 3, but for luck


def test_every_session_plays_as_many_episodes_as_the_others() -> None:
    envs = make_envs(3)
    network = make_network(envs, SMALL)
    assert len(play(envs, network, replace(SMALL, evaluate=7))) == 7


def test_a_policy_has_a_state_of_its_own_for_each_environment() -> None:
    policy = Policy(Network((8, 8), 2))
    pictures = np.random.default_rng(1).integers(0, 256, (2, 1, 8, 8), np.uint8)
    both, state = policy.predict(pictures, None, np.array([True, True]), deterministic=True)
    both, state = policy.predict(pictures[::-1], state, np.array([False, False]), True)
    one, alone = policy.predict(pictures[0], None, np.array([True]), deterministic=True)
    one, alone = policy.predict(pictures[1], alone, np.array([False]), deterministic=True)
    assert one == both[0]
    np.testing.assert_allclose(alone[0][0], state[0][0], atol=1e-6)


def test_a_minibatch_of_one_session_leaves_the_network_finite() -> None:
    network = Network((8, 8), 2)
    rollout = Player(make_envs(1), network).collect(replace(SMALL, rollout=1))
    learn(network, torch.optim.Adam(network.parameters()), rollout, SMALL)
    assert all(torch.isfinite(parameter).all() for parameter in network.parameters())


def test_an_episode_is_held_back_by_one_of_the_numbers_of_steps() -> None:
    env = DelayInSteps(Echo(), (0, 2))
    seen = set()
    for seed in range(20):
        env.reset(seed=seed)
        seen.add(env.delay_ms)
    assert seen == {0.0, 2000.0}  # of a world of one step a second


@pytest.mark.integration
def test_a_short_run_writes_its_result(tmp_path: Path) -> None:
    argv = ["--steps", "256", "--rollout", "32", "--slots", "2", "--evaluate", "3"]
    done = subprocess.run(
        [sys.executable, str(SCRIPT), *argv, "--delays", "0", "2", "--out", str(tmp_path)],
        capture_output=True,
        text=True,
        timeout=SMOKE_WITHIN_S,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert "greedy return over 3 new episodes: IQM" in done.stdout
    result = json.loads((tmp_path / "result.json").read_text())
    assert set(result["returns"]) <= {-1.0, 1.0}
    assert len(result["returns"]) == 3
    network = Network((36, 36), actions=3)
    network.load_state_dict(torch.load(tmp_path / "policy.pt", weights_only=True))
