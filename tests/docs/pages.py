"""The code of the pages in ``docs``, so that tests can run what a reader would."""

from __future__ import annotations

import re
from pathlib import Path

DOCS = Path(__file__).parents[2] / "docs"
_BLOCK = re.compile(r"^```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)


def blocks(page: str, language: str) -> list[str]:
    """Return the code blocks of a page, in order.

    Args:
        page: The file's name in ``docs``.
        language: What stands after the three backquotes.
    """
    text = (DOCS / page).read_text(encoding="utf-8")
    return [code for kind, code in _BLOCK.findall(text) if kind == language]
