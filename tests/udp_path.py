"""A stretch of network between two WebRTC peers in one test: the benchmark's own."""

from __future__ import annotations

from reactor_env.bench.network.path import UdpPath

__all__ = ["UdpPath"]
