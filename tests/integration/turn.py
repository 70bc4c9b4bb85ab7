"""A real TURN server on this machine: coturn."""

from __future__ import annotations

import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

HOST = "127.0.0.1"
START_S = 15.0


@dataclass(frozen=True)
class TurnServer:
    """Where it listens, by UDP and TCP, and who may use it."""

    port: int
    username: str = "agent"
    password: str = "not-a-secret"

    def offered(self, transport: str, password: str | None = None) -> list[dict[str, Any]]:
        """Return it as the service offers it to a client."""
        return [
            {
                "uris": [self.uri(transport)],
                "credentials": {
                    "username": self.username,
                    "password": self.password if password is None else password,
                },
            }
        ]

    def uri(self, transport: str) -> str:
        return f"turn:{HOST}:{self.port}?transport={transport}"


def installed() -> bool:
    return shutil.which("turnserver") is not None


@contextmanager
def running(folder: Path) -> Iterator[TurnServer]:
    """Run one until the block ends.

    Args:
        folder: An empty folder for its files.
    """
    server = TurnServer(_free_port())
    log = folder / "turn.log"
    options = {
        "listening-ip": HOST,
        "listening-port": server.port,
        "relay-ip": HOST,
        "realm": "test",
        "user": f"{server.username}:{server.password}",
        "userdb": folder / "turndb",
        "pidfile": folder / "turn.pid",
        "log-file": "stdout",
    }
    flags = [
        "n",
        "lt-cred-mech",
        "allow-loopback-peers",
        "no-cli",
        "no-tls",
        "no-dtls",
        "no-rfc5780",
    ]
    command = ["turnserver", *(f"--{name}={value}" for name, value in options.items())]
    command += ["-n" if flag == "n" else f"--{flag}" for flag in flags]
    with log.open("wb") as output:
        process = subprocess.Popen(command, stdout=output, stderr=subprocess.STDOUT, cwd=folder)
    try:
        _wait_listening(server.port, process, log)
        yield server
    finally:
        process.terminate()
        try:
            process.wait(timeout=5)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _wait_listening(port: int, process: subprocess.Popen[bytes], log: Path) -> None:
    deadline = time.monotonic() + START_S
    while True:
        with socket.socket() as probe:
            if probe.connect_ex((HOST, port)) == 0:
                return
        ended = process.poll() is not None
        if ended or time.monotonic() > deadline:
            raise AssertionError(f"turnserver did not listen:\n{log.read_text(errors='replace')}")
        time.sleep(0.05)


def _free_port() -> int:
    """Return a port that is free for TCP and UDP."""
    while True:
        with socket.socket() as tcp, socket.socket(type=socket.SOCK_DGRAM) as udp:
            tcp.bind((HOST, 0))
            port: int = tcp.getsockname()[1]
            try:
                udp.bind((HOST, port))
            except OSError:
                continue
            return port
