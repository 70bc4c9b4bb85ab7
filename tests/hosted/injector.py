"""The faults a test can order."""

from __future__ import annotations

import threading
from collections.abc import Mapping, Sequence
from typing import Any

from tests.hosted.answers import Answer, document, no_capacity, quota_exceeded
from tests.hosted.faults import (
    GARBAGE,
    Action,
    Fault,
    Faults,
    Garbage,
    answer_with,
    break_off,
    hold_up,
    waiter,
    without_fields,
)
from tests.hosted.state import Watch


class Injector:
    """Orders faults.

    What the methods have in common: ``method`` and ``path`` are globs in which ``*`` crosses
    slashes. ``times`` requests are struck, all of them if it is ``None``, after ``skip`` matching
    ones passed. With ``handled``, the service does what it was asked before the fault happens to
    its answer.

    Args:
        faults: Where the rules go.
        watch: Guards what tests read.
        closing: Set when the service stops; nothing is held up any longer.
    """

    def __init__(self, faults: Faults, watch: Watch, closing: threading.Event) -> None:
        self._rules = faults
        self._rule_watch = watch
        self._no_more_waits = closing

    def fail(
        self,
        method: str,
        path: str,
        *,
        status: int = 500,
        body: Any = None,
        headers: Mapping[str, str] | None = None,
        times: int | None = 1,
        skip: int = 0,
        handled: bool = False,
    ) -> Fault:
        """Answer with an error.

        Args:
            method: See the class, as for ``path``, ``times``, ``skip`` and ``handled``.
            path: See the class.
            status: The HTTP status.
            body: Text, bytes, or a JSON document; an error object by default.
            headers: Further headers, such as ``Retry-After``.
            times: See the class.
            skip: See the class.
            handled: See the class.
        """
        if isinstance(body, str | bytes):
            content = body.encode() if isinstance(body, str) else body
            answer = Answer(status, content, {"content-type": "text/plain", **(headers or {})})
        else:
            explained = {"error": f"http_{status}", "message": "injected"}
            answer = document(status, explained if body is None else body, headers)
        return self.answer(method, path, answer, times=times, skip=skip, handled=handled)

    def answer(
        self,
        method: str,
        path: str,
        answer: Answer,
        *,
        times: int | None = 1,
        skip: int = 0,
        handled: bool = False,
    ) -> Fault:
        """Give this answer in place of the service's own."""
        return self._add(method, path, answer_with(answer, handled=handled), times, skip)

    def refuse_quota(self, *, times: int | None = 1, **quota: Any) -> Fault:
        """Refuse to create a session: 429; see :func:`tests.hosted.answers.quota_exceeded`."""
        return self.answer("POST", "/sessions", quota_exceeded(**quota), times=times)

    def refuse_capacity(self, *, times: int | None = 1) -> Fault:
        """Refuse to create a session for want of machines: 429 without ``Retry-After``."""
        return self.answer("POST", "/sessions", no_capacity(), times=times)

    def delay(
        self,
        method: str,
        path: str,
        wait: float | threading.Event,
        *,
        times: int | None = 1,
        skip: int = 0,
        handled: bool = False,
    ) -> Fault:
        """Hold requests up for some seconds, or until an event is set.

        Unless ``handled``, a request takes effect after the wait, also when its client has left
        by then. Later rules still apply to it.
        """
        action = hold_up(waiter(wait, self._no_more_waits), handled=handled)
        return self._add(method, path, action, times, skip, passes=True)

    def half_answer(
        self,
        method: str,
        path: str,
        *,
        times: int | None = 1,
        skip: int = 0,
        handled: bool = False,
    ) -> Fault:
        """Send half of the body that ``Content-Length`` promises, then close the connection."""
        action = break_off(0.5, reset=False, handled=handled)
        return self._add(method, path, action, times, skip)

    def reset(
        self,
        method: str,
        path: str,
        *,
        mid_answer: bool = False,
        times: int | None = 1,
        skip: int = 0,
        handled: bool = False,
    ) -> Fault:
        """Break the connection with a TCP reset, before the answer or halfway through it."""
        action = break_off(0.5 if mid_answer else None, reset=True, handled=handled)
        return self._add(method, path, action, times, skip)

    def garble(
        self,
        method: str,
        path: str,
        garbage: Garbage | None = None,
        *,
        without: Sequence[str] = (),
        status: int = 200,
        times: int | None = 1,
        skip: int = 0,
    ) -> Fault:
        """Answer nonsense.

        Args:
            method: See the class, as for ``path``, ``times`` and ``skip``.
            path: See the class.
            garbage: What kind, in place of the service's own answer.
            without: Instead, the names of fields to take out of the service's own JSON object.
            status: The HTTP status of the garbage.
            times: See the class.
            skip: See the class.

        Raises:
            ValueError: Unless exactly one of ``garbage`` and ``without`` is given.
        """
        if (garbage is None) == (not without):
            raise ValueError(
                f"one of `garbage` and `without` is needed, got {garbage!r} and {without!r}"
            )
        if garbage is None:
            return self._add(method, path, without_fields(without), times, skip)
        content_type = "text/html" if garbage == "text" else "application/json"
        answer = Answer(status, GARBAGE[garbage], {"content-type": content_type})
        return self.answer(method, path, answer, times=times, skip=skip)

    def clear_faults(self) -> None:
        """Remove all faults."""
        self._rules.clear()

    def _add(
        self,
        method: str,
        path: str,
        action: Action,
        times: int | None,
        skip: int,
        *,
        passes: bool = False,
    ) -> Fault:
        return self._rules.add(
            Fault(
                method,
                path,
                action,
                times=times,
                skip=skip,
                passes=passes,
                watch=self._rule_watch,
            )
        )
