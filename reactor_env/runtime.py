"""Starts a ``reactor-runtime`` process for a world, waits for it, and stops it for certain.

The process listens on a free port of 127.0.0.1. It ends with :meth:`LocalRuntime.stop`, when the
object is collected, and when this process dies in whatever way (:mod:`reactor_env.worlds.child`).
In a forked process the object has not started one yet: the parent's is the parent's.
"""

from __future__ import annotations

import importlib.util
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
import weakref
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Self

import httpx

from reactor_env.errors import MissingDependencyError, RuntimeStartError
from reactor_env.world_catalog import MANIFEST, world_source

LOG_LINES = 25
_STOP_GRACE_S = 8.0
_HEALTH_POLL_S = 0.03
_PORT_ATTEMPTS = 3


class LocalRuntime:
    """One runtime process.

    Args:
        world: A name of :data:`~reactor_env.world_catalog.WORLDS`, ``"gym:<environment id>"``, or a
            folder with a ``reactor.yaml``.
        fps: Steps per second of a bundled world in a streamed session; its own rate by default.
        world_kwargs: Options of the world, for ``gym:`` worlds those of :func:`gymnasium.make`;
            Python literals.
        start_timeout: Seconds until the runtime must serve.
        orphan_timeout: Seconds a session without a client is kept.
        port: Where it listens; a free port by default.

    Raises:
        UnknownWorldError: If there is no such world.
        MissingDependencyError: If ``reactor-runtime`` is not installed.
        ValueError: If ``fps`` is not positive, or an argument does not go with the world.

    Example:
        >>> with LocalRuntime("catch") as runtime:
        ...     print(runtime.url)
    """

    def __init__(
        self,
        world: str | Path,
        *,
        fps: float | None = None,
        world_kwargs: Mapping[str, Any] | None = None,
        start_timeout: float = 60.0,
        orphan_timeout: float = 60.0,
        port: int | None = None,
    ) -> None:
        if importlib.util.find_spec("reactor_runtime") is None:
            raise MissingDependencyError(
                "a local world needs the reactor-runtime package: pip install 'reactor-env[local]'"
            )
        if fps is not None and not fps > 0:
            raise ValueError(f"`fps` must be positive, got {fps!r}")
        if port is not None and not (isinstance(port, int) and 0 < port < 65536):
            raise ValueError(f"`port` must be 1 to 65535, got {port!r}")
        self.world = str(world)
        self._port = port
        self._source = world_source(self.world, fps, dict(world_kwargs or {}))
        self._start_timeout = start_timeout
        self._orphan_timeout = orphan_timeout
        self._on_exit: Callable[[], None] | None = None
        self._process: subprocess.Popen[bytes] | None = None
        self._folder: Path | None = None
        self._finalizer: weakref.finalize[..., Any] | None = None
        self.url = ""

    def __enter__(self) -> Self:
        """Start the process."""
        return self.start()

    def __exit__(self, *exc_info: object) -> None:
        """Stop the process."""
        self.stop()

    @property
    def pid(self) -> int | None:
        """The process id while it was started, else ``None``."""
        return self._process.pid if self._process is not None else None

    @property
    def alive(self) -> bool:
        """Whether the process runs."""
        return self._process is not None and self._process.poll() is None

    def start(self) -> Self:
        """Start the process and wait until the model is loaded. Nothing happens when it runs.

        Raises:
            RuntimeStartError: If it ends or does not serve in time.
        """
        if self.alive:
            return self
        self.stop()
        if self._port is not None:
            # Whatever listens there already would answer in the place of this runtime.
            if _listens(self._port):
                raise RuntimeStartError(f"port {self._port} of this machine is in use already")
            attempts = 1
        else:
            attempts = _PORT_ATTEMPTS
        for attempt in range(attempts):
            port = self._port or _free_port()
            self._launch(port)
            try:
                self._wait_healthy(port)
            except BaseException as error:
                log = self.log_tail()
                self.stop()
                taken = "address already in use" in log.lower()
                if isinstance(error, RuntimeStartError) and taken and attempt + 1 < attempts:
                    continue
                raise
            return self
        raise AssertionError("unreachable")

    def wait(self) -> int:
        """Wait until the process has ended, and return its exit code; negative for a signal.

        Raises:
            RuntimeStartError: If it was not started.
        """
        if self._process is None:
            raise RuntimeStartError(f"the runtime of world {self.world!r} was not started")
        return self._process.wait()

    def on_exit(self, callback: Callable[[], None] | None) -> None:
        """Call ``callback``, on another thread, when the process ends without :meth:`stop`."""
        self._on_exit = callback

    def stop(self) -> None:
        """End the process and wait until it is gone. Safe to call twice."""
        finalizer, self._finalizer = self._finalizer, None
        self._on_exit = None
        self._process = None
        self._folder = None
        if finalizer is not None:
            finalizer()

    def log_tail(self, lines: int = LOG_LINES) -> str:
        """Return the last lines the process printed."""
        if self._folder is None:
            return ""
        log = self._folder / "runtime.log"
        text = log.read_text(errors="replace") if log.exists() else ""
        return "\n".join(text.splitlines()[-lines:])

    def post_mortem(self, wait_s: float = 0.0) -> str:
        """Return how the process ended and the last lines it printed; ``""`` while it runs.

        Args:
            wait_s: Seconds to let it end: a runtime that crashes closes its connections first.
        """
        if self._process is None:
            return ""
        try:
            code = self._process.wait(wait_s)
        except subprocess.TimeoutExpired:
            return ""
        how = f"was killed by {signal.Signals(-code).name}" if code < 0 else f"exited with {code}"
        log = self.log_tail()
        return f"the runtime process {how}" + (f"; its log ends with:\n{log}" if log else "")

    def schema(self) -> dict[str, Any]:
        """Return the model's OpenAPI 3.1 document.

        Raises:
            RuntimeStartError: If the runtime does not answer.
        """
        try:
            response = httpx.get(f"{self.url}/schema", timeout=10.0, trust_env=False)
            response.raise_for_status()
        except httpx.HTTPError as error:
            raise RuntimeStartError(
                f"the runtime of world {self.world!r} does not answer: {error}\n{self.log_tail()}"
            ) from error
        document: dict[str, Any] = response.json()
        return document

    def _launch(self, port: int) -> None:
        folder = Path(tempfile.mkdtemp(prefix="reactor-env-"))
        working_folder = folder
        if isinstance(self._source, Path):
            working_folder = self._source
        else:
            (folder / "world.py").write_text(self._source)
            (folder / MANIFEST).write_text(
                f"model:\n  name: {json.dumps(self.world)}\nruntime:\n  import: world:World\n"
            )
        command = [sys.executable, "-m", "reactor_env.worlds.child", "--port", str(port)]
        command += ["--orphan-timeout", str(self._orphan_timeout)]
        environment = dict(os.environ)
        if not isinstance(self._source, Path):
            # Their arrays are small: a second thread makes frames late, and sums different.
            for name in ("OPENBLAS_NUM_THREADS", "VECLIB_MAXIMUM_THREADS"):
                environment.setdefault(name, "1")
        with (folder / "runtime.log").open("wb") as log:
            process = subprocess.Popen(
                command,
                env=environment,
                cwd=working_folder,
                stdin=subprocess.PIPE,
                stdout=log,
                stderr=subprocess.STDOUT,
                # Out of the terminal's process group: Ctrl-C is this process's to handle.
                start_new_session=True,
            )
        self._folder = folder
        self._process = process
        self._finalizer = weakref.finalize(self, _end, process, folder)
        _started.add(self)
        self.url = f"http://127.0.0.1:{port}"
        threading.Thread(
            target=_watch, args=(process, weakref.ref(self)), name="reactor-env-watch", daemon=True
        ).start()

    def _disown(self) -> None:
        """Leave the process to the parent: called in a forked child."""
        finalizer, process = self._finalizer, self._process
        self._finalizer = self._process = self._folder = self._on_exit = None
        if finalizer is not None:
            finalizer.detach()
        if process is not None:
            process.returncode = 0  # not this process's to wait for
            if process.stdin is not None:
                # The runtime ends when its last writer is gone, which shall be the parent.
                process.stdin.close()

    def _wait_healthy(self, port: int) -> None:
        deadline = time.monotonic() + self._start_timeout
        with httpx.Client(timeout=2.0, trust_env=False) as http:
            while True:
                if not self.alive:
                    raise RuntimeStartError(
                        f"the runtime of world {self.world!r} ended while starting:\n"
                        f"{self.log_tail()}"
                    )
                if _listens(port) and _serves(http, self.url):
                    return
                if time.monotonic() > deadline:
                    raise RuntimeStartError(
                        f"the runtime of world {self.world!r} did not serve within "
                        f"{self._start_timeout:g} s:\n{self.log_tail()}"
                    )
                time.sleep(_HEALTH_POLL_S)


def _listens(port: int) -> bool:
    # Not left to httpx: its errors form cycles that would keep this runtime from being collected.
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def _serves(http: httpx.Client, url: str) -> bool:
    try:
        response = http.get(f"{url}/health")
    except httpx.HTTPError:
        return False
    # Healthy begins while the model still loads.
    return response.status_code == 200 and response.json().get("state") != "loading"


_started: weakref.WeakSet[LocalRuntime] = weakref.WeakSet()


def _disown_all() -> None:
    for runtime in tuple(_started):
        runtime._disown()
    _started.clear()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_disown_all)


def _watch(process: subprocess.Popen[bytes], owner: weakref.ref[LocalRuntime]) -> None:
    process.wait()
    runtime = owner()
    callback = runtime._on_exit if runtime is not None else None
    if callback is not None:
        callback()


def _end(process: subprocess.Popen[bytes], folder: Path) -> None:
    """End a runtime process, gently at first, and remove its folder."""
    if process.stdin is not None:
        process.stdin.close()
    process.terminate()
    try:
        process.wait(_STOP_GRACE_S)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
    shutil.rmtree(folder, ignore_errors=True)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
