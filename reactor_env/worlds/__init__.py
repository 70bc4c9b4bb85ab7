"""Bundled worlds: models this package starts itself, in the runtime's process.

Only what trains or measures a learned world imports them elsewhere.
"""
