"""The table that is printed at the end: scenarios by client, and why they differ."""

from __future__ import annotations

from tests.scenarios.client import ClientName
from tests.scenarios.differences import REASONS

COLUMNS: tuple[ClientName, ...] = ("json", "protobuf", "sdk")
FAILED = "FAILED"


class Table:
    """What every client made of every scenario.

    Attributes:
        rows: Scenario to client to ``"ok"``, the reason for a known difference, or ``"FAILED"``.
    """

    def __init__(self) -> None:
        self.rows: dict[str, dict[ClientName, str]] = {}

    def put(self, scenario: str, client: ClientName, verdict: str) -> None:
        """Fill in a cell."""
        self.rows.setdefault(scenario, {})[client] = verdict

    def text(self) -> str:
        """Return the table and the reasons it names."""
        lines = [("scenario", *COLUMNS)]
        for name, cells in self.rows.items():
            lines.append((name, *(cells.get(client, "-") for client in COLUMNS)))
        widths = [max(len(line[column]) for line in lines) for column in range(len(lines[0]))]
        text = [
            "  ".join(word.ljust(width) for word, width in zip(line, widths, strict=True)).rstrip()
            for line in lines
        ]
        text.insert(1, "  ".join("-" * width for width in widths))
        named = {verdict for cells in self.rows.values() for verdict in cells.values()}
        reasons = [f"{key}: {why}" for key, why in REASONS.items() if key in named]
        return "\n".join([*text, "", *reasons]).rstrip()


TABLE = Table()
