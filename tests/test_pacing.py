from __future__ import annotations

from typing import Any, get_args

import pytest

from reactor_env.pacing import PACINGS, Pacing, rule
from reactor_env.rewards import NOWHERE, EpisodePoint


def test_next_waits_for_the_newest_frame_of_any_kind() -> None:
    chosen = rule("next", 5)
    assert (chosen.newest, chosen.wait) == (True, True)
    assert chosen.accept(EpisodePoint(1, 1, action_seq=2))
    assert chosen.accept(NOWHERE)


def test_latest_does_not_wait() -> None:
    chosen = rule("latest", 5)
    assert (chosen.newest, chosen.wait) == (True, False)
    assert chosen.accept(EpisodePoint(1, 1, action_seq=2))


@pytest.mark.parametrize(
    ("point", "accepted"),
    [
        pytest.param(EpisodePoint(1, 1, action_seq=4), False, id="before the action"),
        pytest.param(EpisodePoint(1, 1, action_seq=5), True, id="the action"),
        pytest.param(EpisodePoint(1, 1, action_seq=6), True, id="a later action"),
        pytest.param(EpisodePoint(1, 0, action_seq=-1), False, id="before any action"),
        pytest.param(EpisodePoint(1, 1, action_seq=4, terminated=True), True, id="the end"),
        pytest.param(EpisodePoint(1, 1, action_seq=4, truncated=True), True, id="cut off"),
        pytest.param(NOWHERE, False, id="no metadata"),
    ],
)
def test_applied_accepts_what_was_made_after_the_action(
    point: EpisodePoint, accepted: bool
) -> None:
    assert rule("applied", 5).accept(point) is accepted


def test_applied_takes_the_first_such_frame() -> None:
    chosen = rule("applied", 0)
    assert (chosen.newest, chosen.wait) == (False, True)


@pytest.mark.parametrize("pacing", get_args(Pacing))
def test_every_pacing_has_a_rule(pacing: Any) -> None:
    assert pacing in PACINGS
    assert rule(pacing, 0).accept(EpisodePoint(1, 1, action_seq=0))


def test_an_unknown_pacing_is_named_with_those_that_exist() -> None:
    unknown: Any = "soon"
    with pytest.raises(ValueError, match="must be one of next, applied, latest, got 'soon'"):
        rule(unknown, 0)
