"""The tables and remarks of an evaluation, as texts that every report shows in its own way."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from reactor_env.evaluation.action_delay import DELAY
from reactor_env.evaluation.bootstrap import Interval
from reactor_env.evaluation.delays import Delayed
from reactor_env.evaluation.results import AgentResult, Comparison, Results
from reactor_env.latency import Summary

NOTHING = "-"

_TIME_LABELS = {
    "step_ms": "step",
    "action_to_frame_ms": "action to frame",
    "frame_age_ms": "frame age",
    DELAY: "injected delay",
}


@dataclass(frozen=True, slots=True)
class TextTable:
    """A table of texts.

    Attributes:
        caption: What it shows.
        header: The columns' names.
        rows: Of as many texts each.
    """

    caption: str
    header: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]


def transposed(table: TextTable) -> TextTable:
    """Return a table with its rows as columns, for where there is little width."""
    header, *rows = zip(table.header, *table.rows, strict=True)
    return TextTable(table.caption, header, tuple(rows))


def tables(results: Results) -> list[TextTable]:
    """Return the tables of an evaluation; those without rows are left out.

    Args:
        results: What is to be shown.
    """
    made = (
        score_table(results),
        comparison_table(results),
        time_table(results),
        end_table(results),
    )
    return [table for table in made if table.rows]


def score_table(results: Results) -> TextTable:
    """Show how well each agent does."""
    target = results.settings.target
    header = ["agent", "episodes", "mean return", "IQM"]
    if target is not None:
        header.append(f"gap to {target:g}")
    header += ["lowest", "highest", "steps per episode"]

    def row(agent: AgentResult) -> tuple[str, ...]:
        count = len(agent.scores)
        cells = [
            agent.name,
            str(count) if count == agent.planned else f"{count} of {agent.planned}",
            interval_text(agent.mean),
            interval_text(agent.iqm),
        ]
        if target is not None:
            cells.append(interval_text(agent.gap))
        if not count:
            return (*cells, NOTHING, NOTHING, NOTHING)
        extremes = agent.scores.min(), agent.scores.max()
        return (*cells, *(f"{one:g}" for one in extremes), f"{agent.steps / count:.1f}")

    caption = f"Returns, with {_percent(results)} intervals"
    return TextTable(caption, tuple(header), tuple(row(agent) for agent in results.agents))


def comparison_table(results: Results) -> TextTable:
    """Show every two agents beside each other."""

    def row(one: Comparison) -> tuple[str, ...]:
        return (
            f"{one.first} - {one.second}",
            str(one.paired.pairs),
            interval_text(one.paired.difference),
            f"{one.paired.wins} / {one.paired.ties} / {one.paired.losses}",
            interval_text(one.paired.win_rate),
            interval_text(one.improvement),
        )

    header = (
        "agents",
        "pairs",
        "mean difference",
        "won / equal / lost",
        "win rate",
        "probability of improvement",
    )
    caption = f"Agents on the same seeds, with {_percent(results)} intervals"
    return TextTable(caption, header, tuple(row(one) for one in results.comparisons))


def delay_table(results: Results, delayed: Sequence[Delayed]) -> TextTable:
    """Show what each agent returns at each delay.

    Args:
        results: Of agents with the names of ``delayed``.
        delayed: Which agents at which delays.
    """
    agents = {agent.name: agent for agent in results.agents}
    costs = {(one.first, one.second): one.paired.difference for one in results.comparisons}

    def row(one: Delayed) -> tuple[str, ...]:
        agent = agents[one.name]
        measured = agent.times[DELAY]
        first = Delayed(one.agent, delayed[0].delay_ms).name
        return (
            one.agent,
            f"{one.delay_ms:g}",
            f"{measured.p50:.1f}" if measured is not None else NOTHING,
            interval_text(agent.mean),
            interval_text(costs.get((one.name, first))),
        )

    header = (
        "agent",
        "delay, ms",
        "measured",
        "mean return",
        f"difference to {delayed[0].delay_ms:g} ms",
    )
    caption = f"Returns by injected delay, with {_percent(results)} intervals"
    return TextTable(caption, header, tuple(row(one) for one in delayed))


def time_table(results: Results) -> TextTable:
    """Show what the agents' steps took, and what they missed."""
    measured = [
        key for key in _TIME_LABELS if any(agent.times[key] is not None for agent in results.agents)
    ]
    deadlines = any(agent.deadlines for agent in results.agents)
    header = ["agent", *(f"{_TIME_LABELS[key]}, ms" for key in measured)]
    header += ["deadlines missed"] * deadlines + ["frames skipped", "repeated", "sessions lost"]

    def row(agent: AgentResult) -> tuple[str, ...]:
        cells = [agent.name, *(_times(agent.times[key]) for key in measured)]
        if deadlines:
            cells.append(f"{agent.deadlines_missed} of {agent.deadlines}")
        counts = agent.frames_skipped, agent.frames_repeated, agent.sessions_lost
        return (*cells, *map(str, counts))

    rows = tuple(row(agent) for agent in results.agents) if measured else ()
    return TextTable("Times of the steps, p50 / p95 / p99", tuple(header), rows)


def end_table(results: Results) -> TextTable:
    """Show why episodes ended."""
    rows = tuple(
        (agent.name, end, str(count))
        for agent in results.agents
        for end, count in agent.ends.items()
    )
    return TextTable("Ends of the episodes", ("agent", "end", "episodes"), rows)


def remarks(results: Results) -> list[str]:
    """Return what a reader must know who takes numbers from the tables."""
    told = []
    if results.unplayed:
        told.append(
            f"The evaluation was cut short: {results.unplayed} of {len(results.episodes)} episodes "
            "were not played. Long episodes are missing more often than short ones."
        )
    for agent in results.agents:
        again = agent.sessions_lost - sum(
            len(one.losses)
            for one in results.episodes
            if one.job.agent == agent.name and one.outcome == "lost"
        )
        if again:
            told.append(f"{agent.name}: {again} attempts lost their session and were played again.")
        if agent.episodes_lost:
            told.append(
                f"{agent.name}: {agent.episodes_lost} episodes lost their session in every attempt "
                "and are in no number."
            )
    equal: dict[int, list[str]] = {}
    for agent in results.agents:
        if len(agent.scores) > 1 and not np.ptp(agent.scores):
            equal.setdefault(len(agent.scores), []).append(agent.name)
    for count, names in equal.items():
        told.append(
            f"{'; '.join(names)}: all {count} returns are equal, so that resampling gives an "
            f"interval without width. Up to {min(3 / count, 1):.0%} of all episodes may still be "
            "otherwise (three in the number of episodes, the 95 % bound of what was never seen)."
        )
    return told


def interval_text(found: Interval | None) -> str:
    """Return a number with its interval, or a dash."""
    return found.text() if found is not None else NOTHING


def _percent(results: Results) -> str:
    return f"{100 * results.settings.confidence:g} %"


def _times(found: Summary | None) -> str:
    if found is None:
        return NOTHING
    return " / ".join(f"{value:.1f}" for value in (found.p50, found.p95, found.p99))
