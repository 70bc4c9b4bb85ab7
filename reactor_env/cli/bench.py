"""``reactor-env bench``: how long a streamed frame takes, with this package and with others."""

from __future__ import annotations

import importlib.metadata
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from rich.console import Console
from rich.table import Table

from reactor_env.cli.target import UsageError

if TYPE_CHECKING:
    from reactor_env.bench.harness import Plan
    from reactor_env.bench.network.conditions import Network
    from reactor_env.bench.scenario import Scenario

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
_SHOWN = (
    "first_frame_ms",
    "emission_p50_ms",
    "emission_p99_ms",
    "action_p50_ms",
    "action_p99_ms",
    "ack_p50_ms",
    "delivered_percent",
    "repeated",
    "longest_gap_ms",
    "freeze_first_ms",
    "freeze_middle_ms",
    "freeze_last_ms",
    "freeze_key_ms",
    "unreadable",
    "nacks",
    "key_frame_requests",
    "datagrams_lost_percent",
    "cpu_full_ms",
    "cpu_small_ms",
    "kbps",
    "psnr_db",
    "peak_rss_mb",
)
"""The measures that are printed; the files have all."""

_STYLES = {"worse": "red", "better": "green", "unclear": "yellow"}


@dataclass(frozen=True, kw_only=True)
class Bench:
    """Measure how long streamed frames and commands take, client by client.

    The world probe streams from a runtime of its own on this machine; peers take turns on it, each
    in a process of its own. Writes report.json, report.md, report.html and the raw traces.

    Attributes:
        quick: A look of less than a minute, of three peers in two rounds.
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
        seed: Of the schedule.
        pause: How many milliseconds a reader takes for each frame, 200 for a slow one.
        sessions: Instead of peers in turn, so many sessions of this package at once in one
            process, for example 1 2 4 8; each has a runtime of its own.
        rounds: How often the peers take turns, 5 by default.
        seconds: How long a turn takes full-size frames, 5 by default.
        peers: Who takes turns, separated by commas: reactor-env, reactor-env-json,
            reactor-env-native, reactor-env-steps, reactor-sdk, aiortc, or package.module:Class. By
            default all that are installed; of the matrix reactor-env, reactor-sdk and aiortc.
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
        scenarios, plan = self.read()
        if self.sessions:
            measure_many(scenarios, plan, self, console)
            return
        self.check_installed(plan)
        measure(scenarios, plan, self, console)

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
        except ImportError as error:
            raise MissingDependencyError(
                f"a peer needs {error.name}: pip install 'reactor-env[bench]'"
            ) from error
        except (ValueError, AttributeError) as error:
            raise UsageError(str(error)) from error

    @property
    def command(self) -> str:
        """The command as it is typed, without what is default."""
        words = ["reactor-env", "bench"]
        for name, default in _DEFAULTS.items():
            value = getattr(self, name)
            if isinstance(value, tuple):
                value = " ".join(map(str, value))
            if value != default and value:
                words.append(
                    f"--{name.replace('_', '-')}" if value is True else f"--{name} {value}"
                )
        return " ".join(words)


_DEFAULTS: dict[str, Any] = {
    field: Bench.__dataclass_fields__[field].default
    for field in Bench.__dataclass_fields__
    if field not in ("out", "compare")
}


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
        arguments={name: getattr(arguments, name) for name in _DEFAULTS},
        command=arguments.command,
    )
    print_report(report, console)
    console.print(f"report: {arguments.out / 'report.html'}", highlight=False, soft_wrap=True)


def measure_many(scenarios: list[Scenario], plan: Plan, arguments: Bench, console: Console) -> None:
    """Measure many sessions at once, and write ``sessions.json`` and ``sessions.md``.

    Args:
        scenarios: What to stream.
        plan: Says how long.
        arguments: What was typed.
        console: Where to print.
    """
    from reactor_env.bench.markdown import table
    from reactor_env.bench.sessions import KIND, measure_sessions, report_of
    from reactor_env.bench.write import PACKAGES
    from reactor_env.latency.report import (
        load_average,
        machine_line,
        report_head,
        write_report,
    )

    before = load_average()
    lines = ["# Many sessions in one process", ""]
    documents = []
    for scenario in scenarios:
        found = measure_sessions(
            arguments.sessions, scenario, plan.seconds, lambda what: console.print(what)
        )
        header, rows = report_of(found)
        console.print(_table(scenario.name, header, rows))
        lines += [f"## {scenario.name}", "", *table(header, rows), ""]
        documents.append({"name": scenario.name, "sessions": [asdict(one) for one in found]})
    load = (before, load_average())
    lines[2:2] = [f"{machine_line(PACKAGES, load)}.", ""]
    lines += [f"Made by `{arguments.command}`.", ""]
    given = {name: getattr(arguments, name) for name in _DEFAULTS}
    head = report_head(PACKAGES, load, given)
    arguments.out.mkdir(parents=True, exist_ok=True)
    document = {**head, "kind": KIND, "scenarios": documents}
    write_report(arguments.out / "sessions", "\n".join(lines), document)
    console.print(f"report: {arguments.out / 'sessions.md'}", highlight=False, soft_wrap=True)


def print_report(report: Mapping[str, Any], console: Console) -> None:
    """Print the tables of a report that matter most."""
    from reactor_env.bench.markdown import measures_table, targets_table
    from reactor_env.bench.report import failures

    for scenario in report["scenarios"]:
        console.print(_table(scenario["name"], *measures_table(scenario, _SHOWN)))
        for failure in failures(scenario):
            console.print(f"failed: {failure}", markup=False, highlight=False)
    if any(one["targets"] for one in report["scenarios"]):
        header, rows = targets_table(report["scenarios"])
        plain = [[text.replace("**", "") for text in row] for row in rows]
        console.print(_table("reactor-env relative to reactor-sdk", header, plain))


def compare_files(old: Path, new: Path, console: Console) -> bool:
    """Print two reports side by side.

    Args:
        old: A ``report.json``.
        new: Another.
        console: Where to print.

    Returns:
        Whether something became worse.

    Raises:
        UsageError: If one is no report, or they have nothing in common.
        OSError: If one cannot be read.
    """
    from reactor_env.bench.compare import compare
    from reactor_env.bench.markdown import cell, number
    from reactor_env.bench.measures import MEASURES

    found = compare(read_report(old), read_report(new))
    if not found:
        raise UsageError(f"{old} and {new} have no peer of a scenario in common")
    table = Table(title=f"{old} and {new}", title_justify="left")
    for name in ("scenario", "peer", "measure", "old", "new", "new/old", ""):
        table.add_column(name)
    for one in found:
        if one.verdict == "same":
            continue
        measure = MEASURES[one.measure]
        old_text, new_text = (cell(side.as_dict()) for side in (one.old, one.new))
        ratio = f"{number(one.ratio.value)} ({number(one.ratio.low)} to {number(one.ratio.high)})"
        style = _STYLES[one.verdict]
        row = (one.scenario, one.peer, measure.title, old_text, new_text, ratio, one.verdict)
        table.add_row(*row, style=style)
    if table.row_count:
        console.print(table)
    same = sum(one.verdict == "same" for one in found)
    console.print(f"{same} of {len(found)} measures are the same within 10 %", highlight=False)
    return any(one.verdict == "worse" for one in found)


def read_report(path: Path) -> dict[str, Any]:
    """Read a ``report.json``.

    Raises:
        UsageError: If it is none.
        OSError: If it cannot be read.
    """
    from reactor_env.bench.report import check_document

    try:
        found = json.loads(path.read_text(encoding="utf-8"))
        check_document(found if isinstance(found, dict) else {}, str(path))
    except ValueError as error:
        raise UsageError(str(error)) from error
    report: dict[str, Any] = found
    return report


def _table(title: str, header: list[str], rows: list[list[str]]) -> Table:
    table = Table(title=title, title_justify="left")
    for name in header:
        table.add_column(name, overflow="fold")
    for row in rows:
        table.add_row(*row)
    return table
