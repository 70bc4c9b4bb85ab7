"""A runtime for each module, clients that are closed after each scenario, the table at the end."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from reactor_env.runtime import LocalRuntime
from tests.scenarios.client import ClientName, ScenarioClient
from tests.scenarios.official import OfficialClient
from tests.scenarios.ours import JsonClient, ProtobufClient
from tests.scenarios.runtime import WORLD, is_free
from tests.scenarios.table import TABLE

CLIENTS: dict[ClientName, type[ScenarioClient]] = {
    "json": JsonClient,
    "protobuf": ProtobufClient,
    "sdk": OfficialClient,
}

MakeClient = Callable[..., ScenarioClient]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        here = item.path.is_relative_to(Path(__file__).parent)
        if here and "make_client" in getattr(item, "fixturenames", ()):
            item.add_marker(pytest.mark.integration)


def pytest_terminal_summary(terminalreporter: Any) -> None:
    if TABLE.rows:
        terminalreporter.section("scenarios on three clients")
        terminalreporter.write_line(TABLE.text())


@pytest.fixture(scope="module")
def runtime() -> Iterator[LocalRuntime]:
    with LocalRuntime(WORLD) as runtime:
        yield runtime


@pytest.fixture
async def http(runtime: LocalRuntime) -> AsyncIterator[httpx.AsyncClient]:
    """HTTP access to a runtime that has no session."""
    async with httpx.AsyncClient(base_url=runtime.url, trust_env=False) as http:
        await is_free(http)
        yield http


@pytest.fixture
async def make_client(runtime: LocalRuntime, http: httpx.AsyncClient) -> AsyncIterator[MakeClient]:
    """Make clients that are closed after the test, the last made first."""
    del http
    made: list[ScenarioClient] = []

    def make(name: ClientName, **options: Any) -> ScenarioClient:
        made.append(CLIENTS[name](runtime.url, **options))
        return made[-1]

    yield make
    for client in reversed(made):
        await client.close()
