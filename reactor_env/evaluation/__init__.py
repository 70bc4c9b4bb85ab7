"""Evaluation of agents: how well they do in a world, and how sure that is.

:func:`evaluate` plays, :class:`Results` says what came out. :class:`ActionDelay` holds actions
back; with :func:`delayed_agents`, :func:`delayed_makers` and :func:`delay_pairs` an evaluation
gives return against delay. The statistics are functions of tables of scores and know nothing of
environments.
"""

from __future__ import annotations

from reactor_env.evaluation.action_delay import ActionDelay
from reactor_env.evaluation.aggregates import iqm, mean, median, optimality_gap
from reactor_env.evaluation.bootstrap import Band, Interval, band, interval
from reactor_env.evaluation.comparison import (
    PairedComparison,
    paired,
    probability_of_improvement,
)
from reactor_env.evaluation.delays import Delayed, delay_pairs, delayed_agents, delayed_makers
from reactor_env.evaluation.episodes import Episode, Film, Job, play_episode
from reactor_env.evaluation.films import Films
from reactor_env.evaluation.profiles import performance_profile
from reactor_env.evaluation.results import Results, Settings
from reactor_env.evaluation.running import Filming, Played, evaluate

__all__ = [
    "ActionDelay",
    "Band",
    "Delayed",
    "Episode",
    "Film",
    "Filming",
    "Films",
    "Interval",
    "Job",
    "PairedComparison",
    "Played",
    "Results",
    "Settings",
    "band",
    "delay_pairs",
    "delayed_agents",
    "delayed_makers",
    "evaluate",
    "interval",
    "iqm",
    "mean",
    "median",
    "optimality_gap",
    "paired",
    "performance_profile",
    "play_episode",
    "probability_of_improvement",
]
