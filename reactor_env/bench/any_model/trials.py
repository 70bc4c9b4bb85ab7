"""Does something in a live session again and again, and watches; nothing, as often."""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import numpy as np

from reactor_env.bench.any_model.onset import FEATURES, SIZE, Floats, Trial, Usual, features
from reactor_env.bench.any_model.plan import Plan
from reactor_env.client.errors import ReactorTimeoutError
from reactor_env.client.video import VideoFrame
from reactor_env.delay_probe import probes
from reactor_env.observations import Converter, Observation
from reactor_env.probes.directions import turns
from reactor_env.probes.motion import Luma
from reactor_env.rewards import episode_point
from reactor_env.session import PostedCommand, Session
from reactor_env.spaces import ActionMap, Values
from reactor_env.spaces.action_map import read_presets

SHORTEST_S = 0.4
_MARGIN_S = 0.15
_LOOKS = 2
_LEAST_REST = 3
_LOT_S = 0.15
"""Actions come at random moments, so that they meet any phase of the frames."""


class Eye:
    """Reads the frames of a session one after another, small and gray.

    Args:
        session: A streamed session.
    """

    def __init__(self, session: Session) -> None:
        self._session = session
        self._seen = 0
        self._size = (0, 0)
        self._convert: Converter | None = None
        self._user_data = b""
        self._last: Luma | None = None
        self.repeats = 0
        """Frames that the runtime sent again, so far."""

    def skip(self) -> None:
        """Go on with the newest frame."""
        frame = self._session.frames.newest()
        if frame is not None:
            self._seen = frame.sequence
            self._user_data = frame.user_data
            self._last = self._small(frame)

    def watch(self, seconds: float) -> Iterator[tuple[VideoFrame, Luma, Luma]]:
        """Yield each new frame with its picture and the one before, oldest first.

        Frames that the runtime sent again, by their metadata, are passed over: it is the model
        that is watched.
        """
        deadline = time.monotonic() + seconds
        while (left := deadline - time.monotonic()) > 0:
            frame = self._session.frames.wait(lambda one: one.sequence > self._seen, left)
            if frame is None:
                return
            self._seen = frame.sequence
            if frame.user_data and frame.user_data == self._user_data:
                self.repeats += 1
                continue
            self._user_data = frame.user_data
            before, self._last = self._last, self._small(frame)
            if before is not None:
                yield frame, before, self._last

    def _small(self, frame: VideoFrame) -> Luma:
        size = (frame.height, frame.width)
        if self._convert is None or size != self._size:
            self._size = size
            self._convert = Converter(Observation(size=SIZE, gray=True), size)
        return np.asarray(self._convert(frame), np.uint8).reshape(SIZE)


class Trials:
    """Acts and watches.

    Args:
        name: The model, for messages.
        session: A streamed session, in an episode with every control neutral.
        actions: Its actions.
        plan: How.
        begin: Begins another episode.
        ended: Tells whether the episode is over, where it is not a frame that says so.
    """

    def __init__(
        self,
        name: str,
        session: Session,
        actions: ActionMap,
        plan: Plan,
        begin: Callable[[], None],
        ended: Callable[[], bool] = lambda: False,
    ) -> None:
        self._name = name
        self._session = session
        self._actions = actions
        self._plan = plan
        self._begin = begin
        self._ended = ended
        self._eye = Eye(session)
        self._number = 0
        self._posted: list[PostedCommand] = []
        self._random = random.Random(plan.seed)
        self.tried: list[str] = []
        """What was done, in words, until the picture moved."""

    def run(self, tell: Callable[[str], None] = lambda _: None) -> list[Trial]:
        """Find an action that moves the picture, then do it and nothing in turn.

        Args:
            tell: Called with what is done next.

        Returns:
            The trials, without the first ones that looked for an action; those of an action that
            moved nothing where none did.

        Raises:
            ValueError: If the plan's action is none of the model's.
            ReactorTimeoutError: If no frames come.
            CommandRefusedError: If the model refuses an action.
        """
        looked: list[Trial] = []
        for values in candidates(self._actions, self._plan):
            tell(f"looking whether the picture moves: {self.describe(values)}")
            self.tried.append(self.describe(values))
            seen_ms = self._look(values, looked)
            if seen_ms is not None:
                break
        else:
            return looked
        window_s = min(max(2 * seen_ms / 1e3 + _MARGIN_S, SHORTEST_S), self._plan.longest_s)
        order = [True, False] * self._plan.repeats
        self._random.shuffle(order)
        trials = []
        for index, acted in enumerate(order, 1):
            tell(f"trial {index} of {len(order)}")
            trials.append(self._try(values if acted else None, window_s))
        return trials

    def acks_ms(self) -> list[float]:
        """Return the time from sending to its answer of each command that was answered."""
        return [posted.ack_ms for posted in self._posted if posted.ack_ms is not None]

    def describe(self, values: Values) -> str:
        """Say in words what is done."""
        for name, found in self._actions.presets.items():
            if found == values:
                return name
        parts = zip(self._actions.controls, values, strict=True)
        changed = [f"{part.name}={_plain(value)}" for part, value in parts if value != part.neutral]
        return " ".join(changed)

    def _look(self, values: Values, looked: list[Trial]) -> float | None:
        """Do something until it was not seen, or seen twice: once may be chance.

        Returns:
            The longer of two onsets, ms.
        """
        found = []
        for _ in range(_LOOKS):
            trial = self._try(values, self._plan.longest_s, until_seen=True)
            looked.append(trial)
            onset_ms = Usual.of(trial.rest).onset_ms(trial)
            if onset_ms is None:
                return None
            found.append(onset_ms)
        return max(found)

    def _try(self, values: Values | None, window_s: float, *, until_seen: bool = False) -> Trial:
        if self._over():
            self._begin()
        rest = _stacked(self._rest())
        usual = Usual.of(rest) if until_seen else None
        sent_ns = self._send(values, self._actions.neutral) if values else time.monotonic_ns()
        number = self._number
        frames: list[VideoFrame] = []
        pairs: list[tuple[Luma, Luma]] = []
        for frame, before, after in self._eye.watch(window_s):
            frames.append(frame)
            pairs.append((before, after))
            if usual is not None and usual.first(features(before, after)[None]) is not None:
                window_s = (frame.arrival_ns - sent_ns) / 1e9 + _MARGIN_S
                break
        ended = self._over() or any(episode_point(frame).over for frame in frames)
        if values:
            self._send(self._actions.neutral, values)
        named = [frame.arrival_ns for frame in frames if episode_point(frame).action_seq == number]
        trial = Trial(
            acted=values is not None,
            sent_ns=sent_ns,
            rest=rest,
            arrival=np.array([frame.arrival_ns for frame in frames], np.int64),
            seen=_stacked([features(*pair) for pair in pairs]),
            named_ns=named[0] if named and values else 0,
            ended=ended,
        )
        if values:
            self._settle(window_s)
        self._raise_refusals()
        return trial

    def _rest(self) -> list[Floats]:
        """Do nothing for a while, and return the numbers of the frames.

        A model that makes many frames at a time may show none in that while: it gets longer.
        """
        self._eye.skip()
        repeats = self._eye.repeats
        rest_s = self._plan.rest_s + self._random.uniform(0, _LOT_S)
        limit_s = rest_s + self._plan.longest_s
        begun = time.monotonic()
        rest: list[Floats] = []
        while len(rest) < _LEAST_REST and time.monotonic() < begun + limit_s:
            rest += [features(before, after) for _, before, after in self._eye.watch(rest_s)]
            if not rest and self._eye.repeats > repeats:
                return [np.zeros(len(FEATURES))]  # the model waits: its picture stands still
        if not rest:
            raise ReactorTimeoutError(
                f"no frame of {self._name} came within {limit_s:.1f} s while nothing was done"
            )
        return rest

    def _settle(self, window_s: float) -> None:
        """Wait until what was done is over: it lasts as long as it took to be seen, and a while."""
        for _ in self._eye.watch(window_s):
            pass

    def _send(self, values: Values, since: Values) -> int:
        self._number += 1
        sent_ns = time.monotonic_ns()
        for command in self._actions.commands(values, since, self._number):
            self._posted.append(self._session.post(command.name, command.data))
        return sent_ns

    def _over(self) -> bool:
        frame = self._session.frames.newest()
        return self._ended() or (frame is not None and episode_point(frame).over)

    def _raise_refusals(self) -> None:
        for posted in self._posted:
            if posted.error is not None:
                raise posted.error


def candidates(actions: ActionMap, plan: Plan) -> list[Values]:
    """Return what to do, in the order in which it is tried.

    Args:
        actions: The model's actions.
        plan: Names the only one, or leaves it to :func:`~reactor_env.delay_probe.probes`; turns
            come first, since no wall ends them.

    Raises:
        ValueError: If the model has no such action, or it is that of doing nothing.
    """
    if plan.preset:
        if plan.preset not in actions.presets:
            raise ValueError(
                f"`action` must be one of {', '.join(actions.presets) or 'no named actions'}, or "
                f"NAME=VALUE for {', '.join(part.name for part in actions.controls)}, got "
                f"{plan.preset}"
            )
        found = actions.presets[plan.preset]
    elif plan.controls:
        (found,) = read_presets(actions.controls, {"typed": plan.controls}).values()
    else:
        turning = [actions.presets[name] for name in turns(actions.presets)]
        return [*turning, *(one for one in probes(actions) if one not in turning)]
    if found == actions.neutral:
        raise ValueError("`action` must do something, got what sets every control neutral")
    return [found]


def _stacked(rows: list[Floats]) -> Floats:
    return np.array(rows, np.float64).reshape(-1, len(FEATURES))


def _plain(value: Any) -> Any:
    """Return a control's value as it is typed: the only parameter's, or keys, or all by name."""
    if isinstance(value, Mapping) and len(value) == 1:
        (value,) = value.values()
    return sorted(value) if isinstance(value, frozenset | set) else value
