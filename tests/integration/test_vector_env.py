"""A vector of stepped sessions is a vector of the same environments played directly."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import textwrap
import threading
from collections.abc import Callable, Iterator
from typing import Any

import gymnasium as gym
import numpy as np
import psutil
import pytest
from gymnasium.vector import AutoresetMode, SyncVectorEnv
from gymnasium.wrappers.vector import RecordEpisodeStatistics

from reactor_env.errors import RuntimeStartError
from reactor_env.runtime import LocalRuntime
from reactor_env.source import WorldSource
from reactor_env.vector import ReactorVectorEnv
from tests.integration.conftest import SESSIONS

STEPS = 300

BREAKS_AT_SECOND_START = """
    import os
    import numpy as np
    from pathlib import Path
    from reactor_runtime import InputField, Output, ReactorApp, Video, event

    try:
        Path(__file__).with_name("started").touch(exist_ok=False)
    except FileExistsError:
        raise RuntimeError("only one of us can be") from None

    class Out(Output):
        main_video: Video

    class Model(ReactorApp):
        @event(name="act")
        def act(self, action: int = InputField(ge=0, le=2)): ...

        def generate(self, _):
            return Out(main_video=np.zeros((64, 64, 3), np.uint8))
"""

MakeVec = Callable[..., ReactorVectorEnv]


@pytest.fixture
def make_vec() -> Iterator[MakeVec]:
    """Make vectors that are closed after the test, whatever it did."""
    made: list[ReactorVectorEnv] = []

    def make(num_envs: int, world: str = "catch", **kwargs: Any) -> ReactorVectorEnv:
        if "model" not in kwargs:
            kwargs["world"] = world
        envs = gym.make_vec("reactor_env/World-v0", num_envs=num_envs, **kwargs)
        assert isinstance(envs, ReactorVectorEnv)
        made.append(envs)
        return envs

    yield make
    for envs in made:
        envs.close()


def play(envs: Any, steps: int) -> list[tuple[Any, ...]]:
    """Play random actions; reset by mask where nobody else does."""
    random = np.random.default_rng(3)
    observations, _ = envs.reset(seed=11)
    record: list[tuple[Any, ...]] = [(observations, None)]
    over = np.zeros(envs.num_envs, np.bool_)
    for _ in range(steps):
        if envs.metadata["autoreset_mode"] is AutoresetMode.DISABLED and over.any():
            observations, _ = envs.reset(seed=None, options={"reset_mask": over.copy()})
            record.append((observations, None))
        actions = random.integers(3, size=envs.num_envs)
        *answer, infos = envs.step(actions)
        over = answer[2] | answer[3]
        record.append((*answer, infos.get("final_obs")))
    return record


def runtimes() -> list[psutil.Process]:
    children = psutil.Process().children(recursive=True)
    return [child for child in children if "reactor_env.worlds.child" in child.cmdline()]


def pid_of(env: gym.Env[Any, Any]) -> int:
    source = env.unwrapped._source  # type: ignore[attr-defined]
    assert isinstance(source, WorldSource)
    pid = source.runtime.pid
    assert pid is not None
    return pid


@pytest.mark.parametrize("mode", list(AutoresetMode), ids=lambda mode: mode.value)
def test_every_autoreset_mode_equals_the_direct_environments_bit_for_bit(
    make_vec: MakeVec, mode: AutoresetMode
) -> None:
    direct = SyncVectorEnv([lambda: gym.make("reactor_env/Catch-v0")] * 4, autoreset_mode=mode)
    # Not all at once, so that the slots' episodes end at different steps.
    expected = play(Staggered(direct), STEPS)
    direct.close()
    through = play(Staggered(make_vec(4, autoreset_mode=mode, mode="stepped")), STEPS)

    assert len(through) == len(expected)
    ends = sum(int((one[2] | one[3]).sum()) for one in expected if len(one) > 2)
    assert ends > 60
    for index, (ours, theirs) in enumerate(zip(through, expected, strict=True)):
        assert len(ours) == len(theirs)
        for mine, other in zip(ours[:-1], theirs[:-1], strict=True):
            assert mine.dtype == other.dtype
            assert np.array_equal(mine, other), f"call {index} differs"
        if theirs[-1] is not None:
            for mine, other in zip(ours[-1], theirs[-1], strict=True):
                assert (mine is None) == (other is None)
                assert other is None or np.array_equal(mine, other)


class Staggered:
    """Begins slot i's first episode i steps after the first one's."""

    def __init__(self, envs: Any) -> None:
        self.envs = envs
        self.num_envs = envs.num_envs
        self.metadata = envs.metadata
        self.step = envs.step

    def reset(self, *, seed: int | None = None, options: Any = None) -> Any:
        answer = self.envs.reset(seed=seed, options=options)
        if options is None:
            for late in range(1, self.num_envs):
                self.envs.step(np.ones(self.num_envs, np.int64))
                mask = np.arange(self.num_envs) >= late
                answer = self.envs.reset(options={"reset_mask": mask})
        return answer


def test_nothing_starts_before_it_is_used_and_spaces_start_one(make_vec: MakeVec) -> None:
    envs = make_vec(3)
    assert runtimes() == []
    assert envs.single_observation_space.shape == (64, 64, 3)
    assert len(runtimes()) == 1
    envs.close()
    assert runtimes() == []


@pytest.mark.parametrize("session", SESSIONS)
def test_a_runtime_that_dies_ends_its_slots_episode_and_no_others(
    make_vec: MakeVec, session: dict[str, Any]
) -> None:
    envs = make_vec(3, **session)
    envs.reset(seed=1)
    envs.step([1, 1, 1])
    before = [pid_of(env) for env in envs.envs]
    os.kill(before[1], signal.SIGKILL)
    for _ in range(10):  # streamed frames that came before are still returned
        *_, truncations, infos = envs.step([1, 1, 1])
        if truncations.any():
            break
    assert truncations.tolist() == [False, True, False]
    assert "killed by SIGKILL" in infos["session_lost"][1]
    assert infos["_session_lost"].tolist() == [False, True, False]

    *_, truncations, infos = envs.step([1, 1, 1])
    assert not truncations.any()
    assert infos["metadata"]["step"][1] == 0
    assert "session_lost" not in infos
    after = [pid_of(env) for env in envs.envs]
    assert [one == other for one, other in zip(before, after, strict=True)] == [True, False, True]


def test_others_can_be_received_while_a_lost_slot_is_revived(make_vec: MakeVec) -> None:
    envs = make_vec(3, mode="stepped")
    envs.reset(seed=1)
    os.kill(pid_of(envs.envs[2]), signal.SIGKILL)
    *_, truncations, _ = envs.step([1, 1, 1])
    assert truncations.tolist() == [False, False, True]
    envs.send([1, 1, 1])
    received: list[int] = []
    for _ in range(10):
        *_, infos = envs.recv(1)
        slot = infos["env_id"].tolist()
        received += slot
        envs.send([1], slot)
    assert 2 not in received, "ten steps took longer than starting a runtime"
    while 2 not in received:
        *_, infos = envs.recv(1)
        slot = infos["env_id"].tolist()
        received += slot
        envs.send([1], slot)
    assert infos["metadata"]["step"].tolist() == [0], "the revived slot's first observation"


def test_an_action_outside_the_space_names_its_slot_and_the_others_go_on(
    make_vec: MakeVec,
) -> None:
    envs = make_vec(3, mode="stepped")
    envs.reset(seed=1)
    with pytest.raises(ValueError, match=r"`action` must be in Discrete\(3\), got 5") as caught:
        envs.step([1, 5, 1])
    assert caught.value.__notes__ == ["in slot 1 of 3"]
    assert sorted(envs.recv()[4]["env_id"].tolist()) == [0, 2]
    *_, infos = envs.step([1, 1, 1])
    assert infos["metadata"]["step"].tolist() == [2, 1, 2]


def test_a_start_that_fails_half_way_is_named_and_close_leaves_no_process(
    make_vec: MakeVec, tmp_path: Any
) -> None:
    (tmp_path / "reactor.yaml").write_text("model:\n  name: m\nruntime:\n  import: model:Model\n")
    (tmp_path / "model.py").write_text(textwrap.dedent(BREAKS_AT_SECOND_START))
    envs = make_vec(3, str(tmp_path), mode="stepped", observation={"size": (64, 64)})
    with pytest.raises(RuntimeStartError, match="only one of us can be") as caught:
        envs.reset()
    assert any(note.startswith("in slot") for note in caught.value.__notes__)
    envs.close()
    assert runtimes() == []


def test_close_during_the_start_leaves_no_process(make_vec: MakeVec) -> None:
    envs = make_vec(4, max_concurrent_starts=2)
    errors: list[BaseException] = []

    def reset() -> None:
        try:
            envs.reset()
        except gym.error.ClosedEnvironmentError as error:
            errors.append(error)

    resetting = threading.Thread(target=reset)
    resetting.start()
    while len(runtimes()) < 2:
        assert resetting.is_alive()
    envs.close()
    resetting.join(20)
    assert runtimes() == []
    assert len(errors) == 1


def test_tensors_are_stacked(make_vec: MakeVec) -> None:
    torch = pytest.importorskip("torch")
    envs = make_vec(
        2, mode="stepped", copy=False, observation={"tensor": "torch", "channels_first": True}
    )
    observations, _ = envs.reset(seed=1)
    assert isinstance(observations, torch.Tensor)
    assert (observations.dtype, tuple(observations.shape)) == (torch.uint8, (2, 3, 64, 64))
    again, *_ = envs.step(torch.tensor([0, 2]))
    assert again.data_ptr() == observations.data_ptr()


def test_each_slot_may_have_a_runtime_of_its_own_somewhere(make_vec: MakeVec) -> None:
    with LocalRuntime("catch") as one, LocalRuntime("catch") as other:
        envs = make_vec(2, model="catch", local=True, api_url=[one.url, other.url])
        observations, _ = envs.reset(seed=1)
        assert observations.shape == (2, 64, 64, 3)
        envs.close()
        assert len(runtimes()) == 2


def test_episodes_are_truncated_where_asked_and_gymnasiums_statistics_fit(
    make_vec: MakeVec,
) -> None:
    envs = RecordEpisodeStatistics(make_vec(2, mode="stepped", max_episode_steps=4))
    envs.reset(seed=1)
    for _ in range(4):
        *_, truncations, infos = envs.step(np.array([1, 1]))
    assert truncations.tolist() == [True, True]
    assert infos["episode"]["l"].tolist() == [4, 4]


def test_slots_render_their_own_frames(make_vec: MakeVec) -> None:
    envs = make_vec(2, mode="stepped", render_mode="rgb_array")
    observations, _ = envs.reset(seed=1)
    frames = envs.render()
    assert all(np.array_equal(frame, obs) for frame, obs in zip(frames, observations, strict=True))


SCRIPT = """
    import gymnasium as gym
    import reactor_env

    envs = gym.make_vec("reactor_env/World-v0", num_envs=2, world="catch")
    envs.reset(seed=1)
    print(*(env.unwrapped._source.runtime.pid for env in envs.envs), flush=True)
    {rest}
"""


@pytest.mark.parametrize(
    ("rest", "end"),
    [
        ("pass", None),
        ("envs.send([1, 1])", None),
        ("while True: envs.step([1, 1])", signal.SIGINT),
        ("while True: envs.step([1, 1])", signal.SIGKILL),
    ],
    ids=["exit", "exit with steps under way", "SIGINT", "SIGKILL"],
)
def test_a_script_that_never_closes_leaves_no_process_however_it_ends(
    rest: str, end: signal.Signals | None
) -> None:
    script = [sys.executable, "-c", textwrap.dedent(SCRIPT).format(rest=rest)]
    with subprocess.Popen(script, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) as parent:
        assert parent.stdout is not None
        left = [psutil.Process(int(pid)) for pid in parent.stdout.readline().split()]
        if end is not None:
            parent.send_signal(end)
        parent.wait(timeout=20)
    gone, alive = psutil.wait_procs(left, timeout=15)
    assert len(gone) == 2
    assert not alive
