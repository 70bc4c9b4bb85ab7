"""Plays the episodes of an evaluation on a vector environment, all slots together."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import gymnasium as gym
import numpy as np
from gymnasium.vector import AutoresetMode, VectorEnv
from gymnasium.vector.utils import concatenate, create_empty_array, iterate

from reactor_env.evaluation.episodes import Episode, Job, Play, policy_seed
from reactor_env.policies import Policy, PolicyMaker

_MASK = "reset_mask"


class Lockstep:
    """A vector environment whose slots play the jobs they were given.

    The vector must leave resets to its user: with autoreset an episode begins with a seed that
    nobody chose. A slot that has played its jobs goes on with episodes that do not count, because
    a vector steps all of its slots.

    Args:
        envs: The vector.
        agents: What makes each agent's policies, by its name.
        deterministic: What policies are asked for.
        attempts: How often an episode is begun that loses its session.

    Raises:
        ValueError: If the vector resets its slots by itself.
    """

    def __init__(
        self,
        envs: VectorEnv[Any, Any, Any],
        agents: Mapping[str, PolicyMaker],
        deterministic: bool,
        attempts: int,
    ) -> None:
        mode = envs.metadata.get("autoreset_mode")
        if mode is not AutoresetMode.DISABLED:
            raise ValueError(
                "`envs` must be made with `autoreset_mode` AutoresetMode.DISABLED, or else its "
                f"slots reset themselves with seeds of their own; got {mode}"
            )
        self._envs = envs
        self._agents = agents
        self._deterministic = deterministic
        self._attempts = attempts

    def play(
        self, jobs: Sequence[Sequence[Job]], on_episode: Callable[[Episode], None]
    ) -> tuple[dict[Job, Episode], BaseException | None]:
        """Play everything; return what was played, and what ended it before its time.

        Args:
            jobs: For each slot its jobs in order.
            on_episode: Called for every episode that is done.
        """
        done: dict[Job, Episode] = {}
        try:
            for episode in self._episodes(jobs):
                done[episode.job] = episode
                on_episode(episode)
        except BaseException as error:
            return done, error
        return done, None

    def _episodes(self, jobs: Sequence[Sequence[Job]]) -> Iterator[Episode]:
        single = _Single(self._envs)
        lanes = [
            _Lane(slot, queue, self._agents, single, self._attempts)
            for slot, queue in enumerate(jobs)
        ]
        space = self._envs.single_action_space
        due = list(range(len(lanes)))
        observations: list[Any] = [None] * len(lanes)
        while any(lane.job is not None for lane in lanes):
            if due:
                self._reset(lanes, due, observations)
            each = [
                lane.act(observation, self._deterministic)
                for lane, observation in zip(lanes, observations, strict=True)
            ]
            into: Any = create_empty_array(space, len(lanes))
            batch = concatenate(space, each, into)
            seen, rewards, terminations, truncations, infos = self._envs.step(batch)
            observations = list(iterate(self._envs.observation_space, seen))
            due = []
            for slot, lane in enumerate(lanes):
                info = slot_info(infos, slot)
                ends = bool(terminations[slot]), bool(truncations[slot])
                if any(ends):
                    due.append(slot)
                if (episode := lane.step(float(rewards[slot]), *ends, info)) is not None:
                    yield episode

    def _reset(self, lanes: Sequence[_Lane], due: Sequence[int], observations: list[Any]) -> None:
        mask = np.zeros(len(lanes), np.bool_)
        mask[due] = True
        seeds: Any = [
            lane.begin() if chosen else None for lane, chosen in zip(lanes, mask, strict=True)
        ]
        # The first reset of a vector is one of all slots, with or without a mask.
        options = {_MASK: mask} if not mask.all() else None
        seen, _ = self._envs.reset(seed=seeds, options=options)
        for slot, observation in enumerate(iterate(self._envs.observation_space, seen)):
            if mask[slot]:
                observations[slot] = observation


class _Lane:
    """One slot: the episode it plays, and those it has yet to play."""

    def __init__(
        self,
        slot: int,
        jobs: Sequence[Job],
        agents: Mapping[str, PolicyMaker],
        env: gym.Env[Any, Any],
        attempts: int,
    ) -> None:
        self._slot = slot
        self._jobs = list(jobs)
        self._agents = agents
        self._env = env
        self._attempts = attempts
        self._losses: list[str] = []
        self._policy: Policy | None = None
        self._state: Any = None
        self._play = Play()
        self._began = 0.0

    @property
    def job(self) -> Job | None:
        """What is being played, ``None`` after the last job."""
        return self._jobs[0] if self._jobs else None

    def begin(self) -> int:
        """Begin an attempt, and return its seed."""
        self._play, self._state = Play(), None
        self._began = time.perf_counter()
        if self.job is None:
            return 0
        self._policy = self._agents[self.job.agent](self._env, policy_seed(self.job.seed))
        return self.job.seed

    def act(self, observation: Any, deterministic: bool) -> Any:
        """Choose an action."""
        if self.job is None:
            return self._env.action_space.sample()
        assert self._policy is not None
        first = np.array([self._play.length == 0])
        action, self._state = self._policy.predict(observation, self._state, first, deterministic)
        return action

    def step(
        self, reward: float, terminated: bool, truncated: bool, info: dict[str, Any]
    ) -> Episode | None:
        """Note a step, and return the episode if that was its last."""
        job = self.job
        self._play.add(reward, info)
        if job is None or not (terminated or truncated):
            return None
        self._play.finish(time.perf_counter() - self._began, terminated, info)
        if self._play.lost is not None:
            self._losses.append(self._play.lost)
            if len(self._losses) < self._attempts:
                return None
        losses, self._losses = self._losses, []
        del self._jobs[0]
        return Episode.of(job, self._slot, self._play, losses)


class _Single(gym.Env[Any, Any]):
    """Stands in for the environment of one slot where a policy is made of it."""

    def __init__(self, envs: VectorEnv[Any, Any, Any]) -> None:
        self.observation_space = envs.single_observation_space
        self.action_space = envs.single_action_space


def slot_info(infos: Mapping[str, Any], slot: int) -> dict[str, Any]:
    """Return what a vector's infos say of one slot.

    Args:
        infos: As Gymnasium's vectors make them: of each key an array, and whose is known of.
        slot: Which.
    """
    found = {}
    for key, values in infos.items():
        known = infos.get(f"_{key}")
        if known is not None and known[slot] and not isinstance(values, Mapping):
            found[key] = values[slot]
    return found
