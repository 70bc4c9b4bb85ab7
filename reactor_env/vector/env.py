"""Several sessions stepped together, for ``gymnasium.make_vec``."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import gymnasium as gym
from gymnasium.vector import AutoresetMode
from gymnasium.wrappers import TimeLimit

from reactor_env.env import ReactorEnv
from reactor_env.rewards import as_reward
from reactor_env.vector.rewards import SlotReward
from reactor_env.vector.session_pool import SessionPool
from reactor_env.vector.slot import SlotWrapper
from reactor_env.vector.thread_env import ThreadVectorEnv

HOSTED_SESSIONS = 5
"""Sessions a hosted account may have at a time, unless it was given more (``platform.md`` E1)."""

_hosted_pool = SessionPool(HOSTED_SESSIONS)
"""The hosted sessions of this process. Other processes' are known to the service alone."""


class ReactorVectorEnv(ThreadVectorEnv):
    """N sessions stepped together; see :class:`~reactor_env.vector.thread_env.ThreadVectorEnv`.

    The constructor opens nothing; the first :meth:`reset` opens the sessions at the same time. A
    slot whose session is lost gives ``truncated=True`` and ``info["session_lost"]``, and its next
    reset opens another one, while the other slots go on.

    Args:
        num_envs: How many slots.
        autoreset_mode: ``"NextStep"``, ``"SameStep"``, ``"Disabled"``, or Gymnasium's constant.
        copy: Whether every batch of observations is new memory.
        max_episode_steps: Truncate episodes after this many steps; by default never.
        slot_wrappers: Put around every slot's environment in turn, outside that limit, such as
            ``functools.partial(ActionHistory, n=4)``.
        max_concurrent_sessions: How many sessions may be open at a time. By default 5 for hosted
            models, counted over all vectors of the process; an account may have been given more.
            Bundled worlds and local runtimes have no limit by default.
        max_concurrent_starts: How many slots may be opening their sessions at a time, at the first
            :meth:`reset` or after a loss; four per core by default.
        pool: Sessions shared with other vector environments, instead of
            ``max_concurrent_sessions``.
        api_url: As for :class:`~reactor_env.env.ReactorEnv`; or one address per slot, since a
            local runtime has one session at a time.
        **env_kwargs: All other arguments of :class:`~reactor_env.env.ReactorEnv`. Every slot has a
            copy of the ``reward``; one by a torch module takes one forward pass for all slots that
            are returned together (:class:`~reactor_env.rewards.BatchReward`).

    Raises:
        ValueError: If there are more slots than sessions, several slots for one local runtime, or
            an argument is wrong.

    Example:
        >>> import gymnasium as gym
        >>> import reactor_env
        >>> envs = gym.make_vec("reactor_env/World-v0", num_envs=4, world="catch")
        >>> obs, infos = envs.reset(seed=7)
        >>> obs.shape
        (4, 64, 64, 3)
        >>> obs, rewards, terminations, truncations, infos = envs.step(envs.action_space.sample())
        >>> envs.close()
    """

    def __init__(
        self,
        num_envs: int = 1,
        *,
        autoreset_mode: AutoresetMode | str = AutoresetMode.NEXT_STEP,
        copy: bool = True,
        max_episode_steps: int | None = None,
        slot_wrappers: Sequence[SlotWrapper] = (),
        max_concurrent_sessions: int | None = None,
        max_concurrent_starts: int | None = None,
        pool: SessionPool | None = None,
        api_url: str | Sequence[str] | None = None,
        **env_kwargs: Any,
    ) -> None:
        self.closed = True  # until there is something to close
        if not (isinstance(num_envs, int) and num_envs > 0):
            raise ValueError(f"`num_envs` must be a positive integer, got {num_envs!r}")
        on_address = env_kwargs.get("model") is not None
        local = bool(env_kwargs.get("local"))
        pool = _pool(pool, max_concurrent_sessions, hosted=on_address and not local)
        if pool is not None and num_envs > pool.limit:
            raise ValueError(
                f"`num_envs` must be at most {pool.limit}, the sessions that may be open at a time "
                f"({HOSTED_SESSIONS} on a hosted account, unless it was given more), got "
                f"{num_envs}: ask for fewer slots, or, if the account has more sessions, say how "
                "many by `max_concurrent_sessions`"
            )
        urls = _addresses(api_url, num_envs, one_session_each=on_address and local)
        super().__init__(
            [_maker(url, max_episode_steps, env_kwargs) for url in urls],
            slot_wrappers=slot_wrappers,
            copy=copy,
            autoreset_mode=autoreset_mode,
            max_concurrent_starts=max_concurrent_starts,
            pool=pool,
        )


def _pool(
    pool: SessionPool | None, max_concurrent_sessions: int | None, *, hosted: bool
) -> SessionPool | None:
    if pool is not None and max_concurrent_sessions is not None:
        raise ValueError(
            "give either `pool` or `max_concurrent_sessions`, got "
            f"{pool!r} and {max_concurrent_sessions!r}"
        )
    if max_concurrent_sessions is None:
        return _hosted_pool if pool is None and hosted else pool
    if not (isinstance(max_concurrent_sessions, int) and max_concurrent_sessions > 0):
        raise ValueError(
            f"`max_concurrent_sessions` must be a positive integer, got {max_concurrent_sessions!r}"
        )
    return SessionPool(max_concurrent_sessions)


def _addresses(
    api_url: str | Sequence[str] | None, num_envs: int, *, one_session_each: bool
) -> list[str | None]:
    """Return each slot's address."""
    if api_url is None or isinstance(api_url, str):
        if one_session_each and num_envs > 1:
            raise ValueError(
                "`api_url` must be a list with one address per slot, since a local runtime has "
                f"one session at a time; got {api_url!r} for {num_envs} slots"
            )
        return [api_url] * num_envs
    urls = list(api_url)
    if len(urls) != num_envs or len(set(urls)) != num_envs:
        raise ValueError(
            f"`api_url` must hold a different address for each of {num_envs} slots, got {urls}"
        )
    return list(urls)


def _maker(
    url: str | None, max_episode_steps: int | None, kwargs: dict[str, Any]
) -> Callable[[], gym.Env[Any, Any]]:
    def make() -> gym.Env[Any, Any]:
        reward = SlotReward(as_reward(kwargs.get("reward")))
        env = ReactorEnv(api_url=url, **{**kwargs, "reward": reward})
        return env if max_episode_steps is None else TimeLimit(env, max_episode_steps)

    return make
