"""PPO trained in a learned world model alone, evaluated in the real environment. In one file.

The policy sees what the model sees: the latent of the picture and the model's memory (Ha &
Schmidhuber 2018, arXiv:1803.10122). It is trained in many dreams side by side, in this process
because that is about 100 times faster than through sessions; they are the dreams that
``world="dream-cartpole"`` serves, step for step. For comparison, it is evaluated beside random
play, and beside the same agent trained in the real environment on as many steps as the model was.

    OPENBLAS_NUM_THREADS=1 python agents/dream_to_real.py --out out/dream-to-real

The variable is for speed: a second thread of NumPy's costs more than it gives. Needs
``pip install "reactor-env[worlds,torch]"``. For TakeCover, where a return is the 1/35 s that the
player lived, at most 2100 of them, ``pip install vizdoom`` and

    python agents/dream_to_real.py --model takecover --steps 600000 --cut 200 --reward-scale 0.05

What came of it is in the models' cards (``docs/model_cards``), which
``python -m reactor_env.worlds.dream.pipeline`` makes from nothing, the models and policies too.
"""

from __future__ import annotations

import json
import time
from collections import deque
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import torch
import tyro
from numpy.typing import NDArray
from rich.progress import Progress
from torch import nn

from reactor_env.files import write_json
from reactor_env.worlds.dream.collect import MADE_BY, collect, shrink
from reactor_env.worlds.dream.dream_env import load_model
from reactor_env.worlds.dream.dreams import Dreams, Step
from reactor_env.worlds.dream.follow import Follower
from reactor_env.worlds.dream.numpy_model import DreamModel
from reactor_env.worlds.dream.tasks import TASKS, Task

Floats = NDArray[np.float32]

SIDE_BY_SIDE = 8
"""Real environments at a time."""


@dataclass
class Args:
    """What to train."""

    model: str = "cartpole"
    """a model that ships with the package, or the path of a model's file"""
    steps: int = 1_000_000
    """dream steps to train on; with 0, and no --policy, there is no policy of dreams"""
    policy: Path | None = None
    """file of a policy that was trained before, instead of training one"""
    dreams: int = 128
    """dreams side by side"""
    temperature: float = 1.0
    """how much chance counts in them"""
    reencode_every: int = 0
    """steps between two looks of the model at its own picture, as for the world; 0 is faster"""
    cut: int = 0
    """steps after which a dream is cut short, before it strays too far; 0 for the real limit"""
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
    reward_scale: float = 1.0
    """what rewards are multiplied by for learning; values should stay well below 100"""
    gae_lambda: float = 0.95
    """of the advantage estimate"""
    entropy: float = 0.01
    """weight of the entropy bonus"""
    seed: int = 1
    """of the network, the dreams and the actions"""
    evaluate: int = 100
    """real episodes of the greedy policy and of random play, and dreams of the policy"""
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
            max_steps=args.cut or None,
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
        self._next_seed = seed
        self.seeds = np.zeros(count, np.int64)
        """Of the episode of each."""

    @property
    def features(self) -> Floats:
        """What the model knows of each."""
        return self._follower.features

    def begin(self, which: NDArray[np.bool_]) -> None:
        """Reset some, each with the next seed."""
        chosen = np.flatnonzero(which)
        for number in chosen:
            self._envs[number].reset(seed=self._next_seed)
            self.seeds[number] = self._next_seed
            self._next_seed += 1
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
        earned = args.reward_scale * torch.from_numpy(step.rewards.copy())
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


def train(worlds: Worlds, policy: Policy, steps: int, args: Args) -> Iterator[tuple[int, float]]:
    """Play and learn, and give the learning curve.

    Yields:
        After each improvement of the policy: the steps that were made so far, and the mean return
        of the last 200 whole episodes, NaN before there is one.
    """
    optimizer = torch.optim.Adam(policy.parameters(), lr=args.learning_rate, eps=1e-5)
    tally = Tally(worlds.count)
    worlds.begin(np.ones(worlds.count, bool))
    each = worlds.count * args.rollout
    for done in range(0, steps, each):
        optimizer.param_groups[0]["lr"] = args.learning_rate * (1 - done / steps)
        learn(policy, optimizer, play(worlds, policy, args, tally), args)
        yield done + each, float(np.mean(tally.returns)) if tally.returns else float("nan")


def watch(curve: Iterable[tuple[int, float]], steps: int, note: str) -> None:
    """Train to the end with a progress bar.

    Args:
        curve: What :func:`train` gives.
        steps: How many there are in all.
        note: What is trained, in words.
    """
    with Progress() as progress:
        task = progress.add_task(note, total=steps)
        for done, earned in curve:
            told = f"{note}: mean return {earned:.1f}"
            progress.update(task, completed=done, description=told)


def evaluate(
    task: Task, model: DreamModel, policy: Policy | None, episodes: int, seed: int
) -> list[float]:
    """Return what real episodes earn, with the greedy policy or, without one, at random.

    Args:
        task: What is played, several episodes at a time.
        model: What the policy sees it with.
        policy: The policy.
        episodes: How many. Each of these seeds is played to its end, however long that takes.
        seed: Of the first; the others count on.
    """
    worlds = Real(task, model, min(SIDE_BY_SIDE, episodes), seed)
    rng = np.random.default_rng(seed)
    returns: dict[int, float] = {}
    worlds.begin(np.ones(worlds.count, bool))
    running = np.zeros(worlds.count)
    while len(returns) < episodes:
        if policy is None:
            actions = rng.integers(task.actions, size=worlds.count)
        else:
            actions = policy.choose(worlds.features, greedy=True)
        step = worlds.step(actions)
        running += step.rewards
        for number in np.flatnonzero(step.over):
            if worlds.seeds[number] < seed + episodes:
                returns[int(worlds.seeds[number])] = float(running[number])
        running[step.over] = 0
        if step.over.any():
            worlds.begin(step.over)
    worlds.close()
    return [returns[number] for number in sorted(returns)]


def evaluate_dreams(model: DreamModel, policy: Policy, args: Args) -> list[float]:
    """Return what whole dreams earn with the greedy policy, dreamt as the world serves them."""
    dreams = Dreams(model, args.evaluate, temperature=args.temperature)
    rng = np.random.default_rng(args.seed)
    which = np.arange(args.evaluate)
    dreams.begin(which, rng.integers(model.config.openings, size=args.evaluate))
    returns, running = np.zeros(args.evaluate), np.ones(args.evaluate, bool)
    while running.any():
        step = dreams.step(policy.choose(dreams.features, greedy=True), rng)
        returns += step.rewards * running
        running &= ~step.over
    return [float(earned) for earned in returns]


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


def report(name: str, returns: list[float], where: str) -> dict[str, Any]:
    """Print and return what episodes earned."""
    found = summary(returns)
    low, high = found["ci95"]
    print(
        f"{name:7} {found['mean']:6.1f} +- {found['sd']:.1f} in {len(returns)} {where}, "
        f"95 % interval of the mean {low:.1f} to {high:.1f}",
        flush=True,
    )
    return found


def command(args: Args) -> str:
    """Return the command that these arguments come from."""
    words = ["python agents/dream_to_real.py"]
    usual = asdict(Args())
    for name, value in asdict(args).items():
        if value != usual[name]:
            words.append(f"--{name.replace('_', '-')} {value}")
    return " ".join(words)


def dreamt_policy(model: DreamModel, policy: Policy, args: Args, result: dict[str, Any]) -> None:
    """Read or train the policy, and say how good it is in dreams."""
    if args.policy is not None:
        policy.load_state_dict(torch.load(args.policy, weights_only=True))
    else:
        begin = time.perf_counter()
        watch(train(Dreaming(model, args), policy, args.steps, args), args.steps, "dreams")
        result["train_seconds"] = round(time.perf_counter() - begin, 1)
    if args.evaluate:
        returns = evaluate_dreams(model, policy, args)
        result["dreams"] = report("dream", returns, "whole dreams")


def trained_by(
    args: Args, result: dict[str, Any], seconds: dict[str, float]
) -> Iterator[dict[str, Any]]:
    """Give the commands that a policy and its episodes come from, for a model's card."""
    if args.policy is not None and (path := args.policy.with_name("result.json")).exists():
        earlier = json.loads(path.read_text())
        seconds_before = {"policy": earlier.get("train_seconds", 0.0)}
        yield {"command": earlier["command"], "seconds": seconds_before}
    elif args.policy is None:
        seconds = {"policy": result["train_seconds"]} | seconds
    yield {"command": command(args), "seconds": seconds}


def main() -> None:
    """Train in dreams, evaluate in reality, and print the result."""
    args = tyro.cli(Args)
    torch.manual_seed(args.seed)
    torch.set_num_threads(1)
    model = load_model(args.model)
    task = TASKS[model.config.task]
    task.make().close()  # says now, not after the training, if it is not installed
    features = model.config.latent + model.config.hidden
    result: dict[str, Any] = {
        "command": command(args),
        "arguments": {key: str(value) for key, value in asdict(args).items()},
    }
    policy = Policy(features, task.actions)
    players: dict[str, Policy | None] = {"random": None}
    if args.steps or args.policy is not None:
        dreamt_policy(model, policy, args, result)
        players["dream"] = policy
        if args.out is not None:
            args.out.mkdir(parents=True, exist_ok=True)
            torch.save(policy.state_dict(), args.out / "policy.pt")
    if args.direct_steps:
        players["direct"] = direct = Policy(features, task.actions)
        worlds = Real(task, model, SIDE_BY_SIDE, seed=1_000_000)
        watch(train(worlds, direct, args.direct_steps, args), args.direct_steps, "real")
        worlds.close()
    for name, player in players.items() if args.evaluate else ():
        found = evaluate(task, model, player, args.evaluate, seed=10_000)
        result[name] = report(name, found, "real episodes")
    if args.collect is not None:
        begin = time.perf_counter()
        explorer = Explorer(model, policy, args.collect_random)
        frames = args.collect_frames
        collect(task, explorer, args.collect, frames=frames, seed=args.seed)
        seconds = {"play": round(time.perf_counter() - begin, 1)}
        write_json(args.collect / MADE_BY, {"runs": [*trained_by(args, result, seconds)]})
    if args.out is not None:
        args.out.mkdir(parents=True, exist_ok=True)
        write_json(args.out / "result.json", result)
        print(f"wrote {args.out / 'result.json'}")


if __name__ == "__main__":
    main()
