# Written by scripts/generate_models.py from schemas/matrix_game_3_5.toml. Do not edit.
"""A typed client of the model ``matrix-game-3-5-distilled-first-person``."""

from __future__ import annotations

from typing import TypedDict

from reactor_env.client.schema import FieldSchema, TrackSchema
from reactor_env.client.types import FileRef
from reactor_env.models.base import Handler, ReactorModel, Reply, command, published

_SCHEMA = published(
    "matrix-game-3-5-distilled-first-person",
    TrackSchema("main_video", "video", "recvonly"),
    command("set_forward", FieldSchema("forward", "number", required=True, minimum=-1, maximum=1)),
    command("set_strafe", FieldSchema("strafe", "number", required=True, minimum=-1, maximum=1)),
    command(
        "set_vertical", FieldSchema("vertical", "number", required=True, minimum=-1, maximum=1)
    ),
    command("set_pitch", FieldSchema("pitch", "number", required=True, minimum=-1, maximum=1)),
    command("set_yaw", FieldSchema("yaw", "number", required=True, minimum=-1, maximum=1)),
    command("set_roll", FieldSchema("roll", "number", required=True, minimum=-1, maximum=1)),
    command("set_image", FieldSchema("image", "upload", required=True)),
    command("set_prompt", FieldSchema("prompt", "string", required=True)),
    command("reset"),
)


class StateUpdateMessage(TypedDict):
    """The data of a ``state_update`` message."""


class MatrixGame35Model(ReactorModel):
    """The model ``matrix-game-3-5-distilled-first-person``.

    A world to fly through on six axes, 12 frames per action, 704x1280 at 16 frames a second; self-
    hosted. After 512 chunks it stops until reset. Every command is answered by state_update. The
    axes are held. Assumed in part, for want of documentation: ``set_forward``, ``set_strafe``,
    ``set_vertical``, ``set_pitch``, ``set_yaw``, ``set_roll``, ``set_image``, ``set_prompt``.

    Tracks:
        main_video: video from the model.
    """

    MODEL_NAME = "matrix-game-3-5-distilled-first-person"
    SCHEMA = _SCHEMA

    async def set_forward(self, forward: float) -> Reply:
        """Move along the view at this speed, until another is set.

        Args:
            forward: A number from -1 to 1.

        Returns:
            The reply, of type ``state_update``.
        """
        return await self.send_validated("set_forward", {"forward": forward})

    async def set_strafe(self, strafe: float) -> Reply:
        """Move across the view at this speed, until another is set.

        Args:
            strafe: A number from -1 to 1.

        Returns:
            The reply, of type ``state_update``.
        """
        return await self.send_validated("set_strafe", {"strafe": strafe})

    async def set_vertical(self, vertical: float) -> Reply:
        """Move up and down at this speed, until another is set.

        Args:
            vertical: A number from -1 to 1.

        Returns:
            The reply, of type ``state_update``.
        """
        return await self.send_validated("set_vertical", {"vertical": vertical})

    async def set_pitch(self, pitch: float) -> Reply:
        """Tilt at this speed, until another is set.

        Args:
            pitch: A number from -1 to 1.

        Returns:
            The reply, of type ``state_update``.
        """
        return await self.send_validated("set_pitch", {"pitch": pitch})

    async def set_yaw(self, yaw: float) -> Reply:
        """Turn at this speed, until another is set.

        Args:
            yaw: A number from -1 to 1.

        Returns:
            The reply, of type ``state_update``.
        """
        return await self.send_validated("set_yaw", {"yaw": yaw})

    async def set_roll(self, roll: float) -> Reply:
        """Roll at this speed, until another is set.

        Args:
            roll: A number from -1 to 1.

        Returns:
            The reply, of type ``state_update``.
        """
        return await self.send_validated("set_roll", {"roll": roll})

    async def set_image(self, image: FileRef) -> Reply:
        """Begin from a picture.

        Args:
            image: A FileRef from upload_file().

        Returns:
            The reply, of type ``state_update``.
        """
        return await self.send_validated("set_image", {"image": image})

    async def set_prompt(self, prompt: str) -> Reply:
        """Describe the world.

        Args:
            prompt: A string.

        Returns:
            The reply, of type ``state_update``.
        """
        return await self.send_validated("set_prompt", {"prompt": prompt})

    async def reset(self) -> Reply:
        """Begin again.

        Returns:
            The reply, of type ``state_update``.
        """
        return await self.send_validated("reset")

    def on_state_update(self, handler: Handler[StateUpdateMessage]) -> Handler[StateUpdateMessage]:
        """Call ``handler`` with the data of each ``state_update`` message."""
        return self.on_type("state_update", handler)
