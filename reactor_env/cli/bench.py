"""``reactor-env bench``: how long a streamed frame takes, with this package and with others."""

from __future__ import annotations

import importlib.metadata
import shlex
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from rich.console import Console

from reactor_env.cli.bench_compare import compare_files, read_report
from reactor_env.cli.bench_model import measure_model, read_plan
from reactor_env.cli.bench_output import print_report
from reactor_env.cli.bench_sessions import measure_many
from reactor_env.cli.target import Target, UsageError

if TYPE_CHECKING:
    from reactor_env.bench.harness import Plan
    from reactor_env.bench.network.conditions import Network
    from reactor_env.bench.scenario import Scenario

__all__ = [
    "Bench",
    "compare_files",
    "measure",
    "measure_many",
    "print_report",
    "read_report",
]

MAX_SESSIONS = 64
_NETWORK_SETTLE_S = 3.0
_QUICK: dict[str, Any] = {
    "rounds": 2,
    "settle_s": 0.4,
    "seconds": 2.0,
    "small_s": 0.8,
    "patience_s": 2.0,
}
_QUICK_PEERS = ("reactor-env", "reactor-sdk", "aiortc")


@dataclass(frozen=True, kw_only=True)
class Bench(Target):
    """Measure how long streamed frames and commands take, client by client, or of one model.

    The world probe streams from a runtime of its own on this machine; peers take turns on it, each
    in a process of its own. With --model or --world that model is measured instead, by what its
    users get: how it connects, how its frames come, and how long after a command they show it.
    Writes report.json, report.md, report.html and the raw traces.

    Attributes:
        quick: A look of less than a minute, of three peers in two rounds; shorter with a model too.
        matrix: 640x480 and 1280x720 at 30 and 60 frames per second, for the project's targets,
            instead of one --size and --fps.
        size: Pixels across and down.
        fps: Frames per second.
        content: What the frames show.
        metadata: Whether frames carry metadata; the runtime then repeats them.
        codec: The only codec that the runtime may use, for a comparison of clients by the same one.
        loss: Percent of the datagrams that are lost, each way, by a schedule that is the same for
            all peers.
        jitter: Up to as many milliseconds a datagram is late, likewise.
        delay: How many milliseconds each datagram takes, each way.
        reorder: Datagrams overtake each other; without it, one that is late holds up the others.
        lost_twice: Every six seconds one packet of a frame is lost with all its retransmissions:
            the first, a middle, the last one, one of a key frame. Give 24 seconds.
        seed: Of the schedule; with a model, of its episode and of when actions come.
        pause: How many milliseconds a reader takes for each frame, 200 for a slow one.
        sessions: Instead of peers in turn, so many sessions of this package at once in one
            process, for example 1 2 4 8; each has a runtime of its own.
        rounds: How often the peers take turns, 5 by default; with a model the number of sessions,
            1 by default.
        seconds: How long a turn takes full-size frames, 5 by default; with a model 10.
        peers: Who takes turns, separated by commas: reactor-env, reactor-env-json,
            reactor-env-native, reactor-env-steps, reactor-sdk, reactor-sdk-0.8, reactor-webrtc,
            aiortc, browser, browser-track, or package.module:Class. By default all that are
            installed; of the matrix reactor-env, reactor-sdk and aiortc.
        action: With a model: what is done to see when it shows, the name of an action of the
            profile, or NAME=VALUE of controls. By default the first of some that moves the picture.
        repeats: With a model: how often that is done, and how often nothing is; 0 for never.
        options: With a model: options of the reset as NAME=VALUE, for example a prompt, or an
            image's path.
        unpinned: Leave runtime and peers on any core instead of giving each some of its own.
        out: The folder of the report.
        compare: Two files report.json, old and new, to print side by side instead of measuring;
            the exit code is 1 where something became worse.
    """

    quick: bool = False
    matrix: bool = False
    size: str = "640x480"
    fps: float = 30.0
    content: Literal["flat", "natural", "noise"] = "natural"
    metadata: bool = False
    codec: Literal["any", "VP8", "VP9", "H264"] = "any"
    loss: float = 0.0
    jitter: float = 0.0
    delay: float = 0.0
    reorder: bool = False
    lost_twice: bool = False
    seed: int = 1
    pause: float = 0.0
    sessions: tuple[int, ...] = ()
    rounds: int | None = None
    seconds: float | None = None
    peers: str | None = None
    action: tuple[str, ...] = ()
    repeats: int | None = None
    options: tuple[str, ...] = ()
    unpinned: bool = False
    out: Path = Path("bench")
    compare: tuple[Path, Path] | None = None

    def run(self) -> None:
        """Measure and write the report, or compare two.

        Raises:
            UsageError: If the arguments are wrong.
            SystemExit: With 1, if a comparison found something worse.
            Exception: What :func:`~reactor_env.cli.target.expected_errors` lists.
        """
        console = Console()
        if self.compare is not None:
            if compare_files(*self.compare, console):
                raise SystemExit(1)
            return
        if self.world is not None or self.model is not None:
            self.check_alone()
            measure_model(read_plan(self), self, console)
            return
        self.check_stream()
        scenarios, plan = self.read()
        if self.sessions:
            measure_many(scenarios, plan, self, console)
            return
        self.check_installed(plan)
        measure(scenarios, plan, self, console)

    def check_alone(self) -> None:
        """Refuse what goes with the peers and not with a model.

        Raises:
            UsageError: If there is such an argument.
        """
        self.check_target()
        self._refuse(_OF_PEERS, "goes without --model and --world: they are measured as they are")

    def check_stream(self) -> None:
        """Refuse what goes with a model and not with the peers.

        Raises:
            UsageError: If there is such an argument.
        """
        self._refuse(_OF_MODEL, "goes with --model or --world")

    def _refuse(self, names: tuple[str, ...], why: str) -> None:
        for name in names:
            if getattr(self, name) != _DEFAULTS[name]:
                raise UsageError(f"--{name.replace('_', '-')} {why}")

    def read(self) -> tuple[list[Scenario], Plan]:
        """Read the arguments.

        Raises:
            UsageError: If they are wrong.
        """
        from reactor_env.bench.harness import Plan
        from reactor_env.bench.network.conditions import LOST_TWICE_EVERY_S, PLACES
        from reactor_env.bench.peers import COMPARED, installed
        from reactor_env.bench.scenario import MATRIX, Scenario, read_size

        if self.quick and self.matrix:
            raise UsageError("give either --quick or --matrix")
        if any(not 1 <= count <= MAX_SESSIONS for count in self.sessions):
            raise UsageError(
                f"`sessions` must be 1 to {MAX_SESSIONS}, got {' '.join(map(str, self.sessions))}"
            )
        chosen: dict[str, Any] = dict(_QUICK) if self.quick else {}
        network = self.read_network()
        if network.impaired:
            # Buffers that adapt are given time to; what a frame costs is measured elsewhere.
            chosen |= {"settle_s": _NETWORK_SETTLE_S, "small_s": 0.0, "traced": False}
        if self.lost_twice and self.seconds is None:
            chosen["seconds"] = len(PLACES) * LOST_TWICE_EVERY_S
        if self.pause:
            chosen |= {"small_s": 0.0, "traced": False}
        chosen |= {
            name: value
            for name, value in (("rounds", self.rounds), ("seconds", self.seconds))
            if value is not None
        }
        few = self.quick or self.matrix
        names = self.peers.split(",") if self.peers else _QUICK_PEERS if few else COMPARED
        if not self.peers:
            names = installed(names)
        try:
            width, height = read_size(self.size)
            one = Scenario(
                width=width,
                height=height,
                fps=self.fps,
                content=self.content,
                metadata=self.metadata,
                codec=self.codec,
                network=network,
                pause_ms=self.pause,
            )
            plan = Plan(peers=tuple(names), pinned=not self.unpinned, **chosen)
        except ValueError as error:
            raise UsageError(str(error)) from error
        if not self.matrix:
            return [one], plan
        return [replace(each, codec=self.codec, network=network) for each in MATRIX], plan

    def read_network(self) -> Network:
        """Read what is to be between runtime and peers.

        Raises:
            UsageError: If it is wrong.
        """
        from reactor_env.bench.network.conditions import Network

        try:
            return Network(
                loss=self.loss,
                jitter_ms=self.jitter,
                delay_ms=self.delay,
                reorder=self.reorder,
                lost_twice=self.lost_twice,
                seed=self.seed,
            )
        except ValueError as error:
            raise UsageError(str(error)) from error

    def check_installed(self, plan: Plan) -> None:
        """Load every peer, so that what is missing is told before anything is measured.

        Raises:
            MissingDependencyError: If a package is needed.
            UsageError: If there is no such peer.
        """
        from reactor_env.bench.peers import load_peer
        from reactor_env.errors import MissingDependencyError
        from reactor_env.page import require_matplotlib

        require_matplotlib()
        try:
            for peer in plan.peers:
                load_peer(peer)
            if plan.small_s:
                importlib.import_module("cv2")
        except MissingDependencyError:
            raise
        except ImportError as error:
            raise MissingDependencyError(
                f"a peer needs {error.name}: pip install 'reactor-env[bench]'"
            ) from error
        except (ValueError, AttributeError) as error:
            raise UsageError(str(error)) from error

    @property
    def given(self) -> dict[str, Any]:
        """The arguments as a report has them."""
        return {name: getattr(self, name) for name in _DEFAULTS}

    @property
    def command(self) -> str:
        """The command as it is typed, without what is default."""
        words = ["reactor-env", "bench"]
        for name, value in self.given.items():
            default = _DEFAULTS[name]
            if value == default:
                continue
            words.append(f"--{name.replace('_', '-')}")
            if value is not True:
                words += map(str, value if isinstance(value, tuple) else [value])
        return shlex.join(words)


_DEFAULTS: dict[str, Any] = {
    field: Bench.__dataclass_fields__[field].default
    for field in Bench.__dataclass_fields__
    if field not in ("out", "compare")
}

_OF_PEERS = (
    "matrix",
    "size",
    "fps",
    "content",
    "metadata",
    "codec",
    "loss",
    "jitter",
    "delay",
    "reorder",
    "lost_twice",
    "pause",
    "sessions",
    "peers",
    "unpinned",
)
_OF_MODEL = ("local", "api_url", "profile", "world_kwargs", "action", "repeats", "options")


def measure(scenarios: list[Scenario], plan: Plan, arguments: Bench, console: Console) -> None:
    """Measure with a bar that moves, write the report, and print the targets.

    Args:
        scenarios: What to measure.
        plan: How.
        arguments: What was typed.
        console: Where to print.
    """
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

    from reactor_env.bench.harness import run
    from reactor_env.bench.write import OPTIONAL_PACKAGE, PACKAGES, write_results
    from reactor_env.latency.report import load_average

    columns = (BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    before = load_average()
    bar = Progress(
        TextColumn("{task.description}"),
        *columns,
        console=console,
        disable=not console.is_terminal,
    )
    with bar:
        task = bar.add_task("starting", total=len(scenarios) * plan.turns)
        begun = False

        def notify(what: str) -> None:
            nonlocal begun
            bar.update(task, description=what, advance=int(begun))
            begun = True
            if not console.is_terminal:
                console.print(what, highlight=False)

        results = run(scenarios, plan, arguments.out, notify)
        bar.update(task, advance=1, description="writing the report")
    packages = [*PACKAGES]
    try:
        importlib.metadata.version(OPTIONAL_PACKAGE)
        packages.append(OPTIONAL_PACKAGE)
    except importlib.metadata.PackageNotFoundError:
        pass
    report, _ = write_results(
        results,
        arguments.out,
        packages=packages,
        load=(before, load_average()),
        arguments=arguments.given,
        command=arguments.command,
    )
    print_report(report, console)
    console.print(f"report: {arguments.out / 'report.html'}", highlight=False, soft_wrap=True)
