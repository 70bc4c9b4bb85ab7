"""Time of one step of a vector of stepped sessions, beside that of its slowest session.

One runtime process per slot is started once; the vectors take turns on them, in another order
every round. A turn opens a session with every runtime, plays warm-up steps that are thrown away,
times the rest, and closes the sessions. What is timed is the whole ``step`` of the vector; the
slowest session of that step is the largest ``info["step_ms"]`` among its slots, which is the time
that slot's own ``ReactorEnv.step`` took. One session alone takes a turn as well.

Two worlds: ``catch``, whose step is all computing, on this machine's cores; and ``catch`` behind a
model that takes 62.5 ms a step elsewhere (it sleeps), as one on a GPU does.

    python benchmarks/vector.py --out benchmarks/reports/vector

Needs ``pip install "reactor-env[local,native]"``.
"""

from __future__ import annotations

import statistics
import tempfile
import time
from collections import deque
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import tyro
from gymnasium.vector import AsyncVectorEnv, SyncVectorEnv, VectorEnv
from rich.progress import Progress

from reactor_env import ReactorEnv
from reactor_env.latency.report import Load, machine_line, run_benchmark
from reactor_env.runtime import LocalRuntime
from reactor_env.vector import ReactorVectorEnv

PACKAGES = ("gymnasium", "aiortc", "reactor-sdk", "reactor-runtime")
OURS, SYNC, ASYNC, ALONE = "ReactorVectorEnv", "SyncVectorEnv", "AsyncVectorEnv", "one session"
CATCH, SLOW = "catch", "catch, 62.5 ms a step"

MANIFEST = "model:\n  name: slow\nruntime:\n  import: model:Model\n"
MODEL = '''
import time

import gymnasium as gym

from reactor_env.worlds.catch import CatchEnv
from reactor_env.worlds.episodic import build_world


class Slow(gym.Wrapper):
    """Catch behind a model that computes somewhere else."""

    def step(self, action):
        time.sleep(0.0625)
        return self.env.step(action)


Model = build_world(lambda: Slow(CatchEnv("rgb_array")))
'''


@dataclass
class Args:
    """What to measure."""

    slots: tuple[int, ...] = (1, 2, 4, 8)
    """Numbers of sessions stepped together."""
    rounds: int = 5
    """How often the vectors take turns."""
    steps: int = 160
    """Timed steps of each turn, ten episodes; a tenth as many where the model is slow."""
    warmup: int = 32
    """Steps of each turn that are thrown away; a tenth as many where the model is slow."""
    out: Path | None = None
    """Where to write ``<out>.json`` and ``<out>.md``; nowhere by default."""


@dataclass(frozen=True)
class Turn:
    """The steps of one turn, in milliseconds.

    Attributes:
        step_ms: Of the vector, from the call to its return.
        slowest_ms: The longest step of a session within each.
    """

    step_ms: list[float]
    slowest_ms: list[float]

    @property
    def ratios(self) -> list[float]:
        """Each step of the vector relative to its slowest session."""
        return [own / slowest for own, slowest in zip(self.step_ms, self.slowest_ms, strict=True)]


Results = dict[str, dict[int, dict[str, list[Turn]]]]
"""Turns by world, number of slots, and vector; one turn per round."""


def make(name: str, urls: Sequence[str]) -> VectorEnv[Any, Any, Any]:
    """Make a vector with one slot per address."""
    if name == ALONE:
        urls = urls[:1]
    if name in (OURS, ALONE):
        return ReactorVectorEnv(len(urls), model="catch", local=True, api_url=urls)
    fns = [partial(ReactorEnv, model="catch", local=True, api_url=url) for url in urls]
    # A forked process would inherit the event loop and native threads of this one.
    return SyncVectorEnv(fns) if name == SYNC else AsyncVectorEnv(fns, context="spawn")


def play(envs: VectorEnv[Any, Any, Any], warmup: int, steps: int) -> Turn:
    """Play random actions; an episode ends after 15 steps, the 16th resets."""
    turn = Turn([], [])
    random = np.random.default_rng(1)
    envs.reset(seed=1)
    for number in range(warmup + steps):
        actions = random.integers(3, size=envs.num_envs)
        begin = time.perf_counter()
        *_, infos = envs.step(actions)
        step_ms = 1e3 * (time.perf_counter() - begin)
        if number >= warmup:
            turn.step_ms.append(step_ms)
            turn.slowest_ms.append(float(np.max(infos["step_ms"])))
    return turn


@contextmanager
def runtimes(world: str, count: int) -> Iterator[list[str]]:
    """Start runtimes and return their addresses."""
    with ExitStack() as stack:
        source = CATCH
        if world == SLOW:
            source = stack.enter_context(tempfile.TemporaryDirectory(prefix="reactor-env-slow-"))
            Path(source, "reactor.yaml").write_text(MANIFEST)
            Path(source, "model.py").write_text(MODEL)
        yield [stack.enter_context(LocalRuntime(source)).url for _ in range(count)]


def measure(args: Args) -> Results:
    """Let the vectors take turns."""
    results: Results = {world: {} for world in (CATCH, SLOW)}
    with Progress(transient=True) as progress:
        names = (OURS, SYNC, ASYNC, ALONE)
        total = len(results) * len(args.slots) * args.rounds * len(names)
        bar = progress.add_task("stepping", total=total)
        for world, sizes in results.items():
            share = 10 if world == SLOW else 1
            with runtimes(world, max(args.slots)) as urls:
                for size in args.slots:
                    sizes[size] = {name: [] for name in names}
                    order = deque(names)
                    for _ in range(args.rounds):
                        for name in order:
                            envs = make(name, urls[:size])
                            try:
                                turn = play(envs, args.warmup // share, args.steps // share)
                            finally:
                                envs.close()
                            sizes[size][name].append(turn)
                            progress.advance(bar)
                        order.rotate(1)
    return results


def row(world: str, size: int, name: str, turns: dict[str, list[Turn]]) -> str:
    """Write one line of the table."""
    medians = [statistics.median(turn.step_ms) for turn in turns[name]]
    slowest = [statistics.median(turn.slowest_ms) for turn in turns[name]]
    alone = [statistics.median(turn.step_ms) for turn in turns[ALONE]]
    every = np.concatenate([turn.ratios for turn in turns[name]])
    rounds = [statistics.median(turn.ratios) for turn in turns[name]]
    times = [own / single for own, single in zip(medians, alone, strict=True)]
    return (
        f"| {world} | {size} | {name} | {statistics.median(medians):.2f} "
        f"({min(medians):.2f} to {max(medians):.2f}) | {statistics.median(slowest):.2f} "
        f"| {statistics.median(rounds):.3f} ({min(rounds):.3f} to {max(rounds):.3f}) "
        f"| {np.percentile(every, 95):.3f} | {statistics.median(times):.2f} |"
    )


def markdown(results: Results, args: Args, load: Load) -> str:
    """Write the report.

    Args:
        results: What was measured.
        args: How.
        load: The load average before and after.
    """
    lines = [
        f"# Stepped sessions stepped together, {args.rounds} rounds of {args.steps} steps",
        "",
        f"{machine_line(PACKAGES, load)} (the benchmark's own processes included).",
        "",
        "A vector's step, the longest step of a session within it, and the one relative to the",
        "other; the last column is relative to one session alone, whose turns were between theirs.",
        "A session's step begins when its action is sent, which ReactorVectorEnv does for all of",
        "them first.",
        "With SyncVectorEnv the sessions wait for each other, so its slowest session is a fast one",
        "and the ratio large. With AsyncVectorEnv every session has a process of its own.",
        "",
        "| world | slots | vector | p50 ms (range over rounds) | slowest session, p50 ms "
        "| vector to slowest, p50 (range over rounds) | p95 | to one session alone |",
        "|---|---|---|---|---|---|---|---|",
    ]
    for world, sizes in results.items():
        for size, turns in sizes.items():
            lines += [row(world, size, name, turns) for name in turns if name != ALONE]
    lines += [
        "",
        f"`{SLOW}` is a world that sleeps, as a model on a GPU makes its caller wait; it was given",
        "a tenth of the steps. `catch` computes on the cores that everything else here runs on:",
        "the client, the runtimes, and the benchmark.",
        "",
        "Made by `python benchmarks/vector.py --out benchmarks/reports/vector`.",
        "",
    ]
    return "\n".join(lines)


def data(results: Results) -> dict[str, Any]:
    """Return the report's data, for JSON; times in ms to the microsecond."""
    return {
        "turns": [
            {
                "world": world,
                "slots": size,
                "vector": name,
                "round": number,
                "step_ms": [round(value, 3) for value in turn.step_ms],
                "slowest_ms": [round(value, 3) for value in turn.slowest_ms],
            }
            for world, sizes in results.items()
            for size, vectors in sizes.items()
            for name, turns in vectors.items()
            for number, turn in enumerate(turns)
        ],
    }


def main(args: Args) -> None:
    """Run the benchmark and print the report."""
    run_benchmark(args, PACKAGES, measure, markdown, data)


if __name__ == "__main__":
    main(tyro.cli(Args))
