from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from reactor_env.errors import MissingDependencyError
from reactor_env.worlds.dream import collect
from reactor_env.worlds.dream.collect import Episode, RandomPlayer, load, pack, shrink, unpack
from reactor_env.worlds.dream.tasks import TASKS
from tests.worlds.dream import tiny


def equal(a: Episode, b: Episode) -> bool:
    return (
        np.array_equal(a.frames, b.frames)
        and np.array_equal(a.actions, b.actions)
        and np.array_equal(a.rewards, b.rewards)
        and a.terminated == b.terminated
    )


def test_packed_episodes_come_out_as_they_were() -> None:
    episodes = [tiny.episode(3), tiny.episode(1, 1, terminated=False), tiny.episode(5, 2)]
    assert all(map(equal, unpack(pack(episodes)), episodes))


def test_a_small_picture_has_the_means_of_the_large_one() -> None:
    large = np.random.default_rng(0).integers(256, size=(128, 192, 3), dtype=np.uint8)
    means = large.reshape(64, 2, 64, 3, 3).mean((1, 3))
    assert np.abs(shrink(large) - means).max() <= 1


def test_an_episode_has_a_frame_more_than_steps_and_earns_what_the_environment_gives() -> None:
    env = tiny.TASK.make()
    episode = collect.play(env, RandomPlayer(2), seed=4)
    env.close()
    assert len(episode.frames) == len(episode.actions) + 1 == len(episode.rewards) + 1
    assert (episode.rewards == 1).all()
    assert episode.terminated


def test_an_interrupted_collection_goes_on_as_if_it_had_not_been(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(collect, "PART_FRAMES", 40)
    for name, amounts in (("whole", [120]), ("parts", [40, 120])):
        for frames in amounts:
            player = RandomPlayer(2)
            collect.collect(tiny.TASK, player, tmp_path / name, frames=frames, seed=1)
    whole, parts = load(tmp_path / "whole"), load(tmp_path / "parts")
    assert len(whole) == len(parts)
    assert all(map(equal, whole, parts))
    assert sum(len(e.frames) for e in whole) >= 120


def test_what_must_be_installed_for_an_environment_is_named() -> None:
    task = replace(TASKS["takecover"], module="no_such_module")
    with pytest.raises(MissingDependencyError, match="pip install 'vizdoom'"):
        task.make()


def test_random_play_keeps_an_action_for_up_to_so_many_steps() -> None:
    player = RandomPlayer(1000, hold=4)
    player.begin(3)
    actions = np.array([player.act() for _ in range(4000)])
    begins = np.flatnonzero(np.diff(actions, prepend=-1))
    lengths = np.diff(begins)
    # Of 1,600 or so, one or another follows an equal action.
    often = np.bincount(lengths, minlength=5)[1:5] / len(lengths)
    np.testing.assert_allclose(often, 0.25, atol=0.05)
    player.begin(3)
    assert np.array_equal(actions[:50], [player.act() for _ in range(50)])


def test_without_a_last_picture_the_one_before_stands_for_it() -> None:
    env = tiny.TASK.make()
    shown, kept = (
        collect.play(env, RandomPlayer(2), seed=4, last_picture=last) for last in (True, False)
    )
    env.close()
    assert np.array_equal(shown.frames[:-1], kept.frames[:-1])
    assert not np.array_equal(shown.frames[-1], shown.frames[-2])
    assert np.array_equal(kept.frames[-1], kept.frames[-2])
