"""Quotas of an account (``platform.md`` E1): sessions at a time, and sessions per minute."""

from __future__ import annotations

import math

from tests.hosted.answers import Refused, out_of_credits, quota_exceeded
from tests.hosted.state import Clock, Settings


class Quotas:
    """Decides whether one more session may be created.

    Args:
        settings: Where the limits stand.
        clock: The service's clock.
    """

    def __init__(self, settings: Settings, clock: Clock) -> None:
        self._settings = settings
        self._clock = clock
        self._level = float(settings.session_burst)
        self._since = clock.now()

    def take(self, live: int, model: str) -> None:
        """Count one more session.

        Args:
            live: How many the account has now.
            model: What it asks for.

        Raises:
            Refused: 402 without credits, 429 when a limit is reached.
        """
        if self._settings.out_of_credits:
            raise Refused(out_of_credits())
        most = self._settings.concurrent_sessions
        if live >= most:
            raise Refused(quota_exceeded(current=live, limit=most, model=model))
        rate = self._settings.sessions_per_minute
        if rate is None:
            return
        now = self._clock.now()
        burst = self._settings.session_burst
        self._level = min(burst, self._level + (now - self._since) * rate / 60)
        self._since = now
        if self._level < 1:
            wait_s = math.ceil((1 - self._level) * 60 / rate)
            raise Refused(
                quota_exceeded(
                    "sessions_per_minute",
                    current=burst,
                    limit=math.floor(rate),
                    model=model,
                    retry_after_seconds=wait_s,
                )
            )
        self._level -= 1
