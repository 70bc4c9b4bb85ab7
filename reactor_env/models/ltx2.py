# Written by scripts/generate_models.py from schemas/ltx2.toml. Do not edit.
"""A typed client of the model ``reactor/ltx2``."""

from __future__ import annotations

from typing import Any, TypedDict

from reactor_env.client.schema import FieldSchema, TrackSchema
from reactor_env.client.types import FileRef
from reactor_env.models.base import Handler, ReactorModel, Reply, command, published

_SCHEMA = published(
    "reactor/ltx2",
    TrackSchema("main_video", "video", "recvonly"),
    TrackSchema("main_audio", "audio", "recvonly"),
    command("set_avatar_image", FieldSchema("avatar_image", "upload", required=True)),
    command("set_script", FieldSchema("script", "string", required=True)),
    command("set_prompt", FieldSchema("prompt", "string", required=True)),
    command("set_wpm", FieldSchema("wpm", "number", required=True)),
    command("set_duration_seconds", FieldSchema("duration_seconds", "number", required=True)),
    command("set_seed", FieldSchema("seed", "integer", required=True)),
    command("start"),
    command("pause"),
    command("resume"),
    command("stop"),
    command("reset"),
)


class StateUpdateMessage(TypedDict):
    """The data of a ``state_update`` message."""

    valid_commands: list[str]
    queued_changes: Any


class Ltx2Model(ReactorModel):
    """The model ``reactor/ltx2``.

    A talking head with sound, made of a picture and a script. What a take is made of is fixed when
    it starts; state_update tells which commands are valid and which changes wait. Not listed: the
    account needs access. Assumed in part, for want of documentation: ``set_avatar_image``,
    ``set_script``, ``set_wpm``, ``set_duration_seconds``, ``set_seed``.

    Tracks:
        main_video: video from the model.
        main_audio: audio from the model.
    """

    MODEL_NAME = "reactor/ltx2"
    SCHEMA = _SCHEMA

    async def set_avatar_image(self, avatar_image: FileRef) -> Reply:
        """Give the picture of the head.

        Args:
            avatar_image: A FileRef from upload_file().
        """
        return await self.send_validated("set_avatar_image", {"avatar_image": avatar_image})

    async def set_script(self, script: str) -> Reply:
        """Write what is said.

        Args:
            script: A string.
        """
        return await self.send_validated("set_script", {"script": script})

    async def set_prompt(self, prompt: str) -> Reply:
        """Describe the take.

        Args:
            prompt: A string.
        """
        return await self.send_validated("set_prompt", {"prompt": prompt})

    async def set_wpm(self, wpm: float) -> Reply:
        """Set how fast it is said.

        Args:
            wpm: Words a minute; 80 to 220 unless configured. A number.
        """
        return await self.send_validated("set_wpm", {"wpm": wpm})

    async def set_duration_seconds(self, duration_seconds: float) -> Reply:
        """Set how long the take is.

        Args:
            duration_seconds: A number.
        """
        return await self.send_validated(
            "set_duration_seconds", {"duration_seconds": duration_seconds}
        )

    async def set_seed(self, seed: int) -> Reply:
        """Choose the seed.

        Args:
            seed: An integer.
        """
        return await self.send_validated("set_seed", {"seed": seed})

    async def start(self) -> Reply:
        """Begin the take."""
        return await self.send_validated("start")

    async def pause(self) -> Reply:
        """Pause the take."""
        return await self.send_validated("pause")

    async def resume(self) -> Reply:
        """Go on after a pause."""
        return await self.send_validated("resume")

    async def stop(self) -> Reply:
        """Stop the take."""
        return await self.send_validated("stop")

    async def reset(self) -> Reply:
        """Reset the model."""
        return await self.send_validated("reset")

    def on_state_update(self, handler: Handler[StateUpdateMessage]) -> Handler[StateUpdateMessage]:
        """Call ``handler`` with the data of each ``state_update`` message."""
        return self.on_type("state_update", handler)
