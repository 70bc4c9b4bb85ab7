"""What the twins of hosted models share: their life from ``start`` to ``reset``.

WAITING -> ``start`` -> GENERATING <-> PAUSED -> ``reset`` -> WAITING (``platform.md`` C0). A
refusal is broadcast as ``command_error``; the command itself is acknowledged. None of them is known
to be stepped (``platform.md`` B9), so the runtime refuses a stepped session.
"""

# No `from __future__ import annotations`: the runtime reads the annotations of handlers.

from typing import cast

from reactor_runtime import ApplicationError, ModelMessage, ReactorApp, UploadedFile

from tests.twins.common import Film, image_size


class HostedTwin(ReactorApp):
    """A model that is begun by ``start`` and ended by ``reset``."""

    async def run(self) -> None:
        """Run the usual loop, under a name of its own: so the runtime cannot step it."""
        await super().run()

    def begin_session(self, film: Film) -> None:
        """Forget everything: a session begins."""
        self.film = film
        self.seed = 0
        self.forget()

    def forget(self) -> None:
        """Go back to WAITING, without image and prompt."""
        self.started = False
        self.paused = False
        self.prompt = ""
        self.image: UploadedFile | None = None

    @property
    def running(self) -> bool:
        """Whether it generates."""
        return self.started and not self.paused

    def check_running(self) -> None:
        """Refuse a step while it does not generate."""
        if not self.running:
            raise ApplicationError("paused" if self.started else "not started")

    async def refuse(self, command: str, reason: str) -> None:
        """Broadcast ``command_error``, in the model's own class of message."""
        raise NotImplementedError

    def why_no_start(self) -> str:
        """Return why ``start`` is refused, ``""`` when it is not."""
        missing = [
            name for name, value in (("image", self.image), ("prompt", self.prompt)) if not value
        ]
        if self.started:
            return "already started"
        return f"missing: {', '.join(missing)}" if missing else ""

    def why_no_image(self, image: UploadedFile) -> str:
        """Return why an image is refused, ``""`` when it is not."""
        if self.started:
            return "the image is locked until reset"
        try:
            image_size(image)
        except ValueError as error:
            return str(error)
        return ""

    def why_no_pause(self, pause: bool) -> str:
        """Return why ``pause``, or ``resume``, is refused, ``""`` when it is not."""
        if not self.started:
            return "not started"
        if self.paused is pause:
            return "already paused" if pause else "not paused"
        return ""


def acknowledged[Reply: ModelMessage](reply: type[Reply]) -> Reply:
    """Return what a handler returns whose command gets no reply this time: nothing."""
    return cast(Reply, None)
