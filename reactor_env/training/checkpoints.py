"""Checkpoints of a training: written whole, the last few kept."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from reactor_env.files import replacing, write_json
from reactor_env.training.record import TrainingLog

_DIGITS = 12
_REPLAY = ".replay.pkl"


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """A training as it was after some steps.

    Attributes:
        model: The file of the model, optimizer included.
    """

    model: Path

    @property
    def steps(self) -> int:
        """After how many steps it was written."""
        return int(self.model.stem)

    @property
    def replay(self) -> Path:
        """The file of the replay buffer; there is none of an algorithm without one."""
        return self.model.with_suffix(_REPLAY)

    @property
    def record(self) -> Path:
        """The file of what happened until then."""
        return self.model.with_suffix(".json")

    def log(self) -> TrainingLog:
        """Return what happened until then."""
        return TrainingLog.of(json.loads(self.record.read_text(encoding="utf-8")))


class Checkpoints:
    """The checkpoints in a folder. They hold pickled Python: load only what you trust.

    Args:
        folder: Made at the first :meth:`save`.
        keep: How many stay; older ones are removed.
    """

    def __init__(self, folder: Path, keep: int = 2) -> None:
        self._folder = folder
        self._keep = keep

    def all(self) -> list[Checkpoint]:
        """Return those that are there, the oldest first."""
        found = [path for path in self._folder.glob("*.zip") if path.stem.isdecimal()]
        return [Checkpoint(path) for path in sorted(found, key=lambda path: int(path.stem))]

    def newest(self) -> Checkpoint | None:
        """Return the newest, ``None`` where there is none."""
        return found[-1] if (found := self.all()) else None

    def save(self, model: Any, log: TrainingLog) -> Checkpoint:
        """Write one, and remove those that are too old.

        The model's file is the last to be written and the first to be removed: where it is, the
        others are.

        Args:
            model: An algorithm of Stable-Baselines3.
            log: What happened so far; its steps are what the checkpoint is called by.
        """
        made = Checkpoint(self._folder / f"{log.steps:0{_DIGITS}d}.zip")
        if getattr(model, "replay_buffer", None) is not None:
            with replacing(made.replay) as partial, partial.open("wb") as file:
                model.save_replay_buffer(file)
        write_json(made.record, log.document())
        save_model(model, made.model)
        for old in self.all()[: -self._keep]:
            for path in (old.model, old.record, old.replay):
                path.unlink(missing_ok=True)
        return made


def save_model(model: Any, path: Path) -> None:
    """Write a model's file, whole."""
    with replacing(path) as partial, partial.open("wb") as file:
        model.save(file)
