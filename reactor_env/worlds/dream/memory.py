"""The recurrent network: how latents change under actions, what is earned, what ends; in torch."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn
from torch.nn import functional

from reactor_env.worlds.dream.numpy_model import SPREAD_BOUNDS
from reactor_env.worlds.dream.vision import draw

BURN_IN = 5
"""Steps that do not count where a window begins inside an episode: the network has no past there,
and shall take an empty memory for the beginning of an episode."""

JUDGE_WIDTH = 64


class Memory(nn.Module):
    """One recurrent layer, a mixture of normals for each latent's change, and a judge.

    The judge sees the new latent too, where it can: reward and end go with what is shown.

    Args:
        latent: Numbers that describe a picture.
        actions: How many actions there are.
        hidden: Units of the recurrent layer.
        mixtures: Normal distributions for each latent.
        judge_sees: Whether the judge sees the new latent, which needs pictures of ends.
    """

    def __init__(
        self, latent: int, actions: int, hidden: int, mixtures: int, *, judge_sees: bool = True
    ) -> None:
        super().__init__()
        self.latent, self.actions, self.mixtures = latent, actions, mixtures
        self.recurrent = nn.LSTM(latent + actions, hidden, batch_first=True)
        self.change = nn.Linear(hidden, 3 * latent * mixtures)
        first = nn.Linear(hidden + latent, JUDGE_WIDTH)
        self.judge = nn.Sequential(first, nn.ReLU(), nn.Linear(JUDGE_WIDTH, 2))
        self.judge_sees = judge_sees
        if not judge_sees:  # and these weights stay zero, so that others need not know of it
            with torch.no_grad():
                first.weight[:, hidden:] = 0

    def recall(
        self,
        latents: torch.Tensor,
        actions: torch.Tensor,
        state: tuple[torch.Tensor, torch.Tensor] | None = None,
    ) -> tuple[torch.Tensor, tuple[torch.Tensor, torch.Tensor]]:
        """Return (N, T, hidden) after each of T latents and actions, and the last state."""
        chosen = functional.one_hot(actions, self.actions).to(latents.dtype)
        outputs: tuple[torch.Tensor, tuple[torch.Tensor, torch.Tensor]] = self.recurrent(
            torch.cat([latents, chosen], -1), state
        )
        return outputs

    def mixture(self, hidden: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
        """Return log-weights, centres and log-spreads, (..., latent, mixtures) each."""
        shaped = self.change(hidden).float().unflatten(-1, (3, self.latent, self.mixtures))
        logits, centres, spreads = shaped.unbind(-3)
        return logits.log_softmax(-1), centres, spreads.clamp(*SPREAD_BOUNDS)

    def judged(
        self, hidden: torch.Tensor, latents: torch.Tensor
    ) -> tuple[torch.Tensor, torch.Tensor]:
        """Return rewards and the logits of an end, for the latents that were reached."""
        seen = latents if self.judge_sees else torch.zeros_like(latents)
        reward, end = self.judge(torch.cat([hidden, seen], -1)).float().unbind(-1)
        return reward, end


@dataclass(frozen=True, slots=True)
class Sequences:
    """Encoded episodes, end to end.

    Attributes:
        means: (frames, latent) of the latents.
        spreads: (frames, latent), their log-variances.
        actions: (steps,) of all episodes.
        rewards: (steps,).
        ends: (steps,) 1 where the episode terminated.
        steps: (episodes,) how many each has; it has one frame more.
    """

    means: NDArray[np.float32]
    spreads: NDArray[np.float32]
    actions: NDArray[np.int64]
    rewards: NDArray[np.float32]
    ends: NDArray[np.float32]
    steps: NDArray[np.int64]


class MemoryLoss:
    """The loss of one batch of windows: likelihood of the changes, rewards and ends.

    Args:
        network: The network.
        data: What it learns from.
        batch: Windows at a time.
        window: Steps of each.
        bfloat16: Whether the network calculates with 16-bit floats.
    """

    def __init__(
        self,
        network: Memory,
        data: Sequences,
        batch: int,
        window: int,
        *,
        bfloat16: bool = False,
    ) -> None:
        self._network = network
        self._bfloat16 = bfloat16
        self._data = data
        self._batch, self._window = batch, window
        self._first_step = np.cumsum([0, *data.steps[:-1]])
        # An episode is chosen as often as it has steps.
        self._of_step = np.repeat(np.arange(len(data.steps)), data.steps)

    def __call__(self, rng: np.random.Generator, chance: torch.Generator) -> torch.Tensor:
        """Return the loss per step."""
        data, window = self._data, self._window
        episode = self._of_step[rng.integers(len(self._of_step), size=self._batch)]
        steps = data.steps[episode]
        # As likely before the beginning, which is then the beginning, as near the end.
        begin = np.maximum(rng.integers(-window // 2, np.maximum(steps - window // 2, 1)), 0)
        offset = begin[:, None] + np.arange(window + 1)
        counts = offset[:, :-1] < steps[:, None]
        counts &= (begin == 0)[:, None] | (np.arange(window) >= BURN_IN)
        first = self._first_step[episode][:, None]
        step = first + np.minimum(offset[:, :-1], steps[:, None] - 1)
        # One frame more than steps in each episode before.
        frames = first + episode[:, None] + np.minimum(offset, steps[:, None])
        latents = draw(_tensor(data.means[frames]), _tensor(data.spreads[frames]), chance)
        with torch.autocast("cpu", dtype=torch.bfloat16, enabled=self._bfloat16):
            hidden, _ = self._network.recall(latents[:, :-1], _tensor(data.actions[step]))
            mixture = self._network.mixture(hidden)
            reward, end = self._network.judged(hidden, latents[:, 1:])
        likelihood = log_likelihood(mixture, latents[:, 1:] - latents[:, :-1])
        valid = _tensor(counts)
        ended = functional.binary_cross_entropy_with_logits(
            end, _tensor(data.ends[step]), reduction="none"
        )
        missed = (reward - _tensor(data.rewards[step])).square()
        return ((ended + missed - likelihood) * valid).sum() / valid.sum()


def log_likelihood(
    mixture: tuple[torch.Tensor, torch.Tensor, torch.Tensor], change: torch.Tensor
) -> torch.Tensor:
    """Return the mean over the latents of the log-density of their changes."""
    weights, centres, spreads = mixture
    away = (change[..., None] - centres) * (-spreads).exp()
    each = weights - 0.5 * away.square() - spreads - 0.5 * math.log(2 * math.pi)
    return each.logsumexp(-1).mean(-1)


def _tensor(array: NDArray[np.generic]) -> torch.Tensor:
    return torch.from_numpy(np.ascontiguousarray(array))
