"""How exactly a real-time clock keeps its rate: ``Clock(hz)`` beside rtgym's.

Both drive the same streamed session of the same runtime, and take turns on it: every round is one
turn of each, and the order changes from round to round. rtgym, which has no client, sends and reads
through this package's session. Each also keeps time alone, without a session, which shows what the
session's own threads cost. Between two steps the agent thinks for a part of the period that varies.
What is timed is the period that the agent sees: from the return of one ``step()`` to the return of
the next.

    python benchmarks/clock.py --out benchmarks/reports/clock

Needs ``pip install "reactor-env[local,worlds]" rtgym``.
"""

from __future__ import annotations

import statistics
import tempfile
import time
import warnings
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import gymnasium as gym
import numpy as np
import tyro
from numpy.typing import NDArray
from rich.progress import Progress
from rtgym import DEFAULT_CONFIG_DICT, RealTimeGymInterface
from rtgym.envs.real_time_env import RealTimeEnv

from reactor_env.clock import Clock, Ticker, sleep_until
from reactor_env.env import ReactorEnv
from reactor_env.latency.report import Load, machine_line, run_benchmark
from reactor_env.observations import Converter, Observation
from reactor_env.runtime import LocalRuntime
from reactor_env.source import open_local

OURS = "reactor-env, Clock"
PEER = "rtgym"
OURS_ALONE = "reactor-env, no session"
PEER_ALONE = "rtgym, no session"
PACKAGES = ("reactor-env", "rtgym", "gymnasium", "aiortc")
SIZE = (84, 84)
CONNECT_S = 30.0
MANIFEST = "model:\n  name: walk\nruntime:\n  import: model:Model\n"
MODEL = """
import numpy as np
from reactor_runtime import InputField, Output, ReactorApp, Video, event


class Picture(Output):
    main_video: Video


class Model(ReactorApp):
    fps = 30
    buffer_size = 1

    def __init__(self):
        super().__init__()
        self._way = self._place = 0

    @event(name="set_way")
    def set_way(self, way: int = InputField(default=0, ge=0, le=2)): self._way = way

    def generate(self, _):
        self._place = (self._place + 4 * (self._way - 1)) % 640
        picture = np.full((360, 640, 3), 40, np.uint8)
        picture[:, (np.arange(160) + self._place) % 640] = 220
        return Picture(main_video=picture)
"""
THINKING = 0.4
"""The longest part of a period that the agent thinks."""

DRAWS = 1000

Step = Callable[[], None]


@dataclass
class Args:
    """What to measure."""

    rates: tuple[float, ...] = (16.0, 24.0, 30.0)
    """Steps per second."""
    rounds: int = 8
    """How often they take turns."""
    seconds: float = 6.0
    """Of each turn."""
    warmup: int = 10
    """Steps of each turn that are thrown away."""
    out: Path | None = None
    """Where to write ``<out>.json`` and ``<out>.md``; nowhere by default."""


@dataclass(frozen=True)
class Turn:
    """One turn.

    Attributes:
        hz: The rate that was asked for.
        period_ms: From the return of each step to that of the next.
    """

    hz: float
    period_ms: list[float]

    @property
    def mean_error(self) -> float:
        """How far the mean period is from the one asked for, as a part of it."""
        return abs(statistics.fmean(self.period_ms) * self.hz / 1e3 - 1)

    @property
    def off_ms(self) -> NDArray[np.float64]:
        """How far each period is from the one asked for."""
        return np.abs(np.array(self.period_ms) - 1e3 / self.hz)


Results = dict[float, dict[str, list[Turn]]]
"""Turns by rate and clock; one turn per round."""


class Idle(RealTimeGymInterface):  # type: ignore[misc]
    """An interface of rtgym's to nothing."""

    def send_control(self, control: Any) -> None:
        """Do nothing."""

    def reset(
        self, seed: int | None = None, options: Any = None
    ) -> tuple[list[Any], dict[str, Any]]:
        """Return an observation."""
        return [np.zeros(1, np.float32)], {}

    def get_obs_rew_terminated_info(self) -> tuple[list[Any], float, bool, dict[str, Any]]:
        """Return an observation."""
        return [np.zeros(1, np.float32)], 0.0, False, {}

    def get_observation_space(self) -> gym.Space[Any]:
        """Return the space of one number."""
        return gym.spaces.Tuple((gym.spaces.Box(0, 1, (1,), np.float32),))

    def get_action_space(self) -> gym.Space[Any]:
        """Return the space of one number."""
        return gym.spaces.Box(0, 1, (1,), np.float32)

    def get_default_action(self) -> np.ndarray:
        """Return an action."""
        return np.zeros(1, np.float32)


class Streamed(Idle):
    """An interface of rtgym's to a streamed session of a bundled world."""

    def __init__(self, url: str) -> None:
        self.session = open_local("walk", url, "streamed", CONNECT_S, lambda _: None)
        self._convert = Converter(Observation(size=SIZE), SIZE)

    def send_control(self, control: Any) -> None:
        """Send an action."""
        self.session.post("set_way", {"way": int(3 * control[0])})

    def reset(
        self, seed: int | None = None, options: Any = None
    ) -> tuple[list[Any], dict[str, Any]]:
        """Wait for the first frame."""
        self.session.frames.wait(lambda _: True, CONNECT_S)
        return [self._observation()], {}

    def get_obs_rew_terminated_info(self) -> tuple[list[Any], float, bool, dict[str, Any]]:
        """Return the newest frame."""
        return [self._observation()], 0.0, False, {}

    def get_observation_space(self) -> gym.Space[Any]:
        """Return the space of one picture."""
        return gym.spaces.Tuple((gym.spaces.Box(0, 255, (*SIZE, 3), np.uint8),))

    def _observation(self) -> Any:
        frame = self.session.frames.newest()
        assert frame is not None
        return self._convert(frame)


@contextmanager
def ours(url: str, hz: float) -> Iterator[Step]:
    """Step an environment."""
    env = ReactorEnv(
        model="walk", local=True, api_url=url, pacing=Clock(hz), observation={"size": SIZE}
    )
    try:
        env.reset(seed=1)
        number = 0

        def step() -> None:
            nonlocal number
            number += 1
            env.step(number % 3)

        yield step
    finally:
        env.close()


@contextmanager
def peer(url: str, hz: float) -> Iterator[Step]:
    """Step rtgym on the same kind of session."""
    with rtgym_env(hz, Streamed, (url,)) as (env, step):
        try:
            yield step
        finally:
            env.stop()
            env.interface.session.close()


@contextmanager
def ours_alone(url: str, hz: float) -> Iterator[Step]:
    """Keep time."""
    ticker = Ticker(Clock(hz))
    ticker.restart(time.monotonic_ns())
    yield lambda: sleep_until(ticker.next(time.monotonic_ns()).due_ns)


@contextmanager
def peer_alone(url: str, hz: float) -> Iterator[Step]:
    """Keep time by rtgym."""
    with rtgym_env(hz, Idle) as (env, step):
        yield step
        env.stop()


@contextmanager
def rtgym_env(hz: float, interface: type[Idle], args: tuple[Any, ...] = ()) -> Iterator[Any]:
    """Make an environment of rtgym's, with its default elasticity."""
    period = 1 / hz
    config = {
        **DEFAULT_CONFIG_DICT,
        "interface": interface,
        "interface_args": args,
        "time_step_duration": period,
        "start_obs_capture": period,
    }
    env = RealTimeEnv(config)
    env.reset()
    number = 0

    def step() -> None:
        nonlocal number
        number += 1
        env.step(np.array([number % 3 / 3], np.float32))

    yield env, step


CLOCKS = {OURS: ours, PEER: peer, OURS_ALONE: ours_alone, PEER_ALONE: peer_alone}


def play(step: Step, hz: float, args: Args) -> Turn:
    """Step for some seconds, thinking in between."""
    random = np.random.default_rng(1)
    period_s = 1 / hz
    periods = []
    last = 0.0
    for number in range(args.warmup + round(args.seconds * hz)):
        time.sleep(random.uniform(0, THINKING * period_s))
        step()
        now = time.perf_counter()
        if number >= args.warmup:
            periods.append(1e3 * (now - last))
        last = now
    return Turn(hz, periods)


def measure(args: Args) -> Results:
    """Let the clocks take turns."""
    results: Results = {}
    total = len(args.rates) * args.rounds * len(CLOCKS)
    with tempfile.TemporaryDirectory(prefix="reactor-env-clock-") as folder:
        Path(folder, "reactor.yaml").write_text(MANIFEST)
        Path(folder, "model.py").write_text(MODEL)
        with LocalRuntime(folder) as runtime, Progress(transient=True) as progress:
            bar = progress.add_task("keeping time", total=total)
            for hz in args.rates:
                turns: dict[str, list[Turn]] = {name: [] for name in CLOCKS}
                order = deque(CLOCKS)
                for _ in range(args.rounds):
                    for name in order:
                        with CLOCKS[name](runtime.url, hz) as step:
                            turns[name].append(play(step, hz, args))
                        progress.advance(bar)
                    order.rotate(1)
                results[hz] = turns
    return results


def row(hz: float, name: str, turns: dict[str, list[Turn]]) -> str:
    """Write one line of the table."""
    own, other = turns[name], turns[PEER_ALONE if name in (OURS_ALONE, PEER_ALONE) else PEER]
    error = [100 * turn.mean_error for turn in own]
    p50, p99, worst = np.percentile(np.concatenate([turn.off_ms for turn in own]), (50, 99, 100))
    rounds = [np.percentile(turn.off_ms, 99) for turn in own]
    ratio, low, high = ratio_of_p99((own, other))
    return (
        f"| {hz:g} | {name} | {statistics.median(error):.4f} ({max(error):.4f}) "
        f"| {p50:.3f} | {p99:.3f} ({min(rounds):.3f} to {max(rounds):.3f}) | {worst:.2f} "
        f"| {ratio:.2f} ({low:.2f} to {high:.2f}) |"
    )


Pair = tuple[Sequence[Turn], Sequence[Turn]]
"""The turns of two clocks at one rate."""


def ratio_of_p99(*pairs: Pair) -> tuple[float, float, float]:
    """Compare how far the periods of two clocks are off, at the 99th percentile of all of them.

    Args:
        *pairs: The turns of the one and the other, for each rate.

    Returns:
        The ratio, the geometric mean of those of several rates; and the ends of its 95 % interval:
        rounds, which both had at the same time, are drawn again with replacement.
    """
    random = np.random.default_rng(0)

    def ratio(own: Sequence[Turn], other: Sequence[Turn], rounds: NDArray[np.integer]) -> float:
        numbers = [
            np.percentile(np.concatenate([turns[index].off_ms for index in rounds]), 99)
            for turns in (own, other)
        ]
        return float(numbers[0] / numbers[1])

    def mean(draw: Callable[[int], NDArray[np.integer]]) -> float:
        return statistics.geometric_mean(
            [ratio(own, other, draw(len(own))) for own, other in pairs]
        )

    drawn = [mean(lambda count: random.integers(count, size=count)) for _ in range(DRAWS)]
    low, high = np.percentile(drawn, (2.5, 97.5))
    return mean(np.arange), float(low), float(high)


def row_of_all(results: Results, own: str, other: str) -> str:
    """Write the line of all rates."""
    ratio, low, high = ratio_of_p99(*((turns[own], turns[other]) for turns in results.values()))
    return f"| all | {own} | | | | | {ratio:.2f} ({low:.2f} to {high:.2f}) |"


def markdown(results: Results, args: Args, load: Load) -> str:
    """Write the report.

    Args:
        results: What was measured.
        args: How.
        load: The load average before and after.
    """
    lines = [
        f"# A real-time clock, {args.rounds} rounds of {args.seconds:g} s",
        "",
        f"{machine_line(PACKAGES, load)} (the benchmark's own processes included).",
        "",
        "The period from the return of one step to the return of the next, against the one asked",
        f"for; the agent thinks for up to {THINKING:.0%} of it. Of the error of the mean period",
        "the median over rounds is given, and the largest; of how far single periods are off, the",
        "median, the 99th percentile and the worst of all. The last column is that 99th percentile",
        "relative to rtgym's, with its 95 % interval (rounds drawn again with replacement); of all",
        "rates, the geometric mean of it.",
        "",
        "| Hz | clock | mean period off by % (worst round) | period off by ms, p50 "
        "| p99 (range over rounds) | worst | p99 relative to rtgym (95 % interval) |",
        "|---|---|---|---|---|---|---|",
    ]
    for hz, turns in results.items():
        lines += [row(hz, name, turns) for name in turns]
    if len(results) > 1:
        lines += [row_of_all(results, OURS, PEER), row_of_all(results, OURS_ALONE, PEER_ALONE)]
    lines += [
        "",
        "The session streams 640x360 at 30 frames a second; both clocks return it as 84x84.",
        "",
        "Made by `python benchmarks/clock.py --out benchmarks/reports/clock`.",
        "",
    ]
    return "\n".join(lines)


def data(results: Results) -> dict[str, Any]:
    """Return the report's data, for JSON; times in ms to the microsecond."""
    return {
        "turns": [
            {
                "hz": hz,
                "clock": name,
                "round": number,
                "period_ms": [round(value, 3) for value in turn.period_ms],
            }
            for hz, clocks in results.items()
            for name, turns in clocks.items()
            for number, turn in enumerate(turns)
        ],
    }


def main(args: Args) -> None:
    """Run the benchmark and print the report."""
    with warnings.catch_warnings():
        # rtgym warns of each step that comes late; the table says how late they were.
        warnings.filterwarnings("ignore", message="Time-step timed out")
        run_benchmark(args, PACKAGES, measure, markdown, data)


if __name__ == "__main__":
    main(tyro.cli(Args))
