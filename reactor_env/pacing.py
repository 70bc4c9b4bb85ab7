"""When ``step()`` returns in a streamed session: which frame answers an action.

Stepped sessions need no pacing: the frame of the step is the answer.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal, get_args

from reactor_env.rewards import EpisodePoint

Pacing = Literal["next", "applied", "latest"]
PACINGS: tuple[str, ...] = get_args(Pacing)


@dataclass(frozen=True, slots=True)
class Rule:
    """How to choose a frame.

    Attributes:
        accept: Tells from its place in the episode whether a frame that is newer than the last
            one returned may be returned.
        newest: Take the newest acceptable frame instead of the oldest.
        wait: Wait for an acceptable frame; otherwise return the last one again.
    """

    accept: Callable[[EpisodePoint], bool]
    newest: bool
    wait: bool


def rule(pacing: Pacing, sequence: int) -> Rule:
    """Return the rule of a pacing for one action.

    * ``next``: the newest frame, provided it is newer than the one last returned; otherwise the
      next one to arrive. It never returns the same frame twice, and may return one that was made
      before the model saw the action.
    * ``applied``: the first frame that the model made after applying this action, or the frame
      that ended the episode before it could.
    * ``latest``: the newest frame, at once, even if it was returned before.

    Args:
        pacing: The name.
        sequence: The action's number.

    Raises:
        ValueError: If there is no such pacing.
    """
    match pacing:
        case "next":
            return Rule(lambda _: True, newest=True, wait=True)
        case "applied":

            def reflects(point: EpisodePoint) -> bool:
                seen = point.action_seq is not None and point.action_seq >= sequence
                return seen or point.over

            return Rule(reflects, newest=False, wait=True)
        case "latest":
            return Rule(lambda _: True, newest=True, wait=False)
    raise ValueError(f"`pacing` must be one of {', '.join(PACINGS)}, got {pacing!r}")
