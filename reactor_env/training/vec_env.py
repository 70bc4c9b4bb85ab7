"""A vector environment of this package as the one that Stable-Baselines3 trains in."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import gymnasium as gym
import numpy as np
from gymnasium.vector import AutoresetMode
from numpy.typing import NDArray
from stable_baselines3.common.env_util import is_wrapped
from stable_baselines3.common.vec_env.base_vec_env import (
    VecEnv,
    VecEnvIndices,
    VecEnvObs,
    VecEnvStepReturn,
)

from reactor_env.vector import ThreadVectorEnv

FINAL_OBSERVATION, FINAL_INFO = "final_obs", "final_info"


class SB3VecEnv(VecEnv):
    """Sessions stepped together, as a ``VecEnv`` of Stable-Baselines3.

    What a step returns is what SB3's own ``DummyVecEnv`` returns of the same environments: where
    an episode ends, the observation is the first of the next episode, the last one is
    ``info["terminal_observation"]``, and ``info["TimeLimit.truncated"]`` says whether it was cut
    short rather than terminated. The ``info`` of the reset is in ``reset_infos``. A lost session is
    an episode that was cut short, with ``info["session_lost"]``; the next one has begun in another
    session when the step returns.

    Where a model's ``info`` has ``None`` the key is missing.

    Args:
        envs: Of ``gymnasium.make_vec("reactor_env/World-v0", ..., autoreset_mode="SameStep")``.
            Closed by :meth:`close`.

    Raises:
        ValueError: If its autoreset is another one, or its observations share memory.

    Example:
        >>> import gymnasium as gym
        >>> import reactor_env
        >>> envs = gym.make_vec(
        ...     "reactor_env/World-v0", num_envs=4, world="catch", autoreset_mode="SameStep"
        ... )
        >>> venv = SB3VecEnv(envs)
        >>> venv.reset().shape
        (4, 64, 64, 3)
        >>> venv.close()
    """

    def __init__(self, envs: ThreadVectorEnv) -> None:
        if envs.autoreset_mode is not AutoresetMode.SAME_STEP:
            raise ValueError(
                '`envs` must be made with `autoreset_mode="SameStep"`, which is what '
                f"Stable-Baselines3 expects, got {envs.autoreset_mode.value!r}"
            )
        if not envs.copy:
            raise ValueError(
                "`envs` must be made with `copy=True`: Stable-Baselines3 keeps observations, and "
                "the next step would overwrite them, got `copy=False`"
            )
        self._envs = envs
        self._actions: Any = None
        super().__init__(envs.num_envs, envs.single_observation_space, envs.single_action_space)

    @property
    def envs(self) -> ThreadVectorEnv:
        """The vector environment."""
        return self._envs

    def reset(self) -> VecEnvObs:
        """Begin an episode in every slot, with the seeds and options that were set before.

        Raises:
            ValueError: If the options of :meth:`set_options` are not the same for every slot.
        """
        options = self._options[0]
        if any(other != options for other in self._options):
            raise ValueError(f"`options` must be the same for every slot, got {self._options}")
        observations, infos = self._envs.reset(seed=self._seeds, options=options or None)
        self.reset_infos = [of_slot(infos, index) for index in range(self.num_envs)]
        self._reset_seeds()
        self._reset_options()
        return observations  # type: ignore[no-any-return]

    def step_async(self, actions: NDArray[Any]) -> None:
        """Take the actions of the next step, (slots, ...)."""
        self._actions = actions

    def step_wait(self) -> VecEnvStepReturn:
        """Step every slot, and wait for all of them.

        Returns:
            Observations, rewards (slots,) float32, whether an episode ended (slots,) bool, and one
            ``info`` per slot.
        """
        observations, rewards, terminations, truncations, batch = self._envs.step(self._actions)
        infos = []
        for index in range(self.num_envs):
            info = of_slot(batch, index)
            if FINAL_OBSERVATION in info:
                final_observation, final_info = info.pop(FINAL_OBSERVATION), info.pop(FINAL_INFO)
                self.reset_infos[index] = info
                info = {**final_info, "terminal_observation": final_observation}
            info["TimeLimit.truncated"] = bool(truncations[index] and not terminations[index])
            infos.append(info)
        return observations, rewards.astype(np.float32), terminations | truncations, infos

    def close(self) -> None:
        """Close the vector environment: sessions end, and runtimes stop."""
        self._envs.close()

    def get_images(self) -> Sequence[NDArray[np.uint8] | None]:
        """Return what each slot renders."""
        return self._envs.render()

    def get_attr(self, attr_name: str, indices: VecEnvIndices = None) -> list[Any]:
        """Return an attribute of some slots' environments, also of one inside wrappers."""
        return [env.get_wrapper_attr(attr_name) for env in self._chosen(indices)]

    def set_attr(self, attr_name: str, value: Any, indices: VecEnvIndices = None) -> None:
        """Set an attribute of some slots' environments."""
        for env in self._chosen(indices):
            env.set_wrapper_attr(attr_name, value)

    def env_method(
        self,
        method_name: str,
        *method_args: Any,
        indices: VecEnvIndices = None,
        **method_kwargs: Any,
    ) -> list[Any]:
        """Call a method of some slots' environments, one after another."""
        return [
            env.get_wrapper_attr(method_name)(*method_args, **method_kwargs)
            for env in self._chosen(indices)
        ]

    def env_is_wrapped(
        self, wrapper_class: type[gym.Wrapper[Any, Any, Any, Any]], indices: VecEnvIndices = None
    ) -> list[bool]:
        """Return whether some slots' environments are inside a wrapper of a class."""
        return [is_wrapped(env, wrapper_class) for env in self._chosen(indices)]

    def _chosen(self, indices: VecEnvIndices) -> list[gym.Env[Any, Any]]:
        return [self._envs.envs[index] for index in self._get_indices(indices)]


def of_slot(batch: Mapping[str, Any], index: int) -> dict[str, Any]:
    """Return one slot's ``info`` from the one of all slots.

    Args:
        batch: In Gymnasium's layout: every key with the values of all slots, and with an
            underscore in front of it which slots have one.
        index: The slot.
    """
    info: dict[str, Any] = {}
    for key, values in batch.items():
        has = batch.get(f"_{key}")
        if has is None or not has[index]:
            continue
        value = of_slot(values, index) if isinstance(values, dict) else values[index]
        info[key] = value.item() if isinstance(value, np.generic) else value
    return info
