"""Fixtures with the hosted service. Import them into a ``conftest.py``, together::

    from tests.hosted.fixtures import hosted as hosted
    from tests.hosted.fixtures import hosted_http as hosted_http
    from tests.hosted.fixtures import hosted_runtime as hosted_runtime

Both services fail the test that leaves a session behind.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from reactor_env.runtime import LocalRuntime
from tests.hosted.coordinator import HostedService

UPLOAD_WORLD = str(Path(__file__).parent / "worlds" / "upload")
"""A model that takes a file and tells its digest; it is recorded, for clips."""

FPS = 30.0
_END_S = 10.0


@pytest.fixture(scope="module")
def hosted_runtime(request: pytest.FixtureRequest) -> Iterator[LocalRuntime]:
    """The runtime behind :func:`hosted`, one per module; by parametrization another world's.

    Example:
        >>> @pytest.mark.parametrize("hosted_runtime", [UPLOAD_WORLD], indirect=True)
        ... def test_x(hosted): ...
    """
    world = getattr(request, "param", "catch")
    # A world in a folder has its own rate.
    with LocalRuntime(world, fps=None if Path(world).is_dir() else FPS) as runtime:
        yield runtime


@pytest.fixture
def hosted(hosted_runtime: LocalRuntime) -> Iterator[HostedService]:
    """The service in front of a real runtime."""
    hosted_runtime.start()  # a test before this one may have killed it
    with HostedService(hosted_runtime.url) as service:
        yield service
        service.wait_no_live_sessions(_END_S)


@pytest.fixture
def hosted_http() -> Iterator[HostedService]:
    """The service without a runtime: HTTP alone."""
    with HostedService() as service:
        yield service
        service.wait_no_live_sessions(_END_S)
