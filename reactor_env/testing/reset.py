"""Reset: another episode every time, from its first real frame."""

from __future__ import annotations

from typing import Any

import gymnasium as gym
import numpy as np
import pytest

from reactor_env.testing.base import Compliance, describe, open_session, pixels, world_of
from reactor_env.testing.info_keys import wrong_keys
from reactor_env.testing.verdict import refusal, require

_RESET = "the [reset] of the profile: recipe, began, stops (docs/profiles.md)"
_INFO = 'the table "What `info` says" of the README'
_NO_OPTION = "no_such_option_of_any_model"
_BLACK = 24
"""The brightest a black frame is after a codec, 0 to 255."""

_EPISODES = 3


class ResetCompliance(Compliance):
    """Resets begin episodes, again and again, and refuse what they do not know. One session."""

    def test_a_reset_returns_a_frame_and_every_documented_key(self, env: gym.Env[Any, Any]) -> None:
        """A reset returns an observation of the space, and info with all documented keys."""
        observation, info = self.begin(env)
        require(
            env.observation_space.contains(pixels(observation)),
            expected=f"reset() returns an observation of {env.observation_space}",
            got=describe(observation),
            see="the `observation` argument of the environment",
        )
        wrong = wrong_keys(info)
        require(not wrong, expected="info as documented", got=wrong, see=_INFO)

    def test_a_reset_straight_after_another_begins_an_episode_too(
        self, env: gym.Env[Any, Any]
    ) -> None:
        """Two resets in a row give two episodes, and the second can be stepped."""
        first, info = self.begin(env)
        second, again = env.reset()
        for name, found in (("first", info), ("second", again)):
            require(
                found["frame_repeated"] is False,
                expected=f"the {name} of two resets returns a frame that was not returned before",
                got=f"info['frame_repeated'] is {found['frame_repeated']!r}",
                see=_RESET,
            )
        require(
            again["frame_id"] > info["frame_id"],
            expected=f"the second reset returns a newer frame than frame {info['frame_id']}",
            got=f"frame {again['frame_id']}",
            see=_RESET,
        )
        require(
            describe(first) == describe(second),
            expected=f"both observations are a {describe(first)}",
            got=describe(second),
            see="the `observation` argument of the environment",
        )
        self.play(env, 1)

    def test_a_reset_keeps_the_session(self, env: gym.Env[Any, Any]) -> None:
        """Another episode is played in the same session, which is not opened again."""
        self.begin(env)
        session = open_session(env)
        self.play(env, 1)
        env.reset()
        require(
            open_session(env) is session and session is not None,
            expected="a reset begins another episode in the open session",
            got="another session",
            see=_RESET,
        )

    def test_the_first_frame_is_not_black(self, env: gym.Env[Any, Any]) -> None:
        """No reset returns the black frame that a stream begins with."""
        if self.dark:
            pytest.skip("`dark` is set: the world may be black")
        if env.observation_space.dtype != np.uint8:
            pytest.skip(f"observations are {env.observation_space.dtype}, not uint8 pictures")
        for number in range(1, _EPISODES + 1):
            observation, _ = self.begin(env) if number == 1 else env.reset()
            brightest = int(pixels(observation).max())
            require(
                brightest > _BLACK,
                expected=f"the first frame of episode {number} shows something",
                got=f"a black frame: its brightest value is {brightest} of 255",
                see=f"{_RESET}; set `dark = True` where the world may be black",
            )

    def test_the_first_frame_is_of_the_new_episode(self, env: gym.Env[Any, Any]) -> None:
        """The first frame is newer than the last episode's, and shows the new episode."""
        observation, info = self.begin(env)
        for number in range(1, _EPISODES + 1):
            episode, newest = self.episode_of(observation, info), info["frame_id"]
            for step in self.play_until_over(env, self.steps):
                shown = self.episode_of(step.observation, step.info)
                require(
                    shown == episode or step.over,  # the end may be told late, by a message
                    expected=f"a step shows episode {episode}, which the reset began",
                    got=f"episode {shown}",
                    see=_RESET,
                )
                newest = max(newest, step.info["frame_id"])
            observation, info = env.reset()
            require(
                info["frame_id"] > newest,
                expected=f"reset {number} returns a frame newer than frame {newest}",
                got=f"frame {info['frame_id']}",
                see=_RESET,
            )
            shown = self.episode_of(observation, info)
            require(
                episode is None or (shown is not None and shown > episode),
                expected=f"the first frame after reset {number} shows an episode after {episode}",
                got=f"a stale frame, of episode {shown}",
                see=_RESET,
            )

    def test_an_unknown_option_is_refused_by_name(self, env: gym.Env[Any, Any]) -> None:
        """An option that the model does not have is refused by its name, and nothing else lost."""
        self.begin(env)
        refusal(
            lambda: env.reset(options={**self.reset_options, _NO_OPTION: 1}),
            ValueError,
            names=_NO_OPTION,
            what=f'reset(options={{..., "{_NO_OPTION}": 1}})',
            see=f"`reset_options` of the environment: {world_of(env).reset_options}",
        )
        self.begin(env)
        self.play(env, 1)

    def test_a_wrong_session_option_is_refused(self, env: gym.Env[Any, Any]) -> None:
        """The option "session" may be "new" and nothing else."""
        self.begin(env)
        refusal(
            lambda: env.reset(options={**self.reset_options, "session": "another"}),
            ValueError,
            names="another",
            what='reset(options={"session": "another"})',
            see="the wrappers around the environment: they may drop options",
        )

    @pytest.mark.parametrize("seed", [-1, 2**53])
    def test_a_seed_out_of_range_is_refused(self, env: gym.Env[Any, Any], seed: int) -> None:
        """A seed that is negative, or larger than JSON can hold, is refused."""
        self.begin(env)
        refusal(
            lambda: env.reset(seed=seed),
            (ValueError, gym.error.Error),
            names="seed",
            what=f"reset(seed={seed})",
            see="the wrappers around the environment: they may drop the seed",
        )
