"""One run through the room, frame by frame, with the dials that spoil it. Pure."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from reactor_env.world_options import RoomOptions
from reactor_env.worlds.room.camera import Camera, Pixels
from reactor_env.worlds.room.geometry import CELL, IDLE, Controls, Floor, Pose
from reactor_env.worlds.room.textures import FACES, Faces, faces

_GRAY = 128.0


@dataclass(frozen=True, slots=True)
class Shot:
    """A frame.

    Attributes:
        picture: (H, W, 3) uint8 RGB.
        pose: Where it was taken from in truth; with ``drift`` the picture shows something else.
        controls: What it was made with.
        frame: Which frame of the run it is, from 0.
        restarts: How often the run has silently started over.
    """

    picture: Pixels
    pose: Pose
    controls: Controls
    frame: int
    restarts: int


class Room:
    """The frames of one run after another.

    Args:
        options: Size and dials.
    """

    def __init__(self, options: RoomOptions) -> None:
        self._options = options
        self._camera = Camera(options.width, options.height)
        self.begin(0)

    def begin(self, seed: int) -> None:
        """Begin a run: equal seeds and equal controls give equal pictures."""
        self._seed = seed
        self._floor = Floor(seed, self._options.turn_frames)
        self._versions = {0: faces(seed, 0)}
        self._frame = self._restarts = 0
        self._start_over()

    def chunk(self, controls: Controls) -> list[Shot]:
        """Make the next frames, as many as the option ``chunk`` says.

        Args:
            controls: What is held. The first frame of a run is made without.
        """
        return [self._next(controls) for _ in range(self._options.chunk)]

    def position(self, pose: Pose) -> tuple[float, float, float]:
        """Return where a pose is: x and y in cells, and the heading in degrees."""
        return pose.x / CELL, pose.y / CELL, 360 * pose.heading / self._options.turn_frames

    def _start_over(self) -> None:
        self._pose = self._floor.start
        self._age = 0
        # The newest last; the controls of the next frame are the first.
        self._coming = [IDLE] * (self._options.delay + 1)
        self._seen = np.zeros(FACES, np.bool_)
        self._visible = np.zeros(FACES, np.bool_)
        self._version = np.zeros(FACES, np.intp)

    def _next(self, controls: Controls) -> Shot:
        options = self._options
        if options.auto_restart and self._age >= options.auto_restart:
            self._restarts += 1
            self._start_over()
        applied = IDLE
        if self._age:
            if options.dead_control is not None:
                controls = replace(controls, **{options.dead_control: 0})
            self._coming = [*self._coming[1:], controls]
            applied = self._coming[0]
            self._pose = self._floor.after(self._pose, applied)
        shot = Shot(self._spoiled(self._view()), self._pose, applied, self._frame, self._restarts)
        self._age += 1
        self._frame += 1
        return shot

    def _view(self) -> Pixels:
        x, y = self._pose.x / CELL, self._pose.y / CELL
        angle = self._floor.angle(self._pose) + math.radians(self._options.drift) * self._age
        sight = self._camera.look(self._floor.walls, x, y, angle)
        amount = self._options.hallucination
        imagined = self._imagined(sight.face) if amount else None
        return self._camera.draw(sight, x, y, angle, self._versions[0], imagined, amount)

    def _imagined(self, seen: NDArray[np.intp]) -> Faces | None:
        """Return what walls look like that were out of sight since they were first seen."""
        visible = np.zeros(FACES, np.bool_)
        visible[seen] = True
        self._version[visible & ~self._visible & self._seen] += 1
        self._visible = visible
        self._seen |= visible
        if not self._version[visible].any():
            return None
        true = self._versions[0]
        material, poster, tint = true.material.copy(), true.poster.copy(), true.tint.copy()
        for version in np.unique(self._version[visible]).tolist():
            if version not in self._versions:
                self._versions[version] = faces(self._seed, version)
            which = visible & (self._version == version)
            other = self._versions[version]
            material[which] = other.material[which]
            poster[which] = other.poster[which]
            tint[which] = other.tint[which]
        return Faces(material, poster, tint)

    def _spoiled(self, picture: Pixels) -> Pixels:
        """Return a picture with its contrast faded and noise added."""
        options = self._options
        if not options.fade and not options.noise:
            return picture
        kept = (1 - options.fade) ** self._age
        spoiled = _GRAY + (picture - np.float32(_GRAY)) * np.float32(kept)
        if options.noise:
            rng = np.random.default_rng([self._seed, 3, self._frame])
            spoiled += np.float32(options.noise) * rng.standard_normal(picture.shape, np.float32)
        seen: Pixels = np.clip(spoiled, 0, 255).astype(np.uint8)
        return seen
