"""Bundled worlds: models this package starts itself. Imported by the runtime's process only."""
