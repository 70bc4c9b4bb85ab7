# Written by scripts/generate_models.py from schemas/hy_world_1_5.toml. Do not edit.
"""A typed client of the model ``hy-world-1-5``."""

from __future__ import annotations

from reactor_env.client.schema import FieldSchema, TrackSchema
from reactor_env.models.base import ReactorModel, Reply, command, published

_SCHEMA = published(
    "hy-world-1-5",
    TrackSchema("main_video", "video", "recvonly"),
    command(
        "set_camera",
        FieldSchema("forward", "number", required=True, minimum=-1, maximum=1),
        FieldSchema("strafe", "number", required=True, minimum=-1, maximum=1),
        FieldSchema("pitch", "number", required=True, minimum=-1, maximum=1),
        FieldSchema("yaw", "number", required=True, minimum=-1, maximum=1),
    ),
)


class HyWorld15Model(ReactorModel):
    """The model ``hy-world-1-5``.

    A world to walk through, 16 frames per action after a first 13, 832x480; self-hosted. After 512
    chunks the rollout ends. Camera motion is held.

    Tracks:
        main_video: video from the model.
    """

    MODEL_NAME = "hy-world-1-5"
    SCHEMA = _SCHEMA

    async def set_camera(self, *, forward: float, strafe: float, pitch: float, yaw: float) -> Reply:
        """Move and turn the camera at these speeds, until others are set.

        Args:
            forward: A number from -1 to 1.
            strafe: A number from -1 to 1.
            pitch: A number from -1 to 1.
            yaw: A number from -1 to 1.
        """
        return await self.send_validated(
            "set_camera", {"forward": forward, "strafe": strafe, "pitch": pitch, "yaw": yaw}
        )
