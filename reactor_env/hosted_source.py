"""Sessions of the hosted service: opened late, retried within a budget, and always ended."""

from __future__ import annotations

import os
import random
import time
from importlib.resources import files

from reactor_env.backends.aiortc import AiortcSession
from reactor_env.backends.base import FrameSink
from reactor_env.client.coordinator.tokens import HOSTED_URL
from reactor_env.client.errors import RateLimitedError, ReactorTimeoutError, ServiceError
from reactor_env.client.options import HOSTED_CONNECT_TIMEOUT_S
from reactor_env.client.reactor import Reactor
from reactor_env.client.schema import ModelSchema
from reactor_env.client.schema_reader import parse_schema
from reactor_env.client.types import Generation
from reactor_env.client.video import VideoFrame
from reactor_env.codegen.compact import read_compact
from reactor_env.session import Session

API_KEY_VARIABLE = "REACTOR_API_KEY"

_FIRST_WAIT_S = 2.0
_LONGEST_WAIT_S = 10.0
"""Between tries where the service does not say how long to wait."""


class HostedSource:
    """A model of the hosted service. A session costs money from READY until it ends.

    Args:
        name: The model's name, ``owner/name``.
        api_key: A Reactor API key; by default what ``REACTOR_API_KEY`` holds.
        api_url: The service's address; Reactor's own by default.
        retry_budget_s: Seconds that :meth:`open` may wait, all tries together, while there is no
            capacity or a quota is used up.
        max_session_seconds: Have the service end a session after this time.
        generation: Of the session that :meth:`schema` opens where it must.

    Raises:
        ValueError: If there is no key.
    """

    modes: tuple[Generation, ...] = ("streamed",)
    """No hosted model is known to be stepped, and a try that fails counts against the quotas."""

    shares_clock = False

    def __init__(
        self,
        name: str,
        *,
        api_key: str | None = None,
        api_url: str | None = None,
        retry_budget_s: float = 120.0,
        max_session_seconds: int | None = None,
        generation: Generation = "streamed",
    ) -> None:
        key = api_key or os.environ.get(API_KEY_VARIABLE)
        if not key:
            raise ValueError(
                f"`api_key` must be given, or {API_KEY_VARIABLE} be set, for a session with the "
                f"hosted model {name!r}; for a runtime that you run yourself say `local=True`"
            )
        self.name = name
        self._key = key
        self._url = api_url or HOSTED_URL
        self._retry_budget_s = retry_budget_s
        self._max_session_seconds = max_session_seconds
        self._generation: Generation = generation
        self._schema = published_schema(name)
        self._live: ModelSchema | None = None
        self._early: AiortcSession | None = None
        self._sink: FrameSink | None = None
        # An unusable key or address is told at once.
        self._client(generation, HOSTED_CONNECT_TIMEOUT_S)

    def schema(self) -> ModelSchema:
        """Return the model's schema: as its session told it, or else as it was published.

        A session is opened for it, and kept for :meth:`open`, only on a model whose schema does
        not ship with this package.

        Raises:
            ReactorClientError: If no session can be opened, or it does not tell.
        """
        if self._live is not None or self._schema is not None:
            return self._live or self._schema  # type: ignore[return-value]
        self._early = self._open(self._generation, HOSTED_CONNECT_TIMEOUT_S)
        if self._live is None:
            raise ReactorTimeoutError(f"{self.name} did not tell its schema")
        return self._live

    def open(self, generation: Generation, timeout_s: float, on_frame: FrameSink) -> Session:
        """Open a session, waiting while there is no capacity.

        Raises:
            RateLimitedError: If there is none within the budget; says how often it was tried.
            ReactorClientError: If no session can be opened.
        """
        self._sink = on_frame
        early, self._early = self._early, None
        if early is not None:
            if early.generation == generation:
                return early
            early.close()
        return self._open(generation, timeout_s)

    def diagnosis(self) -> str:
        """Return nothing: what the service knows is in the error."""
        return ""

    def close(self) -> None:
        """End a session that was opened for the schema and never used."""
        early, self._early = self._early, None
        if early is not None:
            early.close()

    def _client(self, generation: Generation, timeout_s: float) -> Reactor:
        return Reactor(
            self.name,
            self._key,
            self._url,
            generation=generation,
            connect_timeout=timeout_s,
            max_session_duration_seconds=self._max_session_seconds,
        )

    def _open(self, generation: Generation, timeout_s: float) -> AiortcSession:
        begin = time.monotonic()
        wait = _FIRST_WAIT_S
        tries = 0
        while True:
            session = AiortcSession(
                lambda: self._client(generation, timeout_s),
                generation,
                on_frame=self._frame_arrived,
                ask_schema=True,
            )
            tries += 1
            try:
                session.open(timeout_s)
            except ServiceError as error:
                if not _passes(error):
                    raise
                # Several environments that were refused together come back one by one.
                pause = (error.retry_after or wait) * random.uniform(1.0, 1.2)
                wait = min(2 * wait, _LONGEST_WAIT_S)
                spent = time.monotonic() - begin
                if spent + pause > self._retry_budget_s:
                    error.add_note(
                        f"tried {tries} times in {spent:.0f} s; `retry_budget` is "
                        f"{self._retry_budget_s:g} s"
                    )
                    raise
                time.sleep(pause)
            else:
                self._live = session.schema or self._live
                return session

    def _frame_arrived(self, frame: VideoFrame) -> None:
        if self._sink is not None:
            self._sink(frame)


def published_schema(name: str) -> ModelSchema | None:
    """Return the schema of a published model, ``None`` where it does not ship with this package.

    Args:
        name: The model's name, with its owner.
    """
    stem = name.rpartition("/")[2].replace("-", "_").replace(".", "_")
    path = files("reactor_env.models") / "schemas" / f"{stem}.toml"
    if not path.is_file():
        return None
    schema = parse_schema(read_compact(path.read_text(encoding="utf-8")))
    return schema if schema.name == name else None


def _passes(error: ServiceError) -> bool:
    """Tell whether an error may pass by waiting: no capacity, a used quota, a broken server."""
    return isinstance(error, RateLimitedError) or (error.recoverable and error.status >= 500)
