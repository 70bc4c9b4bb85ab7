"""What every test shares: reproducible property-based tests, and a Ctrl-C that arrives."""

from __future__ import annotations

import signal

from hypothesis import settings

# Derandomized, so that a run fails because of a change and never by luck. To search further:
# pytest --hypothesis-profile=search
settings.register_profile("fixed", derandomize=True, deadline=None, database=None)
settings.register_profile("search", deadline=None, max_examples=2000)
settings.load_profile("fixed")

# A shell starts background jobs with SIGINT ignored, and every process started here would inherit
# that: programs that a test interrupts would go on for ever.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)
