"""Twins for the tests of the twins."""

from tests.twins.fixtures import twin_runtime

__all__ = ["twin_runtime"]
