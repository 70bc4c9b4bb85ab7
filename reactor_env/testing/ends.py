"""Ends: terminated, truncated and reward are what Gymnasium says, and an end is an end."""

from __future__ import annotations

import math
from typing import Any

import gymnasium as gym
import pytest

from reactor_env.testing.base import Compliance
from reactor_env.testing.verdict import refusal, require

_ENDS = "the [ends] of the profile (docs/profiles.md), and the `horizon` argument"


class EndsCompliance(Compliance):
    """Episodes end as Gymnasium says, and stay ended until a reset. One session."""

    def test_rewards_are_floats_and_ends_are_booleans(self, env: gym.Env[Any, Any]) -> None:
        """Every step's reward is a finite float, and terminated and truncated are booleans."""
        self.begin(env)
        for number, step in enumerate(self.play(env), 1):
            require(
                isinstance(step.reward, float) and math.isfinite(step.reward),
                expected=f"the reward of step {number} is a finite float",
                got=f"{step.reward!r} of type {type(step.reward).__name__}",
                see="the `reward` argument, or what the frame's metadata says",
            )
            for name in ("terminated", "truncated"):
                value = getattr(step, name)
                require(
                    isinstance(value, bool),
                    expected=f"`{name}` of step {number} is True or False",
                    got=f"{value!r} of type {type(value).__name__}",
                    see="the wrappers around the environment",
                )

    def test_an_end_says_why(self, env: gym.Env[Any, Any]) -> None:
        """The model ends an episode by itself, and info["end"] says why; before, it is None."""
        if not self.ends:
            pytest.skip("`ends` is not set: the model goes on until it is reset")
        self.begin(env)
        *before, last = self.play_until_over(env, self.longest_episode)
        require(
            last.over,
            expected=f"an episode ends within `longest_episode` = {self.longest_episode} steps",
            got=f"none did; the last info['end'] is {last.info.get('end')!r}",
            see=_ENDS,
        )
        require(
            isinstance(last.info.get("end"), str) and last.info["end"],
            expected='info["end"] says why the episode is over',
            got=last.info.get("end"),
            see=_ENDS,
        )
        early = [step.info["end"] for step in before if step.info.get("end") is not None]
        require(
            not early,
            expected='info["end"] is None while the episode goes on',
            got=early[:1],
            see=_ENDS,
        )

    def test_the_horizon_truncates_exactly_there(self, env: gym.Env[Any, Any]) -> None:
        """With a horizon of N steps, step N is truncated, and none before it."""
        if self.horizon is None:
            pytest.skip("`horizon` is not set: make_env() gives none")
        self.begin(env)
        played = self.play_until_over(env, self.horizon + 1)
        last = played[-1]
        if last.over and len(played) < self.horizon and "horizon" not in str(last.info["end"]):
            pytest.skip(
                f"the model ended the episode after {len(played)} steps: {last.info['end']}"
            )
        require(
            len(played) == self.horizon and last.truncated is True,
            expected=f"step {self.horizon} is truncated by the horizon",
            got=f"over={last.over} after {len(played)} steps ({last.info.get('end')})",
            see="the `horizon` that make_env() gives, and the profile's own",
        )

    def test_a_step_after_the_end_is_refused_until_a_reset(self, env: gym.Env[Any, Any]) -> None:
        """After an end step() raises ResetNeeded; after the reset it goes on."""
        if not self.ends and self.horizon is None:
            pytest.skip("neither `ends` nor `horizon` is set: no episode is over")
        self.begin(env)
        last = self.play_until_over(env, self.longest_episode)[-1]
        require(
            last.over,
            expected=f"an episode ends within `longest_episode` = {self.longest_episode} steps",
            got="none did",
            see=_ENDS,
        )
        refusal(
            lambda: self.one_step(env),
            gym.error.ResetNeeded,
            names="over",
            what="step() after the end of the episode",
            see="the wrappers around the environment",
        )
        env.reset()
        self.play(env, 1)
