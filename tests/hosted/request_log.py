"""A log of every request, whole, so that tests can say what must have travelled and what not."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from typing import Any

from starlette.datastructures import Headers


@dataclass
class LoggedRequest:
    """One request.

    Attributes:
        method: For example ``"POST"``.
        path: Without the query.
        query: What follows the question mark.
        headers: All of them, whatever their case.
        body: As it came.
        at: Unix seconds, by the service's clock.
        status: Of the answer; ``None`` until there is one, and when the connection was broken.
    """

    method: str
    path: str
    query: str
    headers: Headers = field(repr=False)
    body: bytes = field(repr=False)
    at: float
    status: int | None = None

    def json(self) -> Any:
        """Return the body as a JSON document."""
        return json.loads(self.body)

    def matches(self, method: str, path_glob: str) -> bool:
        """Return whether this is a ``method`` request for a path like ``path_glob``.

        In both, ``*`` stands for anything, slashes too.
        """
        return fnmatchcase(self.method, method) and fnmatchcase(self.path, path_glob)
