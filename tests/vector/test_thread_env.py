from __future__ import annotations

import gc
import signal
import threading
import weakref
from typing import Any

import gymnasium as gym
import numpy as np
import pytest
from gymnasium.vector import AutoresetMode

from reactor_env.client.errors import ReactorTimeoutError
from reactor_env.vector import SessionPool, ThreadVectorEnv
from tests.vector.envs import WAIT_S, Counter, Gated, Losing, vector


def envs_of(envs: ThreadVectorEnv) -> list[Any]:
    return [env.unwrapped for env in envs.envs]


# -- construction and close ---------------------------------------------------------------------


@pytest.mark.parametrize(
    ("kwargs", "message"),
    [
        ({"env_fns": []}, "`env_fns` must make at least one environment"),
        ({"autoreset_mode": "Soon"}, "`autoreset_mode` must be one of 'NextStep', 'SameStep'"),
        ({"max_concurrent_starts": 0}, "`max_concurrent_starts` must be a positive integer, got 0"),
        ({"pool": SessionPool(1)}, "`env_fns` must make at most 1 environments, .* got 2"),
    ],
)
def test_a_wrong_argument_is_named_with_what_was_expected(
    kwargs: dict[str, Any], message: str
) -> None:
    with pytest.raises(ValueError, match=message):
        ThreadVectorEnv(**({"env_fns": [Counter, Counter]} | kwargs))


def test_a_constructor_that_fails_half_way_closes_what_it_made() -> None:
    made: list[Counter] = []

    def make() -> Counter:
        if len(made) == 2:
            raise OSError("no more")
        made.append(Counter())
        return made[-1]

    with pytest.raises(OSError, match="no more"):
        ThreadVectorEnv([make] * 4)
    assert [env.closed for env in made] == [1, 1]


def test_close_ends_every_thread_and_is_idempotent() -> None:
    before = set(threading.enumerate())
    envs = ThreadVectorEnv([Counter] * 3)
    envs.reset()
    envs.close()
    envs.close()
    assert [env.closed for env in envs_of(envs)] == [1, 1, 1]
    assert set(threading.enumerate()) <= before


def test_a_vector_that_nobody_holds_is_closed() -> None:
    envs = ThreadVectorEnv([Counter] * 2)
    envs.reset()
    envs.step([1, 1])
    inner, gone = envs_of(envs), weakref.ref(envs)
    del envs
    gc.collect()
    assert gone() is None
    assert [env.closed for env in inner] == [1, 1]


def test_a_closed_vector_says_so() -> None:
    envs = ThreadVectorEnv([Counter])
    envs.close()
    for use in (envs.reset, lambda: envs.step([1]), envs.recv, envs.render):
        with pytest.raises(gym.error.ClosedEnvironmentError, match="ThreadVectorEnv was closed"):
            use()


def test_environments_close_at_the_same_time_and_all_of_them_when_one_fails() -> None:
    meeting = threading.Barrier(3)

    class Meeting(Counter):
        def close(self) -> None:
            super().close()
            meeting.wait(WAIT_S)
            if self.length == 2:
                raise OSError("it sticks")

    envs = ThreadVectorEnv([lambda n=n: Meeting(n) for n in (1, 2, 3)])  # type: ignore[misc]
    with pytest.raises(OSError, match="it sticks") as caught:
        envs.close()
    assert caught.value.__notes__ == ["in slot 1 of 3"]
    assert [env.closed for env in envs_of(envs)] == [1, 1, 1]
    envs.close()


def test_close_waits_for_the_step_a_slot_is_in() -> None:
    envs = ThreadVectorEnv([Gated])
    (env,) = envs_of(envs)
    envs.reset()
    env.gate.clear()
    envs.send([1])
    closing = threading.Thread(target=envs.close)
    closing.start()
    env.gate.set()
    closing.join(WAIT_S)
    assert (env.count, env.closed) == (1, 1)


# -- reset --------------------------------------------------------------------------------------


def test_nothing_is_used_before_the_spaces_or_a_reset_are_asked_for() -> None:
    class Shy(Counter):
        def __init__(self) -> None:
            super().__init__()
            self.asked = 0

        def __getattribute__(self, name: str) -> Any:
            if name in ("observation_space", "action_space") and "asked" in self.__dict__:
                self.__dict__["asked"] += 1
            return super().__getattribute__(name)

    with vector(Shy, Shy) as envs:
        assert [env.asked for env in envs_of(envs)] == [0, 0]
        assert envs.single_action_space == gym.spaces.Discrete(5)
        assert envs.action_space == gym.spaces.MultiDiscrete([5, 5])
        assert [env.asked > 0 for env in envs_of(envs)] == [True, False]
        assert [env.resets for env in envs_of(envs)] == [[], []]


@pytest.mark.parametrize(
    ("seed", "expected"),
    [(7, [7, 8, 9]), (np.int64(7), [7, 8, 9]), ([4, None, 2], [4, None, 2]), (None, [None] * 3)],
)
def test_every_slot_gets_its_seed_and_the_options(seed: Any, expected: list[Any]) -> None:
    with vector(*[Counter] * 3) as envs:
        envs.reset(seed=seed, options={"prompt": "a beach"})
        assert [env.resets for env in envs_of(envs)] == [
            [(one, {"prompt": "a beach"})] for one in expected
        ]


def test_the_number_of_seeds_must_be_the_number_of_slots() -> None:
    with (
        vector(Counter, Counter) as envs,
        pytest.raises(ValueError, match="`seed` must hold one seed per slot, 2, got 3"),
    ):
        envs.reset(seed=[1, 2, 3])


def test_a_mask_resets_its_slots_and_leaves_the_callers_options_alone() -> None:
    with vector(*[Counter] * 3) as envs:
        envs.reset()
        envs.step([1, 1, 1])
        options = {"reset_mask": np.array([False, True, False]), "more": 1}
        observations, infos = envs.reset(seed=[1, 2, 3], options=options)
        assert observations.tolist() == [1, 0, 1]
        assert infos["_begun"].tolist() == [False, True, False]
        assert [env.resets[1:] for env in envs_of(envs)] == [[], [(2, {"more": 1})], []]
        assert set(options) == {"reset_mask", "more"}


@pytest.mark.parametrize(
    ("mask", "error"),
    [
        ([True, True], TypeError),
        (np.array([1, 1]), TypeError),
        (np.array([True]), ValueError),
        (np.array([[True, True]]), ValueError),
        (np.array([False, False]), ValueError),
    ],
)
def test_a_mask_of_another_form_is_refused(mask: Any, error: type[Exception]) -> None:
    with (
        vector(Counter, Counter) as envs,
        pytest.raises(error, match=r"`options\['reset_mask'\]` must"),
    ):
        envs.reset(options={"reset_mask": mask})


def test_the_first_reset_must_be_of_all_slots() -> None:
    with vector(Counter, Counter, Counter) as envs:
        with pytest.raises(gym.error.ResetNeeded, match="leaves out slots 0, 2"):
            envs.reset(options={"reset_mask": np.array([False, True, False])})
        assert envs_of(envs)[1].resets == []


def test_a_reset_that_fails_in_one_slot_names_it_and_can_be_tried_again_there() -> None:
    class Flaky(Counter):
        failures = 0

        def reset(
            self, *, seed: int | None = None, options: dict[str, Any] | None = None
        ) -> tuple[int, dict[str, Any]]:
            if self.failures:
                self.failures -= 1
                raise ConnectionError("no route")
            return super().reset(seed=seed, options=options)

    with vector(*[Flaky] * 3) as envs:
        envs_of(envs)[1].failures = 1
        with pytest.raises(ConnectionError, match="no route") as caught:
            envs.reset()
        assert caught.value.__notes__ == ["in slot 1 of 3"]
        observations, _ = envs.reset(options={"reset_mask": np.array([False, True, False])})
        assert observations.tolist() == [0, 0, 0]
        assert [len(env.resets) for env in envs_of(envs)] == [1, 1, 1]


def test_slots_with_other_spaces_are_refused() -> None:
    class Wide(Counter):
        def __init__(self) -> None:
            super().__init__()
            self.action_space = gym.spaces.Discrete(9)

    with (
        vector(Counter, Counter, Wide) as envs,
        pytest.raises(RuntimeError, match=r"spaces of slot 0.*Discrete\(9\).* from slot 2"),
    ):
        envs.reset()


def test_no_more_slots_start_at_a_time_than_allowed() -> None:
    lock = threading.Lock()
    counts = {"now": 0, "most": 0}

    class Slow(Counter):
        def reset(
            self, *, seed: int | None = None, options: dict[str, Any] | None = None
        ) -> tuple[int, dict[str, Any]]:
            with lock:
                counts["now"] += 1
                counts["most"] = max(counts.values())
            threading.Event().wait(0.02)
            with lock:
                counts["now"] -= 1
            return super().reset(seed=seed, options=options)

    with vector(*[Slow] * 6, max_concurrent_starts=2) as envs:
        envs.reset()
        assert counts["most"] == 2
        counts["most"] = 0
        envs.reset()
        assert counts["most"] > 2, "later resets open nothing and are not held back"


def test_closing_gives_up_starts_that_wait_for_their_turn() -> None:
    envs = ThreadVectorEnv([Gated] * 3, max_concurrent_starts=1)
    inner = envs_of(envs)
    for env in inner:
        env.gate.clear()
    errors: list[BaseException] = []

    def reset() -> None:
        try:
            envs.reset()
        except gym.error.ClosedEnvironmentError as error:
            errors.append(error)

    resetting = threading.Thread(target=reset)
    resetting.start()
    busy: list[Any] = []
    while not busy:
        busy = [env for env in inner if env.entered.acquire(timeout=0.01)]
    closing = threading.Thread(target=envs.close)
    closing.start()
    assert envs._openings._closing.wait(WAIT_S)
    busy[0].gate.set()
    closing.join(WAIT_S)
    resetting.join(WAIT_S)
    assert [len(env.resets) for env in busy] == [1]
    assert sum(len(env.resets) for env in inner) == 1
    assert [env.closed for env in inner] == [1, 1, 1]
    assert len(errors) == 1


# -- step ---------------------------------------------------------------------------------------


def test_slots_step_at_the_same_time() -> None:
    meeting = threading.Barrier(4)

    class Meeting(Counter):
        def step(self, action: int) -> tuple[int, float, bool, bool, dict[str, Any]]:
            meeting.wait(WAIT_S)
            return super().step(action)

    with vector(*[Meeting] * 4) as envs:
        envs.reset()
        observations, rewards, terminations, truncations, infos = envs.step([0, 1, 2, 3])
    assert observations.tolist() == [1, 1, 1, 1]
    assert rewards.tolist() == [0, 1, 2, 3]
    assert [rewards.dtype, terminations.dtype] == [np.dtype(np.float64), np.dtype(np.bool_)]
    assert not terminations.any()
    assert not truncations.any()
    assert infos["count"].tolist() == [1, 1, 1, 1]


@pytest.mark.parametrize("actions", [[1, 2], (1, 2), np.array([1, 2]), "tensor"])
def test_actions_come_as_anything_with_one_per_slot(actions: Any) -> None:
    if isinstance(actions, str):
        actions = pytest.importorskip("torch").tensor([1, 2])
    with vector(Counter, Counter) as envs:
        envs.reset()
        assert envs.step(actions)[1].tolist() == [1, 2]


def test_the_number_of_actions_must_be_the_number_of_slots() -> None:
    with vector(Counter, Counter) as envs:
        envs.reset()
        with pytest.raises(ValueError, match="`actions` must hold one action per slot, 2, got 3"):
            envs.step([1, 1, 1])
        assert envs.step([1, 1])[0].tolist() == [1, 1]


def test_a_step_before_a_reset_is_refused() -> None:
    with (
        vector(Counter, Counter) as envs,
        pytest.raises(gym.error.ResetNeeded, match="cannot step slots 0, 1: never reset"),
    ):
        envs.step([1, 1])


def test_a_slot_that_raises_does_so_after_all_have_settled_and_is_named() -> None:
    with vector(Gated, Gated, Gated) as envs:
        inner = envs_of(envs)
        envs.reset()
        inner[2].gate.clear()
        threading.Timer(0.1, inner[2].gate.set).start()
        with pytest.raises(ValueError, match=r"got .*9") as caught:
            envs.step([1, 9, 3])
        assert caught.value.__notes__ == ["in slot 1 of 3"]
        assert [env.count for env in inner] == [1, 0, 1]

        observations, rewards, *_, infos = envs.recv()
        assert dict(zip(infos["env_id"].tolist(), rewards.tolist(), strict=True)) == {0: 1, 2: 3}
        assert observations.tolist() == [1, 1]
        assert envs.step([1, 1, 1])[0].tolist() == [2, 1, 2]


def test_all_slots_that_raise_are_named() -> None:
    with vector(Counter, Counter, Counter) as envs:
        envs.reset()
        with pytest.raises(ValueError, match=r"got .*8") as caught:
            envs.step([8, 1, 9])
    assert caught.value.__notes__[0] == "in slot 0 of 3"
    assert caught.value.__notes__[1].startswith("slot 2 failed too: ValueError: `action` must")


def test_without_copy_the_next_batch_overwrites_the_last() -> None:
    def make() -> gym.Env[Any, Any]:
        return gym.make("CartPole-v1")

    with vector(make, make, copy=False) as envs:
        first, _ = envs.reset(seed=1)
        begun = first.copy()
        second, *_ = envs.step([0, 0])
        assert np.shares_memory(first, second)
        assert not np.array_equal(begun, first)
    with vector(make, make) as envs:
        first, _ = envs.reset(seed=1)
        envs.step([0, 0])
        assert np.array_equal(begun, first)


def test_an_interrupted_step_can_be_received() -> None:
    with vector(Gated, Gated) as envs:
        inner = envs_of(envs)
        envs.reset()
        inner[1].gate.clear()
        while inner[1].entered.acquire(blocking=False):
            pass
        main = threading.main_thread().ident
        assert main is not None

        def press_ctrl_c() -> None:
            inner[1].entered.acquire(timeout=WAIT_S)
            signal.pthread_kill(main, signal.SIGINT)

        press = threading.Thread(target=press_ctrl_c)
        press.start()
        with pytest.raises(KeyboardInterrupt):
            envs.step([1, 2])
        press.join(WAIT_S)
        inner[1].gate.set()
        assert sorted(envs.recv()[1].tolist()) == [1, 2]
        assert envs.step([1, 1])[0].tolist() == [2, 2]


# -- send and recv ------------------------------------------------------------------------------


def test_recv_does_not_wait_for_a_straggler_and_gives_slots_as_they_arrive() -> None:
    with vector(*[Gated] * 3) as envs:
        inner = envs_of(envs)
        envs.reset()
        inner[0].gate.clear()
        inner[1].gate.clear()
        envs.send([1, 2, 3])
        _, rewards, *_, infos = envs.recv(1)
        assert (rewards.tolist(), infos["env_id"].tolist()) == ([3], [2])
        envs.send([4], env_ids=infos["env_id"])
        inner[1].gate.set()
        observations, rewards, *_, infos = envs.recv(2)
        assert sorted(infos["env_id"].tolist()) == [1, 2]
        assert dict(zip(infos["env_id"].tolist(), observations.tolist(), strict=True)) == {
            1: 1,
            2: 2,
        }
        inner[0].gate.set()
        assert envs.recv()[1].tolist() == [1]


def test_recv_waits_no_longer_than_it_may_and_the_results_can_be_had_later() -> None:
    with vector(Gated, Gated) as envs:
        inner = envs_of(envs)
        envs.reset()
        inner[1].gate.clear()
        envs.send([1, 2])
        with pytest.raises(ReactorTimeoutError, match=r"2 slots .* within 0.05 s: slot 1 did not"):
            envs.recv(timeout_s=0.05)
        inner[1].gate.set()
        assert sorted(envs.recv()[1].tolist()) == [1, 2]


def test_actions_sent_may_be_overwritten_at_once() -> None:
    with vector(Gated) as envs:
        (env,) = envs_of(envs)
        envs.reset()
        env.gate.clear()
        actions = np.array([3])
        envs.send(actions)
        actions[:] = 0
        env.gate.set()
        assert envs.recv()[1].tolist() == [3]


def test_a_slot_with_a_result_nobody_received_takes_nothing_new() -> None:
    with vector(Counter, Counter) as envs:
        envs.reset()
        envs.send([1], env_ids=[1])
        with pytest.raises(gym.error.AlreadyPendingCallError, match="slot 1 stepped and nobody"):
            envs.step([1, 1])
        envs.send([1], env_ids=[0])
        assert len(envs.recv()[1]) == 2


def test_receiving_what_was_not_sent_is_refused() -> None:
    with vector(Counter, Counter) as envs:
        envs.reset()
        with pytest.raises(gym.error.NoAsyncCallError, match="call send first"):
            envs.recv()
        envs.send([1, 1])
        with pytest.raises(ValueError, match=r"`batch_size` must be 1 to 2, .* got 3"):
            envs.recv(3)


@pytest.mark.parametrize("env_ids", [[0, 0], [2], [-1]])
def test_slots_that_do_not_exist_are_refused(env_ids: list[int]) -> None:
    with vector(Counter, Counter) as envs:
        envs.reset()
        with pytest.raises(ValueError, match="`env_ids` must be different slots from 0 to 1, got"):
            envs.send([1] * len(env_ids), env_ids)


def test_a_reset_discards_what_nobody_received() -> None:
    with vector(Gated, Gated) as envs:
        inner = envs_of(envs)
        envs.reset()
        inner[1].gate.clear()
        envs.send([1, 1])
        observations, _ = envs.reset(options={"reset_mask": np.array([True, False])})
        assert observations.tolist() == [0, 0]
        inner[1].gate.set()
        assert envs.recv()[4]["env_id"].tolist() == [1]
        envs.send([1, 1])
        assert envs.reset()[0].tolist() == [0, 0]
        assert envs.step([1, 1])[0].tolist() == [1, 1]


# -- lost sessions and the pool -----------------------------------------------------------------


def test_a_lost_session_ends_its_slots_episode_alone_and_the_next_step_begins_another() -> None:
    with vector(*[lambda: Losing(100)] * 3) as envs:
        envs.reset()
        envs.step([1, 1, 1])
        envs_of(envs)[1].lose = True
        *_, truncations, infos = envs.step([1, 1, 1])
        assert truncations.tolist() == [False, True, False]
        assert infos["session_lost"].tolist() == [None, "the cable was cut", None]
        observations, rewards, *_ = envs.step([1, 1, 1])
        assert observations.tolist() == [3, 0, 3]
        assert rewards.tolist() == [1, 0, 1]


def test_in_same_step_mode_the_loss_is_in_the_final_info() -> None:
    with vector(Losing, Losing, autoreset_mode=AutoresetMode.SAME_STEP) as envs:
        envs.reset()
        envs_of(envs)[0].lose = True
        observations, *_, truncations, infos = envs.step([1, 1])
        assert truncations.tolist() == [True, False]
        assert infos["final_info"]["session_lost"].tolist() == ["the cable was cut", None]
        assert observations.tolist() == [0, 1]


def test_a_slot_counts_in_the_pool_from_its_first_use_to_close() -> None:
    pool = SessionPool(4)
    with vector(*[Losing] * 3, pool=pool) as envs:
        assert pool.in_use == 0
        assert envs.single_action_space is not None
        assert pool.in_use == 1
        envs.reset()
        assert pool.in_use == 3
        envs_of(envs)[0].lose = True
        envs.step([1, 1, 1])
        envs.step([1, 1, 1])
        assert pool.in_use == 3
    assert pool.in_use == 0


def test_two_vectors_that_share_a_pool_wait_for_each_other() -> None:
    pool = SessionPool(3)
    with vector(Counter, Counter, pool=pool) as second:
        first = ThreadVectorEnv([Counter, Counter], pool=pool)
        first.reset()
        done = threading.Thread(target=second.reset)
        done.start()
        while not pool.waiting:
            assert done.is_alive()
        first.close()
        done.join(WAIT_S)
        assert pool.in_use == 2


# -- attributes ---------------------------------------------------------------------------------


def test_attributes_are_set_and_read_and_methods_called_in_every_slot() -> None:
    with vector(Counter, Counter, Counter) as envs:
        envs.set_attr("length", [4, 5, 6])
        assert envs.get_attr("length") == (4, 5, 6)
        envs.set_attr("length", 9)
        assert envs.render() == ("0 of 9", "0 of 9", "0 of 9")
        envs.reset(seed=3)
        assert envs.np_random_seed == (3, 4, 5)
        with pytest.raises(ValueError, match="`values` must hold one value per slot, 3, got 2"):
            envs.set_attr("length", [1, 2])
