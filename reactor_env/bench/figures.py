"""A report's figures: distributions, time lines, and where the time goes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from reactor_env.bench.measures import Floats
from reactor_env.bench.peers import OURS
from reactor_env.bench.series import Series
from reactor_env.page import new_figure

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_COLOURS = {
    OURS: "#1f5fbf",
    "reactor-env-json": "#7aa6e0",
    "reactor-env-native": "#2a9d5c",
    "reactor-sdk": "#d1495b",
    "aiortc": "#c08a1e",
    "browser": "#6b4fa0",
    "browser-track": "#0f8b8d",
}
_OTHERS = ("#4a4a4a", "#a33b7b", "#7b6d2f", "#8d99ae")
_HEADROOM = 1.15
_TALLEST = 99.5
"""The percentile up to which an axis goes: one outlier must not flatten all."""


def colours(peers: Mapping[str, Any]) -> dict[str, str]:
    """Return the colour of each peer; a known one always has the same."""
    others = iter(_OTHERS * (1 + len(peers) // len(_OTHERS)))
    return {peer: _COLOURS.get(peer) or next(others) for peer in peers}


def distributions(series: Mapping[str, Series]) -> Figure:
    """Draw the distributions of both latencies, of all rounds together."""
    figure = new_figure(height=3.4)
    left, right = figure.subplots(1, 2, sharey=True)
    chosen = colours(series)
    panels: tuple[tuple[Axes, str, str], ...] = (
        (left, "emission to observation", "emission_ms"),
        (right, "action to frame", "action_ms"),
    )
    for axes, title, attribute in panels:
        values = {peer: getattr(one, attribute) for peer, one in series.items()}
        for peer, of_peer in values.items():
            if of_peer.size:
                share = 100 * np.arange(1, of_peer.size + 1) / of_peer.size
                axes.step(np.sort(of_peer), share, color=chosen[peer], label=peer, where="post")
        axes.set_xlim(0, _limit(values))
        axes.set_title(title, fontsize=10)
        axes.set_xlabel("ms")
        axes.grid(alpha=0.25)
    left.set_ylabel("% that took at most as long")
    left.set_ylim(0, 101)
    right.legend(fontsize=8, loc="lower right")
    return figure


def time_lines(series: Mapping[str, Series]) -> Figure:
    """Draw how old each frame of a round was when its user had it."""
    figure = new_figure(height=3.2)
    axes = figure.subplots()
    chosen = colours(series)
    for peer, one in series.items():
        axes.plot(
            one.line_s,
            one.line_ms,
            color=chosen[peer],
            label=peer,
            linewidth=1,
            marker=".",
            markersize=2.5,
        )
    axes.set_ylim(0, _limit({peer: one.line_ms for peer, one in series.items()}))
    axes.set_xlabel("emission, seconds from the beginning of the window")
    axes.set_ylabel("emission to observation, ms")
    axes.grid(alpha=0.25)
    figure.legend(fontsize=8, loc="outside upper center", ncols=min(len(series), 5))
    return figure


def waterfall(stages: Mapping[str, Any], means_ms: Mapping[str, float]) -> Figure:
    """Draw the parts of a frame's life one after another, and the whole of every peer below.

    Args:
        stages: ``parts`` by name and ``rest_ms``.
        means_ms: The mean from emission to observation, by peer.
    """
    parts = {name: ms for name, ms in stages["parts"].items()}
    if abs(stages["rest_ms"]) >= 0.005:
        parts["rest, not split"] = stages["rest_ms"]
    figure = new_figure(height=0.9 + 0.27 * (len(parts) + len(means_ms)))
    axes = figure.subplots()
    labels, begin = [], 0.0
    for row, (name, ms) in enumerate(parts.items()):
        axes.barh(row, ms, left=begin, color="#1f5fbf", height=0.72)
        axes.text(begin + ms, row, f" {ms:.2f}", va="center", fontsize=8)
        labels.append(name)
        begin += ms
    chosen = colours(means_ms)
    for row, (peer, ms) in enumerate(means_ms.items(), len(parts)):
        axes.barh(row, ms, color=chosen[peer], height=0.72, alpha=0.55)
        axes.text(ms, row, f" {ms:.1f}", va="center", fontsize=8)
        labels.append(f"{peer}, whole")
    axes.axhline(len(parts) - 0.5, color="#999999", linewidth=0.8)
    axes.set_yticks(range(len(labels)), labels, fontsize=8)
    axes.invert_yaxis()
    axes.set_xlim(0, 1.1 * max(begin, *means_ms.values(), 1.0))
    axes.set_xlabel("ms after emission, mean")
    axes.grid(axis="x", alpha=0.25)
    return figure


def _limit(values: Mapping[str, Floats]) -> float:
    tallest = [np.percentile(one, _TALLEST) for one in values.values() if one.size]
    return float(_HEADROOM * max(tallest, default=1.0))
