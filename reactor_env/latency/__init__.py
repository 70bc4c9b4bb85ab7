"""Latency, measured one way everywhere: environment, command line and benchmarks."""

from reactor_env.latency.ledger import ActionLedger
from reactor_env.latency.summary import Summary, summarize

__all__ = ["ActionLedger", "Summary", "summarize"]
