from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest

from reactor_env.errors import MissingDependencyError
from reactor_env.play.window import NoDisplayError, Window, require_display

pygame = pytest.importorskip("pygame")


@pytest.fixture
def window(monkeypatch: pytest.MonkeyPatch) -> Iterator[Window]:
    monkeypatch.setenv("SDL_VIDEODRIVER", "dummy")
    with Window((40, 60), 2, "a test") as opened:
        opened.poll()
        yield opened


def send(kind: int, name: str) -> None:
    pygame.event.post(pygame.event.Event(kind, key=pygame.key.key_code(name)))


def test_a_key_is_down_until_it_goes_up(window: Window) -> None:
    send(pygame.KEYDOWN, "w")
    assert window.poll().pressed == {"w"}
    held = window.poll()
    assert held.down == {"w"}
    assert not held.pressed
    send(pygame.KEYUP, "w")
    assert window.poll().down == set()


def test_a_key_that_was_tapped_in_between_is_not_missed(window: Window) -> None:
    send(pygame.KEYDOWN, "left")
    send(pygame.KEYUP, "left")
    assert window.poll().down == {"left"}
    assert window.poll().down == set()


def test_keys_go_up_when_the_window_loses_the_focus(window: Window) -> None:
    send(pygame.KEYDOWN, "w")
    pygame.event.post(pygame.event.Event(pygame.WINDOWFOCUSLOST))
    window.poll()
    assert window.poll().down == set()


def test_escape_and_the_close_button_close_it(window: Window) -> None:
    send(pygame.KEYDOWN, "escape")
    assert window.poll().closed
    pygame.event.post(pygame.event.Event(pygame.QUIT))
    assert window.poll().closed


def test_a_picture_is_shown_in_its_colours_and_enlarged(window: Window) -> None:
    picture = np.zeros((40, 60, 3), np.uint8)
    picture[:20, :30] = (250, 120, 10)
    window.draw(picture, [])
    assert (window.picture() == picture.repeat(2, 0).repeat(2, 1)).all()


def test_text_is_written_over_the_picture(window: Window) -> None:
    window.draw(np.zeros((40, 60, 3), np.uint8), ["30 fps"])
    shown = window.picture()
    assert (shown[:30] == 255).any()
    assert not shown[60:].any()


def test_without_pygame_it_says_how_to_get_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda _: None)
    with pytest.raises(MissingDependencyError, match=r'pip install "reactor-env\[play\]"'):
        Window((40, 60), 1, "a test")


def test_without_a_screen_it_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SDL_VIDEODRIVER", "no such driver")
    with pytest.raises(
        NoDisplayError, match=r"needs a screen, and there is none: .*no such driver"
    ):
        Window((40, 60), 1, "a test")
    with pytest.raises(NoDisplayError, match="needs a screen"):
        require_display()


def test_a_driver_that_shows_nothing_is_no_screen_unless_it_was_asked_for(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.delenv("SDL_VIDEODRIVER", raising=False)
    monkeypatch.setattr("pygame.display.init", lambda: None)
    monkeypatch.setattr("pygame.display.get_driver", lambda: "offscreen")
    with pytest.raises(NoDisplayError, match="SDL found none, and took its driver 'offscreen'"):
        require_display()
    monkeypatch.setenv("SDL_VIDEODRIVER", "offscreen")
    require_display()


def test_whether_there_is_a_screen_can_be_asked(window: Window) -> None:
    require_display()
    window.draw(np.zeros((40, 60, 3), np.uint8), [])


def test_it_takes_the_size_of_a_picture_that_has_another_one(window: Window) -> None:
    picture = np.full((20, 30, 3), 7, np.uint8)
    window.draw(picture, [])
    assert window.picture().shape == (40, 60, 3)


def test_a_small_picture_is_enlarged_by_itself(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SDL_VIDEODRIVER", "dummy")
    with Window((64, 64), None, "a test") as opened:
        assert opened.picture().shape == (640, 640, 3)
