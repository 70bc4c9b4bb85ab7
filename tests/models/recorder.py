"""A typed client that keeps what it would send."""

from __future__ import annotations

from typing import Any

Calls = list[tuple[str, Any]]


def recorder(model: Any) -> tuple[Any, Calls]:
    """Return a client of a class, and the list its commands go to.

    Args:
        model: The class.
    """
    calls: Calls = []

    async def send_command(self: Any, command: str, data: Any = None) -> None:
        calls.append((command, data))

    return type("Recorder", (model,), {"send_command": send_command})(local=True), calls
