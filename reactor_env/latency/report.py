"""What every benchmark's report says of the machine, and how it is written."""

from __future__ import annotations

import json
import os
import platform
from collections.abc import Iterable, Mapping
from importlib.metadata import version
from pathlib import Path
from typing import Any

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
