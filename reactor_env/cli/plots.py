"""Latency over time and as a distribution, in one picture."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from reactor_env.cli.log import METRICS, Metric, RolloutLog
from reactor_env.errors import MissingDependencyError
from reactor_env.files import replacing

if TYPE_CHECKING:
    from matplotlib.axes import Axes

SIZE_PX = (1200, 900)
"""Width and height of the picture."""

_DPI = 100
_COLOURS = {
    "step_ms": "#3b4cc0",
    "frame_age_ms": "#2a9d5c",
    "action_to_frame_ms": "#d1495b",
    "ack_ms": "#c08a1e",
}
_PERCENTS = (50, 95, 99)
_MANY_EPISODES = 60
_HEADROOM = 1.6
"""The axis ends at this multiple of the largest p99, so that one outlier does not flatten all."""

_EDGE = 1.04
_BROAD = "step_ms"
"""Drawn as a broad pale line: in stepped mode another one lies on top of it."""


def require_matplotlib() -> None:
    """Check that plots can be drawn, before any work is done for them.

    Raises:
        MissingDependencyError: If matplotlib is not installed.
    """
    if importlib.util.find_spec("matplotlib") is None:
        raise MissingDependencyError(
            'the latency plot needs matplotlib: pip install "reactor-env[plots]"'
        )


def plot_latency(log: RolloutLog, title: str, path: Path) -> None:
    """Draw the times of a rollout: step by step above, their distributions below.

    Args:
        log: The rollout, of at least one step.
        title: Stands above.
        path: The PNG file, 1200x900 pixels.

    Raises:
        MissingDependencyError: If matplotlib is not installed.
    """
    require_matplotlib()
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=(SIZE_PX[0] / _DPI, SIZE_PX[1] / _DPI), dpi=_DPI, layout="constrained")
    FigureCanvasAgg(figure)
    figure.suptitle(title, fontsize=14, fontweight="bold")
    above, below = figure.subplots(2, 1)
    series = {
        metric: np.array([np.nan if v is None else v for v in log.times_ms[metric.key]])
        for metric in METRICS
    }
    shown = {metric: values for metric, values in series.items() if np.isfinite(values).any()}
    limit = _EDGE * max(
        min(float(np.nanmax(values)), _HEADROOM * float(np.nanpercentile(values, 99)))
        for values in shown.values()
    )
    _draw_steps(above, log, shown, limit)
    _draw_distributions(below, shown, limit)
    with replacing(path) as partial:
        figure.savefig(partial, format="png", dpi=_DPI)


_Shown = dict[Metric, NDArray[np.float64]]


def _draw_steps(axes: Axes, log: RolloutLog, shown: _Shown, limit: float) -> None:
    steps = np.arange(1, log.steps + 1)
    if log.episode <= _MANY_EPISODES:
        for number, start in enumerate(log.episode_starts[1:]):
            label = "new episode" if number == 0 else None
            axes.axvline(start + 0.5, color="0.55", linewidth=1, linestyle=":", label=label)
    cut = 0
    for metric, values in shown.items():
        known = np.isfinite(values)
        axes.plot(
            steps[known],
            values[known],
            marker=".",
            markersize=3,
            label=metric.label,
            **_line(metric, 1.2),
        )
        high = known & (values > limit)
        cut += int(high.sum())
        edge = np.full(int(high.sum()), limit * 0.985)
        axes.plot(steps[high], edge, "^", color=_COLOURS[metric.key])
    axes.set_xlim(0.5, max(log.steps, 2) + 0.5)
    axes.set_ylim(0, limit)
    axes.set_xlabel("step")
    axes.set_ylabel("time (ms)")
    above = f" ({cut} values above the scale: triangles)" if cut else ""
    axes.set_title(f"Each step{above}", loc="left")
    _finish(axes)
    axes.legend(loc="lower right", bbox_to_anchor=(1, 1), ncols=len(shown) + 1, frameon=False)


def _draw_distributions(axes: Axes, shown: _Shown, limit: float) -> None:
    for percent in _PERCENTS:
        axes.axhline(percent / 100, color="0.75", linewidth=0.8, linestyle="--")
        axes.text(limit, percent / 100, f" p{percent}", va="center", fontsize=8, color="0.35")
    for metric, values in shown.items():
        known = np.sort(values[np.isfinite(values)])
        share = np.arange(1, known.size + 1) / known.size
        marks = np.percentile(known, _PERCENTS)
        text = f"{metric.label}: p50 {marks[0]:.1f}, p95 {marks[1]:.1f}, p99 {marks[2]:.1f} ms"
        axes.step(known, share, where="post", label=text, **_line(metric, 1.8))
        axes.plot(
            marks,
            np.array(_PERCENTS) / 100,
            "o",
            color=_COLOURS[metric.key],
            markeredgecolor="white",
            zorder=3,
        )
    axes.set_xlim(0, limit)
    axes.set_ylim(0, 1.03)
    axes.set_xlabel("time (ms)")
    axes.set_ylabel("share of steps at or below")
    axes.set_title("Distribution", loc="left")
    _finish(axes)
    axes.legend(loc="best", framealpha=0.95)


def _line(metric: Metric, width: float) -> dict[str, Any]:
    if metric.key == _BROAD:
        return {"color": _COLOURS[metric.key], "linewidth": 3 * width, "alpha": 0.4}
    return {"color": _COLOURS[metric.key], "linewidth": width}


def _finish(axes: Axes) -> None:
    axes.grid(True, color="0.92")
    axes.set_axisbelow(True)
    axes.spines[["top", "right"]].set_visible(False)
