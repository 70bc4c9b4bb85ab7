"""Collects episodes of an environment: small pictures, actions, rewards, ends."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import gymnasium as gym
import numpy as np
from numpy.typing import NDArray

from reactor_env.worlds.dream.artefacts import read_arrays, write_arrays
from reactor_env.worlds.dream.numpy_model import SIDE, Pixels
from reactor_env.worlds.dream.tasks import Task

PART_FRAMES = 2000
"""Frames in one file; an interrupted collection loses less than one."""

MADE_BY = "made-by.json"
"""Beside episodes of a policy: the command that played them, and the seconds it took."""


class Player(Protocol):
    """Chooses actions from pictures."""

    def begin(self, seed: int) -> None:
        """Forget the last episode."""
        ...

    def act(self, picture: Pixels) -> int:
        """Return the action for the newest picture, (64, 64, 3) uint8."""
        ...


class RandomPlayer:
    """Chooses every action with equal probability.

    Args:
        actions: How many there are.
        hold: Steps for which one is kept, at most; each number up to it is as likely.
    """

    def __init__(self, actions: int, hold: int = 1) -> None:
        self._actions = actions
        self._hold = hold
        self.begin(0)

    def begin(self, seed: int) -> None:
        """Seed the choices of an episode."""
        self._rng = np.random.default_rng(seed)
        self._action = self._left = 0

    def act(self, picture: Pixels | None = None) -> int:
        """Return any action."""
        if not self._left:
            self._action = int(self._rng.integers(self._actions))
            self._left = 1 if self._hold == 1 else int(self._rng.integers(1, self._hold + 1))
        self._left -= 1
        return self._action


@dataclass(frozen=True, slots=True)
class Episode:
    """One episode of T steps.

    Attributes:
        frames: (T + 1, 64, 64, 3) uint8, the picture before each step and the last.
        actions: (T,) int64.
        rewards: (T,) float32.
        terminated: Whether the last step ended it; otherwise it was cut short.
    """

    frames: Pixels
    actions: NDArray[np.int64]
    rewards: NDArray[np.float32]
    terminated: bool


def shrink(picture: Pixels) -> Pixels:
    """Return a picture at 64x64, each pixel the mean of the ones it covers."""
    from PIL import Image

    small = Image.fromarray(picture).resize((SIDE, SIDE), Image.Resampling.BOX)
    return np.asarray(small)


def play(
    env: gym.Env[Any, Any], player: Player, seed: int, *, last_picture: bool = True
) -> Episode:
    """Play one episode of an environment that renders ``rgb_array``.

    Args:
        env: The environment.
        player: Who plays.
        seed: Of both.
        last_picture: As of :class:`~reactor_env.worlds.dream.tasks.Task`.
    """
    env.reset(seed=seed)
    player.begin(seed)
    frames = [_picture(env)]
    actions: list[int] = []
    rewards: list[float] = []
    terminated = truncated = False
    while not (terminated or truncated):
        actions.append(player.act(frames[-1]))
        _, reward, terminated, truncated, _ = env.step(actions[-1])
        frames.append(_picture(env) if last_picture or not terminated else frames[-1])
        rewards.append(float(reward))
    return Episode(
        np.stack(frames), np.array(actions), np.array(rewards, np.float32), bool(terminated)
    )


def collect(
    task: Task,
    player: Player,
    folder: Path,
    *,
    frames: int,
    seed: int,
    advance: Callable[[int], None] = lambda _: None,
) -> None:
    """Fill a folder with episodes; the parts that are there already are kept.

    Args:
        task: What is played.
        player: Who plays.
        folder: Where ``part-000.npz``, ... go.
        frames: How many frames, at least.
        seed: Of everything.
        advance: Told how many frames were added.
    """
    parts = -(-frames // PART_FRAMES)
    env = None
    for part in range(parts):
        path = folder / f"part-{part:03d}.npz"
        count = min(PART_FRAMES, frames - part * PART_FRAMES)
        if not path.exists():
            env = env or task.make()
            episodes = _part(task, env, player, [seed, part], count)
            write_arrays(path, pack(episodes), compressed=True)
        advance(count)
    if env is not None:
        env.close()


def load(folder: Path) -> list[Episode]:
    """Read all episodes of a folder, in the order they were played."""
    return [e for path in sorted(folder.glob("part-*.npz")) for e in unpack(read_arrays(path))]


def pack(episodes: list[Episode]) -> dict[str, NDArray[Any]]:
    """Return episodes end to end, with the number of steps of each."""
    return {
        "frames": np.concatenate([e.frames for e in episodes]),
        "actions": np.concatenate([e.actions for e in episodes]).astype(np.uint8),
        "rewards": np.concatenate([e.rewards for e in episodes]),
        "steps": np.array([len(e.actions) for e in episodes]),
        "terminated": np.array([e.terminated for e in episodes]),
    }


def unpack(arrays: dict[str, NDArray[Any]]) -> Iterator[Episode]:
    """Undo :func:`pack`."""
    frame = step = 0
    for steps, terminated in zip(arrays["steps"], arrays["terminated"], strict=True):
        yield Episode(
            arrays["frames"][frame : frame + steps + 1],
            arrays["actions"][step : step + steps].astype(np.int64),
            arrays["rewards"][step : step + steps],
            bool(terminated),
        )
        frame += steps + 1
        step += steps


def _part(
    task: Task, env: gym.Env[Any, Any], player: Player, seed: list[int], frames: int
) -> list[Episode]:
    seeds = np.random.default_rng(seed)
    episodes: list[Episode] = []
    while sum(len(e.frames) for e in episodes) < frames:
        number = int(seeds.integers(2**31))
        episodes.append(play(env, player, number, last_picture=task.last_picture))
    return episodes


def _picture(env: gym.Env[Any, Any]) -> Pixels:
    return shrink(np.asarray(env.render()))
