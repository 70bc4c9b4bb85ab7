"""A training loop that can be interrupted and goes on as if it had not been."""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch
from torch import nn

from reactor_env.files import replacing

SAVE_EVERY_S = 20.0
"""Seconds of work that an interruption may lose."""

Loss = Callable[[np.random.Generator, torch.Generator], torch.Tensor]
"""The loss of one step. Its random numbers depend on the seed and the step alone."""


def train(
    network: nn.Module,
    loss: Loss,
    path: Path,
    *,
    steps: int,
    learning_rate: float,
    seed: int,
    advance: Callable[[int, float], None] = lambda _step, _loss: None,
) -> None:
    """Train a network by Adam, from where its file stands.

    The learning rate rises over the first steps and falls along a cosine.

    Args:
        network: Trained in place; takes up what ``path`` holds.
        loss: Called once per step.
        path: Where the network and the optimizer are kept.
        steps: Gradient steps altogether.
        learning_rate: The highest.
        seed: Of the steps.
        advance: Told how many steps were done, and a running mean of the loss.
    """
    optimizer = torch.optim.Adam(network.parameters(), lr=learning_rate)
    first, mean = 0, math.nan
    if path.exists():
        kept = torch.load(path, weights_only=True)
        network.load_state_dict(kept["network"])
        optimizer.load_state_dict(kept["optimizer"])
        first, mean = kept["steps"], kept["loss"]
    advance(first, mean)
    saved = time.monotonic()
    network.train()
    for step in range(first, steps):
        warm = min(1.0, (step + 1) / 100)
        for group in optimizer.param_groups:
            group["lr"] = learning_rate * warm * 0.5 * (1 + math.cos(math.pi * step / steps))
        chance = torch.Generator().manual_seed(seed * 1_000_003 + step)
        value = loss(np.random.default_rng([seed, step]), chance)
        optimizer.zero_grad(set_to_none=True)
        value.backward()  # type: ignore[no-untyped-call]
        nn.utils.clip_grad_norm_(network.parameters(), 1.0)
        optimizer.step()
        now = float(value.detach())
        if not math.isfinite(now):
            raise FloatingPointError(f"the loss of step {step} is {now}")
        mean = now if math.isnan(mean) else 0.99 * mean + 0.01 * now
        advance(1, mean)
        if step + 1 == steps or time.monotonic() - saved > SAVE_EVERY_S:
            _save(path, network, optimizer, step + 1, mean)
            saved = time.monotonic()
    network.eval()


def _save(
    path: Path, network: nn.Module, optimizer: torch.optim.Optimizer, steps: int, loss: float
) -> None:
    with replacing(path) as partial:
        torch.save(
            {
                "network": network.state_dict(),
                "optimizer": optimizer.state_dict(),
                "steps": steps,
                "loss": loss,
            },
            partial,
        )
