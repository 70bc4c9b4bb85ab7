"""The workers of a vector: who was sent what, and whose results are still to be received."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import gymnasium as gym

from reactor_env.client.errors import ReactorTimeoutError
from reactor_env.loop_thread import check_process, together
from reactor_env.vector.arguments import named
from reactor_env.vector.slot import Slot
from reactor_env.vector.worker import Job, Outbox, Outcome, Worker


class Crew:
    """One worker per slot.

    Steps are sent and received apart from each other. Everything else is a question, whose
    answers are waited for; it comes after the steps a slot was sent before.

    Args:
        slots: The slots, in order.
    """

    def __init__(self, slots: Sequence[Slot]) -> None:
        self._workers = [Worker(index, slot) for index, slot in enumerate(slots)]
        self._outbox = Outbox()
        self._outstanding: set[int] = set()
        self._pid = os.getpid()

    @property
    def elsewhere(self) -> bool:
        """Whether this is a forked process, and the threads are in its parent."""
        return self._pid != os.getpid()

    @property
    def outstanding(self) -> int:
        """How many slots were sent something that was not received."""
        return len(self._outstanding)

    def check_free(self, indices: Iterable[int]) -> None:
        """Refuse slots whose last step was not received.

        Raises:
            gymnasium.error.AlreadyPendingCallError: If there is one.
        """
        if pending := sorted(self._outstanding.intersection(indices)):
            raise gym.error.AlreadyPendingCallError(
                f"{named(pending)} stepped and nobody received what came of it: call recv, or "
                "reset to discard it",
                "step",
            )

    def send(self, actions: Mapping[int, Any]) -> None:
        """Have slots that are free step, and return at once.

        Whatever can be sent ahead is, from this thread and at once: no slot waits until the
        threads of those before it have had their turn with the interpreter.
        """
        check_process(self._pid)
        self._outstanding.update(actions)
        try:
            with together():
                for index, action in actions.items():
                    self._workers[index].slot.send(action)
        finally:  # a Ctrl-C here must not leave slots outstanding that nobody steps
            for index, action in actions.items():
                self._workers[index].submit(_step(action), self._outbox)

    def receive(self, count: int, timeout_s: float | None = None) -> list[Outcome]:
        """Wait for a number of slots that were sent something, the first ones to be ready.

        Returns:
            Their outcomes in the order of arrival, none of them an error.

        Raises:
            ReactorTimeoutError: If there are not as many in time.
            Exception: What a slot raised; the others can be received again.
        """
        check_process(self._pid)
        outcomes = self._outbox.take(count, timeout_s)
        if not outcomes:
            ready = self._outbox.arrived
            missing = sorted(self._outstanding.difference(ready))
            raise ReactorTimeoutError(
                f"{count} slots were not ready within {timeout_s:g} s: {named(missing)} did not "
                f"finish the step, {len(ready)} did"
            )
        self._outstanding.difference_update(outcome.index for outcome in outcomes)
        if any(outcome.error is not None for outcome in outcomes):
            good = [outcome for outcome in outcomes if outcome.error is None]
            self._outbox.put_back(good)
            self._outstanding.update(outcome.index for outcome in good)
            self.raise_errors(outcomes)
        return outcomes

    def ask(self, jobs: Mapping[int, Job]) -> list[Outcome]:
        """Have slots do their jobs and wait for all, also for those that raise.

        Returns:
            The outcomes in the slots' order, errors among them; see :meth:`raise_errors`.
        """
        check_process(self._pid)
        box = Outbox()
        for index, job in jobs.items():
            self._workers[index].submit(job, box)
        return sorted(box.take(len(jobs)), key=lambda outcome: outcome.index)

    def ask_all(self, job: Job) -> list[Outcome]:
        """Have every slot do a job; see :meth:`ask`."""
        return self.ask(dict.fromkeys(range(len(self._workers)), job))

    def discard(self, indices: Iterable[int]) -> None:
        """Forget what came of the steps of slots that have answered a question since."""
        gone = set(indices)
        self._outbox.drop(gone)
        self._outstanding -= gone

    def raise_errors(self, outcomes: Iterable[Outcome]) -> None:
        """Raise the first slot's error, with notes that name it and the others."""
        failed = sorted(
            ((outcome.index, outcome.error) for outcome in outcomes if outcome.error is not None),
            key=lambda one: one[0],
        )
        if not failed:
            return
        (index, error), *others = failed
        error.add_note(f"in slot {index} of {len(self._workers)}")
        for index, other in others:
            error.add_note(f"slot {index} failed too: {type(other).__name__}: {other}")
        raise error

    def dismiss(self) -> None:
        """End the threads."""
        for worker in self._workers:
            worker.stop()


def _step(action: Any) -> Job:
    return lambda slot: slot.step(action)


def values(outcomes: Iterable[Outcome]) -> list[Any]:
    """Return what the jobs returned."""
    return [outcome.value for outcome in outcomes]
