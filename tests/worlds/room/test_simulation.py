from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from reactor_env.world_options import RoomOptions
from reactor_env.worlds.room.geometry import IDLE, Controls
from reactor_env.worlds.room.simulation import Room, Shot

FORWARD, BACK = Controls(move=1), Controls(move=-1)
LEFT, RIGHT = Controls(turn=-1), Controls(turn=1)
ASIDE = Controls(strafe=1)

TURN = [RIGHT] * 36
SQUARE = ([FORWARD] * 8 + [RIGHT] * 9) * 4
THERE_AND_BACK = [FORWARD] * 8 + [BACK] * 8
LOOPS = {"turn": TURN, "square": SQUARE, "there and back": THERE_AND_BACK}


def play(script: list[Controls], seed: int = 1, **options: Any) -> list[Shot]:
    """Play a run: its first chunk, and one for each of the controls."""
    room = Room(RoomOptions(**{"width": 80, "height": 60} | options))
    room.begin(seed)
    return [shot for controls in [IDLE, *script] for shot in room.chunk(controls)]


def difference(one: Shot, two: Shot) -> float:
    """Return the mean absolute difference of two pictures, in gray levels."""
    return float(np.abs(one.picture.astype(np.int16) - two.picture).mean())


def closure(script: list[Controls], **options: Any) -> float:
    """Return how much the last picture of a loop differs from the first."""
    shots = play(script, **options)
    return difference(shots[0], shots[-1])


# -- a perfect world ----------------------------------------------------------------------------


@pytest.mark.parametrize("loop", LOOPS)
@pytest.mark.parametrize("seed", [0, 1, 2, 2**53 - 1])
def test_a_loop_comes_back_to_the_same_picture_bit_for_bit(loop: str, seed: int) -> None:
    shots = play(LOOPS[loop], seed)
    assert (shots[0].picture == shots[-1].picture).all()
    assert max(difference(shots[0], shot) for shot in shots) > 10


@pytest.mark.parametrize("turn_frames", [8, 60, 360])
def test_a_full_turn_takes_as_many_frames_as_asked_for(turn_frames: int) -> None:
    assert closure([LEFT] * turn_frames, turn_frames=turn_frames) == 0
    assert closure([LEFT] * (turn_frames - 1), turn_frames=turn_frames) > 0


def test_standing_still_shows_the_same_picture() -> None:
    first, *others = play([IDLE] * 5)
    assert all((shot.picture == first.picture).all() for shot in others)


@pytest.mark.parametrize("controls", [FORWARD, BACK, LEFT, RIGHT, ASIDE])
def test_every_control_shows_in_the_next_frame(controls: Controls) -> None:
    before, after = play([controls])
    assert difference(before, after) > 3
    assert after.controls == controls


def test_a_turn_to_the_right_moves_the_picture_to_the_left() -> None:
    one, two = play([RIGHT], turn_frames=360, width=320, height=240)
    gray = [shot.picture.mean(axis=2)[100:140] for shot in (one, two)]
    errors = {
        shift: np.abs(gray[0][:, 20:-20] - np.roll(gray[1], shift, axis=1)[:, 20:-20]).mean()
        for shift in range(-10, 11)
    }
    # 320 pixels for 75 degrees: about 4 for one degree.
    assert 2 <= min(errors, key=lambda shift: errors[shift]) <= 6


def test_equal_seeds_give_equal_runs_whatever_was_before() -> None:
    room = Room(RoomOptions(noise=5, hallucination=0.5, drift=0.1))
    films = []
    for _ in range(2):
        room.begin(4)
        films.append([room.chunk(controls)[0].picture for controls in [*TURN, *TURN]])
        room.begin(5)
        room.chunk(FORWARD)
    assert np.array_equal(films[0], films[1])


def test_rooms_of_different_seeds_look_different() -> None:
    assert difference(play([], seed=1)[0], play([], seed=2)[0]) > 5


@pytest.mark.parametrize("size", [(64, 48), (81, 61), (160, 121), (333, 251), (640, 480)])
def test_a_picture_has_the_size_asked_for(size: tuple[int, int]) -> None:
    (shot,) = play([], width=size[0], height=size[1])
    assert shot.picture.shape == (size[1], size[0], 3)
    assert shot.picture.dtype == np.uint8
    assert 60 < shot.picture.mean() < 200


# -- dials --------------------------------------------------------------------------------------

DIALS: dict[str, tuple[float, ...]] = {
    "drift": (0.0, 0.01, 0.03, 0.1),
    "fade": (0.0, 0.005, 0.02, 0.1),
    "hallucination": (0.0, 0.1, 0.4, 1.0),
    "noise": (0.0, 2.0, 8.0, 32.0),
}


@pytest.mark.parametrize("loop", LOOPS)
@pytest.mark.parametrize("dial", DIALS)
def test_the_more_a_dial_is_turned_the_less_a_loop_closes(dial: str, loop: str) -> None:
    errors = [closure(LOOPS[loop], **{dial: value}) for value in DIALS[dial]]
    assert errors[0] == 0
    assert errors == sorted(set(errors))
    assert errors[-1] > 1


@pytest.mark.parametrize("dial", ["drift", "fade"])
def test_what_goes_away_slowly_goes_on_going(dial: str) -> None:
    options: dict[str, Any] = {dial: 0.01}
    shots = play([IDLE] * 30, **options)
    errors = [difference(shots[0], shots[index]) for index in (1, 5, 15, 30)]
    assert errors == sorted(set(errors))


def test_drift_leaves_the_true_pose_alone() -> None:
    straight, drifting = play(SQUARE), play(SQUARE, drift=1.0)
    assert [shot.pose for shot in straight] == [shot.pose for shot in drifting]


def test_a_wall_changes_only_once_it_was_out_of_sight() -> None:
    perfect, imagined = play([*TURN, *TURN]), play([*TURN, *TURN], hallucination=1.0)
    assert all(difference(*pair) == 0 for pair in zip(perfect[:20], imagined[:20], strict=True))
    assert difference(perfect[36], imagined[36]) > 5
    assert difference(imagined[36], imagined[72]) > 5, "it changes with every visit"
    still = play([IDLE] * 10, hallucination=1.0)
    assert difference(still[0], still[-1]) == 0


def test_noise_differs_from_frame_to_frame_by_as_much_as_said() -> None:
    clean = play([])[0].picture.astype(np.int16)
    noisy = play([IDLE, IDLE], noise=8.0)
    assert np.std(noisy[0].picture - clean) == pytest.approx(8, rel=0.15)
    assert difference(noisy[1], noisy[2]) > 5


@pytest.mark.parametrize("delay", [0, 1, 5])
def test_a_control_shows_after_the_delay(delay: int) -> None:
    shots = play([IDLE] * 3 + [RIGHT] * 8, delay=delay)
    changed = [i for i, shot in enumerate(shots) if (shot.picture != shots[0].picture).any()]
    assert changed[0] == 4 + delay


@pytest.mark.parametrize("name", ["move", "strafe", "turn"])
def test_a_dead_control_does_nothing_and_the_others_do(name: str) -> None:
    for control, held in (("move", FORWARD), ("strafe", ASIDE), ("turn", RIGHT)):
        first, last = play([held], dead_control=name)
        assert (difference(first, last) == 0) == (control == name)


def test_a_run_that_restarts_silently_shows_its_first_frames_again() -> None:
    shots = play([RIGHT] * 20, auto_restart=7)
    for index in range(14):
        assert difference(shots[index], shots[index + 7]) == 0
    assert difference(shots[0], shots[6]) > 5
    assert [shot.restarts for shot in shots[::7]] == [0, 1, 2]


@pytest.mark.parametrize("chunk", [1, 4])
def test_all_frames_of_a_chunk_are_made_with_the_same_controls(chunk: int) -> None:
    shots = play([RIGHT, LEFT], chunk=chunk)
    assert len(shots) == 3 * chunk
    assert [shot.controls.turn for shot in shots] == [0] * chunk + [1] * chunk + [-1] * chunk
