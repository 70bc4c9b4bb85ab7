"""What every benchmark's report says of the machine, and how it is written."""

from __future__ import annotations

import json
import os
import platform
from collections.abc import Callable, Iterable, Mapping
from dataclasses import asdict
from importlib.metadata import version
from pathlib import Path
from typing import Any, ClassVar, Protocol

from reactor_env.files import replacing

Load = tuple[float, float]
"""The machine's load average over a minute, before a benchmark and after it."""


def load_average() -> float:
    """Return the machine's load average over the last minute."""
    return os.getloadavg()[0]


def machine_line(packages: Iterable[str], load: Load) -> str:
    """Describe machine, versions and load in half a sentence.

    Args:
        packages: Distributions whose versions matter.
        load: The load average before and after.
    """
    versions = ", ".join(f"{name} {version(name)}" for name in packages)
    return (
        f"{_processor()}, {os.cpu_count()} cores, Python {platform.python_version()}, {versions}; "
        f"load average {load[0]:.1f} before and {load[1]:.1f} after"
    )


def report_head(
    packages: Iterable[str], load: Load, arguments: Mapping[str, Any]
) -> dict[str, Any]:
    """Return what every report's data begins with.

    Args:
        packages: Distributions whose versions matter.
        load: The load average before and after.
        arguments: What the benchmark was called with; values that JSON has.
    """
    return {
        "schema_version": 1,
        "arguments": dict(arguments),
        "machine": {
            "processor": _processor(),
            "cores": os.cpu_count(),
            "python": platform.python_version(),
            "load_average": {"before": load[0], "after": load[1]},
        },
        "versions": {name: version(name) for name in packages},
    }


class Arguments(Protocol):
    """What a benchmark was asked to do: a dataclass of values that JSON has."""

    __dataclass_fields__: ClassVar[dict[str, Any]]

    @property
    def out(self) -> Path | None:
        """Where to write; nowhere if it is ``None``."""
        ...


def run_benchmark[A: Arguments, R](
    args: A,
    packages: Iterable[str],
    measure: Callable[[A], R],
    markdown: Callable[[R, A, Load], str],
    data: Callable[[R], Mapping[str, Any]],
) -> None:
    """Measure, print the report, and write it if that is asked for.

    Args:
        args: What to measure.
        packages: Distributions whose versions matter.
        measure: Does it.
        markdown: Makes the report of what was measured.
        data: Makes the data that goes with it, for JSON.
    """
    packages = tuple(packages)
    before = load_average()
    results = measure(args)
    load = (before, load_average())
    text = markdown(results, args, load)
    print(text)
    if args.out is not None:
        arguments = {name: value for name, value in asdict(args).items() if name != "out"}
        write_report(args.out, text, {**report_head(packages, load, arguments), **data(results)})


def write_report(out: Path, text: str, document: Mapping[str, Any]) -> None:
    """Write ``<out>.md`` and ``<out>.json``.

    Args:
        out: The files, without their endings.
        text: Markdown.
        document: The data, on one line: it is for programs.
    """
    with replacing(out.with_suffix(".md")) as partial:
        partial.write_text(text, encoding="utf-8")
    with replacing(out.with_suffix(".json")) as partial:
        partial.write_text(json.dumps(document, allow_nan=False) + "\n", encoding="utf-8")


def _processor() -> str:
    return platform.processor() or platform.machine()
