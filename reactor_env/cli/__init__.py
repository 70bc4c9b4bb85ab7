"""The command line, ``reactor-env``: one module for each command."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import Annotated

import tyro

from reactor_env.cli.bench import Bench
from reactor_env.cli.codegen import Codegen
from reactor_env.cli.demo import Demo
from reactor_env.cli.eval import Eval
from reactor_env.cli.inspect import Inspect
from reactor_env.cli.play import Play
from reactor_env.cli.probe import Probe
from reactor_env.cli.record import Record
from reactor_env.cli.rollout import Rollout
from reactor_env.cli.serve import Serve
from reactor_env.cli.serve_policy import ServePolicy
from reactor_env.cli.target import UsageError, expected_errors
from reactor_env.cli.train import Train

__all__ = ["main"]

EXIT_ERROR = 1
EXIT_USAGE = 2
EXIT_INTERRUPTED = 130

Command = Annotated[
    Rollout
    | Play
    | Record
    | Train
    | Eval
    | Probe
    | Bench
    | Inspect
    | Serve
    | ServePolicy
    | Demo
    | Codegen,
    tyro.conf.FlagCreatePairsOff,
]


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command.

    Args:
        argv: The arguments after the program's name; those of this process by default.

    Returns:
        The exit code: 0, 1 after an error that was told on stderr, 2 for wrong arguments, 130
        after Ctrl-C.
    """
    try:
        command: Command = tyro.cli(
            Command,
            args=argv,
            prog="reactor-env",
            description="Live, interactive world models as Gymnasium environments.",
        )
    except SystemExit as stop:
        return stop.code if isinstance(stop.code, int) else EXIT_USAGE
    try:
        command.run()
    except KeyboardInterrupt:
        print("reactor-env: interrupted", file=sys.stderr)
        return EXIT_INTERRUPTED
    except UsageError as error:
        print(f"reactor-env: wrong arguments: {error}", file=sys.stderr)
        return EXIT_USAGE
    except Exception as error:
        if not isinstance(error, expected_errors()):
            raise
        print(f"reactor-env: error: {error}", file=sys.stderr)
        return EXIT_ERROR
    return 0
