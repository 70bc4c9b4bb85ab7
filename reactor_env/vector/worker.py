"""The threads on which slots step, and the box in which their results arrive."""

from __future__ import annotations

import queue
import threading
import time
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from typing import Any

from reactor_env.vector.slot import Slot

Job = Callable[[Slot], Any]

_LOOK_UP_S = 0.5
"""A Ctrl-C that comes just before a wait begins is noticed when the wait ends, so no wait is
longer than this."""


@dataclass(slots=True)
class Outcome:
    """What became of a slot's job.

    Attributes:
        index: The slot.
        value: What the job returned.
        error: What it raised instead.
    """

    index: int
    value: Any = None
    error: BaseException | None = None


class Outbox:
    """Outcomes in the order of their arrival."""

    def __init__(self) -> None:
        self._outcomes: list[Outcome] = []
        self._wanted = 0
        self._enough = threading.Condition()

    def put(self, outcome: Outcome) -> None:
        """Add one."""
        with self._enough:
            self._outcomes.append(outcome)
            # Whoever waits is woken once, not for every outcome.
            if 0 < self._wanted <= len(self._outcomes):
                self._enough.notify()

    def put_back(self, outcomes: Sequence[Outcome]) -> None:
        """Return what was taken to the front."""
        with self._enough:
            self._outcomes[:0] = outcomes

    def take(self, count: int, timeout_s: float | None = None) -> list[Outcome]:
        """Wait for a number of outcomes and take the oldest of them.

        Returns:
            ``count`` outcomes, or none of them when the time is over.
        """
        deadline = time.monotonic() + timeout_s if timeout_s is not None else None
        with self._enough:
            self._wanted = count
            try:
                while len(self._outcomes) < count:
                    left = _LOOK_UP_S if deadline is None else deadline - time.monotonic()
                    if left <= 0:
                        return []
                    self._enough.wait(min(left, _LOOK_UP_S))
            finally:
                self._wanted = 0
            taken, self._outcomes = self._outcomes[:count], self._outcomes[count:]
            return taken

    def drop(self, indices: Collection[int]) -> None:
        """Forget the outcomes of some slots."""
        with self._enough:
            self._outcomes = [one for one in self._outcomes if one.index not in indices]

    @property
    def arrived(self) -> list[int]:
        """The slots whose outcomes are there."""
        with self._enough:
            return [outcome.index for outcome in self._outcomes]


class Worker:
    """One slot's thread, which does its jobs one after another.

    A daemon: an interpreter that exits does not wait for a step.

    Args:
        index: The slot's number.
        slot: The slot.
    """

    def __init__(self, index: int, slot: Slot) -> None:
        self.slot = slot
        self._index = index
        self._jobs: queue.SimpleQueue[tuple[Job, Outbox] | None] = queue.SimpleQueue()
        self._thread = threading.Thread(
            target=self._run, name=f"reactor-env-slot-{index}", daemon=True
        )
        self._thread.start()

    def submit(self, job: Job, box: Outbox) -> None:
        """Have a job done; its outcome goes into ``box``."""
        self._jobs.put((job, box))

    def stop(self) -> None:
        """End the thread after the jobs it has, and wait until it has ended."""
        self._jobs.put(None)
        if threading.current_thread() is not self._thread:
            self._thread.join()

    def _run(self) -> None:
        while (work := self._jobs.get()) is not None:
            job, box = work
            try:
                outcome = Outcome(self._index, job(self.slot))
            except BaseException as error:
                outcome = Outcome(self._index, error=error)
            del work, job  # what a job holds, an action or the whole vector, is not kept
            box.put(outcome)
            del box, outcome
