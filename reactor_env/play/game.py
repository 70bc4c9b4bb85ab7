"""The loop of a game: keys to actions, actions to frames, frames to the window."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from reactor_env.clock import sleep_until
from reactor_env.env import ReactorEnv
from reactor_env.play.bindings import KeyMap
from reactor_env.play.overlay import Overlay
from reactor_env.play.window import Input
from reactor_env.policies import Policy

_PAUSED_FPS = 60


class Screen(Protocol):
    """What a game is played on; :class:`~reactor_env.play.window.Window` is one."""

    def poll(self) -> Input:
        """Return what was done since the last time."""
        ...

    def draw(self, picture: NDArray[np.uint8], lines: list[str]) -> None:
        """Show a picture with text over it."""
        ...


class Game:
    """Plays an environment until the window is closed.

    In a stepped session a step is made at the world's own rate, nothing is made while the game is
    paused, and ``.`` makes a single one. A streamed world runs on by itself: paused, its newest
    frame is still asked for, with no key down.

    A policy may play instead of the keys. It steps aside while one of them is down, and sees what
    comes of it.

    Args:
        env: The environment, made with ``render_mode="rgb_array"``; its owner closes it.
        keys: Turns keys into actions.
        screen: Shows frames.
        fps: Steps a second in a stepped session.
        policy: Plays while no key is down; nobody does by default.
        deterministic: Whether it is asked for its most probable action.
        now_ns: The clock.
        sleep: Sleeps until a time of it.
    """

    def __init__(
        self,
        env: ReactorEnv,
        keys: KeyMap,
        screen: Screen,
        *,
        fps: float,
        policy: Policy | None = None,
        deterministic: bool = True,
        now_ns: Callable[[], int] = time.monotonic_ns,
        sleep: Callable[[int], None] = sleep_until,
    ) -> None:
        self._env = env
        self._keys = keys
        self._screen = screen
        self._fps = fps
        self._policy = policy
        self._deterministic = deterministic
        self._player = "the policy plays   (keys take over)" if policy is not None else ""
        self._now_ns = now_ns
        self._sleep = sleep
        self._overlay = Overlay()
        self._paused = False
        self._text = True
        self._over = False

    def play(self, *, seed: int | None, options: dict[str, Any], steps: int | None = None) -> int:
        """Play.

        Args:
            seed: Of the first episode.
            options: Of every reset.
            steps: Stop after this many steps; when the window is closed by default.

        Returns:
            How many steps were made.
        """
        self._reset(seed, options)
        made = 0
        due_ns = self._now_ns()
        while steps is None or made < steps:
            given = self._screen.poll()
            if given.closed:
                break
            if "backspace" in given.pressed or (self._over and not self._paused):
                self._reset(None, options)
                due_ns = self._now_ns()
            if "p" in given.pressed:
                self._paused = not self._paused
            self._text ^= "tab" in given.pressed
            stepped = self._env.generation == "stepped"
            one = self._paused and "." in given.pressed
            rate = self._fps
            if self._paused and (stepped or self._over) and not one:
                rate = _PAUSED_FPS
            elif not self._over:
                self._step(given if one or not self._paused else None)
                made += 1
            self._draw()
            if stepped or self._over:
                due_ns = max(due_ns + round(1e9 / rate), self._now_ns())
                self._sleep(due_ns)
        return made

    def _reset(self, seed: int | None, options: dict[str, Any]) -> None:
        self._observation, _ = self._env.reset(seed=seed, options=dict(options))
        self._state: Any = None
        self._first = True
        self._overlay.begin()
        self._over = False
        self._draw()

    def _step(self, given: Input | None) -> None:
        """Step with what is down, or with what the policy does; with nothing while paused."""
        action = self._keys.action(given.down if given is not None else ())
        if self._policy is not None and given is not None:
            chosen, self._state = self._policy.predict(
                self._observation, self._state, self._first, self._deterministic
            )
            by_hand = not self._keys.bound.keys().isdisjoint(given.down)
            action = action if by_hand else chosen
            self._player = f"{'you play' if by_hand else 'the policy plays'}   (keys take over)"
        self._observation, reward, terminated, truncated, info = self._env.step(action)
        self._first = False
        self._overlay.step(float(reward), info, self._now_ns())
        self._over = terminated or truncated

    def _draw(self) -> None:
        picture = self._env.render()
        assert picture is not None
        lines = self._overlay.lines(paused=self._paused, player=self._player)
        self._screen.draw(picture, lines if self._text else [])
