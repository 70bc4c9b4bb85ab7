"""The hosted service's fixtures, and the mark of tests that start a runtime."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.hosted.caller import Caller
from tests.hosted.coordinator import HostedService
from tests.hosted.fixtures import hosted as hosted
from tests.hosted.fixtures import hosted_http as hosted_http
from tests.hosted.fixtures import hosted_runtime as hosted_runtime


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        here = item.path.is_relative_to(Path(__file__).parent)
        if here and "hosted_runtime" in getattr(item, "fixturenames", ()):
            item.add_marker(pytest.mark.integration)


@pytest.fixture
def caller(hosted_http: HostedService) -> Iterator[Caller]:
    """A client of the service without a runtime; its sessions are ended for it."""
    caller = Caller(hosted_http)
    with caller.http:
        yield caller
    hosted_http.end_all()


@pytest.fixture
def runtime_caller(hosted: HostedService) -> Iterator[Caller]:
    """A client of the service in front of a runtime; its sessions are ended for it."""
    caller = Caller(hosted)
    with caller.http:
        yield caller
    hosted.end_all()
