"""OpenEnv beside the clients of ``benchmarks/stepped.py``: a picture over WebSocket and JSON.

OpenEnv brings some eighty packages, so that it has a virtual environment of its own, which the
variable :data:`VARIABLE` names:

    python -m venv openenv && openenv/bin/pip install openenv-core==0.3.0
    REACTOR_ENV_OPENENV_PYTHON=openenv/bin/python python -m benchmarks.stepped

Server and client are a process each, on loopback, as the runtime and the other clients are.
"""

from __future__ import annotations

import json
import os
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import httpx
import numpy as np
from numpy.typing import NDArray

from reactor_env.latency.stamp import Stamp, draw_stamp
from reactor_env.world_options import ProbeOptions
from reactor_env.worlds.probe.content import Backdrop

VARIABLE = "REACTOR_ENV_OPENENV_PYTHON"
"""Names the Python that has openenv-core."""

NAMES = {"OpenEnv": (), "OpenEnv, uncompressed": ("--no-compression",)}
"""As it comes, with the WebSocket's compression, and without: the server's options by name."""

_FOLDER = Path(__file__).parent
_PICTURES = 8
_START_WITHIN_S, _TURN_WITHIN_S, _END_WITHIN_S = 60.0, 300.0, 10.0
_VERSION = "from importlib.metadata import version; print(version('openenv-core'))"


@dataclass(frozen=True, slots=True)
class OpenEnv:
    """An installed OpenEnv.

    Attributes:
        python: The Python that has it.
        version: Its version.
    """

    python: str
    version: str


def find() -> OpenEnv | None:
    """Find OpenEnv; ``None`` where the variable is not set.

    Raises:
        RuntimeError: If what it names is no Python with openenv-core.
    """
    named = os.environ.get(VARIABLE)
    if not named:
        return None
    python = shutil.which(named)
    if python is None:
        raise RuntimeError(f"{VARIABLE} must name a Python with openenv-core, got {named!r}")
    asked = subprocess.run([python, "-c", _VERSION], capture_output=True, text=True, timeout=60)
    if asked.returncode:
        said = asked.stderr.strip().rpartition("\n")[2]
        raise RuntimeError(f"{VARIABLE} must name a Python with openenv-core, {named!r}: {said}")
    return OpenEnv(python, asked.stdout.strip())


def draw_pictures(width: int, height: int, count: int = _PICTURES) -> NDArray[np.uint8]:
    """Draw the first frames of the world ``probe``.

    Returns:
        (count, height, width, 3) uint8 RGB.
    """
    backdrop = Backdrop(ProbeOptions().content, width, height)
    backdrop.begin(0)
    pictures = np.stack([backdrop.draw(0) for _ in range(count)])
    for number, picture in enumerate(pictures):
        draw_stamp(picture, Stamp.of(number, 0, number))
    return pictures


@contextmanager
def serving(
    found: OpenEnv | None, width: int, height: int, warmup: int, steps: int
) -> Iterator[Mapping[str, Callable[[], list[float]]]]:
    """Have servers of pictures running.

    Args:
        found: What to run; nothing where it is ``None``.
        width: Pixels across.
        height: Pixels down.
        warmup: Steps at the beginning of a turn that do not count.
        steps: Those that do.

    Yields:
        By name what plays a turn, and returns the milliseconds of each step.
    """
    if found is None:
        yield {}
        return
    with ExitStack() as stack:
        path = Path(stack.enter_context(tempfile.TemporaryDirectory())) / "pictures.npy"
        np.save(path, draw_pictures(width, height))
        yield {
            name: partial(
                _play,
                [
                    found.python,
                    str(_FOLDER / "openenv_client.py"),
                    stack.enter_context(_server(found.python, path, options)),
                    *map(str, (width, height, warmup + steps)),
                ],
                warmup,
            )
            for name, options in NAMES.items()
        }


def _play(command: list[str], warmup: int) -> list[float]:
    played = subprocess.run(command, capture_output=True, text=True, timeout=_TURN_WITHIN_S)
    if played.returncode:
        raise RuntimeError(f"OpenEnv's client failed:\n{played.stderr[-2000:]}")
    times: list[float] = json.loads(played.stdout)
    return times[warmup:]


@contextmanager
def _server(python: str, pictures: Path, options: tuple[str, ...]) -> Iterator[str]:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        descriptor, port = listening.fileno(), listening.getsockname()[1]
        command = [
            python,
            str(_FOLDER / "openenv_server.py"),
            str(pictures),
            str(descriptor),
            *options,
        ]
        process = subprocess.Popen(command, pass_fds=(descriptor,))
    url = f"http://127.0.0.1:{port}"
    try:
        _wait_until_up(url, process)
        yield url
    finally:
        process.terminate()
        try:
            process.wait(_END_WITHIN_S)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _wait_until_up(url: str, process: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + _START_WITHIN_S
    with httpx.Client(base_url=url, trust_env=False, timeout=_START_WITHIN_S) as http:
        while process.poll() is None and time.monotonic() < deadline:
            try:
                http.get("/health").raise_for_status()
            except httpx.TransportError:
                time.sleep(0.1)
            else:
                return
    raise RuntimeError(f"OpenEnv's server was not there within {_START_WITHIN_S:g} s")
