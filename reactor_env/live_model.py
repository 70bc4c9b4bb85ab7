"""The model of an environment: what is known about it, and the one session it is played in."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from reactor_env.backends.inputs import InputVideo
from reactor_env.client.errors import GenerationModeError, ReactorClientError, SessionLostError
from reactor_env.client.schema import ModelSchema
from reactor_env.client.types import Generation
from reactor_env.driver import Answer, Driver
from reactor_env.errors import UnsupportedModelError
from reactor_env.loop_thread import LoopThread
from reactor_env.model_setup import ModelSetup
from reactor_env.session import Session
from reactor_env.source import Source


class LiveModel:
    """Opens a model's sessions when they are needed, and plays episodes in them.

    Args:
        source: Where sessions come from.
        set_up: Makes the setup of the model's schema.
        make_driver: Makes the driver of a session, of the setup.
        generations: The generations to try, in order; the source's by default.
        inputs: What is fed to the model's input tracks.
        start_timeout: Seconds until a session must be ready.

    Attributes:
        source: As given.
        session: The open session, ``None`` while none is open.
    """

    def __init__(
        self,
        source: Source,
        set_up: Callable[[ModelSchema], ModelSetup],
        make_driver: Callable[[ModelSetup], Driver],
        *,
        generations: Sequence[Generation] | None = None,
        inputs: Mapping[str, InputVideo] | None = None,
        start_timeout: float,
    ) -> None:
        self.source = source
        self.session: Session | None = None
        self._set_up = set_up
        self._make_driver = make_driver
        self._generations = generations or source.modes
        self._inputs = dict(inputs or {})
        self._start_timeout = start_timeout
        self._setup: ModelSetup | None = None
        self._checked: ModelSchema | None = None
        self._driver: Driver | None = None

    @property
    def setup(self) -> ModelSetup:
        """The model's schema and profile, and what follows from them; made at the first use."""
        if self._setup is None:
            self._setup = self._set_up(self.source.schema())
        return self._setup

    def begin(self, seed: int | None, options: Mapping[str, Any]) -> Answer:
        """Begin an episode, opening a session if need be; wrong options open none.

        A session that was lost since the last step is replaced once.

        Raises:
            ValueError: If an option does not fit.
            ReactorClientError: If no session can be opened, or the episode cannot begin.
        """
        try:
            return self._begin(seed, options)
        except SessionLostError:
            self.release()
            return self._begin(seed, options)

    def send(self, action: Any) -> bool:
        """Send an action ahead; as :meth:`~reactor_env.driver.Driver.send`.

        Raises:
            SessionLostError: If no session is open, or it broke.
        """
        if self.session is None:
            raise SessionLostError("the session is not open")
        return self._drive().send(self.session, self.setup.actions, action)

    def step(self, action: Any) -> Answer:
        """Send an action; as :meth:`~reactor_env.driver.Driver.step`.

        Raises:
            SessionLostError: If no session is open, or it broke.
        """
        if self.session is None:
            raise SessionLostError("the session is not open")
        return self._drive().step(self.session, self.setup.actions, action)

    def end_session(self) -> None:
        """End the session, if one is open: every control neutral first."""
        session, self.session = self.session, None
        driver, self._driver = self._driver, None
        if session is None:
            return
        try:
            if driver is not None:
                driver.release(session, self.setup.actions)
        except ReactorClientError:
            pass  # it is lost, and nothing is held in it
        finally:
            session.close()

    def release(self) -> None:
        """End the session and release what the source holds. Safe to call twice."""
        try:
            self.end_session()
        finally:
            self.source.close()

    def _begin(self, seed: int | None, options: Mapping[str, Any]) -> Answer:
        driver, actions = self._drive(), self.setup.actions
        fresh = self.session is None or not driver.played
        plan = self.setup.recipe.plan(seed, options, fresh=fresh)
        session = self._open()
        answer = driver.begin(session, actions, plan)
        if driver.needs_delay(session):
            driver.measure_delay(session, actions)
            plan = self.setup.recipe.plan(seed, options, fresh=False)
            answer = driver.begin(session, actions, plan)
        return answer

    def _drive(self) -> Driver:
        if self._driver is None:
            self._driver = self._make_driver(self.setup)
        return self._driver

    def _open(self) -> Session:
        if self.session is None:
            self.session = self._opened()
            try:
                self._check_schema()
                self._feed(self.session)
            except BaseException:
                self.release()
                raise
        return self.session

    def _opened(self) -> Session:
        LoopThread.shared()  # a forked process is refused before a runtime is started in it
        arrived = self._drive().frame_arrived
        *earlier, last = self._generations
        for generation in earlier:
            try:
                return self.source.open(generation, self._start_timeout, arrived)
            except GenerationModeError:
                continue
        return self.source.open(last, self._start_timeout, arrived)

    def _check_schema(self) -> None:
        """Make sure that a model that told its schema late has what was taken for granted."""
        live, known = self.source.schema(), self.setup
        if live in (known.schema, self._checked):
            return
        space = self._set_up(live).actions.space
        if space != known.actions.space:
            raise UnsupportedModelError(
                f"the actions of {self.source.name} are {space} now, not {known.actions.space} as "
                "published; make another environment"
            )
        self._checked = live

    def _feed(self, session: Session) -> None:
        """Publish the input videos."""
        if self._inputs and session.generation == "stepped":
            raise ValueError('`inputs` go with `mode="streamed"`, got a stepped session')
        for track, video in self._inputs.items():
            session.publish(track, video, self._start_timeout)
