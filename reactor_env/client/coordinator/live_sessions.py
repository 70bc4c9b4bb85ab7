"""Hosted sessions that this process has open, ended at exit if nobody ended them before.

A hosted session costs money until it ends, and the program that opened it may leave without
saying so. What is registered here is ended by the interpreter's exit; not when the process is
killed: then the service closes the session once it finds nobody connected.
"""

from __future__ import annotations

import atexit
import logging
import os
import threading
from collections.abc import Callable

import httpx

from reactor_env.client.coordinator.base import VERSION_HEADERS

logger = logging.getLogger(__name__)

_TIMEOUT_S = 5.0

_lock = threading.Lock()
_open: dict[str, tuple[str, Callable[[], str]]] = {}

if hasattr(os, "register_at_fork"):
    # A child that exits must not end its parent's sessions.
    os.register_at_fork(after_in_child=_open.clear)


def remember(base_url: str, session_id: str, token: Callable[[], str]) -> None:
    """Have a session ended at exit.

    Args:
        base_url: The service's address.
        session_id: The session.
        token: Returns the token to use; asked at exit, since it may be renewed until then.
    """
    with _lock:
        if not _open:
            atexit.register(end_all)
        _open[session_id] = (base_url, token)


def forget(session_id: str) -> None:
    """Leave a session alone: it has ended, or is somebody else's."""
    with _lock:
        if _open.pop(session_id, None) is not None and not _open:
            atexit.unregister(end_all)


def end_all() -> None:
    """End every session that is registered; failures are logged."""
    with _lock:
        left = dict(_open)
        _open.clear()
    for session_id, (base_url, token) in left.items():
        headers = {"Authorization": f"Bearer {token()}", **VERSION_HEADERS}
        url = f"{base_url}/sessions/{session_id}"
        try:
            response = httpx.request("DELETE", url, headers=headers, timeout=_TIMEOUT_S)
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            reason = type(error).__name__
        else:
            if response.is_success or response.status_code == 404:
                continue
            reason = f"HTTP {response.status_code}"
        logger.warning("session %s could not be ended at exit: %s", session_id, reason)
