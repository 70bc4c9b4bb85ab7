"""An OpenEnv environment that returns pictures, served; run by ``benchmarks/openenv_peer.py``.

Needs openenv-core and numpy, and nothing of this package.

JSON has no bytes, so that a picture travels as base64 text, the shortest form that the wire takes.
Everything else is as ``openenv init`` writes it.
"""

from __future__ import annotations

import argparse
import base64
import socket
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import uvicorn
from numpy.typing import NDArray
from openenv.core.env_server.http_server import create_app  # type: ignore[import-not-found]
from openenv.core.env_server.interfaces import Environment  # type: ignore[import-not-found]
from openenv.core.env_server.types import (  # type: ignore[import-not-found]
    Action,
    Observation,
    State,
)


class Act(Action):  # type: ignore[misc]
    """What the probe's command ``act`` has."""

    action: int
    action_seq: int


class Seen(Observation):  # type: ignore[misc]
    """A picture, (height, width, 3) uint8 RGB in base64."""

    frame: str


class Pictures(Environment):  # type: ignore[misc]
    """Returns pictures that were drawn before, in turn.

    Args:
        pictures: (N, H, W, 3) uint8.
    """

    def __init__(self, pictures: NDArray[np.uint8]) -> None:
        super().__init__()
        self._pictures = pictures
        self._count = 0

    def reset(self, seed: int | None = None, episode_id: str | None = None, **_: Any) -> Seen:
        """Begin with the first."""
        self._count = 0
        return self._see()

    def step(self, action: Act, timeout_s: float | None = None, **_: Any) -> Seen:
        """Go on to the next."""
        self._count += 1
        return self._see()

    @property
    def state(self) -> Any:
        """How many steps there were."""
        return State(step_count=self._count)

    def _see(self) -> Seen:
        picture = self._pictures[self._count % len(self._pictures)]
        return Seen(frame=base64.b64encode(picture.tobytes()).decode("ascii"), reward=0.0)


def main() -> None:
    """Serve until terminated."""
    parser = argparse.ArgumentParser()
    parser.add_argument("pictures", type=Path, help="what numpy.save wrote")
    parser.add_argument("listening", type=int, help="the descriptor of a listening socket")
    parser.add_argument("--no-compression", action="store_true")
    args = parser.parse_args()
    make = partial(Pictures, np.load(args.pictures))
    app = create_app(make, Act, Seen, env_name="pictures", max_concurrent_envs=1)
    # At level "error" it would print a traceback whenever a client leaves.
    config = uvicorn.Config(
        app, log_level="critical", ws_per_message_deflate=not args.no_compression
    )
    uvicorn.Server(config).run(sockets=[socket.socket(fileno=args.listening)])


if __name__ == "__main__":
    main()
