from __future__ import annotations

import threading
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
import pytest

from reactor_env.bench.any_model.onset import onsets
from reactor_env.bench.any_model.plan import Plan
from reactor_env.bench.any_model.trials import Trials, candidates
from reactor_env.client.errors import CommandRefusedError, ReactorTimeoutError
from reactor_env.spaces import ActionMap, ActionSpec, action_map
from tests.spaces.models import choice, command, model
from tests.streams import Stream

FRAME_S = 0.02
LAG_FRAMES = 6
WALK = model(command("walk", choice("way", "still", "left", "right")))
PRESETS = {"idle": {}, "left": {"walk": "left"}, "turn_left": {"walk": "right"}}


def walks(presets: dict[str, Any] | None = None) -> ActionMap:
    specs = [ActionSpec(command="walk", neutral={"way": "still"})]
    if presets is None:
        return action_map(WALK, specs)
    return action_map(WALK, specs, form="presets", presets=presets)


class World:
    """Shows a frame every 20 ms: another brightness each while somebody walks, six frames later."""

    def __init__(self, *moves: str) -> None:
        self.stream = Stream(walk=self.walk)
        self.ways = deque(["still"] * LAG_FRAMES, maxlen=LAG_FRAMES)
        self.way = "still"
        self.moves = moves
        self.level = 100

    def walk(self, stream: Stream) -> None:
        self.way = stream.data[-1]["way"]

    def next(self) -> None:
        due = self.ways[0]
        self.ways.append(self.way)
        self.level = (self.level + 8 * (due in self.moves)) % 200
        self.stream.show(self.level)


@contextmanager
def running(world: World) -> Iterator[None]:
    over = threading.Event()

    def play() -> None:
        while not over.wait(FRAME_S):
            world.next()

    thread = threading.Thread(target=play)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()


def trials_of(world: World, plan: Plan, actions: ActionMap | None = None) -> Trials:
    return Trials("m", world.stream.session, actions or walks(), plan, lambda: None)


def test_an_action_is_found_and_done_and_nothing_as_often() -> None:
    world = World("left", "right")
    trials = trials_of(world, Plan(repeats=1, rest_s=0.1, longest_s=0.3))
    with running(world):
        found = onsets(trials.run())
    assert len(trials.tried) == 1
    assert len(found.found_ms) == found.controls == 1
    assert found.false == 0
    assert found.clear
    # The frame of the moment is made already; a busy machine adds to it.
    assert all(LAG_FRAMES * FRAME_S * 1e3 <= ms <= 300 for ms in found.values)
    assert len(trials.acks_ms()) == len(world.stream.sent)
    assert world.stream.data[-1]["way"] == "still"


def test_where_no_action_moves_the_picture_all_that_were_tried_are_told() -> None:
    world = World()
    trials = trials_of(world, Plan(repeats=2, rest_s=0.05, longest_s=0.2))
    with running(world):
        found = onsets(trials.run())
    assert sorted(trials.tried) == ["walk=left", "walk=right"]
    assert found.controls == 0
    assert not found.clear


def test_an_action_that_shows_nothing_is_passed_over() -> None:
    world = World("right")
    trials = trials_of(world, Plan(repeats=0, rest_s=0.05, longest_s=0.3))
    with running(world):
        trials.run()
    assert trials.tried[-1] == "walk=right"


def test_a_stream_that_stands_still_is_told() -> None:
    trials = trials_of(World(), Plan(rest_s=0.05, longest_s=0.1))
    with pytest.raises(ReactorTimeoutError, match="no frame of m came within"):
        trials.run()


def test_a_model_that_shows_frames_seldom_is_waited_for() -> None:
    stream = Stream()
    trials = Trials("m", stream.session, walks(), Plan(rest_s=0.02, longest_s=5.0), lambda: None)
    timers = [threading.Timer(0.2 * n, stream.show, [100]) for n in range(1, 5)]
    for timer in timers:
        timer.start()
    assert len(trials._rest()) >= 3
    for timer in timers:
        timer.join()


def test_a_refused_action_is_raised() -> None:
    def refuse(_: Stream) -> None:
        raise CommandRefusedError("walk", "invalid", "legs are tied")

    world = World("left", "right")
    world.stream.then["walk"] = refuse
    trials = trials_of(world, Plan(rest_s=0.05, longest_s=0.1))
    with running(world), pytest.raises(CommandRefusedError, match="legs are tied"):
        trials.run()


def test_an_episode_that_is_over_is_begun_again() -> None:
    world = World("left", "right")
    begun: list[bool] = []
    plan = Plan(repeats=1, rest_s=0.05, longest_s=0.2)
    trials = Trials(
        "m", world.stream.session, walks(), plan, lambda: begun.append(True), lambda: not begun
    )
    with running(world):
        trials.run()
    assert begun == [True]


def test_turns_come_first_and_a_named_action_is_the_only_one() -> None:
    actions = walks(PRESETS)
    assert candidates(actions, Plan()) == [actions.presets["turn_left"], actions.presets["left"]]
    assert candidates(actions, Plan(preset="left")) == [actions.presets["left"]]
    assert candidates(actions, Plan(controls={"walk": "right"})) == [actions.presets["turn_left"]]


@pytest.mark.parametrize(
    ("plan", "message"),
    [
        (Plan(preset="jump"), "`action` must be one of idle, left, turn_left"),
        (Plan(preset="idle"), "`action` must do something"),
        (Plan(controls={"jump": 1}), "may set walk, got jump"),
    ],
)
def test_an_action_that_is_none_is_told(plan: Plan, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        candidates(walks(PRESETS), plan)


def test_frames_that_were_sent_again_are_no_news() -> None:
    stream = Stream()
    trials = Trials("m", stream.session, walks(), Plan(rest_s=0.2), lambda: None)
    over = threading.Event()

    def repeat() -> None:
        while not over.wait(FRAME_S):
            stream.show(100, n=7)

    thread = threading.Thread(target=repeat)
    thread.start()
    try:
        rest = trials._rest()
    finally:
        over.set()
        thread.join()
    assert np.array(rest).shape == (1, 4), "a picture that stands still"
    assert not np.array(rest).any()


@pytest.mark.parametrize(
    "wrong",
    [{"rounds": 0}, {"repeats": -1}, {"seed": -1}, {"seconds": 0}, {"settle_s": -1.0}],
)
def test_a_plan_out_of_range_is_refused(wrong: dict[str, Any]) -> None:
    (name,) = wrong
    with pytest.raises(ValueError, match=f"`{name}`"):
        Plan(**wrong)
