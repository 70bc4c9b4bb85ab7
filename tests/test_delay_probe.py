from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest

from reactor_env.client.errors import CommandRefusedError, ReactorTimeoutError
from reactor_env.delay_probe import CANDIDATES, DelayProbe, probes
from reactor_env.errors import UnsupportedModelError
from reactor_env.spaces import ActionMap, ActionSpec, action_map
from tests.spaces.models import choice, command, model, number
from tests.streams import Stream

FRAME_S = 0.02
LAG_FRAMES = 6

WALK = model(command("walk", choice("way", "still", "left", "right")))


def walks() -> ActionMap:
    return action_map(WALK, [ActionSpec(command="walk", neutral={"way": "still"})])


class World:
    """Shows a frame every 20 ms: brighter and brighter while somebody walks, six frames later."""

    def __init__(self, *, moves: tuple[str, ...] = ("left", "right"), jitter: int = 0) -> None:
        self.stream = Stream(walk=self.walk)
        self.ways = deque(["still"] * LAG_FRAMES, maxlen=LAG_FRAMES)
        self.way = "still"
        self.moves = moves
        self.jitter = jitter

    def walk(self, stream: Stream) -> None:
        self.way = stream.data[-1]["way"]

    def levels(self) -> Iterator[int]:
        level = 100
        for number_ in range(100_000):
            due = self.ways[0]
            self.ways.append(self.way)
            level = (level + 8 * (due in self.moves)) % 200
            yield level + self.jitter * (number_ % 2)


@contextmanager
def running(world: World) -> Iterator[Callable[..., float]]:
    over = threading.Event()
    levels = world.levels()

    def play() -> None:
        while not over.wait(FRAME_S):
            world.stream.show(next(levels))

    thread = threading.Thread(target=play)
    thread.start()
    try:
        yield DelayProbe("m", world.stream.session, walks(), 1.0, rest_s=0.2).measure
    finally:
        over.set()
        thread.join()


def test_the_delay_is_that_of_the_first_frame_that_moves() -> None:
    with running(World()) as measure:
        delay = measure()
    # The frame of the moment is made already; a busy machine adds to it.
    assert LAG_FRAMES * FRAME_S <= delay <= 3 * LAG_FRAMES * FRAME_S


def test_an_action_that_shows_nothing_is_passed_over() -> None:
    world = World(moves=("right",))
    with running(world) as measure:
        assert measure() >= LAG_FRAMES * FRAME_S
    walked = [data["way"] for data in world.stream.data]
    assert walked.count("left") <= 1
    assert walked.count("right") == 3
    assert walked[-1] == "still"


def test_a_world_that_flickers_by_itself_is_measured_by_what_is_more() -> None:
    with running(World(jitter=2)) as measure:
        assert measure() >= LAG_FRAMES * FRAME_S


def test_a_world_that_no_action_moves_asks_for_the_delay() -> None:
    with (
        running(World(moves=())) as measure,
        pytest.raises(UnsupportedModelError, match=r"of m .* could not be measured.* as `delay`"),
    ):
        measure()


def test_a_stream_that_stands_still_is_told() -> None:
    probe = DelayProbe("m", Stream().session, walks(), 1.0, rest_s=0.1)
    with pytest.raises(ReactorTimeoutError, match=r"no frame of m came within 0\.1 s"):
        probe.measure()


def test_a_refused_action_is_raised() -> None:
    def refuse(_: Stream) -> None:
        raise CommandRefusedError("walk", "invalid", "legs are tied")

    world = World()
    world.stream.then["walk"] = refuse
    with running(world) as measure, pytest.raises(CommandRefusedError, match="legs are tied"):
        measure()


def test_every_preset_that_does_something_may_be_tried() -> None:
    presets = {"wait": {}, "left": {"walk": "left"}, "right": {"walk": "right"}}
    mapped = action_map(
        WALK,
        [ActionSpec(command="walk", neutral={"way": "still"})],
        form="presets",
        presets=presets,
    )
    assert probes(mapped) == [mapped.presets["left"], mapped.presets["right"]]


def test_drawn_actions_are_few_different_and_the_same_each_time() -> None:
    mapped = action_map(model(command("set_turn", number("by", -1, 1))))
    drawn = probes(mapped)
    assert len(drawn) == CANDIDATES
    assert drawn == probes(mapped)
    assert mapped.neutral not in drawn


def test_the_users_own_sampling_is_not_disturbed() -> None:
    mapped, other = walks(), walks()
    mapped.space.seed(3)
    other.space.seed(3)
    probes(mapped)
    assert [mapped.space.sample() for _ in range(9)] == [other.space.sample() for _ in range(9)]
