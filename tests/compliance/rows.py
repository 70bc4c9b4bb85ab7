"""What the rows of the table are called."""

from __future__ import annotations

ROW = "row"
"""The property of a test elsewhere that says to which row it belongs."""


def row(name: str, mode: str, pacing: str = "") -> str:
    """Return the name of a row.

    Args:
        name: A world or a twin.
        mode: ``"stepped"`` or ``"streamed"``.
        pacing: Where it is not the default.
    """
    return ", ".join(filter(None, (name.replace("_", "-"), mode, pacing)))
