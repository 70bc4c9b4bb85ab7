"""What a dataset format is, and which package writes each."""

from __future__ import annotations

import importlib
from pathlib import Path
from typing import Literal, Protocol, get_args

from reactor_env.datasets.spool import Header, SpooledEpisode
from reactor_env.errors import MissingDependencyError

Format = Literal["minari", "lerobot"]
FORMATS: tuple[Format, ...] = get_args(Format)

INSTALL: dict[Format, str] = {
    "minari": 'pip install "reactor-env[data]"',
    "lerobot": 'pip install "reactor-env[lerobot]"',
}
"""What installs a format's library."""

_HINTS: dict[Format, str] = {
    "minari": "",
    "lerobot": (
        " LeRobot 0.6 (av<16) and a local runtime (av>=18) cannot be installed side by side: to "
        "record a --world, install it in an environment of its own and name that one's python "
        "with --writer-python."
    ),
}
_MODULES: dict[Format, tuple[str, ...]] = {
    "minari": ("minari", "h5py", "PIL"),
    "lerobot": ("lerobot.datasets.lerobot_dataset",),  # imports all that it takes to write one
}


class DatasetWriter(Protocol):
    """Writes a dataset, one finished episode after another."""

    def add(self, episode: SpooledEpisode) -> int:
        """Append an episode of at least one step, and return how many rows it came to."""
        ...

    def finish(self) -> None:
        """Write what is left, so that the library's own loader reads it."""
        ...


def check_library(name: Format) -> None:
    """Import a format's library.

    Args:
        name: The format.

    Raises:
        MissingDependencyError: If it is not installed.
    """
    for module in _MODULES[name]:
        try:
            importlib.import_module(module)
        except ImportError as error:
            raise MissingDependencyError(
                f"--format {name} needs a library ({error}): {INSTALL[name]}.{_HINTS[name]}"
            ) from error


def create(name: Format, home: Path, dataset: str, header: Header) -> DatasetWriter:
    """Begin a dataset.

    Args:
        name: The format.
        home: An empty folder.
        dataset: The dataset's name, which is also its folder in there.
        header: What is the same for all episodes.
    """
    if name == "minari":
        from reactor_env.datasets.minari_format import MinariWriter

        return MinariWriter(home, dataset, header)
    from reactor_env.datasets.lerobot_format import LeRobotWriter

    return LeRobotWriter(home / dataset, dataset, header)
