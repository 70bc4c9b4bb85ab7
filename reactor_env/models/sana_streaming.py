# Written by scripts/generate_models.py from schemas/sana_streaming.toml. Do not edit.
"""A typed client of the model ``reactor/sana-streaming``."""

from __future__ import annotations

from typing import Any

from reactor_env.client.schema import FieldSchema, TrackSchema
from reactor_env.models.base import ReactorModel, Reply, command, published

_SCHEMA = published(
    "reactor/sana-streaming",
    TrackSchema("camera", "video", "sendonly"),
    TrackSchema("main_video", "video", "recvonly"),
    command("set_prompt", FieldSchema("prompt", "string", required=True)),
    command("set_seed", FieldSchema("seed", "integer", required=True)),
    command("set_anchor_interval", FieldSchema("anchor_interval", "any", required=True)),
    command("start"),
    command("pause"),
    command("resume"),
    command("reset"),
)


class SanaStreamingModel(ReactorModel):
    """The model ``reactor/sana-streaming``.

    Edits a live video, in chunks of 24 frames. The size of the camera's frames must not change:
    that ends the session. As of version 2.0.0, which only works on live video. Assumed in part, for
    want of documentation: ``set_seed``, ``set_anchor_interval``.

    Tracks:
        camera: video to the model.
        main_video: video from the model.
    """

    MODEL_NAME = "reactor/sana-streaming"
    SCHEMA = _SCHEMA

    async def set_prompt(self, prompt: str) -> Reply:
        """Describe the edit.

        Args:
            prompt: A string.
        """
        return await self.send_validated("set_prompt", {"prompt": prompt})

    async def set_seed(self, seed: int) -> Reply:
        """Choose the seed.

        Args:
            seed: An integer.
        """
        return await self.send_validated("set_seed", {"seed": seed})

    async def set_anchor_interval(self, anchor_interval: Any) -> Reply:
        """Set the anchor interval.

        Args:
            anchor_interval: A JSON value or a FileRef.
        """
        return await self.send_validated(
            "set_anchor_interval", {"anchor_interval": anchor_interval}
        )

    async def start(self) -> Reply:
        """Begin to generate."""
        return await self.send_validated("start")

    async def pause(self) -> Reply:
        """Stop generating for now."""
        return await self.send_validated("pause")

    async def resume(self) -> Reply:
        """Go on after a pause."""
        return await self.send_validated("resume")

    async def reset(self) -> Reply:
        """End the run."""
        return await self.send_validated("reset")
