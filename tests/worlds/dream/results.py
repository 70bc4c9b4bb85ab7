"""A result of ``agents/dream_to_real.py``, without its training."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from reactor_env.files import write_json


def write(
    folder: Path, temperature: float = 1.0, *, policy: Path | None = None, **players: Any
) -> Path:
    """Write the result of 3 episodes for each player, and return its path."""
    spread = {"mean": 9.0, "sd": 2.0, "ci95": [7.0, 11.0], "returns": [7.0, 9.0, 11.0]}
    path = folder / f"result-{temperature}.json"
    arguments = {
        "model": "out/first/it.npz",
        "temperature": str(temperature),
        "seed": "4",
        "direct_steps": "12000",
    }
    arguments["policy"] = str(policy)
    document = {"command": f"python it {temperature}", "arguments": arguments}
    write_json(path, document | (players or dict.fromkeys(("dreams", "random", "dream"), spread)))
    return path
