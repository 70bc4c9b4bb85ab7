"""What every test shares: reproducible property-based tests."""

from __future__ import annotations

from hypothesis import settings

# Derandomized, so that a run fails because of a change and never by luck. To search further:
# pytest --hypothesis-profile=search
settings.register_profile("fixed", derandomize=True, deadline=None, database=None)
settings.register_profile("search", deadline=None, max_examples=2000)
settings.load_profile("fixed")
