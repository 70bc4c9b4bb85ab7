# Written by scripts/generate_models.py from schemas/visko_orbis_stable.toml. Do not edit.
"""A typed client of the model ``reactor/visko-orbis-stable``."""

from __future__ import annotations

from typing import Literal, TypedDict

from reactor_env.client.schema import FieldSchema, TrackSchema
from reactor_env.client.types import FileRef
from reactor_env.models.base import Handler, ReactorModel, Reply, command, published

_SCHEMA = published(
    "reactor/visko-orbis-stable",
    TrackSchema("main_video", "video", "recvonly"),
    TrackSchema("main_audio", "audio", "recvonly"),
    command("set_prompt", FieldSchema("prompt", "string", required=True)),
    command("set_image", FieldSchema("image", "upload", required=True)),
    command("set_seed", FieldSchema("seed", "integer", required=True)),
    command(
        "set_resolution",
        FieldSchema("resolution", "string", required=True, choices=("1080p", "2k", "4k")),
    ),
    command("set_audio_enabled", FieldSchema("audio_enabled", "boolean", required=True)),
    command("set_audio_prompt", FieldSchema("audio_prompt", "string", required=True)),
    command("start"),
    command("pause"),
    command("resume"),
    command("reset"),
)


class GenerationCompleteMessage(TypedDict):
    """The run is over."""


class ViskoOrbisStableModel(ReactorModel):
    """The model ``reactor/visko-orbis-stable``.

    One shot with sound, steered by prompts. The first chunk has no frames. The run ends after the
    deployment's number of chunks, and no other follows. Resolution, seed and sound apply from the
    next start on. Assumed in part, for want of documentation: ``set_seed``, ``set_resolution``,
    ``set_audio_enabled``, ``set_audio_prompt``.

    Tracks:
        main_video: video from the model.
        main_audio: audio from the model.
    """

    MODEL_NAME = "reactor/visko-orbis-stable"
    SCHEMA = _SCHEMA

    async def set_prompt(self, prompt: str) -> Reply:
        """Describe what happens.

        Args:
            prompt: A string.
        """
        return await self.send_validated("set_prompt", {"prompt": prompt})

    async def set_image(self, image: FileRef) -> Reply:
        """Give the picture to begin from; 16:9, made to fit 832x480.

        Args:
            image: A FileRef from upload_file().
        """
        return await self.send_validated("set_image", {"image": image})

    async def set_seed(self, seed: int) -> Reply:
        """Choose the seed.

        Args:
            seed: An integer.
        """
        return await self.send_validated("set_seed", {"seed": seed})

    async def set_resolution(self, resolution: Literal["1080p", "2k", "4k"]) -> Reply:
        """Choose the size of the frames.

        Args:
            resolution: One of '1080p', '2k', '4k'.
        """
        return await self.send_validated("set_resolution", {"resolution": resolution})

    async def set_audio_enabled(self, audio_enabled: bool) -> Reply:
        """Switch the sound on or off.

        Args:
            audio_enabled: True or False.
        """
        return await self.send_validated("set_audio_enabled", {"audio_enabled": audio_enabled})

    async def set_audio_prompt(self, audio_prompt: str) -> Reply:
        """Describe the sound.

        Args:
            audio_prompt: A string.
        """
        return await self.send_validated("set_audio_prompt", {"audio_prompt": audio_prompt})

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

    def on_generation_complete(
        self, handler: Handler[GenerationCompleteMessage]
    ) -> Handler[GenerationCompleteMessage]:
        """Call ``handler`` with the data of each ``generation_complete`` message."""
        return self.on_type("generation_complete", handler)
