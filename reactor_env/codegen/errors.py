"""The exception of this package."""

from __future__ import annotations


class SchemaError(ValueError):
    """A schema cannot be read, or no module can be made from it; the text says why."""
