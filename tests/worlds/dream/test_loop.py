from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from torch import nn

from reactor_env.worlds.dream import loop


def network() -> nn.Linear:
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        return nn.Linear(3, 1)


class Loss:
    """A loss that can be told to stop the training at a step."""

    def __init__(self, net: nn.Module, stop_at: int = -1) -> None:
        self.net, self.stop_at, self.calls = net, stop_at, 0

    def __call__(self, rng: np.random.Generator, chance: torch.Generator) -> torch.Tensor:
        if self.calls == self.stop_at:
            raise KeyboardInterrupt
        self.calls += 1
        x = torch.from_numpy(rng.normal(size=(4, 3)).astype(np.float32))
        away: torch.Tensor = self.net(x + torch.randn(4, 3, generator=chance)) - 1
        return away.square().mean()


def test_an_interrupted_training_goes_on_as_if_it_had_not_been(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(loop, "SAVE_EVERY_S", -1.0)
    whole, part, rest = network(), network(), network()
    arguments = {"steps": 20, "learning_rate": 0.1, "seed": 7}
    loop.train(whole, Loss(whole), tmp_path / "whole.pt", **arguments)  # type: ignore[arg-type]
    with pytest.raises(KeyboardInterrupt):
        loop.train(part, Loss(part, 8), tmp_path / "part.pt", **arguments)  # type: ignore[arg-type]
    loss = Loss(rest)
    loop.train(rest, loss, tmp_path / "part.pt", **arguments)  # type: ignore[arg-type]
    assert loss.calls == 12
    assert torch.equal(whole.weight, rest.weight)
    assert torch.equal(whole.bias, rest.bias)


def test_a_finished_training_is_not_done_again(tmp_path: Path) -> None:
    first, second = network(), network()
    path = tmp_path / "net.pt"
    loop.train(first, Loss(first), path, steps=5, learning_rate=0.1, seed=7)
    loss = Loss(second)
    loop.train(second, loss, path, steps=5, learning_rate=0.1, seed=7)
    assert loss.calls == 0
    assert torch.equal(first.weight, second.weight)


def test_a_loss_that_is_not_finite_stops_the_training(tmp_path: Path) -> None:
    net = network()
    with torch.no_grad():
        net.bias.fill_(float("inf"))
    with pytest.raises(FloatingPointError, match="the loss of step 0 is inf"):
        loop.train(net, Loss(net), tmp_path / "n.pt", steps=5, learning_rate=0.1, seed=7)
    assert not (tmp_path / "n.pt").exists()
