"""A person as a policy: the window shows what the environment shows, keys are actions."""

from __future__ import annotations

import sys
import threading
import time
from collections.abc import Callable
from typing import Any

import gymnasium as gym

from reactor_env.clock import sleep_until
from reactor_env.env import ReactorEnv
from reactor_env.play.bindings import KeyMap, key_map
from reactor_env.play.game import Screen
from reactor_env.play.window import Input, Window
from reactor_env.policies.pixels import starts_episode

_USUAL_FPS = 30.0
_WAITING_FPS = 60.0
_BEFORE_FIRST_FRAME = (360, 640)


class WindowClosedError(KeyboardInterrupt):
    """The person who plays closed the window, which ends what is played as Ctrl-C does."""


class HumanPolicy:
    """Lets a person choose actions, in any command or loop that takes a policy.

    In a stepped session each episode begins when a key of the game is pressed, steps are made at
    the world's own rate, ``p`` stops them and ``.`` makes a single one. A streamed world runs on by
    itself: it gets what is down at each step, and nothing while ``p`` is on. ``tab`` hides the
    text, and ``escape`` or closing the window ends it all.

    Args:
        env: The environment that is played, made with ``render_mode="rgb_array"``.
        keys: Turns keys into actions.
        screen: Shows pictures, and tells which keys are down.
        fps: Steps a second in a stepped session.
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
        now_ns: Callable[[], int] = time.monotonic_ns,
        sleep: Callable[[int], None] = sleep_until,
    ) -> None:
        self._env = env
        self._keys = keys
        self._screen = screen
        self._period_ns = round(1e9 / fps)
        self._now_ns = now_ns
        self._sleep = sleep
        self._due_ns = 0
        self._paused = False
        self._text = True

    def predict(
        self,
        observation: Any,
        state: Any = None,
        episode_start: Any = None,
        deterministic: bool = False,
    ) -> tuple[Any, int]:
        """Choose an action; see :meth:`~reactor_env.policies.Policy.predict`.

        Args:
            observation: Not used: the person sees the environment's own picture.
            state: As returned by the call before.
            episode_start: Begins an episode where true.
            deterministic: Not used.

        Returns:
            The action of the keys that are down, and how many steps the episode has.

        Raises:
            WindowClosedError: If the window was closed.
        """
        first = starts_episode(state, episode_start)
        steps = 0 if first else int(state)
        if self._env.generation == "streamed":
            self._draw(steps, waits=False)
            given = self._poll()
            down = frozenset[str]() if self._paused else given.down
        else:
            down = self._stepped(steps, first)
        return self._keys.action(down), steps + 1

    def close(self) -> None:
        """Close the window. Safe to call twice."""
        close = getattr(self._screen, "close", None)
        if close is not None:
            close()

    def _stepped(self, steps: int, first: bool) -> frozenset[str]:
        """Wait until the next step is due and wanted, and return what is down."""
        self._draw(steps, waits=first)
        if not first:
            self._sleep(self._due_ns)
        waits, waited = first, first
        while True:
            given = self._poll()
            one = self._paused and "." in given.pressed
            waits = waits and given.down.isdisjoint(self._keys.bound)
            if one or not (waits or self._paused):
                break
            waited = True
            self._draw(steps, waits=waits)
            self._sleep(self._now_ns() + round(1e9 / _WAITING_FPS))
        now_ns = self._now_ns()
        begin_ns = now_ns if waited else self._due_ns
        self._due_ns = max(begin_ns + self._period_ns, now_ns)
        return given.down

    def _poll(self) -> Input:
        given = self._screen.poll()
        if given.closed:
            raise WindowClosedError("the window was closed")
        self._paused ^= "p" in given.pressed
        self._text ^= "tab" in given.pressed
        return given

    def _draw(self, steps: int, *, waits: bool) -> None:
        picture = self._env.render()
        if picture is None:
            raise ValueError('`env` must be made with render_mode="rgb_array" for a person to see')
        lines = [f"you play   step {steps}"]
        if self._paused:
            lines.append("paused   (p goes on, . makes one step)")
        elif waits:
            lines.append("a key begins the episode:")
            lines += [f"{key}: {does}" for key, does in self._keys.bound.items()]
        self._screen.draw(picture, lines if self._text else [])


def human_policy(env: gym.Env[Any, Any]) -> HumanPolicy:
    """Open a window for an environment; its keys are the profile's, or chosen by the actions.

    Args:
        env: A :class:`~reactor_env.env.ReactorEnv` with ``render_mode="rgb_array"``, wrapped or
            not.

    Raises:
        MissingDependencyError: If pygame is not installed.
        NoDisplayError: If there is no screen.
        UnboundError: If no key does anything in this model.
        ValueError: If the environment is another one.
    """
    played = env.unwrapped
    if not isinstance(played, ReactorEnv):
        raise ValueError(f'the agent "human" plays a ReactorEnv, got {played}')
    if sys.platform == "darwin" and threading.current_thread() is not threading.main_thread():
        raise ValueError(
            'the agent "human" must play on the main thread on macOS, which opens windows there '
            "alone: use rollout, record or play"
        )
    keys = key_map(played.action_map, played.profile)
    size = played.model_setup.size or _BEFORE_FIRST_FRAME
    fps = float(played.metadata.get("render_fps") or _USUAL_FPS)
    return HumanPolicy(played, keys, Window(size, None, "reactor-env: you play"), fps=fps)
