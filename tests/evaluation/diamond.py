"""Published scores; what rliable 1.2.0 makes of them was computed with it, 20,000 resamples."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

MONTE_CARLO = 0.004
"""How far the ends of an interval move between seeds of 10,000 resamples."""


def diamond() -> NDArray[np.float64]:
    """Return DIAMOND's human-normalised scores on Atari 100k, (5 runs, 26 games)."""
    path = Path(__file__).with_name("diamond.json")
    published = json.loads(path.read_text(encoding="utf-8"))
    scores, low, high = published["scores"], published["random"], published["human"]
    columns = [(np.array(scores[game]) - low[game]) / (high[game] - low[game]) for game in scores]
    return np.stack(columns, axis=1)
