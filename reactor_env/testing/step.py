"""Step: a frame for every action, with everything that is documented about it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import gymnasium as gym
import numpy as np
from gymnasium import spaces

from reactor_env.testing.base import Compliance, open_session, pixels
from reactor_env.testing.info_keys import wrong_keys
from reactor_env.testing.verdict import refusal, require

_INFO = 'the table "What `info` says" of the README'


class StepCompliance(Compliance):
    """Steps return newer frames and tell about them; wrong actions harm nothing. One session."""

    def test_every_documented_key_is_in_info_with_its_type(self, env: gym.Env[Any, Any]) -> None:
        """Every step's info has the keys of the README's table, of their types."""
        self.begin(env)
        for number, step in enumerate(self.play(env), 1):
            wrong = wrong_keys(step.info)
            require(
                not wrong, expected=f"info as documented at step {number}", got=wrong, see=_INFO
            )

    def test_frame_ids_grow_and_a_repeated_frame_says_so(self, env: gym.Env[Any, Any]) -> None:
        """A frame's id is larger than the one before, or info says that it is the same frame."""
        _, info = self.begin(env)
        last = info["frame_id"]
        for number, step in enumerate(self.play_until_over(env, self.steps), 1):
            frame, repeated = step.info["frame_id"], step.info["frame_repeated"]
            require(
                frame == last if repeated else frame > last,
                expected=f"step {number} returns a newer frame than {last}, or says it is repeated",
                got=f"frame {frame}, frame_repeated={repeated}",
                see="the `pacing` of the environment, and the model's frame metadata",
            )
            last = frame

    def test_an_observation_is_not_overwritten_by_later_steps(self, env: gym.Env[Any, Any]) -> None:
        """An observation belongs to the caller: later steps leave it as it was."""
        observation, _ = self.begin(env)
        before = pixels(observation).copy()
        self.play(env)
        require(
            np.array_equal(pixels(observation), before),
            expected="the first observation is still what reset() returned",
            got="another picture in the same memory",
            see="the wrappers around the environment, and the `observation` argument",
        )

    def test_a_wrong_action_is_refused_and_the_episode_goes_on(
        self, env: gym.Env[Any, Any]
    ) -> None:
        """An action outside the space is refused by name; the same session steps on after it."""
        self.begin(env)
        session = open_session(env)
        for wrong in wrong_actions(env.action_space):
            refusal(
                lambda action=wrong: env.step(action),  # type: ignore[misc]
                ValueError,
                names="action",
                what=f"step({wrong!r}), which is not in {env.action_space},",
                see="the wrappers around the environment: they may change actions",
            )
        step = self.one_step(env)
        require(
            open_session(env) is session and "session_lost" not in step.info,
            expected="the session is the same after a refused action",
            got=step.info.get("session_lost", "another session"),
            see="the log of the runtime",
        )

    def test_a_step_before_the_first_reset_is_refused(self, env: gym.Env[Any, Any]) -> None:
        """A step of an environment that was never reset raises ResetNeeded, and opens nothing."""
        action = env.action_space.sample()
        fresh = self.make_env()
        try:
            refusal(
                lambda: fresh.step(action),
                gym.error.ResetNeeded,
                names="reset",
                what="step() before reset()",
                see="the wrappers around the environment",
            )
            require(
                open_session(fresh) is None,
                expected="a refused step opens no session",
                got="an open session",
                see="make_env(): it must not connect",
            )
        finally:
            fresh.close()


def wrong_actions(space: gym.Space[Any]) -> Iterator[Any]:
    """Yield an action that is not in a space: out of its range or shape, or nothing."""
    match space:
        case spaces.Discrete():
            yield int(space.start + space.n)
        case spaces.MultiDiscrete():
            yield np.asarray(space.start + space.nvec)
        case spaces.Box():
            yield np.zeros((*space.shape, 2), space.dtype)
        case spaces.Dict():
            yield {}
        case spaces.MultiBinary():
            yield np.full(space.shape, 2, np.int8)
        case _:
            yield None
