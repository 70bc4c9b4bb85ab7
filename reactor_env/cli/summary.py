"""A rollout as a JSON document that can be compared with another one's."""

from __future__ import annotations

import math
import os
import platform
from collections.abc import Mapping
from dataclasses import asdict
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from typing import Any

from reactor_env.cli.log import METRICS, RolloutLog

SCHEMA_VERSION = 1

_PACKAGES = ("reactor-env", "gymnasium", "aiortc", "av", "numpy", "reactor-runtime", "reactor-sdk")


def summary_document(
    log: RolloutLog,
    *,
    mode: str | None,
    pacing: str | None,
    backend: str | None,
    policy: str,
    arguments: Mapping[str, Any],
    stopped_by: BaseException | None = None,
) -> dict[str, Any]:
    """Describe a rollout: what was measured, with what, and where.

    Args:
        log: The rollout.
        mode: ``"stepped"`` or ``"streamed"``, ``None`` when no session was opened.
        pacing: The pacing in streamed mode, ``None`` in stepped mode.
        backend: What carried the session.
        policy: What chose the actions.
        arguments: The arguments of the command; values that JSON has.
        stopped_by: What ended it before its time.

    Returns:
        The document. A time that the mode does not have is ``None``.
    """
    latency = {metric.key: log.summary(metric.key) for metric in METRICS}
    return {
        "schema_version": SCHEMA_VERSION,
        "created_utc": datetime.now(UTC).isoformat(timespec="seconds"),
        "versions": {
            "python": platform.python_version(),
            **{name.replace("-", "_"): _version(name) for name in _PACKAGES},
        },
        "machine": {"platform": platform.platform(), "cpu_count": os.cpu_count()},
        "arguments": dict(arguments),
        "mode": mode,
        "pacing": pacing,
        "backend": backend,
        "policy": policy,
        "complete": stopped_by is None,
        "stopped_by": _told(stopped_by),
        "steps": log.steps,
        "elapsed_s": log.elapsed_s,
        "steps_per_s": log.steps_per_s,
        "episodes_completed": len(log.returns),
        "episode_returns": [_finite(value) for value in log.returns],
        "mean_episode_return": _finite(log.mean_return),
        "unfinished_episode_return": _finite(log.total) if log.running else None,
        "frames_skipped": log.frames_skipped,
        "frames_repeated": log.frames_repeated,
        "deadlines_missed": log.deadlines_missed,
        "sessions_lost": len(log.sessions_lost),
        "latency": {
            key: asdict(summary) if summary is not None else None
            for key, summary in latency.items()
        },
    }


def _told(error: BaseException | None) -> str | None:
    if error is None:
        return None
    return f"{type(error).__name__}: {error}" if str(error) else type(error).__name__


def _finite(value: float | None) -> float | None:
    return value if value is not None and math.isfinite(value) else None


def _version(package: str) -> str | None:
    try:
        return version(package)
    except PackageNotFoundError:
        return None
