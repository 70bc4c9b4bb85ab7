from __future__ import annotations

import math

import numpy as np
import pytest
import torch

from reactor_env.worlds.dream.memory import (
    BURN_IN,
    Memory,
    MemoryLoss,
    Sequences,
    log_likelihood,
)

STEPS = np.array([3, 40, 1, 17])


def numbered() -> Sequences:
    """Make episodes whose latents are their frames' numbers within the episode."""
    frames = np.concatenate([np.arange(n + 1) for n in STEPS]).astype(np.float32)
    steps = np.concatenate([np.arange(n) for n in STEPS])
    ends = np.concatenate([np.arange(n) == n - 1 for n in STEPS]).astype(np.float32)
    return Sequences(
        means=np.stack([frames, frames], 1),
        spreads=np.full((len(frames), 2), -40, np.float32),
        actions=steps % 2,
        rewards=steps.astype(np.float32),
        ends=ends,
        steps=STEPS,
    )


class Spy(Memory):
    """A network that writes down what it is asked."""

    def __init__(self) -> None:
        super().__init__(2, 2, 8, 2)
        self.seen: list[torch.Tensor] = []
        self.done: list[torch.Tensor] = []
        self.reached: list[torch.Tensor] = []

    def recall(  # type: ignore[no-untyped-def]
        self, latents, actions, state=None
    ):
        self.seen.append(latents)
        self.done.append(actions)
        return super().recall(latents, actions, state)

    def judged(self, hidden, latents):  # type: ignore[no-untyped-def]
        self.reached.append(latents)
        return super().judged(hidden, latents)


def test_the_likelihood_of_one_normal_is_its_density() -> None:
    weights = torch.zeros(1, 1, 1)
    centres, spreads = torch.full((1, 1, 1), 0.5), torch.full((1, 1, 1), math.log(2))
    found = log_likelihood((weights, centres, spreads), torch.tensor([[1.5]]))
    assert float(found) == pytest.approx(-0.5 * 0.25 - math.log(2 * math.sqrt(2 * math.pi)))


def test_the_likelihood_of_a_mixture_is_the_weighted_sum_of_densities() -> None:
    mixture = (
        torch.tensor([0.3, 0.7]).log()[None, None],
        torch.tensor([0.0, 3.0])[None, None],
        torch.tensor([1.0, 0.5]).log()[None, None],
    )
    first = math.exp(-0.5 * 2.0**2) / math.sqrt(2 * math.pi)
    second = math.exp(-0.5 * ((2.0 - 3.0) / 0.5) ** 2) / (0.5 * math.sqrt(2 * math.pi))
    found = log_likelihood(mixture, torch.tensor([[2.0]]))
    assert float(found) == pytest.approx(math.log(0.3 * first + 0.7 * second))


def test_windows_stay_within_an_episode_and_in_order() -> None:
    spy = Spy()
    loss = MemoryLoss(spy, numbered(), batch=64, window=8)
    for seed in range(20):
        loss(np.random.default_rng(seed), torch.Generator().manual_seed(seed))
    now, then = torch.cat(spy.seen)[..., 0], torch.cat(spy.reached)[..., 0]
    change = (then - now).round()
    # One frame on; at the end of an episode, behind which nothing counts, it stays.
    assert set(change.flatten().tolist()) == {0.0, 1.0}
    assert (change[:, 1:] <= change[:, :-1]).all()
    inside = change == 1
    assert torch.equal(torch.cat(spy.done)[inside], (now.round().long() % 2)[inside])
    assert int(then.max().round()) == 40


def test_what_lies_behind_the_end_of_an_episode_does_not_count() -> None:
    data = numbered()
    network = Memory(2, 2, 8, 2)
    loss = MemoryLoss(network, data, batch=32, window=8)
    value = loss(np.random.default_rng(0), torch.Generator().manual_seed(0))
    assert torch.isfinite(value)
    short = Sequences(
        data.means[:4],
        data.spreads[:4],
        data.actions[:3],
        data.rewards[:3],
        data.ends[:3],
        STEPS[:1],
    )
    narrow, wide = (
        MemoryLoss(network, short, batch=4, window=window)(
            np.random.default_rng(1), torch.Generator().manual_seed(1)
        )
        for window in (3, 12)
    )
    assert narrow.item() == pytest.approx(wide.item(), rel=1e-5)


def test_a_window_inside_an_episode_first_takes_up_its_past() -> None:
    data = numbered()
    spoilt = Sequences(
        data.means,
        data.spreads,
        data.actions,
        np.where(data.rewards < BURN_IN, data.rewards, 1e6).astype(np.float32),
        data.ends,
        data.steps,
    )
    # Windows that begin inside are no longer than what does not count, so that only the first
    # steps of episodes are left.
    loss = MemoryLoss(Memory(2, 2, 8, 2), spoilt, batch=64, window=BURN_IN)
    value = loss(np.random.default_rng(0), torch.Generator().manual_seed(0))
    assert value.item() < 1e5


def test_a_judge_that_sees_no_picture_judges_by_the_past_alone() -> None:
    for sees in (True, False):
        network = Memory(2, 2, 8, 2, judge_sees=sees)
        hidden = torch.randn(5, 8)
        one, other = (network.judged(hidden, latents)[1] for latents in torch.randn(2, 5, 2))
        assert torch.equal(one, other) is not sees
        # A model's file does not say which it is.
        assert bool(network.get_parameter("judge.0.weight")[:, 8:].any()) is sees


def test_what_a_blind_judge_does_not_see_it_does_not_learn_from() -> None:
    network = Memory(2, 2, 8, 2, judge_sees=False)
    loss = MemoryLoss(network, numbered(), batch=8, window=8)
    optimizer = torch.optim.Adam(network.parameters(), lr=0.1)
    for step in range(3):
        optimizer.zero_grad()
        loss(np.random.default_rng(step), torch.Generator().manual_seed(step)).backward()  # type: ignore[no-untyped-call]
        optimizer.step()
    assert not network.get_parameter("judge.0.weight")[:, 8:].any()


def test_16_bit_floats_give_nearly_the_same_loss() -> None:
    network = Memory(2, 2, 8, 2)
    exact, rough = (
        MemoryLoss(network, numbered(), batch=32, window=8, bfloat16=bfloat16)(
            np.random.default_rng(1), torch.Generator().manual_seed(1)
        ).item()
        for bfloat16 in (False, True)
    )
    assert rough != exact
    assert rough == pytest.approx(exact, rel=0.02)
