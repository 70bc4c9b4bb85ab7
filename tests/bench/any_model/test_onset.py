from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from reactor_env.bench.any_model.onset import (
    FEATURES,
    FLOORS,
    SIZE,
    Trial,
    Usual,
    features,
    onsets,
)
from reactor_env.probes.motion import Luma
from tests.bench.any_model.traces import BEGIN, INTERVAL_MS, MS, trial


def texture(seed: int = 0) -> Luma:
    """Return a large smooth picture to cut smaller ones from."""
    rng = np.random.default_rng(seed)
    coarse = rng.uniform(40, 216, (SIZE[0] // 4 + 8, SIZE[1] // 4 + 8))
    fine = np.kron(coarse, np.ones((4, 4)))
    for axis in (0, 1):
        fine = (fine + np.roll(fine, 1, axis) + np.roll(fine, 2, axis)) / 3
    return fine.astype(np.uint8)


def cut(picture: Luma, right: int, down: int) -> Luma:
    return picture[down : down + SIZE[0], right : right + SIZE[1]]


def test_a_shifted_picture_has_moved_by_that_and_nothing_else_has() -> None:
    picture = texture()
    moved = dict(zip(FEATURES, features(cut(picture, 10, 10), cut(picture, 8, 10)), strict=True))
    assert moved["right"] == pytest.approx(2 / SIZE[1], abs=0.002)
    assert moved["down"] == pytest.approx(0, abs=0.002)
    assert moved["change"] > 1
    assert features(cut(picture, 4, 4), cut(picture, 4, 4)) == pytest.approx([0, 0, 0, 0])


def test_a_world_that_moves_by_itself_is_unusual_only_when_it_turns() -> None:
    picture = texture()
    rest = np.array(
        [features(cut(picture, x, 10), cut(picture, x - 1, 10)) for x in range(20, 5, -1)]
    )
    usual = Usual.of(rest)
    goes_on = features(cut(picture, 5, 10), cut(picture, 4, 10))
    turns = features(cut(picture, 4, 10), cut(picture, 4, 9))
    assert usual.first(np.array([goes_on, goes_on])) is None
    assert usual.first(np.array([goes_on, turns])) == 1


def test_of_no_frames_nothing_is_usual() -> None:
    with pytest.raises(ValueError, match="`rest` must have at least one frame"):
        Usual.of(np.zeros((0, len(FEATURES))))


@given(
    st.lists(st.floats(-1, 1), min_size=5, max_size=60),
    st.floats(0, 10),
)
def test_no_frame_within_the_range_that_was_seen_at_rest_is_an_onset_when_most_reach_it(
    levels: list[float], scale: float
) -> None:
    # Of both ends there are many, so that they are within the percentile.
    values = scale * np.array([*levels, *[-1.0, 1.0] * len(levels)])
    rest = np.tile(values[:, None], (1, len(FEATURES)))
    usual = Usual.of(rest)
    assert usual.first(rest) is None
    beyond = usual.centre + usual.bound + FLOORS
    assert usual.first(beyond[None]) == 0


def test_the_onset_is_the_first_frame_that_moves_and_the_resolution_a_frames_interval() -> None:
    found = onsets([trial(100), trial(200), trial(None, acted=False)])
    assert found.found_ms == (120.0, 200.0)
    assert found.interval_ms == INTERVAL_MS
    assert (found.false, found.controls) == (0, 1)
    assert found.clear


def test_doing_nothing_that_looks_like_an_action_is_counted() -> None:
    trials = [trial(80), trial(80), trial(80, acted=False), trial(80, acted=False)]
    found = onsets(trials)
    assert (found.false, found.controls) == (2, 2)
    assert not found.clear


def test_an_action_that_is_seldom_seen_has_no_time() -> None:
    found = onsets([trial(80), trial(None), trial(None), trial(None, acted=False)])
    assert found.values == [80.0]
    assert not found.clear


def test_an_episode_that_ends_before_anything_is_seen_says_nothing() -> None:
    found = onsets([trial(80, ended=True), trial(None, ended=True), trial(None, acted=False)])
    assert found.found_ms == (80.0,)
    assert found.ended == 1


def test_the_frame_that_names_the_action_checks_the_pixels() -> None:
    found = onsets([trial(100, named_ms=80), trial(100), trial(None, named_ms=80)])
    assert found.beyond_named_ms == [40.0]


def test_no_trials_find_nothing() -> None:
    found = onsets([])
    assert not found.clear
    assert found.usual is None


def test_a_trial_without_frames_has_no_onset() -> None:
    blind = Trial(
        True,
        BEGIN,
        np.zeros((3, len(FEATURES))),
        np.zeros(0, np.int64),
        np.zeros((0, len(FEATURES))),
    )
    found = onsets([blind, trial(80)])
    assert found.found_ms == (None, 80.0)
    assert found.usual is not None
    assert found.usual.onset_ms(trial(0)) == pytest.approx(INTERVAL_MS * MS / 1e6)
