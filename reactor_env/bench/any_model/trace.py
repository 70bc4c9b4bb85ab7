"""The raw trace of one connection to a model, and its file."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from reactor_env.bench.any_model.onset import FEATURES, Integers, Trial
from reactor_env.files import replacing

TRACE_VERSION = 1

UNKNOWN = -1
"""Stands for what a frame does not tell."""

FRAME_COLUMNS = ("arrival", "rtp", "captured_us", "sequence", "repeat", "emitted_us")
"""Of each frame that was decoded: when it was there (ns of the monotonic clock); its presentation
time in ticks of the sender's 90 kHz; the sender's clock by its metadata; its number on the track;
whether its metadata is that of the frame before; when the world probe began to draw it, by its
metadata, on the sender's clock."""

READ_COLUMNS = ("sequence", "taken", "converted", "equal")
"""Of each frame that was read while nothing was done: its number; when the reader had it, and an
RGB array of it, ns; whether every pixel of its luma is that of the frame read before."""


@dataclass(kw_only=True)
class ModelTrace:
    """One connection.

    Attributes:
        facts: What is told once: times in ns of the monotonic clock, what the client said about the
            connection before and after the window (:mod:`~reactor_env.bench.any_model.session`).
        frames: The frames of the main track, (frames, :data:`FRAME_COLUMNS`).
        reads: Those that were read in the window, (frames, :data:`READ_COLUMNS`).
        trials: What was done and seen.
    """

    facts: dict[str, Any] = field(default_factory=dict)
    frames: Integers = field(default_factory=lambda: np.zeros((0, len(FRAME_COLUMNS)), np.int64))
    reads: Integers = field(default_factory=lambda: np.zeros((0, len(READ_COLUMNS)), np.int64))
    trials: list[Trial] = field(default_factory=list)

    def frame(self, column: str) -> Integers:
        """Return one of :data:`FRAME_COLUMNS`."""
        return self.frames[:, FRAME_COLUMNS.index(column)]

    def read(self, column: str) -> Integers:
        """Return one of :data:`READ_COLUMNS`."""
        return self.reads[:, READ_COLUMNS.index(column)]

    def save(self, path: Path) -> None:
        """Write it as a compressed ``.npz`` file.

        The trials are in it one after another: ``trials`` has for each whether something was done,
        when, when a frame named it, whether the episode ended, and how many frames came before and
        after; ``rest``, ``seen`` and ``arrival`` are theirs.
        """
        head = {"version": TRACE_VERSION, "facts": self.facts, "features": FEATURES}
        trials = self.trials
        about = [
            (one.acted, one.sent_ns, one.named_ns, one.ended, len(one.rest), len(one.seen))
            for one in trials
        ]
        with replacing(path) as partial, partial.open("wb") as file:
            np.savez_compressed(
                file,
                head=np.array(json.dumps(head, allow_nan=False)),
                frames=self.frames,
                reads=self.reads,
                trials=np.array(about, np.int64).reshape(-1, 6),
                rest=np.concatenate([np.zeros((0, len(FEATURES))), *(one.rest for one in trials)]),
                seen=np.concatenate([np.zeros((0, len(FEATURES))), *(one.seen for one in trials)]),
                arrival=np.concatenate([np.zeros(0, np.int64), *(one.arrival for one in trials)]),
            )

    @classmethod
    def load(cls, path: Path) -> ModelTrace:
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
            about = data["trials"]
            rests = np.split(data["rest"], np.cumsum(about[:, 4])[:-1])
            seens = np.split(data["seen"], np.cumsum(about[:, 5])[:-1])
            arrivals = np.split(data["arrival"], np.cumsum(about[:, 5])[:-1])
            trials = [
                Trial(bool(acted), int(sent), rest, arrival, seen, int(named), bool(ended))
                for (acted, sent, named, ended, *_), rest, arrival, seen in zip(
                    about, rests, arrivals, seens, strict=False
                )
            ]
            return cls(
                facts=head["facts"], frames=data["frames"], reads=data["reads"], trials=trials
            )
