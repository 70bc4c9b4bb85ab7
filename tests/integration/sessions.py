"""Kinds of sessions as parameters of tests that take seconds in each."""

from __future__ import annotations

import pytest

from tests.integration.conftest import SESSIONS

DEFAULTS = ("stepped-native", "streamed-aiortc")
"""What an environment uses where no backend is asked for."""

DEFAULT_SESSIONS = [
    pytest.param(*kind.values, id=kind.id, marks=() if kind.id in DEFAULTS else pytest.mark.slow)
    for kind in SESSIONS
]
"""Every kind; those that are no default only in ``make test-all``."""
