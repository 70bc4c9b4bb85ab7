"""The window: draws frames and tells which keys are down. pygame, and nothing else's business.

The keys that are the window's own: ``escape`` closes it, ``p`` pauses, ``.`` makes one step while
paused, ``tab`` shows and hides the text, ``backspace`` begins another episode.
"""

from __future__ import annotations

import importlib.util
from collections.abc import Sequence
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from reactor_env.errors import MissingDependencyError

_TEXT_PX = 16
_MARGIN_PX = 6


def require_pygame() -> None:
    """Check that a window can be opened.

    Raises:
        MissingDependencyError: If pygame is not installed.
    """
    if importlib.util.find_spec("pygame") is None:
        raise MissingDependencyError('playing needs pygame: pip install "reactor-env[play]"')


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
    """A window for pictures of one size; a context manager.

    Args:
        size: (height, width) of the pictures.
        scale: Screen pixels to a picture's pixel.
        title: What it is called.

    Raises:
        MissingDependencyError: If pygame is not installed.
    """

    def __init__(self, size: tuple[int, int], scale: int, title: str) -> None:
        require_pygame()
        import pygame

        self._pygame: Any = pygame
        self._size = (size[1] * scale, size[0] * scale)
        # Not pygame.init(), which would open the sound card too.
        pygame.display.init()
        pygame.font.init()
        self._screen = pygame.display.set_mode(self._size)
        pygame.display.set_caption(title)
        self._font = pygame.font.Font(None, _TEXT_PX + 4)
        self._down: set[str] = set()

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
