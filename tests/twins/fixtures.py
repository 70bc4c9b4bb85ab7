"""Starts twins: the fixture ``twin_runtime``, and what it is made of.

A ``conftest.py`` imports the fixture; then a test takes it by name::

    def test_it(twin_runtime):
        runtime = twin_runtime("lingbot", run_limit=3)
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from reactor_env.runtime import LocalRuntime
from reactor_env.world_catalog import MANIFEST
from tests.twins.options import variable

TWINS = Path(__file__).parent
NAMES = sorted(manifest.parent.name for manifest in TWINS.glob(f"*/{MANIFEST}"))
"""The twins, by the name of their schema in ``reactor_env/models/schemas``."""

_KEPT = 3

TwinRuntime = Callable[..., LocalRuntime]


def twin_folder(name: str) -> Path:
    """Return the folder of a twin, for ``world=`` of an environment or a runtime."""
    if name not in NAMES:
        raise ValueError(f"`name` must be one of {', '.join(NAMES)}, got {name!r}")
    return TWINS / name


@contextmanager
def twin_options(**options: float | bool) -> Iterator[None]:
    """Set options for the twins that are started in this block by whatever means."""
    wanted = {variable(name): f"{value + 0}" for name, value in options.items()}
    before = {name: os.environ.get(name) for name in wanted}
    os.environ.update(wanted)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value


def start_twin(name: str, **options: float | bool) -> LocalRuntime:
    """Start a twin.

    Args:
        name: One of :data:`NAMES`.
        options: Its switches, for example ``run_limit=3``; its ``world.py`` says which it has.

    Returns:
        The runtime, which serves; :meth:`~reactor_env.runtime.LocalRuntime.stop` ends it.
    """
    with twin_options(**options):
        return LocalRuntime(twin_folder(name)).start()


@pytest.fixture(scope="module")
def twin_runtime() -> Iterator[TwinRuntime]:
    """Start twins on demand and keep the last few, for the same name and options.

    A runtime has one session at a time: end one before the next begins.
    """
    started: dict[tuple[object, ...], LocalRuntime] = {}

    def get(name: str, **options: float | bool) -> LocalRuntime:
        key = (name, *sorted(options.items()))
        runtime = started.pop(key, None)
        if runtime is None or not runtime.alive:
            while len(started) >= _KEPT:
                started.pop(next(iter(started))).stop()
            runtime = start_twin(name, **options)
        started[key] = runtime
        return runtime

    yield get
    for runtime in started.values():
        runtime.stop()
