"""Measures one connection to a model: its beginning, its frames, its answers to actions."""

from __future__ import annotations

import time
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import asdict
from typing import Any

import av
import numpy as np
from numpy.typing import NDArray

from reactor_env.backends.aiortc import AiortcSession
from reactor_env.bench.any_model.plan import Plan
from reactor_env.bench.any_model.reader import Reader
from reactor_env.bench.any_model.trace import FRAME_COLUMNS, READ_COLUMNS, UNKNOWN, ModelTrace
from reactor_env.bench.any_model.trials import Trials, candidates
from reactor_env.bench.clock_exchange import Moments, exchange_clocks, tells_clock
from reactor_env.client.errors import NotReadyError, ReactorTimeoutError
from reactor_env.client.reactor import Reactor
from reactor_env.client.schema import ModelSchema
from reactor_env.client.stats_types import ConnectionStats
from reactor_env.client.video import VideoFrame
from reactor_env.driver import Driver
from reactor_env.live_model import LiveModel
from reactor_env.loop_thread import LoopThread
from reactor_env.model_setup import ModelSetup, set_up
from reactor_env.profiles import Profile
from reactor_env.session import Session
from reactor_env.source import Source
from reactor_env.spaces import Form

STATS_EVERY_S = 1.0
_STATS_TIMEOUT_S = 5.0
_STEP_TIMEOUT_S = 20.0
_FIRST_FRAMES_TIMEOUT_S = 10.0
_CLOCK_TIMEOUT_S = 10.0
_EMITTED = "clock_us"
"""What ``probe`` calls the moment at which it began to draw a frame."""

Tell = Callable[[str], None]


class _Watching(Driver):
    """Begins episodes, and notes every frame of the main track as it arrives."""

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self.frames: list[tuple[int, ...]] = []
        self.size = (0, 0)
        self._user_data = b""

    def frame_arrived(self, frame: VideoFrame) -> None:
        """Note a frame, on the thread that hands it over."""
        data = frame.user_data
        repeat = bool(data) and data == self._user_data
        self._user_data = data
        image = frame.image
        ticks = image.pts if isinstance(image, av.VideoFrame) else None
        captured, emitted = frame.capture_time_us, frame.metadata.get(_EMITTED)
        self.size = (frame.width, frame.height)
        self.frames.append(
            (
                frame.arrival_ns,
                UNKNOWN if ticks is None else ticks,
                captured or UNKNOWN,
                frame.sequence,
                repeat,
                emitted if isinstance(emitted, int) else UNKNOWN,
            )
        )
        super().frame_arrived(frame)

    def ended(self, session: Session) -> bool:
        """Tell whether a message ended the episode."""
        self._watch.read(session.take_received())
        return self._watch.ending is not None


class Connection:
    """One connection to a model, opened and measured and ended by :meth:`measure`.

    Args:
        source: Where its session comes from.
        profile: What is known about the model beyond its schema; found by its name by default.
        plan: What is measured.
        start_timeout: Seconds until the session must be ready.
        tell: Called with what is done next.
    """

    def __init__(
        self,
        source: Source,
        profile: Profile | None,
        plan: Plan,
        start_timeout: float,
        tell: Tell = lambda _: None,
    ) -> None:
        self._source = source
        self._profile = profile
        self._plan = plan
        self._tell = tell
        self._driver: _Watching | None = None
        self._live = LiveModel(
            source,
            self._set_up,
            self._make_driver,
            generations=("streamed",),
            start_timeout=start_timeout,
        )

    def warm_up(self) -> None:
        """Connect, see a first picture, and end the session."""
        try:
            self._begin()
        finally:
            self._live.end_session()

    def measure(self) -> ModelTrace:
        """Connect, measure, and end the session, whatever happens meanwhile.

        Returns:
            What was seen. Its ``facts``: ``called``, ``begun``, ``begin`` and ``end`` of the window
            in ns; ``connect`` the phases in ms; ``announced_fps``; ``size``; ``stats``, what the
            client said every second of the window; ``cpu_ns`` of this process in it; ``acks_ms``;
            ``tried`` actions; ``clock``, the exchanges with the clock of a model that tells it,
            and whether it ``shares_clock`` with this process.

        Raises:
            ReactorClientError: If no session can be opened, or it breaks.
            ValueError: If the action or an option does not fit.
        """
        setup = self._live.setup
        if self._plan.repeats:
            candidates(setup.actions, self._plan)  # a wrong action is told before a session costs
        try:
            return self._measure(setup)
        finally:
            self._live.end_session()

    def _measure(self, setup: ModelSetup) -> ModelTrace:
        plan, facts = self._plan, dict[str, Any]()
        self._tell("connecting")
        facts["called"] = time.monotonic_ns()
        self._begin()
        facts["begun"] = time.monotonic_ns()
        session, driver = self._live.session, self._driver
        assert session is not None
        assert driver is not None
        client = client_of(session)
        timings = client.get_connection_timings() if client is not None else None
        facts["connect"] = asdict(timings) if timings is not None else {}
        facts["announced_fps"] = announced_fps(client, setup)
        time.sleep(plan.settle_s)
        asked = client if tells_clock(setup.schema) else None
        facts["clock"] = _exchange(asked)
        self._tell(f"counting frames for {plan.seconds:g} s")
        reads = self._count_frames(session, client, facts)
        facts["clock"] += _exchange(asked)
        facts["size"] = list(driver.size)
        facts["shares_clock"] = self._source.shares_clock
        trials, facts["acks_ms"], facts["tried"] = [], [], []
        if plan.repeats:
            acting = Trials(
                self._source.name,
                session,
                setup.actions,
                plan,
                self._begin,
                lambda: driver.ended(session),
            )
            trials = acting.run(self._tell)
            facts["acks_ms"], facts["tried"] = acting.acks_ms(), acting.tried
            facts["clock"] += _exchange(asked)
        return ModelTrace(
            facts=facts,
            frames=_rows(driver.frames, len(FRAME_COLUMNS)),
            reads=_rows(reads, len(READ_COLUMNS)),
            trials=trials,
        )

    def _count_frames(
        self, session: Session, client: Reactor | None, facts: dict[str, Any]
    ) -> list[tuple[int, ...]]:
        """Read frames as an environment does, the newest one each time, and ask for statistics."""
        asked = [_ask(client)]
        reads: list[tuple[int, ...]] = []
        reader = Reader(session)
        reader.next(_FIRST_FRAMES_TIMEOUT_S)
        cpu = time.process_time_ns()
        facts["begin"] = begin = time.monotonic_ns()
        end = begin + int(1e9 * self._plan.seconds)
        due = begin + int(1e9 * STATS_EVERY_S)
        while (now := time.monotonic_ns()) < end:
            if now >= due:
                due += int(1e9 * STATS_EVERY_S)
                asked.append(_ask(client))
            found = reader.next((end - now) / 1e9)
            if found is not None:
                reads.append(found)
        facts["end"] = time.monotonic_ns()
        facts["cpu_ns"] = time.process_time_ns() - cpu
        asked.append(_ask(client))
        facts["stats"] = [told for one in asked if (told := _told(one)) is not None]
        return reads

    def _begin(self) -> None:
        self._live.begin(self._plan.seed, self._plan.options)

    def _set_up(self, schema: ModelSchema) -> ModelSetup:
        name, profile = self._source.name, self._profile
        setup = set_up(name, schema, profile=profile)
        if not setup.profile.presets:
            return setup
        form: Form = "presets"
        return set_up(name, schema, profile=profile, form=form)

    def _make_driver(self, setup: ModelSetup) -> Driver:
        self._driver = _Watching(
            self._source.name, setup.schema, setup.profile, "next", _STEP_TIMEOUT_S
        )
        return self._driver


def client_of(session: Session) -> Reactor | None:
    """Return the client under a session, ``None`` where it has another or none."""
    return session.client if isinstance(session, AiortcSession) else None


def announced_fps(client: Reactor | None, setup: ModelSetup) -> float | None:
    """Return the rate that the server or the model announces, ``None`` where neither does."""
    capabilities = client.get_capabilities() if client is not None else None
    if capabilities is not None and not capabilities.emission_fps_measured:
        return capabilities.emission_fps or setup.fps
    return setup.fps


def _exchange(client: Reactor | None) -> list[Moments]:
    if client is None:
        return []
    return LoopThread.shared().run(
        exchange_clocks(client), timeout_s=_CLOCK_TIMEOUT_S, what="the exchange of clocks"
    )


def _ask(client: Reactor | None) -> Future[ConnectionStats] | None:
    return LoopThread.shared().start(client.get_stats()) if client is not None else None


def _told(asked: Future[ConnectionStats] | None) -> dict[str, Any] | None:
    if asked is None:
        return None
    try:
        return asdict(asked.result(_STATS_TIMEOUT_S))
    except (NotReadyError, ReactorTimeoutError, TimeoutError):
        return None  # a fact that is not there


def _rows(rows: list[tuple[int, ...]], width: int) -> NDArray[np.int64]:
    return np.array(rows, np.int64).reshape(-1, width)
