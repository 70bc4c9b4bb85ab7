"""One episode while it is recorded: what the environment's thread notes, and a worker writes."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from fractions import Fraction
from pathlib import Path
from typing import Any, Literal

import numpy as np

from reactor_env.client.video import VideoFrame
from reactor_env.datasets.columns import COLUMNS, observed
from reactor_env.recorder.files import TIME_BASE, EpisodeFiles
from reactor_env.recorder.sight import Sight
from reactor_env.recorder.worker import Worker

SCHEMA_VERSION = 1

VideoClock = Literal["arrival", "steps"]
"""What the times in a video are: those of the frames' arrival, or equal ones for equal steps."""

_MAX_FPS_DENOMINATOR = 1001


@dataclass(frozen=True)
class Plan:
    """How episodes are recorded.

    Attributes:
        folder: Where to.
        prefix: What the names of files begin with.
        fps: Pictures per second of the clock ``steps``.
        facts: What else the document says, the same for every episode.
    """

    folder: Path
    prefix: str
    fps: float
    facts: Mapping[str, Any] = field(default_factory=dict)


class EpisodeRecording:
    """Records one episode. Nothing it does waits, and nothing it does raises.

    Args:
        worker: Writes the files.
        plan: How.
        number: The episode's.
        clock: What the times in the video are.
        failed: Called from any thread with the text of every error.
        facts: What else the document says of this episode.
    """

    def __init__(
        self,
        worker: Worker,
        plan: Plan,
        number: int,
        clock: VideoClock,
        failed: Callable[[str], None],
        facts: Mapping[str, Any],
    ) -> None:
        self._worker = worker
        self._plan = plan
        self._number = number
        self._clock = clock
        self._failed = failed
        self._facts = facts
        # The wall clock is asked once, so that setting it in mid-episode bends no time.
        self._unix_offset_ns = time.time_ns() - time.monotonic_ns()
        self._files: EpisodeFiles | None = None
        self._error: str | None = None
        self._first_ns: int | None = None
        self._last_time = -1
        self._steps = 0
        self._return = 0.0
        self._terminated = self._truncated = False
        self._picture: int | None = None
        self._pictures = 0
        self.dropped = 0
        """Pictures that the video lacks because the encoder was behind."""
        worker.submit(self._open)

    def begin(self, sight: Sight, info: Mapping[str, Any]) -> None:
        """Note what a reset returned."""
        self._note(sight, info, {"action": None, "reward": None})

    def step(
        self,
        sight: Sight,
        info: Mapping[str, Any],
        action: Any,
        reward: float,
        terminated: bool,
        truncated: bool,
    ) -> None:
        """Note what a step returned."""
        self._steps += 1
        self._return += reward
        self._terminated, self._truncated = terminated, truncated
        self._note(sight, info, {"action": plain(action), "reward": _finite(reward)})

    def finish(self) -> None:
        """Have the files finished."""
        document = {
            "schema_version": SCHEMA_VERSION,
            "created_utc": datetime.now(UTC).isoformat(timespec="seconds"),
            "episode": self._number,
            **self._plan.facts,
            **self._facts,
            "steps": self._steps,
            "return": _finite(self._return),
            "terminated": self._terminated,
            "truncated": self._truncated,
            "complete": self._terminated or self._truncated,
            "clock": self._clock,
            "fps": self._plan.fps,
            "pictures": self._pictures,
            "pictures_dropped": self.dropped,
            "columns": {column.name: column.meaning for column in COLUMNS},
        }
        self._worker.submit(lambda: self._finish(document))

    # -- on the environment's thread ----------------------------------------------------------

    def _note(self, sight: Sight, info: Mapping[str, Any], row: dict[str, Any]) -> None:
        if self._first_ns is None:
            self._first_ns = sight.arrival_ns
        seconds = (
            (sight.arrival_ns - self._first_ns) / 1e9
            if self._clock == "arrival"
            else self._steps / self._plan.fps
        )
        new = not sight.repeated or self._picture is None
        if new:
            ticks = max(round(seconds / TIME_BASE), self._last_time + 1)
            if self._worker.offer(lambda: self._add_picture(sight, ticks)):
                self._picture, self._last_time = self._pictures, ticks
                self._pictures += 1
            else:
                self._picture = None
                self.dropped += 1
        arrival_us = (sight.arrival_ns + self._unix_offset_ns) // 1000
        values = observed(info, arrival_us, sight.capture_us)
        full = {
            "step": self._steps,
            **row,
            "terminated": self._terminated,
            "truncated": self._truncated,
            "end": plain(info.get("end")),
            "picture": self._picture,
            "video_s": max(seconds, 0.0),
            **{name: plain(value) for name, value in values.items()},
        }
        self._worker.submit(lambda: self._add_step(full))

    # -- on the worker's ----------------------------------------------------------------------

    def _open(self) -> None:
        plan = self._plan
        rate = Fraction(plan.fps).limit_denominator(_MAX_FPS_DENOMINATOR)
        try:
            self._files = EpisodeFiles(plan.folder, plan.prefix, self._number, rate)
        except Exception as error:
            self._fail(f"cannot record to {plan.folder}", error)

    def _add_picture(self, sight: Sight, ticks: int) -> None:
        if self._files is None or self._error is not None:
            return
        frame = sight.frame
        try:
            self._files.add_picture(frame.image if isinstance(frame, VideoFrame) else frame, ticks)
        except Exception as error:
            self._lose_video(error)

    def _add_step(self, row: Mapping[str, Any]) -> None:
        if self._files is None:
            return
        try:
            self._files.add_step(row)
        except Exception as error:
            self._lose(error)

    def _finish(self, document: dict[str, Any]) -> None:
        if self._files is None:
            return
        try:
            self._files.close_video()
        except Exception as error:
            self._lose_video(error)
        if self._error is not None:
            document = {**document, "pictures": 0, "error": self._error}
        try:
            self._files.finish(document)
        except Exception as error:
            self._lose(error)

    def _lose_video(self, error: Exception) -> None:
        assert self._files is not None
        self._fail(f"the video of {self._files.name} in {self._plan.folder} is lost", error)
        self._files.drop_video()

    def _lose(self, error: Exception) -> None:
        assert self._files is not None
        self._fail(f"the recording of {self._files.name} in {self._plan.folder} is lost", error)
        files, self._files = self._files, None
        try:
            files.discard()
        except OSError as again:
            self._fail(f"what is left of {files.name} cannot be removed", again)

    def _fail(self, what: str, error: Exception) -> None:
        self._error = f"{type(error).__name__}: {error}"
        self._failed(f"{what}: {self._error}")


def plain(value: Any) -> Any:
    """Return an action or a number as JSON has it, sharing no memory with it.

    Args:
        value: NumPy arrays become lists, NaN and infinities ``None``; what JSON does not know
            becomes text.
    """
    if isinstance(value, np.ndarray):
        return plain(value.tolist())
    if isinstance(value, np.generic):
        return plain(value.item())
    if isinstance(value, float):
        return _finite(value)
    if value is None or isinstance(value, bool | int | str):
        return value
    if isinstance(value, Mapping):
        return {str(key): plain(entry) for key, entry in value.items()}
    if isinstance(value, list | tuple):
        return [plain(entry) for entry in value]
    return str(value)


def _finite(value: float) -> float | None:
    return value if math.isfinite(value) else None
