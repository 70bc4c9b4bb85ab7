"""Steps an environment of ``benchmarks/openenv_server.py``; run by ``openenv_peer.py``.

Needs openenv-core and numpy, and nothing of this package. Prints a list in JSON: the milliseconds
of every step, from sending the action to having the picture as an array.
"""

from __future__ import annotations

import argparse
import asyncio
import base64
import json
import time

import numpy as np
from openenv.core import GenericEnvClient  # type: ignore[import-not-found]


async def play(url: str, shape: tuple[int, int, int], steps: int) -> list[float]:
    """Play one session.

    Args:
        url: Of the server.
        shape: Of a picture.
        steps: How many.
    """
    times = []
    async with GenericEnvClient(base_url=url) as env:
        await env.reset()
        for number in range(steps):
            begin = time.perf_counter()
            result = await env.step({"action": number % 256, "action_seq": number})
            picture = base64.b64decode(result.observation["frame"])
            np.frombuffer(picture, np.uint8).reshape(shape)
            times.append(1e3 * (time.perf_counter() - begin))
    return times


def main() -> None:
    """Play and print."""
    parser = argparse.ArgumentParser()
    parser.add_argument("url")
    parser.add_argument("width", type=int)
    parser.add_argument("height", type=int)
    parser.add_argument("steps", type=int)
    args = parser.parse_args()
    print(json.dumps(asyncio.run(play(args.url, (args.height, args.width, 3), args.steps))))


if __name__ == "__main__":
    main()
