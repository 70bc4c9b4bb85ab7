from __future__ import annotations

from typing import Any

import pytest

from reactor_env.client.errors import StepFailedError
from reactor_env.client.types import Generation
from reactor_env.client.validation import InvalidCommandError
from reactor_env.client.video import VideoFrame
from reactor_env.client.wire.messages import Command
from reactor_env.driver import Answer, Driver
from reactor_env.profiles import read_profile
from reactor_env.session import NoFrameError
from reactor_env.spaces import ActionMap, ActionSpec, action_map
from tests.spaces.models import choice, command, model
from tests.streams import Stream, Then, later, level

SCHEMA = model(
    command("walk", choice("way", "still", "left", "right")), command("reset"), command("start")
)
WALK = ActionSpec(command="walk", kind="held", neutral={"way": "still"})
STILL, LEFT = 0, 1


def walks() -> ActionMap:
    return action_map(SCHEMA, [WALK])


class Play:
    """A driver on a session made of functions."""

    def __init__(
        self, generation: Generation, pacing: Any = "latest", table: Any = None, **then: Then
    ) -> None:
        self.stream = Stream(generation, **then)
        self.profile = read_profile("p", {"reset": {"recipe": ["*", "reset"]}} | (table or {}))
        self.driver = Driver("m", SCHEMA, self.profile, pacing, 0.5)
        self.actions = walks()

    def begin(self, *commands: str) -> Answer:
        plan = [Command(name) for name in commands or ("reset",)]
        return self.driver.begin(self.stream.session, self.actions, plan)

    def send(self, action: int) -> bool:
        return self.driver.send(self.stream.session, self.actions, action)

    def step(self, action: int) -> Answer:
        return self.driver.step(self.stream.session, self.actions, action)


def counting(**metadata: Any) -> Then:
    """Return a step that shows frame after frame of one episode."""

    def step(stream: Stream) -> VideoFrame:
        return stream.show(100 + stream.count, episode=1, step=stream.count, **metadata)

    return step


# -- stepped ------------------------------------------------------------------------------------


def test_a_stepped_reset_sends_the_plan_and_returns_the_frame_of_that_step() -> None:
    play = Play("stepped", step=counting())
    answer = play.begin()
    assert play.stream.sent == ["reset"]
    assert (level(answer.frame), answer.reward, answer.skipped) == (100, 0.0, 0)


def test_an_action_that_was_sent_ahead_is_sent_once() -> None:
    play = Play("stepped", step=counting())
    play.begin()
    assert play.send(LEFT)
    assert play.stream.sent == ["reset", "walk"]
    assert level(play.step(LEFT).frame) == 101
    assert play.stream.sent == ["reset", "walk"]
    assert play.stream.count == 2


def test_no_action_is_sent_ahead_in_a_streamed_session() -> None:
    play = Play("streamed", reset=later(0, 200))
    play.begin()
    assert not play.send(LEFT)
    assert play.stream.sent == ["reset"]


@pytest.mark.parametrize("failure", [NoFrameError("none"), StepFailedError("failed", "no reason")])
def test_what_was_sent_ahead_is_over_before_the_next_episode_begins(failure: Exception) -> None:
    fails = iter([False, True, False])

    def step(stream: Stream) -> VideoFrame:
        if next(fails):
            raise failure
        return stream.show(100 + stream.count)

    play = Play("stepped", step=step)
    play.begin()
    play.send(LEFT)
    assert level(play.begin().frame) == 101
    assert not any(fails)


def test_a_step_without_a_frame_is_followed_by_another_without_the_action() -> None:
    frames = iter([True, False, True])

    def step(stream: Stream) -> VideoFrame:
        if not next(frames):
            raise NoFrameError("step 2 gave no frame")
        return counting()(stream)  # type: ignore[no-any-return]

    play = Play("stepped", step=step)
    play.begin()
    play.step(LEFT)
    assert play.stream.sent == ["reset", "walk"]


def test_a_black_first_frame_is_stepped_over_where_no_metadata_says_what_it_is() -> None:
    levels = iter([0, 180])
    play = Play("stepped", step=lambda s: s.show(next(levels)))
    assert level(play.begin().frame) == 180


def test_a_stepped_action_has_a_latency_once() -> None:
    play = Play("stepped", step=counting())
    play.begin()
    assert (play.step(LEFT).action_to_frame_ms or -1.0) >= 0


def test_rewards_of_steps_in_between_are_kept_and_counted() -> None:
    places = iter([(0, 0.0, 0.0), (3, 1.0, 5.0)])

    def step(stream: Stream) -> VideoFrame:
        number, reward, total = next(places)
        return stream.show(100, episode=1, step=number, reward=reward, **{"return": total})

    play = Play("stepped", step=step)
    play.begin()
    answer = play.step(LEFT)
    assert (answer.reward, answer.skipped, answer.repeated) == (5.0, 2, False)


def test_a_refused_step_that_means_the_end_repeats_the_frame_and_ends_the_episode() -> None:
    calls = iter([False, True])

    def step(stream: Stream) -> VideoFrame:
        if next(calls):
            raise StepFailedError("refused", "the run is over")
        return stream.show(150)

    play = Play("stepped", table={"ends": {"refused": ["run is over"]}}, step=step)
    first = play.begin()
    answer = play.step(LEFT)
    assert answer.frame is first.frame
    assert answer.repeated
    assert answer.ending is not None
    assert answer.action_to_frame_ms is None


# -- streamed -----------------------------------------------------------------------------------


def test_a_streamed_reset_passes_over_the_black_frame() -> None:
    play = Play("streamed", reset=later(0, 200))
    assert level(play.begin().frame) == 200


def test_a_held_control_is_sent_when_it_changes_and_set_neutral_by_the_reset() -> None:
    play = Play("streamed", reset=later(0, 200))
    play.begin()
    for action in (LEFT, LEFT, STILL, LEFT):
        play.step(action)
    play.begin()
    walked = [data.get("way") for data in play.stream.data if data]
    assert walked == ["left", "still", "left", "still"]


def test_controls_are_set_neutral_before_the_session_is_closed() -> None:
    play = Play("streamed", reset=later(0, 200))
    play.begin()
    play.step(LEFT)
    play.driver.release(play.stream.session, play.actions)
    assert play.stream.data[-1] == {"way": "still"}


def test_messages_are_handed_out_once() -> None:
    play = Play("streamed", reset=later(0, 200), walk=lambda s: s.tell("walked"))
    play.begin()
    kinds = [[message["type"] for message in play.step(action).messages] for action in (1, 1)]
    assert kinds == [["walked"], []]


def test_what_ended_the_last_episode_does_not_end_the_next() -> None:
    table = {"ends": {"truncated": ["over"]}}
    play = Play("streamed", table=table, reset=later(0, 200), walk=lambda s: s.tell("over"))
    play.begin()
    assert play.step(LEFT).ending is not None
    assert play.begin().ending is None


def test_a_command_that_does_not_fit_the_schema_is_never_sent() -> None:
    play = Play("streamed")
    with pytest.raises(InvalidCommandError, match="way"):
        play.driver.begin(play.stream.session, play.actions, [Command("walk", {"way": "up"})])
    assert play.stream.sent == []


def test_a_delay_is_needed_where_applied_cannot_be_told() -> None:
    play = Play("streamed", "applied", reset=later(0, 200))
    play.begin()
    assert play.driver.needs_delay(play.stream.session)
    play = Play("streamed", "next", reset=later(0, 200))
    play.begin()
    assert not play.driver.needs_delay(play.stream.session)
