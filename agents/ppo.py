"""PPO from pixels, in one file.

Acts in a world through ``reactor_env``, in stepped mode, so that the world waits while the network
learns: clipped surrogate objective of Schulman et al. (2017, arXiv:1707.06347), generalized
advantage estimation (arXiv:1506.02438), the learning rate annealed to zero. One thread and
deterministic kernels: with equal seeds two runs in stepped mode are the same, bit for bit.

    python agents/ppo.py catch --out out/ppo
    python agents/ppo.py cartpole --seed 2

In streamed mode the world runs on in real time. The network learns only between two episodes, when
a bundled world waits for the first action, so that no frame passes unseen meanwhile; and each
action is paired with the first frame that shows it (pacing ``applied``).

Needs ``pip install "reactor-env[local,torch]"``; with ``[native]`` too, stepping is faster.
"""

from __future__ import annotations

import hashlib
import json
import time
from collections import deque
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Literal

import gymnasium as gym
import numpy as np
import torch
import tyro
from numpy.typing import NDArray
from rich.progress import Progress
from torch import nn

import reactor_env  # noqa: F401 - registers the environment
from reactor_env.evaluation import Interval, interval, iqm, mean

Pixels = NDArray[np.uint8]

FIRST_EVALUATION_SEED = 10_000
"""Of the episodes at the end; those of the training go on from the seed's random numbers."""


@dataclass
class Args:
    """What to train."""

    world: str = "catch"
    """the world, as for the environment"""
    mode: Literal["stepped", "streamed"] = "stepped"
    """whether the world waits for the agent"""
    steps: int = 40_320
    """steps to train on"""
    rollout: int = 480
    """steps between two improvements of the policy; streamed, on to the end of an episode"""
    epochs: int = 6
    """passes over a rollout"""
    minibatch: int = 120
    """steps per gradient step"""
    clip: float = 0.2
    """how far the policy may move on a rollout"""
    size: tuple[int, int] = (16, 16)
    """height and width of the gray pictures that the network sees"""
    stack: int = 1
    """how many of the last pictures it sees; the difference of two tells a speed"""
    learning_rate: float = 1e-3
    """of Adam, at the start"""
    reward_scale: float = 1.0
    """what rewards are multiplied by for learning, so that values are about 1"""
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


CATCH = Args()
CARTPOLE = Args(
    world="gym:CartPole-v1",
    steps=24_576,
    rollout=256,
    epochs=4,
    minibatch=128,
    size=(40, 60),
    stack=3,
    reward_scale=0.05,
    entropy=0.01,
)


def orthogonal[Layer: nn.Conv2d | nn.Linear](layer: Layer, gain: float = 2**0.5) -> Layer:
    """Give a layer orthogonal weights and no bias; the gain makes up for a ReLU behind it."""
    nn.init.orthogonal_(layer.weight, gain)
    assert layer.bias is not None
    nn.init.zeros_(layer.bias)
    return layer


class Network(nn.Module):
    """A policy head and a value head on a small convolutional trunk.

    Args:
        shape: Of an observation: pictures, oldest first, height and width.
        actions: How many actions there are.
    """

    def __init__(self, shape: tuple[int, int, int], actions: int) -> None:
        super().__init__()
        pictures, height, width = shape
        self.trunk = nn.Sequential(
            orthogonal(nn.Conv2d(pictures, 16, 5, stride=2, padding=2)),
            nn.ReLU(),
            orthogonal(nn.Conv2d(16, 32, 3, stride=2, padding=1)),
            nn.ReLU(),
            nn.Flatten(),
            orthogonal(nn.Linear(32 * ((height + 3) // 4) * ((width + 3) // 4), 128)),
            nn.ReLU(),
        )
        # Nearly equal probabilities at the start, so that every action is tried.
        self.policy = orthogonal(nn.Linear(128, actions), gain=0.01)
        self.value = orthogonal(nn.Linear(128, 1), gain=1.0)

    def forward(self, observations: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """Return log probabilities (N, actions) and values (N,) for uint8 (N, pictures, H, W)."""
        pixels = observations.float()
        newest = pixels[:, -1:]
        # A picture is mostly background: unless that is near zero, all pictures look alike.
        mean = newest.mean((1, 2, 3), keepdim=True)
        deviation = newest.std((1, 2, 3), keepdim=True) + 1e-3
        changes = newest - pixels[:, :-1]
        features = self.trunk(torch.cat([(newest - mean), 4 * changes], 1) / deviation)
        return self.policy(features).log_softmax(-1), self.value(features).squeeze(-1)


@dataclass
class Rollout:
    """Consecutive steps; the episodes among them follow each other without a gap.

    Attributes:
        observations: uint8 (N, pictures, H, W), what was seen before each step.
        actions: int64 (N,).
        log_probabilities: float32 (N,), of these actions when they were taken.
        values: float32 (N + 1,), of the observations, and of the one after the last step.
        rewards: float32 (N,), scaled; with what was to come where an episode was cut short.
        over: bool (N,), whether an episode ended with the step.
        returns: The returns of the episodes that ended.
    """

    observations: torch.Tensor
    actions: torch.Tensor
    log_probabilities: torch.Tensor
    values: torch.Tensor
    rewards: torch.Tensor
    over: torch.Tensor
    returns: list[float] = field(default_factory=list)


class Player:
    """Plays one environment, episode after episode.

    Args:
        env: Gives (1, H, W) uint8 pictures.
        args: What to train.
    """

    def __init__(self, env: gym.Env[Any, Any], args: Args) -> None:
        self._env = env
        self._whole = args.mode == "streamed"
        self._pictures: deque[Pixels] = deque(maxlen=args.stack)
        self._return = 0.0

    def begin(self, seed: int | None = None) -> Pixels:
        """Begin an episode and return its first observation."""
        picture, _ = self._env.reset(seed=seed)
        assert self._pictures.maxlen is not None
        self._pictures.extend([picture] * self._pictures.maxlen)
        self._return = 0.0
        return self._observation()

    def step(self, action: int) -> tuple[Pixels, float, bool, bool]:
        """Take an action; return the observation, the reward, terminated and truncated."""
        picture, reward, terminated, truncated, info = self._env.step(action)
        if "session_lost" in info:
            raise RuntimeError(info["session_lost"])
        self._pictures.append(picture)
        self._return += float(reward)
        return self._observation(), float(reward), terminated, truncated

    def collect(self, network: Network, args: Args) -> Rollout:
        """Play on with drawn actions for one rollout."""
        observations: list[Pixels] = []
        actions: list[int] = []
        likely: list[float] = []
        values: list[float] = []
        rewards: list[float] = []
        ends: list[bool] = []
        returns: list[float] = []
        observation = self._observation() if self._pictures else self.begin(args.seed)
        while len(actions) < args.rollout or (self._whole and not ends[-1]):
            log_probabilities, value = look(network, observation)
            action = int(torch.multinomial(log_probabilities.exp(), 1))
            observations.append(observation)
            actions.append(action)
            likely.append(float(log_probabilities[action]))
            values.append(value)
            observation, reward, terminated, truncated = self.step(action)
            reward *= args.reward_scale
            if truncated and not terminated:
                reward += args.gamma * look(network, observation)[1]
            rewards.append(reward)
            ends.append(terminated or truncated)
            if ends[-1]:
                returns.append(self._return)
                observation = self.begin()
        return Rollout(
            torch.from_numpy(np.stack(observations)),
            torch.tensor(actions),
            torch.tensor(likely),
            torch.tensor([*values, look(network, observation)[1]]),
            torch.tensor(rewards),
            torch.tensor(ends),
            returns,
        )

    def play(self, network: Network, seed: int) -> float:
        """Play one episode with the most probable actions and return what it gave."""
        observation, over = self.begin(seed), False
        while not over:
            action = int(look(network, observation)[0].argmax())
            observation, _, terminated, truncated = self.step(action)
            over = terminated or truncated
        self._pictures.clear()  # what is collected next begins with an episode of its own
        return self._return

    def _observation(self) -> Pixels:
        return np.concatenate(self._pictures)


@torch.no_grad()
def look(network: Network, observation: Pixels) -> tuple[torch.Tensor, float]:
    """Return the log probabilities (actions,) and the value of one observation."""
    log_probabilities, value = network(torch.from_numpy(observation)[None])
    return log_probabilities[0], float(value)


def advantages(rollout: Rollout, args: Args) -> torch.Tensor:
    """Estimate the advantage of each step; what comes after an episode does not count for it."""
    going = (~rollout.over).float()
    following = rollout.values[1:] * going
    deltas = rollout.rewards + args.gamma * following - rollout.values[:-1]
    result, running = torch.zeros_like(deltas), torch.zeros(())
    for t in reversed(range(len(deltas))):
        running = deltas[t] + args.gamma * args.gae_lambda * going[t] * running
        result[t] = running
    return result


def learn(network: Network, optimizer: torch.optim.Optimizer, rollout: Rollout, args: Args) -> None:
    """Improve the policy on a rollout."""
    gains = advantages(rollout, args)
    targets = gains + rollout.values[:-1]
    for _ in range(args.epochs):
        order = torch.randperm(len(gains))
        for start in range(0, len(order), args.minibatch):
            chosen = order[start : start + args.minibatch]
            log_probabilities, values = network(rollout.observations[chosen])
            new = log_probabilities.gather(1, rollout.actions[chosen, None]).squeeze(1)
            ratio = (new - rollout.log_probabilities[chosen]).exp()
            gain = gains[chosen]
            # A minibatch of one step has no sample deviation, only this one.
            gain = (gain - gain.mean()) / (gain.std(correction=0) + 1e-8)
            clipped = ratio.clamp(1 - args.clip, 1 + args.clip)
            entropy = -(log_probabilities.exp() * log_probabilities).sum(-1)
            loss = (
                -torch.min(ratio * gain, clipped * gain).mean()
                + 0.5 * (targets[chosen] - values).pow(2).mean()
                - args.entropy * entropy.mean()
            )
            optimizer.zero_grad()
            loss.backward()
            nn.utils.clip_grad_norm_(network.parameters(), 0.5)
            optimizer.step()


@dataclass(frozen=True)
class Update:
    """One improvement of the policy.

    Attributes:
        steps: How many steps were played until then.
        returns: The returns of the episodes that ended in its rollout.
        digest: Of all parameters of the network after it; equal where every bit of them is.
    """

    steps: int
    returns: list[float]
    digest: str


def digest(network: nn.Module) -> str:
    """Return a hash of a network's parameters, 16 hexadecimal digits."""
    hashed = hashlib.sha256()
    for name, tensor in network.state_dict().items():
        hashed.update(name.encode() + tensor.numpy().tobytes())
    return hashed.hexdigest()[:16]


def reproducible(seed: int) -> None:
    """Seed torch, and have it compute everything in one order."""
    torch.manual_seed(seed)
    torch.set_num_threads(1)
    torch.use_deterministic_algorithms(True)


def make_network(env: gym.Env[Any, Any], args: Args) -> Network:
    """Make the network for an environment, with weights drawn from torch's random numbers.

    Raises:
        ValueError: If the actions are not those of a ``Discrete`` space from 0.
    """
    space = env.action_space
    if not isinstance(space, gym.spaces.Discrete) or space.start != 0:
        raise ValueError(f"the world's actions must be Discrete(n), got {space}")
    return Network((args.stack, *args.size), int(space.n))


def train(player: Player, network: Network, args: Args) -> Iterator[Update]:
    """Play and learn, and tell of every improvement."""
    optimizer = torch.optim.Adam(network.parameters(), lr=args.learning_rate, eps=1e-5)
    steps = 0
    while steps < args.steps:
        optimizer.param_groups[0]["lr"] = args.learning_rate * (1 - steps / args.steps)
        rollout = player.collect(network, args)
        learn(network, optimizer, rollout, args)
        steps += len(rollout.actions)
        yield Update(steps, rollout.returns, digest(network))


def make_env(args: Args) -> gym.Env[Any, Any]:
    """Make the environment; its runtime is started at the first use."""
    return gym.make(
        "reactor_env/World-v0",
        world=args.world,
        mode=args.mode,
        pacing="applied" if args.mode == "streamed" else None,
        observation={"size": args.size, "gray": True, "channels_first": True},
    )


def run(args: Args) -> tuple[Network, dict[str, Any]]:
    """Train and evaluate, and return the network and the result."""
    reproducible(args.seed)
    env = make_env(args)
    player = Player(env, args)
    recent: deque[float] = deque(maxlen=100)
    try:
        network = make_network(env, args)
        begin = time.perf_counter()
        with Progress() as progress:
            task = progress.add_task("training", total=args.steps)
            for update in train(player, network, args):
                recent.extend(update.returns)
                text = f"mean return of {len(recent)} episodes: {np.mean(recent or 0):+.2f}"
                progress.update(task, completed=update.steps, description=text)
        seconds = time.perf_counter() - begin
        returns = [player.play(network, FIRST_EVALUATION_SEED + n) for n in range(args.evaluate)]
    finally:
        env.close()
    arguments = {key: str(value) for key, value in asdict(args).items()}
    return network, {
        "returns": returns,
        "iqm": asdict(interval(iqm, returns)),
        "mean": asdict(interval(mean, returns)),
        "train_seconds": seconds,
        "steps_per_second": args.steps / seconds,
        "parameters": digest(network),
        "arguments": arguments,
    }


def main() -> None:
    """Train, evaluate, and print the result."""
    args = tyro.extras.overridable_config_cli(
        {"catch": ("The world catch.", CATCH), "cartpole": ("CartPole, from pixels.", CARTPOLE)}
    )
    network, result = run(args)
    print(
        f"greedy return over {args.evaluate} new episodes: IQM {Interval(**result['iqm']).text()}, "
        f"mean {Interval(**result['mean']).text()} (95 %), after {args.steps} steps in "
        f"{result['train_seconds']:.0f} s"
    )
    if args.out is not None:
        args.out.mkdir(parents=True, exist_ok=True)
        torch.save(network.state_dict(), args.out / "policy.pt")
        (args.out / "result.json").write_text(json.dumps(result, indent=2))
        print(f"wrote {args.out / 'policy.pt'} and {args.out / 'result.json'}")


if __name__ == "__main__":
    main()
