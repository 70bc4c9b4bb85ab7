from __future__ import annotations

import threading
import time
from typing import Any

import pytest

from reactor_env.client.errors import CommandRefusedError, ReactorTimeoutError, SessionLostError
from reactor_env.client.video import VideoFrame
from reactor_env.client.wire.messages import Command
from reactor_env.clock import Clock
from reactor_env.latency import ActionLedger
from reactor_env.message_watch import MessageWatch
from reactor_env.profiles import read_profile
from reactor_env.rewards import episode_point
from reactor_env.streamed_steps import Delay, Reply, StreamedSteps
from tests.streams import Stream, level, shows

MOVE = Command("move")


class Play:
    """A stream with the steps that are tested, after a first frame."""

    def __init__(self, stream: Stream, pacing: Any, *, begin: Any = None, **options: Any) -> None:
        self.stream = stream
        table = {"actions": {"move": {}}} | options.pop("profile", {})
        self.profile = read_profile("p", table)
        self.watch = MessageWatch(self.profile)
        self.ledger = ActionLedger()
        self.steps = StreamedSteps(
            "m", self.profile, self.watch, self.ledger, pacing, 0.5, **options
        )
        self.last = stream.show(100, **(begin or {}))
        self.steps.begin()
        self.sequence = 0

    def step(self, *commands: Command) -> Reply:
        self.sequence += 1
        reply = self.steps.step(self.stream.session, commands, self.sequence, self.last)
        self.last = reply.frame
        return reply


def soon(stream: Stream, *levels: int, **metadata: Any) -> threading.Timer:
    timer = threading.Timer(0.05, lambda: shows(*levels, **metadata)(stream))
    timer.start()
    return timer


# -- next ---------------------------------------------------------------------------------------


def test_next_takes_the_newest_frame_that_is_there() -> None:
    play = Play(Stream(), "next")
    shows(101, 102)(play.stream)
    assert level(play.step(MOVE).frame) == 102


def test_next_waits_for_a_frame_rather_than_repeat_one() -> None:
    play = Play(Stream(), "next")
    soon(play.stream, 101)
    assert level(play.step(MOVE).frame) == 101


def test_next_is_as_many_frames_later_as_a_step_takes() -> None:
    play = Play(Stream(), "next", frames_per_step=3)
    shows(101, 102)(play.stream)
    soon(play.stream, 103)
    assert level(play.step(MOVE).frame) == 103


def test_a_frame_that_the_pacer_repeats_is_not_the_next() -> None:
    play = Play(Stream(), "next", begin={"episode": 1, "step": 0})
    play.stream.show(100, episode=1, step=0)
    soon(play.stream, 101, episode=1, step=1)
    assert level(play.step(MOVE).frame) == 101


def test_a_frame_of_another_episode_is_never_an_answer() -> None:
    play = Play(Stream(), "next", begin={"episode": 2, "step": 0})
    play.stream.show(55, episode=1, step=9)
    soon(play.stream, 101, episode=2, step=1)
    assert level(play.step(MOVE).frame) == 101


def test_a_frame_that_never_comes_is_told_with_what_was_seen() -> None:
    play = Play(Stream(), "next")
    with pytest.raises(
        ReactorTimeoutError, match=r"no frame answered action 1 .* 'next'.* 1 frame"
    ):
        play.step(MOVE)


# -- latest -------------------------------------------------------------------------------------


def test_latest_does_not_wait_and_repeats_the_last_frame() -> None:
    play = Play(Stream(), "latest")
    first = play.last
    assert play.step(MOVE).frame is first
    shows(101, 102)(play.stream)
    assert level(play.step(MOVE).frame) == 102


# -- applied ------------------------------------------------------------------------------------


def test_applied_takes_the_first_frame_that_names_the_action() -> None:
    play = Play(Stream(), "applied", begin={"episode": 1, "step": 0, "action_seq": 0})
    for step, sequence in ((1, 0), (2, 1), (3, 1)):
        play.stream.show(100 + step, episode=1, step=step, action_seq=sequence)
    reply = play.step(MOVE)
    assert (level(reply.frame), reply.applied_by) == (102, "metadata")


def test_applied_takes_the_end_of_an_episode_that_came_first() -> None:
    play = Play(Stream(), "applied", begin={"episode": 1, "step": 0, "action_seq": 0})
    play.stream.show(101, episode=1, step=1, action_seq=0, terminated=True)
    assert level(play.step(MOVE).frame) == 101


def test_applied_waits_for_a_given_delay_from_the_action() -> None:
    play = Play(Stream(), "applied", delay=Delay(0.1))
    begin = time.monotonic_ns()
    threading.Timer(0.05, lambda: play.stream.show(101)).start()
    threading.Timer(0.15, lambda: play.stream.show(102)).start()
    reply = play.step(MOVE)
    assert (level(reply.frame), reply.applied_by) == (102, "given delay")
    assert reply.frame.arrival_ns - begin >= 100_000_000
    assert (play.ledger.take(1) or 0.0) >= 100


def test_a_measured_delay_is_told_from_a_given_one() -> None:
    play = Play(Stream(), "applied")
    assert play.steps.needs_delay(episode_point(play.last))
    play.steps.delay = Delay(0.0, measured=True)
    soon(play.stream, 101)
    assert play.step(MOVE).applied_by == "measured delay"


def test_applied_waits_for_the_message_that_confirms() -> None:
    confirm = {"message": "applied", "after": 1}
    play = Play(Stream(), "applied", profile={"confirm": confirm})
    play.stream.show(101)

    def tell() -> None:
        play.stream.tell("applied")
        threading.Timer(0.05, lambda: play.stream.show(102)).start()

    threading.Timer(0.05, tell).start()
    reply = play.step(MOVE)
    assert (level(reply.frame), reply.applied_by) == (102, "message")


def test_an_action_that_sends_nothing_is_applied_already() -> None:
    play = Play(Stream(), "applied", delay=Delay(10.0))
    play.stream.show(101)
    assert level(play.step().frame) == 101


# -- a clock ------------------------------------------------------------------------------------


def test_a_clock_returns_the_newest_frame_at_the_tick() -> None:
    play = Play(Stream(), Clock(10))
    begin = time.monotonic()
    soon(play.stream, 101, 102)
    reply = play.step(MOVE)
    assert (level(reply.frame), reply.missed) == (102, False)
    assert time.monotonic() - begin > 0.08


def test_a_clock_repeats_a_frame_where_none_is_newer() -> None:
    play = Play(Stream(), Clock(100))
    first = play.last
    assert play.step(MOVE).frame is first


def test_a_step_that_begins_after_its_tick_returns_at_once_and_is_counted() -> None:
    play = Play(Stream(), Clock(1000, elasticity=1000))
    play.stream.frames.wait(lambda _: False, 0.05)  # a learner that thinks
    assert play.step(MOVE).missed
    assert play.steps.missed == 1


def test_without_a_clock_no_deadline_is_missed_or_met() -> None:
    play = Play(Stream(), "latest")
    assert play.step(MOVE).missed is None
    assert play.steps.missed is None


def test_a_session_that_is_lost_ends_a_long_period() -> None:
    play = Play(Stream(), Clock(0.1))
    threading.Timer(0.05, lambda: play.stream.lose("gone")).start()
    begin = time.monotonic()
    with pytest.raises(SessionLostError, match="gone"):
        play.step(MOVE)
    assert time.monotonic() - begin < 5


# -- refusals and ends --------------------------------------------------------------------------


def refuse(stream: Stream) -> None:
    raise CommandRefusedError("move", "invalid", "no such way")


def test_a_refused_action_is_raised_by_the_next_step_at_the_latest() -> None:
    play = Play(Stream(move=refuse), "latest")
    play.step(MOVE)
    with pytest.raises(CommandRefusedError, match="no such way"):
        play.step(MOVE)


def test_what_was_refused_before_a_reset_is_forgotten() -> None:
    play = Play(Stream(move=refuse), "latest")
    play.step(MOVE)
    play.steps.forget()
    play.step()


def test_a_refusal_that_means_the_end_ends_the_episode() -> None:
    ends = {"refused": ["no such way"]}
    play = Play(Stream(move=refuse), "latest", profile={"ends": ends})
    play.step(MOVE)
    play.step()
    assert play.watch.ending is not None
    assert "no such way" in play.watch.ending.reason


def test_a_message_that_ends_the_episode_ends_the_wait() -> None:
    ends = {"truncated": [{"message": "over"}]}
    play = Play(Stream(move=lambda s: s.tell("over")), "next", profile={"ends": ends})
    first: VideoFrame = play.last
    assert play.step(MOVE).frame is first
    assert play.watch.ending is not None


def test_an_acknowledgement_is_told_once() -> None:
    play = Play(Stream(), "latest")
    play.step(MOVE)
    assert (play.steps.take_ack() or -1.0) >= 0
    assert play.steps.take_ack() is None
