"""Writes a dataset in a process of its own, while the next episode is played."""

from __future__ import annotations

import contextlib
import json
import os
import queue
import shutil
import subprocess
import sys
import threading
import time
from collections import deque
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import IO, Any

from reactor_env._version import __version__
from reactor_env.datasets.formats import Format
from reactor_env.datasets.spool import Header
from reactor_env.errors import MissingDependencyError

_READY_TIMEOUT_S = 180.0
_EPISODE_TIMEOUT_S = 3600.0
_BACKLOG_BYTES = 4 << 30
"""How much finished episodes that wait to be added may take on disk, if there are several."""
_LOG_LINES = 8


class DatasetError(OSError):
    """A dataset could not be written; the text says why, and where what there is was left."""


class Exporter:
    """Adds finished episodes to a dataset, and gives it its name when the last one is in.

    Until then everything is in a hidden folder beside the dataset's own: spooled episodes, the
    dataset in the making, a log. When this process is killed, the writing one adds what was
    finished and names the dataset all the same.

    Args:
        name: The format.
        home: The folder that the dataset's is in.
        dataset: The dataset's name, and its folder's in ``home``.
        python: The Python to write it with, one that has the format's library; by default the one
            that runs.

    Attributes:
        final: The dataset's folder.
        episodes: Added so far.
        rows: Added so far.
        seconds: Spent on adding them.
        waited_s: How long :meth:`add` waited for it altogether.
    """

    def __init__(self, name: Format, home: Path, dataset: str, python: str | None = None) -> None:
        home = home.absolute()
        self.final = home / dataset
        self.episodes = 0
        self.rows = 0
        self.seconds = 0.0
        self.waited_s = 0.0
        self._format: Format = name
        self._dataset = dataset
        self._python = python or sys.executable
        self._work = home / f".{dataset.replace('/', '-')}.{os.getpid()}.part"
        self._spooled = 0
        self._waiting: deque[int] = deque()
        """The bytes on disk of each episode that is not in the dataset yet."""
        self._process: subprocess.Popen[str] | None = None
        self._answers: queue.Queue[dict[str, Any] | None] = queue.Queue()

    def start(self) -> None:
        """Start the process, and make sure that it has what it needs.

        Raises:
            FileExistsError: If the dataset is there already.
            MissingDependencyError: If the format's library is not installed.
            DatasetError: If the process cannot do its work.
        """
        if self.final.exists():
            raise FileExistsError(f"{self.final} is there already")
        self._work.mkdir(parents=True)
        try:
            self._spawn()
            answer = self._answer(_READY_TIMEOUT_S, "the dataset's writer to start")
            if "missing" in answer:
                raise MissingDependencyError(answer["missing"])
            if answer.get("ready") != __version__:
                raise DatasetError(
                    f"{self._python} has reactor-env {answer.get('ready')}, this is {__version__}: "
                    "install the same version there"
                )
        except BaseException:
            self.discard()
            raise

    def begin(self, header: Header) -> None:
        """Say what all episodes have in common; before the first one."""
        path = self._work / "header.pickle"
        header.save(path)
        self._send({"header": str(path)})

    def spool_folder(self) -> Path:
        """Return a new path for an episode to be spooled to."""
        self._spooled += 1
        return self._work / "spool" / f"{self._spooled:06d}"

    def add(self, folder: Path) -> None:
        """Have a spooled episode added. Waits while too much on disk waits for it already.

        Args:
            folder: Removed when it is in the dataset.

        Raises:
            DatasetError: If the writer failed.
        """
        self._waiting.append(sum(path.stat().st_size for path in folder.iterdir()))
        self._send({"episode": str(folder)})
        began = time.monotonic()
        while not self._answers.empty() or (
            len(self._waiting) > 1 and sum(self._waiting) > _BACKLOG_BYTES
        ):
            self._take(_EPISODE_TIMEOUT_S)
        self.waited_s += time.monotonic() - began

    def finish(self, show: Callable[[], None] = lambda: None) -> bool:
        """Wait until everything is added, and the dataset has its name.

        Args:
            show: Called after every episode.

        Returns:
            Whether there is a dataset: not where no episode was added.

        Raises:
            DatasetError: If the writer failed.
        """
        assert self._process is not None
        assert self._process.stdin is not None
        with contextlib.suppress(BrokenPipeError):
            self._process.stdin.close()
        finished = False
        while not finished:
            finished = self._take(_EPISODE_TIMEOUT_S)
            show()
        self._process.wait(_READY_TIMEOUT_S)
        return self.episodes > 0

    def discard(self) -> None:
        """Throw everything away that has no name yet. Safe to call twice."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()
        shutil.rmtree(self._work, ignore_errors=True)

    # -- the process --------------------------------------------------------------------------

    def _spawn(self) -> None:
        with self._log.open("w") as log:
            try:
                self._process = subprocess.Popen(
                    [
                        self._python,
                        *("-m", "reactor_env.datasets.export_process"),
                        *(self._format, str(self._work), str(self.final), self._dataset),
                    ],
                    stdin=subprocess.PIPE,
                    stdout=subprocess.PIPE,
                    stderr=log,
                    text=True,
                    # In a session of its own no signal of the terminal ends it half-way.
                    start_new_session=True,
                )
            except OSError as error:
                raise DatasetError(f"{self._python} cannot be run: {error}") from error
        assert self._process.stdout is not None
        reader = threading.Thread(
            target=_read, args=(self._process.stdout, self._answers), daemon=True
        )
        reader.start()

    @property
    def _log(self) -> Path:
        return self._work / "writer.log"

    def _send(self, order: Mapping[str, Any]) -> None:
        assert self._process is not None
        assert self._process.stdin is not None
        try:
            self._process.stdin.write(json.dumps(order) + "\n")
            self._process.stdin.flush()
        except BrokenPipeError:
            while True:  # the last answer says why
                self._take(_READY_TIMEOUT_S)

    def _take(self, timeout_s: float) -> bool:
        """Take an answer into account; tell whether it was the last."""
        answer = self._answer(timeout_s, "an episode to be added to the dataset")
        if "added" in answer:
            self.episodes += 1
            self._waiting.popleft()
            self.rows += answer["added"]
            self.seconds += answer["seconds"]
        return "finished" in answer

    def _answer(self, timeout_s: float, waited_for: str) -> dict[str, Any]:
        try:
            answer = self._answers.get(timeout=timeout_s)
        except queue.Empty:
            text = f"waited {timeout_s:g} s in vain for {waited_for}"
            raise DatasetError(f"{text}; see {self._work}") from None
        if answer is None:
            text = f"the dataset's writer ended: {self._last_words()}"
            raise DatasetError(f"{text}; what it left is in {self._work}")
        if "error" in answer:
            text = f"the dataset cannot be written: {answer['error']}"
            raise DatasetError(f"{text}; what there is, is in {self._work}")
        return answer

    def _last_words(self) -> str:
        with contextlib.suppress(OSError):
            lines = self._log.read_text(errors="replace").strip().splitlines()[-_LOG_LINES:]
            return "\n".join(lines) or "it said nothing"
        return "it said nothing"


def _read(stdout: IO[str], answers: queue.Queue[dict[str, Any] | None]) -> None:
    for line in stdout:
        answers.put(json.loads(line))
    answers.put(None)
