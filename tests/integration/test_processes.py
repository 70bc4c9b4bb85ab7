"""Environments in other processes: pickled, spawned, and refused where they cannot work."""

from __future__ import annotations

import copy
import multiprocessing
import pickle
import subprocess
import sys
import textwrap
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import forkserver, resource_tracker
from typing import Any

import cloudpickle  # type: ignore[import-untyped]
import gymnasium as gym
import numpy as np
import psutil
import pytest
from gymnasium.vector import AsyncVectorEnv, SyncVectorEnv

import reactor_env
from reactor_env.client.errors import (
    CommandRefusedError,
    RateLimitedError,
    ReactorTimeoutError,
    StepFailedError,
)
from reactor_env.env import ReactorEnv
from reactor_env.loop_thread import ForkedProcessError
from tests.integration.conftest import MakeEnv
from tests.integration.sessions import DEFAULT_SESSIONS

pytestmark = pytest.mark.timeout(90)

STEPS = 12
SUPPORTED = ["spawn", "forkserver"]
ONE_SLOW = [pytest.param("spawn", marks=pytest.mark.slow), "forkserver"]
RESULT_S = 60.0


@pytest.fixture(scope="module", autouse=True)
def _helpers_of_multiprocessing() -> None:
    """Start, before processes are counted, those that multiprocessing keeps until the end."""
    resource_tracker.ensure_running()
    forkserver.ensure_running()


def play(env: gym.Env[Any, Any], steps: int = STEPS) -> list[tuple[Any, ...]]:
    """Play the same actions in every environment, and return what is the same in every one."""
    record: list[tuple[Any, ...]] = [(env.reset(seed=3)[0],)]
    over = False
    for number in range(steps):
        if over:
            record.append((env.reset()[0],))
        *answer, _ = env.step(number % 3)
        record.append(tuple(answer))
        over = answer[2] or answer[3]
    return record


def same(one: list[tuple[Any, ...]], other: list[tuple[Any, ...]]) -> bool:
    return len(one) == len(other) and all(
        len(a) == len(b) and all(np.array_equal(x, y) for x, y in zip(a, b, strict=True))
        for a, b in zip(one, other, strict=True)
    )


def make_catch(**kwargs: Any) -> gym.Env[Any, Any]:
    assert reactor_env.__version__  # registered in a process that imports only this function
    return gym.make("reactor_env/World-v0", world="catch", mode="stepped", **kwargs)


def generation(env: gym.Env[Any, Any]) -> str | None:
    assert isinstance(env.unwrapped, ReactorEnv)
    return env.unwrapped.generation


def play_and_close(env: gym.Env[Any, Any]) -> list[tuple[Any, ...]]:
    try:
        return play(env)
    finally:
        env.close()


# -- copies -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "make_copy",
    [
        lambda env: pickle.loads(pickle.dumps(env)),
        pytest.param(lambda env: cloudpickle.loads(cloudpickle.dumps(env)), marks=pytest.mark.slow),
        pytest.param(copy.deepcopy, marks=pytest.mark.slow),
    ],
    ids=["pickle", "cloudpickle", "deepcopy"],
)
def test_a_copy_is_made_of_the_same_arguments_and_not_connected(
    make_copy: Callable[[gym.Env[Any, Any]], gym.Env[Any, Any]],
) -> None:
    env = make_catch(observation={"size": (32, 32), "gray": True}, horizon=5)
    made = [env]
    try:
        made.append(make_copy(env))
        expected = play(env)
        made.append(make_copy(env))
        with pytest.raises(gym.error.ResetNeeded, match="it was never reset"):
            made[-1].step(1)
        for one in made[1:]:
            assert one.spec == env.spec
            assert generation(one) is None
            assert same(play(one), expected)
        assert generation(env) == "stepped", "the original goes on"
        assert same(play(env), expected)
    finally:
        for one in made:
            one.close()


# -- started processes --------------------------------------------------------------------------


@pytest.mark.parametrize("method", SUPPORTED)
def test_a_connected_environment_can_be_sent_to_a_process(method: str) -> None:
    env = make_catch()
    try:
        expected = play(env)
        context = multiprocessing.get_context(method)
        with ProcessPoolExecutor(1, mp_context=context) as pool:
            assert same(pool.submit(play_and_close, env).result(RESULT_S), expected)
        assert same(play(env), expected), "the parent's session goes on"
    finally:
        env.close()


@pytest.mark.parametrize("method", ONE_SLOW)
def test_gymnasiums_processes_play_the_same_as_the_game_itself(
    make_env: MakeEnv, method: str
) -> None:
    make_env().reset()  # the parent has a session of its own
    direct = SyncVectorEnv([lambda: gym.make("reactor_env/Catch-v0")] * 2)
    envs = AsyncVectorEnv([make_catch] * 2, context=method)
    try:
        assert envs.single_observation_space == direct.single_observation_space
        assert np.array_equal(envs.reset(seed=5)[0], direct.reset(seed=5)[0])
        for number in range(40):
            actions = np.array([number % 3, (number + 1) % 3])
            for mine, other in zip(envs.step(actions)[:4], direct.step(actions)[:4], strict=True):
                assert np.array_equal(mine, other)
    finally:
        envs.close()
        direct.close()


@pytest.mark.parametrize("method", ONE_SLOW)
def test_stable_baselines3s_processes_play(make_env: MakeEnv, method: str) -> None:
    vec_env = pytest.importorskip("stable_baselines3.common.vec_env")
    make_env().reset()
    envs = vec_env.SubprocVecEnv([make_catch] * 2, start_method=method)
    try:
        assert envs.reset().shape == (2, 64, 64, 3)
        for number in range(STEPS):
            observations, *_ = envs.step(np.array([number % 3] * 2))
        assert observations.shape == (2, 64, 64, 3)
    finally:
        envs.close()


@pytest.mark.parametrize(
    "error",
    [
        ForkedProcessError("use spawn"),
        ReactorTimeoutError("no frame came"),
        RateLimitedError("too many", 429, 1.5, "concurrent_sessions"),
        CommandRefusedError("act", "invalid", "no"),
        StepFailedError("refused", "no", code="over", entry="commands[0]"),
    ],
    ids=lambda error: type(error).__name__,
)
def test_an_error_comes_back_from_a_process_as_it_was(error: Exception) -> None:
    error.add_note("in slot 1 of 2")
    back = pickle.loads(pickle.dumps(error))
    assert (type(back), str(back), vars(back)) == (type(error), str(error), vars(error))


# -- forked processes ---------------------------------------------------------------------------

FORK = """
    import os, sys, warnings
    import gymnasium as gym
    import psutil
    import reactor_env

    warnings.simplefilter("ignore", DeprecationWarning)  # of a fork beside threads

    def make(**kwargs):
        return gym.make("reactor_env/World-v0", world="catch", **kwargs)

    def fork(use):
        sys.stdout.flush()
        child = os.fork()
        if child:
            print("the child ended with", os.waitpid(child, 0)[1])
            return
        for name, call in use.items():
            try:
                call()
                print(name, "worked")
            except Exception as error:
                print(name, type(error).__name__, "spawn" in str(error))
        sys.exit(0)  # not os._exit: what the parent registered for its own exit is run

"""


def run_forking(script: str) -> list[str]:
    """Run a program that forks, to its end, and return the lines it printed."""
    ended = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(FORK) + textwrap.dedent(script)],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert (ended.stderr, ended.returncode) == ("", 0)
    return ended.stdout.splitlines()


@pytest.mark.parametrize("session", DEFAULT_SESSIONS)
def test_after_connect_a_forked_process_refuses_everything_and_leaves_the_parents_session(
    session: dict[str, Any],
) -> None:
    lines = run_forking(f"""
        env = make(render_mode="rgb_array", **{session!r})
        env.reset(seed=1)
        env.step(1)
        env.render()
        runtime = psutil.Process(env.unwrapped._source.runtime.pid)
        fork({{
            "step": lambda: env.step(1),
            "reset": env.reset,
            "reset to a new session": lambda: env.reset(options={{"session": "new"}}),
            "close": env.close,
            "a new environment": make().reset,
        }})
        assert runtime.is_running()
        session = env.unwrapped._session
        for _ in range(40):
            _, _, terminated, truncated, info = env.step(1)
            assert "session_lost" not in info, info["session_lost"]
            if terminated or truncated:
                env.reset()
        assert env.unwrapped._session is session
        env.close()
        assert not runtime.is_running()
    """)
    assert lines == [
        "step ForkedProcessError True",
        "reset ForkedProcessError True",
        "reset to a new session ForkedProcessError True",
        "close worked",
        "a new environment ForkedProcessError True",
        "the child ended with 0",
    ]


def test_before_connect_a_forked_process_has_an_environment_of_its_own() -> None:
    lines = run_forking("""
        env = make()
        assert env.action_space.n == 3  # the runtime is started for it
        runtime = psutil.Process(env.unwrapped._source.runtime.pid)

        def play():
            env.reset()
            assert env.unwrapped._source.runtime.pid != runtime.pid
            env.step(1)
            env.close()

        fork({"playing": play})
        assert runtime.is_running()
        env.reset()
        assert env.unwrapped._source.runtime.pid == runtime.pid
        env.close()
    """)
    assert lines == ["playing worked", "the child ended with 0"]


def test_gymnasiums_forked_processes_raise_the_error_in_the_parent() -> None:
    lines = run_forking("""
        from gymnasium.vector import AsyncVectorEnv

        gym.logger.min_level = 100
        env = make()
        env.reset()
        envs = AsyncVectorEnv([make, make], context="fork")
        try:
            envs.reset()
        except Exception as error:
            print(type(error).__name__, "spawn" in str(error))
        envs.close(terminate=True)
        env.step(1)
        env.close()
    """)
    assert lines == ["ForkedProcessError True"]


def test_a_vector_in_a_forked_process_refuses_everything() -> None:
    lines = run_forking("""
        envs = gym.make_vec("reactor_env/World-v0", num_envs=2, world="catch")
        envs.reset()
        fork({
            "step": lambda: envs.step([1, 1]),
            "reset": envs.reset,
            "close": envs.close,
        })
        envs.step([1, 1])
        envs.close()
    """)
    assert lines == [
        "step ForkedProcessError True",
        "reset ForkedProcessError True",
        "close worked",
        "the child ended with 0",
    ]


def test_a_forked_process_does_not_keep_the_runtime_of_a_parent_that_was_killed() -> None:
    script = """
        env = make()
        env.action_space
        child = os.fork()
        if not child:
            signal.pause()
        print(env.unwrapped._source.runtime.pid, child, flush=True)
        os.kill(os.getpid(), signal.SIGKILL)
    """
    code = "import signal\n" + textwrap.dedent(FORK) + textwrap.dedent(script)
    with subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE) as parent:
        assert parent.stdout is not None
        runtime, child = (psutil.Process(int(pid)) for pid in parent.stdout.readline().split())
        parent.wait(timeout=20)
    try:
        gone, _ = psutil.wait_procs([runtime], timeout=20)
        assert gone
        assert child.is_running()
    finally:
        child.kill()
        psutil.wait_procs([child], timeout=5)
