"""Keeping signed URLs out of the log: httpx writes every request's URL there, query and all."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

_hidden: ContextVar[bool] = ContextVar("reactor_env_hidden_request", default=False)


class _WithoutHidden(logging.Filter):
    def filter(self, record: logging.LogRecord) -> bool:
        return not _hidden.get()


logging.getLogger("httpx").addFilter(_WithoutHidden())


@contextmanager
def hidden_requests() -> Iterator[None]:
    """Keep the requests made inside out of httpx's log; other tasks' are not touched."""
    token = _hidden.set(True)
    try:
        yield
    finally:
        _hidden.reset(token)
