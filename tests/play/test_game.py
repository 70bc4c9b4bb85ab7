from __future__ import annotations

from collections.abc import Collection, Iterable
from types import SimpleNamespace
from typing import Any, cast

import numpy as np

from reactor_env.env import ReactorEnv
from reactor_env.play import Game
from reactor_env.play.window import Input
from reactor_env.policies import Policy

NONE = Input(frozenset(), frozenset(), closed=False)
CLOSE = Input(frozenset(), frozenset(), closed=True)


def pressed(*keys: str) -> Input:
    return Input(frozenset(keys), frozenset(keys), closed=False)


def down(*keys: str) -> Input:
    return Input(frozenset(keys), frozenset(), closed=False)


class Played:
    """What a game did: its steps and resets in order, the lines it drew, and its sleeps."""

    def __init__(
        self,
        inputs: Iterable[Input],
        *,
        generation: str = "stepped",
        over_after: int = 100,
        policy: Policy | None = None,
    ) -> None:
        self.did: list[Any] = []
        self.drawn: list[list[str]] = []
        self.slept: list[int] = []
        self.now = 0
        inputs = iter(inputs)
        left = over_after

        def step(action: Any) -> tuple[Any, float, bool, bool, dict[str, Any]]:
            nonlocal left
            self.did.append(action)
            left -= 1
            return len(self.did), 1.0, left == 0, False, {}

        def reset(seed: int | None, options: dict[str, Any]) -> tuple[Any, dict[str, Any]]:
            nonlocal left
            self.did.append(("reset", seed, options))
            left = over_after
            return len(self.did), {}

        def sleep(due_ns: int) -> None:
            self.slept.append(due_ns - self.now)
            self.now = due_ns

        env = SimpleNamespace(
            generation=generation, step=step, reset=reset, render=lambda: np.zeros((2, 2, 3))
        )
        screen = SimpleNamespace(
            poll=lambda: next(inputs, CLOSE), draw=lambda _, lines: self.drawn.append(lines)
        )
        keys = SimpleNamespace(action=_joined, bound={"a": "left", "w": "forward"})
        game = Game(
            cast("ReactorEnv", env),
            keys,
            screen,
            fps=20.0,
            policy=policy,
            now_ns=lambda: self.now,
            sleep=sleep,
        )
        self.made = game.play(seed=7, options={"prompt": "a room"})


def _joined(down: Collection[str]) -> str:
    return "+".join(sorted(down))


BEGUN = ("reset", 7, {"prompt": "a room"})
AGAIN = ("reset", None, {"prompt": "a room"})


def test_the_keys_that_are_down_are_the_action_until_the_window_is_closed() -> None:
    game = Played([down("w"), NONE, down("a", "w")])
    assert game.did == [BEGUN, "w", "", "a+w"]
    assert game.made == 3


def test_a_stepped_world_is_stepped_at_its_own_rate() -> None:
    assert Played([NONE] * 3).slept == [50_000_000] * 3


def test_a_streamed_world_sets_the_rate_itself() -> None:
    assert Played([NONE] * 3, generation="streamed").slept == []


def test_a_paused_game_makes_single_steps_and_goes_on() -> None:
    game = Played([NONE, pressed("p"), NONE, pressed("."), NONE, pressed("p"), NONE])
    assert game.did == [BEGUN, "", ".", "p", ""]
    assert any("paused" in line for line in game.drawn[2])
    assert not any("paused" in line for line in game.drawn[-1])


def test_a_streamed_world_that_is_paused_gets_no_key() -> None:
    game = Played([pressed("p", "w"), down("w")], generation="streamed")
    assert game.did == [BEGUN, "", ""]


def test_another_episode_follows_the_end_of_one_and_the_backspace_key() -> None:
    assert Played([NONE, NONE], over_after=1).did == [BEGUN, "", AGAIN, ""]
    assert Played([NONE, pressed("backspace")]).did == [BEGUN, "", AGAIN, "backspace"]


def test_the_text_can_be_hidden() -> None:
    game = Played([NONE, pressed("tab"), NONE, pressed("tab")])
    assert [bool(lines) for lines in game.drawn] == [True, True, False, False, True]


class Counts:
    """Does what it was shown, with the number of its calls in the episode as its state."""

    def __init__(self) -> None:
        self.firsts: list[Any] = []

    def predict(
        self,
        observation: Any,
        state: int | None = None,
        episode_start: Any = None,
        deterministic: bool = False,
    ) -> tuple[str, int]:
        assert deterministic
        self.firsts.append(episode_start)
        calls = (state or 0) + 1
        return f"saw {observation}, call {calls}", calls


def test_a_policy_plays_until_a_key_of_the_game_is_down_and_sees_what_came_of_it() -> None:
    game = Played([NONE, down("w"), down("x"), NONE], policy=Counts())
    assert game.did == [BEGUN, "saw 1, call 1", "w", "saw 3, call 3", "saw 4, call 4"]
    told = [next((line for line in lines if "play" in line), "") for lines in game.drawn]
    assert [line.split("   ")[0] for line in told] == [
        "the policy plays",
        "the policy plays",
        "you play",
        "the policy plays",
        "the policy plays",
    ]


def test_a_policy_begins_every_episode_anew() -> None:
    policy = Counts()
    game = Played([NONE, NONE, NONE], over_after=2, policy=policy)
    assert game.did[1:] == ["saw 1, call 1", "saw 2, call 2", AGAIN, "saw 4, call 1"]
    assert policy.firsts == [True, False, True]


def test_a_policy_waits_while_a_streamed_world_is_paused() -> None:
    game = Played([pressed("p"), NONE, pressed("p")], generation="streamed", policy=Counts())
    assert game.did == [BEGUN, "", "", "saw 3, call 1"]
