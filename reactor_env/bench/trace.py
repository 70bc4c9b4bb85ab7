"""The raw trace of one turn: what one peer saw of one stream, and its file."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from reactor_env.files import replacing

TRACE_VERSION = 1

Integers = NDArray[np.int64]

UNREADABLE = -1
"""The number of a frame whose stamp was damaged or missing."""

STAGES = ("queued", "sent", "received", "decoding", "decoded", "arrived", "taken", "observed")
"""Moments in the life of a frame, in order, after its emission: given to the sender's WebRTC stack;
its last packet sent; that packet here; the decoder begins; it is decoded; it is where frames are
stored; its reader has it; the reader has an array of it."""


def _none() -> Integers:
    return np.zeros(0, np.int64)


@dataclass(kw_only=True)
class Trace:
    """One turn.

    Times are nanoseconds of :func:`time.monotonic_ns`, which is one clock for all processes of a
    machine; 0 stands for what did not happen.

    Attributes:
        peer: Its name.
        facts: What is told once: times of the connect, CPU times, codec, bytes, memory. See
            :mod:`reactor_env.bench.child`.
        arrival: When each frame was in its user's hands as an array, in the order of arrival.
        number: Its number; :data:`UNREADABLE` where the stamp could not be read.
        emission: The sender's clock when it was made.
        action: The number of the last action it was made with; -1 for none.
        told: Its number by its metadata, :data:`UNREADABLE` without.
        small: When each small observation was in its user's hands.
        due: When each command was due.
        sent: When it was given to the client.
        acked: When its answer came; 0 where none comes.
        sequence: The number it carried.
        stages: For each frame of a traced turn its emission and the moments of :data:`STAGES`;
            (frames, 1 + stages), empty otherwise.
    """

    peer: str
    facts: dict[str, Any] = field(default_factory=dict)
    arrival: Integers = field(default_factory=_none)
    number: Integers = field(default_factory=_none)
    emission: Integers = field(default_factory=_none)
    action: Integers = field(default_factory=_none)
    told: Integers = field(default_factory=_none)
    small: Integers = field(default_factory=_none)
    due: Integers = field(default_factory=_none)
    sent: Integers = field(default_factory=_none)
    acked: Integers = field(default_factory=_none)
    sequence: Integers = field(default_factory=_none)
    stages: Integers = field(default_factory=lambda: np.zeros((0, 1 + len(STAGES)), np.int64))

    def save(self, path: Path) -> None:
        """Write it as a compressed ``.npz`` file."""
        head = {"version": TRACE_VERSION, "peer": self.peer, "facts": self.facts}
        arrays = {name: getattr(self, name) for name in _ARRAYS}
        with replacing(path) as partial, partial.open("wb") as file:
            np.savez_compressed(file, head=np.array(json.dumps(head, allow_nan=False)), **arrays)

    @classmethod
    def load(cls, path: Path) -> Trace:
        """Read such a file.

        Raises:
            ValueError: If it is of another version.
            OSError: If it cannot be read.
        """
        with np.load(path, allow_pickle=False) as data:
            head = json.loads(str(data["head"]))
            if head.get("version") != TRACE_VERSION:
                raise ValueError(
                    f"{path} must be a trace of version {TRACE_VERSION}, got {head.get('version')}"
                )
            arrays = {name: data[name] for name in _ARRAYS}
        return cls(peer=head["peer"], facts=head["facts"], **arrays)


_ARRAYS = (
    "arrival",
    "number",
    "emission",
    "action",
    "told",
    "small",
    "due",
    "sent",
    "acked",
    "sequence",
    "stages",
)
