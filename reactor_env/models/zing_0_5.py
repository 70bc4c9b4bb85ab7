# Written by scripts/generate_models.py from schemas/zing_0_5.toml. Do not edit.
"""A typed client of the model ``zing-0-5``."""

from __future__ import annotations

from typing import Any

from reactor_env.client.schema import TrackSchema
from reactor_env.models.base import ReactorModel, Reply, command, published

_SCHEMA = published(
    "zing-0-5", TrackSchema("main_video", "video", "recvonly"), command("set_key", open=True)
)


class Zing05Model(ReactorModel):
    """The model ``zing-0-5``.

    A world to walk through, 16 frames per action, 1248x704; self-hosted. After 32 segments the
    rollout ends.

    Tracks:
        main_video: video from the model.
    """

    MODEL_NAME = "zing-0-5"
    SCHEMA = _SCHEMA

    async def set_key(self, **parameters: Any) -> Reply:
        """Press or release a key.

        Args:
            **parameters: By name. The schema does not tell what there is.
        """
        return await self.send_validated("set_key", {**parameters})
