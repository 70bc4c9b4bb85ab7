"""What the service keeps about a session, and what the session costs.

Billing is per second from ready to the end; waiting for a machine is free (``platform.md`` E1).
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

CLUSTER = "fake-1"


@dataclass(frozen=True)
class LedgerEntry:
    """What a session costs. Times are Unix seconds, ``None`` for what has not happened."""

    session_id: str
    model: str
    created_at: float
    ready_at: float | None
    ended_at: float | None
    end_reason: str | None
    billed_seconds: float


@dataclass
class HostedSession:
    """One session, from its creation on; its times are its bill.

    Attributes:
        session_id: The hosted id, a UUID.
        model: The name it was created with.
        account_id: Whose it is.
        request: The body it was created with.
        state: As in ``GET /sessions/{id}``.
        created_at: Unix seconds.
        ready_at: When it first had a machine; billing starts here. ``None`` until then.
        ended_at: When it ended, whoever ended it.
        end_reason: Why.
        described: The runtime's description, while it has a machine.
        queue: States still to be shown before a machine is sought.
        held: Whether it stays queued until it is released.
    """

    session_id: str
    model: str
    account_id: str
    request: Mapping[str, Any]
    created_at: float
    queue: list[str]
    held: bool
    state: str = "CREATED"
    ready_at: float | None = None
    ended_at: float | None = None
    end_reason: str | None = None
    described: dict[str, Any] | None = None
    released: asyncio.Event = field(default_factory=asyncio.Event, repr=False)
    interrupted: asyncio.Event = field(default_factory=asyncio.Event, repr=False)
    task: asyncio.Task[None] | None = field(default=None, repr=False)
    has_lease: bool = False
    orphan_timer: asyncio.TimerHandle | None = field(default=None, repr=False)

    @property
    def live(self) -> bool:
        """Whether it has not ended."""
        return self.ended_at is None

    def bill(self, now: float) -> LedgerEntry:
        """Return what it costs: the seconds from ready to the end, or to ``now``."""
        end = now if self.ended_at is None else self.ended_at
        return LedgerEntry(
            session_id=self.session_id,
            model=self.model,
            created_at=self.created_at,
            ready_at=self.ready_at,
            ended_at=self.ended_at,
            end_reason=self.end_reason,
            billed_seconds=0.0 if self.ready_at is None else end - self.ready_at,
        )

    def configs(self) -> dict[str, Any]:
        """Return what the client wants the runtime to know.

        reactor-sdk 1.13 asks for a stepped session here, as ``extra_configs.generation``; its
        JavaScript sister calls the same object ``extra_args``.
        """
        return {
            **(self.request.get("extra_args") or {}),
            **(self.request.get("extra_configs") or {}),
        }

    def public(self) -> dict[str, Any]:
        """Return the body of ``GET /sessions/{id}``."""
        shown: dict[str, Any] = {
            "session_id": self.session_id,
            "model": self.request["model"],
            "state": self.state,
            "cluster": CLUSTER,
        }
        if self.live and self.described is not None:
            wanted = ("server_info", "selected_transport", "capabilities", "generation")
            shown |= {name: self.described[name] for name in wanted if name in self.described}
        return shown
