"""Bad input and bad luck: a clear message, nothing left running."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import textwrap
from pathlib import Path
from typing import Any

import gymnasium as gym
import numpy as np
import psutil
import pytest

from reactor_env.client.errors import (
    ConnectionFailedError,
    GenerationModeError,
    ReactorTimeoutError,
)
from reactor_env.errors import RuntimeStartError, UnknownWorldError, UnsupportedModelError
from reactor_env.source import WorldSource
from tests.integration.conftest import SESSIONS, MakeEnv

MANIFEST = "model:\n  name: mine\nruntime:\n  import: model:Model\n"

OWN_LOOP = """
    import asyncio
    import numpy as np
    from reactor_runtime import InputField, Output, ReactorApp, Video, event

    class Out(Output):
        main_video: Video

    class Model(ReactorApp):
        @event(name="act")
        def act(self, action: int = InputField(ge=0, le=2)): ...

        async def run(self):
            await self.connected.wait()
            shade = 0
            while True:
                shade = (shade + 5) % 250
                await self.emit(Out(main_video=np.full((64, 64, 3), shade, np.uint8)))
                await asyncio.sleep(0.02)
"""

STALLS = """
    import numpy as np
    from reactor_runtime import ApplicationError, InputField, Output, ReactorApp, Video, event

    class Out(Output):
        main_video: Video

    class Model(ReactorApp):
        @event(name="act")
        def act(self, action: int = InputField(ge=0, le=2)): ...

        frames = 0

        async def process_input(self):
            if self.frames == 3:
                raise ApplicationError("out of ideas")

        def generate(self, _):
            self.frames += 1
            return Out(main_video=np.full((64, 64, 3), 60 * self.frames, np.uint8))
"""

CRASHES = """
    import numpy as np
    import gymnasium as gym
    from reactor_env.worlds.episodic import build_world

    class Fragile(gym.Env):
        metadata = {"render_modes": ["rgb_array"], "render_fps": 30}
        observation_space = gym.spaces.Box(0, 255, (64, 64, 3), np.uint8)
        action_space = gym.spaces.Discrete(2)

        def reset(self, *, seed=None, options=None):
            self.steps = 0
            return self.render(), {}

        def step(self, action):
            self.steps += 1
            if self.steps == 3:
                raise ZeroDivisionError("the third step is broken")
            return self.render(), 0.0, False, False, {}

        def render(self):
            return np.full((64, 64, 3), 90, np.uint8)

    Model = build_world(Fragile)
"""


def play_on(env: gym.Env[Any, Any]) -> None:
    for _ in range(10):
        env.step(1)


SILENT = STALLS.replace("self.frames == 3", "True")


def folder_with(tmp_path: Path, code: str) -> str:
    (tmp_path / "reactor.yaml").write_text(MANIFEST)
    (tmp_path / "model.py").write_text(textwrap.dedent(code))
    return str(tmp_path)


@pytest.mark.parametrize("session", SESSIONS)
def test_an_action_outside_the_space_names_space_and_value(
    make_env: MakeEnv, session: dict[str, Any]
) -> None:
    env = make_env(**session)
    env.reset(seed=1)
    with pytest.raises(ValueError, match=r"`action` must be in Discrete\(3\), got 5 of type int"):
        env.step(5)
    env.step(1)


def test_an_unknown_world_lists_the_known_ones() -> None:
    with pytest.raises(UnknownWorldError, match=r"one of catch, .*gym:<env.*, got 'nope'"):
        gym.make("reactor_env/World-v0", world="nope")


def test_an_unknown_gymnasium_id_is_refused_before_anything_starts() -> None:
    with pytest.raises(UnknownWorldError, match="Did you mean: `CartPole`"):
        gym.make("reactor_env/World-v0", world="gym:CartPol-v1")


def test_a_model_that_refuses_stepped_mode_says_why(make_env: MakeEnv, tmp_path: Path) -> None:
    env = make_env(folder_with(tmp_path, OWN_LOOP), mode="stepped", observation={"size": (64, 64)})
    with pytest.raises(GenerationModeError, match=r"refuses stepped sessions.*own run"):
        env.reset()


def test_a_model_that_cannot_be_stepped_is_streamed_unless_told_otherwise(
    make_env: MakeEnv, tmp_path: Path
) -> None:
    env = make_env(folder_with(tmp_path, OWN_LOOP))
    observation, _ = env.reset()
    assert observation.shape == (64, 64, 3)
    for _ in range(5):
        observation, reward, terminated, truncated, _ = env.step(1)
    assert (reward, terminated, truncated) == (0.0, False, False)


def test_applied_pacing_on_a_model_that_shows_no_action_is_refused(
    make_env: MakeEnv, tmp_path: Path
) -> None:
    deaf = OWN_LOOP.replace("(shade + 5) % 250", "255 - shade")
    env = make_env(folder_with(tmp_path, deaf), pacing="applied", step_timeout=1.0)
    with pytest.raises(
        UnsupportedModelError, match=r"applied.*action_seq.*Give the time .* `delay`"
    ):
        env.reset()


def test_an_action_command_the_model_lacks_lists_those_it_has(make_env: MakeEnv) -> None:
    env = make_env(action_commands=["jump"])
    with pytest.raises(UnsupportedModelError, match="one of act, reset, got 'jump'"):
        _ = env.action_space


def test_a_port_nobody_answers_on_is_named(make_env: MakeEnv) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{taken.getsockname()[1]}"
        env = make_env(model="x", local=True, api_url=url)
        with pytest.raises(ConnectionFailedError, match=f"no runtime answers at {url}"):
            env.reset()


def test_a_world_that_does_not_load_shows_its_traceback(make_env: MakeEnv, tmp_path: Path) -> None:
    env = make_env(folder_with(tmp_path, "raise RuntimeError('my weights are missing')"))
    with pytest.raises(RuntimeStartError, match="my weights are missing"):
        env.reset()


def test_a_step_without_a_frame_says_what_it_waited_for(make_env: MakeEnv, tmp_path: Path) -> None:
    env = make_env(
        folder_with(tmp_path, STALLS),
        mode="streamed",
        step_timeout=1.0,
        observation={"size": (64, 64)},
    )
    env.reset()
    with pytest.raises(ReactorTimeoutError, match=r"no frame answered action \d within 1 s"):
        play_on(env)


def test_a_model_that_shows_nothing_makes_reset_say_so(make_env: MakeEnv, tmp_path: Path) -> None:
    env = make_env(
        folder_with(tmp_path, SILENT),
        mode="streamed",
        step_timeout=1.0,
        observation={"size": (64, 64)},
    )
    with pytest.raises(ReactorTimeoutError, match=r"no first frame .* came within 1 s"):
        env.reset()


@pytest.mark.parametrize("session", SESSIONS)
def test_a_runtime_that_dies_in_mid_episode_truncates_it_and_reset_starts_another(
    make_env: MakeEnv, session: dict[str, Any]
) -> None:
    env = make_env(**session)
    env.reset(seed=1)
    before, *_ = env.step(1)
    assert isinstance(env._source, WorldSource)
    pid = env._source.runtime.pid
    assert pid is not None
    os.kill(pid, signal.SIGKILL)

    for _ in range(20):
        observation, reward, terminated, truncated, info = env.step(1)
        if truncated:
            break
    assert (reward, terminated, truncated) == (0.0, False, True)
    assert "killed by SIGKILL" in info["session_lost"]
    assert observation.shape == before.shape
    with pytest.raises(gym.error.ResetNeeded, match="session was lost"):
        env.step(1)

    _, info = env.reset(seed=1)
    assert info["metadata"]["step"] == 0
    env.step(1)


@pytest.mark.parametrize("session", SESSIONS)
def test_a_world_that_raises_shows_its_traceback(
    make_env: MakeEnv, tmp_path: Path, session: dict[str, Any]
) -> None:
    env = make_env(folder_with(tmp_path, CRASHES), **session)
    env.reset()
    for _ in range(10):
        *_, truncated, info = env.step(1)
        if truncated:
            break
    assert "ZeroDivisionError: the third step is broken" in info["session_lost"]


def test_a_step_before_a_reset_or_after_the_end_is_refused(make_env: MakeEnv) -> None:
    env = make_env(mode="stepped")
    with pytest.raises(gym.error.ResetNeeded, match="never reset"):
        env.step(1)
    env.reset(seed=1)
    while not env.step(1)[2]:
        pass
    with pytest.raises(gym.error.ResetNeeded, match="episode is over"):
        env.step(1)


def test_an_unknown_reset_option_lists_the_known_ones(make_env: MakeEnv) -> None:
    with pytest.raises(ValueError, match=r"one of seed, got \['prompt'\]"):
        make_env().reset(options={"prompt": "a beach"})


def test_close_is_idempotent_and_reset_after_it_starts_anew(make_env: MakeEnv) -> None:
    env = make_env(mode="stepped")
    first, _ = env.reset(seed=1)
    env.close()
    env.close()
    again, _ = env.reset(seed=1)
    assert np.array_equal(first, again)


SCRIPT = """
    import sys
    import gymnasium as gym
    import reactor_env

    env = gym.make("reactor_env/World-v0", world="catch", mode=sys.argv[1], backend=sys.argv[2])
    env.reset(seed=1)
    print(env.unwrapped._source.runtime.pid, flush=True)
    while sys.argv[3] == "play":
        if env.step(1)[2]:
            env.reset()
"""


@pytest.mark.parametrize("session", SESSIONS)
@pytest.mark.parametrize("end", [None, signal.SIGINT, signal.SIGTERM, signal.SIGKILL])
def test_a_script_that_never_closes_leaves_no_process_however_it_ends(
    session: dict[str, str], end: signal.Signals | None
) -> None:
    script = [sys.executable, "-c", textwrap.dedent(SCRIPT), *session.values()]
    script.append("play" if end else "exit")
    with subprocess.Popen(script, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) as parent:
        assert parent.stdout is not None
        runtime = psutil.Process(int(parent.stdout.readline()))
        if end is not None:
            parent.send_signal(end)
        parent.wait(timeout=20)
    gone, alive = psutil.wait_procs([runtime], timeout=15)
    assert gone
    assert not alive
