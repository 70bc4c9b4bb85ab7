"""Trains a world model: ``python -m reactor_env.worlds.dream.train --env cartpole``.

Four stages, each kept in a folder and never done twice: play the environment at random, learn its
pictures, learn what follows what, write the file that a world is served from. Interrupted, it goes
on where it was with the same result. Needs ``pip install "reactor-env[worlds,torch]"``.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np
import torch
import tyro
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

from reactor_env.files import write_json
from reactor_env.worlds.dream import collect
from reactor_env.worlds.dream.artefacts import read_arrays, write_arrays
from reactor_env.worlds.dream.collect import Episode
from reactor_env.worlds.dream.export import arrays_of, export, starts
from reactor_env.worlds.dream.loop import train
from reactor_env.worlds.dream.memory import Memory, MemoryLoss, Sequences
from reactor_env.worlds.dream.numpy_model import Config, DreamModel
from reactor_env.worlds.dream.tasks import TASKS, Task
from reactor_env.worlds.dream.vision import Vision, VisionLoss, encode_all, explained

_SAMPLE = 256
_WORTH_GOING_ON = 0.5
"""The least share of what differs between pictures that a picture model should show."""


@dataclass
class Args:
    """What to train."""

    env: Literal["cartpole", "takecover"]
    """the environment to learn"""
    out: Path | None = None
    """folder of the run; out/dream/<env> by default"""
    frames: int | None = None
    """frames to collect; the environment's own number by default, like all None below"""
    vision_steps: int | None = None
    """gradient steps of the picture model"""
    memory_steps: int | None = None
    """gradient steps of the recurrent network"""
    vision_batch: int | None = None
    """pictures in a gradient step"""
    memory_batch: int | None = None
    """windows in a gradient step"""
    window: int | None = None
    """steps in a window"""
    learning_rate: float = 1e-3
    """the highest, of Adam"""
    also: tuple[Path, ...] = ()
    """folders of further episodes, like those that agents/dream_to_real.py --collect writes"""
    begin: Path | None = None
    """folder of a finished run, whose networks are trained further, with its episodes too"""
    seed: int = 0
    """of everything"""
    threads: int = 1
    """of torch"""

    @property
    def task(self) -> Task:
        """The environment."""
        return TASKS[self.env]

    @property
    def folder(self) -> Path:
        """The folder of the run."""
        return self.out or Path("out") / "dream" / self.env

    @property
    def model_path(self) -> Path:
        """The file that the world is served from."""
        return self.folder / f"{self.env}.npz"


def run(args: Args, console: Console | None = None) -> Path:
    """Do the stages that are not done yet.

    Returns:
        The model's file.

    Raises:
        ValueError: If the folder holds a run with other arguments.
    """
    torch.set_num_threads(args.threads)
    torch.manual_seed(args.seed)  # of the networks' first weights
    _claim(args)
    if args.model_path.exists():
        return args.model_path
    vision, memory = networks(args.task)
    if args.begin is not None:
        for name, network in (("vision", vision), ("memory", memory)):
            kept = torch.load(args.begin / f"{name}.pt", weights_only=True)
            network.load_state_dict(kept["network"])
    columns = (
        TextColumn("{task.description:10}"),
        BarColumn(),
        TextColumn("{task.completed:,.0f} of {task.total:,.0f}"),
        TimeRemainingColumn(),
        TextColumn("{task.fields[note]}"),
    )
    with Progress(*columns, console=console) as progress:
        if args.begin is None:
            _collect(args, progress)
        episodes = [e for folder in _played(args.folder) for e in collect.load(folder)]
        _train_vision(args, vision, episodes, progress)
        data = _encode(args, vision, episodes)
        _train_memory(args, memory, data, progress)
    begin, openings = starts(memory, data, args.seed)
    task = args.task
    config = Config(
        task=args.env,
        actions=task.actions,
        fps=task.fps,
        max_steps=task.max_steps,
        enlarge=task.enlarge,
        latent=task.latent,
        hidden=task.hidden,
        mixtures=task.mixtures,
        openings=openings,
    )
    export(args.model_path, config, arrays_of(vision, memory, begin), _training(args, data))
    return args.model_path


def networks(task: Task) -> tuple[Vision, Memory]:
    """Make the untrained networks of a task."""
    vision = Vision(task.channels, task.latent).to(memory_format=torch.channels_last)
    sizes = (task.latent, task.actions, task.hidden, task.mixtures)
    return vision, Memory(*sizes, judge_sees=task.last_picture)


def sequences(
    episodes: list[Episode], means: np.ndarray[Any, Any], spreads: np.ndarray[Any, Any]
) -> Sequences:
    """Put encoded episodes end to end."""
    ends = [np.zeros(len(e.actions), np.float32) for e in episodes]
    for episode, end in zip(episodes, ends, strict=True):
        end[-1] = episode.terminated
    return Sequences(
        means,
        spreads,
        np.concatenate([e.actions for e in episodes]),
        np.concatenate([e.rewards for e in episodes]),
        np.concatenate(ends),
        np.array([len(e.actions) for e in episodes]),
    )


def settings(args: Args) -> dict[str, Any]:
    """Return what a run's result depends on."""
    task = args.task
    further: dict[str, Any] = {"also": [str(folder) for folder in args.also]} if args.also else {}
    if args.begin is not None:
        further["begin"] = str(args.begin)
    return further | {
        "env": args.env,
        "frames": args.frames or task.frames,
        "vision_steps": args.vision_steps or task.vision_steps,
        "memory_steps": args.memory_steps or task.memory_steps,
        "vision_batch": args.vision_batch or task.vision_batch,
        "memory_batch": args.memory_batch or task.memory_batch,
        "window": args.window or task.window,
        "learning_rate": args.learning_rate,
        "seed": args.seed,
    }


def _training(args: Args, data: Sequences) -> dict[str, Any]:
    """Return what a model's card says of how it was made: all runs, and what they learned from."""
    runs = []
    if args.begin is not None:
        earlier = args.begin / args.model_path.name
        runs += DreamModel.load(earlier).training["runs"]
        for folder in args.also:
            made_by = folder / collect.MADE_BY
            if made_by.exists():
                runs += json.loads(made_by.read_text())["runs"]
            else:
                runs.append({"command": f"episodes of {folder}, made otherwise", "seconds": {}})
    usual = settings(Args(args.env))
    options = [f"--env {args.env}"]
    for name, value in settings(args).items():
        if value != usual.get(name):
            text = " ".join(value) if isinstance(value, list) else value
            options.append(f"--{name.replace('_', '-')} {text}")
    if args.out is not None:
        options.append(f"--out {args.out}")
    command = f"python -m reactor_env.worlds.dream.train {' '.join(options)}"
    seconds = json.loads((args.folder / "seconds.json").read_text())
    runs.append({"command": command, "seconds": seconds})
    return {
        "runs": runs,
        "frames": len(data.means),
        "episodes": len(data.steps),
        "further": sum(len(e.frames) for folder in args.also for e in collect.load(folder)),
        "torch": torch.__version__,
        "threads": args.threads,
    }


def _claim(args: Args) -> None:
    path = args.folder / "settings.json"
    wanted = settings(args)
    if path.exists() and (found := json.loads(path.read_text())) != wanted:
        other = {k: v for k, v in found.items() if wanted.get(k) != v}
        raise ValueError(
            f"`out` must be a new folder or one of a run with the same arguments, got "
            f"{args.folder}, where {', '.join(f'{k} is {v!r}' for k, v in other.items())}"
        )
    write_json(path, wanted)


def _played(folder: Path) -> list[Path]:
    """Return the folders of the episodes that a run learns from."""
    made = json.loads((folder / "settings.json").read_text())
    before = _played(Path(made["begin"])) if "begin" in made else [folder / "data"]
    return [*before, *map(Path, made.get("also", ()))]


def _collect(args: Args, progress: Progress) -> None:
    frames = args.frames or args.task.frames
    bar = progress.add_task("play", total=frames, note="")
    player = collect.RandomPlayer(args.task.actions, args.task.hold)
    with _timed(args.folder, "play"):
        collect.collect(
            args.task,
            player,
            args.folder / "data",
            frames=frames,
            seed=args.seed,
            advance=lambda count: progress.advance(bar, count),
        )


def _train_vision(args: Args, vision: Vision, episodes: list[Episode], progress: Progress) -> None:
    steps = args.vision_steps or args.task.vision_steps
    frames = np.concatenate([e.frames for e in episodes])
    if args.begin is None:
        vision.begin_at(frames)
    with _timed(args.folder, "pictures"):
        train(
            vision,
            VisionLoss(vision, episodes, args.vision_batch or args.task.vision_batch),
            args.folder / "vision.pt",
            steps=steps,
            learning_rate=args.learning_rate,
            seed=args.seed,
            advance=_bar(progress, "pictures", steps),
        )
    some = frames[np.random.default_rng(args.seed).integers(len(frames), size=_SAMPLE)]
    if (share := explained(vision, some)) < _WORTH_GOING_ON:
        progress.console.print(
            f"[yellow]the picture model shows {share:.0%} of what differs between pictures, and "
            "what is made of it will not be worth much: give it more steps, another seed, or "
            "another learning rate"
        )


def _encode(args: Args, vision: Vision, episodes: list[Episode]) -> Sequences:
    path = args.folder / "latents.npz"
    if not path.exists():
        with _timed(args.folder, "pictures"):
            means, spreads = encode_all(vision, np.concatenate([e.frames for e in episodes]))
            write_arrays(path, {"means": means, "spreads": spreads})
    kept = read_arrays(path)
    return sequences(episodes, kept["means"], kept["spreads"])


def _train_memory(args: Args, memory: Memory, data: Sequences, progress: Progress) -> None:
    steps = args.memory_steps or args.task.memory_steps
    with _timed(args.folder, "memory"):
        train(
            memory,
            MemoryLoss(
                memory,
                data,
                args.memory_batch or args.task.memory_batch,
                args.window or args.task.window,
                bfloat16=args.task.bfloat16,
            ),
            args.folder / "memory.pt",
            steps=steps,
            learning_rate=args.learning_rate,
            seed=args.seed,
            advance=_bar(progress, "memory", steps),
        )


def _bar(progress: Progress, name: str, total: int) -> Callable[[int, float], None]:
    bar = progress.add_task(name, total=total, note="")
    return lambda count, loss: progress.update(bar, advance=count, note=f"loss {loss:.3f}")


@contextmanager
def _timed(folder: Path, stage: str) -> Iterator[None]:
    """Add the seconds of a block to those of its stage, of all processes that worked on it."""
    begin = time.monotonic()
    try:
        yield
    finally:
        path = folder / "seconds.json"
        seconds = json.loads(path.read_text()) if path.exists() else {}
        seconds[stage] = round(seconds.get(stage, 0.0) + time.monotonic() - begin, 1)
        write_json(path, seconds)


def main() -> None:
    """Train, and say where the model is."""
    args = tyro.cli(Args)
    path = run(args)
    print(f"wrote {path} ({path.stat().st_size / 1e6:.2f} MB)")


if __name__ == "__main__":
    main()
