"""One episode of an agent, and what is kept of it."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, Self

import gymnasium as gym
import numpy as np

from reactor_env.evaluation.action_delay import DELAY
from reactor_env.policies import Policy

TIMES = ("step_ms", "action_to_frame_ms", "frame_age_ms", DELAY)
"""The keys of ``info`` whose values are kept for every step, in milliseconds."""

Outcome = Literal["ended", "lost", "not played"]

Film = Callable[[gym.Env[Any, Any]], None]
"""Called after the reset and every step of an episode that is filmed."""


@dataclass(frozen=True, slots=True)
class Job:
    """An episode that is to be played.

    Attributes:
        agent: The agent's name.
        number: Of the episode, from 0; each agent plays every number.
        seed: Of the environment.
    """

    agent: str
    number: int
    seed: int


@dataclass(kw_only=True)
class Play:
    """One attempt at an episode.

    Attributes:
        total: Sum of the rewards.
        length: Steps.
        end: Why it ended: ``info["end"]`` where there is one.
        terminated: Whether the world ended it.
        lost: Why its session was lost, ``None`` where it was not.
        seconds: From the reset's return to the end.
        times_ms: For every key of :data:`TIMES` its values.
        deadlines: Steps that had a deadline.
        deadlines_missed: Steps that missed theirs.
        frames_skipped: Frames of the model that no step returned.
        frames_repeated: Steps that returned the frame of the step before.
    """

    total: float = 0.0
    length: int = 0
    end: str = ""
    terminated: bool = False
    lost: str | None = None
    seconds: float = 0.0
    times_ms: dict[str, list[float]] = field(default_factory=lambda: {key: [] for key in TIMES})
    deadlines: int = 0
    deadlines_missed: int = 0
    frames_skipped: int = 0
    frames_repeated: int = 0

    def add(self, reward: float, info: dict[str, Any]) -> None:
        """Note a step."""
        self.total += reward
        self.length += 1
        for key, values in self.times_ms.items():
            if (value := info.get(key)) is not None:
                values.append(float(value))
        if (missed := info.get("deadline_missed")) is not None:
            self.deadlines += 1
            self.deadlines_missed += bool(missed)
        self.frames_skipped += int(info.get("frames_skipped") or 0)
        self.frames_repeated += bool(info.get("frame_repeated"))

    def finish(self, seconds: float, terminated: bool, info: dict[str, Any]) -> None:
        """Note the end, after the last step.

        Args:
            seconds: Since the reset.
            terminated: Whether the world ended it; otherwise it was truncated.
            info: Of the last step.
        """
        self.seconds = seconds
        self.terminated = terminated
        self.end = str(info.get("end") or ("terminated" if terminated else "truncated"))
        self.lost = str(info["session_lost"]) if "session_lost" in info else None


@dataclass(frozen=True, kw_only=True)
class Episode:
    """What became of a job.

    Attributes:
        job: What was to be played.
        slot: The environment that it was given to.
        outcome: ``"ended"``: it was played to its end; ``"lost"``: every attempt lost its session;
            ``"not played"``: the evaluation was stopped before.
        play: The last attempt, ``None`` where there was none.
        losses: Why each attempt that lost its session did.
    """

    job: Job
    slot: int
    outcome: Outcome
    play: Play | None = None
    losses: tuple[str, ...] = ()

    @classmethod
    def of(cls, job: Job, slot: int, play: Play, losses: Sequence[str]) -> Self:
        """Return what became of a job whose last attempt is over."""
        outcome: Outcome = "ended" if play.lost is None else "lost"
        return cls(job=job, slot=slot, outcome=outcome, play=play, losses=tuple(losses))

    @property
    def score(self) -> float | None:
        """The return of an episode that ended, ``None`` of any other."""
        return self.play.total if self.play is not None and self.outcome == "ended" else None


def policy_seed(seed: int) -> int:
    """Return the seed of what a policy draws in an episode.

    Another one than the environment's, because most draw from the same generator: with the same
    seed the actions of a random policy would follow what the environment drew.

    Args:
        seed: The environment's.
    """
    return int(np.random.SeedSequence((seed, 1)).generate_state(1)[0])


class Stopped(Exception):  # noqa: N818 - not an error
    """The evaluation is to stop."""


def play_episode(
    env: gym.Env[Any, Any],
    policy: Policy,
    seed: int,
    *,
    deterministic: bool = True,
    film: Film | None = None,
    stopping: Callable[[], bool] = lambda: False,
) -> Play:
    """Play an episode to its end, or until its session is lost.

    Args:
        env: The environment.
        policy: Chooses the actions.
        seed: Of the reset.
        deterministic: What the policy is asked for.
        film: Takes the pictures.
        stopping: Asked before every step.

    Raises:
        Stopped: If ``stopping`` says so.
        Exception: Whatever environment and policy raise.
    """
    play = Play()
    observation, _ = env.reset(seed=seed)
    began = time.perf_counter()
    if film is not None:
        film(env)
    state: Any = None
    over = False
    while not over:
        if stopping():
            raise Stopped
        first = np.array([play.length == 0])
        action, state = policy.predict(observation, state, first, deterministic)
        observation, reward, terminated, truncated, info = env.step(action)
        over = bool(terminated or truncated)
        play.add(float(reward), info)
        if film is not None:
            film(env)
    play.finish(time.perf_counter() - began, bool(terminated), info)
    return play
