"""The ``Retry-After`` header. Source: RFC 9110, 10.2.3."""

from __future__ import annotations

from datetime import UTC, datetime
from email.utils import parsedate_to_datetime


def retry_after_s(header: str | None) -> float | None:
    """Return how long a server asks to wait.

    Args:
        header: The header's value: seconds, or a date.

    Returns:
        Seconds from now, at least 0; ``None`` where there is no header, or it says neither.
    """
    if not header:
        return None
    seconds = seconds_of(header)
    return _until(header) if seconds is None else seconds


def seconds_of(value: object) -> float | None:
    """Return a duration as a finite number of at least 0, ``None`` where it is none."""
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        return None
    try:
        seconds = float(value)
    except (ValueError, OverflowError):
        return None
    return seconds if 0 <= seconds < float("inf") else None


def _until(date: str) -> float | None:
    try:
        moment = parsedate_to_datetime(date)
    except (ValueError, OverflowError):
        return None
    if moment.tzinfo is None:  # "-0000", which is UTC all the same
        moment = moment.replace(tzinfo=UTC)
    return max((moment - datetime.now(UTC)).total_seconds(), 0.0)
