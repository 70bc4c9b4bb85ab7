"""Close: nothing is left, as often as it is called, and a reset starts anew."""

from __future__ import annotations

from typing import Any

import gymnasium as gym

from reactor_env.testing.base import Compliance, describe, open_session, pixels
from reactor_env.testing.leftovers import Before
from reactor_env.testing.verdict import refusal, require


class CloseCompliance(Compliance):
    """``close()`` leaves nothing behind. Two sessions: one, and one after it."""

    def test_close_before_the_first_reset_is_free(self) -> None:
        """An environment that was never reset can be closed, twice, and opens nothing."""
        env = self.make_env()
        env.close()
        env.close()
        require(
            open_session(env) is None,
            expected="an environment that was only made and closed has no session",
            got="an open session",
            see="make_env(): it must not connect",
        )

    def test_close_twice_leaves_no_session_thread_or_process(
        self, env: gym.Env[Any, Any], before: Before
    ) -> None:
        """After close(), once or twice, nothing is left and no step is taken."""
        self.begin(env)
        self.play(env, 1)
        env.close()
        env.close()
        count = self.sessions_left() + (open_session(env) is not None)
        require(
            not count,
            expected="no session is left after close()",
            got=f"{count} open",
            see="sessions_left() of this class, and the log of the runtime",
        )
        left = before.left(self.settle_s)
        require(
            not left,
            expected=f"no thread or process is left {self.settle_s:g} s after close()",
            got=", ".join(left),
            see="what make_env() starts: start what outlives the environment in a fixture",
        )
        refusal(
            lambda: self.one_step(env),
            gym.error.ResetNeeded,
            names="closed",
            what="step() after close()",
            see="the wrappers around the environment",
        )

    def test_a_reset_after_close_opens_anew(self, env: gym.Env[Any, Any]) -> None:
        """A closed environment begins again with a reset, in another session."""
        env.close()
        observation, _ = self.begin(env)
        require(
            env.observation_space.contains(pixels(observation)),
            expected=f"reset() after close() returns an observation of {env.observation_space}",
            got=describe(observation),
            see="the log of the runtime",
        )
        self.play(env, 1)
