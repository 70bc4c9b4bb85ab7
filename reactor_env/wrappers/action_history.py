"""Makes an observation of what was seen, what was done since, and how late the world answers."""

from __future__ import annotations

from collections import deque
from typing import Any

import gymnasium as gym
import numpy as np
from gymnasium.spaces.utils import flatten, flatten_space
from numpy.typing import NDArray

OBSERVATION, ACTIONS, DELAY = "observation", "actions", "delay_ms"


class ActionHistory(gym.Wrapper[Any, Any, Any, Any], gym.utils.RecordConstructorArgs):
    """Appends the last ``n`` actions, and the delay of the world, to the observation.

    A streamed world shows an action some frames after it was sent, so that a frame alone does not
    tell what is on its way already: the decision process is no longer Markov in its observations.
    With the actions that the newest frame may not show yet it is again, which is what the
    learners of Ramstedt et al. (https://arxiv.org/abs/2010.02966) and of ACDA, for delays that
    vary (https://arxiv.org/abs/2506.14411), build on; without, standard ones degrade fast under
    reaction delays (Firoiu et al., https://arxiv.org/abs/1810.07286). ``n`` should be the longest
    delay in steps: ``ceil(delay / time between steps)``.

    The observation becomes a ``Dict``; one that is a ``Dict`` already gets the last two keys added:

    - ``"observation"``: what the environment returns.
    - ``"actions"``: (n, d) float32, the newest last; each row an action in the form of
      :func:`gymnasium.spaces.utils.flatten`: one-hot for ``Discrete`` and ``MultiDiscrete``, the
      values for ``Box``, ``Dict`` and ``Tuple`` one after another. Before n actions were taken the
      rows are 0, which no one-hot action is; where 0 is an action, as in most of ``Box``, the two
      look alike unless ``padding`` names another action to begin with.
    - ``"delay_ms"``: (1,) float32, 0 to ``max_delay_ms``: the newest
      ``info["action_to_frame_ms"]``, also of an episode before; until there was one
      ``info["delay_ms"]``; 0 where there is neither.

    No vector version exists: a vector puts it around each of its environments,
    ``make_vec(..., slot_wrappers=[functools.partial(ActionHistory, n=4)])``.

    Args:
        env: The environment. Its action space must be one that flattens to a fixed size.
        n: How many actions.
        delay: Whether ``"delay_ms"`` is part of the observation.
        flatten: Make one vector of it all, by :func:`gymnasium.spaces.utils.flatten`: the keys in
            alphabetical order.
        padding: The action that stands for those before the first; by default rows of 0.
        max_delay_ms: What longer delays are cut to.

    Raises:
        ValueError: If ``n`` or ``max_delay_ms`` is not positive, the action space has no fixed
            size, ``padding`` is not in it, or a key is taken.

    Example:
        >>> import gymnasium as gym
        >>> from reactor_env.wrappers import ActionHistory
        >>> env = ActionHistory(gym.make("CartPole-v1"), n=3)
        >>> observation, _ = env.reset(seed=1)
        >>> observation, *_ = env.step(1)
        >>> observation["actions"]
        array([[0., 0.],
               [0., 0.],
               [0., 1.]], dtype=float32)
        >>> observation["delay_ms"]
        array([0.], dtype=float32)
    """

    def __init__(
        self,
        env: gym.Env[Any, Any],
        n: int,
        *,
        delay: bool = True,
        flatten: bool = False,
        padding: Any = None,
        max_delay_ms: float = 10_000.0,
    ) -> None:
        gym.utils.RecordConstructorArgs.__init__(
            self, n=n, delay=delay, flatten=flatten, padding=padding, max_delay_ms=max_delay_ms
        )
        gym.Wrapper.__init__(self, env)
        if not (isinstance(n, int | np.integer) and n > 0):
            raise ValueError(f"`n` must be a positive number of actions, got {n!r}")
        if not max_delay_ms > 0:
            raise ValueError(f"`max_delay_ms` must be a positive time, got {max_delay_ms!r}")
        if padding is not None and padding not in env.action_space:
            raise ValueError(f"`padding` must be in {env.action_space}, got {padding!r}")
        self._max_delay_ms = max_delay_ms
        self._measured_ms: float | None = None
        row = _row_space(env.action_space)
        first = np.zeros(row.shape, np.float32) if padding is None else self._row(padding)
        self._first: list[NDArray[np.float32]] = [first] * int(n)
        self._rows = deque(self._first, int(n))
        added: dict[str, gym.Space[Any]] = {
            ACTIONS: gym.spaces.Box(
                np.tile(row.low, (n, 1)), np.tile(row.high, (n, 1)), dtype=np.float32
            )
        }
        if delay:
            added[DELAY] = gym.spaces.Box(0.0, max_delay_ms, (1,), np.float32)
        self._keys = tuple(added)
        self._dict_space = _with(env.observation_space, added)
        self._flatten = flatten
        self.observation_space = flatten_space(self._dict_space) if flatten else self._dict_space

    def reset(
        self, *, seed: int | None = None, options: dict[str, Any] | None = None
    ) -> tuple[Any, dict[str, Any]]:
        """Begin an episode, without actions."""
        observation, info = self.env.reset(seed=seed, options=options)
        self._rows.extend(self._first)
        return self._observe(observation, info), info

    def step(self, action: Any) -> tuple[Any, Any, bool, bool, dict[str, Any]]:
        """Step the environment; the action is the newest of the observation."""
        observation, reward, terminated, truncated, info = self.env.step(action)
        self._rows.append(self._row(action))
        return self._observe(observation, info), reward, terminated, truncated, info

    def _row(self, action: Any) -> NDArray[np.float32]:
        return np.asarray(flatten(self.env.action_space, action), np.float32)

    def _observe(self, observation: Any, info: dict[str, Any]) -> Any:
        added = {ACTIONS: np.stack(self._rows), DELAY: self._delay(info)}
        parts = observation if isinstance(observation, dict) else {OBSERVATION: observation}
        made = {**parts, **{key: added[key] for key in self._keys}}
        return flatten(self._dict_space, made) if self._flatten else made

    def _delay(self, info: dict[str, Any]) -> NDArray[np.float32]:
        measured = info.get("action_to_frame_ms")
        if measured is not None:
            self._measured_ms = float(measured)
        known = self._measured_ms if self._measured_ms is not None else info.get("delay_ms")
        return np.clip(np.array([known or 0.0], np.float32), 0.0, self._max_delay_ms)


def _row_space(space: gym.Space[Any]) -> gym.spaces.Box:
    """Return the space of one action as a vector, with 0 in it."""
    row = flatten_space(space) if space.is_np_flattenable else None
    if not isinstance(row, gym.spaces.Box):
        raise ValueError(f"the action space must flatten to a fixed size, got {space}")
    low = np.minimum(row.low, 0).astype(np.float32)
    high = np.maximum(row.high, 0).astype(np.float32)
    return gym.spaces.Box(low, high, dtype=np.float32)


def _with(space: gym.Space[Any], added: dict[str, gym.Space[Any]]) -> gym.spaces.Dict:
    if not isinstance(space, gym.spaces.Dict):
        return gym.spaces.Dict({OBSERVATION: space, **added})
    if taken := sorted(set(added).intersection(space.spaces)):
        raise ValueError(f"the observation space must not have the keys {taken}, got {space}")
    return gym.spaces.Dict({**space.spaces, **added})
