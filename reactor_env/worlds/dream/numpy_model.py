"""The learned model in NumPy: pictures to latents and back, and one step of the world.

Everything random comes in as :class:`Noise`, so that a step is a function. Arrays are float32 and
have a first axis of N worlds. NumPy's sums differ in their last bits with the number of its threads
(``OPENBLAS_NUM_THREADS``), of which one is also the fastest here.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

SIDE = 64
"""Pixels of a side of the pictures."""

SPREAD_BOUNDS = (-6.0, 2.0)
"""Of the logarithm of a standard deviation; inside, a distribution is neither a point nor flat."""

Pixels = NDArray[np.uint8]
Floats = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Config:
    """What a model is of, as in its file.

    Attributes:
        task: Its name in :data:`~reactor_env.worlds.dream.tasks.TASKS`.
        actions: How many actions there are.
        fps: Steps per second in real time.
        max_steps: Steps after which an episode is truncated.
        enlarge: Rows and columns of the shown picture for one of the model's.
        latent: Numbers that describe a picture.
        hidden: Units of the recurrent network.
        mixtures: Normal distributions that a change of one number is drawn from.
        openings: How many of the stored starts are first pictures of an episode.
    """

    task: str
    actions: int
    fps: float
    max_steps: int
    enlarge: tuple[int, int]
    latent: int
    hidden: int
    mixtures: int
    openings: int


@dataclass(frozen=True, slots=True)
class State:
    """Where N worlds are.

    Attributes:
        latent: (N, latent), the pictures.
        hidden: (N, hidden), what the recurrent network says.
        cell: (N, hidden), what it keeps.
    """

    latent: Floats
    hidden: Floats
    cell: Floats

    def take(self, index: Any) -> State:
        """Return some of the worlds, by any index of a first axis."""
        return State(self.latent[index], self.hidden[index], self.cell[index])

    def put(self, index: Any, other: State) -> None:
        """Replace some of the worlds in place."""
        self.latent[index] = other.latent
        self.hidden[index] = other.hidden
        self.cell[index] = other.cell


@dataclass(frozen=True, slots=True)
class Noise:
    """What chance decides in one step.

    Attributes:
        choice: (N, latent) uniform on [0, 1): which normal distribution.
        spread: (N, latent) standard normal: where in it.
        end: (N,) uniform on [0, 1): whether the episode ends.
    """

    choice: Floats
    spread: Floats
    end: Floats

    @classmethod
    def draw(cls, rng: np.random.Generator, count: int, latent: int) -> Self:
        """Draw the noise of one step of ``count`` worlds."""
        return cls(
            rng.random((count, latent), np.float32),
            rng.standard_normal((count, latent), np.float32),
            rng.random(count, np.float32),
        )


@dataclass(frozen=True, slots=True)
class Outcome:
    """What one step gave.

    Attributes:
        state: Where the worlds are now.
        reward: (N,).
        end: (N,) the probability that the episode ended.
    """

    state: State
    reward: Floats
    end: Floats


class DreamModel:
    """A learned world.

    Args:
        config: What it is of.
        arrays: Its weights, by the names that :mod:`reactor_env.worlds.dream.export` gives them;
            any float type.
        training: How it was trained.
    """

    def __init__(
        self,
        config: Config,
        arrays: Mapping[str, NDArray[Any]],
        training: Mapping[str, Any] | None = None,
    ) -> None:
        self.config = config
        self.training = dict(training or {})
        self.starts = State(*(arrays[f"starts.{part}"].astype(np.float32) for part in _STATE))
        self._w = {
            name: np.ascontiguousarray(array, np.float32)
            for name, array in arrays.items()
            if not name.startswith("starts.")
        }
        self._layers = sum(name.startswith("encoder.") for name in self._w) // 2

    @classmethod
    def load(cls, path: Path) -> Self:
        """Read a model's ``.npz`` file."""
        with np.load(path, allow_pickle=False) as stored:
            arrays = dict(stored)
        table = json.loads(str(arrays.pop("config")))
        table["enlarge"] = tuple(table["enlarge"])
        training = json.loads(str(arrays.pop("training")))
        return cls(Config(**table), arrays, training)

    @property
    def parameters(self) -> int:
        """How many weights there are."""
        return sum(array.size for array in self._w.values())

    def encode(self, pictures: Pixels) -> Floats:
        """Return (N, latent) for (N, 64, 64, 3) uint8 pictures."""
        x: Floats = pictures.astype(np.float32)
        x /= 255
        for layer in range(self._layers):
            x = _convolve(x, self._w[f"encoder.{layer}.weight"], self._w[f"encoder.{layer}.bias"])
            np.maximum(x, 0, out=x)
        flat = x.reshape(len(x), -1)
        latent: Floats = flat @ self._w["to_latent.weight"] + self._w["to_latent.bias"]
        return latent

    def decode(self, latent: Floats) -> Pixels:
        """Return (N, 64, 64, 3) uint8 pictures for (N, latent)."""
        values = self.decode_floats(latent)
        values *= 255
        values += 0.5
        return values.astype(np.uint8)

    def decode_floats(self, latent: Floats) -> Floats:
        """Return (N, 64, 64, 3) pictures of values from 0 to 1 for (N, latent)."""
        x = latent @ self._w["from_latent.weight"] + self._w["from_latent.bias"]
        side = SIDE >> self._layers
        x = x.reshape(len(latent), side, side, -1)
        for layer in range(self._layers):
            np.maximum(x, 0, out=x)
            weight, bias = self._w[f"decoder.{layer}.weight"], self._w[f"decoder.{layer}.bias"]
            x = _convolve_transposed(x, weight, bias)
        return _sigmoid(x)

    def begin(self, latent: Floats) -> State:
        """Return the state of worlds whose first pictures are given as latents."""
        nothing = np.zeros((len(latent), self.config.hidden), np.float32)
        return State(latent, nothing, nothing.copy())

    def recall(self, state: State, actions: NDArray[Any]) -> tuple[Floats, Floats]:
        """Return (hidden, cell) of the recurrent network after (N,) actions."""
        w, size = self._w, self.config.hidden
        gates = state.latent @ w["memory.from_latent"]
        gates += w["memory.from_action"][actions]
        gates += state.hidden @ w["memory.from_hidden"]
        gates += w["memory.bias"]
        keep = _sigmoid(gates[:, : 3 * size])  # let in, keep, let out
        new = np.tanh(gates[:, 3 * size :])
        cell = keep[:, size : 2 * size] * state.cell + keep[:, :size] * new
        return keep[:, 2 * size :] * np.tanh(cell), cell

    def step(
        self, state: State, actions: NDArray[Any], noise: Noise, temperature: float = 1.0
    ) -> Outcome:
        """Advance every world by one action.

        Args:
            state: Where they are.
            actions: (N,) integers.
            noise: What chance decides; ``noise.end`` is the caller's to compare with ``end``.
            temperature: How much chance counts: 1 as learned, 0 not at all.
        """
        hidden, cell = self.recall(state, actions)
        latent = state.latent + self._change(hidden, noise, temperature)
        reward, end = self.judge(hidden, latent)
        return Outcome(State(latent, hidden, cell), reward, end)

    def _change(self, hidden: Floats, noise: Noise, temperature: float) -> Floats:
        w, config = self._w, self.config
        mixture = hidden @ w["change.weight"] + w["change.bias"]
        mixture = mixture.reshape(len(hidden), 3, config.latent, config.mixtures)
        logits, centres, spreads = mixture[:, 0], mixture[:, 1], mixture[:, 2]
        if temperature == 0:
            chosen = logits.argmax(-1)[..., None]
            centre: Floats = np.take_along_axis(centres, chosen, -1)[..., 0]
            return centre
        logits = logits / np.float32(temperature)
        likely = np.exp(logits - logits.max(-1, keepdims=True))
        below = np.cumsum(likely, -1)
        chosen = (below[..., :-1] <= noise.choice[..., None] * below[..., -1:]).sum(-1)[..., None]
        centre = np.take_along_axis(centres, chosen, -1)[..., 0]
        spread = np.exp(np.clip(np.take_along_axis(spreads, chosen, -1)[..., 0], *SPREAD_BOUNDS))
        change: Floats = centre + spread * np.float32(temperature**0.5) * noise.spread
        return change

    def judge(self, hidden: Floats, latent: Floats) -> tuple[Floats, Floats]:
        """Return rewards and probabilities of an end, (N,) each, for the latents reached."""
        w = self._w
        inner = np.concatenate([hidden, latent], 1) @ w["judge.0.weight"] + w["judge.0.bias"]
        judged = np.maximum(inner, 0) @ w["judge.1.weight"] + w["judge.1.bias"]
        return judged[:, 0], _sigmoid(judged[:, 1])


_STATE = ("latent", "hidden", "cell")


def _sigmoid(x: Floats) -> Floats:
    # exp(80) is far from the end of float32, and nothing changes beyond.
    y = np.exp(np.clip(-x, -80, 80))
    y += 1
    return np.reciprocal(y)


def _convolve(x: Floats, weight: Floats, bias: Floats) -> Floats:
    """Convolve (N, H, W, C) with (16 * C, D) at 4x4, stride 2, padding 1, to (N, H/2, W/2, D)."""
    count, height, width, channels = x.shape
    padded: Floats = np.zeros((count, height + 2, width + 2, channels), np.float32)
    padded[:, 1:-1, 1:-1] = x
    windows = np.lib.stride_tricks.sliding_window_view(padded, (4, 4), (1, 2))[:, ::2, ::2]
    columns = windows.transpose(0, 1, 2, 4, 5, 3).reshape(-1, 16 * channels)
    y = columns @ weight
    y += bias
    return y.reshape(count, height // 2, width // 2, -1)


def _convolve_transposed(x: Floats, weight: Floats, bias: Floats) -> Floats:
    """Undo the shape of :func:`_convolve`: (N, H, W, C) and (C, 16 * D) to (N, 2H, 2W, D)."""
    count, height, width, channels = x.shape
    # Each pixel spreads to 4x4, that is 2x2 blocks of 2x2; neighbours overlap by a block.
    spread = (x.reshape(-1, channels) @ weight).reshape(count, height, width, 2, 2, 2, 2, -1)
    spread = spread.transpose(3, 5, 0, 1, 4, 2, 6, 7)  # blocks down, across; N, H, 2, W, 2, D
    y: Floats = np.zeros((count, height + 1, 2, width + 1, 2, len(bias)), np.float32)
    for down in range(2):
        for across in range(2):
            y[:, down : down + height, :, across : across + width] += spread[down, across]
    y += bias
    whole = y.reshape(count, 2 * height + 2, 2 * width + 2, -1)
    return whole[:, 1:-1, 1:-1]
