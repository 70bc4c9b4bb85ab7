"""Runs a benchmark: one runtime for each scenario, and peers that take turns on it."""

from __future__ import annotations

import contextlib
import os
import subprocess
import time
from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx

from reactor_env.bench.child import Turn
from reactor_env.bench.machine import (
    Cores,
    available_cores,
    bound,
    share_cores,
    wait_for_quiet,
)
from reactor_env.bench.measures import measure
from reactor_env.bench.network import relay
from reactor_env.bench.network.relay import Relay
from reactor_env.bench.peers import OURS, TRACED
from reactor_env.bench.peers.interpreters import interpreter
from reactor_env.bench.results import Round, ScenarioResults, Turnout
from reactor_env.bench.scenario import Scenario
from reactor_env.bench.trace import Trace
from reactor_env.errors import RuntimeStartError
from reactor_env.runtime import LocalRuntime

_WARM_UP_S = 1.0
_GRACE_S = 45.0
_FREE_TIMEOUT_S = 30.0

TRACES = "traces"
"""The folder of the raw traces, beside the report."""

Notify = Callable[[str], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """How to measure.

    Attributes:
        peers: Who takes turns.
        rounds: How often.
        settle_s: How long a stream settles before anything counts.
        seconds: How long full-size frames are taken in a turn.
        small_s: How long 84x84 observations are made in a turn.
        patience_s: How long a round waits for a quiet machine.
        pinned: Whether runtime and peer are bound to cores of their own.
        traced: Whether one more turn traces the stages of this package's frames.

    Raises:
        ValueError: If a value does not fit.
    """

    peers: tuple[str, ...]
    rounds: int = 5
    settle_s: float = 0.8
    seconds: float = 5.0
    small_s: float = 1.5
    patience_s: float = 20.0
    pinned: bool = True
    traced: bool = True

    def __post_init__(self) -> None:
        """Check the values."""
        if self.rounds < 1:
            raise ValueError(f"`rounds` must be at least 1, got {self.rounds}")
        if not 1 <= self.seconds <= 3600:
            raise ValueError(f"`seconds` must be 1 to 3600, got {self.seconds}")
        if not self.peers or len(set(self.peers)) < len(self.peers):
            raise ValueError(f"`peers` must be different names, got {self.peers}")

    @property
    def turns(self) -> int:
        """How many turns a scenario has."""
        return self.rounds * len(self.peers) + self.traced


def run(
    scenarios: Sequence[Scenario], plan: Plan, folder: Path, notify: Notify
) -> list[ScenarioResults]:
    """Measure.

    Args:
        scenarios: One after another.
        plan: How.
        folder: Where the traces go, in :data:`TRACES`.
        notify: Called before each turn with what it is.

    Raises:
        RuntimeStartError: If the runtime does not start, or the first connection, which is thrown
            away, fails.
        MissingDependencyError: If a peer needs a Python of its own that is not there.
    """
    cores = share_cores(available_cores()) if plan.pinned else Cores(frozenset(), frozenset())
    return [_run_scenario(scenario, plan, folder, cores, notify) for scenario in scenarios]


def orders(peers: Sequence[str], rounds: int) -> Iterator[tuple[str, ...]]:
    """Return the order of the peers in each round: one further every time."""
    order = deque(peers)
    for _ in range(rounds):
        yield tuple(order)
        order.rotate(-1)


def _run_scenario(
    scenario: Scenario, plan: Plan, folder: Path, cores: Cores, notify: Notify
) -> ScenarioResults:
    results = ScenarioResults(scenario)
    with _runtime(scenario, cores) as runtime:
        bench = _Bench(runtime, scenario, plan, folder / TRACES, cores)
        bench.warm_up()
        for index, order in enumerate(orders(plan.peers, plan.rounds)):
            taking = Round(wait_for_quiet(plan.patience_s), order)
            for peer in order:
                notify(f"{scenario.name}, round {index + 1}: {peer}")
                taking.turns[peer] = bench.turn(peer, index)
            results.rounds.append(taking)
        if plan.traced:
            notify(f"{scenario.name}: the stages of {OURS}")
            results.traced = bench.turn(TRACED, 0)
    return results


@contextmanager
def _runtime(scenario: Scenario, cores: Cores) -> Iterator[LocalRuntime]:
    runtime = LocalRuntime("probe", fps=scenario.fps, world_kwargs=scenario.world_kwargs)
    with bound(cores.runtime), _environment(scenario.environment):
        runtime.start()
    try:
        yield runtime
    finally:
        runtime.stop()


@contextmanager
def _environment(changes: Mapping[str, str]) -> Iterator[None]:
    """Have processes that are started within the context find these variables."""
    before = {name: os.environ.get(name) for name in changes}
    os.environ.update(changes)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value


class _Bench:
    """The turns on one runtime."""

    def __init__(
        self, runtime: LocalRuntime, scenario: Scenario, plan: Plan, folder: Path, cores: Cores
    ) -> None:
        self._runtime = runtime
        self._scenario = scenario
        self._plan = plan
        self._folder = folder
        self._cores = cores
        folder.mkdir(parents=True, exist_ok=True)

    def warm_up(self) -> None:
        """Connect once: the first connection after a runtime's start is always slow."""
        path = self._folder / f".{self._scenario.name}-warm-up.npz"
        url = self._runtime.url
        error = self._run_child(self._make_turn(self._plan.peers[0], 0, path, url, warm_up=True))
        path.unlink(missing_ok=True)
        if error is not None:
            raise RuntimeStartError(f"the first connection failed: {error}")

    def turn(self, peer: str, index: int) -> Turnout:
        """Have a peer take its turn; a failure is a result."""
        name = peer.replace(":", "-")
        path = self._folder / f"{self._scenario.name}-{name}-{index + 1}.npz"
        path.unlink(missing_ok=True)
        with self._network(index) as url:
            error = self._run_child(self._make_turn(peer, index, path, url, warm_up=False))
        if error is not None:
            return Turnout(error=error)
        trace = Trace.load(path)
        try:
            measures = measure(trace)
        except ValueError as problem:
            return Turnout(error=str(problem), trace=path.name)
        return Turnout(
            measures=measures,
            codec=trace.facts.get("codec", ""),
            phases=trace.facts.get("phases", {}),
            trace=path.name,
        )

    @contextmanager
    def _network(self, index: int) -> Iterator[str]:
        """Have the scenario's network in front of the runtime; return where peers connect."""
        if not self._scenario.network.impaired:
            yield self._runtime.url
            return
        wanted = Relay(
            url=self._runtime.url,
            network=self._scenario.network,
            # The same for all peers of a round.
            round_=index,
            calm_s=self._plan.settle_s,
        )
        with relay.running(wanted, self._cores.runtime) as url:
            yield url

    def _make_turn(self, peer: str, index: int, path: Path, url: str, *, warm_up: bool) -> Turn:
        pid = self._runtime.pid
        assert pid is not None
        return Turn(
            peer=peer,
            url=url,
            runtime_url=self._runtime.url,
            runtime_pid=pid,
            out=str(path),
            cores=tuple(self._cores.peer),
            settle_s=self._plan.settle_s,
            seconds=_WARM_UP_S if warm_up else self._plan.seconds,
            small_s=0.0 if warm_up else self._plan.small_s,
            # The same for all peers of a round.
            seed=index,
            content=self._scenario.content,
            pause_s=0.0 if warm_up else self._scenario.pause_ms / 1000,
        )

    def _run_child(self, turn: Turn) -> str | None:
        """Run a turn's process, and return why it failed, ``None`` if it did not."""
        self._wait_until_free()
        error = self._run_process(turn)
        if error is not None:
            # What it has left open would be kept for a client that might come back.
            with contextlib.suppress(httpx.HTTPError):
                httpx.post(f"{self._runtime.url}/stop_session", trust_env=False)
        return error

    def _run_process(self, turn: Turn) -> str | None:
        program = interpreter(turn.peer)
        command = [program, "-m", "reactor_env.bench.child", turn.as_json()]
        limit_s = turn.settle_s + turn.seconds + turn.small_s + _GRACE_S
        process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        try:
            output, _ = process.communicate(timeout=limit_s)
        except subprocess.TimeoutExpired:
            return f"it did not end within {limit_s:g} s"
        finally:
            if process.poll() is None:
                process.kill()
                process.communicate()
        if process.returncode != 0 or not Path(turn.out).exists():
            log = Path(turn.out).with_suffix(".log")
            log.write_bytes(output)
            last = output.decode(errors="replace").strip().rpartition("\n")[2]
            return f"its process ended with {process.returncode}, see {log.name}: {last}"
        return None

    def _wait_until_free(self) -> None:
        """Wait until the runtime has closed the last session; not every client waits itself."""
        deadline = time.monotonic() + _FREE_TIMEOUT_S
        with httpx.Client(base_url=self._runtime.url, trust_env=False, timeout=5.0) as http:
            while (state := http.get("/session").json()["state"]) != "ready":
                if time.monotonic() > deadline:
                    raise RuntimeStartError(
                        f"the runtime was not free within {_FREE_TIMEOUT_S:g} s: it is {state}"
                    )
                time.sleep(0.05)
