from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from gymnasium.vector import AutoresetMode, SyncVectorEnv

from reactor_env.evaluation.episodes import Episode
from reactor_env.evaluation.lockstep import slot_info
from reactor_env.evaluation.running import Played, evaluate
from reactor_env.policies import named_policy
from reactor_env.worlds.catch import CatchEnv
from tests.evaluation.worlds import Counting, always


def vector(*envs: Counting, mode: AutoresetMode = AutoresetMode.DISABLED) -> SyncVectorEnv:
    return SyncVectorEnv([lambda env=env: env for env in envs], autoreset_mode=mode)  # type: ignore[misc]


def told(played: Played) -> list[tuple[str, int, int, float | None, int]]:
    return [
        (
            one.job.agent,
            one.job.number,
            one.slot,
            one.score,
            one.play.length if one.play is not None else 0,
        )
        for one in played.episodes
    ]


def test_a_vector_gives_what_single_environments_give() -> None:
    agents = {"b": always(2), "a": always(1)}
    alone = evaluate([Counting() for _ in range(3)], agents, episodes=7, seed=11)
    together = evaluate(vector(*(Counting() for _ in range(3))), agents, episodes=7, seed=11)
    assert together.stopped_by is None
    assert told(together) == told(alone)


def test_a_game_from_pixels_gives_the_same_too() -> None:
    agents = {"scripted": named_policy("scripted", "catch"), "random": named_policy("random")}
    envs = SyncVectorEnv([lambda: CatchEnv("rgb_array")] * 2, autoreset_mode=AutoresetMode.DISABLED)
    together = evaluate(envs, agents, episodes=6)
    alone = evaluate([CatchEnv("rgb_array"), CatchEnv("rgb_array")], agents, episodes=6)
    assert told(together) == told(alone)


def test_every_slot_plays_its_own_seeds_first() -> None:
    envs = [Counting(), Counting()]
    evaluate(vector(*envs), {"a": always(0)}, episodes=5)
    assert envs[0].seeds[:3] == [0, 2, 4]
    assert envs[1].seeds[:2] == [1, 3]


def test_more_slots_than_episodes_are_no_mistake() -> None:
    played = evaluate(vector(*(Counting() for _ in range(4))), {"a": always(1)}, episodes=2)
    assert [one.score for one in played.episodes] == [1, 2]


def test_the_state_of_a_policy_is_carried_within_an_episode() -> None:
    make = always(0)
    evaluate(vector(Counting()), {"a": make}, episodes=1, seed=2)
    policy: Any = make(Counting(), 0)
    assert policy.calls == [(None, True, True), (1, False, True), (2, False, True)]


def test_an_episode_that_lost_its_session_is_played_again() -> None:
    lost: list[int] = []

    def lose(seed: int, step: int) -> dict[str, Any]:
        if seed == 3 and step == 1 and len(lost) < 2:
            lost.append(step)
            return {"session_lost": f"loss {len(lost)}"}
        return {"step_ms": 2.0}

    envs = [Counting(lose), Counting(lose)]
    played = evaluate(vector(*envs), {"a": always(1)}, episodes=5)
    assert [one.score for one in played.episodes] == [1, 2, 3, 4, 5]
    assert played.episodes[3].losses == ("loss 1", "loss 2")
    assert envs[1].seeds[:4] == [1, 3, 3, 3]


def test_an_exception_keeps_what_was_played() -> None:
    def break_down(seed: int, step: int) -> dict[str, Any]:
        if seed == 4:
            raise OSError("no frame")
        return {}

    played = evaluate(vector(Counting(break_down)), {"a": always(1)}, episodes=6)
    assert isinstance(played.stopped_by, OSError)
    assert [one.outcome for one in played.episodes] == ["ended"] * 4 + ["not played"] * 2


def test_ctrl_c_keeps_what_was_played() -> None:
    def interrupt(episode: Episode) -> None:
        if episode.job.number == 1:
            raise KeyboardInterrupt

    played = evaluate(vector(Counting()), {"a": always(1)}, episodes=9, on_episode=interrupt)
    assert isinstance(played.stopped_by, KeyboardInterrupt)
    assert [one.score for one in played.episodes[:2]] == [1, 2]


@pytest.mark.parametrize("mode", [AutoresetMode.NEXT_STEP, AutoresetMode.SAME_STEP])
def test_a_vector_that_resets_itself_is_refused(mode: AutoresetMode) -> None:
    with pytest.raises(ValueError, match="`envs` must be made with `autoreset_mode` Auto"):
        evaluate(vector(Counting(), mode=mode), {"a": always(1)})


def test_the_info_of_a_slot_has_what_is_known_of_it() -> None:
    infos = {
        "step_ms": np.array([1.0, 2.0]),
        "_step_ms": np.array([True, True]),
        "end": np.array([None, "horizon"]),
        "_end": np.array([False, True]),
        "metadata": {"step": np.array([1, 2])},
        "_metadata": np.array([True, True]),
    }
    assert slot_info(infos, 0) == {"step_ms": 1.0}
    assert slot_info(infos, 1) == {"step_ms": 2.0, "end": "horizon"}
