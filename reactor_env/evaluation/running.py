"""Plays the episodes of an evaluation on one or several environments."""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from typing import Any

import gymnasium as gym
from gymnasium.vector import VectorEnv

from reactor_env.evaluation.episodes import (
    Episode,
    Film,
    Job,
    Stopped,
    play_episode,
    policy_seed,
)
from reactor_env.evaluation.lockstep import Lockstep
from reactor_env.policies import PolicyMaker

_POLL_S = 0.2

Filming = Callable[[Job], AbstractContextManager[Film | None]]
"""Makes the film of an attempt at an episode; that of a later attempt takes its place."""


@dataclass(frozen=True)
class Played:
    """What an evaluation came to.

    Attributes:
        episodes: One for each agent and number, by agent, then by number.
        stopped_by: What ended it before its time, ``None`` when everything was played.
    """

    episodes: tuple[Episode, ...]
    stopped_by: BaseException | None


def plan(agents: Sequence[str], episodes: int, slots: int, seed: int) -> list[list[Job]]:
    """Split episodes over slots, before any is played.

    Which episodes a slot plays, and with which seeds, depends on nothing that happens. Whoever
    takes the first N episodes to finish on several environments counts short ones more often: an
    environment with a long one has finished fewer when the count is full.

    Args:
        agents: Their names. They take turns on the same slot with the same seed, another one
            being first each time, so that what changes with time does to all of them alike.
        episodes: How many each agent plays.
        slots: How many environments there are.
        seed: Of the first episode; each further one has the next number.

    Returns:
        For each slot its jobs in order.
    """
    jobs: list[list[Job]] = [[] for _ in range(slots)]
    for number in range(episodes):
        turn = number % len(agents)
        for agent in (*agents[turn:], *agents[:turn]):
            jobs[number % slots].append(Job(agent, number, seed + number))
    return jobs


def evaluate(
    envs: gym.Env[Any, Any] | Sequence[gym.Env[Any, Any]] | VectorEnv[Any, Any, Any],
    agents: Mapping[str, PolicyMaker],
    *,
    episodes: int = 40,
    seed: int = 0,
    deterministic: bool = True,
    attempts: int = 3,
    filming: Filming = lambda job: nullcontext(),
    on_episode: Callable[[Episode], None] = lambda episode: None,
) -> Played:
    """Play every agent's episodes, each environment on a thread of its own.

    An environment waits for no other one, so that a streamed world is as late for its agent as it
    would be alone, as far as the machine allows. In stepped mode the results do not depend on how
    many environments there are. An episode whose session is lost is played again from its
    beginning with the same seed.

    A vector environment is stepped as a whole instead, on this thread: every slot waits for the
    slowest and for the resets of others. Stepped, the results are the same; streamed, a wait is a
    delay, so that single environments are fairer there.

    Args:
        envs: The environment, several of the same kind, or a vector with autoreset disabled, whose
            slots are then reset one by one; they are not closed.
        agents: What makes each agent's policies, by its name: see
            :func:`~reactor_env.policies.named_policy`.
        episodes: How many each agent plays.
        seed: Of the first episode; each further one has the next number.
        deterministic: Whether policies are asked for their most probable action. Drawn ones of a
            policy that shares its random numbers between threads depend on timing.
        attempts: How often an episode is begun that loses its session.
        filming: Makes films of episodes; by default none. Not of a vector's.
        on_episode: Called on this thread for every episode that is done.

    Returns:
        All episodes, also when Ctrl-C or an exception of ``envs`` or an agent cut it short.

    Raises:
        ValueError: If an argument is out of range.
    """
    if isinstance(envs, gym.Env):
        envs = [envs]
    slots = envs.num_envs if isinstance(envs, VectorEnv) else len(envs)
    for name, value in (("envs", slots), ("agents", len(agents))):
        if not value:
            raise ValueError(f"`{name}` must hold at least one, got none")
    for name, value in (("episodes", episodes), ("attempts", attempts)):
        if value < 1:
            raise ValueError(f"`{name}` must be at least 1, got {value}")
    if seed < 0:
        raise ValueError(f"`seed` must not be negative, got {seed}")
    jobs = plan(tuple(agents), episodes, slots, seed)
    if isinstance(envs, VectorEnv):
        done, stopped_by = Lockstep(envs, agents, deterministic, attempts).play(jobs, on_episode)
    else:
        crew = _Crew(agents, deterministic, attempts, filming)
        done, stopped_by = crew.play(envs, jobs, on_episode)
    order = {name: index for index, name in enumerate(agents)}
    every = {
        job: done.get(job, Episode(job=job, slot=slot, outcome="not played"))
        for slot, slot_jobs in enumerate(jobs)
        for job in slot_jobs
    }
    ordered = sorted(every.values(), key=lambda one: (order[one.job.agent], one.job.number))
    return Played(tuple(ordered), stopped_by)


class _Crew:
    """One thread per environment."""

    def __init__(
        self,
        agents: Mapping[str, PolicyMaker],
        deterministic: bool,
        attempts: int,
        filming: Filming,
    ) -> None:
        self._agents = agents
        self._deterministic = deterministic
        self._attempts = attempts
        self._filming = filming
        self._stop = threading.Event()
        self._news: queue.Queue[Episode | BaseException | None] = queue.Queue()

    def play(
        self,
        envs: Sequence[gym.Env[Any, Any]],
        jobs: Sequence[Sequence[Job]],
        on_episode: Callable[[Episode], None],
    ) -> tuple[dict[Job, Episode], BaseException | None]:
        """Play everything; return what was played, and what ended it before its time."""
        done: dict[Job, Episode] = {}
        stopped_by: BaseException | None = None
        threads = [
            threading.Thread(
                target=self._slot, args=(slot, env, jobs[slot]), name=f"evaluation-{slot}"
            )
            for slot, env in enumerate(envs)
        ]
        for thread in threads:
            thread.start()
        running = len(threads)
        while running:
            try:
                news = self._news.get(timeout=_POLL_S)
                match news:
                    case None:
                        running -= 1
                    case Episode():
                        done[news.job] = news
                        on_episode(news)
                    case _:
                        raise news
            except queue.Empty:
                continue
            except BaseException as error:
                self._stop.set()
                stopped_by = stopped_by or error
        for thread in threads:
            thread.join()
        return done, stopped_by

    def _slot(self, slot: int, env: gym.Env[Any, Any], jobs: Sequence[Job]) -> None:
        try:
            for job in jobs:
                self._news.put(self._episode(slot, env, job))
        except Stopped:
            pass
        except BaseException as error:
            self._news.put(error)
        finally:
            self._news.put(None)

    def _episode(self, slot: int, env: gym.Env[Any, Any], job: Job) -> Episode:
        losses: list[str] = []
        while True:
            if self._stop.is_set():
                raise Stopped
            policy = self._agents[job.agent](env, policy_seed(job.seed))
            with self._filming(job) as film:
                play = play_episode(
                    env,
                    policy,
                    job.seed,
                    deterministic=self._deterministic,
                    film=film,
                    stopping=self._stop.is_set,
                )
            if play.lost is not None:
                losses.append(play.lost)
                if len(losses) < self._attempts:
                    continue
            return Episode.of(job, slot, play, losses)
