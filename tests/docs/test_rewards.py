"""``docs/rewards.md``: its code runs, and what it says of ends is so."""

from __future__ import annotations

import re
from typing import Any

import pytest

from reactor_env.profiles import get_profile
from reactor_env.rewards import Moment, as_reward
from reactor_env.runtime import LocalRuntime
from tests.docs.pages import DOCS, blocks
from tests.integration.conftest import MakeEnv
from tests.integration.conftest import catch_runtime as catch_runtime
from tests.integration.conftest import make_env as make_env

PAGE = (DOCS / "rewards.md").read_text(encoding="utf-8")


@pytest.mark.integration
def test_every_example_runs_and_rewards_a_step(
    make_env: MakeEnv, catch_runtime: LocalRuntime
) -> None:
    pytest.importorskip("torch")
    examples = blocks("rewards.md", "python")
    assert len(examples) >= 10
    env = make_env(model="catch", local=True, api_url=catch_runtime.url)
    env.reset(seed=1)
    observation, world_reward, _, _, info = env.step(1)
    assert env._last is not None
    moment = Moment(observation, 1, info, world_reward, False, env._last.frame)
    names: dict[str, Any] = {"__name__": "rewards_page"}
    values = []
    for block in examples:
        before = names.get("reward")
        exec(compile(block, "docs/rewards.md", "exec"), names)
        reward = names.get("reward")
        if reward is not before:
            values.append(as_reward(reward)(moment))
    assert len(values) >= 9
    assert all(isinstance(value, float) for value in values)
    assert names["rewards"].shape == (2,)


def ends() -> dict[str, str]:
    """Return what the page says that the flags are, by the pattern of ``info["end"]``."""
    rows = re.findall(r"^\|[^|]*\| (terminated|truncated) \| `([^`]*)`", PAGE, re.MULTILINE)
    return {re.sub(r"\b(NAME|N|REASON)\b", ".+", text): flag for flag, text in rows}


def told(info: dict[str, Any]) -> str:
    (flag,) = {flag for text, flag in ends().items() if re.fullmatch(text, str(info["end"]))}
    return flag


@pytest.mark.integration
def test_the_page_lists_the_ends_that_there_are(
    make_env: MakeEnv, catch_runtime: LocalRuntime
) -> None:
    assert len(ends()) == 7
    for horizon in (None, 2):
        env = make_env(model="catch", local=True, api_url=catch_runtime.url, horizon=horizon)
        env.reset(seed=1)
        terminated = truncated = False
        while not (terminated or truncated):
            *_, terminated, truncated, info = env.step(1)
        assert told(info) == ("terminated" if terminated else "truncated")
        assert terminated is (horizon is None)
        env.close()


def test_the_page_lists_what_the_profiles_name() -> None:
    rows = re.findall(r"^\| (`[a-z0-9_`, ]+`) \| (.*) \|$", PAGE, re.MULTILINE)
    named = {name: text for names, text in rows for name in re.findall(r"`(\w+)`", names)}
    for name in ("lingbot", "lingbot_world_2", "alayaworld", "matrix_game_2", "lingbot_world_v2"):
        profile_ends = get_profile(name).ends
        for rule in (*profile_ends.terminated, *profile_ends.truncated):
            assert f"`{rule.message}`" in named[name]
        for reason in profile_ends.refused:
            assert f"`{reason}`" in named[name]
