from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from types import SimpleNamespace
from typing import Any, cast

import numpy as np
import pytest

from reactor_env.env import ReactorEnv
from reactor_env.play import HumanPolicy, WindowClosedError, human_policy
from reactor_env.play.window import Input, Window
from reactor_env.worlds.catch import CatchEnv
from tests.play.test_game import CLOSE, NONE, down, pressed

FRAME_NS = round(1e9 / 60)


class Person:
    """A policy that is given inputs, the lines it drew, and its sleeps."""

    def __init__(self, inputs: Iterable[Input], *, generation: str = "stepped") -> None:
        self.drawn: list[list[str]] = []
        self.slept: list[int] = []
        self.now = 0
        given = iter(inputs)

        def sleep(due_ns: int) -> None:
            self.slept.append(due_ns - self.now)
            self.now = max(due_ns, self.now)

        env = SimpleNamespace(generation=generation, render=lambda: np.zeros((2, 2, 3), np.uint8))
        screen = SimpleNamespace(
            poll=lambda: next(given, CLOSE), draw=lambda _, lines: self.drawn.append(lines)
        )
        keys = SimpleNamespace(action=_joined, bound={"a": "left", "w": "forward"})
        self.policy = HumanPolicy(
            cast("ReactorEnv", env),
            keys,
            screen,
            fps=20.0,
            now_ns=lambda: self.now,
            sleep=sleep,
        )

    def steps(self, count: int, state: Any = None) -> list[str]:
        actions = []
        for _ in range(count):
            action, state = self.policy.predict(None, state)
            actions.append(action)
        return actions


def _joined(down: Collection[str]) -> str:
    return "+".join(sorted(down))


def test_a_stepped_episode_begins_with_a_key_of_the_game() -> None:
    person = Person([NONE, down("x"), down("w"), down("a", "w"), NONE])
    assert person.steps(3) == ["w", "a+w", ""]
    assert person.slept == [FRAME_NS, FRAME_NS, 50_000_000, 50_000_000]
    assert person.now == 2 * FRAME_NS + 100_000_000
    assert "a key begins the episode:" in person.drawn[0]
    assert "w: forward" in person.drawn[0]
    assert person.drawn[-1] == ["you play   step 2"]


def test_each_episode_begins_so() -> None:
    person = Person([down("w"), NONE, down("a")])
    _, state = person.policy.predict(None)
    assert person.policy.predict(None, state, episode_start=np.array([True])) == ("a", 1)


def test_a_step_that_took_long_is_followed_at_once_and_not_made_up_for() -> None:
    person = Person([down("w")] * 4)
    _, state = person.policy.predict(None)
    person.now += 1_000_000_000
    _, state = person.policy.predict(None, state)
    person.policy.predict(None, state)
    assert person.slept == [-950_000_000, 0]


def test_a_paused_game_makes_single_steps_and_goes_on() -> None:
    person = Person([down("w"), pressed("p"), NONE, pressed("."), NONE, pressed("p", "a")])
    assert person.steps(3) == ["w", ".", "a+p"]
    assert any("paused" in line for line in person.drawn[2])


def test_a_streamed_world_is_not_waited_with() -> None:
    person = Person(
        [NONE, down("w"), pressed("p", "w"), down("w"), pressed("p")], generation="streamed"
    )
    assert person.steps(5) == ["", "w", "", "", "p"]
    assert person.slept == []


def test_the_text_can_be_hidden() -> None:
    person = Person([down("w"), pressed("tab"), NONE, NONE])
    person.steps(4)
    assert [bool(lines) for lines in person.drawn] == [True, True, False, False]


@pytest.mark.parametrize("generation", ["stepped", "streamed"])
def test_closing_the_window_ends_it_as_ctrl_c_does(generation: str) -> None:
    person = Person([CLOSE], generation=generation)
    with pytest.raises(WindowClosedError, match="the window was closed"):
        person.steps(1)
    assert issubclass(WindowClosedError, KeyboardInterrupt)


def test_another_environment_cannot_be_played() -> None:
    with pytest.raises(ValueError, match='"human" plays a ReactorEnv, got'):
        human_policy(CatchEnv("rgb_array"))


@pytest.fixture
def catch(monkeypatch: pytest.MonkeyPatch) -> Iterator[ReactorEnv]:
    pytest.importorskip("pygame")
    monkeypatch.setenv("SDL_VIDEODRIVER", "dummy")
    env = ReactorEnv("catch", mode="stepped", render_mode="rgb_array", observation={"gray": True})
    yield env
    env.close()


@pytest.mark.integration
def test_a_person_sees_the_world_and_moves_in_it(catch: ReactorEnv) -> None:
    import pygame

    policy = human_policy(catch)
    observation, _ = catch.reset(seed=1)
    pygame.event.post(pygame.event.Event(pygame.KEYDOWN, key=pygame.K_RIGHT))
    action, state = policy.predict(observation, None, True)
    window = cast("Window", policy._screen)
    shown = window.picture()
    picture = catch.render()
    assert picture is not None
    scale = shown.shape[0] // picture.shape[0]
    np.testing.assert_array_equal(shown[400:], picture.repeat(scale, 0).repeat(scale, 1)[400:])
    assert action == 2
    observation, *_ = catch.step(action)
    pygame.event.post(pygame.event.Event(pygame.KEYUP, key=pygame.K_RIGHT))
    assert policy.predict(observation, state)[0] == 1
    policy.close()
    policy.close()
