from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reactor_env.worlds.room.geometry import CELL, FREE, SIZE, STEP, Controls, Floor, Pose

FORWARD, BACK = Controls(move=1), Controls(move=-1)
LEFT, RIGHT = Controls(turn=-1), Controls(turn=1)

SEEDS = st.integers(0, 2**53 - 1)
TURNS = st.sampled_from([8, 12, 36, 60, 360])
FREE_FRAMES = int((FREE - 0.25) / STEP / math.sqrt(2))


def walk(floor: Floor, *script: Controls) -> Pose:
    pose = floor.start
    for controls in script:
        pose = floor.after(pose, controls)
    return pose


@given(SEEDS, TURNS, st.sampled_from([LEFT, RIGHT]))
def test_a_full_turn_comes_back(seed: int, turns: int, turn: Controls) -> None:
    floor = Floor(seed, turns)
    assert walk(floor, *[turn] * turns) == floor.start
    assert walk(floor, *[turn] * (turns - 1)) != floor.start


@given(SEEDS, TURNS, st.integers(0, 359), st.integers(1, FREE_FRAMES))
def test_as_many_steps_back_as_forward_come_back(
    seed: int, turns: int, first: int, steps: int
) -> None:
    floor = Floor(seed, turns)
    begin = walk(floor, *[RIGHT] * first)
    there = walk(floor, *[RIGHT] * first, *[FORWARD] * steps)
    assert math.dist((there.x, there.y), (begin.x, begin.y)) == pytest.approx(
        steps * STEP * CELL, rel=1e-4
    )
    assert walk(floor, *[RIGHT] * first, *[FORWARD] * steps, *[BACK] * steps) == begin


@given(SEEDS, TURNS, st.integers(1, FREE_FRAMES // 2), st.sampled_from([LEFT, RIGHT]))
def test_around_a_square_comes_back(seed: int, turns: int, side: int, turn: Controls) -> None:
    floor = Floor(seed, turns)
    script = ([FORWARD] * side + [turn] * (turns // 4)) * 4
    assert walk(floor, *script) == floor.start


@given(SEEDS, st.integers(1, FREE_FRAMES))
def test_as_many_steps_left_as_right_come_back(seed: int, steps: int) -> None:
    floor = Floor(seed, 36)
    script = [Controls(strafe=-1)] * steps + [Controls(strafe=1)] * steps
    assert walk(floor, *script) == floor.start


@given(SEEDS, TURNS)
def test_a_turn_to_the_right_leads_clockwise(seed: int, turns: int) -> None:
    floor = Floor(seed, turns)
    before = floor.start
    after = walk(floor, *[RIGHT] * (turns // 4), FORWARD)
    ahead = walk(floor, FORWARD)
    # South is down: a quarter to the right of (dx, dy) is (-dy, dx).
    assert (after.x - before.x, after.y - before.y) == (before.y - ahead.y, ahead.x - before.x)


@given(SEEDS, st.lists(st.sampled_from([FORWARD, BACK, LEFT, RIGHT]), max_size=300))
def test_nobody_gets_into_a_wall(seed: int, script: list[Controls]) -> None:
    floor = Floor(seed, 36)
    pose = walk(floor, *script)
    assert not floor.walls[pose.y // CELL, pose.x // CELL]
    assert all(0 < at < SIZE * CELL for at in (pose.x, pose.y))


def test_at_a_wall_one_stands_still() -> None:
    floor = Floor(0, 36)
    there = walk(floor, *[FORWARD] * 200)
    assert there != floor.start
    assert floor.after(there, FORWARD) == there
    assert floor.after(there, RIGHT) != there


@given(SEEDS)
def test_the_middle_is_free(seed: int) -> None:
    walls = Floor(seed, 36).walls
    low, high = int(SIZE / 2 - FREE), int(SIZE / 2 + FREE)
    assert not walls[low:high, low:high].any()
    assert walls[[0, -1], :].all()
    assert walls[:, [0, -1]].all()


def test_equal_seeds_give_equal_rooms_and_others_do_not() -> None:
    assert (Floor(3, 36).walls == Floor(3, 36).walls).all()
    rooms = {Floor(seed, 36).walls.tobytes() for seed in range(20)}
    assert len(rooms) > 15
