"""World-model probes: does a world respond, hold still, and come back? See ``docs/probes.md``."""

from reactor_env.probes.findings import Finding
from reactor_env.probes.player import Player
from reactor_env.probes.suite import PROBES, Settings, probe

__all__ = ["PROBES", "Finding", "Player", "Settings", "probe"]
