"""Measures how long a model takes to show an action, where it sends nothing that says so."""

from __future__ import annotations

import copy
import time
from collections.abc import Iterator

from reactor_env.client.errors import ReactorTimeoutError
from reactor_env.client.video import VideoFrame
from reactor_env.errors import UnsupportedModelError
from reactor_env.onset import Motion, small
from reactor_env.session import PostedCommand, Session
from reactor_env.spaces import ActionMap, Values

TRIALS = 3
"""How often the delay is measured; the longest counts."""

CANDIDATES = 6
"""How many different actions are tried until one moves the picture."""

LONGEST_S = 5.0
"""A longer delay is not waited for."""

_SEED = 0


class DelayProbe:
    """Measures the delay of one session by doing something and watching for the picture to move.

    Nothing is done for a while, which tells how much the picture changes by itself; then an
    action is sent, and the first frame that changes by clearly more than that shows it. This is
    done :data:`TRIALS` times with the first action that moves the picture, and the longest time
    counts: a model that makes several frames at a time takes an action up sooner or later,
    depending on when it comes. The time is only as fine as the frames are apart. The episode is
    spoiled by it: begin another.

    Args:
        name: The model, for messages.
        session: A streamed session, in an episode with every control neutral.
        actions: Its actions.
        timeout_s: Seconds that an action may take to be seen, and the picture to come to rest.
        rest_s: Seconds in which nothing is done, before each action.
    """

    def __init__(
        self,
        name: str,
        session: Session,
        actions: ActionMap,
        timeout_s: float,
        rest_s: float = 1.0,
    ) -> None:
        self._name = name
        self._session = session
        self._actions = actions
        self._timeout_s = min(timeout_s, LONGEST_S)
        self._rest_s = rest_s
        self._motion = Motion()
        self._seen = 0
        self._number = 0
        self._posted: list[PostedCommand] = []

    def measure(self) -> float:
        """Return the longest time from an action to the first frame that shows it, in seconds.

        Raises:
            UnsupportedModelError: If no action moves the picture clearly.
            ReactorTimeoutError: If no frames come.
            CommandRefusedError: If the model refuses an action.
        """
        for values in probes(self._actions):
            first = self._try(values)
            if first is not None:
                break
        else:
            raise UnsupportedModelError(
                '`pacing` "applied" needs to know which frame shows an action. The frames of '
                f"{self._name} do not say so (by action_seq in their metadata), and the delay "
                "could not be measured: no action changed the picture within "
                f"{self._timeout_s:g} s by clearly more than it changes by itself. Give the time "
                'from an action to its first frame as `delay`, or use "next" or "latest"'
            )
        others = [self._try(values) for _ in range(TRIALS - 1)]
        return max(delay for delay in [first, *others] if delay is not None)

    def _try(self, values: Values) -> float | None:
        """Do something once; ``None`` when it cannot be seen."""
        self._rest()
        sent_ns = self._send(values, self._actions.neutral)
        delay = self._until_it_moves(sent_ns)
        self._send(self._actions.neutral, values)
        if delay is not None:
            self._settle(delay)
        self._raise_refusals()
        return delay

    def _send(self, values: Values, since: Values) -> int:
        self._number += 1
        sent_ns = time.monotonic_ns()
        for command in self._actions.commands(values, since, self._number):
            self._posted.append(self._session.post(command.name, command.data))
        return sent_ns

    def _rest(self) -> None:
        self._motion.rest()
        self._newest()
        came = False
        for frame in self._frames(self._rest_s):
            came = True
            self._motion.learn(small(frame))
        if not came:
            raise ReactorTimeoutError(
                f"no frame of {self._name} came within {self._rest_s:g} s while its delay was "
                "measured"
            )

    def _until_it_moves(self, sent_ns: int) -> float | None:
        for frame in self._frames(self._timeout_s):
            if self._motion.begins(small(frame)):
                return (frame.arrival_ns - sent_ns) / 1e9
            self._raise_refusals()
        return None

    def _settle(self, delay_s: float) -> None:
        """Wait until what was done is over: it lasts as long as it took to be seen, and longer."""
        for _ in self._frames(delay_s):
            pass
        self._newest()
        still_since = time.monotonic_ns()
        for frame in self._frames(self._timeout_s):
            if self._motion.begins(small(frame)):
                still_since = frame.arrival_ns
            elif frame.arrival_ns - still_since > 0.5e9 * self._rest_s:
                return

    def _newest(self) -> None:
        """Take the newest frame as the one that the next is compared with."""
        frame = self._session.frames.newest()
        if frame is not None:
            self._seen = frame.sequence
            self._motion.change(small(frame))

    def _frames(self, seconds: float) -> Iterator[VideoFrame]:
        """Yield the frames that come within some time, oldest first."""
        deadline = time.monotonic() + seconds
        while (left := deadline - time.monotonic()) > 0:
            frame = self._session.frames.wait(lambda frame: frame.sequence > self._seen, left)
            if frame is None:
                return
            self._seen = frame.sequence
            yield frame

    def _raise_refusals(self) -> None:
        for posted in self._posted:
            if posted.error is not None:
                raise posted.error
        self._posted = [posted for posted in self._posted if not posted.answered]


def probes(actions: ActionMap) -> list[Values]:
    """Return some different things to do, none of them nothing.

    Args:
        actions: The actions; presets are all tried, of other spaces some drawn ones.
    """
    if actions.presets:
        drawn = list(actions.presets.values())
    else:
        space = copy.deepcopy(actions.space)  # whose own sampling is not disturbed
        space.seed(_SEED)
        drawn = [actions.values(space.sample()) for _ in range(4 * CANDIDATES)]
    found: list[Values] = []
    for values in drawn:
        if values != actions.neutral and values not in found:
            found.append(values)
    return found[:CANDIDATES]
