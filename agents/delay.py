"""Return against action delay: of agents that remember, that see their last actions, or neither.

Five kinds of agents on ``catch``, PPO from 36x36 gray pictures, a few training seeds of each. Three
are of Stable-Baselines3:

* ``prompt``: trained without delay;
* ``delayed``: in training every episode has its actions held back by another number of steps;
* ``history``: the same, and the agent also sees its last actions
  (:class:`~reactor_env.wrappers.ActionHistory`).

Two are of ``agents/ppo_recurrent.py``, and trained with delays too:

* ``memoryless``: its memory is emptied before every step;
* ``recurrent``: it is not.

All of them are trained in the game itself, in this process: stepped, a session with it is the same
bit for bit (``python -m agents.curves`` shows that of CartPole). They are evaluated through a real
runtime, each with its actions held back by every delay, on the same episodes.

    python -m agents.delay --out agents/results/delay

writes the report after every seed. What is done already is kept in ``--work``: the same command
goes on after the last checkpoint. Needs ``pip install "reactor-env[local,agents,plots]"``.
"""

from __future__ import annotations

import functools
import json
import time
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Literal

import gymnasium as gym
import numpy as np
import torch
import tyro
from gymnasium.vector import AutoresetMode
from numpy.typing import NDArray
from rich.progress import Progress

from agents import ppo_recurrent
from agents.curves import Direct
from reactor_env.env import ReactorEnv
from reactor_env.evaluation import Interval, evaluate, interval, mean
from reactor_env.evaluation.action_delay import ActionDelay
from reactor_env.evaluation.delays import delayed_agents, delayed_makers
from reactor_env.files import replacing, write_json
from reactor_env.latency.report import Load, load_average, machine_line, report_head, write_report
from reactor_env.observations import Observation
from reactor_env.policies import named_policy
from reactor_env.policies.named import PolicyMaker
from reactor_env.training.checkpoints import Checkpoints
from reactor_env.training.delays import RandomDelay
from reactor_env.training.record import TrainingLog
from reactor_env.training.run import CHECKPOINTS, MODEL, Training
from reactor_env.training.settings import Settings
from reactor_env.vector import ThreadVectorEnv
from reactor_env.worlds.catch import CatchEnv
from reactor_env.wrappers import ActionHistory

Scores = NDArray[np.float64]
"""(episodes, training seeds)."""

ARMS = {
    "prompt": "trained without delay",
    "delayed": "trained with delays",
    "history": "trained with delays, sees its last actions",
    "memoryless": "PPO of ppo_recurrent.py without its memory, trained with delays",
    "recurrent": "PPO of ppo_recurrent.py, trained with delays",
}
MEMORIES: dict[str, Literal["gru", "none"]] = {"memoryless": "none", "recurrent": "gru"}
"""The arms that are not of Stable-Baselines3."""

PAIRS = (("history", "delayed"), ("recurrent", "memoryless"))
"""Which arms differ in one thing only."""

COLOURS = {
    "prompt": "#8d99ae",
    "delayed": "#d1495b",
    "history": "#3b4cc0",
    "memoryless": "#e9a13b",
    "recurrent": "#2a9d8f",
}

PACKAGES = ("reactor-env", "reactor-runtime", "gymnasium", "torch", "stable-baselines3")
PICTURES = Observation(size=(36, 36), gray=True, channels_first=True)
RATE = CatchEnv.metadata["render_fps"]
SLOTS = 4
ACTIONS = 3
NETWORK = "policy.pt"

LEARNING = {"learning_rate": 5e-4, "ent_coef": 0.02}
"""Of every arm: smaller steps and less forced exploration than by default in ``reactor-env train``.
Trial runs of one and two seeds did not tell which of the two is better under delay."""

FIRST_EVALUATION_SEED = 10_000


@dataclass(frozen=True)
class Options:
    """What to train and to evaluate."""

    seeds: tuple[int, ...] = (1, 2, 3)
    """of the trainings"""
    steps: int = 80_000
    """of each training"""
    trained_at: tuple[int, ...] = (0, 1, 2, 3, 4)
    """delays in steps of the world, one of which every episode of a training has"""
    history: int = 4
    """how many actions are seen"""
    evaluated_at: tuple[int, ...] = (0, 1, 2, 3, 4, 5, 6)
    """delays in steps of the world"""
    episodes: int = 40
    """of each agent at each delay"""
    work: Path = Path("out/delay")
    """folder for models and scores"""
    out: Path | None = None
    """<out>.md, <out>.json and <out>.png; nothing is written without it"""


def milliseconds(steps: int) -> float:
    """Return a delay in milliseconds at the world's rate."""
    return 1e3 * steps / float(RATE)


def game() -> gym.Env[Any, Any]:
    """Return the game, seen as a session's frames are."""
    env = Direct(CatchEnv("rgb_array"), PICTURES)
    env.observation_space = PICTURES.space((64, 64))
    return env


def make_envs(arm: str, options: Options) -> ThreadVectorEnv:
    """Make what an arm is trained in."""
    wrappers: list[Any] = []
    if arm != "prompt":
        delays_ms = [milliseconds(steps) for steps in options.trained_at]
        wrappers.append(functools.partial(RandomDelay, delays_ms=delays_ms, rate=RATE))
    if arm == "history":
        wrappers.append(functools.partial(ActionHistory, n=options.history, delay=False))
    return ThreadVectorEnv(
        [game] * SLOTS, autoreset_mode=AutoresetMode.SAME_STEP, slot_wrappers=wrappers
    )


def train(arm: str, seed: int, options: Options, progress: Progress) -> TrainingLog:
    """Train one agent, or as much of it as is left to be done."""
    folder = options.work / f"{arm}-{seed}"
    if arm in MEMORIES:
        return train_memory(arm, seed, options, folder, progress)
    newest = Checkpoints(folder / CHECKPOINTS).newest()
    log = newest.log() if newest is not None else None
    if log is not None and log.steps >= options.steps:
        return log
    settings = Settings(
        agent="ppo", steps=options.steps, seed=seed, agent_kwargs=LEARNING, device="cpu"
    )
    task = progress.add_task(f"{arm}, seed {seed}", total=options.steps)
    envs = make_envs(arm, options)
    try:
        training = Training(envs, settings, folder, log)
        training.run(newest, on_step=lambda log: progress.update(task, completed=log.steps))
    finally:
        envs.close()
    return training.log


def memory_args(arm: str, seed: int, options: Options) -> ppo_recurrent.Args:
    """Return how an agent of ``ppo_recurrent.py`` is trained."""
    return ppo_recurrent.Args(
        delays=options.trained_at, memory=MEMORIES[arm], steps=options.steps, seed=seed
    )


def train_memory(
    arm: str, seed: int, options: Options, folder: Path, progress: Progress
) -> TrainingLog:
    """Train one agent of ``ppo_recurrent.py``, unless that was done before."""
    told = folder / "train.json"
    if told.is_file():
        return TrainingLog(**json.loads(told.read_text(encoding="utf-8")))
    args = memory_args(arm, seed, options)
    ppo_recurrent.reproducible(seed)
    task = progress.add_task(f"{arm}, seed {seed}", total=options.steps)
    envs = ThreadVectorEnv(
        [game] * args.slots,
        autoreset_mode=AutoresetMode.SAME_STEP,
        slot_wrappers=[functools.partial(ppo_recurrent.DelayInSteps, steps=args.delays)],
    )
    begin, steps = time.perf_counter(), 0
    try:
        network = ppo_recurrent.make_network(envs, args)
        player = ppo_recurrent.Player(envs, network)
        for steps in ppo_recurrent.train(player, network, args):
            progress.update(task, completed=steps)
    finally:
        envs.close()
        torch.use_deterministic_algorithms(False)
    folder.mkdir(parents=True, exist_ok=True)
    with replacing(folder / NETWORK) as partial:
        torch.save(network.state_dict(), partial)
    log = TrainingLog(steps=steps, seconds=round(time.perf_counter() - begin, 3))
    write_json(told, {"steps": log.steps, "seconds": log.seconds})
    return log


def policy_of(arm: str, seed: int, options: Options) -> PolicyMaker:
    """Return what makes the policy of a trained agent."""
    folder = options.work / f"{arm}-{seed}"
    if arm not in MEMORIES:
        return named_policy(f"sb3:{folder / MODEL}", "catch")
    args = memory_args(arm, seed, options)
    network = ppo_recurrent.Network(args.size, ACTIONS, args.memory == "gru")
    network.load_state_dict(torch.load(folder / NETWORK, weights_only=True))
    return lambda env, seed: ppo_recurrent.Policy(network)


def play(seed: int, options: Options) -> dict[str, list[float]]:
    """Evaluate the agents of a seed through the runtime; return returns by arm and delay."""
    makers = {arm: policy_of(arm, seed, options) for arm in ARMS}
    delayed = delayed_agents(list(ARMS), [milliseconds(steps) for steps in options.evaluated_at])
    with ExitStack() as stack:
        envs = [ReactorEnv("catch", mode="stepped", observation=PICTURES) for _ in range(SLOTS)]
        for env in envs:
            stack.callback(env.close)
        played = evaluate(
            [ActionDelay(env, rate=RATE) for env in envs],
            delayed_makers(makers, delayed),
            episodes=options.episodes,
            seed=FIRST_EVALUATION_SEED,
        )
    if played.stopped_by is not None:
        raise played.stopped_by
    returns: dict[str, list[float]] = {one.name: [] for one in delayed}
    for episode in played.episodes:
        if episode.score is None:
            raise RuntimeError(f"an episode of {episode.job} was not played: {episode.losses}")
        returns[episode.job.agent].append(episode.score)
    names = iter(returns.values())
    return {f"{arm} {steps}": next(names) for arm in ARMS for steps in options.evaluated_at}


def scores_of(seed: int, options: Options) -> dict[str, list[float]]:
    """Return what :func:`play` gives, played before or now."""
    path = options.work / f"scores-{seed}.json"
    if not path.is_file():
        write_json(path, play(seed, options))
    found: dict[str, list[float]] = json.loads(path.read_text(encoding="utf-8"))
    return found


def table(found: Sequence[Mapping[str, list[float]]], arm: str, steps: int) -> Scores:
    """Return the returns of an arm at a delay, (episodes, training seeds)."""
    return np.array([scores[f"{arm} {steps}"] for scores in found]).T


def gain(
    found: Sequence[Mapping[str, list[float]]], better: str, worse: str, steps: int
) -> Interval:
    """Return by how much one arm is better than another, paired by training seed and episode."""
    return interval(mean, table(found, better, steps) - table(found, worse, steps))


def check_work(options: Options) -> None:
    """Refuse a work folder of other trainings.

    Raises:
        ValueError: If what is in it was made by other options.
    """
    now = {
        key: list(value) if isinstance(value, tuple) else value
        for key, value in asdict(options).items()
        if key not in ("seeds", "work", "out")
    }
    path = options.work / "options.json"
    if path.is_file() and (before := json.loads(path.read_text(encoding="utf-8"))) != now:
        raise ValueError(f"{options.work} is of {before}, not {now}: give another --work")
    write_json(path, now)


def command(options: Options) -> str:
    """Return what to type to get the same."""
    words = ["python -m agents.delay"]
    for name in ("seeds", "steps", "trained_at", "history", "evaluated_at", "episodes"):
        value = getattr(options, name)
        if value != getattr(Options(), name):
            values = value if isinstance(value, tuple) else (value,)
            words += [f"--{name.replace('_', '-')}", *map(str, values)]
    return " ".join([*words, "--out agents/results/delay"])


def markdown(
    found: Sequence[Mapping[str, list[float]]],
    logs: Sequence[TrainingLog],
    options: Options,
    load: Load,
) -> str:
    """Write the report."""
    seeds = options.seeds[: len(found)]
    seconds = sum(log.seconds for log in logs)
    lines = [
        f"# Return against action delay on catch, training seeds {', '.join(map(str, seeds))}",
        "",
        f"{machine_line(PACKAGES, load)}.",
        "",
        f"Mean return, best 1, of {options.episodes} episodes with each of {len(seeds)} agents, "
        "and its 95 % interval over episodes (stratified bootstrap; how much other training seeds "
        "would differ it does not tell). Actions are held back by so many steps of the world, "
        f"1/{RATE} s each; in training by {', '.join(map(str, options.trained_at))}, another one "
        "in every episode.",
        "",
        "| delay in steps | "
        + " | ".join(f"{arm}: {told}" for arm, told in ARMS.items())
        + "".join(f" | {better} - {worse}" for better, worse in PAIRS)
        + " |",
        "|---|" + "---|" * (len(ARMS) + len(PAIRS)),
    ]
    for steps in options.evaluated_at:
        cells = [interval(mean, table(found, arm, steps)).text() for arm in ARMS]
        cells += [gain(found, *pair, steps).text() for pair in PAIRS]
        unseen = "" if steps in options.trained_at else " (not in training)"
        lines.append(f"| {steps}{unseen} | {' | '.join(cells)} |")
    lines += [
        "",
        "![Return against delay](delay.png)",
        "",
        f"{len(logs)} trainings of {options.steps} steps took {seconds:.0f} s in all "
        f"({sum(log.steps for log in logs) / seconds:.0f} steps/s).",
        "",
        f"Made by `{command(options)}`.",
        "",
    ]
    return "\n".join(lines)


def plot(found: Sequence[Mapping[str, list[float]]], options: Options, path: Path) -> None:
    """Draw the mean return of every arm against the delay."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=(7, 4), dpi=110, layout="constrained")
    FigureCanvasAgg(figure)
    axes = figure.subplots()
    trained = options.trained_at
    axes.axvspan(min(trained), max(trained), color="#eef1f6", zorder=0, label="delays in training")
    for arm, told in ARMS.items():
        points = [interval(mean, table(found, arm, steps)) for steps in options.evaluated_at]
        axes.plot(
            options.evaluated_at,
            [point.value for point in points],
            color=COLOURS[arm],
            marker="o",
            label=told,
        )
        axes.fill_between(
            options.evaluated_at,
            [point.low for point in points],
            [point.high for point in points],
            color=COLOURS[arm],
            alpha=0.15,
            linewidth=0,
        )
    axes.set_xlabel(f"action delay in steps of the world (1/{RATE} s)")
    axes.set_ylabel("mean return (best: 1)")
    axes.set_ylim(-1.05, 1.05)
    axes.grid(alpha=0.3)
    axes.legend(loc="lower left")
    with replacing(path) as partial:
        figure.savefig(partial, format="png")


def report(
    found: Sequence[Mapping[str, list[float]]],
    logs: Sequence[TrainingLog],
    options: Options,
    load: Load,
) -> str:
    """Write the report, if it is asked for, and return its text."""
    text = markdown(found, logs, options, load)
    if options.out is not None:
        plot(found, options, options.out.with_suffix(".png"))
        arguments = {
            key: list(value) if isinstance(value, tuple) else value
            for key, value in asdict(options).items()
            if key not in ("work", "out")
        }
        document = {
            **report_head(PACKAGES, load, arguments),
            "returns": dict(zip(map(str, options.seeds), found, strict=False)),
            "training_seconds": [round(log.seconds, 1) for log in logs],
        }
        write_report(options.out, text, document)
    return text


def main(options: Options) -> None:
    """Train, evaluate, and print the report."""
    before = load_average()
    check_work(options)
    found: list[Mapping[str, list[float]]] = []
    logs: list[TrainingLog] = []
    text = ""
    with Progress() as progress:
        for seed in options.seeds:
            logs += [train(arm, seed, options, progress) for arm in ARMS]
            task = progress.add_task(f"evaluation, seed {seed}", total=1)
            found.append(scores_of(seed, options))
            progress.update(task, completed=1)
            text = report(found, logs, options, (before, load_average()))
    print(text)


if __name__ == "__main__":
    main(tyro.cli(Options))
