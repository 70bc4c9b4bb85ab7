"""A vector of environments that wait: every one steps on a thread of its own."""

from __future__ import annotations

import copy as copying
import os
import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import cached_property
from typing import Any

import gymnasium as gym
import numpy as np
from gymnasium.vector import AutoresetMode, VectorEnv
from gymnasium.vector.utils import batch_space
from numpy.typing import NDArray

from reactor_env.rewards import settle
from reactor_env.vector.arguments import (
    MASK,
    action_per_slot,
    autoreset_mode_of,
    named,
    seed_per_slot,
    slots_to_reset,
    slots_to_send,
)
from reactor_env.vector.batching import Batcher, batch_infos
from reactor_env.vector.crew import Crew, values
from reactor_env.vector.session_pool import SessionPool
from reactor_env.vector.slot import Openings, Slot, SlotWrapper, Transition
from reactor_env.vector.worker import Job, Outcome

Batch = tuple[Any, NDArray[np.float64], NDArray[np.bool_], NDArray[np.bool_], dict[str, Any]]
"""Observations, rewards, terminations, truncations and infos."""


class ThreadVectorEnv(VectorEnv[Any, Any, NDArray[Any]]):
    """Environments stepped at the same time, for those whose steps wait rather than compute.

    Seeds, options, infos and the three autoreset modes are those of
    :class:`gymnasium.vector.SyncVectorEnv`. What differs:

    - Nothing is opened before it is used: the spaces are read from the first environment when
      they are asked for, or at the first :meth:`reset`.
    - :meth:`send` and :meth:`recv` step some slots without waiting for the others.
    - A slot that raises does so after all slots have settled; the exception is the slot's own,
      with a note that names it, and :meth:`recv` still gives what the other slots returned.
    - Observations that are torch tensors are stacked to one tensor.
    - ``info`` values of ``None`` count as missing, see :func:`~.batching.batch_infos`.
    - A :class:`~reactor_env.rewards.PendingReward` is computed with those of the other slots that
      are returned with it.

    Args:
        env_fns: Make the environments; called in this thread.
        slot_wrappers: Put around every environment in turn, such as
            ``functools.partial(ActionHistory, n=4)``; called on the slot's thread at its first use.
            (``make_vec`` has an argument ``wrappers`` that it takes for no environment with a
            vector of its own.)
        copy: Whether every batch of observations is new memory. Otherwise the next one overwrites
            it.
        autoreset_mode: :class:`gymnasium.vector.AutoresetMode`, or one of its values.
        max_concurrent_starts: How many environments may be in their first reset at a time, or in
            the one after a lost session; four per core by default.
        pool: Limits how many sessions are open; a slot counts from its first use to
            :meth:`close`.

    Raises:
        ValueError: If there is no environment, or more than the pool has sessions, or an argument
            is none of the above.
    """

    def __init__(
        self,
        env_fns: Iterable[Callable[[], gym.Env[Any, Any]]],
        *,
        slot_wrappers: Sequence[SlotWrapper] = (),
        copy: bool = True,
        autoreset_mode: AutoresetMode | str = AutoresetMode.NEXT_STEP,
        max_concurrent_starts: int | None = None,
        pool: SessionPool | None = None,
    ) -> None:
        self.closed = True  # until there is something to close
        makers = list(env_fns)
        self.autoreset_mode = autoreset_mode_of(autoreset_mode)
        starts = max_concurrent_starts if max_concurrent_starts is not None else _default_starts()
        if not (isinstance(starts, int) and starts > 0):
            raise ValueError(
                f"`max_concurrent_starts` must be a positive integer, got {max_concurrent_starts!r}"
            )
        if not makers:
            raise ValueError("`env_fns` must make at least one environment, got none")
        if pool is not None and len(makers) > pool.limit:
            raise ValueError(
                f"`env_fns` must make at most {pool.limit} environments, as many as the pool has "
                f"sessions, got {len(makers)}"
            )
        self.num_envs = len(makers)
        self.copy = copy
        envs = _make(makers)
        self.render_mode = envs[0].render_mode
        self.metadata = {**envs[0].metadata, "autoreset_mode": self.autoreset_mode}
        self._openings = Openings(starts, pool)
        self._slots = [
            Slot(env, self.autoreset_mode, self._openings, slot_wrappers) for env in envs
        ]
        self._crew = Crew(self._slots)
        self._latest: list[Any] = [None] * self.num_envs
        self.closed = False

    @property
    def envs(self) -> list[gym.Env[Any, Any]]:
        """The slots' environments, wrapped from their first use on."""
        return [slot.env for slot in self._slots]

    # -- spaces -------------------------------------------------------------------------------

    @cached_property
    def _spaces(self) -> tuple[gym.Space[Any], gym.Space[Any]]:
        self._check_open()
        outcomes = self._crew.ask({0: Slot.spaces})
        self._crew.raise_errors(outcomes)
        # Only now may the environment know its frame rate.
        self.metadata = {**self.metadata, **self.envs[0].metadata}
        observation_space, action_space = outcomes[0].value
        return observation_space, action_space

    @cached_property
    def single_observation_space(self) -> gym.Space[Any]:  # type: ignore[override]
        """The observations of one slot."""
        return self._spaces[0]

    @cached_property
    def single_action_space(self) -> gym.Space[Any]:  # type: ignore[override]
        """The actions of one slot."""
        return self._spaces[1]

    @cached_property
    def observation_space(self) -> gym.Space[Any]:  # type: ignore[override]
        """The batched observations."""
        return batch_space(self.single_observation_space, self.num_envs)

    @cached_property
    def action_space(self) -> gym.Space[Any]:  # type: ignore[override]
        """The batched actions."""
        return batch_space(self.single_action_space, self.num_envs)

    # -- the Gymnasium API --------------------------------------------------------------------

    def reset(
        self,
        *,
        seed: int | Sequence[int | None] | None = None,
        options: dict[str, Any] | None = None,
    ) -> tuple[Any, dict[str, Any]]:
        """Begin an episode in every slot, or in those of a mask.

        What a slot was sent and nobody received is discarded.

        Args:
            seed: One seed per slot, or the first slot's: slot i gets ``seed + i``.
            options: For every slot, but for ``"reset_mask"``: a (num_envs,) array of bool that
                says which slots are reset. The first reset must be of all.

        Returns:
            The observations of all slots, those not reset their last one again; and the infos of
            those that were reset.

        Raises:
            ValueError: If the number of seeds, or the mask, is wrong.
            RuntimeError: If the slots' spaces are not the same.
            Exception: What the reset of a slot raised; the others were reset.
        """
        self._check_open()
        seeds = seed_per_slot(seed, self.num_envs)
        options = dict(options) if options is not None else None
        chosen = slots_to_reset(options, self.num_envs)
        new = [index for index, slot in enumerate(self._slots) if not slot.was_reset]
        if left_out := sorted(set(new).difference(chosen)):
            raise gym.error.ResetNeeded(
                f"`options[{MASK!r}]` must include the slots that were never reset, and leaves "
                f"out {named(left_out)}"
            )
        outcomes = self._crew.ask({index: _reset(seeds[index], options) for index in chosen})
        self._crew.discard(chosen)
        infos: list[Mapping[str, Any] | None] = [None] * self.num_envs
        for outcome in outcomes:
            if outcome.error is None:
                self._latest[outcome.index] = outcome.value.observation
                infos[outcome.index] = outcome.value.info
        self._crew.raise_errors(outcomes)
        if new:
            self._check_spaces()
        return self._batcher(self._latest), batch_infos(infos)

    def step(self, actions: Any) -> Batch:
        """Step every slot, and wait for all of them.

        Args:
            actions: One action per slot.

        Returns:
            The batch. In a slot that is due for a reset (``NEXT_STEP``) the action is ignored, the
            observation is the first of the next episode, and the reward 0.

        Raises:
            gymnasium.error.ResetNeeded: If a slot was never reset, or is over in ``DISABLED``
                mode; nothing was sent then.
            gymnasium.error.AlreadyPendingCallError: If a slot was sent something that was not
                received.
            Exception: What the step of a slot raised.
        """
        self._dispatch(list(range(self.num_envs)), actions)
        outcomes = self._crew.receive(self.num_envs)
        return self._batch(sorted(outcomes, key=lambda outcome: outcome.index))

    def send(self, actions: Any, env_ids: Sequence[int] | NDArray[Any] | None = None) -> None:
        """Have some slots step, and return at once; :meth:`recv` gives what comes of it.

        Args:
            actions: One action for each of ``env_ids``.
            env_ids: The slots, as in ``info["env_id"]``; all of them by default.

        Raises:
            ValueError: If there is no such slot, or not one action for each.
            gymnasium.error.ResetNeeded: As in :meth:`step`.
            gymnasium.error.AlreadyPendingCallError: As in :meth:`step`.
        """
        # A copy: the caller may write the next actions into the same array.
        self._dispatch(slots_to_send(env_ids, self.num_envs), copying.deepcopy(actions))

    def recv(self, batch_size: int | None = None, *, timeout_s: float | None = None) -> Batch:
        """Wait for slots that were sent actions, the first ones to be ready.

        Args:
            batch_size: How many slots to wait for; all that were sent something by default.
            timeout_s: Seconds to wait. By default a slot's own limit (``step_timeout``) is the
                only one.

        Returns:
            The batch, as from :meth:`step` but with ``batch_size`` rows in the order in which the
            slots became ready; ``info["env_id"]`` is the slot of each.

        Raises:
            gymnasium.error.NoAsyncCallError: If nothing was sent.
            ValueError: If ``batch_size`` is not 1 to the number of slots that were sent actions.
            ReactorTimeoutError: If they are not ready in time; they can be received later.
            Exception: What the step of a slot raised.
        """
        self._check_open()
        sent = self._crew.outstanding
        if not sent:
            raise gym.error.NoAsyncCallError("no slot was sent an action: call send first", "recv")
        if batch_size is not None and not 0 < batch_size <= sent:
            raise ValueError(
                f"`batch_size` must be 1 to {sent}, the number of slots that were sent an action, "
                f"got {batch_size!r}"
            )
        outcomes = self._crew.receive(batch_size or sent, timeout_s)
        batch = self._batch(outcomes)
        batch[-1]["env_id"] = np.array([outcome.index for outcome in outcomes])
        return batch

    def render(self) -> tuple[Any, ...]:
        """Return what each slot renders."""
        return self.call("render")

    def call(self, name: str, *args: Any, **kwargs: Any) -> tuple[Any, ...]:
        """Call a method of every slot's environment, or read its attribute, on its thread.

        Args:
            name: The method or attribute, also of an environment inside wrappers.
            *args: Arguments of the method.
            **kwargs: Likewise.

        Returns:
            One result per slot.
        """
        self._check_open()

        def job(slot: Slot) -> Any:
            found = slot.env.get_wrapper_attr(name)
            return found(*args, **kwargs) if callable(found) else found

        outcomes = self._crew.ask_all(job)
        self._crew.raise_errors(outcomes)
        return tuple(values(outcomes))

    def get_attr(self, name: str) -> tuple[Any, ...]:
        """Return an attribute of every slot's environment."""
        return self.call(name)

    def set_attr(self, name: str, values: Any) -> None:
        """Set an attribute of every slot's environment.

        Args:
            name: The attribute.
            values: A list or tuple with one value per slot, or one value for all.

        Raises:
            ValueError: If there is not one value per slot.
        """
        self._check_open()
        if not isinstance(values, list | tuple):
            values = [values] * self.num_envs
        if len(values) != self.num_envs:
            raise ValueError(
                f"`values` must hold one value per slot, {self.num_envs}, got {len(values)}"
            )
        jobs = {index: _set_attribute(name, value) for index, value in enumerate(values)}
        self._crew.raise_errors(self._crew.ask(jobs))

    @property
    def np_random_seed(self) -> tuple[int, ...]:  # type: ignore[override]
        """The seed of every slot's environment."""
        return self.get_attr("np_random_seed")

    def close_extras(self, **kwargs: Any) -> None:
        """Close the environments at the same time, after the steps they are in.

        Args:
            **kwargs: None are used.
        """
        if self._crew.elsewhere:  # a forked process has nothing to close
            self.closed = True
            return
        self._openings.close()
        outcomes = self._crew.ask_all(Slot.close)
        self._crew.dismiss()
        self.closed = True
        self._crew.raise_errors(outcomes)

    def __del__(self) -> None:
        """Close what was never closed; at exit the sessions and runtimes do so themselves."""
        if not (getattr(self, "closed", True) or sys.is_finalizing()):
            self.close()

    # -- helpers ------------------------------------------------------------------------------

    @cached_property
    def _batcher(self) -> Batcher:
        return Batcher(self.single_observation_space, self.num_envs, reuse=not self.copy)

    def _dispatch(self, indices: Sequence[int], actions: Any) -> None:
        self._check_open()
        self._crew.check_free(indices)
        if new := [index for index in indices if not self._slots[index].was_reset]:
            raise gym.error.ResetNeeded(f"cannot step {named(new)}: never reset")
        each = action_per_slot(self.action_space, actions, len(indices))
        if self.autoreset_mode is AutoresetMode.DISABLED:
            over = [index for index in indices if self._slots[index].over]
            if over:
                raise gym.error.ResetNeeded(
                    f"cannot step {named(over)}: the episode is over and autoreset is disabled; "
                    f"reset with options={{{MASK!r}: terminations | truncations}}"
                )
        self._crew.send(dict(zip(indices, each, strict=True)))

    def _batch(self, outcomes: Sequence[Outcome]) -> Batch:
        transitions: list[Transition] = values(outcomes)
        for outcome, transition in zip(outcomes, transitions, strict=True):
            self._latest[outcome.index] = transition.observation
        return (
            self._batcher([transition.observation for transition in transitions]),
            np.array(settle([transition.reward for transition in transitions]), np.float64),
            np.array([transition.terminated for transition in transitions], np.bool_),
            np.array([transition.truncated for transition in transitions], np.bool_),
            batch_infos([transition.info for transition in transitions]),
        )

    def _check_open(self) -> None:
        if self.closed:
            raise gym.error.ClosedEnvironmentError(f"{type(self).__name__} was closed")

    def _check_spaces(self) -> None:
        outcomes = self._crew.ask_all(Slot.spaces)
        self._crew.raise_errors(outcomes)
        for outcome in outcomes:
            if outcome.value != self._spaces:
                raise RuntimeError(
                    f"all slots must have the spaces of slot 0, {self._spaces}, got "
                    f"{outcome.value} from slot {outcome.index}"
                )


def _default_starts() -> int:
    # Much of a runtime's start is waiting: eight at a time were up sooner than four at a time, and
    # in a third of the time of one by one, on two cores.
    return 4 * (os.cpu_count() or 1)


def _make(makers: Sequence[Callable[[], gym.Env[Any, Any]]]) -> list[gym.Env[Any, Any]]:
    """Make the environments, or leave none behind."""
    envs: list[gym.Env[Any, Any]] = []
    try:
        for make in makers:
            envs.append(make())
    except BaseException:
        for env in envs:
            env.close()
        raise
    return envs


def _reset(seed: int | None, options: dict[str, Any] | None) -> Job:
    return lambda slot: slot.reset(seed, options)


def _set_attribute(name: str, value: Any) -> Job:
    return lambda slot: slot.env.set_wrapper_attr(name, value)
