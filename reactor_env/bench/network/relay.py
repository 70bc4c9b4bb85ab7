"""The process between a peer and its runtime: ``python -m reactor_env.bench.network.relay``.

It prints the URL to be used in place of the runtime's, and ends when its standard input does. The
network is as good as loopback until somebody asks for ``/network/begin``; ``/network`` tells what
became of the datagrams since.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from typing import Any

from reactor_env.bench.machine import bound
from reactor_env.bench.network.conditions import Lane, LostTwice, Network
from reactor_env.bench.network.packets import retransmission_types
from reactor_env.bench.network.path import UdpPath
from reactor_env.bench.network.signalling import Signalling
from reactor_env.errors import RuntimeStartError

_END_TIMEOUT_S = 5.0


@dataclass(frozen=True, kw_only=True)
class Relay:
    """What the process is to do.

    Attributes:
        url: Where the runtime listens.
        network: What it does to datagrams.
        round_: Which part of the schedule.
        calm_s: How long after its beginning no packet is lost with its retransmissions.
    """

    url: str
    network: Network
    round_: int = 0
    calm_s: float = 0.0

    def as_json(self) -> str:
        """Return it as the process's argument."""
        return json.dumps(asdict(self))

    @classmethod
    def of_json(cls, text: str) -> Relay:
        """Read it."""
        values = json.loads(text)
        return cls(**values | {"network": Network(**values["network"])})


class Stretch:
    """A path whose network begins when it is told to.

    Args:
        relay: What it is to do.
    """

    def __init__(self, relay: Relay) -> None:
        self._relay = relay
        self._repairs: frozenset[int] = frozenset()
        self._twice: LostTwice | None = None
        self._before = (0, 0)
        self.path = UdpPath()

    def replace_server(self, answer: str) -> str:
        """Put the path in the place of the server's candidates."""
        self._repairs = retransmission_types(answer)
        return self.path.replace_server(answer)

    def control(self, word: str) -> dict[str, Any] | None:
        """Begin, or tell what became of the datagrams."""
        if word == "begin":
            self._begin()
        elif word:
            return None
        forwarded, lost = self._before
        return {
            "forwarded": self.path.forwarded - forwarded,
            "lost": self.path.lost - lost,
            "losses": [asdict(loss) for loss in self._twice.losses] if self._twice else [],
        }

    def _begin(self) -> None:
        network, round_ = self._relay.network, self._relay.round_
        self._before = (self.path.forwarded, self.path.lost)
        down, up = (Lane(network, name, round_) for name in ("towards client", "towards server"))
        self.path.towards_server = up
        if not network.lost_twice:
            self.path.towards_client = down
            return
        twice = self._twice = LostTwice(self._repairs, self._relay.calm_s)
        self.path.towards_client = lambda data: None if twice.loses(data) else down(data)


@contextmanager
def running(relay: Relay, cores: frozenset[int] = frozenset()) -> Iterator[str]:
    """Have the process run within the context.

    Args:
        relay: What it is to do.
        cores: What it is bound to; none leaves it to the system.

    Returns:
        The URL to be used in place of the runtime's.

    Raises:
        RuntimeStartError: If it does not start.
    """
    command = [sys.executable, "-m", __name__, relay.as_json()]
    with bound(cores):
        process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
    assert process.stdin is not None
    assert process.stdout is not None
    try:
        url = process.stdout.readline().strip()
        if not url:
            raise RuntimeStartError("the relay between peer and runtime did not start")
        yield url
    finally:
        process.stdin.close()
        try:
            process.wait(_END_TIMEOUT_S)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        process.stdout.close()


async def serve(relay: Relay) -> None:
    """Run until standard input ends."""
    stretch = Stretch(relay)
    await stretch.path.open()
    path = stretch.path
    signalling = Signalling(
        relay.url, path.replace_client, stretch.replace_server, path.replace_told, stretch.control
    )
    sys.stdout.write(f"{signalling.url}\n")
    sys.stdout.flush()
    await asyncio.to_thread(sys.stdin.read)
    await asyncio.to_thread(signalling.close)
    stretch.path.close()


if __name__ == "__main__":
    with contextlib.suppress(KeyboardInterrupt):
        asyncio.run(serve(Relay.of_json(sys.argv[1])))
