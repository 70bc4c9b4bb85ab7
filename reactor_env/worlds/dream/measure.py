"""Measures a model against episodes of the real environment that it was not trained on."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from reactor_env.likeness import psnr, ssim
from reactor_env.worlds.dream.collect import Episode, RandomPlayer
from reactor_env.worlds.dream.dream_env import DreamEnv
from reactor_env.worlds.dream.dreams import REENCODE_EVERY, Dreams
from reactor_env.worlds.dream.metrics import auc
from reactor_env.worlds.dream.numpy_model import DreamModel, Floats, Noise, Pixels, State

WARM_UP = 3
"""Real steps before the model goes on alone."""

PIECE_WARM_UP = 20
"""The same where it begins inside an episode, whose past it does not know."""

HORIZONS = (1, 5, 10, 20, 50)
DRIFT_AFTER = (10, 50, 100, 250, 500, 1000)
FEWEST = 5
"""Episodes that a mean must be of."""

_POOL = 1000
_DREAMS = 16


@dataclass(frozen=True, slots=True)
class OpenLoop:
    """Pictures some steps after the last real one, against what really came.

    Attributes:
        horizon: How many steps.
        episodes: How many episodes are that long.
        psnr: Means in dB: of the model with chance, without, and with other actions than the real
            ones; of the last real picture again; of the real picture through the picture model.
        ssim: The same means of structural similarity.
    """

    horizon: int
    episodes: int
    psnr: dict[str, float]
    ssim: dict[str, float]


@dataclass(frozen=True, slots=True)
class Ends:
    """What the model says about ends of real episodes.

    Attributes:
        steps: Real steps that it was asked about.
        ended: How many of them ended the episode.
        expected: How many it expected to: the sum of the probabilities.
        auc: How often a last step has a higher probability than another.
        bins: For ranges of the probability: its mean, how often they ended, and how many steps.
        reward_error: Mean square of the reward's error.
    """

    steps: int
    ended: int
    expected: float
    auc: float
    bins: list[tuple[float, float, int]]
    reward_error: float


def stack(episodes: Sequence[Episode]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return (N, longest) actions, 0 where there is none, and (N,) numbers of steps."""
    steps = np.array([len(e.actions) for e in episodes])
    actions = np.zeros((len(episodes), steps.max()), np.int64)
    for row, episode in zip(actions, episodes, strict=True):
        row[: len(episode.actions)] = episode.actions
    return actions, steps


def frames_at(episodes: Sequence[Episode], step: int) -> Pixels:
    """Return (N, 64, 64, 3) the pictures after so many steps, or the last ones."""
    return np.stack([e.frames[min(step, len(e.actions))] for e in episodes])


def warm_up(model: DreamModel, episodes: Sequence[Episode], steps: int = WARM_UP) -> State:
    """Return the model's state after it saw the first steps of real episodes."""
    actions, _ = stack(episodes)
    state = model.begin(model.encode(frames_at(episodes, 0)))
    for step in range(steps):
        hidden, cell = model.recall(state, actions[:, step])
        state = State(model.encode(frames_at(episodes, step + 1)), hidden, cell)
    return state


def go_on(
    model: DreamModel, state: State, actions: NDArray[Any], seed: int, temperature: float = 1.0
) -> list[Floats]:
    """Return the latents after each of (N, T) actions, without another real picture."""
    rng = np.random.default_rng(seed)
    latents = []
    for step in range(actions.shape[1]):
        noise = Noise.draw(rng, len(actions), model.config.latent)
        state = model.step(state, actions[:, step], noise, temperature).state
        latents.append(state.latent)
    return latents


def pieces(episodes: Sequence[Episode], steps: int) -> list[Episode]:
    """Cut episodes into as many pieces of so many steps as they have."""
    return [
        Episode(
            e.frames[first : first + steps + 1],
            e.actions[first : first + steps],
            e.rewards[first : first + steps],
            e.terminated and first + steps == len(e.actions),
        )
        for e in episodes
        for first in range(0, len(e.actions) - steps + 1, steps)
    ]


def open_loop(
    model: DreamModel, episodes: Sequence[Episode], *, warm: int = WARM_UP, seed: int = 0
) -> list[OpenLoop]:
    """Compare pictures at :data:`HORIZONS`, where enough episodes are long enough.

    Args:
        model: The model.
        episodes: Real ones, longer than ``warm``.
        warm: Real steps that it sees first.
        seed: Of its chance.
    """
    actions, steps = stack(episodes)
    ahead = actions[:, warm : warm + max(HORIZONS)]
    other = np.random.default_rng(seed).integers(model.config.actions, size=ahead.shape)
    state = warm_up(model, episodes, warm)
    runs = {
        "sampled": go_on(model, state, ahead, seed),
        "likeliest": go_on(model, state, ahead, seed, temperature=0),
        "other actions": go_on(model, state, other, seed, temperature=0),
    }
    last = frames_at(episodes, warm)
    rows = []
    for horizon in HORIZONS:
        long = np.flatnonzero(steps >= warm + horizon)
        if len(long) < FEWEST:
            continue
        real = frames_at(episodes, warm + horizon)[long]
        shown = {name: model.decode(run[horizon - 1][long]) for name, run in runs.items()}
        shown["last picture again"] = last[long]
        shown["through the picture model"] = model.decode(model.encode(real))
        rows.append(
            OpenLoop(
                horizon,
                len(long),
                {name: float(psnr(pictures, real).mean()) for name, pictures in shown.items()},
                {
                    name: float(ssim(_planes(pictures), _planes(real)).mean())
                    for name, pictures in shown.items()
                },
            )
        )
    return rows


def ends(model: DreamModel, episodes: Sequence[Episode]) -> Ends:
    """Ask the model about every step of real episodes, told all that came before."""
    actions, steps = stack(episodes)
    state = model.begin(model.encode(frames_at(episodes, 0)))
    chances, over, errors = [], [], []
    for step in range(actions.shape[1]):
        hidden, cell = model.recall(state, actions[:, step])
        state = State(model.encode(frames_at(episodes, step + 1)), hidden, cell)
        reward, end = model.judge(hidden, state.latent)
        for number in np.flatnonzero(steps > step):
            episode = episodes[int(number)]
            chances.append(end[number])
            over.append(episode.terminated and step == steps[number] - 1)
            errors.append((reward[number] - episode.rewards[step]) ** 2)
    chance, happened = np.array(chances), np.array(over)
    bins = []
    for low, high in ((0, 0.01), (0.01, 0.1), (0.1, 0.5), (0.5, 0.9), (0.9, 1.01)):
        inside = (chance >= low) & (chance < high)
        if inside.any():
            mean, often = float(chance[inside].mean()), float(happened[inside].mean())
            bins.append((mean, often, int(inside.sum())))
    return Ends(
        len(chance),
        int(happened.sum()),
        float(chance.sum()),
        auc(chance, happened),
        bins,
        float(np.mean(errors)),
    )


def random_lengths(
    model: DreamModel, episodes: int, seed: int = 0, *, hold: int = 1
) -> NDArray[np.int64]:
    """Return how long episodes of random play are in the dream, from first pictures on.

    Args:
        model: The model.
        episodes: How many.
        seed: Of everything.
        hold: Steps for which an action is kept, at most.
    """
    rng = np.random.default_rng(seed)
    players = [RandomPlayer(model.config.actions, hold) for _ in range(episodes)]
    for player in players:
        player.begin(int(rng.integers(2**31)))
    dreams = Dreams(model, episodes)
    dreams.begin(np.arange(episodes), rng.integers(model.config.openings, size=episodes))
    lengths = np.zeros(episodes, np.int64)
    for step in range(1, model.config.max_steps + 1):
        done = dreams.step(np.array([player.act() for player in players]), rng).over
        lengths[done & (lengths == 0)] = step
        if lengths.all():
            break
    return lengths


def drift(
    model: DreamModel, episodes: Sequence[Episode], seed: int = 0
) -> dict[str, list[tuple[int, float]]]:
    """Return how far long dreams of random play are from the nearest real picture.

    Returns:
        For each way to dream, (steps, mean of the nearest squared error of a value from 0 to 1);
        for comparison ``"real"``, of real pictures from those of other episodes.
    """
    frames = np.concatenate([e.frames for e in episodes])
    owner = np.repeat(np.arange(len(episodes)), [len(e.frames) for e in episodes])
    rng = np.random.default_rng(seed)
    chosen = rng.permutation(len(frames))[:_POOL]
    pool, owner = frames[chosen], owner[chosen]
    held, rest = owner < len(episodes) // 10, owner >= len(episodes) // 10
    found = {"real": [(0, float(_nearest(pool[held], pool[rest]).mean()))]}
    for name, every, stop in (
        ("ends ignored, never looks", 0, False),
        ("ends ignored", REENCODE_EVERY, False),
        ("as served", REENCODE_EVERY, True),
    ):
        rows = []
        for steps, pictures in long_dream(model, every, honour_ends=stop, seed=seed):
            rows.append((steps, float(_nearest(pictures, pool).mean())))
        found[name] = rows
    return found


def long_dream(
    model: DreamModel, reencode_every: int, *, honour_ends: bool, seed: int
) -> list[tuple[int, Pixels]]:
    """Return the pictures of long dreams of random play, after :data:`DRIFT_AFTER` steps."""
    rng = np.random.default_rng(seed)
    dreams = Dreams(model, _DREAMS, reencode_every=reencode_every, max_steps=2 * DRIFT_AFTER[-1])
    dreams.begin(np.arange(_DREAMS), rng.integers(model.config.openings, size=_DREAMS))
    found = []
    for steps in range(1, DRIFT_AFTER[-1] + 1):
        over = dreams.step(rng.integers(model.config.actions, size=_DREAMS), rng).over
        if steps in DRIFT_AFTER:
            found.append((steps, dreams.pictures()))
        if honour_ends and over.any():
            starts = rng.integers(model.config.openings, size=int(over.sum()))
            dreams.begin(np.flatnonzero(over), starts)
    return found


def frame_ms(model_path: Any, frames: int = 300) -> NDArray[np.float64]:
    """Return milliseconds that each frame of the served environment takes on this machine."""
    env = DreamEnv(model_path)
    env.reset(seed=0)
    taken = []
    for number in range(frames):
        begin = time.perf_counter()
        *_, terminated, truncated, _ = env.step(number % 2)
        taken.append(1e3 * (time.perf_counter() - begin))
        if terminated or truncated:
            env.reset()
    return np.array(taken)


def _nearest(pictures: Pixels, pool: Pixels) -> NDArray[np.float64]:
    """Return the least mean squared error of each picture to any of a pool."""
    a = pictures.reshape(len(pictures), -1).astype(np.float32) / 255
    b = pool.reshape(len(pool), -1).astype(np.float32) / 255
    away = (a * a).sum(1)[:, None] + (b * b).sum(1) - 2 * a @ b.T
    return np.asarray(np.maximum(away.min(1), 0) / a.shape[1], np.float64)


def _planes(pictures: Pixels) -> Pixels:
    """Return (N, 3, H, W) for (N, H, W, 3)."""
    return np.moveaxis(pictures, -1, 1)
