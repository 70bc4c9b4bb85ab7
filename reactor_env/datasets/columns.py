"""What is recorded with every observation: when its frame was made and came, and what it cost.

One definition for recordings and datasets. Imports nothing of a session: the process that writes
a dataset may run in an environment that has none of the client's packages.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

Value = float | int | bool | None

_UNKNOWN = {"float64": float("nan"), "int64": -1, "bool": False}
"""What stands for ``None`` in an array."""


@dataclass(frozen=True, slots=True)
class Column:
    """One value for each observation.

    Attributes:
        name: Its name.
        dtype: Of its array. What is not known is NaN, -1 or false.
        meaning: What it says, with its unit.
    """

    name: str
    dtype: Literal["float64", "int64", "bool"]
    meaning: str

    def array(self, values: Iterable[Value]) -> NDArray[Any]:
        """Return values as an array of :attr:`dtype`.

        Args:
            values: ``None`` where one is not known.
        """
        unknown = _UNKNOWN[self.dtype]
        return np.array([unknown if value is None else value for value in values], self.dtype)


COLUMNS = (
    # Whole microseconds: LeRobot's loader makes float32 of every float, which cannot hold a date.
    Column("arrival_unix_us", "int64", "when the frame was decoded and ready; Unix time"),
    Column("capture_us", "int64", "when the model made it, on the sender's own clock"),
    Column("frame_id", "int64", "the frame's number, from its trailer where there is one"),
    Column("frames_skipped", "int64", "frames of the model since the observation before"),
    Column("frame_repeated", "bool", "it is the frame of the observation before"),
    Column("frame_age_ms", "float64", "its age when it was observed; the sender on this machine"),
    Column("action_to_frame_ms", "float64", "from sending the action it shows to its arrival"),
    Column("ack_ms", "float64", "from sending an action to its acknowledgement"),
    Column("delay_ms", "float64", "the delay that an action was taken to have"),
    Column("wait_ms", "float64", "spent waiting for the frame"),
    Column("convert_ms", "float64", "spent making the observation of it"),
    Column("step_ms", "float64", "the whole call of step() or reset()"),
    Column("deadline_missed", "int64", "1 if the step came late for its clock, 0 if in time"),
    Column("session_lost", "bool", "the session was lost, and the last observation is told again"),
)
"""In the order in which they are written."""


def observed(
    info: Mapping[str, Any], arrival_unix_us: int, capture_us: int | None
) -> dict[str, Value]:
    """Return the value of every column for one observation.

    Args:
        info: What ``reset()`` or ``step()`` returned beside it.
        arrival_unix_us: As the column.
        capture_us: As the column; ``None`` if the sender did not say.
    """
    values: dict[str, Value] = {column.name: _number(info.get(column.name)) for column in COLUMNS}
    values["arrival_unix_us"] = arrival_unix_us
    values["capture_us"] = capture_us
    values["session_lost"] = "session_lost" in info
    return values


def arrays(rows: Iterable[Mapping[str, Value]]) -> dict[str, NDArray[Any]]:
    """Return the columns of rows as arrays, each (len(rows),).

    Args:
        rows: What :func:`observed` returned for each observation.
    """
    rows = list(rows)
    return {column.name: column.array(row[column.name] for row in rows) for column in COLUMNS}


def _number(value: Any) -> Value:
    if isinstance(value, np.generic):
        value = value.item()
    return value if isinstance(value, bool | int | float) else None
