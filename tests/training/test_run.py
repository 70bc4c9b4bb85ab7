from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import Any

import gymnasium as gym
import numpy as np
import pytest

pytest.importorskip("stable_baselines3")

import torch
from stable_baselines3 import PPO

from reactor_env.client.errors import SessionLostError
from reactor_env.policies import load_sb3_policy
from reactor_env.training import run
from reactor_env.training.checkpoints import Checkpoints
from reactor_env.training.run import Training
from reactor_env.training.settings import Settings
from tests.training.worlds import QUICK, Guess, Losing, Running, training, vector

OFF_POLICY = {"learning_starts": 10, "buffer_size": 200, "batch_size": 8}

AGENTS = {
    "ppo": QUICK,
    "recurrent-ppo": QUICK,
    "qrdqn": {**OFF_POLICY, "train_freq": 4, "target_update_interval": 16},
}


def needs(agent: str) -> None:
    if agent != "ppo":
        pytest.importorskip("sb3_contrib")


def equal(one: Training, other: Training) -> bool:
    mine, its = one.parameters(), other.parameters()
    return list(mine) == list(its) and all(torch.equal(mine[key], its[key]) for key in mine)


@pytest.mark.parametrize("agent", AGENTS)
def test_equal_seeds_make_equal_parameters(agent: str, tmp_path: Path) -> None:
    needs(agent)
    made = []
    for number, seed in enumerate((3, 3, 4)):
        one = training(
            tmp_path / str(number),
            96,
            vector(slots=2),
            agent=agent,
            agent_kwargs=AGENTS[agent],
            seed=seed,
        )
        assert one.run()
        made.append(one)
    assert equal(made[0], made[1])
    assert made[0].log.returns == made[1].log.returns
    assert not equal(made[0], made[2])


@pytest.mark.parametrize("agent", AGENTS)
def test_a_resumed_training_is_the_one_that_was_not_interrupted(agent: str, tmp_path: Path) -> None:
    needs(agent)
    # Schedules go by the steps of the whole training; what must not matter is the interruption.
    kwargs = {**AGENTS[agent], **({"exploration_fraction": 1e-9} if agent == "qrdqn" else {})}
    settings: dict[str, Any] = {"agent": agent, "agent_kwargs": kwargs, "checkpoint_every": 64}
    whole = training(tmp_path / "whole", 160, vector(slots=2), **settings)
    whole.run()
    training(tmp_path / "parts", 64, vector(slots=2), **settings).run()
    newest = Checkpoints(tmp_path / "parts" / run.CHECKPOINTS).newest()
    assert newest is not None
    assert newest.steps == 64
    rest = Training(
        vector(slots=2), Settings(steps=160, **settings), tmp_path / "parts", newest.log()
    )
    assert rest.run(newest)
    assert equal(whole, rest)
    assert rest.log.steps == whole.log.steps
    assert rest.log.returns == whole.log.returns
    assert rest.log.ended_at == whole.log.ended_at


def test_without_the_checkpoint_between_it_would_be_another_one(tmp_path: Path) -> None:
    one = training(tmp_path / "one", 160, checkpoint_every=64)
    other = training(tmp_path / "other", 160, checkpoint_every=1000)
    one.run()
    other.run()
    assert not equal(one, other)


def test_the_model_acts_as_it_was_trained(tmp_path: Path) -> None:
    agent = training(tmp_path, 1600, agent_kwargs={**QUICK, "learning_rate": 3e-3, "gamma": 0.0})
    assert agent.run()
    policy = load_sb3_policy(tmp_path / "model.zip")
    env = Guess()
    observation, _ = env.reset(seed=1)
    actions = [policy.predict(observation + n * 0, deterministic=True)[0] for n in range(3)]
    assert [int(action) for action in actions] == [0, 0, 0]
    recent = agent.log.recent
    assert recent is not None
    assert recent > 4.5


def test_a_stopped_training_keeps_what_was_learned(tmp_path: Path) -> None:
    agent = training(tmp_path, 1000)
    assert not agent.run(stopping=lambda: agent.log.steps >= 40)
    assert agent.log.steps == 32
    assert all(step <= 32 for step in agent.log.ended_at)
    newest = Checkpoints(tmp_path / run.CHECKPOINTS).newest()
    assert newest is not None
    assert newest.steps == 32
    assert (tmp_path / "model.zip").is_file()
    again = Training(vector(), agent._settings, tmp_path, newest.log())
    assert not again.run(newest, stopping=lambda: again.log.steps >= 60)
    assert again.log.steps == 48


def test_a_stop_in_the_last_rollout_is_a_stop(tmp_path: Path) -> None:
    agent = training(tmp_path, 20)
    assert not agent.run(stopping=lambda: agent.log.steps >= 25)
    assert agent.log.steps == 16


def test_a_lost_session_is_counted_and_training_goes_on(tmp_path: Path) -> None:
    agent = training(tmp_path, 64, vector(partial(Losing, [8, 20])))
    assert agent.run()
    assert agent.log.steps == 64
    assert agent.log.sessions_lost == 2
    assert 8 not in agent.log.ended_at
    assert set(agent.log.returns) <= {0.0, 1.0, 2.0, 3.0, 4.0, 5.0}


def test_where_no_session_can_be_had_any_more_a_checkpoint_is_left(tmp_path: Path) -> None:
    envs = vector(partial(Losing, [40], SessionLostError("no capacity")))
    with pytest.raises(SessionLostError, match="no capacity"):
        training(tmp_path, 1000, envs).run()
    newest = Checkpoints(tmp_path / run.CHECKPOINTS).newest()
    assert newest is not None
    assert newest.steps == 32


def learner_that_takes_time(world: Running, monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """Let the world's clock go on by 100 during an update; return the rollouts before it."""
    rollouts: list[Any] = []

    def train(model: PPO) -> None:
        rollouts.append(model.rollout_buffer.observations[:, 0, 0].copy())
        world.clock += 100

    monkeypatch.setattr(PPO, "train", train)
    return rollouts


def longest_gap(rollouts: list[Any]) -> float:
    return max(float(np.diff(rollout).max()) for rollout in rollouts)


def test_streamed_no_transition_has_an_update_in_it(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    world = Running(length=1000)
    rollouts = learner_that_takes_time(world, monkeypatch)
    agent = training(tmp_path, 64, vector(lambda: world))
    assert agent.run()
    assert agent.streamed
    assert len(rollouts) == 4
    assert longest_gap(rollouts) == 1
    # Each rollout begins with what the world shows after the update, not with what was before.
    assert [rollout[0] for rollout in rollouts] == [0, 116, 232, 348]


def test_stepped_worlds_are_not_reset_by_an_update(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    world = Running(length=1000, generation="stepped")
    rollouts = learner_that_takes_time(world, monkeypatch)
    training(tmp_path, 64, vector(lambda: world)).run()
    # Of this world, which is no stepped one, that shows: the second rollout begins with old news.
    assert longest_gap(rollouts) == 101
    assert world.count == 64


def test_streamed_qr_dqn_learns_between_episodes(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    contrib: Any = pytest.importorskip("sb3_contrib")
    world = Running(length=7)
    updates: list[int] = []

    def train(model: Any, gradient_steps: int, batch_size: int) -> None:
        updates.append(gradient_steps)
        world.clock += 100

    monkeypatch.setattr(contrib.QRDQN, "train", train)
    agent = training(tmp_path, 70, vector(lambda: world), agent="qrdqn", agent_kwargs=OFF_POLICY)
    assert agent.run()
    replay = agent._model.replay_buffer
    seen, following = replay.observations[:70, 0, 0], replay.next_observations[:70, 0, 0]
    assert (following - seen).tolist() == [1.0] * 70
    assert updates == [7] * 9


def test_streamed_misses_and_skips_are_counted(tmp_path: Path) -> None:
    agent = training(tmp_path, 32, vector(partial(Running, length=8)))
    agent.run()
    assert (agent.log.deadlines_missed, agent.log.frames_skipped) == (4, 64)


def test_streamed_several_slots_are_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="`slots` must be 1 in streamed mode, got 2"):
        training(tmp_path, 32, vector(Running, slots=2)).run()


def test_arguments_that_the_algorithm_has_not_are_named(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"the agent 'ppo' has other arguments: .*wings"):
        training(tmp_path, 32, agent_kwargs={"wings": 2}).run()


def test_actions_that_the_algorithm_cannot_choose_are_refused(tmp_path: Path) -> None:
    def make() -> gym.Env[Any, Any]:
        env = Guess()
        env.action_space = gym.spaces.Dict({"a": gym.spaces.Discrete(2)})
        return env

    with pytest.raises(ValueError, match="the agent 'ppo' must have actions of Discrete, Box"):
        training(tmp_path, 32, vector(make)).run()


def test_curves_are_written_where_tensorboard_is(tmp_path: Path) -> None:
    pytest.importorskip("tensorboard")
    training(tmp_path, 32).run()
    assert list((tmp_path / run.BOARD).glob("events.*"))


def test_no_curves_are_written_without_tensorboard(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(run, "has_tensorboard", lambda: False)
    training(tmp_path, 32).run()
    assert not (tmp_path / run.BOARD).exists()


def test_the_last_update_is_in_the_seconds(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    agent = training(tmp_path, 16)
    before_update: list[float] = []

    def train(model: PPO) -> None:
        before_update.append(agent.log.seconds)

    monkeypatch.setattr(PPO, "train", train)
    agent.run()
    assert len(before_update) == 1
    assert agent.log.seconds > before_update[0]
