# Written by scripts/generate_models.py from schemas/lyra_2.toml. Do not edit.
"""A typed client of the model ``lyra-2``."""

from __future__ import annotations

from reactor_env.client.schema import FieldSchema, TrackSchema
from reactor_env.models.base import ReactorModel, Reply, command, published

_SCHEMA = published(
    "lyra-2",
    TrackSchema("main_video", "video", "recvonly"),
    command("set_forward", FieldSchema("forward", "number", required=True, minimum=-1, maximum=1)),
    command("set_strafe", FieldSchema("strafe", "number", required=True, minimum=-1, maximum=1)),
    command(
        "set_vertical", FieldSchema("vertical", "number", required=True, minimum=-1, maximum=1)
    ),
    command("set_pitch", FieldSchema("pitch", "number", required=True, minimum=-1, maximum=1)),
    command("set_yaw", FieldSchema("yaw", "number", required=True, minimum=-1, maximum=1)),
    command("set_roll", FieldSchema("roll", "number", required=True, minimum=-1, maximum=1)),
)


class Lyra2Model(ReactorModel):
    """The model ``lyra-2``.

    A scene to fly through on six axes, in motions of 80 frames, 768x448; self-hosted. Assumed in
    part, for want of documentation: ``set_forward``, ``set_strafe``, ``set_vertical``,
    ``set_pitch``, ``set_yaw``, ``set_roll``.

    Tracks:
        main_video: video from the model.
    """

    MODEL_NAME = "lyra-2"
    SCHEMA = _SCHEMA

    async def set_forward(self, forward: float) -> Reply:
        """Move along the view at this speed, until another is set.

        Args:
            forward: A number from -1 to 1.
        """
        return await self.send_validated("set_forward", {"forward": forward})

    async def set_strafe(self, strafe: float) -> Reply:
        """Move across the view at this speed, until another is set.

        Args:
            strafe: A number from -1 to 1.
        """
        return await self.send_validated("set_strafe", {"strafe": strafe})

    async def set_vertical(self, vertical: float) -> Reply:
        """Move up and down at this speed, until another is set.

        Args:
            vertical: A number from -1 to 1.
        """
        return await self.send_validated("set_vertical", {"vertical": vertical})

    async def set_pitch(self, pitch: float) -> Reply:
        """Tilt at this speed, until another is set.

        Args:
            pitch: A number from -1 to 1.
        """
        return await self.send_validated("set_pitch", {"pitch": pitch})

    async def set_yaw(self, yaw: float) -> Reply:
        """Turn at this speed, until another is set.

        Args:
            yaw: A number from -1 to 1.
        """
        return await self.send_validated("set_yaw", {"yaw": yaw})

    async def set_roll(self, roll: float) -> Reply:
        """Roll at this speed, until another is set.

        Args:
            roll: A number from -1 to 1.
        """
        return await self.send_validated("set_roll", {"roll": roll})
