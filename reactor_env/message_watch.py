"""What a model's messages say about an episode: that it began, ended, or took an action. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from reactor_env.client.errors import CommandRefusedError, StepFailedError
from reactor_env.profiles.profile import Profile

REFUSALS = ("command_error", "action_error")
"""Messages that tell everybody that a command was refused; ``platform.md`` C0, C2."""

Received = tuple[int, dict[str, Any]]
"""A message with its arrival on :func:`time.monotonic_ns`."""


@dataclass(frozen=True, slots=True)
class Ending:
    """Why an episode is over, beside the metadata of its frames.

    Attributes:
        reason: In words; it becomes ``info["end"]``.
        terminated: Whether the world came to an end of its own; it was cut off otherwise.
    """

    reason: str
    terminated: bool = False


class MessageWatch:
    """Reads the messages of one session against the model's profile.

    Args:
        profile: The profile.

    Attributes:
        ending: Why the episode is over, ``None`` while it is not.
        began_ns: When the message came that says the episode has begun, ``None`` before.
        confirmed_ns: When the last expected action was confirmed, ``None`` before.
    """

    def __init__(self, profile: Profile) -> None:
        self._began = profile.reset.began
        self._ends = profile.ends
        self._confirm = profile.confirm
        self._kept: list[dict[str, Any]] = []
        self._refusals: list[CommandRefusedError] = []
        self._expected_ns: int | None = None
        self._chunk: float | None = None
        self._count = 0
        self.ending: Ending | None = None
        self.began_ns: int | None = None
        self.confirmed_ns: int | None = None

    @property
    def matters(self) -> bool:
        """Whether a message may end an episode or confirm an action."""
        return bool(self._ends.terminated or self._ends.truncated or self._confirm)

    def restart(self) -> None:
        """Forget the last episode; its messages are still handed out."""
        self.ending = self.began_ns = self.confirmed_ns = self._expected_ns = None
        self._refusals.clear()

    def expect(self, now_ns: int) -> None:
        """Note that an action was sent, which later messages confirm.

        Args:
            now_ns: When.
        """
        self._expected_ns, self._chunk, self._count = now_ns, None, 0
        self.confirmed_ns = None

    def read(self, received: Iterable[Received]) -> None:
        """Read messages, oldest first."""
        for arrival_ns, message in received:
            self._kept.append(message)
            kind, data = message.get("type"), message.get("data") or {}
            if kind == self._began and self.began_ns is None:
                self.began_ns = arrival_ns
            if kind in REFUSALS:
                name = str(data.get("command") or data.get("action") or "")
                reason = str(data.get("reason") or data.get("message") or "no reason given")
                self._refusals.append(CommandRefusedError(name, str(kind), reason))
            self._read_end(message)
            if self._expected_ns is not None and arrival_ns >= self._expected_ns:
                self._read_confirmation(arrival_ns, kind, data)

    def take(self) -> list[dict[str, Any]]:
        """Return the messages read since the last call."""
        kept, self._kept = self._kept, []
        return kept

    def refusal(self, commands: Iterable[str]) -> CommandRefusedError | None:
        """Return the first refusal of one of these commands, once."""
        names = set(commands)
        for refusal in self._refusals:
            if refusal.command in names:
                self._refusals.remove(refusal)
                return refusal
        return None

    def ends_by(self, error: CommandRefusedError | StepFailedError) -> bool:
        """Tell whether the model refused something because its run is over; then it is."""
        text = f"{error.code} {error.reason}".lower()
        if not any(part.lower() in text for part in self._ends.refused):
            return False
        self.ending = self.ending or Ending(f"the model refused it: {error.reason}")
        return True

    def _read_end(self, message: dict[str, Any]) -> None:
        if self.ending is not None:
            return
        if any(rule.matches(message) for rule in self._ends.terminated):
            self.ending = Ending(f"message {message['type']}", terminated=True)
        elif any(rule.matches(message) for rule in self._ends.truncated):
            self.ending = Ending(f"message {message['type']}")

    def _read_confirmation(self, arrival_ns: int, kind: Any, data: dict[str, Any]) -> None:
        confirm = self._confirm
        if confirm is None or self.confirmed_ns is not None:
            return
        if confirm.message and confirm.done:
            if kind == confirm.message and self._chunk is None:
                self._chunk = _number(data.get(confirm.chunk))
            elif kind == confirm.done and self._chunk is not None:
                made = _number(data.get(confirm.number))
                if made is not None and made >= self._chunk:
                    self.confirmed_ns = arrival_ns
        elif kind == (confirm.message or confirm.done):
            self._count += 1
            if self._count >= confirm.after:
                self.confirmed_ns = arrival_ns


def _number(value: Any) -> float | None:
    return float(value) if isinstance(value, int | float) else None
