"""The pictures of an evaluation's page."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from reactor_env.evaluation.action_delay import DELAY
from reactor_env.evaluation.delays import Delayed
from reactor_env.evaluation.profiles import performance_profile
from reactor_env.evaluation.results import Comparison, Results
from reactor_env.page import new_figure

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_COLOURS = ("#3b4cc0", "#d1495b", "#2a9d5c", "#c08a1e", "#7b4ea3", "#4a90a4")
_LONGEST = 36
_JITTER = 0.14


def draw_scores(results: Results) -> Figure:
    """Draw every return as a point, with mean and interquartile mean and their intervals."""
    agents = [agent for agent in results.agents if len(agent.scores)]
    figure = new_figure(7.6, 1.1 + 0.85 * len(agents))
    axes = figure.subplots()
    random = np.random.default_rng(0)
    for row, agent in enumerate(agents):
        assert agent.mean is not None
        assert agent.iqm is not None
        colour = _colour(results, agent.name)
        shifts = random.uniform(-_JITTER, _JITTER, len(agent.scores)) - 0.08
        axes.plot(agent.scores, row + shifts, "o", color=colour, alpha=0.35, ms=4, mew=0)
        for found, shift, mark, label in (
            (agent.mean, 0.2, "D", "mean"),
            (agent.iqm, 0.34, "s", "IQM"),
        ):
            y = row + shift
            axes.plot([found.low, found.high], [y, y], color=colour, lw=2.2, solid_capstyle="butt")
            axes.plot(
                found.value,
                y,
                mark,
                color=colour,
                mec="white",
                ms=7,
                label=f"{label}, {100 * results.settings.confidence:g} % interval"
                if row == 0
                else None,
            )
    axes.set_yticks(range(len(agents)), [_label(agent.name) for agent in agents])
    axes.set_ylim(len(agents) - 0.45, -0.45)
    axes.set_xlabel("return of an episode")
    _finish(axes)
    axes.legend(loc="lower right", bbox_to_anchor=(1, 1), ncols=2, frameon=False, fontsize=9)
    return figure


def draw_profiles(results: Results) -> Figure:
    """Draw what share of each agent's episodes returns more than this or that."""
    figure = new_figure()
    axes = figure.subplots()
    agents = [agent for agent in results.agents if len(agent.scores)]
    seen = np.unique(np.concatenate([agent.scores for agent in agents]))
    margin = 0.05 * (seen[-1] - seen[0]) or 1.0
    # Between two returns nothing changes, so that steps from one to the next are exact.
    thresholds = np.concatenate([[seen[0] - margin], seen, [seen[-1] + margin]])
    for agent in agents:
        found = performance_profile(
            agent.scores,
            thresholds,
            confidence=results.settings.confidence,
            seed=results.settings.seed,
        )
        colour = _colour(results, agent.name)
        axes.fill_between(
            thresholds, found.low, found.high, color=colour, alpha=0.18, lw=0, step="post"
        )
        axes.step(
            thresholds, found.values, where="post", color=colour, lw=1.8, label=_label(agent.name)
        )
    axes.set_ylim(-0.02, 1.02)
    axes.set_xlim(thresholds[0], thresholds[-1])
    axes.set_xlabel("return")
    axes.set_ylabel("share of episodes above")
    _finish(axes)
    axes.legend(loc="lower right", bbox_to_anchor=(1, 1), ncols=3, frameon=False, fontsize=9)
    return figure


def draw_differences(results: Results, comparison: Comparison) -> Figure:
    """Draw the difference of two agents on every seed, in order of size, and their mean."""
    figure = new_figure(7.6, 3.2)
    axes = figure.subplots()
    ordered = np.sort(comparison.differences)[::-1]
    colours = [
        _colour(results, comparison.first if value > 0 else comparison.second) for value in ordered
    ]
    places = np.arange(1, len(ordered) + 1)
    axes.bar(places, ordered, width=0.75, color=colours, alpha=0.75)
    nothing = places[ordered == 0]
    axes.plot(nothing, np.zeros(len(nothing)), "o", color="0.45", ms=3)
    mean = comparison.paired.difference
    axes.axhspan(mean.low, mean.high, color="0.2", alpha=0.15, lw=0)
    axes.axhline(mean.value, color="0.2", lw=1.4, ls="--", label=f"mean {mean.text()}")
    axes.axhline(0, color="0.3", lw=0.8)
    axes.set_xlim(0.3, len(ordered) + 0.7)
    axes.margins(y=0.08)
    axes.use_sticky_edges = False
    axes.set_xlabel("seeds, in order of the difference")
    axes.set_ylabel(f"return of {comparison.first} - {comparison.second}")
    _finish(axes)
    axes.legend(loc="lower right", bbox_to_anchor=(1, 1), frameon=False, fontsize=9)
    return figure


def draw_delays(results: Results, delayed: Sequence[Delayed]) -> Figure:
    """Draw the mean return of each agent against the delay that its actions really had."""
    figure = new_figure()
    axes = figure.subplots()
    found = {agent.name: agent for agent in results.agents}
    names = list(dict.fromkeys(one.agent for one in delayed))
    for number, name in enumerate(names):
        points = []
        for one in delayed:
            agent = found[one.name]
            if one.agent == name and agent.mean is not None:
                measured = agent.times[DELAY]
                x = measured.p50 if measured is not None else one.delay_ms
                points.append((x, agent.mean.value, agent.mean.low, agent.mean.high))
        if not points:
            continue
        x, value, low, high = np.array(sorted(points)).T
        colour = _COLOURS[number % len(_COLOURS)]
        axes.fill_between(x, low, high, color=colour, alpha=0.18, lw=0)
        axes.plot(x, value, "o-", color=colour, lw=1.8, ms=5, label=_label(name))
    axes.set_xlabel("injected delay, ms (p50 measured)")
    axes.set_ylabel("mean return")
    _finish(axes)
    axes.legend(loc="lower right", bbox_to_anchor=(1, 1), ncols=3, frameon=False, fontsize=9)
    return figure


def _colour(results: Results, name: str) -> str:
    names = [agent.name for agent in results.agents]
    return _COLOURS[names.index(name) % len(_COLOURS)]


def _label(name: str) -> str:
    """Return a name as matplotlib shows it: short, and without formulas."""
    short = name if len(name) <= _LONGEST else f"...{name[-_LONGEST:]}"
    return short.replace("$", r"\$")


def _finish(axes: Axes) -> None:
    axes.grid(True, color="0.92")
    axes.set_axisbelow(True)
    axes.spines[["top", "right"]].set_visible(False)
