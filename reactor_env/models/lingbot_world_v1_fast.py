# Written by scripts/generate_models.py from schemas/lingbot_world_v1_fast.toml. Do not edit.
"""A typed client of the model ``lingbot-world-v1-fast``."""

from __future__ import annotations

from reactor_env.client.schema import FieldSchema, TrackSchema
from reactor_env.models.base import ReactorModel, Reply, command, published

_SCHEMA = published(
    "lingbot-world-v1-fast",
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


class LingbotWorldV1FastModel(ReactorModel):
    """The model ``lingbot-world-v1-fast``.

    A world to fly through on six axes, 12 frames per action after a first 9, 480x832; self-hosted.
    After 320 chunks the rollout ends. The axes are held. Assumed in part, for want of
    documentation: ``set_forward``, ``set_strafe``, ``set_vertical``, ``set_pitch``, ``set_yaw``,
    ``set_roll``.

    Tracks:
        main_video: video from the model.
    """

    MODEL_NAME = "lingbot-world-v1-fast"
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
