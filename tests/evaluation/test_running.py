from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import gymnasium as gym
import numpy as np
import pytest

from reactor_env.evaluation.episodes import Episode, Film, Job, policy_seed
from reactor_env.evaluation.running import evaluate, plan
from reactor_env.policies import RandomPolicy, named_policy
from reactor_env.worlds.catch import CatchEnv
from tests.evaluation.worlds import Counting, always

WAIT_S = 10.0


# -- the plan -------------------------------------------------------------------------------------


@pytest.mark.parametrize("slots", [1, 3, 4])
def test_every_agent_plays_every_seed_once(slots: int) -> None:
    jobs = plan(("a", "b"), 10, slots, seed=7)
    assert Counter(job for slot in jobs for job in slot) == Counter(
        Job(agent, number, 7 + number) for agent in "ab" for number in range(10)
    )


def test_episodes_are_dealt_out_in_turn() -> None:
    numbers = [[job.number for job in slot] for slot in plan(("a",), 5, 2, seed=0)]
    assert numbers == [[0, 2, 4], [1, 3]]


def test_agents_take_turns_at_being_first() -> None:
    [jobs] = plan(("a", "b", "c"), 4, 1, seed=0)
    order = "".join(job.agent for job in jobs)
    assert order == "abc" + "bca" + "cab" + "abc"


# -- playing --------------------------------------------------------------------------------------


def test_episodes_come_by_agent_and_number_whatever_order_they_ended_in() -> None:
    played = evaluate(
        [Counting() for _ in range(3)], {"b": always(2), "a": always(1)}, episodes=5, seed=10
    )
    assert played.stopped_by is None
    assert [(one.job.agent, one.job.seed, one.score) for one in played.episodes] == [
        (agent, 10 + number, action * (number + 1))
        for agent, action in (("b", 2), ("a", 1))
        for number in range(5)
    ]


def test_each_environment_has_a_thread_of_its_own() -> None:
    envs = [Counting() for _ in range(3)]
    evaluate(envs, {"a": always(0)}, episodes=9)
    assert [env.seeds for env in envs] == [[0, 3, 6], [1, 4, 7], [2, 5, 8]]
    assert [env.threads for env in envs] == [{f"evaluation-{slot}"} for slot in range(3)]


def test_one_environment_needs_no_list() -> None:
    played = evaluate(Counting(), {"a": always(1)}, episodes=2)
    assert [one.score for one in played.episodes] == [1, 2]


def test_no_environment_waits_for_another_one() -> None:
    barrier = threading.Event()

    def wait(seed: int, step: int) -> dict[str, Any]:
        assert barrier.wait(WAIT_S)
        return {}

    def on_episode(episode: Episode) -> None:
        if episode.job.number == 9:
            barrier.set()

    played = evaluate(
        [Counting(wait), Counting()], {"a": always(0)}, episodes=10, on_episode=on_episode
    )
    assert played.stopped_by is None


def test_results_do_not_depend_on_the_number_of_environments() -> None:
    agents = {"scripted": named_policy("scripted", "catch"), "random": named_policy("random")}

    def scores(slots: int) -> list[float | None]:
        envs = [CatchEnv("rgb_array") for _ in range(slots)]
        return [one.score for one in evaluate(envs, agents, episodes=12, seed=5).episodes]

    assert scores(1) == scores(2) == scores(5)


def test_a_policy_does_not_draw_what_its_environment_drew() -> None:
    space = gym.spaces.Discrete(16)
    envs = [CatchEnv() for _ in range(300)]
    for seed, env in enumerate(envs):
        env.reset(seed=seed)
    balls = [env.ball[1] for env in envs]
    first = [RandomPolicy(space, policy_seed(seed)).predict(None)[0] for seed in range(300)]
    assert abs(np.corrcoef(balls, first)[0, 1]) < 0.15
    assert len({policy_seed(seed) for seed in range(300)}) == 300


# -- what goes wrong ------------------------------------------------------------------------------


def losing(seed: int, times: int) -> Counting:
    """Return a world that loses its session in the second step of a seed, that many times."""
    lost: list[int] = []

    def lose(now: int, step: int) -> dict[str, Any]:
        if now == seed and step == 1 and len(lost) < times:
            lost.append(step)
            return {"session_lost": f"loss {len(lost)}"}
        return {}

    return Counting(lose)


def test_an_episode_that_lost_its_session_is_played_again_with_its_seed() -> None:
    env = losing(seed=3, times=2)
    played = evaluate(env, {"a": always(1)}, episodes=5)
    assert env.seeds == [0, 1, 2, 3, 3, 3, 4]
    assert [one.score for one in played.episodes] == [1, 2, 3, 4, 5]
    assert played.episodes[3].losses == ("loss 1", "loss 2")


def test_an_episode_whose_every_attempt_is_lost_is_reported_as_that() -> None:
    played = evaluate(losing(seed=3, times=9), {"a": always(1)}, episodes=5, attempts=2)
    lost = played.episodes[3]
    assert (lost.outcome, lost.score, len(lost.losses)) == ("lost", None, 2)
    assert [one.outcome for one in played.episodes].count("ended") == 4
    assert played.stopped_by is None


def test_an_exception_ends_the_evaluation_and_keeps_what_was_played() -> None:
    def break_down(seed: int, step: int) -> dict[str, Any]:
        if seed == 4:
            raise OSError("no frame")
        return {}

    played = evaluate(Counting(break_down), {"a": always(1)}, episodes=6)
    assert isinstance(played.stopped_by, OSError)
    assert [one.outcome for one in played.episodes] == ["ended"] * 4 + ["not played"] * 2


def test_what_is_wrong_with_one_environment_stops_the_others() -> None:
    began = threading.Event()

    def break_down(seed: int, step: int) -> dict[str, Any]:
        assert began.wait(WAIT_S)
        raise OSError("no frame")

    def begin(seed: int, step: int) -> dict[str, Any]:
        began.set()
        return {}

    played = evaluate([Counting(break_down), Counting(begin)], {"a": always(1)}, episodes=100_000)
    assert isinstance(played.stopped_by, OSError)
    assert [one.outcome for one in played.episodes].count("not played") > 50_000


def test_ctrl_c_keeps_what_was_played() -> None:
    def interrupt(episode: Episode) -> None:
        if episode.job.number == 1:
            raise KeyboardInterrupt

    played = evaluate(Counting(), {"a": always(1)}, episodes=100_000, on_episode=interrupt)
    assert isinstance(played.stopped_by, KeyboardInterrupt)
    assert [one.score for one in played.episodes[:2]] == [1, 2]
    assert played.episodes[-1].outcome == "not played"
    assert not [one for one in threading.enumerate() if one.name.startswith("evaluation-")]


def test_films_are_begun_for_every_attempt() -> None:
    filmed: list[tuple[int, int]] = []

    @contextmanager
    def filming(job: Job) -> Iterator[Film | None]:
        pictures: list[int] = []
        yield lambda env: pictures.append(1)
        filmed.append((job.number, len(pictures)))

    evaluate(losing(seed=1, times=1), {"a": always(1)}, episodes=3, filming=filming)
    assert filmed == [(0, 2), (1, 3), (1, 3), (2, 4)]


@pytest.mark.parametrize(
    ("arguments", "named"),
    [
        ({"envs": []}, "`envs` must hold at least one, got none"),
        ({"agents": {}}, "`agents` must hold at least one, got none"),
        ({"episodes": 0}, "`episodes` must be at least 1, got 0"),
        ({"attempts": 0}, "`attempts` must be at least 1, got 0"),
        ({"seed": -1}, "`seed` must not be negative, got -1"),
    ],
)
def test_arguments_out_of_range_are_refused(arguments: dict[str, Any], named: str) -> None:
    given: dict[str, Any] = {"envs": [Counting()], "agents": {"a": always(0)}, **arguments}
    with pytest.raises(ValueError, match=named):
        evaluate(given.pop("envs"), given.pop("agents"), **given)
