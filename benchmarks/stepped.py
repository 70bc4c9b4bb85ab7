"""Time of one step of a stepped session, by frame size: both backends beside the official SDK.

The clients take turns on the same runtime process, whose world ``probe`` makes frames of any size:
every round opens a session with one, plays warm-up steps that are thrown away, times the rest, and
does the same with the others; the order changes from round to round. What is timed is the whole
call, from sending the action to having the frame as an array. The SDK is awaited on an event loop
of the caller's own; this package's sessions are called from a thread that is not the loop's, as an
environment does.

    python -m benchmarks.stepped --out benchmarks/reports/stepped

Run it from the root of a checkout. Needs ``pip install "reactor-env[local,native]"``.

OpenEnv takes turns too where it is installed (``benchmarks/openenv_peer.py`` says how). It is no
client of Reactor, but another way to step an environment of pictures over a network.
"""

from __future__ import annotations

import asyncio
import statistics
import time
from collections import Counter, deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import tyro
from numpy.typing import NDArray
from reactor_sdk import DisconnectedError, StepCommand
from reactor_sdk import Reactor as SdkReactor
from rich.progress import Progress

from benchmarks import openenv_peer
from benchmarks.openenv_peer import OpenEnv
from reactor_env.client.errors import SessionLostError
from reactor_env.latency.report import Load, machine_line, run_benchmark
from reactor_env.runtime import LocalRuntime
from reactor_env.session import Backend, Command
from reactor_env.source import open_local

WORLD = "probe"
TRACK = "main_video"
TIMEOUT_S = 30.0
PACKAGES = ("reactor-env", "aiortc", "reactor-sdk", "reactor-runtime")

Step = Callable[[Mapping[str, Any]], NDArray[np.uint8]]
"""Sends the parameters of an action and returns the frame that answers it."""


@dataclass
class Args:
    """What to measure."""

    sizes: tuple[str, ...] = ("64x64", "256x256", "640x480", "1280x720")
    """Frames, width by height."""
    rounds: int = 5
    """How often the clients take turns."""
    steps: int = 150
    """Timed steps of each turn."""
    warmup: int = 30
    """Steps of each turn that are thrown away."""
    out: Path | None = None
    """Where to write ``<out>.json`` and ``<out>.md``; nowhere by default."""


Results = dict[str, dict[str, list[list[float]]]]
"""Milliseconds of each step by frame size, client and round."""

LOSSES = (SessionLostError, DisconnectedError)
ATTEMPTS = 3
"""How often a turn is begun that loses its session."""


@contextmanager
def ours(url: str, *, backend: Backend) -> Iterator[Step]:
    """Step with a session of this package's."""
    session = open_local(WORLD, url, "stepped", TIMEOUT_S, lambda _: None, backend)

    def step(data: Mapping[str, Any]) -> NDArray[np.uint8]:
        return session.begin_step([Command("act", dict(data))], TIMEOUT_S)().rgb

    try:
        yield step
    finally:
        session.close()


@contextmanager
def official(url: str) -> Iterator[Step]:
    """Step with reactor-sdk, on native libwebrtc."""
    with asyncio.Runner() as runner:
        reactor = SdkReactor(WORLD, local=True, api_url=url, generation="stepped")

        async def one(data: Mapping[str, Any]) -> NDArray[np.uint8]:
            result = await reactor.step(commands=[StepCommand("act", dict(data))])
            return result.track(TRACK).frames[-1].array

        runner.run(reactor.connect())
        try:
            yield lambda data: runner.run(one(data))
        finally:
            runner.run(reactor.disconnect())
            reactor.close()


SDK = "reactor-sdk"
CLIENTS: dict[str, Callable[[str], AbstractContextManager[Step]]] = {
    "reactor-env, native": partial(ours, backend="native"),
    "reactor-env, aiortc": partial(ours, backend="aiortc"),
    SDK: official,
}


def wait_until_free(url: str) -> None:
    """Wait until the runtime has closed the last session; reactor-sdk does not wait itself."""
    with httpx.Client(trust_env=False) as http:
        while http.get(f"{url}/session").json()["state"] != "ready":
            time.sleep(0.05)


def play(client: str, url: str, warmup: int, steps: int) -> list[float]:
    """Play one client's turn; milliseconds per step."""
    times = []
    wait_until_free(url)
    with CLIENTS[client](url) as step:
        for number in range(warmup + steps):
            begin = time.perf_counter()
            frame = step({"action": number % 256, "action_seq": number})
            times.append(1e3 * (time.perf_counter() - begin))
            assert frame.ndim == 3
    return times[warmup:]


def play_whole(client: str, url: str, args: Args, lost: Counter[str]) -> list[float]:
    """Play one client's turn, again from its beginning where it loses its session."""
    left = ATTEMPTS
    while True:
        try:
            return play(client, url, args.warmup, args.steps)
        except LOSSES:
            lost[client] += 1
            left -= 1
            if not left:
                raise


def measure(args: Args, lost: Counter[str], openenv: OpenEnv | None) -> Results:
    """Let the clients take turns.

    Args:
        args: How.
        lost: Counts the turns that lost their session and were played again, by client.
        openenv: Takes turns too, where there is one.
    """
    results: Results = {}
    clients = len(CLIENTS) + (len(openenv_peer.NAMES) if openenv else 0)
    with Progress(transient=True) as progress:
        bar = progress.add_task("stepping", total=len(args.sizes) * args.rounds * clients)
        for size in args.sizes:
            width, height = (int(side) for side in size.split("x"))
            with (
                LocalRuntime(WORLD, world_kwargs={"width": width, "height": height}) as runtime,
                openenv_peer.serving(openenv, width, height, args.warmup, args.steps) as others,
            ):
                take_turn: dict[str, Callable[[], list[float]]] = {
                    name: partial(play_whole, name, runtime.url, args, lost) for name in CLIENTS
                }
                take_turn.update(others)
                turns: dict[str, list[list[float]]] = {name: [] for name in take_turn}
                play(SDK, runtime.url, 0, 5)  # the first session is always slow
                order = deque(take_turn)
                for _ in range(args.rounds):
                    for name in order:
                        turns[name].append(take_turn[name]())
                        progress.advance(bar)
                    order.rotate(1)
            results[size] = turns
    return results


def row(size: str, name: str, turns: Mapping[str, Sequence[Sequence[float]]]) -> str:
    """Write one line of the table."""
    medians = [statistics.median(times) for times in turns[name]]
    peer = [statistics.median(times) for times in turns[SDK]]
    ratios = [own / sdk for own, sdk in zip(medians, peer, strict=True)]
    p99 = float(np.percentile(np.concatenate(turns[name]), 99))
    return (
        f"| {size} | {name} | {statistics.median(medians):.2f} "
        f"({min(medians):.2f} to {max(medians):.2f}) | {p99:.2f} "
        f"| {statistics.median(ratios):.2f} ({min(ratios):.2f} to {max(ratios):.2f}) |"
    )


def markdown(
    results: Results,
    args: Args,
    load: Load,
    lost: Mapping[str, int],
    openenv: OpenEnv | None,
) -> str:
    """Write the report.

    Args:
        results: What was measured.
        args: How.
        load: The load average before and after.
        lost: How many turns were lost and played again, by client.
        openenv: Which OpenEnv took turns.
    """
    again = ", ".join(f"{count} of {name}" for name, count in lost.items()) or "none"
    lines = [
        f"# Stepped sessions, {args.rounds} rounds of {args.steps} steps",
        "",
        f"{machine_line(PACKAGES, load)} (the benchmark's own processes included).",
        "",
        "From sending an action to having its frame as an array. Frames travel as raw RGB on the",
        "data channel; the ratio is of the medians of turns of the same round. Turns that lost",
        f"their session and were played again: {again}.",
        "",
        *about_openenv(openenv),
        "",
        "| frame | client | p50 ms (range over rounds) | p99 ms "
        "| p50 relative to reactor-sdk (range over rounds) |",
        "|---|---|---|---|---|",
    ]
    lines += [row(size, name, turns) for size, turns in results.items() for name in turns]
    lines += ["", "Made by `python -m benchmarks.stepped --out benchmarks/reports/stepped`.", ""]
    return "\n".join(lines)


def about_openenv(openenv: OpenEnv | None) -> list[str]:
    """Say what OpenEnv does in the table, or why it is not there."""
    if openenv is None:
        return [f"OpenEnv was left out: `{openenv_peer.VARIABLE}` named no Python that has it."]
    return [
        f"OpenEnv is openenv-core {openenv.version}: an environment of its own that returns frames",
        "which `probe` drew before, over its WebSocket, in base64 since that is JSON; as it comes,",
        "with the WebSocket's compression, and with a server that does not compress. It is plain",
        "TCP; a data channel is SCTP, and encrypted.",
    ]


def data(results: Results, lost: Mapping[str, int], openenv: OpenEnv | None) -> dict[str, Any]:
    """Return the report's data, for JSON; times in ms to the microsecond."""
    return {
        "openenv": None if openenv is None else openenv.version,
        "lost_turns": dict(lost),
        "turns": [
            {
                "frame": size,
                "client": name,
                "round": number,
                "step_ms": [round(value, 3) for value in times],
            }
            for size, clients in results.items()
            for name, turns in clients.items()
            for number, times in enumerate(turns)
        ],
    }


def main(args: Args) -> None:
    """Run the benchmark and print the report."""
    lost: Counter[str] = Counter()
    openenv = openenv_peer.find()
    run_benchmark(
        args,
        PACKAGES,
        partial(measure, lost=lost, openenv=openenv),
        partial(markdown, lost=lost, openenv=openenv),
        partial(data, lost=lost, openenv=openenv),
    )


if __name__ == "__main__":
    main(tyro.cli(Args))
