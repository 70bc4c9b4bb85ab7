"""PPO with a memory, for worlds that answer late, in one file.

Where an action takes effect some steps after it was chosen, a picture does not tell what is on its
way already, and an agent that sees nothing else cannot know what to do. This one has a gated
recurrent unit (Cho et al., 2014, arXiv:1406.1078) between its convolutional trunk and its heads,
which sees the last action beside each picture: it can remember what it did, and find out from what
follows how late the world is. Everything else is that of ``ppo.py``, for several sessions that are
stepped together; the network learns from whole stretches of play, each from the memory that it
began with.

    python agents/ppo_recurrent.py --delays 0 1 2 3 4 --out out/recurrent

trains in ``catch``, stepped, with the actions of every episode held back by another number of
steps, and plays 100 new episodes. ``--memory none`` empties the memory before every step, for
comparison; ``agents/delay.py`` compares both with agents of Stable-Baselines3.

Needs ``pip install "reactor-env[local,torch]"``; with ``[native]`` too, stepping is faster.
"""

from __future__ import annotations

import functools
import json
import time
from collections import deque
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Literal

import gymnasium as gym
import numpy as np
import torch
import tyro
from gymnasium.vector import AutoresetMode, VectorEnv
from numpy.typing import NDArray
from rich.progress import Progress
from torch import nn

from reactor_env.evaluation import Interval, interval, iqm, mean
from reactor_env.training.delays import RandomDelay
from reactor_env.vector import ReactorVectorEnv

FIRST_EVALUATION_SEED = 10_000


@dataclass
class Args:
    """What to train."""

    world: str = "catch"
    """the world, as for the environment; stepped"""
    delays: tuple[int, ...] = (0,)
    """steps by which the actions of an episode are held back; one of them for each episode"""
    memory: Literal["gru", "none"] = "gru"
    """what the network has between two steps"""
    steps: int = 80_000
    """steps of all sessions together"""
    slots: int = 8
    """sessions that are stepped together"""
    rollout: int = 64
    """steps of each session between two improvements of the policy"""
    epochs: int = 4
    """passes over a rollout"""
    minibatches: int = 2
    """parts of a rollout, by session, each of which is one gradient step"""
    clip: float = 0.2
    """how far the policy may move on a rollout"""
    size: tuple[int, int] = (36, 36)
    """height and width of the gray pictures that the network sees"""
    learning_rate: float = 1e-3
    """of Adam, at the start"""
    gamma: float = 0.99
    """discount of later rewards"""
    gae_lambda: float = 0.95
    """of the advantage estimate"""
    entropy: float = 0.02
    """weight of the entropy bonus"""
    seed: int = 1
    """of the network, the actions and the first episodes"""
    evaluate: int = 100
    """episodes of the greedy policy at the end, with the same delays"""
    out: Path | None = None
    """folder for policy.pt and result.json; nothing is written without it"""


def orthogonal[Layer: nn.Conv2d | nn.Linear](layer: Layer, gain: float = 2**0.5) -> Layer:
    """Give a layer orthogonal weights and no bias; the gain makes up for a ReLU behind it."""
    nn.init.orthogonal_(layer.weight, gain)
    assert layer.bias is not None
    nn.init.zeros_(layer.bias)
    return layer


class Network(nn.Module):
    """Heads for policy and value on a memory of pictures and actions.

    Args:
        size: Height and width of the pictures.
        actions: How many actions there are.
        memory: Whether it remembers anything from one step to the next.
    """

    def __init__(self, size: tuple[int, int], actions: int, memory: bool = True) -> None:
        super().__init__()
        self.actions = actions
        self.memory = memory
        height, width = ((side + 7) // 8 for side in size)
        self.trunk = nn.Sequential(
            orthogonal(nn.Conv2d(1, 16, 5, stride=2, padding=2)),
            nn.ReLU(),
            orthogonal(nn.Conv2d(16, 32, 3, stride=2, padding=1)),
            nn.ReLU(),
            orthogonal(nn.Conv2d(32, 32, 3, stride=2, padding=1)),
            nn.ReLU(),
            nn.Flatten(),
            orthogonal(nn.Linear(32 * height * width, 128)),
            nn.ReLU(),
        )
        self.cell = nn.GRUCell(128 + actions, 128)
        nn.init.orthogonal_(self.cell.weight_ih)
        nn.init.orthogonal_(self.cell.weight_hh)
        self.policy = orthogonal(nn.Linear(128, actions), gain=0.01)
        self.value = orthogonal(nn.Linear(128, 1), gain=1.0)

    def begin(self, slots: int) -> torch.Tensor:
        """Return the memory of an agent that has seen nothing, (slots, 128)."""
        return torch.zeros(slots, self.cell.hidden_size)

    def see(self, pictures: torch.Tensor, last: torch.Tensor) -> torch.Tensor:
        """Return what the memory is given, (N, 128 + actions).

        Args:
            pictures: uint8 (N, 1, H, W).
            last: int64 (N,), the actions before; -1 at the beginning of an episode.
        """
        pixels = pictures.float()
        # A picture is mostly background: unless that is near zero, all pictures look alike.
        pixels = pixels - pixels.mean((1, 2, 3), keepdim=True)
        pixels = pixels / (pixels.std((1, 2, 3), keepdim=True) + 1e-3)
        # No action is a row of zeros.
        actions = nn.functional.one_hot(last + 1, self.actions + 1)[:, 1:].float()
        return torch.cat([self.trunk(pixels), actions], 1)

    def remember(
        self, seen: torch.Tensor, state: torch.Tensor, first: torch.Tensor
    ) -> torch.Tensor:
        """Return the memory after one step; it is emptied where an episode begins.

        Args:
            seen: (N, 128 + actions).
            state: (N, 128).
            first: bool (N,).
        """
        empty = first if self.memory else torch.ones_like(first)
        result: torch.Tensor = self.cell(seen, state * (~empty).float()[:, None])
        return result

    def judge(self, state: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """Return log probabilities (N, actions) and values (N,) of memories."""
        return self.policy(state).log_softmax(-1), self.value(state).squeeze(-1)


class Policy:
    """A trained network as a policy of Stable-Baselines3's protocol; its state is its memory.

    Args:
        network: The network.
    """

    def __init__(self, network: Network) -> None:
        self._network = network

    @torch.no_grad()
    def predict(
        self,
        observation: NDArray[np.uint8],
        state: tuple[NDArray[np.float32], NDArray[np.int64]] | None = None,
        episode_start: NDArray[np.bool_] | None = None,
        deterministic: bool = False,
    ) -> tuple[NDArray[np.int64], tuple[NDArray[np.float32], NDArray[np.int64]]]:
        """Return actions and the state after them.

        Args:
            observation: uint8 (1, H, W), or (N, 1, H, W).
            state: As returned before; ``None`` at the beginning.
            episode_start: bool (N,), where an episode begins.
            deterministic: Take the most probable actions instead of drawing them.
        """
        batch = np.ascontiguousarray(observation if observation.ndim == 4 else observation[None])
        count = len(batch)
        if state is None:
            memory, last = self._network.begin(count), torch.full((count,), -1)
        else:
            memory, last = torch.from_numpy(state[0]), torch.from_numpy(state[1])
        first = torch.zeros(count, dtype=torch.bool)
        if episode_start is not None:
            first = torch.from_numpy(np.asarray(episode_start, bool).reshape(count))
        last = torch.where(first, -1, last)
        memory = self._network.remember(
            self._network.see(torch.from_numpy(batch), last), memory, first
        )
        log_probabilities, _ = self._network.judge(memory)
        if deterministic:
            actions = log_probabilities.argmax(-1)
        else:
            actions = torch.multinomial(log_probabilities.exp(), 1).squeeze(1)
        chosen = actions.numpy() if observation.ndim == 4 else actions.numpy()[0]
        return chosen, (memory.numpy(), actions.numpy())


@dataclass
class Rollout:
    """Steps of every session, one after another; time comes first.

    Attributes:
        pictures: uint8 (T, N, 1, H, W), what was seen before each step.
        last: int64 (T, N), the actions before those pictures; -1 where an episode begins.
        first: bool (T, N), where one does.
        state: (N, 128), the memory before the first step.
        actions: int64 (T, N).
        likely: (T, N), log probabilities of these actions when they were taken.
        values: (T + 1, N), of the memories, and of those after the last step.
        rewards: (T, N); with what was to come where an episode was cut short.
        over: bool (T, N), whether an episode ended with the step.
    """

    pictures: torch.Tensor
    last: torch.Tensor
    first: torch.Tensor
    state: torch.Tensor
    actions: torch.Tensor
    likely: torch.Tensor
    values: torch.Tensor
    rewards: torch.Tensor
    over: torch.Tensor


class Player:
    """Plays several sessions together, episode after episode.

    Args:
        envs: With ``SameStep`` autoreset; pictures are (1, H, W) uint8.
        network: Who plays.

    Attributes:
        returns: Of the last hundred episodes that ended.
    """

    def __init__(self, envs: VectorEnv[Any, Any, Any], network: Network) -> None:
        self._envs = envs
        self._network = network
        self._pictures: torch.Tensor | None = None
        self._state = network.begin(envs.num_envs)
        self._last = torch.full((envs.num_envs,), -1)
        self._first = torch.ones(envs.num_envs, dtype=torch.bool)
        self._sums = np.zeros(envs.num_envs)
        self.returns: deque[float] = deque(maxlen=100)

    @torch.no_grad()
    def collect(self, args: Args) -> Rollout:
        """Play on with drawn actions for one rollout."""
        if self._pictures is None:
            self._pictures = torch.from_numpy(self._envs.reset(seed=args.seed)[0])
        begin, played = self._state, []
        for _ in range(args.rollout):
            pictures, last, first = self._pictures, self._last, self._first
            state = self._look(pictures)
            log_probabilities, values = self._network.judge(state)
            actions = torch.multinomial(log_probabilities.exp(), 1).squeeze(1)
            likely = log_probabilities.gather(1, actions[:, None]).squeeze(1)
            rewards, over = self._step(actions, state, args.gamma)
            played.append((pictures, last, first, actions, likely, values, rewards, over))
        after = self._network.judge(self._look(self._pictures))[1]
        pictures, last, first, actions, likely, values, rewards, over = (
            torch.stack(part) for part in zip(*played, strict=True)
        )
        values = torch.cat([values, after[None]])
        return Rollout(pictures, last, first, begin, actions, likely, values, rewards, over)

    def _look(self, pictures: torch.Tensor) -> torch.Tensor:
        seen = self._network.see(pictures, self._last)
        return self._network.remember(seen, self._state, self._first)

    def _step(
        self, actions: torch.Tensor, state: torch.Tensor, gamma: float
    ) -> tuple[torch.Tensor, torch.Tensor]:
        """Take actions; return rewards and which episodes are over."""
        pictures, rewards, terminated, truncated, infos = self._envs.step(actions.numpy())
        earned = torch.from_numpy(rewards).float()
        over = terminated | truncated
        self._sums += rewards
        self._state, self._last, self._first = state, actions, torch.from_numpy(over)
        if over.any():
            if "session_lost" in infos.get("final_info", {}):
                raise RuntimeError(f"a session was lost: {infos['final_info']['session_lost']}")
            for slot in np.flatnonzero(truncated & ~terminated):
                final = torch.from_numpy(infos["final_obs"][slot])[None]
                seen = self._network.see(final, actions[slot, None])
                memory = self._network.remember(seen, state[slot, None], torch.tensor([False]))
                earned[slot] += gamma * float(self._network.judge(memory)[1])
            self.returns.extend(self._sums[over])
            self._sums[over] = 0
            self._last = torch.where(self._first, -1, actions)
        self._pictures = torch.from_numpy(pictures)
        return earned, self._first


def advantages(rollout: Rollout, args: Args) -> torch.Tensor:
    """Estimate the advantage of each step; what comes after an episode does not count for it."""
    going = (~rollout.over).float()
    deltas = rollout.rewards + args.gamma * rollout.values[1:] * going - rollout.values[:-1]
    result, running = torch.zeros_like(deltas), torch.zeros(deltas.shape[1])
    for t in reversed(range(len(deltas))):
        running = deltas[t] + args.gamma * args.gae_lambda * going[t] * running
        result[t] = running
    return result


def learn(network: Network, optimizer: torch.optim.Optimizer, rollout: Rollout, args: Args) -> None:
    """Improve the policy on a rollout, whole stretches of sessions at a time."""
    gains = advantages(rollout, args)
    targets = gains + rollout.values[:-1]
    for _ in range(args.epochs):
        for slots in torch.randperm(gains.shape[1]).chunk(args.minibatches):
            log_probabilities, values = judge_again(network, rollout, slots)
            actions = rollout.actions[:, slots, None]
            new = log_probabilities.gather(2, actions).squeeze(2)
            ratio = (new - rollout.likely[:, slots]).exp()
            gain = gains[:, slots]
            gain = (gain - gain.mean()) / (gain.std(correction=0) + 1e-8)
            clipped = ratio.clamp(1 - args.clip, 1 + args.clip)
            entropy = -(log_probabilities.exp() * log_probabilities).sum(-1)
            loss = (
                -torch.min(ratio * gain, clipped * gain).mean()
                + 0.5 * (targets[:, slots] - values).pow(2).mean()
                - args.entropy * entropy.mean()
            )
            optimizer.zero_grad()
            torch.autograd.backward(loss)
            nn.utils.clip_grad_norm_(network.parameters(), 0.5)
            optimizer.step()


def judge_again(
    network: Network, rollout: Rollout, slots: torch.Tensor
) -> tuple[torch.Tensor, torch.Tensor]:
    """Return log probabilities (T, n, actions) and values (T, n) of some sessions, remembered anew.

    Equal to what they were when they were played as long as the network is.
    """
    pictures, last = rollout.pictures[:, slots], rollout.last[:, slots]
    seen = network.see(pictures.flatten(0, 1), last.flatten()).view(*last.shape, -1)
    state, states = rollout.state[slots], []
    for t in range(len(seen)):
        state = network.remember(seen[t], state, rollout.first[t, slots])
        states.append(state)
    return network.judge(torch.stack(states))


def make_envs(args: Args) -> VectorEnv[Any, Any, Any]:
    """Make the sessions; their runtimes are started at the first use."""
    return ReactorVectorEnv(
        args.slots,
        world=args.world,
        mode="stepped",
        observation={"size": args.size, "gray": True, "channels_first": True},
        autoreset_mode=AutoresetMode.SAME_STEP,
        slot_wrappers=[functools.partial(DelayInSteps, steps=args.delays)],
    )


class DelayInSteps(RandomDelay):
    """Holds the actions of each episode back by one of these numbers of steps."""

    def __init__(self, env: gym.Env[Any, Any], steps: tuple[int, ...]) -> None:
        super().__init__(env, [1e3 * count for count in steps], rate=1.0)


def make_network(envs: VectorEnv[Any, Any, Any], args: Args) -> Network:
    """Make the network for sessions, with weights drawn from torch's random numbers.

    Raises:
        ValueError: If the actions are not those of a ``Discrete`` space from 0.
    """
    space = envs.single_action_space
    if not isinstance(space, gym.spaces.Discrete) or space.start != 0:
        raise ValueError(f"the world's actions must be Discrete(n), got {space}")
    return Network(args.size, int(space.n), args.memory == "gru")


def train(player: Player, network: Network, args: Args) -> Iterator[int]:
    """Play and learn, and tell after every improvement how many steps were played."""
    optimizer = torch.optim.Adam(network.parameters(), lr=args.learning_rate, eps=1e-5)
    steps = 0
    while steps < args.steps:
        optimizer.param_groups[0]["lr"] = args.learning_rate * (1 - steps / args.steps)
        rollout = player.collect(args)
        learn(network, optimizer, rollout, args)
        steps += rollout.actions.numel()
        yield steps


def play(envs: VectorEnv[Any, Any, Any], network: Network, args: Args) -> list[float]:
    """Return the returns of new episodes with the most probable actions.

    Every session plays equally many, so that no episode counts for being short.
    """
    policy, state = Policy(network), None
    each = -(-args.evaluate // envs.num_envs)
    returns: list[list[float]] = [[] for _ in range(envs.num_envs)]
    sums = np.zeros(envs.num_envs)
    observations, _ = envs.reset(seed=FIRST_EVALUATION_SEED)
    first = np.ones(envs.num_envs, bool)
    while min(map(len, returns)) < each:
        actions, state = policy.predict(observations, state, first, deterministic=True)
        observations, rewards, terminated, truncated, _ = envs.step(actions)
        sums += rewards
        first = terminated | truncated
        for slot in np.flatnonzero(first):
            returns[slot].append(float(sums[slot]))
            sums[slot] = 0
    return [one for slot in returns for one in slot[:each]][: args.evaluate]


def reproducible(seed: int) -> None:
    """Seed torch, and have it compute everything in one order."""
    torch.manual_seed(seed)
    torch.set_num_threads(1)
    torch.use_deterministic_algorithms(True)


def run(args: Args) -> tuple[Network, dict[str, Any]]:
    """Train and evaluate, and return the network and the result."""
    reproducible(args.seed)
    envs = make_envs(args)
    try:
        network = make_network(envs, args)
        player = Player(envs, network)
        begin = time.perf_counter()
        with Progress() as progress:
            task = progress.add_task("training", total=args.steps)
            for steps in train(player, network, args):
                text = f"mean return of {len(player.returns)} episodes: "
                text += f"{np.mean(player.returns or 0):+.2f}"
                progress.update(task, completed=steps, description=text)
        seconds = time.perf_counter() - begin
        returns = play(envs, network, args)
    finally:
        envs.close()
    return network, {
        "returns": returns,
        "iqm": asdict(interval(iqm, returns)),
        "mean": asdict(interval(mean, returns)),
        "train_seconds": seconds,
        "steps_per_second": args.steps / seconds,
        "arguments": {key: str(value) for key, value in asdict(args).items()},
    }


def main() -> None:
    """Train, evaluate, and print the result."""
    args = tyro.cli(Args)
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
