"""Where sessions come from: a bundled world, or a runtime that is there already.

:mod:`reactor_env.hosted_source` has the third: the hosted service.
"""

from __future__ import annotations

import importlib.util
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Protocol

import httpx

from reactor_env.backends.aiortc import AiortcSession
from reactor_env.backends.base import FrameSink, LoopSession
from reactor_env.client.coordinator.local import LOCAL_URL
from reactor_env.client.errors import ConnectionFailedError
from reactor_env.client.reactor import Reactor
from reactor_env.client.schema import ModelSchema
from reactor_env.client.schema_reader import parse_schema
from reactor_env.client.types import Generation
from reactor_env.errors import MissingDependencyError
from reactor_env.runtime import LocalRuntime
from reactor_env.session import Backend, Session

_LAST_WORDS_S = 3.0
"""How long a runtime whose session broke may take to end and leave its traceback in the log."""


class Source(Protocol):
    """Opens sessions with one model.

    Attributes:
        modes: The generations that are tried, in order, where none is asked for.
        shares_clock: Whether frames are stamped by this machine's own monotonic clock.
    """

    modes: tuple[Generation, ...]
    shares_clock: bool

    @property
    def name(self) -> str:
        """The model, for people."""
        ...

    def schema(self) -> ModelSchema:
        """Return the model's schema, without opening a session."""
        ...

    def open(self, generation: Generation, timeout_s: float, on_frame: FrameSink) -> Session:
        """Open a session and wait until it is ready."""
        ...

    def diagnosis(self) -> str:
        """Return what is known about a failure, ``""`` for nothing."""
        ...

    def close(self) -> None:
        """Release what the source holds. Safe to call twice; it may be used again after."""
        ...


class WorldSource:
    """A bundled world, or a folder with a ``reactor.yaml``, in a runtime of its own.

    Args:
        world: As for :class:`~reactor_env.runtime.LocalRuntime`, like the other arguments.
        fps: Steps per second in a streamed session.
        world_kwargs: Arguments of a ``gym:`` world.
        start_timeout: Seconds until the runtime must serve.
        backend: What the sessions run on; see :func:`open_local`.
    """

    modes: tuple[Generation, ...] = ("stepped", "streamed")
    shares_clock = True

    def __init__(
        self,
        world: str | Path,
        *,
        backend: Backend | None,
        fps: float | None,
        world_kwargs: Mapping[str, Any] | None,
        start_timeout: float,
    ) -> None:
        self.name = str(world)
        self._backend = backend
        self._runtime = LocalRuntime(
            world, fps=fps, world_kwargs=world_kwargs, start_timeout=start_timeout
        )
        self._schema: ModelSchema | None = None

    @property
    def runtime(self) -> LocalRuntime:
        """The runtime, started at the first use."""
        return self._runtime

    def schema(self) -> ModelSchema:
        """Return the world's schema, starting its runtime if need be."""
        if self._schema is None:
            self._runtime.start()
            self._schema = parse_schema(self._runtime.schema())
        return self._schema

    def open(self, generation: Generation, timeout_s: float, on_frame: FrameSink) -> Session:
        """Open a session, starting the runtime if need be."""
        self._runtime.start()
        session = open_local(
            self.name, self._runtime.url, generation, timeout_s, on_frame, self._backend
        )
        self._runtime.on_exit(lambda: session.lose("the runtime process ended"))
        if not self._runtime.alive:
            session.lose("the runtime process ended")
        return session

    def diagnosis(self) -> str:
        """Return how the runtime's process ended, when it ended by itself."""
        return self._runtime.post_mortem(_LAST_WORDS_S)

    def close(self) -> None:
        """Stop the runtime."""
        self._runtime.stop()


class AddressSource:
    """A runtime that somebody else started.

    Args:
        name: The model, for people.
        url: Where it listens; ``http://localhost:8080`` by default.
        backend: What the sessions run on; see :func:`open_local`.
    """

    modes: tuple[Generation, ...] = ("stepped", "streamed")

    def __init__(self, name: str, url: str | None = None, backend: Backend | None = None) -> None:
        self.name = name
        self._backend = backend
        self._url = (url or LOCAL_URL).rstrip("/")
        self.shares_clock = httpx.URL(self._url).host in ("localhost", "127.0.0.1", "::1")
        self._schema: ModelSchema | None = None

    def schema(self) -> ModelSchema:
        """Return the model's schema by HTTP.

        Raises:
            ConnectionFailedError: If nothing answers.
        """
        if self._schema is None:
            try:
                response = httpx.get(f"{self._url}/schema", timeout=10.0, trust_env=False)
                response.raise_for_status()
                document = response.json()
            except (httpx.HTTPError, ValueError) as error:
                raise ConnectionFailedError(
                    f"no runtime answers at {self._url}: {error}. Start one there, or give its "
                    "address as `api_url`"
                ) from error
            self._schema = parse_schema(document)
        return self._schema

    def open(self, generation: Generation, timeout_s: float, on_frame: FrameSink) -> Session:
        """Open a session."""
        return open_local(self.name, self._url, generation, timeout_s, on_frame, self._backend)

    def diagnosis(self) -> str:
        """Return nothing: the process is not ours to look at."""
        return ""

    def close(self) -> None:
        """Hold nothing, release nothing."""


def open_local(
    name: str,
    url: str,
    generation: Generation,
    timeout_s: float,
    on_frame: FrameSink,
    backend: Backend | None = None,
) -> Session:
    """Open a session with a local runtime.

    Args:
        name: The model.
        url: Where its runtime listens.
        generation: ``"stepped"`` or ``"streamed"``.
        timeout_s: Seconds until the session must be ready.
        on_frame: Called with every streamed frame.
        backend: ``"aiortc"`` (this package's client) or ``"native"`` (the official SDK). By
            default native for stepped sessions where it is installed, since it moves raw frames
            faster, and aiortc for streamed ones, since it shows frames sooner.

    Raises:
        MissingDependencyError: If the native backend is asked for and not installed.
        ReactorClientError: If the session cannot be opened.
    """
    session: LoopSession
    if _choose(backend, generation) == "native":
        from reactor_env.backends.native import NativeSession

        session = NativeSession(name, url, generation, on_frame=on_frame)
    else:

        def make_client() -> Reactor:
            return Reactor(
                name, local=True, api_url=url, generation=generation, connect_timeout=timeout_s
            )

        session = AiortcSession(make_client, generation, on_frame=on_frame)
    session.open(timeout_s)
    return session


def _choose(backend: Backend | None, generation: Generation) -> Backend:
    installed = importlib.util.find_spec("reactor_sdk") is not None
    if backend == "native" and not installed:
        raise MissingDependencyError(
            '`backend` "native" needs the official SDK: pip install "reactor-env[native]"'
        )
    if backend is not None:
        return backend
    return "native" if installed and generation == "stepped" else "aiortc"
