# Written by scripts/generate_models.py from schemas/yume_1_5.toml. Do not edit.
"""A typed client of the model ``yume-1-5``."""

from __future__ import annotations

from typing import Any, Literal

from reactor_env.client.schema import FieldSchema, TrackSchema
from reactor_env.models.base import ReactorModel, Reply, command, published

SetKeyStateKey = Literal["w", "a", "s", "d", "arrow_up", "arrow_down", "arrow_left", "arrow_right"]

_SCHEMA = published(
    "yume-1-5",
    TrackSchema("main_video", "video", "recvonly"),
    command("set_text_scene", open=True),
    command(
        "set_key_state",
        FieldSchema(
            "key",
            "string",
            required=True,
            choices=("w", "a", "s", "d", "arrow_up", "arrow_down", "arrow_left", "arrow_right"),
        ),
        FieldSchema("pressed", "boolean", required=True),
    ),
)


class Yume15Model(ReactorModel):
    """The model ``yume-1-5``.

    A world to walk through, begun from text, a picture or a video, 29 frames per action, 1280x704;
    self-hosted. Keys are held. Assumed in part, for want of documentation: ``set_key_state``.

    Tracks:
        main_video: video from the model.
    """

    MODEL_NAME = "yume-1-5"
    SCHEMA = _SCHEMA

    async def set_text_scene(self, **parameters: Any) -> Reply:
        """Begin from text.

        Args:
            **parameters: By name. The schema does not tell what there is.
        """
        return await self.send_validated("set_text_scene", {**parameters})

    async def set_key_state(self, *, key: SetKeyStateKey, pressed: bool) -> Reply:
        """Press or release a key.

        Args:
            key: One of 'w', 'a', 's', 'd', 'arrow_up', 'arrow_down', 'arrow_left', 'arrow_right'.
            pressed: True or False.
        """
        return await self.send_validated("set_key_state", {"key": key, "pressed": pressed})
