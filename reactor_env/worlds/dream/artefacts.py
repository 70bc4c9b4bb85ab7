"""Arrays of a training run, in files that are there as a whole or not at all."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from reactor_env.files import replacing


def write_arrays(
    path: Path, arrays: Mapping[str, NDArray[Any]], *, compressed: bool = False
) -> None:
    """Write named arrays as an ``.npz`` file."""
    with replacing(path) as partial, partial.open("wb") as file:
        # mypy takes the arrays for the keyword `allow_pickle`, which they are not called.
        if compressed:
            np.savez_compressed(file, **arrays)  # type: ignore[arg-type]
        else:
            np.savez(file, **arrays)  # type: ignore[arg-type]


def read_arrays(path: Path) -> dict[str, NDArray[Any]]:
    """Read an ``.npz`` file into memory."""
    with np.load(path, allow_pickle=False) as stored:
        return dict(stored)
