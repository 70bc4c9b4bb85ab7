"""Time of one step of a stepped session: this package's client beside the official SDK.

Both clients take turns on the same runtime process: every round opens a session with one, plays
warm-up steps that are thrown away, times the rest, and does the same with the other; the order
changes from round to round. What is timed is the whole blocking call, from sending the action to
having the frame as an array.

    python benchmarks/stepped.py --out benchmarks/reports/stepped

Needs ``pip install "reactor-env[local,worlds,native]"``.
"""

from __future__ import annotations

import asyncio
import statistics
import time
from collections.abc import Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import tyro
from reactor_sdk import Reactor as SdkReactor
from reactor_sdk import StepCommand
from rich.progress import track

from reactor_env.client import Command, Reactor
from reactor_env.latency.report import Load, load_average, machine_line, report_head, write_report
from reactor_env.runtime import LocalRuntime

TRACK = "main_video"
PACKAGES = ("reactor-env", "aiortc", "reactor-sdk", "reactor-runtime")
FRAME_SIZES = {"catch": "64x64", "gym:CartPole-v1": "600x400"}

Step = Callable[[str, dict[str, Any]], Awaitable[np.ndarray]]


@dataclass
class Args:
    """What to measure."""

    worlds: tuple[str, ...] = ("catch", "gym:CartPole-v1")
    """Worlds to step, small and large frames."""
    rounds: int = 5
    """How often the clients take turns."""
    steps: int = 200
    """Timed steps of each turn."""
    warmup: int = 30
    """Steps of each turn that are thrown away."""
    out: Path | None = None
    """Where to write ``<out>.json`` and ``<out>.md``; nowhere by default."""


@asynccontextmanager
async def ours(url: str) -> Any:
    """Step with this package's client on aiortc."""
    reactor = Reactor("world", local=True, api_url=url, generation="stepped")
    await reactor.connect()

    async def step(command: str, data: dict[str, Any]) -> np.ndarray:
        reply = await reactor.step([Command(command, data)])
        return reply.tracks[TRACK][-1].array

    try:
        yield step
    finally:
        await reactor.disconnect()


@asynccontextmanager
async def official(url: str) -> Any:
    """Step with reactor-sdk, on native libwebrtc."""
    reactor = SdkReactor("world", local=True, api_url=url, generation="stepped")
    await reactor.connect()

    async def step(command: str, data: dict[str, Any]) -> np.ndarray:
        result = await reactor.step(commands=[StepCommand(command, data)])
        frames = result.track(TRACK).frames
        return frames[-1].array

    try:
        yield step
    finally:
        await reactor.disconnect()
        reactor.close()


CLIENTS = {"reactor-env (aiortc)": ours, "reactor-sdk": official}


async def session_is_free(url: str) -> None:
    """Wait until the runtime has closed the last session; reactor-sdk does not wait itself."""
    async with httpx.AsyncClient(trust_env=False) as http:
        while (await http.get(f"{url}/session")).json()["state"] != "ready":  # noqa: ASYNC110 - polls another process
            await asyncio.sleep(0.05)


async def turn(client: str, url: str, args: Args) -> list[float]:
    """Time one client's turn; milliseconds per step."""
    times = []
    await session_is_free(url)
    async with CLIENTS[client](url) as step:
        alive = 0
        for number in range(args.warmup + args.steps):
            if alive == 0:
                await step("reset", {"seed": number})
                # CartPole with alternating actions falls after about thirty steps.
                alive = 14
            begin = time.perf_counter()
            frame = await step("act", {"action": number % 2, "action_seq": number})
            times.append(1e3 * (time.perf_counter() - begin))
            assert frame.ndim == 3
            alive -= 1
    return times[args.warmup :]


async def measure(world: str, args: Args) -> dict[str, list[list[float]]]:
    """Let the clients take turns on one runtime; times by client and round."""
    rounds: dict[str, list[list[float]]] = {name: [] for name in CLIENTS}
    with LocalRuntime(world) as runtime:
        await turn("reactor-sdk", runtime.url, Args(steps=5, warmup=0))  # the first is always slow
        for number in track(range(args.rounds), description=world):
            names = list(CLIENTS)
            for name in names[number % 2 :] + names[: number % 2]:
                rounds[name].append(await turn(name, runtime.url, args))
    return rounds


def table(results: dict[str, dict[str, list[list[float]]]], args: Args, load: Load) -> str:
    """Write the results as Markdown."""
    lines = [
        f"# Stepped sessions, {args.rounds} rounds of {args.steps} steps",
        "",
        f"{machine_line(PACKAGES, load)} (the benchmark's own processes included).",
        "",
        "| world | client | p50 ms (range over rounds) | p99 ms | p50 relative to reactor-sdk |",
        "|---|---|---|---|---|",
    ]
    for world, rounds in results.items():
        medians = {name: [statistics.median(times) for times in r] for name, r in rounds.items()}
        ratios = [
            own / sdk
            for own, sdk in zip(
                medians["reactor-env (aiortc)"], medians["reactor-sdk"], strict=True
            )
        ]
        for name, values in medians.items():
            p99 = float(np.percentile(np.concatenate(rounds[name]), 99))
            ratio = statistics.median(ratios) if name != "reactor-sdk" else 1.0
            spread = f"{min(values):.2f} to {max(values):.2f}"
            lines.append(
                f"| {world} ({FRAME_SIZES.get(world, '?')}) | {name} | "
                f"{statistics.median(values):.2f} ({spread}) | {p99:.2f} | {ratio:.2f} |"
            )
    lines += ["", "Made by `python benchmarks/stepped.py --out benchmarks/reports/stepped`.", ""]
    return "\n".join(lines)


def main() -> None:
    """Run the benchmark and print the table."""
    args = tyro.cli(Args)
    before = load_average()
    results = {world: asyncio.run(measure(world, args)) for world in args.worlds}
    load = (before, load_average())
    text = table(results, args, load)
    print(text)
    if args.out is not None:
        arguments = {key: str(value) for key, value in asdict(args).items()}
        head = report_head(PACKAGES, load, arguments)
        write_report(args.out, text, {**head, "step_ms": results})


if __name__ == "__main__":
    main()
