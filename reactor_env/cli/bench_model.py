"""``reactor-env bench --model`` and ``--world``: one model, as its users get it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from rich.console import Console

from reactor_env.cli.bench_output import rich_table
from reactor_env.cli.target import UsageError, read_options

if TYPE_CHECKING:
    from reactor_env.bench.any_model.plan import Plan
    from reactor_env.cli.bench import Bench

_QUICK: dict[str, Any] = {"settle_s": 0.4, "seconds": 3.0, "repeats": 4}
_RETRY_BUDGET_S = 120.0


def read_plan(arguments: Bench) -> Plan:
    """Read how the model is measured.

    Args:
        arguments: What was typed.

    Raises:
        UsageError: If it is wrong.
    """
    from reactor_env.bench.any_model.plan import Plan

    chosen: dict[str, Any] = dict(_QUICK) if arguments.quick else {}
    typed = {name: getattr(arguments, name) for name in ("rounds", "seconds", "repeats")}
    chosen |= {name: value for name, value in typed.items() if value is not None}
    if len(arguments.action) == 1 and "=" not in arguments.action[0]:
        chosen["preset"] = arguments.action[0]
    else:
        chosen["controls"] = read_options(arguments.action, "--action")
    try:
        return Plan(
            # Only a runtime that starts with this command is cold, and a session may cost money.
            warm_up=arguments.world is not None,
            options=read_options(arguments.options, "--options"),
            seed=arguments.seed,
            **chosen,
        )
    except ValueError as error:
        raise UsageError(str(error)) from error


def measure_model(plan: Plan, arguments: Bench, console: Console) -> None:
    """Measure a model, write the report, and print it. No session is left, whatever happens.

    Args:
        plan: How.
        arguments: What was typed.
        console: Where to print.

    Raises:
        Exception: What :func:`~reactor_env.cli.target.expected_errors` lists.
    """
    from reactor_env.bench.any_model.write import measure_rounds, write_model_report
    from reactor_env.env_arguments import default_start_timeout, make_source
    from reactor_env.latency.report import load_average
    from reactor_env.model_setup import refuse_unusable
    from reactor_env.page import require_matplotlib
    from reactor_env.profiles import find_profile, get_profile

    require_matplotlib()
    profile = get_profile(arguments.profile) if arguments.profile is not None else None
    if arguments.model is not None:
        refuse_unusable(arguments.model, profile or find_profile(arguments.model))
    start_timeout = default_start_timeout(arguments.model, arguments.local)
    source = make_source(
        arguments.world,
        arguments.model,
        local=arguments.local,
        api_url=arguments.api_url,
        api_key=None,
        backend="aiortc",
        fps=None,
        world_kwargs=read_options(arguments.world_kwargs),
        start_timeout=start_timeout,
        retry_budget=_RETRY_BUDGET_S,
        max_session_seconds=None,
        generation="streamed",
    )
    before = load_average()
    traces, files = measure_rounds(
        source,
        profile,
        plan,
        arguments.out,
        start_timeout,
        lambda what: console.print(what, highlight=False),
    )
    report = write_model_report(
        arguments.name,
        plan,
        traces,
        files,
        arguments.out,
        load=(before, load_average()),
        arguments=arguments.given,
        command=arguments.command,
    )
    print_model(report, console)
    console.print(f"report: {arguments.out / 'report.html'}", highlight=False, soft_wrap=True)


def print_model(report: dict[str, Any], console: Console) -> None:
    """Print what was found."""
    from reactor_env.bench.any_model.report import (
        clock_line,
        facts_line,
        measures_rows,
        onset_lines,
        phases_line,
    )

    console.print(rich_table(report["model"], ["", "value"], measures_rows(report)))
    lines = [facts_line(report), phases_line(report), clock_line(report)]
    for line in filter(None, [*lines, *onset_lines(report["onset"])]):
        console.print(line, highlight=False, markup=False)
