# Written by scripts/generate_models.py from schemas/sana_wm.toml. Do not edit.
"""A typed client of the model ``sana-wm``."""

from __future__ import annotations

from typing import Any

from reactor_env.client.schema import TrackSchema
from reactor_env.models.base import ReactorModel, Reply, command, published

_SCHEMA = published(
    "sana-wm",
    TrackSchema("main_video", "video", "recvonly"),
    command("set_control", open=True),
    command("set_camera_trajectory", open=True),
)


class SanaWmModel(ReactorModel):
    """The model ``sana-wm``.

    A world to fly through by eight named controls or a camera trajectory, 24 frames per action,
    1280x704; self-hosted. After 512 chunks it begins again on its own.

    Tracks:
        main_video: video from the model.
    """

    MODEL_NAME = "sana-wm"
    SCHEMA = _SCHEMA

    async def set_control(self, **parameters: Any) -> Reply:
        """Set one of eight named controls.

        Args:
            **parameters: By name. The schema does not tell what there is.
        """
        return await self.send_validated("set_control", {**parameters})

    async def set_camera_trajectory(self, **parameters: Any) -> Reply:
        """Give camera poses: one 4x4 matrix for each frame.

        Args:
            **parameters: By name. The schema does not tell what there is.
        """
        return await self.send_validated("set_camera_trajectory", {**parameters})
