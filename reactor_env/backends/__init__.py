"""Implementations of :class:`reactor_env.session.Session`."""
