"""Is training through the network the same as training without it? PPO on CartPole, from pixels.

The same agent with the same seeds in three ways:

* ``stepped``: in ``world="gym:CartPole-v1"``, through a real runtime and WebRTC, stepped;
* ``direct``: in Gymnasium's own CartPole in this process, its pictures made into observations by
  the same conversion;
* ``streamed``: as ``stepped``, but in real time, through a video codec.

After every improvement of the policy the parameters of the network are hashed, so that two curves
are called identical only if every bit of every parameter was, at every update.

    python -m agents.curves --out agents/results/ppo_cartpole

takes about an hour, most of it for ``streamed``, which cannot be hurried; the report is written
after every training, and ``--resume`` goes on after the last one. Needs
``pip install "reactor-env[local,native,worlds,torch,plots]"``.
"""

from __future__ import annotations

import json
import math
import time
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Literal

import gymnasium as gym
import numpy as np
import tyro
from rich.progress import Progress

from agents.ppo import (
    CARTPOLE,
    FIRST_EVALUATION_SEED,
    Args,
    Player,
    Update,
    make_env,
    make_network,
    reproducible,
    train,
)
from reactor_env.client.video import VideoFrame
from reactor_env.files import replacing
from reactor_env.latency.report import Load, load_average, machine_line, report_head, write_report
from reactor_env.observations import Converter, Observation

Arm = Literal["stepped", "direct", "streamed"]

PACKAGES = ("reactor-env", "reactor-runtime", "reactor-sdk", "aiortc", "gymnasium", "torch")
COLOURS = {"stepped": "#d1495b", "direct": "#3b4cc0", "streamed": "#2a9d5c"}
STUDENT_975 = (math.nan, 12.706, 4.303, 3.182, 2.776, 2.571, 2.447, 2.365, 2.306, 2.262)
"""The 97.5 % quantiles of Student's t distribution by degrees of freedom."""


@dataclass
class Options:
    """What to compare."""

    seeds: tuple[int, ...] = (1, 2, 3)
    """of the agent; two at least give an interval, ten at most"""
    arms: tuple[Arm, ...] = ("stepped", "direct", "streamed")
    """what to train in"""
    steps: int = CARTPOLE.steps
    """steps to train on"""
    evaluate: int = 10
    """episodes of the greedy policy after the training"""
    out: Path | None = None
    """<out>.md, <out>.json and <out>.png; nothing is written without it"""
    resume: bool = False
    """keep the trainings that are in <out>.json, if they are of as many steps"""


class Direct(gym.Wrapper[Any, Any, Any, Any]):
    """An environment whose rendered pictures are observed, converted as a session's frames are.

    Args:
        env: The environment, with ``render_mode="rgb_array"``.
        observation: What to make of a picture.
    """

    def __init__(self, env: gym.Env[Any, Any], observation: Observation) -> None:
        super().__init__(env)
        self._wanted = observation
        self._convert: Converter | None = None

    def reset(
        self, *, seed: int | None = None, options: dict[str, Any] | None = None
    ) -> tuple[Any, dict[str, Any]]:
        """Begin an episode; see :meth:`gymnasium.Env.reset`."""
        _, info = self.env.reset(seed=seed, options=options)
        return self._observe(), info

    def step(self, action: Any) -> tuple[Any, Any, bool, bool, dict[str, Any]]:
        """Take an action; see :meth:`gymnasium.Env.step`."""
        _, reward, terminated, truncated, info = self.env.step(action)
        return self._observe(), reward, terminated, truncated, info

    def _observe(self) -> Any:
        picture: Any = self.env.render()
        if self._convert is None:
            self._convert = Converter(self._wanted, picture.shape[:2])
        return self._convert(VideoFrame(picture, None, arrival_ns=0, sequence=1))


@dataclass
class Curve:
    """One training.

    Attributes:
        arm: Where.
        seed: Of the agent.
        updates: Every improvement of the policy.
        greedy: Returns of the greedy policy afterwards, in the same arm.
        seconds: The training took.
    """

    arm: Arm
    seed: int
    updates: list[Update] = field(default_factory=list)
    greedy: list[float] = field(default_factory=list)
    seconds: float = 0.0

    @property
    def steps_per_second(self) -> float:
        """Of the training, learning included."""
        return self.updates[-1].steps / self.seconds


def make(arm: Arm, args: Args) -> gym.Env[Any, Any]:
    """Make the environment of an arm."""
    if arm != "direct":
        return make_env(args)
    env = gym.make(
        args.world.removeprefix("gym:"), render_mode="rgb_array", disable_env_checker=True
    )
    return Direct(env, Observation(size=args.size, gray=True, channels_first=True))


def learn_in(arm: Arm, args: Args, evaluate: int, progress: Progress | None = None) -> Curve:
    """Train in one arm, and evaluate there."""
    args = replace(args, mode="streamed" if arm == "streamed" else "stepped")
    curve = Curve(arm, args.seed)
    reproducible(args.seed)
    env = make(arm, args)
    try:
        player, network = Player(env, args), make_network(env, args)
        begin = time.perf_counter()
        name = f"{arm}, seed {args.seed}"
        task = progress.add_task(name, total=args.steps) if progress is not None else None
        for update in train(player, network, args):
            curve.updates.append(update)
            if progress is not None and task is not None:
                progress.update(task, completed=update.steps)
        curve.seconds = time.perf_counter() - begin
        curve.greedy = [player.play(network, FIRST_EVALUATION_SEED + n) for n in range(evaluate)]
    finally:
        env.close()
    return curve


def equal_updates(one: Curve, other: Curve) -> int:
    """Count the updates after which parameters, returns and steps were the same."""
    return sum(a == b for a, b in zip(one.updates, other.updates, strict=False))


def paired(curves: Sequence[Curve], arm: Arm, other: Arm) -> tuple[float, float]:
    """Return the mean difference of greedy returns over seeds, and half of its 95 % interval."""
    means = {(curve.arm, curve.seed): float(np.mean(curve.greedy)) for curve in curves}
    seeds = [seed for found, seed in means if found == arm and (other, seed) in means]
    differences = np.array([means[arm, seed] - means[other, seed] for seed in seeds])
    if len(differences) < 2:
        return float(differences.mean()), math.nan
    half = STUDENT_975[len(differences) - 1] * differences.std(ddof=1) / math.sqrt(len(differences))
    return float(differences.mean()), float(half)


def verdict(curves: Sequence[Curve]) -> list[str]:
    """Say whether stepped and direct curves are identical, and how far streamed ones are off."""
    by = {(curve.arm, curve.seed): curve for curve in curves}
    lines = []
    pairs = [
        (c, by["direct", c.seed]) for c in curves if c.arm == "stepped" and ("direct", c.seed) in by
    ]
    if pairs:
        equal = sum(equal_updates(*pair) for pair in pairs)
        total = sum(max(len(c.updates) for c in pair) for pair in pairs)
        same = equal == total and all(a.greedy == b.greedy for a, b in pairs)
        lines.append(
            f"**Stepped and direct learning curves are {'' if same else 'NOT '}identical**: after "
            f"{equal} of {total} updates ({len(pairs)} seeds) every parameter of the network, and "
            "every return until then, was the same, bit for bit."
        )
    if any(("stepped", curve.seed) in by for curve in curves if curve.arm == "streamed"):
        mean, half = paired(curves, "streamed", "stepped")
        interval = (
            "no interval of one seed"
            if math.isnan(half)
            else f"95 % interval [{mean - half:.1f}, {mean + half:.1f}] (paired by seed, Student's "
            "t)"
        )
        lines.append(
            "Streamed, the greedy return after training differs from the stepped one by "
            f"{mean:+.1f}, {interval}."
        )
    return lines


def last_quarter(curve: Curve) -> float:
    """Return the mean return of the episodes that ended in the last quarter of the training."""
    begin = 0.75 * curve.updates[-1].steps
    found = [one for update in curve.updates if update.steps > begin for one in update.returns]
    return float(np.mean(found)) if found else math.nan


def markdown(curves: Sequence[Curve], options: Options, load: Load) -> str:
    """Write the report."""
    changed = "".join(
        f" --{name} {' '.join(map(str, value)) if isinstance(value, tuple) else value}"
        for name in ("seeds", "arms", "steps", "evaluate")
        if (value := getattr(options, name)) != getattr(Options(), name)
    )
    command = f"python -m agents.curves{changed} --out agents/results/ppo_cartpole"
    lines = [
        f"# PPO on CartPole from pixels, {options.steps} steps, seeds "
        f"{', '.join(map(str, options.seeds))}",
        "",
        f"{machine_line(PACKAGES, load)}.",
        "",
        *(line for sentence in verdict(curves) for line in (sentence, "")),
        f"| arm | seed | updates | return, last quarter | greedy return, {options.evaluate} "
        "episodes | parameters at the end | training s | steps/s |",
        "|---|---|---|---|---|---|---|---|",
    ]
    for curve in curves:
        lines.append(
            f"| {curve.arm} | {curve.seed} | {len(curve.updates)} | {last_quarter(curve):.1f} "
            f"| {np.mean(curve.greedy):.1f} | `{curve.updates[-1].digest}` "
            f"| {curve.seconds:.0f} | {curve.steps_per_second:.0f} |"
        )
    lines += [
        "",
        "![Learning curves](ppo_cartpole.png)",
        "",
        "Steps per second are those of the training, learning included. The best return is 500.",
        "",
        f"Made by `{command}`.",
        "",
    ]
    return "\n".join(lines)


def document(curves: Sequence[Curve], options: Options, load: Load) -> dict[str, Any]:
    """Return the report's data, for JSON."""
    arguments = {"seeds": list(options.seeds), "arms": list(options.arms)}
    arguments |= {"steps": options.steps, "evaluate": options.evaluate}
    return {
        **report_head(PACKAGES, load, arguments),
        "curves": [
            {
                "arm": curve.arm,
                "seed": curve.seed,
                "seconds": round(curve.seconds, 1),
                "greedy": curve.greedy,
                "steps": [update.steps for update in curve.updates],
                "returns": [update.returns for update in curve.updates],
                "parameters": [update.digest for update in curve.updates],
            }
            for curve in curves
        ],
    }


def kept(options: Options) -> list[Curve]:
    """Return the trainings that need not be done again."""
    if options.out is None or not options.resume:
        return []
    found = json.loads(options.out.with_suffix(".json").read_text(encoding="utf-8"))
    for name in ("steps", "evaluate"):
        before, now = found["arguments"][name], getattr(options, name)
        if before != now:
            raise ValueError(f"`{name}` must be {before} to resume {options.out}, got {now}")
    return [
        Curve(
            one["arm"],
            one["seed"],
            [
                Update(*each)
                for each in zip(one["steps"], one["returns"], one["parameters"], strict=True)
            ],
            one["greedy"],
            one["seconds"],
        )
        for one in found["curves"]
    ]


def plot(curves: Sequence[Curve], path: Path) -> None:
    """Draw the returns of the episodes against steps, one panel for each seed."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    seeds = sorted({curve.seed for curve in curves})
    figure = Figure(figsize=(4 * len(seeds), 3.4), dpi=100, layout="constrained")
    FigureCanvasAgg(figure)
    panels = figure.subplots(1, len(seeds), sharey=True, squeeze=False)[0]
    for panel, seed in zip(panels, seeds, strict=True):
        for curve in (found for found in curves if found.seed == seed):
            ended = [update for update in curve.updates if update.returns]
            # The direct curve is drawn over the stepped one, dashed, so that both are seen.
            over = curve.arm == "direct"
            panel.plot(
                [update.steps for update in ended],
                [np.mean(update.returns) for update in ended],
                color=COLOURS[curve.arm],
                linestyle=(0, (3, 3)) if over else "-",
                linewidth=1.4 if over or curve.arm == "streamed" else 3.0,
                alpha=1.0 if over else 0.75,
                zorder=3 if over else 2,
                label=curve.arm,
            )
        panel.set_title(f"seed {seed}")
        panel.set_xlabel("steps")
        panel.set_ylim(0, 520)
        panel.grid(alpha=0.3)
    panels[0].set_ylabel("mean return of the episodes of a rollout")
    panels[0].legend(loc="upper left")
    with replacing(path) as partial:
        figure.savefig(partial, format="png")


def report(curves: Sequence[Curve], options: Options, load: Load) -> str:
    """Write the report, if it is asked for, and return its text."""
    text = markdown(curves, options, load)
    if options.out is not None:
        options.out.parent.mkdir(parents=True, exist_ok=True)
        plot(curves, options.out.with_suffix(".png"))
        write_report(options.out, text, document(curves, options, load))
    return text


def main(options: Options) -> None:
    """Train, compare, and print the report."""
    before = load_average()
    curves = kept(options)
    done = {(curve.arm, curve.seed) for curve in curves}
    text = ""
    with Progress() as progress:
        for arm in options.arms:
            for seed in options.seeds:
                if (arm, seed) not in done:
                    args = replace(CARTPOLE, seed=seed, steps=options.steps)
                    found = learn_in(arm, args, options.evaluate, progress)
                    progress.print(f"{arm}, seed {seed}: {found.seconds:.0f} s")
                    curves.append(found)
                text = report(curves, options, (before, load_average()))
    print(text)


if __name__ == "__main__":
    main(tyro.cli(Options))
