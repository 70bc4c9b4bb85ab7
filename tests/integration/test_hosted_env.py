"""Environments of hosted models, in front of a real runtime."""

from __future__ import annotations

import subprocess
import sys
import textwrap
import time
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest

from reactor_env.client.errors import (
    AuthenticationError,
    OutOfCreditsError,
    RateLimitedError,
    ServiceError,
)
from reactor_env.env import ReactorEnv
from reactor_env.errors import UnsupportedModelError
from tests.hosted.coordinator import HostedService
from tests.hosted.fixtures import hosted as hosted
from tests.hosted.fixtures import hosted_http as hosted_http
from tests.hosted.fixtures import hosted_runtime as hosted_runtime
from tests.hosted.state import Settings
from tests.twins.controls import LAYOUTS
from tests.twins.fixtures import TwinRuntime
from tests.twins.fixtures import twin_runtime as twin_runtime
from tests.twins.images import IMAGE
from tests.twins.picture import digest, read

CATCH = "reactor/catch"
WORLD = "reactor/lingbot-world-2"
BEGIN = {"image": IMAGE, "prompt": "a quiet room"}


@pytest.fixture(autouse=True)
def _no_process_left() -> None:
    """Let the runtime live until the last test of this module."""


@pytest.fixture
def lingbot(twin_runtime: TwinRuntime) -> Iterator[HostedService]:
    runtime = twin_runtime("lingbot_world_2", run_limit=400)
    with HostedService(runtime.url, settings=Settings(models=(WORLD,))) as service:
        yield service
        service.wait_no_live_sessions(10)


def environment(service: HostedService, model: str = CATCH, **kwargs: Any) -> ReactorEnv:
    given = {"api_key": service.api_key, "api_url": service.url, **kwargs}
    return ReactorEnv(model=model, **given)


def test_a_session_is_opened_by_reset_and_ended_by_close(lingbot: HostedService) -> None:
    env = environment(lingbot, WORLD)
    assert str(env.action_space) == "MultiDiscrete([3 3 3 3])"
    assert env.observation_space.shape == (960, 1664, 3)
    assert not lingbot.sessions
    observation, info = env.reset(seed=3, options=BEGIN)
    assert env.observation_space.contains(observation)
    picture = read(observation, LAYOUTS["lingbot_world_2"])
    assert picture is not None
    assert picture.controls["image"] == digest(IMAGE)
    assert info["frame_age_ms"] is None
    for _ in range(3):
        env.step(env.action_space.sample())
    env.reset()
    assert len(lingbot.sessions) == 1
    assert [upload.mime_type for upload in lingbot.uploads] == ["image/png"]
    env.close()
    lingbot.wait_no_live_sessions(5)
    assert lingbot.ledger[0].ended_at is not None


def test_a_model_without_a_known_schema_opens_its_session_for_the_spaces(
    hosted: HostedService,
) -> None:
    env = environment(hosted)
    assert str(env.action_space) == "Discrete(3)"
    assert len(hosted.live_sessions) == 1
    env.reset(seed=1)
    _, reward, *_ = env.step(1)
    assert isinstance(reward, float)
    assert len(hosted.sessions) == 1
    env.close()
    hosted.wait_no_live_sessions(5)


def test_spaces_that_are_never_used_leave_no_session(hosted: HostedService) -> None:
    env = environment(hosted)
    _ = env.action_space
    env.close()
    hosted.wait_no_live_sessions(5)


def test_a_hosted_session_may_be_stepped_where_it_is_asked_for(hosted: HostedService) -> None:
    env = environment(hosted, mode="stepped")
    env.reset(seed=1)
    assert env.generation == "stepped"
    _, _, _, _, info = env.step(1)
    assert info["metadata"]["action_seq"] == 1
    env.close()


def test_no_capacity_is_waited_for(hosted: HostedService) -> None:
    hosted.refuse_quota(times=2, retry_after_seconds=1)
    env = environment(hosted)
    begin = time.monotonic()
    env.reset(seed=1)
    assert time.monotonic() - begin >= 2
    env.close()


def test_the_budget_ends_the_waiting_and_says_how_often_it_was_tried(
    hosted: HostedService,
) -> None:
    hosted.refuse_quota(times=None, retry_after_seconds=1)
    env = environment(hosted, retry_budget=2.5)
    begin = time.monotonic()
    with pytest.raises(RateLimitedError) as caught:
        env.reset(seed=1)
    assert time.monotonic() - begin < 10
    assert "tried" in caught.value.__notes__[0]
    assert "`retry_budget` is 2.5 s" in caught.value.__notes__[0]
    assert not hosted.live_sessions


def test_what_no_waiting_helps_is_raised_at_once(hosted: HostedService) -> None:
    hosted.settings.out_of_credits = True
    env = environment(hosted)
    with pytest.raises(OutOfCreditsError):
        env.reset(seed=1)
    assert len(hosted.requests_to("POST", "/sessions")) == 1


def test_a_wrong_key_is_refused_and_never_shown(hosted_http: HostedService) -> None:
    env = environment(hosted_http, WORLD, api_key="rk_secret_of_mine")
    with pytest.raises(AuthenticationError) as caught:
        env.reset(options=BEGIN)
    assert "secret_of_mine" not in f"{caught.value!r} {env!r} {env._source!r} {vars(env)}"


def test_wrong_options_cost_nothing(lingbot: HostedService) -> None:
    env = environment(lingbot, WORLD)
    with pytest.raises(ValueError, match="must give 'image'"):
        env.reset()
    assert not lingbot.sessions


def test_an_expired_session_truncates_and_reset_opens_another_with_the_same_options(
    lingbot: HostedService,
) -> None:
    env = environment(lingbot, WORLD, observation={"size": (120, 208)})
    env.reset(options=BEGIN)
    env.step(env.action_space.sample())
    lingbot.expire_session(lingbot.live_sessions[0])
    for _ in range(50):
        _, _, terminated, truncated, info = env.step(np.zeros(4, np.int64))
        if truncated:
            break
    assert (terminated, truncated, info["end"]) == (False, True, "session lost")
    assert info["session_lost"]
    observation, _ = env.reset()
    picture = read(observation, LAYOUTS["lingbot_world_2"])
    assert picture is not None
    assert picture.controls["prompt"] == digest("a quiet room")
    assert len(lingbot.sessions) == 2
    env.close()


def test_a_model_that_changed_since_its_schema_was_published_is_refused(
    twin_runtime: TwinRuntime,
) -> None:
    runtime = twin_runtime("lingbot")
    with HostedService(runtime.url, settings=Settings(models=(WORLD,))) as service:
        env = environment(service, WORLD)
        with pytest.raises(UnsupportedModelError, match="profile lingbot_world_2 does not fit"):
            env.reset(options=BEGIN)
        service.wait_no_live_sessions(5)


SCRIPT = """
    import sys
    from reactor_env.env import ReactorEnv

    env = ReactorEnv(model="reactor/catch", api_url=sys.argv[1])
    env.reset(seed=1)
    env.step(1)
"""


def test_a_script_that_never_closes_leaves_no_session(
    hosted: HostedService, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("REACTOR_API_KEY", hosted.api_key)
    script = [sys.executable, "-c", textwrap.dedent(SCRIPT), hosted.url]
    assert subprocess.run(script, timeout=60, check=False).returncode == 0
    hosted.wait_no_live_sessions(5)
    assert len(hosted.sessions) == 1


def test_a_server_error_is_tried_again(hosted: HostedService) -> None:
    hosted.fail("POST", "/sessions", status=503, headers={"Retry-After": "1"})
    env = environment(hosted)
    env.reset(seed=1)
    env.close()
    hosted.fail("POST", "/sessions", status=500, times=None)
    env = environment(hosted, retry_budget=0)
    with pytest.raises(ServiceError):
        env.reset(seed=1)
