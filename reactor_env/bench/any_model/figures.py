"""A model's figures: the intervals between its frames, and what is seen after an action."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from reactor_env.bench.any_model.measures import new_frames
from reactor_env.bench.any_model.onset import onsets
from reactor_env.bench.any_model.trace import ModelTrace
from reactor_env.page import new_figure

if TYPE_CHECKING:
    from matplotlib.figure import Figure

_BLUE, _RED, _GRAY = "#1f5fbf", "#d1495b", "#8a8a8a"
_LEAST_EXCESS = 0.01


def intervals(traces: Sequence[ModelTrace]) -> Figure:
    """Draw the intervals between frames: how they are distributed, and one after another."""
    figure = new_figure(height=3.0)
    left, right = figure.subplots(1, 2)
    for trace in traces:
        arrival = trace.frame("arrival")[new_frames(trace)]
        gaps = np.diff(arrival) / 1e6
        if gaps.size:
            share = 100 * np.arange(1, gaps.size + 1) / gaps.size
            left.step(np.sort(gaps), share, color=_BLUE, where="post", linewidth=1)
            seconds = (arrival[1:] - trace.facts["begin"]) / 1e9
            right.plot(seconds, gaps, color=_BLUE, linewidth=0.8, marker=".", markersize=2)
    left.set_xlabel("ms between frames")
    left.set_ylabel("% that are at most as long")
    right.set_xlabel("s from the beginning of the window")
    right.set_ylabel("ms since the frame before")
    for axes in (left, right):
        axes.grid(alpha=0.25)
        axes.set_ylim(bottom=0)
    left.set_xlim(left=0)
    return figure


def courses(traces: Sequence[ModelTrace]) -> Figure:
    """Draw how far from usual the frames after each command are, and after none."""
    figure = new_figure(height=3.4)
    axes = figure.subplots()
    labels = {True: "an action was done", False: "nothing was done"}
    for trace in traces:
        usual = onsets(trace.trials).usual
        if usual is None:
            continue
        for trial in sorted(trace.trials, key=lambda one: one.acted):
            after_ms = (trial.arrival - trial.sent_ns) / 1e6
            axes.plot(
                after_ms,
                np.maximum(usual.excess(trial.seen), _LEAST_EXCESS),
                color=_BLUE if trial.acted else _GRAY,
                linewidth=0.9,
                marker=".",
                markersize=3,
                alpha=0.7,
                label=labels.pop(trial.acted, None),
            )
    axes.axhline(1, color=_RED, linewidth=1, linestyle="--", label="threshold")
    axes.set_yscale("log")
    axes.set_xlabel("ms after the command")
    axes.set_ylabel("distance from usual, thresholds")
    axes.grid(alpha=0.25)
    axes.legend(fontsize=8, loc="lower right")
    return figure
