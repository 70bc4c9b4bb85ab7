"""``probe``: a world that is a measuring instrument. Every frame says which it is."""
