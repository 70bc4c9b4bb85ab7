"""When ``step()`` returns in a streamed session: which frame answers an action.

* ``next``: the newest frame, provided it is newer than the one last returned; otherwise the next
  one to arrive. It never returns the same frame twice, and may return one that was made before the
  model saw the action.
* ``applied``: the first frame that the model made after applying this action, or the frame that
  ended the episode before it could. Which one that is the frames' metadata says
  (``action_seq``); where it does not, the first frame after the message that confirms the action,
  or after a delay that was given, or measured at the reset. ``info["applied_by"]`` says which.
* ``latest``: the newest frame, at once, even if it was returned before.
* a :class:`~reactor_env.clock.Clock`: the newest frame at the next tick, even if it was returned
  before.

Stepped sessions need no pacing: the frame of the step is the answer.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Literal, get_args

from reactor_env.client.video import VideoFrame
from reactor_env.clock import Clock, as_clock
from reactor_env.rewards import episode_point

Pacing = Literal["next", "applied", "latest"]
PACINGS: tuple[Pacing, ...] = get_args(Pacing)


@dataclass(frozen=True, slots=True)
class Rule:
    """Which of the frames that arrive after the last one returned is waited for.

    Attributes:
        accept: Tells whether a frame may be returned.
        newest: Take the newest acceptable frame instead of the oldest.
    """

    accept: Callable[[VideoFrame], bool]
    newest: bool


NEXT = Rule(lambda _: True, newest=True)
"""The rule of ``next``."""


def applied(sequence: int) -> Rule:
    """Return the rule of ``applied`` where the frames' metadata names the action.

    Args:
        sequence: The action's number.
    """

    def reflects(frame: VideoFrame) -> bool:
        point = episode_point(frame)
        return point.over or (point.action_seq is not None and point.action_seq >= sequence)

    return Rule(reflects, newest=False)


def applied_since(since: Callable[[], int | None], delay_ns: int) -> Rule:
    """Return the rule of ``applied`` where nothing but time tells.

    Args:
        since: Returns the time on :func:`time.monotonic_ns` from which the delay counts; ``None``
            while it is not known.
        delay_ns: The delay in nanoseconds.
    """

    def shows(frame: VideoFrame) -> bool:
        begin = since()
        return begin is not None and frame.arrival_ns >= begin + delay_ns

    return Rule(shows, newest=False)


def as_pacing(given: Pacing | Clock | Mapping[str, Any]) -> Pacing | Clock:
    """Return the ``pacing`` of an environment.

    Args:
        given: A name, a clock, or the fields of a clock.

    Raises:
        ValueError: If it is none of them.
    """
    if isinstance(given, Mapping):
        return as_clock(given)
    if isinstance(given, Clock) or given in PACINGS:
        return given
    raise ValueError(f"`pacing` must be one of {', '.join(PACINGS)} or a Clock, got {given!r}")
