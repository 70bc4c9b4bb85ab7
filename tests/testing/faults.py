"""One fault for every promise: environments that break it, and what the suite must say of each."""

from __future__ import annotations

import subprocess
import sys
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import gymnasium as gym
import numpy as np
from gymnasium.vector import SyncVectorEnv

from tests.spaces.models import command, integer, model
from tests.testing.fakes import FakeEnv, FakeSession

Make = Callable[[], FakeEnv]

GONE = threading.Event()
"""Ends the threads that broken environments leave behind."""

PROCESSES: list[subprocess.Popen[bytes]] = []
"""The processes they leave behind."""

SHARED = FakeSession()


def broken(**methods: Any) -> type[FakeEnv]:
    """Return a fake that lacks one promise: some of its methods are others."""
    return type("Broken", (FakeEnv,), methods)


def with_info(**changes: Any) -> type[FakeEnv]:
    """Return a fake whose info has other values; ``...`` takes the key away."""

    def info(self: FakeEnv) -> dict[str, Any]:
        told = FakeEnv.info(self) | changes
        return {key: value for key, value in told.items() if value is not ...}

    return broken(info=info)


def with_step(change: Callable[[FakeEnv, list[Any]], Any]) -> type[FakeEnv]:
    """Return a fake whose steps are changed after the fact, as a list of five."""

    def step(self: FakeEnv, action: Any) -> Any:
        answer = list(FakeEnv.step(self, action))
        change(self, answer)
        return tuple(answer)

    return broken(step=step)


def put(place: int, value: Any) -> Callable[[FakeEnv, list[Any]], None]:
    return lambda _, answer: answer.__setitem__(place, value)


def drawn(draw: Callable[[FakeEnv], Any]) -> type[FakeEnv]:
    return broken(draw=draw)


# -- what is broken -----------------------------------------------------------------------------


def other_spaces(self: FakeEnv) -> FakeSession:
    self.observation_space = gym.spaces.Box(0, 255, (4, 4, 1), np.uint8)
    return FakeEnv.open_session(self)


class Unsampled(gym.spaces.Discrete):
    def contains(self, x: Any) -> bool:
        return bool(x != 1) and super().contains(x)


def wide_room(self: FakeEnv) -> Any:
    size = 8 if self._prompt == "a wide room" else 4
    return np.full((size, size, 3), 90, np.uint8)


def black_first(self: FakeEnv) -> Any:
    return FakeEnv.draw(self) * (self._step > 0)


def one_buffer(self: FakeEnv) -> Any:
    buffer = vars(self).setdefault("buffer", np.zeros((4, 4, 3), np.uint8))
    buffer[:] = FakeEnv.draw(self)
    return buffer


def old_episode(self: FakeEnv) -> dict[str, Any]:
    told = FakeEnv.info(self)
    if self._step == 0:
        told["metadata"]["episode"] = self._episode - 1
    return told


def old_frame(self: FakeEnv) -> dict[str, Any]:
    told = FakeEnv.info(self)
    if self._step == 0:
        told["frame_id"] = self._episode
    return told


def any_option(self: FakeEnv, *, seed: Any = None, options: Any = None) -> Any:
    known = {key: value for key, value in (options or {}).items() if key in self.reset_options}
    return FakeEnv.reset(self, seed=seed, options=known)


def any_session(self: FakeEnv, *, seed: Any = None, options: Any = None) -> Any:
    known = {key: value for key, value in (options or {}).items() if key != "session"}
    return FakeEnv.reset(self, seed=seed, options=known)


def any_seed(self: FakeEnv, *, seed: Any = None, options: Any = None) -> Any:
    return FakeEnv.reset(self, seed=abs(seed or 1) % 1000, options=options)


def always_another_session(self: FakeEnv, *, seed: Any = None, options: Any = None) -> Any:
    return FakeEnv.reset(self, seed=seed, options={**(options or {}), "session": "new"})


def no_seed(self: FakeEnv, *, seed: Any = None, options: Any = None) -> Any:
    return FakeEnv.reset(self, seed=0 if seed is not None else None, options=options)


def never_the_same(self: FakeEnv) -> Any:
    frame = FakeEnv.draw(self)
    frame[3] = self._frame_id % 200
    return frame


def own_way_after_a_reset(self: FakeEnv, *, seed: Any = None, options: Any = None) -> Any:
    return FakeEnv.reset(self, seed=seed if seed is not None else self._frame_id, options=options)


def any_action(self: FakeEnv, action: Any) -> Any:
    return FakeEnv.step(self, action if self.action_space.contains(action) else 0)


def lost_by_a_wrong_action(self: FakeEnv, action: Any) -> Any:
    if not self.action_space.contains(action):
        self._session = self.open_session()
    return FakeEnv.step(self, action)


def says_nothing(self: FakeEnv, action: Any) -> Any:
    if not self.action_space.contains(action):
        raise ValueError("bad input")
    return FakeEnv.step(self, action)


def steps_unreset(self: FakeEnv, action: Any) -> Any:
    if self._needs_reset == "it was never reset":
        FakeEnv.reset(self, options={"prompt": "any"})
    return FakeEnv.step(self, action)


def connects_before(self: FakeEnv, action: Any) -> Any:
    self._session = self._session or self.open_session()
    return FakeEnv.step(self, action)


def steps_on(self: FakeEnv, action: Any) -> Any:
    if self._needs_reset == "the episode is over":
        self._needs_reset = ""
    return FakeEnv.step(self, action)


def raises_when_lost(self: FakeEnv, action: Any) -> Any:
    if self._session is not None and self._session.lost:
        raise ConnectionError("the socket is gone")
    return FakeEnv.step(self, action)


def unaware(self: FakeEnv, action: Any) -> Any:
    if self._session is not None:
        self._session.lost = ""
    return FakeEnv.step(self, action)


def forgets_prompt(self: FakeEnv) -> None:
    FakeEnv.end_session(self)
    self._prompt = ""


def steps_after_loss(self: FakeEnv, action: Any) -> Any:
    if self._needs_reset == "its session was lost":
        FakeEnv.reset(self)
    return FakeEnv.step(self, action)


def keeps_session(self: FakeEnv) -> None:
    self._needs_reset = "it was closed"


def leaves_thread(self: FakeEnv) -> None:
    FakeEnv.close(self)
    threading.Thread(target=GONE.wait, name="reactor-env-forgotten", daemon=True).start()


def leaves_process(self: FakeEnv) -> None:
    FakeEnv.close(self)
    left = [sys.executable, "-c", "import sys; sys.stdin.read()"]
    PROCESSES.append(subprocess.Popen(left, stdin=subprocess.PIPE))


def steps_when_closed(self: FakeEnv, action: Any) -> Any:
    if self._needs_reset == "it was closed":
        FakeEnv.reset(self)
    return FakeEnv.step(self, action)


def closes_once(self: FakeEnv) -> None:
    if self._needs_reset == "it was closed":
        raise RuntimeError("it is closed already")
    FakeEnv.close(self)


def opens_to_close(self: FakeEnv) -> None:
    self._session = self.open_session()


def closed_for_good(self: FakeEnv, *, seed: Any = None, options: Any = None) -> Any:
    if self._needs_reset == "it was closed":
        raise RuntimeError("make another environment")
    return FakeEnv.reset(self, seed=seed, options=options)


class ShortBatch(SyncVectorEnv):
    def step(self, actions: Any) -> Any:
        observations, *rest = super().step(actions)
        return observations[:1], *rest


class FloatBatch(SyncVectorEnv):
    def step(self, actions: Any) -> Any:
        observations, rewards, *rest = super().step(actions)
        return observations, rewards.astype(np.float32), *rest


def vector_of(kind: type[SyncVectorEnv]) -> dict[str, Any]:
    """Return the claim of a suite that makes such vectors."""
    return {"make_vector_env": lambda suite: kind([FakeEnv] * 2)}


@dataclass(frozen=True)
class Fault:
    """A broken environment, the check that must catch it, and what the message must say.

    Attributes:
        check: The check's name without ``test_``.
        fake: Makes the environment.
        says: A pattern of the message.
        claims: Class attributes of the suite that are others.
        kind: The error that tells; an assertion, but where the environment's own error does.
    """

    check: str
    fake: Make
    says: str
    claims: dict[str, Any] = field(default_factory=dict)
    kind: type[BaseException] = AssertionError

    @property
    def id(self) -> str:
        return f"{self.check}: {self.says}"


def set_in(**values: Any) -> Make:
    """Return a maker of fakes with other attributes."""

    def make() -> FakeEnv:
        env = FakeEnv()
        vars(env).update(values)
        return env

    return make


SHAPES = "every_observation_is_in_the_space_with_one_shape_and_dtype"
LOSS = "a_lost_session_truncates_the_episode_and_a_reset_opens_another"
CLOSED = "close_twice_leaves_no_session_thread_or_process"
WRONG_ACTION = "a_wrong_action_is_refused_and_the_episode_goes_on"
STEP_KEYS = "every_documented_key_is_in_info_with_its_type"
RESET_KEYS = "a_reset_returns_a_frame_and_every_documented_key"
BATCHES = "a_vector_resets_and_steps_every_slot"
FIRST = "the_first_frame_is_of_the_new_episode"

FAULTS = [
    Fault("the_spaces_are_gymnasium_spaces", set_in(action_space=3), "action_space is a gymn"),
    Fault("the_spaces_stay_the_same", broken(open_session=other_spaces), "stay what they are"),
    Fault(
        "sampled_actions_are_in_the_action_space",
        set_in(action_space=Unsampled(3)),
        r"a sample of Discrete\(3\) is in it",
    ),
    Fault(
        "every_action_becomes_commands_the_schema_allows",
        set_in(schema=model(command("act", integer("action", 0, 1)))),
        r"act\(\{'action': 2\}\).*from 0 to 1",
    ),
    Fault(SHAPES, drawn(lambda env: np.zeros((4, 4, 3), np.float32)), "dtype float32"),
    Fault(
        SHAPES,
        with_step(lambda env, answer: answer.__setitem__(0, answer[0][:, :2])),
        r"after step 1 is in .* of shape \(4, 2, 3\)",
    ),
    Fault("frames_of_another_size_keep_the_observation_space", drawn(wide_room), r"\(8, 8, 3\)"),
    Fault(RESET_KEYS, with_info(messages=...), "messages.*is not there"),
    Fault(RESET_KEYS, drawn(lambda env: np.zeros((2, 2, 3), np.uint8)), r"shape \(2, 2, 3\)"),
    Fault(
        "a_reset_straight_after_another_begins_an_episode_too",
        with_info(frame_repeated=True),
        "not returned before",
    ),
    Fault(
        "a_reset_straight_after_another_begins_an_episode_too",
        with_info(frame_id=4),
        "newer frame than frame 4",
    ),
    Fault("a_reset_keeps_the_session", broken(reset=always_another_session), "another session"),
    Fault("the_first_frame_is_not_black", drawn(black_first), "brightest value is 0 of 255"),
    Fault(FIRST, broken(info=old_episode), "shows episode 0, which the reset began"),
    Fault(FIRST, broken(info=old_frame), r"newer than frame \d+"),
    Fault(
        FIRST,
        with_info(metadata={"episode": 1}),
        "a stale frame, of episode 1",
    ),
    Fault("an_unknown_option_is_refused_by_name", broken(reset=any_option), "returned tuple"),
    Fault("a_wrong_session_option_is_refused", broken(reset=any_session), "returned tuple"),
    Fault("a_seed_out_of_range_is_refused", broken(reset=any_seed), "names 'seed'"),
    Fault(
        "equal_seeds_and_actions_give_equal_frames", drawn(never_the_same), "of the values differ"
    ),
    Fault(
        "equal_seeds_and_actions_give_equal_frames",
        set_in(reset_options=("prompt", "session")),
        "a model that is called deterministic takes a seed",
    ),
    Fault("some_seed_makes_a_difference", broken(reset=no_seed), "the same frames for all"),
    Fault(
        "a_reset_without_a_seed_goes_on",
        broken(reset=own_way_after_a_reset),
        "is the same every time",
    ),
    Fault(STEP_KEYS, with_info(wait_ms="soon"), "wait_ms.*must be float of at least 0"),
    Fault(STEP_KEYS, with_info(step_ms=float("nan")), "step_ms.*is nan"),
    Fault(STEP_KEYS, with_info(frame_id=True), "frame_id.*must be int"),
    Fault(STEP_KEYS, with_info(ack_ms=-1.0), "ack_ms.*must be float or None of at least 0"),
    Fault(
        "frame_ids_grow_and_a_repeated_frame_says_so",
        with_info(frame_id=7),
        "newer frame than 7, or says it is repeated",
    ),
    Fault(
        "frame_ids_grow_and_a_repeated_frame_says_so",
        with_step(lambda env, answer: answer[4].update(frame_repeated=True)),
        "frame_repeated=True",
    ),
    Fault(
        "an_observation_is_not_overwritten_by_later_steps",
        drawn(one_buffer),
        "another picture in the same memory",
    ),
    Fault(WRONG_ACTION, broken(step=any_action), "no error; it returned tuple"),
    Fault(WRONG_ACTION, broken(step=says_nothing), "names 'action'.*ValueError: bad input"),
    Fault(WRONG_ACTION, broken(step=lost_by_a_wrong_action), "another session"),
    Fault("a_step_before_the_first_reset_is_refused", broken(step=steps_unreset), "no error"),
    Fault(
        "a_step_before_the_first_reset_is_refused", broken(step=connects_before), "an open session"
    ),
    Fault(
        "rewards_are_floats_and_ends_are_booleans",
        with_step(put(1, 1)),
        "1 of type int",
    ),
    Fault(
        "rewards_are_floats_and_ends_are_booleans", with_step(put(1, float("inf"))), "finite float"
    ),
    Fault(
        "rewards_are_floats_and_ends_are_booleans",
        with_step(put(2, None)),
        "`terminated` of step 1 is True or False",
    ),
    Fault(
        "an_end_says_why", set_in(horizon=99), "within `longest_episode` = 20", {"horizon": None}
    ),
    Fault(
        "an_end_says_why",
        with_step(lambda env, answer: answer[4].update(end=None)),
        "says why the episode is over",
    ),
    Fault(
        "an_end_says_why",
        with_step(lambda env, answer: answer[4].update(end="soon")),
        "None while the episode goes on",
    ),
    Fault("the_horizon_truncates_exactly_there", set_in(horizon=7), "step 6 is truncated"),
    Fault("the_horizon_truncates_exactly_there", set_in(horizon=4), "after 4 steps"),
    Fault("a_step_after_the_end_is_refused_until_a_reset", broken(step=steps_on), "after the end"),
    Fault(
        "a_step_after_the_end_is_refused_until_a_reset", set_in(horizon=99), "got:      none did"
    ),
    Fault(LOSS, broken(step=raises_when_lost), "ConnectionError: the socket is gone"),
    Fault(LOSS, broken(step=unaware), "steps that know nothing of it, for 0.3 s"),
    Fault(
        LOSS,
        with_step(lambda env, answer: answer.__setitem__(1, 1.0)),
        "reward 0, terminated=False, truncated=True",
    ),
    Fault(
        LOSS,
        with_step(
            lambda env, answer: (
                answer[4].update(session_lost="") if "session_lost" in answer[4] else None
            )
        ),
        r'info\["session_lost"\] says why',
    ),
    Fault(
        LOSS,
        with_step(
            lambda env, answer: answer.__setitem__(0, None) if "session_lost" in answer[4] else None
        ),
        "the last observation again",
    ),
    Fault(LOSS, broken(step=steps_after_loss), "after the session was lost"),
    Fault(LOSS, broken(end_session=forgets_prompt), "must give 'prompt'", kind=ValueError),
    Fault("another_session_can_be_asked_for", broken(reset=any_session), "the same session"),
    Fault(
        "close_before_the_first_reset_is_free",
        broken(close=closes_once),
        "it is closed already",
        kind=RuntimeError,
    ),
    Fault("close_before_the_first_reset_is_free", broken(close=opens_to_close), "only made and"),
    Fault(CLOSED, broken(close=keeps_session), "no session is left after close"),
    Fault(CLOSED, broken(close=leaves_thread), "thread reactor-env-forgotten"),
    Fault(CLOSED, broken(close=leaves_process), r"process \d+ \(python"),
    Fault(CLOSED, broken(step=steps_when_closed), r"step\(\) after close\(\)"),
    Fault(
        "a_reset_after_close_opens_anew",
        broken(reset=closed_for_good),
        "make another environment",
        kind=RuntimeError,
    ),
    Fault(BATCHES, FakeEnv, r"after step 1 .* of shape \(1, 4, 4, 3\)", vector_of(ShortBatch)),
    Fault(BATCHES, FakeEnv, r"`rewards` is an array of shape \(2,\)", vector_of(FloatBatch)),
    Fault("every_slot_gets_frames_of_its_own_session", with_info(frame_id=5), "a newer frame than"),
    Fault(
        "every_slot_gets_frames_of_its_own_session",
        broken(open_session=lambda self: SHARED),
        "2 slots have 2 sessions.*1 sessions",
    ),
]
