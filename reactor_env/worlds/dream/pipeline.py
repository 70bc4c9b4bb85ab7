"""Makes a learned world: ``python -m reactor_env.worlds.dream.pipeline --env cartpole``.

From nothing: random play, a first model, a policy trained in its dreams, episodes of that policy,
the model trained further with them, policies trained in the dreams of that one, and its card. Each
step is kept in a folder beside the others and never done twice; interrupted, it goes on where it
was. The policies are trained by a script of the repository, so it runs in a checkout. Needs
``pip install "reactor-env[worlds,torch]"``, and for takecover ``pip install vizdoom``.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import tyro
from rich.console import Console

from reactor_env.worlds.dream import card, train
from reactor_env.worlds.dream.collect import MADE_BY
from reactor_env.worlds.dream.dream_env import WEIGHTS
from reactor_env.worlds.dream.tasks import TASKS

Env = Literal["cartpole", "takecover"]
CARDS = Path("docs/model_cards")


@dataclass(frozen=True, slots=True)
class Plan:
    """What is done with the first model of an environment.

    Attributes:
        policy_steps: Dream steps that a policy is trained on.
        cut: Steps after which a dream is cut short; 0 for the real limit.
        reward_scale: What rewards are multiplied by in that training.
        temperatures: Of the dreams of the policies, one each.
        frames: Played by the first policy.
        random: How often an action in them is a random one.
        vision_steps: Further gradient steps of the picture model.
        memory_steps: Further ones of the recurrent network.
    """

    policy_steps: int
    frames: int
    random: float
    vision_steps: int
    memory_steps: int
    cut: int = 0
    reward_scale: float = 1.0
    temperatures: tuple[float, ...] = (1.0,)


PLANS: Mapping[str, Plan] = {
    "cartpole": Plan(
        policy_steps=1_000_000,
        frames=20_000,
        random=0.2,
        vision_steps=600,
        memory_steps=2000,
    ),
    "takecover": Plan(
        policy_steps=600_000,
        frames=16_000,
        random=0.1,
        vision_steps=100,
        memory_steps=600,
        cut=200,  # of 1050: in longer dreams the picture dissolves
        reward_scale=0.05,
        temperatures=(1.0, 1.15),
    ),
}
FURTHER_LEARNING_RATE = 5e-4
HELD_OUT_FRAMES = 4000
EVALUATE = 100
"""Real episodes."""


@dataclass
class Args:
    """What to make."""

    env: Env
    """the environment to learn"""
    seed: int = 0
    """of everything"""
    out: Path | None = None
    """what all folders begin with; out/dream/<env> by default, with -seed<N> where that is not 0"""
    threads: int = 1
    """of torch, for the models"""
    scale: float = 1.0
    """less makes everything smaller, to try it out"""
    direct_steps: int = 0
    """real steps to train a policy on for comparison; 0 for none"""
    ship: bool = False
    """put the model into the package and its card into docs/model_cards"""
    agent: Path = Path("agents/dream_to_real.py")
    """the script that trains policies"""

    @property
    def base(self) -> Path:
        """What all folders begin with."""
        name = f"{self.env}-seed{self.seed}" if self.seed else self.env
        return self.out or Path("out") / "dream" / name

    @property
    def command(self) -> str:
        """The command with these arguments, but those that do not change the result."""
        words = [f"python -m reactor_env.worlds.dream.pipeline --env {self.env} --seed {self.seed}"]
        words += [f"--scale {self.scale:g}"] * (self.scale != 1)
        words += [f"--direct-steps {self.direct_steps}"] * (self.direct_steps != 0)
        return " ".join(words)

    def folder(self, name: str) -> Path:
        """The folder of a step."""
        return self.base.with_name(f"{self.base.name}-{name}")

    def sized(self, count: int) -> int:
        """Return a number of frames, steps or episodes at this scale."""
        return max(1, round(count * self.scale))


def run(args: Args, console: Console | None = None) -> Path:
    """Do the steps that are not done yet.

    Returns:
        The card.

    Raises:
        FileNotFoundError: If there is no agent's script.
        subprocess.CalledProcessError: If it fails.
    """
    if not args.agent.is_file():
        raise FileNotFoundError(
            f"`agent` must be the path of agents/dream_to_real.py in a checkout, got {args.agent}"
        )
    console = console or Console()
    plan = PLANS[args.env]
    first = _train_first(args, console)
    before = [_policy(args, console, first, "agent-1", t) for t in plan.temperatures]
    played = _play(args, console, first, before[0], "policy", plan.frames, args.seed)
    second = _train_further(args, console, first.parent, played)
    after = [_policy(args, console, second, "agent-2", t) for t in plan.temperatures]
    results = [path.with_name("result.json") for path in (*before, *after)]
    if args.direct_steps:
        results.append(_direct(args, console, second))
    frames = HELD_OUT_FRAMES
    unseen = _play(
        args, console, second, after[0], "policy-held-out", frames, card.HELD_OUT_SEED + 1
    )
    console.rule("card")
    return card.write(_card(args, second, unseen, results), console)


def _train_first(args: Args, console: Console) -> Path:
    console.rule("first model")
    task = TASKS[args.env]
    return train.run(
        train.Args(
            args.env,
            out=args.base,
            frames=args.sized(task.frames),
            vision_steps=args.sized(task.vision_steps),
            memory_steps=args.sized(task.memory_steps),
            seed=args.seed,
            threads=args.threads,
        ),
        console,
    )


def _train_further(args: Args, console: Console, first: Path, played: Path) -> Path:
    console.rule("second model")
    plan = PLANS[args.env]
    return train.run(
        train.Args(
            args.env,
            out=args.folder("2"),
            vision_steps=args.sized(plan.vision_steps),
            memory_steps=args.sized(plan.memory_steps),
            learning_rate=FURTHER_LEARNING_RATE,
            also=(played,),
            begin=first,
            seed=args.seed,
            threads=args.threads,
        ),
        console,
    )


def _policy(
    args: Args,
    console: Console,
    model: Path,
    name: str,
    temperature: float,
) -> Path:
    """Train a policy in dreams of a model and return its file."""
    plan = PLANS[args.env]
    folder = args.folder(name if temperature == 1 else f"{name}-{temperature:g}")
    if not (folder / "result.json").exists():
        console.rule(f"policy {folder.name}")
        _agent(
            args,
            model,
            steps=args.sized(plan.policy_steps),
            cut=plan.cut,
            reward_scale=plan.reward_scale,
            temperature=temperature,
            evaluate=args.sized(EVALUATE),
            seed=args.seed,
            out=folder,
        )
    return folder / "policy.pt"


def _direct(args: Args, console: Console, model: Path) -> Path:
    """Train a policy in the real environment, for comparison, and return its result's file."""
    plan, folder = PLANS[args.env], args.folder("direct")
    if not (folder / "result.json").exists():
        console.rule("policy of the real environment")
        _agent(
            args,
            model,
            steps=0,
            reward_scale=plan.reward_scale,
            direct_steps=args.sized(args.direct_steps),
            evaluate=args.sized(EVALUATE),
            seed=args.seed,
            out=folder,
        )
    return folder / "result.json"


def _play(
    args: Args, console: Console, model: Path, policy: Path, name: str, frames: int, seed: int
) -> Path:
    """Play the real environment with a policy and return the folder of its episodes."""
    folder = args.folder(name)
    if not (folder / MADE_BY).exists():
        console.rule(f"episodes {name}")
        _agent(
            args,
            model,
            policy=policy,
            evaluate=0,
            collect=folder,
            collect_frames=args.sized(frames),
            collect_random=PLANS[args.env].random,
            seed=seed,
        )
    return folder


def _agent(args: Args, model: Path, **options: object) -> None:
    words = [sys.executable, str(args.agent), "--model", str(model)]
    for name, value in options.items():
        words += [f"--{name.replace('_', '-')}", str(value)]
    # A second thread of NumPy's costs more than it gives.
    subprocess.run(words, check=True, env={**os.environ, "OPENBLAS_NUM_THREADS": "1"})


def _card(args: Args, model: Path, unseen: Path, results: list[Path]) -> card.Args:
    weights: Path | None = model
    if args.ship:
        weights = None
        shutil.copyfile(model, WEIGHTS / model.name)
    return card.Args(
        args.env,
        weights=weights,
        frames=HELD_OUT_FRAMES,
        held_out=args.folder("held-out"),
        policy_episodes=unseen,
        results=tuple(results),
        made_by=args.command,
        out=CARDS if args.ship else args.folder("card"),
    )


def main() -> None:
    """Make a world, and say where its card is."""
    args = tyro.cli(Args)
    run(args)


if __name__ == "__main__":
    main()
