"""What the episodes of an evaluation say about its agents."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from itertools import combinations
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from reactor_env.evaluation.aggregates import iqm, mean, optimality_gap
from reactor_env.evaluation.bootstrap import CONFIDENCE, RESAMPLES, Interval, interval
from reactor_env.evaluation.comparison import (
    PairedComparison,
    paired,
    probability_of_improvement,
)
from reactor_env.evaluation.episodes import TIMES, Episode
from reactor_env.latency import Summary, summarize


@dataclass(frozen=True, slots=True)
class Settings:
    """How intervals are computed.

    Attributes:
        resamples: How many tables are drawn for each.
        confidence: Between 0 and 1.
        seed: Of the draws.
        target: The score that the optimality gap is measured to, ``None`` for none.
    """

    resamples: int = RESAMPLES
    confidence: float = CONFIDENCE
    seed: int = 0
    target: float | None = None

    def interval(self, statistic: Any, *scores: Any) -> Interval:
        """Compute a statistic and its interval."""
        return interval(
            statistic,
            *scores,
            resamples=self.resamples,
            confidence=self.confidence,
            seed=self.seed,
        )


@dataclass(frozen=True, kw_only=True)
class AgentResult:
    """One agent in one world.

    The intervals cover the chance in this agent's episodes, not that of training another agent in
    the same way. Of one world the median over tasks would be the mean again, so there is none.

    Attributes:
        name: The agent's name.
        planned: Episodes it was to play.
        scores: The return of every episode that ended, by number, (n,).
        mean: Of the returns; ``None`` where no episode ended.
        iqm: Their interquartile mean.
        gap: By how much they miss the target on average, where there is one.
        steps: Steps of the episodes that ended.
        ends: Why episodes ended, and how many did so.
        sessions_lost: Sessions that were lost, whether or not the episode was played again.
        episodes_lost: Episodes that every attempt lost; they are in no other number.
        times: Of every key of :data:`~reactor_env.evaluation.episodes.TIMES`, in milliseconds;
            ``None`` where no step had one.
        deadlines: Steps that had a deadline.
        deadlines_missed: Steps that missed theirs.
        frames_skipped: Frames of the model that no step returned.
        frames_repeated: Steps that returned the frame of the step before.
    """

    name: str
    planned: int
    scores: NDArray[np.float64]
    mean: Interval | None
    iqm: Interval | None
    gap: Interval | None
    steps: int
    ends: dict[str, int]
    sessions_lost: int
    episodes_lost: int
    times: dict[str, Summary | None]
    deadlines: int
    deadlines_missed: int
    frames_skipped: int
    frames_repeated: int


@dataclass(frozen=True, slots=True)
class Comparison:
    """Two agents on the seeds on which the episodes of both ended.

    Attributes:
        first: Its name.
        second: Its name.
        seeds: Those, in order.
        differences: The return of the first minus that of the second, by seed, (n,).
        paired: By seed.
        improvement: How likely a run of the first scores higher than one of the second, whatever
            their seeds.
    """

    first: str
    second: str
    seeds: tuple[int, ...]
    differences: NDArray[np.float64]
    paired: PairedComparison
    improvement: Interval


@dataclass(frozen=True)
class Results:
    """Everything that is told of an evaluation.

    Attributes:
        episodes: All of them.
        agents: In the order in which they were given.
        comparisons: Of agents that have a seed in common: every two, or those that were asked for.
        settings: How intervals were computed.
    """

    episodes: tuple[Episode, ...]
    agents: tuple[AgentResult, ...]
    comparisons: tuple[Comparison, ...]
    settings: Settings

    @property
    def unplayed(self) -> int:
        """Episodes that were not played at all."""
        return sum(episode.outcome == "not played" for episode in self.episodes)

    @classmethod
    def of(
        cls,
        episodes: Sequence[Episode],
        settings: Settings | None = None,
        pairs: Sequence[tuple[str, str]] | None = None,
    ) -> Self:
        """Work out what episodes say.

        Args:
            episodes: What :func:`~reactor_env.evaluation.running.evaluate` returned.
            settings: How intervals are computed.
            pairs: The names of the agents that are compared; by default every two.

        Raises:
            ValueError: If a setting is out of range.
        """
        settings = settings or Settings()
        by_agent: dict[str, list[Episode]] = {}
        for episode in episodes:
            by_agent.setdefault(episode.job.agent, []).append(episode)
        chosen = combinations(by_agent, 2) if pairs is None else pairs
        compared = (_compare(one, other, by_agent, settings) for one, other in chosen)
        return cls(
            tuple(episodes),
            tuple(_agent(name, played, settings) for name, played in by_agent.items()),
            tuple(pair for pair in compared if pair is not None),
            settings,
        )


def _agent(name: str, episodes: Sequence[Episode], settings: Settings) -> AgentResult:
    ended = [episode.play for episode in episodes if episode.outcome == "ended"]
    plays = [play for play in ended if play is not None]
    scores = np.array([play.total for play in plays], np.float64)
    gap = None
    if plays and settings.target is not None:
        gap = settings.interval(partial(optimality_gap, target=settings.target), scores)
    return AgentResult(
        name=name,
        planned=len(episodes),
        scores=scores,
        mean=settings.interval(mean, scores) if plays else None,
        iqm=settings.interval(iqm, scores) if plays else None,
        gap=gap,
        steps=sum(play.length for play in plays),
        ends=dict(Counter(play.end for play in plays).most_common()),
        sessions_lost=sum(len(episode.losses) for episode in episodes),
        episodes_lost=sum(episode.outcome == "lost" for episode in episodes),
        times={
            key: summarize(value for play in plays for value in play.times_ms[key]) for key in TIMES
        },
        deadlines=sum(play.deadlines for play in plays),
        deadlines_missed=sum(play.deadlines_missed for play in plays),
        frames_skipped=sum(play.frames_skipped for play in plays),
        frames_repeated=sum(play.frames_repeated for play in plays),
    )


def _compare(
    first: str, second: str, by_agent: dict[str, list[Episode]], settings: Settings
) -> Comparison | None:
    one, other = (_scores_by_seed(by_agent[name]) for name in (first, second))
    seeds = tuple(seed for seed in one if seed in other)
    if not seeds:
        return None
    scores = np.array([[one[seed], other[seed]] for seed in seeds])
    return Comparison(
        first,
        second,
        seeds,
        scores[:, 0] - scores[:, 1],
        paired(
            scores[:, 0],
            scores[:, 1],
            resamples=settings.resamples,
            confidence=settings.confidence,
            seed=settings.seed,
        ),
        settings.interval(probability_of_improvement, scores[:, 0], scores[:, 1]),
    )


def _scores_by_seed(episodes: Sequence[Episode]) -> dict[int, float]:
    return {episode.job.seed: episode.score for episode in episodes if episode.score is not None}
