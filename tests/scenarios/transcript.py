"""What a client saw and was told during a scenario, in words all clients share."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

Message = tuple[str, dict[str, Any]]
"""A message's type and data."""


@dataclass
class Transcript:
    """One client's account of one scenario.

    Attributes:
        statuses: The statuses it announced, in order.
        calls: What was asked of it and how that ended, in order: ``"set_speed: done"``,
            ``"set_speed: refused (invalid_command)"``.
        messages: The model's messages, in order; greetings are kept apart.
        shown: For each output track what its frames showed, in order, without repeats: the
            number and colour their metadata names, and how the picture differs if it does.
        errors: The codes of its ``error`` events, in order.
        platform: The types of its ``runtime_message`` events, in order.
    """

    statuses: list[str] = field(default_factory=list)
    calls: list[str] = field(default_factory=list)
    messages: list[Message] = field(default_factory=list)
    shown: dict[str, list[str]] = field(default_factory=dict)
    errors: list[str] = field(default_factory=list)
    platform: list[str] = field(default_factory=list)


def describe_frame(metadata: dict[str, Any], brightness: float) -> str:
    """Put a frame of the scenario world into words.

    Args:
        metadata: What came with it.
        brightness: The mean of its picture, 0 to 255.
    """
    words = [str(int(metadata["number"]))]
    if metadata["colour"]:
        words.append(metadata["colour"])
    # The world draws a number as one shade; coding and colour conversion may round it.
    shade = brightness - 20 - metadata["number"]
    if abs(shade) > 4:
        words.append(f"looks like {metadata['number'] + shade:.0f}")
    return " ".join(words)
