"""The process that writes a dataset: told on stdin, line by line, what to add.

``python -m reactor_env.datasets.export_process FORMAT WORK FINAL NAME``. Lines in, JSON:
``{"header": path}`` once, ``{"episode": folder}``, ``{"discard": true}``. Lines out: ``{"ready"}``,
``{"missing"}``, ``{"added"}``, ``{"finished"}``, ``{"error"}``.

The end of stdin finishes the dataset. That is also what comes when the recording process is
killed: the episodes that were finished are there all the same.
"""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import signal
import sys
import time
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any, get_args

from reactor_env._version import __version__
from reactor_env.datasets.formats import DatasetWriter, Format, check_library, create
from reactor_env.datasets.spool import Header, SpooledEpisode
from reactor_env.errors import MissingDependencyError

_NICE = 10
"""The session that is being recorded comes first."""


def main(argv: list[str]) -> int:
    """Serve one recording; returns the exit code."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is the recording's to handle
    with contextlib.suppress(OSError):
        os.nice(_NICE)
    tell = _answers()
    name, work, final, dataset = argv
    assert name in get_args(Format)
    try:
        check_library(name)  # type: ignore[arg-type]
    except MissingDependencyError as error:
        tell({"missing": str(error)})
        return 1
    tell({"ready": __version__})
    export = _Export(name, Path(work), Path(final), dataset)  # type: ignore[arg-type]
    try:
        export.serve(sys.stdin, tell)
    except Exception as error:
        tell({"error": f"{type(error).__name__}: {error}"})
        raise  # its traceback goes to the log
    return 0


class _Export:
    def __init__(self, name: Format, work: Path, final: Path, dataset: str) -> None:
        self._format: Format = name
        self._work = work
        self._final = final
        self._dataset = dataset
        self._header: Header | None = None
        self._writer: DatasetWriter | None = None
        self._episodes = 0

    def serve(self, lines: Iterable[str], tell: Callable[[dict[str, Any]], None]) -> None:
        for line in lines:
            order = json.loads(line)
            if "discard" in order:
                shutil.rmtree(self._work, ignore_errors=True)
                return
            if "header" in order:
                self._header = Header.load(Path(order["header"]))
            else:
                began = time.monotonic()
                rows = self._add(Path(order["episode"]))
                tell({"added": rows, "seconds": time.monotonic() - began})
        self._finish()
        tell({"finished": self._episodes})

    def _add(self, folder: Path) -> int:
        if self._writer is None:
            assert self._header is not None
            home = self._work / "home"
            home.mkdir()
            self._writer = create(self._format, home, self._dataset, self._header)
        rows = self._writer.add(SpooledEpisode(folder))
        self._episodes += 1
        shutil.rmtree(folder)
        return rows

    def _finish(self) -> None:
        """Give the dataset its place, if there is one."""
        if self._writer is not None:
            self._writer.finish()
            self._final.parent.mkdir(parents=True, exist_ok=True)
            (self._work / "home" / self._dataset).rename(self._final)
        shutil.rmtree(self._work, ignore_errors=True)


def _answers() -> Callable[[dict[str, Any]], None]:
    """Keep stdout for answers: what libraries print goes to stderr."""
    answers = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)

    def tell(answer: dict[str, Any]) -> None:
        with contextlib.suppress(BrokenPipeError):  # nobody is there to hear it any more
            answers.write(json.dumps(answer) + "\n")
            answers.flush()

    return tell


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
