"""What the service answers: plain answers, and the documented refusals.

The quota body is the one of ``platform.md`` E1. The other refusals' bodies are not documented:
they are ``{"error": code, "message": text}`` here, and a client must not depend on them.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

JSON = "application/json"


@dataclass(frozen=True)
class Answer:
    """An HTTP answer, complete in memory.

    Args:
        status: The HTTP status.
        body: The bytes of the body.
        headers: All headers but ``Content-Length``.
    """

    status: int
    body: bytes = b""
    headers: Mapping[str, str] = field(default_factory=dict)

    def json(self) -> Any:
        """Return the body as a JSON document."""
        return json.loads(self.body)


class Refused(Exception):  # noqa: N818 - it carries an answer, and is no failure of the service
    """A request the service turns down with ``answer``."""

    def __init__(self, answer: Answer) -> None:
        super().__init__(f"HTTP {answer.status}: {answer.body.decode(errors='replace')}")
        self.answer = answer


def document(status: int, content: Any, headers: Mapping[str, str] | None = None) -> Answer:
    """Return ``content`` as JSON."""
    return Answer(status, json.dumps(content).encode(), {"content-type": JSON, **(headers or {})})


def error(status: int, code: str, message: str) -> Answer:
    """Return a refusal that says why."""
    return document(status, {"error": code, "message": message})


def quota_exceeded(
    quota_type: str = "concurrent_sessions",
    *,
    current: int = 5,
    limit: int = 5,
    model: str = "reactor/catch",
    retry_after_seconds: float | None = 1,
    retry_after_header: bool = True,
) -> Answer:
    """Return the 429 of an exhausted quota (``platform.md`` E1).

    Args:
        quota_type: ``"concurrent_sessions"``, ``"sessions_per_minute"`` or
            ``"sessions_per_token"``.
        current: How many there are.
        limit: How many there may be.
        model: The model that was asked for.
        retry_after_seconds: The field of the body; ``None`` leaves it out, and the header too.
        retry_after_header: Whether the ``Retry-After`` header says the same, in whole seconds.
    """
    content: dict[str, Any] = {
        "error": "quota_exceeded",
        "quota_type": quota_type,
        "current": current,
        "limit": limit,
        "message": f"{quota_type}: {current} of {limit} in use",
        "model": model,
    }
    headers = {}
    if retry_after_seconds is not None:
        content["retry_after_seconds"] = retry_after_seconds
        if retry_after_header:
            headers["retry-after"] = str(max(1, round(retry_after_seconds)))
    return document(429, content, headers)


def no_capacity() -> Answer:
    """Return the 429 of a shortage of machines, which comes without ``Retry-After``."""
    return error(429, "no_capacity", "no available capacity for this model")


def out_of_credits() -> Answer:
    """Return the 402 of an account without credits."""
    return error(402, "insufficient_credits", "the account has no credits left")
