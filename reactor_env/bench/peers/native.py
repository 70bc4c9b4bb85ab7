"""This package over ``reactor-sdk``, its native backend."""

from __future__ import annotations

from reactor_env.backends.base import LoopSession
from reactor_env.backends.native import NativeSession
from reactor_env.bench.peers.sessions import SessionPeer


class Native(SessionPeer):
    """The session that ``backend="native"`` opens."""

    def make_session(self) -> LoopSession:
        """Make the session."""
        return NativeSession("probe", self.url, "streamed")
