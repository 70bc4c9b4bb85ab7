from __future__ import annotations

import http.client
import socket
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any

import numpy as np
import pytest

from reactor_env.policies import (
    CatchPolicy,
    PolicyServer,
    RemotePolicy,
    RemotePolicyError,
    closing_policies,
    named_policy,
)
from reactor_env.policies.server import PATH
from reactor_env.policies.wire import CONTENT_TYPE
from reactor_env.worlds.catch import CatchEnv
from tests.policies.test_served import Counts

WAIT_S = 20.0


class Answers:
    """Does whatever a function makes of what it was given."""

    def __init__(self, make: Any) -> None:
        self.make = make

    def predict(
        self,
        observation: Any,
        state: Any = None,
        episode_start: Any = None,
        deterministic: bool = False,
    ) -> tuple[Any, Any]:
        return self.make(observation, episode_start, deterministic), state


@contextmanager
def remote(policy: Any, **options: Any) -> Iterator[RemotePolicy]:
    with PolicyServer(policy, port=0, **options) as server:
        made = RemotePolicy(server.url, timeout=WAIT_S)
        try:
            yield made
        finally:
            made.close()


def play(policy: Any, seed: int) -> tuple[list[int], float]:
    env = CatchEnv("rgb_array")
    observation, _ = env.reset(seed=seed)
    actions: list[int] = []
    state, over, total = None, False, 0.0
    while not over:
        action, state = policy.predict(observation, state, not actions, True)
        actions.append(int(action))
        observation, reward, terminated, truncated, _ = env.step(action)
        total += float(reward)
        over = terminated or truncated
    return actions, total


def test_a_policy_plays_from_elsewhere_as_it_plays_here() -> None:
    with remote(CatchPolicy()) as policy:
        assert play(policy, 3) == play(CatchPolicy(), 3)
        assert play(policy, 4) == play(CatchPolicy(), 4)


def test_several_threads_play_at_the_same_time() -> None:
    with remote(CatchPolicy()) as policy, ThreadPoolExecutor(4) as pool:
        found = list(pool.map(lambda seed: play(policy, seed), range(8)))
    assert found == [play(CatchPolicy(), seed) for seed in range(8)]


def test_what_the_policy_is_given_is_what_was_given_here() -> None:
    given: list[Any] = []

    def note(*arguments: Any) -> np.float32:
        given.append(arguments)
        return np.float32(0.5)

    with remote(Answers(note)) as policy:
        observation = {"picture": np.zeros((2, 3), np.uint8), "past": (np.ones(2),)}
        action, _ = policy.predict(observation, None, np.array([True]), False)
        policy.predict(observation, deterministic=True)
    assert action == np.float32(0.5)
    ((seen, start, deterministic), (_, none, greedy)) = given
    np.testing.assert_array_equal(seen["picture"], observation["picture"])
    assert isinstance(seen["past"], tuple)
    np.testing.assert_array_equal(start, [True])
    assert (deterministic, none, greedy) == (False, None, True)


def test_a_recurrent_model_remembers_its_batch_of_episodes() -> None:
    contrib = pytest.importorskip("sb3_contrib")
    from stable_baselines3.common.vec_env import DummyVecEnv

    envs: Any = DummyVecEnv([lambda: _small(CatchEnv("rgb_array"))] * 2)
    model = contrib.RecurrentPPO("CnnLstmPolicy", envs, n_steps=8, batch_size=8, seed=1)
    rng = np.random.default_rng(0)
    pictures = rng.integers(0, 255, (8, 2, 36, 36, 3), np.uint8)
    starts = [np.array([number == 0, number in (0, 5)]) for number in range(8)]

    def actions(policy: Any) -> list[list[int]]:
        state, chosen = None, []
        for picture, start in zip(pictures, starts, strict=True):
            action, state = policy.predict(picture, state, start, deterministic=True)
            chosen.append([int(each) for each in action])
        return chosen

    with remote(model) as policy:
        assert actions(policy) == actions(model)


def _small(env: Any) -> Any:
    from gymnasium.wrappers import ResizeObservation

    return ResizeObservation(env, (36, 36))


# -- what goes wrong ----------------------------------------------------------------------------


def test_what_the_policy_refuses_is_told_here() -> None:
    with (
        remote(CatchPolicy()) as policy,
        pytest.raises(
            RemotePolicyError, match=r"refused \(400\): `observation` must be a uint8 RGB picture"
        ),
    ):
        policy.predict(np.zeros((1, 4, 4), np.uint8))


def test_a_policy_that_fails_is_told_of_and_goes_on(caplog: pytest.LogCaptureFixture) -> None:
    def fail(observation: Any, *_: Any) -> int:
        return int(1 / observation)

    with remote(Answers(fail)) as policy:
        with pytest.raises(RemotePolicyError, match=r"\(500\): the policy failed: ZeroDivisionErr"):
            policy.predict(0)
        assert policy.predict(1)[0] == 1
    assert "the policy failed" in caplog.text


def test_an_observation_that_is_too_long_is_refused() -> None:
    with remote(Counts(), max_bytes=1000) as policy:
        with pytest.raises(RemotePolicyError, match=r"\(413\): .* be 1000 bytes at most, got 1"):
            policy.predict(np.zeros(1000, np.uint8))
        assert policy.predict(np.zeros(10, np.uint8))[0] == 1


def test_an_observation_that_is_too_long_is_not_sent() -> None:
    policy = RemotePolicy("http://127.0.0.1:9", max_bytes=1000)
    with pytest.raises(ValueError, match=r"an observation must be 1000 bytes at most .*, got 1"):
        policy.predict(np.zeros(1000, np.uint8))
    policy.close()


def test_an_answer_that_is_too_long_is_refused() -> None:
    with PolicyServer(Answers(lambda *_: np.zeros(2000)), port=0) as server:
        policy = RemotePolicy(server.url, max_bytes=1000)
        with pytest.raises(RemotePolicyError, match="must be 1000 bytes at most, and there are"):
            policy.predict(0)
        policy.close()


def test_a_server_that_was_started_anew_has_forgotten_the_episode() -> None:
    with PolicyServer(Counts(), port=0) as server:
        policy = RemotePolicy(server.url, timeout=WAIT_S)
        _, state = policy.predict(0)
        port = int(server.url.rpartition(":")[2])
    with PolicyServer(Counts(), port=port):
        with pytest.raises(RemotePolicyError, match=r"\(410\): the episode is not known at its st"):
            policy.predict(0, state)
        assert policy.predict(0)[0] == 1  # on a new connection, unnoticed
    policy.close()


def test_a_request_whose_connection_broke_is_sent_again_and_acts_once() -> None:
    with PolicyServer(Counts(), port=0) as server, _breaking(server.url, 1) as url:
        policy = RemotePolicy(url, timeout=WAIT_S)
        action, state = policy.predict(0)
        assert action == 1
        assert policy.predict(0, state)[0] == 2
        assert server.answered == 2
        policy.close()


def test_a_connection_that_breaks_again_and_again_is_told_of() -> None:
    with PolicyServer(Counts(), port=0) as server, _breaking(server.url, 9) as url:
        policy = RemotePolicy(url, timeout=WAIT_S, retries=1)
        with pytest.raises(RemotePolicyError, match="step 0 of an episode; tried 2 times"):
            policy.predict(0)
        policy.close()


@contextmanager
def _breaking(url: str, times: int) -> Iterator[str]:
    """Forward one request for each connection, and lose the first answers."""
    target = int(url.rpartition(":")[2])
    listener = socket.create_server(("127.0.0.1", 0))
    listener.settimeout(WAIT_S)

    def forward() -> None:
        lost = 0
        while True:
            try:
                near, _ = listener.accept()
            except OSError:
                return
            with near, socket.create_connection(("127.0.0.1", target), WAIT_S) as far:
                near.settimeout(WAIT_S)
                request = near.recv(1 << 20)
                head, _, body = request.partition(b"\r\n\r\n")
                length = int(head.lower().partition(b"content-length: ")[2].split()[0])
                while len(body) < length:
                    body += near.recv(1 << 20)
                far.sendall(head + b"\r\n\r\n" + body)
                answer = far.recv(1 << 20)
                if lost < times:
                    lost += 1
                else:
                    near.sendall(answer)

    thread = threading.Thread(target=forward)
    thread.start()
    try:
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"
    finally:
        listener.shutdown(socket.SHUT_RDWR)
        listener.close()
        thread.join(WAIT_S)


def test_nobody_there_is_told_of() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    policy = RemotePolicy(f"http://127.0.0.1:{port}", retries=0)
    with pytest.raises(RemotePolicyError, match=f"no connection to a policy server at .*:{port}"):
        policy.check()


def test_an_answer_that_does_not_come_is_not_waited_for() -> None:
    go_on = threading.Event()
    with PolicyServer(Answers(lambda *_: go_on.wait(WAIT_S)), port=0) as server:
        policy = RemotePolicy(server.url, timeout=0.2)
        with pytest.raises(RemotePolicyError, match=r"no answer from .* within 0.2 s \(step 0"):
            policy.predict(0)
        go_on.set()
        policy.close()


def test_something_else_that_listens_is_no_policy_server() -> None:
    with remote(Counts()) as policy:
        assert policy.check() == "policy"
        address = policy.url.removeprefix("http://")
        connection = http.client.HTTPConnection(address, timeout=WAIT_S)
        for method, path, kind, status in [
            ("GET", "/elsewhere", "", 404),
            ("POST", "/elsewhere", CONTENT_TYPE, 404),
            ("POST", PATH, "application/json", 415),
            ("POST", PATH, CONTENT_TYPE, 400),
        ]:
            connection.request(method, path, b"{}", {"Content-Type": kind})
            response = connection.getresponse()
            assert response.status == status, response.read()
            response.read()
        connection.putrequest("POST", PATH)
        connection.putheader("Content-Type", CONTENT_TYPE)
        connection.endheaders()
        assert connection.getresponse().status == 411
        connection.close()


@pytest.mark.parametrize(
    "url",
    [
        "localhost:8400",
        "http://localhost",
        "http://localhost:99999",
        "http://localhost:8400/path",
        "ftp://localhost:8400",
        "http://:8400",
    ],
)
def test_an_address_that_is_none_is_named(url: str) -> None:
    with pytest.raises(ValueError, match=f"`url` must be http://host:port, got '{url}'"):
        RemotePolicy(url)


def test_a_password_is_not_repeated() -> None:
    with pytest.raises(ValueError, match="without a name and a password") as raised:
        named_policy("remote:http://me:hunter2@localhost:8400")
    assert "hunter2" not in str(raised.value)


@pytest.mark.parametrize(
    ("options", "told"),
    [({"timeout": 0}, "`timeout` must be positive, got 0"), ({"retries": -1}, "`retries` must")],
)
def test_arguments_that_cannot_be_are_named(options: Any, told: str) -> None:
    with pytest.raises(ValueError, match=told):
        RemotePolicy("http://localhost:8400", **options)


def test_a_remote_policy_has_a_name() -> None:
    with PolicyServer(CatchPolicy(), port=0) as server:
        maker = named_policy(f"remote:{server.url}")
        with closing_policies(maker, named_policy("random")):
            policy = maker(CatchEnv("rgb_array"), 0)
            assert play(policy, 3) == play(CatchPolicy(), 3)
        assert isinstance(policy, RemotePolicy)
        with pytest.raises(RuntimeError, match="closed"):
            policy.predict(0)
