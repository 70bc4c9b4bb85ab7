from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from reactor_env.evaluation.bootstrap import Interval
from reactor_env.evaluation.episodes import TIMES, Episode, Job, Play
from reactor_env.evaluation.results import Results, Settings
from tests.evaluation.worlds import episode

FEW = Settings(resamples=500)


def lost(agent: str, seed: int) -> Episode:
    return Episode(
        job=Job(agent, seed, seed), slot=0, outcome="lost", play=Play(total=9.0), losses=("a", "b")
    )


def unplayed(agent: str, seed: int) -> Episode:
    return Episode(job=Job(agent, seed, seed), slot=0, outcome="not played")


def test_an_agent_is_described_by_the_returns_of_its_episodes() -> None:
    played = [episode("a", seed, score) for seed, score in enumerate((0.0, 1.0, 2.0, 9.0))]
    [agent] = Results.of(played, Settings(resamples=500, target=2.0)).agents
    assert agent.mean is not None
    assert agent.iqm is not None
    assert agent.gap is not None
    assert (agent.mean.value, agent.iqm.value, agent.gap.value) == (3.0, 1.5, 0.75)
    assert agent.mean.low < 3 < agent.mean.high
    assert (agent.planned, agent.steps, agent.scores.tolist()) == (4, 40, [0, 1, 2, 9])


def test_without_a_target_there_is_no_gap() -> None:
    assert Results.of([episode("a", 0, 1.0)], FEW).agents[0].gap is None


def test_lost_and_unplayed_episodes_are_counted_and_in_no_number() -> None:
    found = Results.of([episode("a", 0, 1.0), lost("a", 1), unplayed("a", 2)], FEW)
    [agent] = found.agents
    assert agent.mean == Interval(1.0, 1.0, 1.0)
    assert (agent.planned, len(agent.scores), agent.episodes_lost) == (3, 1, 1)
    assert agent.sessions_lost == 2
    assert found.unplayed == 1


def test_an_agent_without_an_episode_has_no_numbers() -> None:
    [agent] = Results.of([unplayed("a", 0)], FEW).agents
    assert agent.mean is agent.iqm is agent.gap is None


def test_what_steps_measured_is_summed_up() -> None:
    def times(*values: float) -> dict[str, list[float]]:
        return {key: list(values) if key == "step_ms" else [] for key in TIMES}

    plays: list[dict[str, Any]] = [
        {"times_ms": times(1.0, 2.0), "deadlines": 2, "deadlines_missed": 1, "end": "horizon"},
        {"times_ms": times(3.0), "deadlines": 1, "frames_skipped": 4, "frames_repeated": 2},
    ]
    played = [episode("a", seed, 0.0, **play) for seed, play in enumerate(plays)]
    [agent] = Results.of(played, FEW).agents
    step = agent.times["step_ms"]
    assert step is not None
    assert (step.count, step.mean, step.max) == (3, 2.0, 3.0)
    assert agent.times["frame_age_ms"] is None
    assert (agent.deadlines, agent.deadlines_missed) == (3, 1)
    assert (agent.frames_skipped, agent.frames_repeated) == (4, 2)
    assert agent.ends == {"horizon": 1, "the world terminated it": 1}


def test_agents_are_compared_on_the_seeds_that_both_finished() -> None:
    played = [episode("a", seed, float(seed)) for seed in range(4)]
    played += [episode("b", 0, 5.0), lost("b", 1), episode("b", 2, 1.0), episode("b", 3, 3.0)]
    [comparison] = Results.of(played, FEW).comparisons
    assert (comparison.first, comparison.second) == ("a", "b")
    assert comparison.seeds == (0, 2, 3)
    assert comparison.differences.tolist() == [-5.0, 1.0, 0.0]
    found = comparison.paired
    assert (found.wins, found.ties, found.losses) == (1, 1, 1)
    assert found.difference.value == pytest.approx(-4 / 3)


def test_every_two_agents_are_compared() -> None:
    played = [episode(agent, seed, seed + 0.1) for agent in "abc" for seed in range(3)]
    pairs = [(one.first, one.second) for one in Results.of(played, FEW).comparisons]
    assert pairs == [("a", "b"), ("a", "c"), ("b", "c")]


def test_agents_without_a_common_seed_are_not_compared() -> None:
    assert Results.of([episode("a", 0, 1.0), lost("b", 0)], FEW).comparisons == ()


def test_the_seed_of_the_intervals_decides_them() -> None:
    random = np.random.default_rng(0)
    played = [episode("a", seed, float(random.normal())) for seed in range(20)]
    assert (
        Results.of(played, Settings(seed=1)).agents[0].mean
        == Results.of(played, Settings(seed=1)).agents[0].mean
    )
