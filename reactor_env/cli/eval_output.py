"""What ``reactor-env eval`` prints and writes."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from rich import box
from rich.console import Console, Group
from rich.table import Table

from reactor_env.cli.tables import titled
from reactor_env.evaluation.delays import Delayed
from reactor_env.evaluation.films import MAX_PICTURES, Films
from reactor_env.evaluation.report import About, Video, document, markdown, page
from reactor_env.evaluation.results import Results
from reactor_env.evaluation.tables import (
    TextTable,
    comparison_table,
    delay_table,
    remarks,
    score_table,
    time_table,
    transposed,
)
from reactor_env.latency.report import write_report

REPORT = "report"
PAGE = "report.html"


def show(console: Console, results: Results, delayed: Sequence[Delayed]) -> None:
    """Print an evaluation.

    Args:
        console: Where to.
        results: What came out.
        delayed: Which agents were evaluated at which delays, if any.
    """
    shown = [transposed(score_table(results))]
    if delayed:
        shown = [delay_table(results, delayed)]
    else:
        more = comparison_table(results), time_table(results)
        shown += [transposed(table) for table in more if table.rows]
    for table in shown:
        console.print(_rich(table))
    for remark in remarks(results):
        console.print(remark, markup=False, highlight=False, soft_wrap=True)


def write(out: Path, results: Results, about: About, films: Films | None) -> list[Path]:
    """Write the reports of an evaluation.

    Args:
        out: The folder; it is made.
        results: What came out.
        about: What was evaluated.
        films: What was filmed, if anything.

    Returns:
        The files.
    """
    write_report(out / REPORT, markdown(results, about), document(results, about))
    page(results, about, _videos(results, films)).write(out / PAGE)
    return [out / name for name in (f"{REPORT}.json", f"{REPORT}.md", PAGE)]


def _videos(results: Results, films: Films | None) -> list[Video]:
    if films is None:
        return []
    made = []
    for episode in results.episodes:
        path = films.path(episode.job)
        if episode.score is None or episode.play is None or not path.is_file():
            continue
        caption = f"{episode.job.agent}, seed {episode.job.seed}: return {episode.score:g}"
        if episode.play.length >= MAX_PICTURES:
            caption += f" (its first {MAX_PICTURES} pictures)"
        made.append(Video(path, caption))
    return made


def _rich(table: TextTable) -> Group:
    made = Table(box=box.SIMPLE_HEAD)
    for number, name in enumerate(table.header):
        made.add_column(name, justify="right" if number else "left", overflow="fold")
    for row in table.rows:
        made.add_row(*row)
    return titled(table.caption, made)
