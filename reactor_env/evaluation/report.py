"""An evaluation as files: data, Markdown, and a page."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from reactor_env.evaluation.delays import Delayed
from reactor_env.evaluation.episodes import Episode
from reactor_env.evaluation.figures import (
    draw_delays,
    draw_differences,
    draw_profiles,
    draw_scores,
)
from reactor_env.evaluation.results import AgentResult, Comparison, Results
from reactor_env.evaluation.tables import (
    TextTable,
    comparison_table,
    delay_table,
    end_table,
    remarks,
    score_table,
    tables,
    time_table,
)
from reactor_env.latency import summarize
from reactor_env.latency.report import Load, machine_line, report_head
from reactor_env.page import Page

_PACKAGES = (
    "reactor-env",
    "gymnasium",
    "numpy",
    "aiortc",
    "av",
    "reactor-runtime",
    "reactor-sdk",
    "torch",
    "stable-baselines3",
)

_FIGURES = 3
"""More comparisons than that are in the table alone."""

_AGENTS = 6
"""More agents than that are in the tables alone."""

HOW_TO_READ = (
    "Every agent played the same seeds. Episodes were dealt out to the slots before any was "
    "played, so that no short episode pushed out a long one. Intervals are percentiles of a "
    "bootstrap (Agarwal et al., NeurIPS 2021): they cover the chance in the episodes of these very "
    "agents, not that of training them again. IQM is the mean of the middle half of the returns. "
    "A mean difference whose interval holds 0 is no difference that these episodes show."
)


@dataclass(frozen=True, kw_only=True)
class About:
    """What was evaluated, where and how.

    Attributes:
        title: In a few words.
        subtitle: In a line: mode, pacing, backend.
        command: What was typed.
        arguments: Of that command; values that JSON has.
        load: The machine's load average before and after.
        stopped_by: What ended it before its time, as a text.
        delayed: Which agents were evaluated at which delays; none by default.
    """

    title: str
    subtitle: str
    command: str
    arguments: Mapping[str, Any]
    load: Load
    stopped_by: str | None = None
    delayed: Sequence[Delayed] = ()

    @property
    def machine(self) -> str:
        """Machine, versions and load in half a sentence."""
        return machine_line(_installed(), self.load)


@dataclass(frozen=True, slots=True)
class Video:
    """A film of an episode.

    Attributes:
        path: The file.
        caption: Which episode it shows.
    """

    path: Path
    caption: str


def document(results: Results, about: About) -> dict[str, Any]:
    """Return the data of an evaluation, for JSON.

    Args:
        results: What came out.
        about: What was evaluated.
    """
    return {
        **report_head(_installed(), about.load, about.arguments),
        "created_utc": datetime.now(UTC).isoformat(timespec="seconds"),
        "command": about.command,
        "title": about.title,
        "complete": about.stopped_by is None and not results.unplayed,
        "stopped_by": about.stopped_by,
        "intervals": asdict(results.settings),
        "seeds": sorted({episode.job.seed for episode in results.episodes}),
        "delays": [asdict(one) | {"name": one.name} for one in about.delayed],
        "agents": [_agent(agent) for agent in results.agents],
        "comparisons": [_comparison(one) for one in results.comparisons],
        "remarks": remarks(results),
        "episodes": [_episode(episode) for episode in results.episodes],
    }


def markdown(results: Results, about: About) -> str:
    """Return the report as Markdown.

    Args:
        results: What came out.
        about: What was evaluated.
    """
    lines = [f"# {about.title}", "", f"{about.subtitle}.", ""]
    shown = tables(results)
    if about.delayed:
        shown.insert(0, delay_table(results, about.delayed))
    for table in shown:
        lines += [f"{table.caption}:", "", *_markdown_table(table), ""]
    lines += [f"- {remark}" for remark in remarks(results)]
    lines += ["", HOW_TO_READ, "", f"{about.machine}.", "", "Made by", ""]
    lines += [f"    {about.command}", ""]
    return "\n".join(lines)


def page(results: Results, about: About, videos: Sequence[Video] = ()) -> Page:
    """Return the report as a page.

    Args:
        results: What came out.
        about: What was evaluated.
        videos: Films that are put into it.

    Raises:
        MissingDependencyError: If matplotlib is not installed.
    """
    made = Page(about.title, about.subtitle)
    made.code(about.command)
    for remark in remarks(results):
        made.text(remark)
    percent = f"{100 * results.settings.confidence:g} %"
    if about.delayed:
        made.heading("Delay")
        _add(made, delay_table(results, about.delayed))
        made.figure(
            draw_delays(results, about.delayed),
            f"Mean return with its {percent} interval. Stepped, a delay is whole steps of the "
            "world; streamed, real milliseconds.",
        )
    made.heading("Returns")
    _add(made, score_table(results))
    if any(len(agent.scores) for agent in results.agents) and len(results.agents) <= _AGENTS:
        made.figure(draw_scores(results), "Each point is an episode.")
        made.figure(
            draw_profiles(results),
            "Performance profile: the share of episodes that return more than what is on the "
            f"axis. The bands are {percent} intervals for each return by itself.",
        )
    if results.comparisons:
        made.heading("The same seeds")
        _add(made, comparison_table(results))
        for comparison in results.comparisons[:_FIGURES]:
            caption = (
                f"{comparison.first} minus {comparison.second} on {comparison.paired.pairs} seeds; "
                f"a bar above 0 is a seed on which {comparison.first} does better. "
                f"The gray band is the {percent} interval of the mean."
            )
            made.figure(draw_differences(results, comparison), caption)
    if videos:
        made.heading("Episodes")
        for video in videos:
            made.video(video.path, video.caption)
    made.heading("Times and ends")
    for table in (time_table(results), end_table(results)):
        if table.rows:
            _add(made, table)
    made.heading("How to read this")
    made.text(HOW_TO_READ)
    made.text(f"{about.machine}.")
    return made


def _add(page: Page, table: TextTable) -> None:
    page.table(table.header, table.rows, table.caption)


def _markdown_table(table: TextTable) -> list[str]:
    def line(texts: Sequence[str]) -> str:
        return f"| {' | '.join(text.replace('|', '&#124;') for text in texts)} |"

    return [line(table.header), line(["---"] * len(table.header)), *map(line, table.rows)]


def _agent(agent: AgentResult) -> dict[str, Any]:
    def or_none(value: Any) -> Any:
        return asdict(value) if value is not None else None

    return {
        "name": agent.name,
        "episodes": {
            "planned": agent.planned,
            "ended": len(agent.scores),
            "lost": agent.episodes_lost,
        },
        "mean": or_none(agent.mean),
        "iqm": or_none(agent.iqm),
        "optimality_gap": or_none(agent.gap),
        "steps": agent.steps,
        "ends": agent.ends,
        "sessions_lost": agent.sessions_lost,
        "times_ms": {key: or_none(found) for key, found in agent.times.items()},
        "deadlines": agent.deadlines,
        "deadlines_missed": agent.deadlines_missed,
        "frames_skipped": agent.frames_skipped,
        "frames_repeated": agent.frames_repeated,
    }


def _comparison(one: Comparison) -> dict[str, Any]:
    return {
        "first": one.first,
        "second": one.second,
        "seeds": list(one.seeds),
        "differences": one.differences.tolist(),
        "paired": asdict(one.paired),
        "probability_of_improvement": asdict(one.improvement),
    }


def _episode(episode: Episode) -> dict[str, Any]:
    play = episode.play
    told: dict[str, Any] = {
        "agent": episode.job.agent,
        "number": episode.job.number,
        "seed": episode.job.seed,
        "slot": episode.slot,
        "outcome": episode.outcome,
        "return": episode.score,
        "sessions_lost": list(episode.losses),
    }
    if play is None:
        return told
    found = summarize(play.times_ms["action_to_frame_ms"])
    return {
        **told,
        "length": play.length,
        "end": play.end,
        "terminated": play.terminated,
        "seconds": round(play.seconds, 3),
        "action_to_frame_ms_p50": round(found.p50, 3) if found is not None else None,
        "deadlines_missed": play.deadlines_missed,
        "frames_skipped": play.frames_skipped,
        "frames_repeated": play.frames_repeated,
    }


def _installed() -> list[str]:
    def there(name: str) -> bool:
        try:
            version(name)
        except PackageNotFoundError:
            return False
        return True

    return [name for name in _PACKAGES if there(name)]
