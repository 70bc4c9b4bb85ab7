"""Every scenario, by subject."""

from tests.scenarios.suite import commands, media, sessions, stepped

SCENARIOS = [
    *sessions.SUITE.scenarios,
    *commands.SUITE.scenarios,
    *media.SUITE.scenarios,
    *stepped.SUITE.scenarios,
]
