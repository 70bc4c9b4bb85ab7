from __future__ import annotations

import numpy as np
import pytest

from reactor_env.worlds.dream import measure
from reactor_env.worlds.dream.collect import Episode
from reactor_env.worlds.dream.dream_env import WEIGHTS
from reactor_env.worlds.dream.measure import WARM_UP
from reactor_env.worlds.dream.numpy_model import DreamModel
from reactor_env.worlds.dream.tasks import TASKS
from tests.worlds.dream import tiny


def test_episodes_are_stacked_and_end_with_their_last_picture() -> None:
    short, long = tiny.episode(2), tiny.episode(4, 1)
    actions, steps = measure.stack([short, long])
    assert steps.tolist() == [2, 4]
    assert actions[0].tolist() == [*short.actions, 0, 0]
    assert np.array_equal(measure.frames_at([short, long], 3), [short.frames[2], long.frames[3]])


def test_a_long_episode_is_cut_into_pieces_that_share_a_picture() -> None:
    whole = tiny.episode(9)
    first, second = measure.pieces([whole, tiny.episode(3)], 4)
    assert np.array_equal(first.frames[-1], second.frames[0])
    assert np.array_equal(np.r_[first.actions, second.actions], whole.actions[:8])
    assert not second.terminated
    assert [e.terminated for e in measure.pieces([whole], 3)] == [False, False, True]


def test_the_model_sees_the_real_steps_before_it_goes_on_alone(tiny_model: DreamModel) -> None:
    episode = tiny.episode(6)
    state = measure.warm_up(tiny_model, [episode])
    seen = tiny_model.encode(episode.frames[WARM_UP : WARM_UP + 1])
    np.testing.assert_allclose(state.latent, seen, atol=1e-5)
    assert state.hidden.any()


def test_only_horizons_that_enough_episodes_reach_are_compared(tiny_model: DreamModel) -> None:
    episodes = [tiny.episode(WARM_UP + steps, steps) for steps in (1, 5, 5, 5, 5, 5, 9)]
    rows = measure.open_loop(tiny_model, episodes)
    assert [(row.horizon, row.episodes) for row in rows] == [(1, 7), (5, 6)]
    assert rows[0].psnr.keys() == rows[0].ssim.keys()


def test_a_picture_that_stays_is_best_repeated(tiny_model: DreamModel) -> None:
    episodes = []
    for seed in range(5):
        e = tiny.episode(8, seed)
        still = e.frames[:1].repeat(9, 0)
        episodes.append(Episode(still, e.actions, e.rewards, True))
    rows = measure.open_loop(tiny_model, episodes)
    assert all(row.ssim["last picture again"] == pytest.approx(1) for row in rows)


def test_what_is_expected_of_ends_is_the_sum_of_the_probabilities(tiny_model: DreamModel) -> None:
    episodes = [tiny.episode(steps, steps, terminated=steps != 7) for steps in (3, 5, 7)]
    found = measure.ends(tiny_model, episodes)
    assert (found.steps, found.ended) == (15, 2)
    assert sum(count for *_, count in found.bins) == 15
    assert sum(mean * count for mean, _, count in found.bins) == pytest.approx(found.expected)
    assert sum(often * count for _, often, count in found.bins) == pytest.approx(found.ended)


def test_dreams_of_random_play_have_lengths_within_an_episode(tiny_model: DreamModel) -> None:
    lengths = measure.random_lengths(tiny_model, 20)
    assert (lengths >= 1).all()
    assert (lengths <= tiny_model.config.max_steps).all()


@pytest.mark.parametrize("name", TASKS)
def test_the_frames_of_a_shipped_model_are_timed(name: str) -> None:
    times = measure.frame_ms(WEIGHTS / f"{name}.npz", 5)
    assert len(times) == 5
    assert (np.asarray(times) > 0).all()
