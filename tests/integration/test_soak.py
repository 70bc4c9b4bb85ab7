"""Long runs grow neither memory nor threads nor file descriptors.

``REACTOR_ENV_SOAK_SECONDS`` sets how long the soak is, 20 minutes by default. One of less than ten
minutes judges threads and descriptors alone.
"""

from __future__ import annotations

import gc
import itertools
import os
import statistics
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import psutil
import pytest

from reactor_env.env import ReactorEnv
from reactor_env.source import WorldSource
from tests.integration.conftest import SESSIONS, MakeEnv

SOAK_S = float(os.environ.get("REACTOR_ENV_SOAK_SECONDS", "1200"))
LONG_ENOUGH_S = 600
"""Less than this tells nothing of a day's memory: noise of 1 MB would be hundreds."""

WARM_UP = 0.25
"""The part of the time in which caches fill; growth is measured after it."""

SAMPLES = 240
DAY_S = 86_400
OURS_MB = 150
RUNTIMES_MB = 600
"""The most that a process may have grown after a day, by the slope. The runtime keeps its last 4096
events for who wants to replay them, one every few seconds, so that it grows for hours before it is
flat: by up to 240 MB a day in a soak of 20 minutes, by 17 MB in all."""

MORE_THREADS = {True: 2, False: 10}
"""How many more threads than at the end of the warm-up there may be in this process, and in a
runtime, whose thread pool fills slowly."""

MORE_DESCRIPTORS = 4


@dataclass(frozen=True, slots=True)
class Sample:
    """What a process holds at one time."""

    at_s: float
    rss_mb: float
    threads: int
    descriptors: int


def sample(process: psutil.Process, at_s: float) -> Sample:
    with process.oneshot():
        rss = process.memory_info().rss / 1e6
        return Sample(at_s, rss, process.num_threads(), process.num_fds())


def slope(points: Sequence[tuple[float, float]]) -> float:
    """Return the median slope over all pairs of points (Theil and Sen): outliers move it little."""
    pairs = itertools.combinations(points, 2)
    return statistics.median((y1 - y0) / (x1 - x0) for (x0, y0), (x1, y1) in pairs)


def span(values: Iterable[int]) -> str:
    found = sorted(values)
    return f"{found[0]} to {found[-1]}"


def runtime_of(env: ReactorEnv) -> psutil.Process:
    source = env._source
    assert isinstance(source, WorldSource)
    return psutil.Process(source.runtime.pid)


def test_the_slope_is_that_of_most_points() -> None:
    assert slope([(0, 0), (1, 2), (2, 4), (3, 900), (4, 8), (5, 10)]) == 2


@pytest.mark.slow
@pytest.mark.timeout(SOAK_S + 300)
def test_a_day_of_steps_in_every_kind_of_session_grows_nothing(
    make_env: MakeEnv, capsys: pytest.CaptureFixture[str]
) -> None:
    envs = {str(kind.id): make_env(fps=30, **arguments(kind)) for kind in SESSIONS}
    for seed, env in enumerate(envs.values()):
        env.reset(seed=seed)
    processes = {"this process": psutil.Process()}
    processes |= {f"the runtime of {name}": runtime_of(env) for name, env in envs.items()}
    seen: dict[str, list[Sample]] = {name: [] for name in processes}
    begin = time.monotonic()
    steps = 0
    while (now := time.monotonic() - begin) < SOAK_S:
        if now >= len(seen["this process"]) * SOAK_S / SAMPLES:
            gc.collect()  # what can be collected is not a leak
            for name, process in processes.items():
                seen[name].append(sample(process, now))
        for env in envs.values():
            _, _, terminated, truncated, info = env.step(steps % 3)
            assert "session_lost" not in info, info["session_lost"]
            if terminated or truncated:
                env.reset()
        steps += 1

    report = [f"{steps} steps in each of {len(envs)} sessions in {SOAK_S:g} s"]
    faults = []
    for name, samples in seen.items():
        ours = name == "this process"
        late = [one for one in samples if one.at_s >= WARM_UP * SOAK_S]
        grown = DAY_S * slope([(one.at_s, one.rss_mb) for one in late])
        report.append(
            f"{name}: {late[0].rss_mb:.1f} to {late[-1].rss_mb:.1f} MB ({grown:+.0f} MB a day), "
            f"threads {span(one.threads for one in late)}, "
            f"descriptors {span(one.descriptors for one in late)}"
        )
        if SOAK_S >= LONG_ENOUGH_S and grown > (OURS_MB if ours else RUNTIMES_MB):
            faults.append(f"{name} grows by {grown:.0f} MB a day")
        if max(one.threads for one in late) > late[0].threads + MORE_THREADS[ours]:
            faults.append(f"{name} has more and more threads")
        if max(one.descriptors for one in late) > late[0].descriptors + MORE_DESCRIPTORS:
            faults.append(f"{name} has more and more descriptors")
    with capsys.disabled():
        print("", *report, sep="\n")
    assert not faults, "\n".join([*faults, *report])


@pytest.mark.slow
@pytest.mark.parametrize("session", SESSIONS)
def test_sessions_one_after_another_leave_nothing(
    make_env: MakeEnv, session: dict[str, Any]
) -> None:
    env = make_env(**session)
    process = psutil.Process()

    def open_sessions(count: int) -> Sample:
        for _ in range(count):
            env.reset(options={"session": "new"})
            env.step(1)
        gc.collect()
        return sample(process, 0.0)

    before = open_sessions(10)
    after = open_sessions(30)
    assert after.threads <= before.threads + 1
    assert after.descriptors <= before.descriptors + 1
    assert after.rss_mb <= before.rss_mb + 6


def arguments(kind: Any) -> dict[str, Any]:
    (found,) = kind.values
    return dict(found)
