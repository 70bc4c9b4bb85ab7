"""The bundled room without a runtime, as a player of probes."""

from __future__ import annotations

from typing import Any

import numpy as np
from PIL import Image

from reactor_env.probes.motion import Luma
from reactor_env.probes.player import SIZE, Player, Seen
from reactor_env.world_options import RoomOptions
from reactor_env.worlds.room.geometry import IDLE, Controls
from reactor_env.worlds.room.simulation import Room

ACTIONS = {
    "idle": IDLE,
    "forward": Controls(move=1),
    "back": Controls(move=-1),
    "strafe_left": Controls(strafe=-1),
    "strafe_right": Controls(strafe=1),
    "turn_left": Controls(turn=-1),
    "turn_right": Controls(turn=1),
}


class RoomPlayer(Player):
    """Plays a room in this process, stepped, with whatever dials."""

    def __init__(self, **dials: Any) -> None:
        self._room = Room(RoomOptions(**dials))
        self.presets = tuple(ACTIONS)
        self.neutral = "idle"
        self.frames = 0

    @property
    def streamed(self) -> bool:
        return False

    @property
    def fps(self) -> float | None:
        return 15.0

    def begin(self, seed: int, options: dict[str, Any] | None = None) -> Luma:
        self._room.begin(seed)
        return self._next("idle")

    def hold(self, name: str, frames: int) -> list[Seen]:
        found = []
        for _ in range(frames):
            self.frames += 1
            found.append(Seen(self._next(name), 1e3 * self.frames / 15, 0))
        return found

    def _next(self, name: str) -> Luma:
        picture = self._room.chunk(ACTIONS[name])[-1].picture
        size = SIZE[1], SIZE[0]
        return np.asarray(Image.fromarray(picture).convert("L").resize(size, Image.Resampling.BOX))
