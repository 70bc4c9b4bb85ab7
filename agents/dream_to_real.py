"""PPO trained in a learned world model alone, evaluated in the real environment. In one file.

The policy sees what the model sees: the latent of the picture and the model's memory (Ha &
Schmidhuber 2018, arXiv:1803.10122). It is trained in many dreams side by side, in this process
because that is about 100 times faster than through sessions; they are the dreams that
``world="dream-cartpole"`` serves, step for step. For comparison, it is evaluated beside random
play, and beside the same agent trained in the real environment on as many steps as the model was.

    OPENBLAS_NUM_THREADS=1 python agents/dream_to_real.py --out out/dream-to-real

The variable is for speed: a second thread of NumPy's costs more than it gives. Needs
``pip install "reactor-env[worlds,torch]"``.
"""

from __future__ import annotations

import json
import time
from collections import deque
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import torch
import tyro
from numpy.typing import NDArray
from rich.progress import Progress
from torch import nn

from reactor_env.worlds.dream.collect import collect, shrink
from reactor_env.worlds.dream.dream_env import load_model
from reactor_env.worlds.dream.dreams import Dreams, Step
from reactor_env.worlds.dream.follow import Follower
from reactor_env.worlds.dream.numpy_model import DreamModel
from reactor_env.worlds.dream.tasks import TASKS, Task

Floats = NDArray[np.float32]


@dataclass
class Args:
    """What to train."""

    model: str = "cartpole"
    """a model that ships with the package, or the path of a model's file"""
    steps: int = 1_000_000
    """dream steps to train on"""
    dreams: int = 128
    """dreams side by side"""
    temperature: float = 1.0
    """how much chance counts in them"""
    reencode_every: int = 0
    """steps between two looks of the model at its own picture, as for the world; 0 is faster"""
    rollout: int = 64
    """steps between two improvements of the policy"""
    epochs: int = 4
    """passes over what they gave"""
    minibatches: int = 8
    """gradient steps of a pass"""
    clip: float = 0.2
    """how far the policy may move"""
    learning_rate: float = 1e-3
    """of Adam, at the start"""
    gamma: float = 0.99
    """discount of later rewards"""
    gae_lambda: float = 0.95
    """of the advantage estimate"""
    entropy: float = 0.01
    """weight of the entropy bonus"""
    seed: int = 1
    """of the network, the dreams and the actions"""
    evaluate: int = 100
    """real episodes of the greedy policy, and of random play"""
    direct_steps: int = 0
    """real steps to train the same agent on for comparison; 0 for none"""
    collect: Path | None = None
    """folder for real episodes of the policy, to train the model further with"""
    collect_frames: int = 20_000
    """frames of them"""
    collect_random: float = 0.2
    """how often an action in them is a random one"""
    out: Path | None = None
    """folder for policy.pt and result.json; nothing is written without it"""


class Worlds(Protocol):
    """N worlds side by side; :class:`Dreaming` and :class:`Real` are such."""

    count: int

    @property
    def features(self) -> Floats:
        """(N, features), what the policy sees."""
        ...

    def begin(self, which: NDArray[np.bool_]) -> None:
        """Begin new episodes in some of them."""
        ...

    def step(self, actions: NDArray[np.int64]) -> Step:
        """Advance all by one action each."""
        ...


class Dreaming:
    """Dreams that begin anywhere the model knows a beginning.

    Args:
        model: What they are dreams of.
        args: How they are dreamt.
    """

    def __init__(self, model: DreamModel, args: Args) -> None:
        self.count = args.dreams
        self._dreams = Dreams(
            model,
            args.dreams,
            temperature=args.temperature,
            reencode_every=args.reencode_every,
        )
        self._rng = np.random.default_rng(args.seed)
        self._starts = len(model.starts.latent)

    @property
    def features(self) -> Floats:
        """What the model knows of each."""
        return self._dreams.features

    def begin(self, which: NDArray[np.bool_]) -> None:
        """Begin at stored moments, drawn with equal probability."""
        starts = self._rng.integers(self._starts, size=int(which.sum()))
        self._dreams.begin(np.flatnonzero(which), starts)

    def step(self, actions: NDArray[np.int64]) -> Step:
        """Dream one step."""
        return self._dreams.step(actions, self._rng)


class Real:
    """Real environments, seen through the model.

    Args:
        task: Which.
        model: The model.
        count: How many.
        seed: Of the first episode; the others count on.
    """

    def __init__(self, task: Task, model: DreamModel, count: int, seed: int) -> None:
        self.count = count
        self._envs = [task.make() for _ in range(count)]
        self._follower = Follower(model, count)
        self._seed = seed

    @property
    def features(self) -> Floats:
        """What the model knows of each."""
        return self._follower.features

    def begin(self, which: NDArray[np.bool_]) -> None:
        """Reset some, each with the next seed."""
        chosen = np.flatnonzero(which)
        for number in chosen:
            self._envs[number].reset(seed=self._seed)
            self._seed += 1
        self._follower.begin(chosen, self._pictures(chosen))

    def step(self, actions: NDArray[np.int64]) -> Step:
        """Step all."""
        played = [env.step(a) for env, a in zip(self._envs, actions, strict=True)]
        self._follower.step(actions, self._pictures(np.arange(self.count)))
        _, rewards, terminated, truncated, _ = zip(*played, strict=True)
        return Step(np.array(rewards, np.float32), np.array(terminated), np.array(truncated))

    def close(self) -> None:
        """Close the environments."""
        for env in self._envs:
            env.close()

    def _pictures(self, chosen: NDArray[Any]) -> NDArray[np.uint8]:
        return np.stack([shrink(np.asarray(self._envs[number].render())) for number in chosen])


class Policy(nn.Module):
    """A policy head and a value head on one hidden layer each.

    Args:
        features: How many numbers it sees.
        actions: How many actions there are.
    """

    def __init__(self, features: int, actions: int) -> None:
        super().__init__()
        last = nn.Linear(128, actions)
        self.policy = nn.Sequential(nn.Linear(features, 128), nn.Tanh(), last)
        self.value = nn.Sequential(nn.Linear(features, 128), nn.Tanh(), nn.Linear(128, 1))
        # Nearly equal probabilities at the start, so that every action is tried.
        nn.init.orthogonal_(last.weight, 0.01)

    def forward(self, features: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """Return log-probabilities (N, actions) and values (N,)."""
        return self.policy(features).log_softmax(-1), self.value(features).squeeze(-1)

    @torch.no_grad()
    def values(self, features: Floats) -> torch.Tensor:
        """Return values (N,)."""
        estimates: torch.Tensor = self.value(torch.from_numpy(features)).squeeze(-1)
        return estimates

    @torch.no_grad()
    def choose(self, features: Floats, *, greedy: bool) -> NDArray[np.int64]:
        """Return actions (N,), the most probable ones or drawn ones."""
        likely, _ = self(torch.from_numpy(features))
        chosen = likely.argmax(-1) if greedy else torch.multinomial(likely.exp(), 1)[:, 0]
        actions: NDArray[np.int64] = chosen.numpy()
        return actions


class Explorer:
    """The policy as a player that collects episodes, with some random actions.

    Args:
        model: What it sees the pictures with.
        policy: The policy.
        share: How often an action is a random one.
    """

    def __init__(self, model: DreamModel, policy: Policy, share: float) -> None:
        self._follower = Follower(model)
        self._policy = policy
        self._share = share
        self._actions = model.config.actions
        self._rng = np.random.default_rng()
        self._done: NDArray[np.int64] | None = None

    def begin(self, seed: int) -> None:
        """Forget the last episode."""
        self._rng = np.random.default_rng(seed)
        self._done = None

    def act(self, picture: NDArray[np.uint8]) -> int:
        """Return the action for the newest picture."""
        if self._done is None:
            self._follower.begin(np.array([0]), picture[None])
        else:
            self._follower.step(self._done, picture[None])
        self._done = self._policy.choose(self._follower.features, greedy=True)
        if self._rng.random() < self._share:
            self._done = self._rng.integers(self._actions, size=1)
        return int(self._done[0])


@dataclass(frozen=True)
class Rollout:
    """T steps of N worlds; (T, N) each but the features.

    Attributes:
        features: (T + 1, N, features), the last ones behind the last step.
        actions: What was done.
        rewards: What it gave; where an episode was cut short, with the value of what was to come.
        over: Whether the episode was over.
    """

    features: torch.Tensor
    actions: torch.Tensor
    rewards: torch.Tensor
    over: torch.Tensor


class Tally:
    """What whole episodes earned lately.

    Args:
        count: How many worlds are played.
    """

    def __init__(self, count: int) -> None:
        self.returns: deque[float] = deque(maxlen=200)
        self._running = np.zeros(count)

    def add(self, step: Step) -> None:
        """Count a step."""
        self._running += step.rewards
        self.returns.extend(self._running[step.over].tolist())
        self._running[step.over] = 0


def play(worlds: Worlds, policy: Policy, args: Args, tally: Tally) -> Rollout:
    """Play the next steps with drawn actions."""
    features, actions, rewards, over = [], [], [], []
    for _ in range(args.rollout):
        features.append(worlds.features)
        actions.append(policy.choose(features[-1], greedy=False))
        step = worlds.step(actions[-1])
        tally.add(step)
        earned = torch.from_numpy(step.rewards.copy())
        if step.truncated.any():
            cut = torch.from_numpy(step.truncated)
            earned += args.gamma * policy.values(worlds.features) * cut
        rewards.append(earned)
        over.append(torch.from_numpy(step.over))
        if step.over.any():
            worlds.begin(step.over)
    return Rollout(
        torch.from_numpy(np.stack([*features, worlds.features])),
        torch.from_numpy(np.stack(actions)),
        torch.stack(rewards),
        torch.stack(over),
    )


def advantages(rollout: Rollout, values: torch.Tensor, args: Args) -> torch.Tensor:
    """Estimate the advantage of each step (T, N), given values (T + 1, N)."""
    result = torch.zeros_like(rollout.rewards)
    running = torch.zeros_like(values[0])
    for t in reversed(range(len(result))):
        goes_on = ~rollout.over[t]
        delta = rollout.rewards[t] + args.gamma * values[t + 1] * goes_on - values[t]
        running = delta + args.gamma * args.gae_lambda * running * goes_on
        result[t] = running
    return result


def learn(policy: Policy, optimizer: torch.optim.Optimizer, rollout: Rollout, args: Args) -> None:
    """Improve the policy on what was played."""
    with torch.no_grad():
        likely, values = policy(rollout.features)
        gains = advantages(rollout, values, args).flatten()
        targets = gains + values[:-1].flatten()
    features, actions = rollout.features[:-1].flatten(0, 1), rollout.actions.flatten()
    before = likely[:-1].flatten(0, 1).gather(1, actions[:, None])[:, 0]
    for _ in range(args.epochs):
        for chosen in torch.randperm(len(actions)).chunk(args.minibatches):
            likely, estimates = policy(features[chosen])
            ratio = (likely.gather(1, actions[chosen, None])[:, 0] - before[chosen]).exp()
            gain = gains[chosen]
            gain = (gain - gain.mean()) / (gain.std(correction=0) + 1e-8)
            clipped = ratio.clamp(1 - args.clip, 1 + args.clip)
            loss = (
                -torch.min(ratio * gain, clipped * gain).mean()
                + 0.5 * (targets[chosen] - estimates).pow(2).mean()
                + args.entropy * (likely.exp() * likely).sum(-1).mean()
            )
            optimizer.zero_grad()
            loss.backward()
            nn.utils.clip_grad_norm_(policy.parameters(), 0.5)
            optimizer.step()


def train(worlds: Worlds, policy: Policy, steps: int, args: Args, note: str) -> float:
    """Play and learn; return the mean of the last episodes' returns."""
    optimizer = torch.optim.Adam(policy.parameters(), lr=args.learning_rate, eps=1e-5)
    tally = Tally(worlds.count)
    worlds.begin(np.ones(worlds.count, bool))
    each = worlds.count * args.rollout
    mean = float("nan")
    with Progress() as progress:
        task = progress.add_task(note, total=steps)
        for done in range(0, steps, each):
            optimizer.param_groups[0]["lr"] = args.learning_rate * (1 - done / steps)
            learn(policy, optimizer, play(worlds, policy, args, tally), args)
            mean = float(np.mean(tally.returns)) if tally.returns else mean
            progress.update(task, advance=each, description=f"{note}: mean return {mean:.1f}")
    return mean


def evaluate(
    task: Task, model: DreamModel, policy: Policy | None, episodes: int, seed: int
) -> list[float]:
    """Return what real episodes earn, with the greedy policy or, without one, at random."""
    worlds = Real(task, model, 1, seed)
    rng = np.random.default_rng(seed)
    returns = []
    for _ in range(episodes):
        worlds.begin(np.array([True]))
        earned, over = 0.0, False
        while not over:
            if policy is None:
                action = rng.integers(task.actions, size=1)
            else:
                action = policy.choose(worlds.features, greedy=True)
            step = worlds.step(action)
            earned += float(step.rewards[0])
            over = bool(step.over[0])
        returns.append(earned)
    worlds.close()
    return returns


def summary(returns: list[float]) -> dict[str, Any]:
    """Return mean, deviation and the 95 % interval of the mean, by a bootstrap over episodes."""
    rng = np.random.default_rng(0)
    means = rng.choice(returns, (10_000, len(returns))).mean(1)
    low, high = np.percentile(means, [2.5, 97.5])
    return {
        "mean": float(np.mean(returns)),
        "sd": float(np.std(returns)),
        "ci95": [float(low), float(high)],
        "returns": returns,
    }


def main() -> None:
    """Train in dreams, evaluate in reality, and print the result."""
    args = tyro.cli(Args)
    torch.manual_seed(args.seed)
    torch.set_num_threads(1)
    model = load_model(args.model)
    task = TASKS[model.config.task]
    features = model.config.latent + model.config.hidden
    result: dict[str, Any] = {"arguments": {key: str(value) for key, value in asdict(args).items()}}
    begin = time.perf_counter()
    policy = Policy(features, task.actions)
    result["dream_return"] = train(Dreaming(model, args), policy, args.steps, args, "dreams")
    result["train_seconds"] = time.perf_counter() - begin
    players: dict[str, Policy | None] = {"random": None, "dream": policy}
    if args.direct_steps:
        players["direct"] = direct = Policy(features, task.actions)
        worlds = Real(task, model, 8, seed=1_000_000)
        train(worlds, direct, args.direct_steps, args, "real")
        worlds.close()
    for name, player in players.items():
        found = evaluate(task, model, player, args.evaluate, seed=10_000)
        result[name] = summary(found)
        low, high = result[name]["ci95"]
        print(
            f"{name:7} {result[name]['mean']:6.1f} +- {result[name]['sd']:.1f} in {len(found)} "
            f"real episodes, 95 % interval of the mean {low:.1f} to {high:.1f}"
        )
    if args.collect is not None:
        explorer = Explorer(model, policy, args.collect_random)
        frames = args.collect_frames
        collect(task, explorer, args.collect, frames=frames, seed=args.seed)
    if args.out is not None:
        args.out.mkdir(parents=True, exist_ok=True)
        torch.save(policy.state_dict(), args.out / "policy.pt")
        (args.out / "result.json").write_text(json.dumps(result, indent=2))
        print(f"wrote {args.out / 'policy.pt'} and {args.out / 'result.json'}")


if __name__ == "__main__":
    main()
