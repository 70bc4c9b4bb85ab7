"""A live session with a world model as a Gymnasium environment."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any, Literal

import gymnasium as gym
import numpy as np
from numpy.typing import NDArray

from reactor_env.client.errors import (
    GenerationModeError,
    ReactorClientError,
    SessionLostError,
    StepFailedError,
)
from reactor_env.client.schema import ModelSchema
from reactor_env.client.types import Generation
from reactor_env.client.video import VideoFrame
from reactor_env.driver import Answer, Driver
from reactor_env.observations import Converter, Observation
from reactor_env.pacing import PACINGS, Pacing
from reactor_env.session import BACKENDS, Backend, Session
from reactor_env.source import AddressSource, Source, WorldSource
from reactor_env.spaces import ACTION_COMMAND, RESET_COMMAND, SEED_FIELD, ActionMap, action_map

Mode = Literal["stepped", "streamed"]
MODES: tuple[Mode, ...] = ("stepped", "streamed")

_MAX_SEED = 2**53 - 1


class ReactorEnv(gym.Env[Any, Any]):
    """One live session as an environment: actions are commands, observations are video frames.

    In *stepped* mode the model generates only when :meth:`step` asks: the observation is exactly
    the frame made after the action, and the world waits while the agent thinks. In *streamed*
    mode the world runs on in real time and arrives as video; ``pacing`` says which frame answers
    an action (:mod:`reactor_env.pacing`).

    Nothing is connected before the first :meth:`reset`; a bundled world's runtime is started
    when the spaces are first asked for, because they come from the model's own schema.

    Args:
        world: A bundled world: ``"catch"``, ``"gym:<environment id>"``, or a folder with a
            ``reactor.yaml``. Its runtime is started and stopped with the environment.
        model: The name of a model instead, served by a runtime that is there already.
        local: Must be true with ``model``: this version does not open hosted sessions.
        api_url: Where that runtime listens; ``http://localhost:8080`` by default.
        mode: ``"stepped"`` or ``"streamed"``. By default stepped where the model supports it.
        pacing: ``"next"``, ``"applied"`` or ``"latest"``; streamed mode only.
        backend: ``"aiortc"`` or ``"native"`` (needs ``reactor-env[native]``); by default native
            for stepped sessions where it is installed, aiortc otherwise.
        fps: Steps per second of a bundled world in streamed mode; its own rate by default.
        world_kwargs: Passed to :func:`gymnasium.make` for ``gym:`` worlds.
        observation: An :class:`~reactor_env.observations.Observation`, or its fields as a mapping.
        action_command: The command that makes up an action.
        render_mode: ``"rgb_array"`` or ``None``.
        step_timeout: Seconds a step, or the first frame of an episode, may take.
        start_timeout: Seconds until the runtime must serve, and again until a session is ready.

    Raises:
        ValueError: If an argument is none of the above.

    Example:
        >>> import gymnasium as gym
        >>> import reactor_env
        >>> env = gym.make("reactor_env/World-v0", world="catch")
        >>> obs, info = env.reset(seed=7)
        >>> obs.shape
        (64, 64, 3)
        >>> obs, reward, terminated, truncated, info = env.step(env.action_space.sample())
        >>> env.close()
    """

    metadata: dict[str, Any] = {  # noqa: RUF012 - Gymnasium declares it an instance variable
        "render_modes": ["rgb_array"],
        "render_fps": 30,
    }

    def __init__(
        self,
        world: str | Path | None = None,
        *,
        model: str | None = None,
        local: bool = False,
        api_url: str | None = None,
        mode: Mode | None = None,
        pacing: Pacing = "next",
        backend: Backend | None = None,
        fps: float | None = None,
        world_kwargs: Mapping[str, Any] | None = None,
        observation: Observation | Mapping[str, Any] | None = None,
        action_command: str = ACTION_COMMAND,
        render_mode: str | None = None,
        step_timeout: float = 10.0,
        start_timeout: float = 60.0,
    ) -> None:
        if mode is not None and mode not in MODES:
            raise ValueError(f"`mode` must be one of {', '.join(MODES)}, got {mode!r}")
        if pacing not in PACINGS:
            raise ValueError(f"`pacing` must be one of {', '.join(PACINGS)}, got {pacing!r}")
        if backend is not None and backend not in BACKENDS:
            raise ValueError(f"`backend` must be one of {', '.join(BACKENDS)}, got {backend!r}")
        if render_mode not in (None, "rgb_array"):
            raise ValueError(f'`render_mode` must be "rgb_array" or None, got {render_mode!r}')
        for name, seconds in (("step_timeout", step_timeout), ("start_timeout", start_timeout)):
            if not seconds > 0:
                raise ValueError(f"`{name}` must be a positive number of seconds, got {seconds!r}")
        if (world is None) == (model is None):
            raise ValueError(f"give either `world` or `model`, got {world!r} and {model!r}")
        self._source: Source
        if world is not None:
            self._source = WorldSource(
                world,
                backend=backend,
                fps=fps,
                world_kwargs=world_kwargs,
                start_timeout=start_timeout,
            )
        elif local:
            assert model is not None
            self._source = AddressSource(model, api_url, backend)
        else:
            raise ValueError(
                "`local` must be True with `model` in this version of reactor-env, which opens no "
                "hosted sessions"
            )
        if isinstance(observation, Mapping):
            observation = Observation(**observation)
        self.observation = observation or Observation()
        self.mode = mode
        self.pacing: Pacing = pacing
        self.render_mode = render_mode
        self._action_command = action_command
        self._step_timeout = step_timeout
        self._start_timeout = start_timeout
        self._actions: ActionMap | None = None
        self._model_size: tuple[int, int] | None = None
        self._observation_space: gym.spaces.Box | None = None
        self._convert: Converter | None = None
        self._session: Session | None = None
        self._driver: Driver | None = None
        self._last: Answer | None = None
        self._needs_reset = "it was never reset"

    # -- spaces -------------------------------------------------------------------------------

    @property
    def action_space(self) -> gym.Space[Any]:
        """The actions, from the schema of the action command."""
        return self._action_map().space

    @action_space.setter
    def action_space(self, space: gym.Space[Any]) -> None:
        raise AttributeError("the action space comes from the model's schema; use a wrapper")

    @property
    def observation_space(self) -> gym.spaces.Box:
        """The uint8 images that :meth:`step` returns."""
        if self._observation_space is None:
            self._observation_space = self.observation.space(self._frame_size())
        return self._observation_space

    @observation_space.setter
    def observation_space(self, space: gym.Space[Any]) -> None:
        raise AttributeError("the observation space comes from `observation`; use a wrapper")

    @property
    def schema(self) -> ModelSchema:
        """The model's tracks and commands, as it publishes them."""
        return self._source.schema()

    @property
    def generation(self) -> Generation | None:
        """How the open session generates, ``None`` while none is open."""
        return self._session.generation if self._session is not None else None

    @property
    def session_backend(self) -> Backend | None:
        """What the open session runs on, ``None`` while none is open."""
        return self._session.backend if self._session is not None else None

    def _action_map(self) -> ActionMap:
        if self._actions is None:
            self._actions = action_map(self._source.schema(), self._action_command)
        return self._actions

    def _frame_size(self) -> tuple[int, int]:
        """Return (height, width) of the model's frames, from its schema or from a first frame."""
        if self._model_size is None:
            start = self._source.schema().commands.get(RESET_COMMAND)
            reply = start.reply if start is not None else {}
            told = {name: field.default for name, field in reply.items() if field.default}
            if "fps" in told:
                self.metadata = {**self.metadata, "render_fps": float(told["fps"])}
            if "height" in told and "width" in told:
                self._model_size = (int(told["height"]), int(told["width"]))
            elif self.observation.size is not None:
                self._model_size = self.observation.size
            else:
                frame = self._drive().begin(self._open(), {}).frame
                self._model_size = (frame.height, frame.width)
        return self._model_size

    # -- the Gymnasium API --------------------------------------------------------------------

    def reset(
        self, *, seed: int | None = None, options: dict[str, Any] | None = None
    ) -> tuple[Any, dict[str, Any]]:
        """Start a new episode, connecting first if need be.

        Args:
            seed: Goes to the model's reset command; 0 to 2**53 - 1.
            options: Further parameters of the model's reset command, by name.

        Returns:
            The first frame of the episode, and ``info``.

        Raises:
            ValueError: If the seed is out of range, or an option is no parameter of the command.
            RuntimeStartError: If the runtime of a bundled world does not start.
            ReactorClientError: If no session can be opened, or no frame comes in time.
        """
        super().reset(seed=seed)
        if seed is not None and not 0 <= seed <= _MAX_SEED:
            raise ValueError(f"`seed` must be 0 to 2**53 - 1, got {seed!r}")
        begin = time.perf_counter()
        data = self._reset_data(seed, dict(options or {}))
        self._needs_reset = "its last reset failed"
        try:
            answer = self._drive().begin(self._open(), data)
        except SessionLostError:
            # It broke since the last step; one new session is tried before giving up.
            self._release()
            answer = self._drive().begin(self._open(), data)
        self._needs_reset = ""
        self._last = answer
        return self._observe(answer, begin)

    def step(self, action: Any) -> tuple[Any, float, bool, bool, dict[str, Any]]:
        """Send an action and return the frame that answers it.

        Args:
            action: An action of :attr:`action_space`.

        Returns:
            Observation, reward, terminated, truncated and ``info``. A session that is lost
            gives the last observation again, ``truncated=True`` and the reason as
            ``info["session_lost"]``; the next :meth:`reset` opens a new one.

        Raises:
            ValueError: If the action is not in the space.
            gymnasium.error.ResetNeeded: If the episode is over or was never begun.
            ReactorTimeoutError: If no frame comes within ``step_timeout``; says which one.
            CommandRefusedError: If the model refused an action.
        """
        if self._needs_reset:
            raise gym.error.ResetNeeded(f"cannot step this environment: {self._needs_reset}")
        begin = time.perf_counter()
        try:
            if self._session is None:
                raise SessionLostError("the session is not open")
            answer = self._drive().step(self._session, self._action_map(), action)
        except (SessionLostError, StepFailedError) as error:
            if isinstance(error, StepFailedError) and error.failure != "session_ended":
                raise
            return self._lost(error, begin)
        self._last = answer
        point = answer.point
        if point.over:
            self._needs_reset = "the episode is over"
        observation, info = self._observe(answer, begin)
        return observation, answer.reward, point.terminated, point.truncated, info

    def render(self) -> NDArray[np.uint8] | None:
        """Return the last frame at the model's own size, (H, W, 3) uint8 RGB.

        Returns:
            The picture; ``None`` before the first frame or without ``render_mode``.
        """
        if self.render_mode is None or self._last is None:
            return None
        return self._last.frame.rgb.copy()

    def close(self) -> None:
        """End the session and stop the runtime. Safe to call twice; ``reset`` starts anew."""
        self._needs_reset = "it was closed"
        self._release()

    # -- sessions -----------------------------------------------------------------------------

    def _drive(self) -> Driver:
        if self._driver is None:
            self._driver = Driver(
                self._source.name, self._source.schema(), self.pacing, self._step_timeout
            )
        return self._driver

    def _open(self) -> Session:
        if self._session is None:
            wanted: Generation = self.mode or "stepped"
            arrived = self._drive().frame_arrived
            try:
                self._session = self._source.open(wanted, self._start_timeout, arrived)
            except GenerationModeError:
                if self.mode is not None:
                    raise
                self._session = self._source.open("streamed", self._start_timeout, arrived)
        return self._session

    def _release(self) -> None:
        session, self._session = self._session, None
        self._driver = None
        try:
            if session is not None:
                session.close()
        finally:
            self._source.close()

    def _lost(
        self, error: ReactorClientError, begin: float
    ) -> tuple[Any, float, bool, bool, dict[str, Any]]:
        """Turn a lost session into the end of the episode."""
        assert self._last is not None
        self._needs_reset = "its session was lost"
        diagnosis = self._source.diagnosis()
        last = replace(
            self._last, reward=0.0, skipped=0, repeated=True, action_to_frame_ms=None, ack_ms=None
        )
        observation, info = self._observe(last, begin)
        info["session_lost"] = "\n".join(filter(None, (str(error), diagnosis)))
        self._release()
        return observation, 0.0, False, True, info

    # -- helpers ------------------------------------------------------------------------------

    def _reset_data(self, seed: int | None, options: dict[str, Any]) -> dict[str, Any]:
        command = self._source.schema().commands.get(RESET_COMMAND)
        fields = command.fields if command is not None else {}
        unknown = sorted(set(options) - set(fields))
        if unknown:
            raise ValueError(
                f"`options` must be parameters of command {RESET_COMMAND!r} of "
                f"{self._source.name}, one of {', '.join(sorted(fields)) or 'none'}, got {unknown}"
            )
        if seed is not None and SEED_FIELD in fields:
            return {**options, SEED_FIELD: seed}
        return options

    def _observe(self, answer: Answer, begin: float) -> tuple[Any, dict[str, Any]]:
        """Convert a frame and say everything that is known about it; keys as in the README."""
        waited = time.perf_counter()
        if self._convert is None:
            self._convert = Converter(self.observation, self._frame_size())
        converting = time.perf_counter()
        observation = self._convert(answer.frame)
        done = time.perf_counter()
        info = {
            "frame_id": _frame_id(answer.frame),
            "frames_skipped": answer.skipped,
            "frame_repeated": answer.repeated,
            "frame_age_ms": _age_ms(answer.frame),
            "action_to_frame_ms": answer.action_to_frame_ms,
            "ack_ms": answer.ack_ms,
            "wait_ms": 1e3 * (waited - begin),
            "convert_ms": 1e3 * (done - converting),
            "step_ms": 1e3 * (done - begin),
            "metadata": dict(answer.frame.metadata),
            "messages": self._session.take_messages() if self._session is not None else [],
        }
        return observation, info


def _frame_id(frame: VideoFrame) -> int:
    return frame.trailer.frame_id if frame.trailer is not None else frame.sequence


def _age_ms(frame: VideoFrame) -> float | None:
    """Return how old a frame is; sender and receiver share this machine's monotonic clock."""
    if not frame.capture_time_us:
        return None
    return time.monotonic_ns() / 1e6 - frame.capture_time_us / 1e3
