"""``room``: a room to walk in, whose every picture follows from where one stands."""
