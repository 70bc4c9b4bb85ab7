"""Fixtures that own real runtimes and give them back."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import gymnasium as gym
import psutil
import pytest

import reactor_env.env
from reactor_env.runtime import LocalRuntime

SESSIONS = [
    pytest.param({"mode": mode, "backend": backend}, id=f"{mode}-{backend}")
    for mode in ("stepped", "streamed")
    for backend in ("aiortc", "native")
]
"""Every kind of session, as arguments of the environment."""

MakeEnv = Callable[..., reactor_env.env.ReactorEnv]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if "tests/integration" in item.path.as_posix():
            item.add_marker(pytest.mark.integration)


@pytest.fixture
def make_env() -> Iterator[MakeEnv]:
    """Make environments that are closed after the test, whatever it did."""
    made = []

    def make(world: str = "catch", **kwargs: Any) -> reactor_env.env.ReactorEnv:
        if "model" not in kwargs:
            kwargs["world"] = world
        env = gym.make("reactor_env/World-v0", **kwargs)
        unwrapped = env.unwrapped
        assert isinstance(unwrapped, reactor_env.env.ReactorEnv)
        made.append(unwrapped)
        return unwrapped

    yield make
    for env in made:
        env.close()


@pytest.fixture
def catch_runtime() -> Iterator[LocalRuntime]:
    with LocalRuntime("catch", fps=30) as runtime:
        yield runtime


@pytest.fixture(autouse=True)
def _no_process_left() -> Iterator[None]:
    before = set(psutil.Process().children(recursive=True))
    yield
    left = [p for p in psutil.Process().children(recursive=True) if p not in before]
    _, alive = psutil.wait_procs(left, timeout=5)
    assert not alive, f"processes left behind: {alive}"
