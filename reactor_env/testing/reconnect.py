"""Reconnect: another session by choice, and after one was lost."""

from __future__ import annotations

import time
from typing import Any

import gymnasium as gym
import pytest

from reactor_env.testing.base import Compliance, Step, describe, open_session, pixels
from reactor_env.testing.verdict import fail, refusal, require

_LOG = "the log of the runtime, and info['session_lost']"


class ReconnectCompliance(Compliance):
    """An environment outlives its session. Three sessions: one, one after a loss, one asked for."""

    def test_a_lost_session_truncates_the_episode_and_a_reset_opens_another(
        self, env: gym.Env[Any, Any]
    ) -> None:
        """A loss truncates with a reason and the last frame; a bare reset opens a session."""
        if not self.may_lose:
            pytest.skip("`may_lose` is not set")
        observation, _ = self.begin(env)
        if self.play(env, 1)[0].over:
            env.reset()
        lost = self._lose(env)
        require(
            (lost.reward, lost.terminated, lost.truncated) == (0.0, False, True),
            expected="a lost session gives reward 0, terminated=False, truncated=True",
            got=(lost.reward, lost.terminated, lost.truncated),
            see=_LOG,
        )
        require(
            isinstance(lost.info["session_lost"], str) and lost.info["session_lost"],
            expected='info["session_lost"] says why',
            got=lost.info["session_lost"],
            see=_LOG,
        )
        require(
            describe(lost.observation) == describe(observation),
            expected=f"the last observation again, a {describe(observation)}",
            got=describe(lost.observation),
            see=_LOG,
        )
        refusal(
            lambda: self.one_step(env),
            gym.error.ResetNeeded,
            names="lost",
            what="step() after the session was lost",
            see=_LOG,
        )
        self._check_anew(env, "the reset after a lost session")

    def test_another_session_can_be_asked_for(self, env: gym.Env[Any, Any]) -> None:
        """reset(options={"session": "new"}) ends the session and plays in another."""
        self.begin(env)
        session = open_session(env)
        self._check_anew(env, 'reset(options={"session": "new"})', {"session": "new"})
        require(
            open_session(env) is not session,
            expected='options={"session": "new"} opens another session',
            got="the same session",
            see="the wrappers around the environment: they may drop options",
        )

    def _lose(self, env: gym.Env[Any, Any]) -> Step:
        """Lose the session and return the step that says so."""
        self.lose_session(env)
        deadline = time.monotonic() + self.settle_s
        while time.monotonic() < deadline:
            try:
                step = self.one_step(env)
            except Exception as error:
                raise AssertionError(
                    "\n  expected: a lost session truncates the episode"
                    f"\n  got:      {type(error).__name__}: {error}\n  look at:  {_LOG}"
                ) from error
            if "session_lost" in step.info:
                return step
            # Frames that came before the loss are still returned, and may end the episode.
            if step.over:
                env.reset()
                self.lose_session(env)
        fail(
            expected="a lost session truncates the episode, with info['session_lost']",
            got=f"steps that know nothing of it, for {self.settle_s:g} s",
            see="lose_session() of this class: does it end the session?",
        )

    def _check_anew(
        self, env: gym.Env[Any, Any], what: str, options: dict[str, Any] | None = None
    ) -> None:
        """Reset without the model's options, which the environment remembers, and step."""
        observation, _ = env.reset(options=options)
        require(
            env.observation_space.contains(pixels(observation)),
            expected=f"{what} returns an observation of {env.observation_space}",
            got=describe(observation),
            see=_LOG,
        )
        step = self.play(env, 1)[0]
        require(
            "session_lost" not in step.info,
            expected=f"the session lives after {what}",
            got=step.info.get("session_lost"),
            see=_LOG,
        )
