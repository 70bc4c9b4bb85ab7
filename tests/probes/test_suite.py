"""The probes against a world with known answers: perfect, or spoilt by one dial."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import Any

import pytest

from reactor_env.probes import PROBES, Finding, Settings, probe
from tests.probes.rooms import RoomPlayer

SETTINGS = Settings(repeats=2, still=24, turn=45)

Key = tuple[str, str]


def played(names: Sequence[str] = (), **dials: Any) -> dict[Key, Finding]:
    found = probe(RoomPlayer(**dials), SETTINGS, names=names)
    return {(one.probe, one.about): one for one in found}


@pytest.fixture(scope="module")
def perfect() -> dict[Key, Finding]:
    return played()


def test_a_perfect_world_scores_1_everywhere(perfect: dict[Key, Finding]) -> None:
    scores = {key: one.mean for key, one in perfect.items() if one.unit == "score"}
    assert scores == dict.fromkeys(scores, pytest.approx(1.0))
    assert {key[0] for key in scores} == set(PROBES) - {"keeps_pace"}
    assert not any(one.flags for one in perfect.values())


def test_a_full_turn_is_measured_to_the_frame(perfect: dict[Key, Finding]) -> None:
    for name in ("turn_left", "turn_right"):
        assert perfect["comes_round", f"{name}, frames to come round"].mean == 36
    coarse = played(["comes_round"], turn_frames=24)
    assert coarse["comes_round", "turn_left, frames to come round"].mean == 24


def test_frames_are_counted_while_nothing_is_done(perfect: dict[Key, Finding]) -> None:
    assert perfect["keeps_pace", "delivered"].mean == pytest.approx(15)


@pytest.mark.parametrize("control", ["move", "strafe", "turn"])
def test_a_dead_control_is_found_and_no_other(control: str) -> None:
    names = {
        "move": ("forward", "back"),
        "strafe": ("strafe_left", "strafe_right"),
        "turn": ("turn_left", "turn_right"),
    }
    found = played(["responds"], dead_control=control)
    for which, presets in names.items():
        for preset in presets:
            one = found["responds", preset]
            assert one.mean == (0 if which == control else 1)
            assert dict(one.flags) == ({"no_motion": 2} if which == control else {})
            assert found["responds", f"{preset}, onset"].missing == (2 if which == control else 0)


def test_a_world_that_does_not_move_gets_nothing_for_coming_back() -> None:
    found = played(["comes_back", "comes_round"], dead_control="turn")
    for key in (("comes_back", "turn_left, turn_right"), ("comes_round", "turn_left")):
        assert found[key].mean == 0
        assert dict(found[key].flags) == {"no_motion": 2}


def test_an_action_that_does_the_opposite_goes_the_wrong_way() -> None:
    class Mirrored(RoomPlayer):
        def hold(self, name: str, frames: int) -> Any:
            swapped = {"turn_left": "turn_right", "turn_right": "turn_left"}
            return super().hold(swapped.get(name, name), frames)

    found = {one.about: one for one in probe(Mirrored(), SETTINGS, names=["responds"])}
    assert found["turn_left"].mean == 0
    assert dict(found["turn_left"].flags) == {"wrong_way": 2}
    assert found["forward"].mean == 1


@pytest.mark.parametrize("delay", [0, 1, 3, 6])
def test_a_delay_is_measured_to_the_frame(delay: int) -> None:
    found = played(["responds"], delay=delay)
    assert {one.mean for key, one in found.items() if "onset" in key[1]} == {float(delay)}


MONOTONE: dict[str, tuple[list[float], list[Key]]] = {
    "drift": ([0, 0.25, 0.5, 1], [("holds_still", "likeness")]),
    "fade": ([0, 0.01, 0.03, 0.1], [("holds_still", "likeness"), ("holds_still", "contrast kept")]),
    "noise": (
        [0, 8, 40],
        [
            ("holds_still", "likeness"),
            ("comes_back", "turn_left, turn_right, far"),
            ("comes_round", "turn_left"),
        ],
    ),
    "hallucination": (
        [0, 0.5, 1],
        [("comes_back", "turn_left, turn_right, far"), ("comes_round", "turn_left")],
    ),
}


@pytest.mark.parametrize("dial", MONOTONE)
def test_every_turn_of_a_dial_lowers_what_measures_it(dial: str) -> None:
    levels, keys = MONOTONE[dial]
    names = list(dict.fromkeys(name for name, _ in keys))
    found = [played(names, **{dial: level}) for level in levels]
    for key in keys:
        means = [one[key].mean for one in found]
        assert None not in means
        assert all(more < less - 0.005 for less, more in pairwise(means)), (dial, key, means)  # type: ignore[operator]


def test_a_dial_that_has_nothing_to_do_with_a_probe_leaves_it_alone() -> None:
    found = played(["holds_still", "responds"], hallucination=1.0)
    assert found["holds_still", "likeness"].mean == pytest.approx(1)
    assert found["responds", "turn_left"].mean == 1


def test_a_silent_restart_is_seen_when_coming_back() -> None:
    found = played(["comes_back"], auto_restart=20)
    means = [one.mean for key, one in found.items() if "far" in key[1]]
    assert means != [pytest.approx(1.0)]


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"repeats": 0}, "`repeats` must be at least 1, got 0"),
        ({"turn": -1}, "`turn` must be at least 1, got -1"),
        ({"seed": -1}, "`seed` must not be negative, got -1"),
    ],
)
def test_settings_out_of_range_are_refused(wrong: dict[str, int], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        Settings(**wrong)  # type: ignore[arg-type]


def test_an_unknown_probe_lists_the_known_ones() -> None:
    with pytest.raises(ValueError, match=r"a probe must be one of responds, .*got 'jumps'"):
        probe(RoomPlayer(), SETTINGS, names=["jumps"])
