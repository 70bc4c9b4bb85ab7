"""Evaluation of agents: how well they do in a world, and how sure that is.

:func:`evaluate` plays, :class:`Results` says what came out. The statistics are functions of tables
of scores and know nothing of environments.
"""

from __future__ import annotations

from reactor_env.evaluation.aggregates import iqm, mean, median, optimality_gap
from reactor_env.evaluation.bootstrap import Band, Interval, band, interval
from reactor_env.evaluation.comparison import (
    PairedComparison,
    paired,
    probability_of_improvement,
)
from reactor_env.evaluation.episodes import Episode
from reactor_env.evaluation.profiles import performance_profile
from reactor_env.evaluation.results import Results, Settings
from reactor_env.evaluation.running import Played, evaluate

__all__ = [
    "Band",
    "Episode",
    "Interval",
    "PairedComparison",
    "Played",
    "Results",
    "Settings",
    "band",
    "evaluate",
    "interval",
    "iqm",
    "mean",
    "median",
    "optimality_gap",
    "paired",
    "performance_profile",
    "probability_of_improvement",
]
