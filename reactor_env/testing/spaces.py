"""Spaces: from the model's schema, and everything is in them."""

from __future__ import annotations

from typing import Any

import gymnasium as gym
import pytest

from reactor_env.client.validation import InvalidCommandError, validate_command
from reactor_env.testing.base import Compliance, describe, pixels, world_of
from reactor_env.testing.verdict import fail, require

_PROFILE = "`reactor-env inspect` and the [actions] of the profile (docs/profiles.md)"
_OBSERVATION = "the `observation` argument of the environment"
_SAMPLES = 50


class SpacesCompliance(Compliance):
    """The spaces follow from the schema and hold for every action and frame. One session."""

    def test_the_spaces_are_gymnasium_spaces(self, env: gym.Env[Any, Any]) -> None:
        """Both spaces are Gymnasium spaces, known before the first reset."""
        for name in ("action_space", "observation_space"):
            try:
                space = getattr(env, name)
            except Exception as error:
                raise AssertionError(
                    f"\n  expected: {name} is known before the first reset"
                    f"\n  got:      {type(error).__name__}: {error}"
                    "\n  look at:  `size` of the `observation` argument, or of the profile"
                ) from error
            require(
                isinstance(space, gym.Space),
                expected=f"{name} is a gymnasium.Space",
                got=space,
                see=_PROFILE,
            )

    def test_the_spaces_stay_the_same(self, env: gym.Env[Any, Any]) -> None:
        """The spaces are the same after a reset and a step as before."""
        before = env.action_space, env.observation_space
        self.begin(env)
        self.play(env, 1)
        after = env.action_space, env.observation_space
        require(
            before == after,
            expected=f"the spaces {before} stay what they are",
            got=after,
            see="the model's schema as its runtime and as its session tell it",
        )

    def test_sampled_actions_are_in_the_action_space(self, env: gym.Env[Any, Any]) -> None:
        """What the action space samples it contains."""
        for _ in range(_SAMPLES):
            action = env.action_space.sample()
            require(
                env.action_space.contains(action),
                expected=f"a sample of {env.action_space} is in it",
                got=action,
                see=_PROFILE,
            )

    def test_every_action_becomes_commands_the_schema_allows(self, env: gym.Env[Any, Any]) -> None:
        """The commands of sampled actions fit the model's schema, each by itself."""
        world = world_of(env)
        mapped, schema = world.action_map, world.schema
        mapped.space.seed(2)  # of the environment inside the wrappers, which makes the commands
        for number in range(1, _SAMPLES + 1):
            values = mapped.values(mapped.space.sample())
            for command in mapped.commands(values, None, number):
                try:
                    validate_command(schema, command.name, command.data)
                except InvalidCommandError as error:
                    fail(
                        expected="every action becomes commands that the model's schema allows",
                        got=f"{command.name}({dict(command.data)}): {error}",
                        see=_PROFILE,
                    )

    def test_every_observation_is_in_the_space_with_one_shape_and_dtype(
        self, env: gym.Env[Any, Any]
    ) -> None:
        """Observations are in the space, and never change shape or dtype."""
        space = env.observation_space
        observation, _ = self.begin(env)
        first = describe(observation)
        for where, seen in (
            ("the reset", observation),
            *((f"step {n}", step.observation) for n, step in enumerate(self.play(env), 1)),
        ):
            self._check_observation(space, seen, where)
            require(
                describe(seen) == first,
                expected=f"every observation is a {first}, like the first one",
                got=f"after {where}: {describe(seen)}",
                see=_OBSERVATION,
            )

    def test_frames_of_another_size_keep_the_observation_space(
        self, env: gym.Env[Any, Any]
    ) -> None:
        """When the model changes the size of its frames, observations stay in the space."""
        if self.other_size is None:
            pytest.skip("`other_size` is not set: the model has one size")
        space = env.observation_space
        self.begin(env)
        observation, _ = env.reset(options=dict(self.other_size))
        for seen in (observation, *(step.observation for step in self.play(env))):
            self._check_observation(space, seen, f"a reset with {sorted(self.other_size)}")

    def _check_observation(self, space: gym.Space[Any], seen: Any, where: str) -> None:
        __tracebackhide__ = True
        require(
            space.contains(pixels(seen)),
            expected=f"the observation after {where} is in {space}",
            got=describe(seen),
            see=_OBSERVATION,
        )
