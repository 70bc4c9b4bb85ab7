"""What a scenario is: something to do with a client, and the account expected of every client."""

from __future__ import annotations

import dataclasses
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import httpx

from tests.scenarios.client import ClientName, ScenarioClient
from tests.scenarios.transcript import Message, Transcript

SESSION = ["connecting", "waiting", "ready", "disconnected"]
"""The statuses of a plain session."""

CONNECTED = "connect: done"

Play = Callable[[ScenarioClient, httpx.AsyncClient], Awaitable[None]]
"""Gets the client, and HTTP access to the runtime."""


@dataclass(frozen=True)
class Difference:
    """What one client does otherwise.

    Attributes:
        reasons: Keys of :data:`tests.scenarios.differences.REASONS`.
        instead: The fields of its transcript that differ; ``None`` when chance decides, so that
            there is nothing to expect.
    """

    reasons: tuple[str, ...]
    instead: Mapping[str, Any] | None


@dataclass(frozen=True)
class Scenario:
    """One thing to do with a client.

    Attributes:
        play: Does it.
        expected: The account every client gives of it.
        differences: What some clients do otherwise.
        options: Arguments for making the client.
    """

    play: Play
    expected: Transcript
    differences: Mapping[ClientName, Difference] = field(default_factory=dict)
    options: Mapping[str, Any] = field(default_factory=dict)

    @property
    def name(self) -> str:
        return self.play.__name__.replace("_", " ")

    def verdict(self, client: ClientName) -> str:
        """Return what the table says of a client that did as expected."""
        difference = self.differences.get(client)
        return "ok" if difference is None else ", ".join(difference.reasons)

    def expected_of(self, client: ClientName) -> Transcript | None:
        """Return the account expected of a client, ``None`` where chance decides."""
        difference = self.differences.get(client)
        if difference is None:
            return self.expected
        if difference.instead is None:
            return None
        return dataclasses.replace(self.expected, **difference.instead)


class Suite:
    """Scenarios on one subject, collected by :meth:`add`."""

    def __init__(self) -> None:
        self.scenarios: list[Scenario] = []

    def add(
        self,
        *,
        statuses: list[str] | None = None,
        calls: list[str] | None = None,
        messages: list[Message] | None = None,
        shown: dict[str, list[str]] | None = None,
        errors: list[str] | None = None,
        platform: list[str] | None = None,
        differs: Mapping[ClientName, Difference] | None = None,
        options: Mapping[str, Any] | None = None,
    ) -> Callable[[Play], Play]:
        """Add a scenario with the account expected of it: that of a plain session, but for this."""
        expected = Transcript(
            statuses=SESSION if statuses is None else statuses,
            calls=[CONNECTED] if calls is None else calls,
            messages=messages or [],
            shown=shown or {},
            errors=errors or [],
            platform=platform or [],
        )

        def register(play: Play) -> Play:
            self.scenarios.append(Scenario(play, expected, differs or {}, options or {}))
            return play

        return register


def but(*reasons: str, **instead: Any) -> Difference:
    """Name what a client does otherwise: fields of its transcript."""
    return Difference(reasons, instead)


def by_chance(*reasons: str) -> Difference:
    """Name why nothing can be expected of a client."""
    return Difference(reasons, None)


def settings(speed: float = 0.0, mode: str = "walk", title: str = "") -> Message:
    """Return the world's answer to ``recall``."""
    return ("settings", {"speed": speed, "mode": mode, "title": title})


def echo(text: str, number: float = 0.0, flag: bool = False) -> Message:
    """Return the world's answer to ``echo``."""
    return ("echo", {"text": text, "number": number, "flag": flag})
