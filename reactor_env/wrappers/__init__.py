"""Wrappers for environments that answer late."""

from reactor_env.wrappers.action_history import ActionHistory

__all__ = ["ActionHistory"]
