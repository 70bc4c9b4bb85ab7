"""The picture model: a convolutional variational autoencoder of 64x64 pictures, in torch."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn
from torch.nn import functional

from reactor_env.worlds.dream.collect import Episode
from reactor_env.worlds.dream.numpy_model import SIDE, Pixels

SIGMA = 0.08
"""Standard deviation of a pixel around what the decoder says: how exact a picture has to be."""

LOG_VARIANCE_BOUNDS = (-8.0, 1.0)
"""Of a latent; an upper bound well above that of the prior lets numbers that say nothing grow."""

MOTION_WEIGHT = 10.0
"""How much more an error weighs where the picture has just changed: small moving things matter."""


class Vision(nn.Module):
    """Pictures to latents and back.

    Args:
        channels: Of the encoder's convolutions, each of which halves the picture.
        latent: Numbers that describe a picture.
    """

    def __init__(self, channels: Sequence[int], latent: int) -> None:
        super().__init__()
        widths = [3, *channels]
        pairs = list(pairwise(widths))
        self.encoder = nn.ModuleList(nn.Conv2d(a, b, 4, stride=2, padding=1) for a, b in pairs)
        self.decoder = nn.ModuleList(
            nn.ConvTranspose2d(b, a, 4, stride=2, padding=1) for a, b in reversed(pairs)
        )
        self.side = SIDE >> len(channels)
        flat = channels[-1] * self.side**2
        self.to_latent = nn.Linear(flat, latent)
        self.to_log_variance = nn.Linear(flat, latent)
        self.from_latent = nn.Linear(latent, flat)

    @torch.no_grad()
    def begin_at(self, frames: Pixels) -> None:
        """Let the untrained decoder show the mean colour of some frames, (N, 64, 64, 3).

        Otherwise all weights learn that first: a bright background once drove every unit of the
        decoder below zero, for good, and it showed nothing but its mean.
        """
        colour = torch.from_numpy(frames.mean((0, 1, 2))) / 255
        bias = self.decoder[-1].bias
        assert isinstance(bias, torch.Tensor)
        bias.copy_(colour.clamp(1 / 255, 254 / 255).logit())

    def encode(self, pictures: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """Return means and log-variances (N, latent) for (N, 3, 64, 64) from 0 to 1."""
        x = pictures
        for layer in self.encoder:
            x = functional.relu(layer(x))
        flat = x.flatten(1)
        spread = self.to_log_variance(flat).float().clamp(*LOG_VARIANCE_BOUNDS)
        return self.to_latent(flat).float(), spread

    def decode(self, latent: torch.Tensor) -> torch.Tensor:
        """Return (N, 3, 64, 64) pictures from 0 to 1."""
        x = self.from_latent(latent).unflatten(1, (-1, self.side, self.side))
        for layer in self.decoder:
            x = layer(functional.relu(x))
        picture: torch.Tensor = x.float().sigmoid()
        return picture


def draw(mean: torch.Tensor, spread: torch.Tensor, chance: torch.Generator) -> torch.Tensor:
    """Draw from the normal distributions with these means and log-variances."""
    noise = torch.empty_like(mean).normal_(generator=chance)
    return mean + noise * (0.5 * spread).exp()


class VisionLoss:
    """The loss of one batch of pictures: squared error, weighted by motion, and divergence.

    Args:
        network: The network.
        episodes: Where the pictures come from.
        batch: How many at a time.
    """

    def __init__(self, network: Vision, episodes: Sequence[Episode], batch: int) -> None:
        self._network = network
        self._frames = np.concatenate([e.frames for e in episodes])
        # Of the first picture of an episode, the one before is itself.
        self._before = np.arange(len(self._frames)) - 1
        lengths = [len(e.frames) for e in episodes]
        begins = np.cumsum([0, *lengths[:-1]])
        self._before[begins] = begins
        self._batch = batch

    def __call__(self, rng: np.random.Generator, chance: torch.Generator) -> torch.Tensor:
        """Return the loss per picture."""
        chosen = rng.integers(len(self._frames), size=self._batch)
        pictures = as_tensor(self._frames[chosen])
        moved = (pictures - as_tensor(self._frames[self._before[chosen]])).abs()
        with torch.autocast("cpu", dtype=torch.bfloat16):
            mean, spread = self._network.encode(pictures)
            shown = self._network.decode(draw(mean, spread, chance))
        weight = 1 + MOTION_WEIGHT * moved.amax(1, keepdim=True)
        error = (weight * (shown - pictures).square()).sum((1, 2, 3)) / (2 * SIGMA**2)
        divergence = 0.5 * (mean.square() + spread.exp() - 1 - spread).sum(1)
        return (error + divergence).mean()


def as_tensor(frames: Pixels) -> torch.Tensor:
    """Return (N, 3, 64, 64) floats from 0 to 1 for (N, 64, 64, 3) uint8."""
    # A view with the channels last in memory, which convolutions on a CPU are fastest with.
    return torch.from_numpy(frames).permute(0, 3, 1, 2).float().div_(255)


@torch.no_grad()
def explained(network: Vision, frames: Pixels) -> float:
    """Return the share of what differs between frames that the network's pictures have.

    1 is all of it; 0 is no more than the mean of the frames shows.
    """
    network.eval()
    pictures = as_tensor(frames)
    shown = network.decode(network.encode(pictures)[0])
    differs = (pictures - pictures.mean(0)).square().mean()
    return float(1 - (pictures - shown).square().mean() / differs)


@torch.no_grad()
def encode_all(
    network: Vision, frames: Pixels, batch: int = 256
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Return means and log-variances of the latents of all frames."""
    network.eval()
    found = [
        network.encode(as_tensor(frames[first : first + batch]))
        for first in range(0, len(frames), batch)
    ]
    means, spreads = zip(*found, strict=True)
    return torch.cat(means).numpy(), torch.cat(spreads).numpy()
