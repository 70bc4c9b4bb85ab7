"""The window: draws frames and tells which keys are down. pygame, and nothing else's business.

The keys that are the window's own: ``escape`` closes it, ``p`` pauses, ``.`` makes one step while
paused, ``tab`` shows and hides the text, ``backspace`` begins another episode.
"""

from __future__ import annotations

import importlib.util
import os
from collections.abc import Sequence
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from reactor_env.errors import MissingDependencyError

_USUAL_PX = 640
"""The longer side of a window whose scale is not given, about."""

_DRIVER = "SDL_VIDEODRIVER"
_UNSEEN = ("offscreen", "dummy")
"""SDL's drivers that show nothing; somebody may want one."""

_TEXT_PX = 16
_MARGIN_PX = 6


class NoDisplayError(OSError):
    """No window can be opened here; the text says why."""


def require_pygame() -> None:
    """Check that pygame is there.

    Raises:
        MissingDependencyError: If it is not installed.
    """
    if importlib.util.find_spec("pygame") is None:
        raise MissingDependencyError('playing needs pygame: pip install "reactor-env[play]"')


def require_display() -> None:
    """Check that a window can be opened, before a session is.

    Raises:
        MissingDependencyError: If pygame is not installed.
        NoDisplayError: If there is no screen.
    """
    require_pygame()
    import pygame

    if pygame.display.get_init():
        return  # somebody has one open
    _open_display(pygame)
    pygame.display.quit()


def _open_display(pygame: Any) -> None:
    try:
        # Not pygame.init(), which would open the sound card too.
        pygame.display.init()
    except pygame.error as error:
        raise _no_display(str(error)) from error
    driver = pygame.display.get_driver()
    if driver in _UNSEEN and _DRIVER not in os.environ:
        pygame.display.quit()  # SDL takes it where it finds no screen, and nobody would see a thing
        raise _no_display(f"SDL found none, and took its driver {driver!r}")


def _no_display(why: str) -> NoDisplayError:
    return NoDisplayError(
        f"a window needs a screen, and there is none: {why}. Play on a machine that has one, or by "
        f"ssh -X; where nobody is to look, set {_DRIVER}=dummy"
    )


@dataclass(frozen=True, slots=True)
class Input:
    """What a person did since the last time.

    Attributes:
        down: The keys that are down now, or went down since, by pygame's names.
        pressed: Those that went down since.
        closed: Whether the window is to be closed.
    """

    down: frozenset[str]
    pressed: frozenset[str]
    closed: bool


class Window:
    """A window for pictures; a context manager. Belongs to the thread that makes it.

    Args:
        size: (height, width) of the pictures; it becomes that of a picture that has another one.
        scale: Screen pixels to a picture's pixel; by default so many that it can be seen well.
        title: What it is called.

    Raises:
        MissingDependencyError: If pygame is not installed.
        NoDisplayError: If there is no screen to open it on.
    """

    def __init__(self, size: tuple[int, int], scale: int | None, title: str) -> None:
        require_pygame()
        import pygame

        self._pygame: Any = pygame
        self._scale = scale
        _open_display(pygame)
        pygame.font.init()
        try:
            self._fit(size)
        except pygame.error as error:
            raise _no_display(str(error)) from error
        pygame.display.set_caption(title)
        self._font = pygame.font.Font(None, _TEXT_PX + 4)
        self._down: set[str] = set()

    def _fit(self, shape: tuple[int, int]) -> None:
        scale = self._scale or max(1, round(_USUAL_PX / max(shape)))
        self._shape = shape
        self._size = (shape[1] * scale, shape[0] * scale)
        self._screen = self._pygame.display.set_mode(self._size)

    def __enter__(self) -> Self:
        """Return the window."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Close it."""
        self.close()

    def close(self) -> None:
        """Close it. Safe to call twice."""
        self._pygame.display.quit()
        self._pygame.font.quit()

    def poll(self) -> Input:
        """Return what was done since the last time; never waits."""
        pygame = self._pygame
        closed, pressed = False, set()
        for event in pygame.event.get():
            if event.type == pygame.QUIT:
                closed = True
            elif event.type == pygame.KEYDOWN:
                name = pygame.key.name(event.key)
                pressed.add(name)
                self._down.add(name)
            elif event.type == pygame.KEYUP:
                self._down.discard(pygame.key.name(event.key))
            elif event.type == pygame.WINDOWFOCUSLOST:
                self._down.clear()  # nobody tells of keys that go up elsewhere
        closed = closed or "escape" in pressed
        return Input(frozenset(self._down | pressed), frozenset(pressed), closed)

    def draw(self, picture: NDArray[np.uint8], lines: Sequence[str]) -> None:
        """Show a picture.

        Args:
            picture: (H, W, 3) uint8 RGB.
            lines: Text over its upper left corner.
        """
        pygame = self._pygame
        if picture.shape[:2] != self._shape:
            self._fit((picture.shape[0], picture.shape[1]))
        surface = pygame.surfarray.make_surface(np.swapaxes(picture, 0, 1))
        if surface.get_size() != self._size:
            surface = pygame.transform.scale(surface, self._size)
        self._screen.blit(surface, (0, 0))
        top = _MARGIN_PX
        for line in lines:
            text = self._font.render(line, True, (255, 255, 255))
            behind = pygame.Surface((text.get_width() + 8, text.get_height() + 2))
            behind.set_alpha(150)
            self._screen.blit(behind, (_MARGIN_PX, top))
            self._screen.blit(text, (_MARGIN_PX + 4, top + 1))
            top += text.get_height() + 3
        pygame.display.flip()

    def picture(self) -> NDArray[np.uint8]:
        """Return what is on the screen, (H, W, 3) uint8 RGB."""
        shown = self._pygame.surfarray.array3d(self._screen)
        return np.ascontiguousarray(np.swapaxes(shown, 0, 1))
