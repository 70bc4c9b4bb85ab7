"""A Chromium process without a window, which certainly ends."""

from __future__ import annotations

import asyncio
import os
import shutil
import signal
import tempfile
from pathlib import Path

from reactor_env.bench.peers.devtools import LONGEST_MESSAGE, DevTools
from reactor_env.errors import MissingDependencyError

VARIABLE = "REACTOR_ENV_CHROMIUM"
"""The environment variable with the path of a Chromium."""

NAMES = ("chromium", "chromium-browser", "google-chrome", "chrome")
"""What is looked for on the PATH otherwise, in this order."""

_FLAGS = (
    "--headless",
    "--remote-debugging-pipe",
    "--no-first-run",
    # Nothing goes out by itself: this package measures on loopback.
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--host-resolver-rules=MAP * ~NOTFOUND",
    "--no-proxy-server",
    # Of its network there is only loopback, and the relay of a worse network reads addresses.
    "--allow-loopback-in-peer-connection",
    "--disable-features=WebRtcHideLocalIpsWithMdns",
    "--disable-breakpad",
)

# The shell outlives whoever started it, so that the profile is removed in any case.
_SCRIPT = 'profile=$1; shift; "$@" 3<&0 4>&1 </dev/null >&2; rm -rf "$profile"'

_END_TIMEOUT_S = 5.0
_LOG_LINES = 8


def find_chromium() -> str | None:
    """Return the path of the Chromium to use, ``None`` where there is none.

    The one that :data:`VARIABLE` names, otherwise the first of :data:`NAMES` on the PATH.
    """
    named = os.environ.get(VARIABLE)
    if named:
        return shutil.which(named)
    return next(filter(None, map(shutil.which, NAMES)), None)


def how_to_install() -> str:
    """Say what to do where there is no Chromium."""
    named = os.environ.get(VARIABLE)
    if named:
        return f"{VARIABLE} must be the path of one, got {named!r}"
    return (
        f"install it (Debian: apt install chromium) so that one of {', '.join(NAMES)} is on the "
        f"PATH, or name its path in {VARIABLE}"
    )


class Chromium:
    """One browser with a profile of its own.

    It ends with :meth:`close`, or when this process dies in whatever way, since its DevTools pipe
    is closed then; the profile's folder is removed by a shell that waits for it.

    Attributes:
        devtools: Its pipe.
    """

    devtools: DevTools

    def __init__(self) -> None:
        self._process: asyncio.subprocess.Process | None = None
        self._profile = Path()
        # Not in the profile, which is gone when Chromium could not start.
        self._log = tempfile.TemporaryFile("a+b")  # noqa: SIM115 - close() does

    async def start(self) -> None:
        """Start the process; whether it could is seen by its answers.

        Raises:
            MissingDependencyError: If there is none.
        """
        path = find_chromium()
        if path is None:
            raise MissingDependencyError(f"there is no Chromium: {how_to_install()}")
        self._profile = Path(tempfile.mkdtemp(prefix="reactor-env-chromium-"))
        command = [path, *_FLAGS, f"--user-data-dir={self._profile}"]
        if os.geteuid() == 0:
            command.append("--no-sandbox")  # as root it runs in no other way
        self._process = await asyncio.create_subprocess_exec(
            *("/bin/sh", "-c", _SCRIPT, "sh", str(self._profile), *command),
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=self._log,
            start_new_session=True,
            limit=LONGEST_MESSAGE,
        )
        assert self._process.stdout is not None
        assert self._process.stdin is not None
        self.devtools = DevTools(self._process.stdout, self._process.stdin)

    def log_tail(self) -> str:
        """Return the last lines it printed."""
        self._log.seek(0)
        return "\n".join(self._log.read().decode(errors="replace").splitlines()[-_LOG_LINES:])

    def processes(self) -> list[int]:
        """Return the ids of its processes, of which it has one for each task."""
        return [] if self._process is None else session_processes(self._process.pid)

    async def close(self) -> None:
        """End every process of it and remove the profile; safe to call twice."""
        process, self._process = self._process, None
        if process is None:
            return
        try:
            async with asyncio.timeout(_END_TIMEOUT_S):
                await self.devtools.close()
                await process.wait()
        except TimeoutError:
            pass
        finally:
            if process.returncode is None:
                _kill(process.pid)
                await process.wait()
            self._log.close()
            shutil.rmtree(self._profile, ignore_errors=True)


def session_processes(session: int) -> list[int]:
    """Return the processes of a session (``setsid``); none where ``/proc`` does not tell."""
    found = []
    for place in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = place.read_text().rpartition(")")[2].split()
        except OSError:
            continue  # it has just ended
        # The session is the 6th field of proc(5), the name the 2nd.
        if int(fields[3]) == session:
            found.append(int(place.parent.name))
    return found


def _kill(session: int) -> None:
    for process in session_processes(session) or [session]:
        try:
            os.kill(process, signal.SIGKILL)
        except ProcessLookupError:
            continue
