"""What a training is told."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np


@dataclass(frozen=True, kw_only=True)
class Settings:
    """What to train, and for how long.

    Attributes:
        agent: The algorithm, one of :data:`~reactor_env.training.algorithms.ALGORITHMS`.
        steps: Steps of all slots together, those before a resume included. A rollout that is begun
            is finished.
        seed: Of the network, the actions, and the first episode of slot 0; slot i has ``seed + i``.
        agent_kwargs: Arguments of the algorithm's class.
        checkpoint_every: Steps between two checkpoints.
        device: Where the network is: ``"auto"``, ``"cpu"`` or ``"cuda"``.
        threads: Of torch on the CPU.

    Raises:
        ValueError: If a number is out of range.
    """

    agent: str
    steps: int
    seed: int = 0
    agent_kwargs: Mapping[str, Any] = field(default_factory=dict)
    checkpoint_every: int = 10_000
    device: str = "auto"
    threads: int = 1

    def __post_init__(self) -> None:
        """Check the numbers."""
        for name in ("steps", "checkpoint_every", "threads"):
            if (value := getattr(self, name)) < 1:
                raise ValueError(f"`{name}` must be at least 1, got {value}")
        if self.seed < 0:
            raise ValueError(f"`seed` must not be negative, got {self.seed}")


def seed_at(seed: int, steps: int) -> int:
    """Return the seed with which a training goes on after a checkpoint.

    Args:
        seed: Of the training.
        steps: At the checkpoint.

    Returns:
        0 to 2**31 - 1; the same whether the training was interrupted there or not.
    """
    return int(np.random.SeedSequence([seed, steps]).generate_state(1)[0] >> 1)
