"""A policy that is served elsewhere, for example on a machine with a GPU."""

from __future__ import annotations

import itertools
import json
import time
import uuid
from typing import Any, NamedTuple
from urllib.parse import urlsplit

import httpx

from reactor_env.client.errors import ReactorClientError
from reactor_env.policies.wire import CONTENT_TYPE, MAX_BYTES, VERSION, WireError, decode, encode

_PATH = "/predict"
_PAUSE_S = 0.05


class RemotePolicyError(ReactorClientError):
    """A policy server cannot be reached, or refuses; the text says which and why."""


class RemoteState(NamedTuple):
    """Which request of which episode comes next; the policy's own state is on the server.

    Attributes:
        episode: Its name.
        step: The request's number.
    """

    episode: str
    step: int


class RemotePolicy:
    """Asks a policy server (``reactor-env serve-policy``) for every action.

    One call is one round trip on a kept connection: the observation travels as its bytes
    (:mod:`reactor_env.policies.wire`), one of one environment or a batch as the policy takes it,
    and the action comes back. What the policy remembers stays with the server, so that a state of
    this policy can be used once, for the next step of its episode.

    A request that could not be sent, or whose connection broke, is sent again, up to ``retries``
    times: the server knows it by its number and does not let the policy act on it twice. One that
    takes longer than ``timeout`` is not, since the action would be late.

    What others do: OpenPI's policy server takes msgpack over a WebSocket and LeRobot's asynchronous
    inference streams observations over gRPC; both answer with chunks of actions, of which a robot
    plays some while it waits for the next (openpi ``docs/remote_inference.md``,
    huggingface.co/docs/lerobot/async). Here every action answers the newest observation, as
    ``predict`` has it: the round trip is part of the delay that the agent plays with.

    Args:
        url: ``http://host:port`` of the server. Proxies of the environment are not used.
        timeout: Seconds that an answer, or a connection, may take.
        retries: How often a request is sent again.
        max_bytes: How long a request and an answer may be.

    Raises:
        ValueError: If an argument cannot be.

    Example:
        >>> policy, state = RemotePolicy("http://localhost:8400"), None
        >>> action, state = policy.predict(observation, state)
    """

    def __init__(
        self,
        url: str,
        *,
        timeout: float = 5.0,
        retries: int = 2,
        max_bytes: int = MAX_BYTES,
    ) -> None:
        if not 0 < timeout < float("inf"):
            raise ValueError(f"`timeout` must be positive, got {timeout}")
        if retries < 0:
            raise ValueError(f"`retries` must not be negative, got {retries}")
        self.url = checked_url(url)
        self._timeout = timeout
        self._retries = retries
        self._max_bytes = max_bytes
        self._http = httpx.Client(base_url=self.url, timeout=timeout, trust_env=False)
        self._name = uuid.uuid4().hex
        self._number = itertools.count()

    def check(self) -> str:
        """Return the name of the policy that is served.

        Raises:
            RemotePolicyError: If nothing answers, or it is no policy server.
        """
        body = self._send("GET", "/", b"", "whether it is there")
        try:
            document = json.loads(body)
            protocol, name = document["protocol"], str(document["policy"])
        except (ValueError, TypeError, KeyError) as error:
            raise RemotePolicyError(f"{self.url} is no policy server: {body[:80]!r}") from error
        if protocol != VERSION:
            raise RemotePolicyError(
                f"the policy server at {self.url} must speak version {VERSION}, got {protocol!r}"
            )
        return name

    def predict(
        self,
        observation: Any,
        state: Any = None,
        episode_start: Any = None,
        deterministic: bool = False,
    ) -> tuple[Any, RemoteState]:
        """Choose an action; see :meth:`~reactor_env.policies.Policy.predict`.

        Args:
            observation: An array, a torch tensor, or dicts and tuples of them.
            state: As returned by the call before; ``None`` begins an episode.
            episode_start: Handed on to the policy.
            deterministic: Handed on to the policy.

        Raises:
            RemotePolicyError: If the server cannot be reached in time, or refuses.
            ValueError: If the observation cannot be sent.
        """
        if state is None:
            state = RemoteState(f"{self._name}-{next(self._number)}", 0)
        request = {
            "episode": state.episode,
            "step": state.step,
            "request": f"{self._name}-{next(self._number)}",
            "observation": observation,
            "episode_start": episode_start,
            "deterministic": bool(deterministic),
        }
        content = encode(request)
        if len(content) > self._max_bytes:
            raise WireError(
                f"an observation must be {self._max_bytes} bytes at most with what goes along, got "
                f"{len(content)}"
            )
        body = self._send("POST", _PATH, content, f"step {state.step} of an episode")
        try:
            action = decode(body)["action"]
        except (WireError, TypeError, KeyError) as error:
            raise RemotePolicyError(
                f"the answer of the policy server at {self.url} must be a message with an action: "
                f"{error}"
            ) from error
        return action, RemoteState(state.episode, state.step + 1)

    def close(self) -> None:
        """Close the connection. Safe to call twice."""
        self._http.close()

    def _send(self, method: str, path: str, content: bytes, what: str) -> bytes:
        for attempt in itertools.count():
            try:
                return self._answer(method, path, content)
            except httpx.TimeoutException as error:
                raise RemotePolicyError(
                    f"no answer from the policy server at {self.url} within {self._timeout:g} s "
                    f"({what})"
                ) from error
            except httpx.TransportError as error:
                if attempt >= self._retries:
                    raise RemotePolicyError(
                        f"no connection to a policy server at {self.url} ({what}; tried "
                        f"{attempt + 1} times): {error or type(error).__name__}"
                    ) from error
                time.sleep(_PAUSE_S * 2**attempt)
        raise AssertionError("unreachable")

    def _answer(self, method: str, path: str, content: bytes) -> bytes:
        headers = {"Content-Type": CONTENT_TYPE} if content else {}
        with self._http.stream(method, path, content=content, headers=headers) as response:
            body = bytearray()
            for part in response.iter_raw():
                body += part
                if len(body) > self._max_bytes:
                    raise RemotePolicyError(
                        f"an answer of the policy server at {self.url} must be {self._max_bytes} "
                        "bytes at most, and there are more"
                    )
        if response.status_code != httpx.codes.OK:
            raise RemotePolicyError(
                f"the policy server at {self.url} refused ({response.status_code}): "
                f"{_reason(bytes(body))}"
            )
        return bytes(body)


def checked_url(url: str) -> str:
    """Return the address of a server without a slash at its end.

    Raises:
        ValueError: If it is none. A name and password in it are not repeated.
    """
    parts = urlsplit(url)
    try:
        port = parts.port
    except ValueError:
        port = None
    if parts.username is not None or parts.password is not None:
        raise ValueError("`url` must be http://host:port without a name and a password")
    bare = parts.path in ("", "/") and not parts.query and not parts.fragment
    if parts.scheme not in ("http", "https") or not parts.hostname or port is None or not bare:
        raise ValueError(f"`url` must be http://host:port, got {url!r}")
    return f"{parts.scheme}://{parts.netloc}"


def _reason(body: bytes) -> str:
    try:
        return str(json.loads(body)["error"])
    except (ValueError, TypeError, KeyError):
        return repr(body[:80])
