"""PPO from pixels on whole episodes, in one file.

Plays episodes of a world through ``reactor_env`` in stepped mode, so that the world waits while the
network learns, and improves the policy after every batch of them: clipped surrogate objective of
Schulman et al. (2017, arXiv:1707.06347), generalized advantage estimation (arXiv:1506.02438), the
learning rate annealed to zero. Meant for short episodes, like those of ``catch``; one that was
truncated counts as one that ended.

    python agents/ppo.py --out out/ppo

Needs ``pip install "reactor-env[local,torch]"``; with ``[native]`` too, stepping is faster.
"""

from __future__ import annotations

import json
import time
from collections import deque
from dataclasses import asdict, dataclass
from itertools import islice
from pathlib import Path
from typing import Any

import gymnasium as gym
import numpy as np
import torch
import tyro
from numpy.typing import NDArray
from rich.progress import Progress
from torch import nn

import reactor_env  # noqa: F401 - registers the environment


@dataclass
class Args:
    """What to train."""

    world: str = "catch"
    """the world, as for the environment"""
    episodes: int = 4000
    """episodes to train on"""
    batch_episodes: int = 32
    """episodes between two improvements of the policy"""
    epochs: int = 6
    """passes over a batch"""
    minibatch: int = 128
    """steps per gradient step"""
    clip: float = 0.2
    """how far the policy may move on a batch"""
    size: int = 16
    """observations are gray and this many pixels wide and high"""
    learning_rate: float = 1e-3
    """of Adam, at the start"""
    gamma: float = 0.99
    """discount of later rewards"""
    gae_lambda: float = 0.95
    """of the advantage estimate"""
    entropy: float = 0.05
    """weight of the entropy bonus; with less, a policy may settle before it has tried everything"""
    seed: int = 1
    """of the network, the actions and the first episode"""
    evaluate: int = 100
    """episodes of the greedy policy at the end"""
    out: Path | None = None
    """folder for policy.pt and result.json; nothing is written without it"""


def orthogonal[Layer: nn.Conv2d | nn.Linear](layer: Layer, gain: float = 2**0.5) -> Layer:
    """Give a layer orthogonal weights and no bias; the gain makes up for a ReLU behind it."""
    nn.init.orthogonal_(layer.weight, gain)
    assert layer.bias is not None
    nn.init.zeros_(layer.bias)
    return layer


class Network(nn.Module):
    """A policy head and a value head on a small convolutional trunk.

    Args:
        size: Pixels of a side of the (1, size, size) observations.
        actions: How many actions there are.
    """

    def __init__(self, size: int, actions: int) -> None:
        super().__init__()
        self.trunk = nn.Sequential(
            orthogonal(nn.Conv2d(1, 16, 3, stride=1, padding=1)),
            nn.ReLU(),
            orthogonal(nn.Conv2d(16, 16, 3, stride=2, padding=1)),
            nn.ReLU(),
            nn.Flatten(),
            orthogonal(nn.Linear(16 * ((size + 1) // 2) ** 2, 128)),
            nn.ReLU(),
        )
        # Nearly equal probabilities at the start, so that every action is tried.
        self.policy = orthogonal(nn.Linear(128, actions), gain=0.01)
        self.value = orthogonal(nn.Linear(128, 1), gain=1.0)

    def forward(self, observations: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """Return action logits (N, actions) and values (N,) for uint8 (N, 1, size, size)."""
        pixels = observations.float()
        # A picture is mostly background: unless that is near zero, all pictures look alike.
        mean = pixels.mean((1, 2, 3), keepdim=True)
        deviation = pixels.std((1, 2, 3), keepdim=True)
        features = self.trunk((pixels - mean) / (deviation + 1e-3))
        return self.policy(features), self.value(features).squeeze(-1)


@dataclass
class Episode:
    """One played episode: what was seen, done and earned at each step."""

    observations: list[NDArray[np.uint8]]
    actions: list[int]
    rewards: list[float]


def play(env: gym.Env[Any, Any], network: Network, *, seed: int | None, greedy: bool) -> Episode:
    """Play one episode, with the most probable actions or with drawn ones."""
    episode = Episode([], [], [])
    observation, _ = env.reset(seed=seed)
    over = False
    while not over:
        with torch.no_grad():
            logits, _ = network(torch.from_numpy(observation)[None])
        action = int(logits.argmax() if greedy else torch.multinomial(logits.softmax(-1), 1))
        episode.observations.append(observation)
        observation, reward, terminated, truncated, info = env.step(action)
        if "session_lost" in info:
            raise RuntimeError(info["session_lost"])
        episode.actions.append(action)
        episode.rewards.append(float(reward))
        over = terminated or truncated
    return episode


def advantages(rewards: list[float], values: list[float], args: Args) -> list[float]:
    """Estimate the advantage of each step of an episode that ended by itself."""
    result = [0.0] * len(rewards)
    following, running = 0.0, 0.0
    for t in reversed(range(len(rewards))):
        delta = rewards[t] + args.gamma * following - values[t]
        running = delta + args.gamma * args.gae_lambda * running
        result[t] = running
        following = values[t]
    return result


def learn(
    network: Network, optimizer: torch.optim.Optimizer, batch: list[Episode], args: Args
) -> None:
    """Improve the policy on a batch of episodes."""
    observations = torch.from_numpy(np.stack([o for e in batch for o in e.observations]))
    actions = torch.tensor([a for e in batch for a in e.actions])
    with torch.no_grad():
        logits, values = network(observations)
        old = logits.log_softmax(-1)[torch.arange(len(actions)), actions]
    each = iter(values.tolist())
    gains = torch.tensor(
        [
            gain
            for episode in batch
            for gain in advantages(episode.rewards, list(islice(each, len(episode.rewards))), args)
        ]
    )
    targets = gains + values
    for _ in range(args.epochs):
        order = torch.randperm(len(actions))
        for start in range(0, len(order), args.minibatch):
            chosen = order[start : start + args.minibatch]
            logits, estimates = network(observations[chosen])
            log_probabilities = logits.log_softmax(-1)
            new = log_probabilities[torch.arange(len(chosen)), actions[chosen]]
            ratio = (new - old[chosen]).exp()
            gain = gains[chosen]
            # A minibatch of one step has no sample deviation, only this one.
            gain = (gain - gain.mean()) / (gain.std(correction=0) + 1e-8)
            clipped = ratio.clamp(1 - args.clip, 1 + args.clip)
            entropy = -(log_probabilities.exp() * log_probabilities).sum(-1)
            loss = (
                -torch.min(ratio * gain, clipped * gain).mean()
                + 0.5 * (targets[chosen] - estimates).pow(2).mean()
                - args.entropy * entropy.mean()
            )
            optimizer.zero_grad()
            loss.backward()
            nn.utils.clip_grad_norm_(network.parameters(), 0.5)
            optimizer.step()


def train(env: gym.Env[Any, Any], network: Network, args: Args) -> None:
    """Play and learn."""
    optimizer = torch.optim.Adam(network.parameters(), lr=args.learning_rate, eps=1e-5)
    recent: deque[float] = deque(maxlen=200)
    batch: list[Episode] = []
    with Progress() as progress:
        task = progress.add_task("training", total=args.episodes)
        for number in range(args.episodes):
            batch.append(play(env, network, seed=args.seed if number == 0 else None, greedy=False))
            recent.append(sum(batch[-1].rewards))
            if len(batch) == args.batch_episodes:
                optimizer.param_groups[0]["lr"] = args.learning_rate * (1 - number / args.episodes)
                learn(network, optimizer, batch, args)
                batch.clear()
            mean = float(np.mean(recent))
            text = f"mean return of the last {len(recent)}: {mean:+.2f}"
            progress.update(task, advance=1, description=text)


def main() -> None:
    """Train, evaluate, and print the result."""
    args = tyro.cli(Args)
    torch.manual_seed(args.seed)
    torch.set_num_threads(1)
    env = gym.make(
        "reactor_env/World-v0",
        world=args.world,
        mode="stepped",
        observation={"size": (args.size, args.size), "gray": True, "channels_first": True},
    )
    begin = time.perf_counter()
    try:
        assert isinstance(env.action_space, gym.spaces.Discrete), "needs a Discrete action space"
        network = Network(args.size, int(env.action_space.n))
        train(env, network, args)
        seconds = time.perf_counter() - begin
        returns = [
            sum(play(env, network, seed=10_000 + n, greedy=True).rewards)
            for n in range(args.evaluate)
        ]
    finally:
        env.close()
    # Normal approximation of the 95 % interval of the mean.
    half = 1.96 * float(np.std(returns, ddof=1)) / np.sqrt(len(returns))
    result = {
        "mean_return": float(np.mean(returns)),
        "ci95_half_width": float(half),
        "returns": returns,
        "train_seconds": seconds,
        "arguments": {key: str(value) for key, value in asdict(args).items()},
    }
    print(
        f"greedy return over {len(returns)} new episodes: {result['mean_return']:+.3f} "
        f"+- {half:.3f} (95 %), after {args.episodes} episodes in {seconds:.0f} s"
    )
    if args.out is not None:
        args.out.mkdir(parents=True, exist_ok=True)
        torch.save(network.state_dict(), args.out / "policy.pt")
        (args.out / "result.json").write_text(json.dumps(result, indent=2))
        print(f"wrote {args.out / 'policy.pt'} and {args.out / 'result.json'}")


if __name__ == "__main__":
    main()
