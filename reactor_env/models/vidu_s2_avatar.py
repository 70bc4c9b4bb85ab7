# Written by scripts/generate_models.py from schemas/vidu_s2_avatar.toml. Do not edit.
"""A typed client of the model ``reactor/vidu-s2-avatar``."""

from __future__ import annotations

from typing import Any

from reactor_env.client.schema import TrackSchema
from reactor_env.models.base import ReactorModel, Reply, command, published

_SCHEMA = published(
    "reactor/vidu-s2-avatar",
    TrackSchema("mic", "audio", "sendonly"),
    TrackSchema("webcam", "video", "sendonly"),
    TrackSchema("main_video", "video", "recvonly"),
    TrackSchema("main_audio", "audio", "recvonly"),
    command("create_avatar", open=True),
    command("attach_avatar", open=True),
    command("start_call", open=True),
    command("say", open=True),
    command("interrupt", open=True),
    command("end_call", open=True),
)


class ViduS2AvatarModel(ReactorModel):
    """The model ``reactor/vidu-s2-avatar``.

    A call with an avatar. Its phases: idle, preparing_avatar, avatar_ready, starting, warming_up,
    live, ending, ended or failed.

    Tracks:
        mic: audio to the model.
        webcam: video to the model.
        main_video: video from the model.
        main_audio: audio from the model.
    """

    MODEL_NAME = "reactor/vidu-s2-avatar"
    SCHEMA = _SCHEMA

    async def create_avatar(self, **parameters: Any) -> Reply:
        """Make an avatar.

        Args:
            **parameters: By name. The schema does not tell what there is.
        """
        return await self.send_validated("create_avatar", {**parameters})

    async def attach_avatar(self, **parameters: Any) -> Reply:
        """Attach an avatar.

        Args:
            **parameters: By name. The schema does not tell what there is.
        """
        return await self.send_validated("attach_avatar", {**parameters})

    async def start_call(self, **parameters: Any) -> Reply:
        """Begin the call.

        Args:
            **parameters: By name. The schema does not tell what there is.
        """
        return await self.send_validated("start_call", {**parameters})

    async def say(self, **parameters: Any) -> Reply:
        """Let the avatar say something.

        Args:
            **parameters: By name. The schema does not tell what there is.
        """
        return await self.send_validated("say", {**parameters})

    async def interrupt(self, **parameters: Any) -> Reply:
        """Let the avatar stop talking.

        Args:
            **parameters: By name. The schema does not tell what there is.
        """
        return await self.send_validated("interrupt", {**parameters})

    async def end_call(self, **parameters: Any) -> Reply:
        """End the call.

        Args:
            **parameters: By name. The schema does not tell what there is.
        """
        return await self.send_validated("end_call", {**parameters})
