"""Does things in a world and keeps what was seen, with the time of each frame."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from reactor_env.env import ReactorEnv
from reactor_env.errors import UnsupportedModelError
from reactor_env.observations import Observation
from reactor_env.probes.directions import NEUTRAL
from reactor_env.probes.motion import Luma

SIZE = (96, 128)
"""Height and width of the gray pictures that are compared."""


@dataclass(frozen=True, slots=True)
class Seen:
    """One frame.

    Attributes:
        luma: The picture in gray, (96, 128) uint8.
        after_ms: Milliseconds from the first action of the same :meth:`Player.hold` to this
            frame's arrival.
        skipped: How many of the model's frames lie between this one and the one before.
    """

    luma: Luma
    after_ms: float
    skipped: int


class Player:
    """Plays named actions.

    Args:
        env: An environment made by :meth:`make`, or one with ``action_form="presets"`` whose
            observations are gray pictures of :data:`SIZE`. Its owner closes it.

    Raises:
        UnsupportedModelError: If the model has no named actions, or none that does nothing.
    """

    def __init__(self, env: ReactorEnv) -> None:
        self._env = env
        self.presets = tuple(env.action_map.presets)
        neutral = next((name for name in NEUTRAL if name in self.presets), None)
        if neutral is None:
            raise UnsupportedModelError(
                "probes need a profile with named actions, `[presets]`, one of them "
                f"{' or '.join(NEUTRAL)}; {env.profile.name} has "
                f"{', '.join(self.presets) or 'none'}"
            )
        self.neutral = neutral
        self.frames = 0

    @staticmethod
    def options() -> dict[str, Any]:
        """Return the arguments of :class:`~reactor_env.env.ReactorEnv` that a player needs."""
        return {
            "action_form": "presets",
            "observation": Observation(size=SIZE, gray=True),
            "render_mode": "rgb_array",
        }

    @property
    def streamed(self) -> bool:
        """Whether the world runs on by itself."""
        return self._env.generation == "streamed"

    @property
    def fps(self) -> float | None:
        """How many frames a second the model announces."""
        return self._env.model_setup.fps

    def begin(self, seed: int, options: dict[str, Any] | None = None) -> Luma:
        """Begin an episode and return its first picture."""
        observation, _ = self._env.reset(seed=seed, options=dict(options or {}))
        return _gray(observation)

    def hold(self, name: str, frames: int) -> list[Seen]:
        """Hold an action for a number of steps.

        Returns:
            What was seen after each; fewer where the episode ended.
        """
        action = np.int64(self.presets.index(name))
        begun = time.monotonic_ns()
        seen: list[Seen] = []
        for _ in range(frames):
            observation, _, terminated, truncated, info = self._env.step(action)
            frame = self._env.frame
            assert frame is not None
            after_ms = (frame.arrival_ns - begun) / 1e6
            seen.append(Seen(_gray(observation), after_ms, int(info["frames_skipped"])))
            self.frames += 1
            if terminated or truncated:
                break
        return seen

    def film(self, name: str, frames: int) -> Iterator[NDArray[np.uint8]]:
        """Hold an action, and yield the frames in colour, at the model's own size."""
        for _ in range(frames):
            seen = self.hold(name, 1)
            picture = self._env.render()
            assert picture is not None
            yield picture
            if not seen:
                return


def _gray(observation: Any) -> Luma:
    return np.asarray(observation, np.uint8).reshape(SIZE)
