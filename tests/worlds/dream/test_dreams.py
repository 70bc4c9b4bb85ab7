from __future__ import annotations

import numpy as np
import pytest

from reactor_env.worlds.dream.dreams import Dreams
from reactor_env.worlds.dream.follow import Follower
from reactor_env.worlds.dream.numpy_model import SIDE, DreamModel
from tests.worlds.dream import tiny

ALL = np.arange(3)


def begun(model: DreamModel, **kwargs: int | float) -> Dreams:
    dreams = Dreams(model, 3, **kwargs)  # type: ignore[arg-type]
    dreams.begin(ALL, np.array([0, 1, 5]))
    return dreams


def run(
    dreams: Dreams, steps: int, seed: int = 0
) -> list[np.ndarray[tuple[int, ...], np.dtype[np.float32]]]:
    rng = np.random.default_rng(seed)
    states = []
    for _ in range(steps):
        dreams.step(rng.integers(2, size=3), rng)
        states.append(dreams.features.copy())
    return states


def test_dreams_begin_where_they_are_told(tiny_model: DreamModel) -> None:
    dreams = begun(tiny_model)
    assert np.array_equal(dreams.state.latent, tiny_model.starts.latent[[0, 1, 5]])
    assert np.array_equal(dreams.state.cell, tiny_model.starts.cell[[0, 1, 5]])
    assert dreams.features.shape == (3, tiny.TASK.latent + tiny.TASK.hidden)


def test_one_begins_anew_without_the_others_noticing(tiny_model: DreamModel) -> None:
    dreams = begun(tiny_model)
    run(dreams, 2)
    before = dreams.features.copy()
    dreams.begin(np.array([False, True, False]), np.array([3]))
    assert np.array_equal(dreams.features[[0, 2]], before[[0, 2]])
    assert np.array_equal(dreams.state.latent[1], tiny_model.starts.latent[3])


def test_the_stored_starts_are_never_written_to(tiny_model: DreamModel) -> None:
    before = tiny_model.starts.latent.copy()
    run(begun(tiny_model, reencode_every=1), 3)
    assert np.array_equal(tiny_model.starts.latent, before)


def test_equal_seeds_give_equal_dreams(tiny_model: DreamModel) -> None:
    first, again, other = (run(begun(tiny_model), 15, seed) for seed in (1, 1, 2))
    assert all(np.array_equal(a, b) for a, b in zip(first, again, strict=True))
    assert not np.array_equal(first[-1], other[-1])


def test_a_dream_looks_at_its_picture_before_every_such_step(tiny_model: DreamModel) -> None:
    never, often = run(begun(tiny_model, reencode_every=0), 6), None
    often = run(begun(tiny_model, reencode_every=3), 6)
    same = [bool(np.array_equal(a, b)) for a, b in zip(never, often, strict=True)]
    assert same == [True, True, True, False, False, False]


def test_a_dream_is_cut_short_when_it_is_as_long_as_an_episode(tiny_model: DreamModel) -> None:
    dreams = begun(tiny_model, max_steps=2)
    rng = np.random.default_rng(0)
    assert not dreams.step(np.zeros(3, int), rng).truncated.any()
    step = dreams.step(np.zeros(3, int), rng)
    assert np.array_equal(step.truncated, ~step.terminated)
    assert step.over.all()


def test_dreams_end_as_often_as_the_model_says(tiny_model: DreamModel) -> None:
    many = Dreams(tiny_model, 4000, reencode_every=0)
    rng = np.random.default_rng(0)
    step = many.step(np.zeros(4000, int), rng)
    _, chances = tiny_model.judge(many.state.hidden, many.state.latent)
    assert step.terminated.mean() == pytest.approx(chances.mean(), abs=0.03)
    assert 0.05 < chances.mean() < 0.95


def test_a_follower_sees_real_pictures_and_remembers_what_was_done(
    tiny_model: DreamModel,
) -> None:
    pictures = np.random.default_rng(0).integers(256, size=(2, SIDE, SIDE, 3), dtype=np.uint8)
    follower = Follower(tiny_model, 2)
    follower.begin(np.arange(2), pictures)
    begin = tiny_model.begin(tiny_model.encode(pictures))
    follower.step(np.array([0, 1]), pictures[::-1])
    hidden, _ = tiny_model.recall(begin, np.array([0, 1]))
    expected = np.concatenate([tiny_model.encode(pictures[::-1]), hidden], 1)
    np.testing.assert_allclose(follower.features, expected, atol=1e-6)


def test_a_follower_forgets_an_episode_that_is_over(tiny_model: DreamModel) -> None:
    pictures = np.random.default_rng(0).integers(256, size=(2, SIDE, SIDE, 3), dtype=np.uint8)
    follower = Follower(tiny_model, 2)
    follower.begin(np.array([True, True]), pictures)
    fresh = follower.features.copy()
    follower.step(np.array([0, 1]), pictures)
    follower.begin(np.array([True, False]), pictures[:1])
    np.testing.assert_allclose(follower.features[0], fresh[0], atol=1e-6)
    assert not np.allclose(follower.features[1], fresh[1])
