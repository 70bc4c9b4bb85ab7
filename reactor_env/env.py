"""A live session with a world model as a Gymnasium environment."""

from __future__ import annotations

import concurrent.futures
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal

import gymnasium as gym
import numpy as np
from numpy.typing import NDArray

from reactor_env.client.errors import (
    GenerationModeError,
    ReactorClientError,
    ReactorTimeoutError,
    SessionLostError,
    StepFailedError,
)
from reactor_env.client.types import Generation
from reactor_env.client.video import VideoFrame
from reactor_env.client.wire.messages import Command
from reactor_env.errors import UnsupportedModelError
from reactor_env.latency import ActionLedger
from reactor_env.observations import Converter, Observation
from reactor_env.pacing import PACINGS, Pacing, Rule, rule
from reactor_env.rewards import NOWHERE, EpisodePoint, episode_point, reward_between
from reactor_env.session import Session
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
        if render_mode not in (None, "rgb_array"):
            raise ValueError(f'`render_mode` must be "rgb_array" or None, got {render_mode!r}')
        if (world is None) == (model is None):
            raise ValueError(f"give either `world` or `model`, got {world!r} and {model!r}")
        self._source: Source
        if world is not None:
            self._source = WorldSource(
                world, fps=fps, world_kwargs=world_kwargs, start_timeout=start_timeout
            )
        elif local:
            assert model is not None
            self._source = AddressSource(model, api_url)
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
        self._ledger = ActionLedger()
        self._posted: list[tuple[int, concurrent.futures.Future[Any]]] = []
        self._sequence = 0
        self._frame: VideoFrame | None = None
        self._point = NOWHERE
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
    def schema_name(self) -> str:
        """The model, for people."""
        return self._source.name

    def _action_map(self) -> ActionMap:
        if self._actions is None:
            self._actions = action_map(self._source.schema(), self._action_command)
        return self._actions

    def _frame_size(self) -> tuple[int, int]:
        """Return (height, width) of the model's frames, from its schema or from a first frame."""
        if self._model_size is None:
            start = self._source.schema().commands.get(RESET_COMMAND)
            reply = start.reply if start is not None else {}
            if "height" in reply and "width" in reply:
                self._model_size = (int(reply["height"].default), int(reply["width"].default))
                if "fps" in reply:
                    self.metadata = {**self.metadata, "render_fps": float(reply["fps"].default)}
            elif self.observation.size is not None:
                self._model_size = self.observation.size
            else:
                self._open()
                frame = self._begin_episode(None, {})
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
        try:
            self._open()
            frame = self._begin_episode(seed, data)
        except SessionLostError:
            # It broke since the last step; one new session is tried before giving up.
            self._drop_session()
            self._open()
            frame = self._begin_episode(seed, data)
        self._needs_reset = ""
        self._return(frame, episode_point(frame))
        observation, info = self._observe(frame, begin, begin, frames_skipped=0, repeated=False)
        return observation, info

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
        self._sequence += 1
        data = self._action_map().data(action, self._sequence)
        begin = time.perf_counter()
        last = self._point
        try:
            if self._live().generation == "stepped":
                frame, point = self._step_once(data)
            else:
                frame, point = self._step_streamed(data)
        except (SessionLostError, StepFailedError) as error:
            if isinstance(error, StepFailedError) and error.failure != "session_ended":
                raise
            return self._lost(error, begin)
        waited = time.perf_counter()
        repeated = frame is self._frame
        skipped = 0 if repeated else self._skipped(frame, point)
        reward = reward_between(last, point)
        self._return(frame, point)
        if point.over:
            self._needs_reset = "the episode is over"
        observation, info = self._observe(
            frame, begin, waited, frames_skipped=skipped, repeated=repeated
        )
        return observation, reward, point.terminated, point.truncated, info

    def render(self) -> NDArray[np.uint8] | None:
        """Return the last frame at the model's own size, (H, W, 3) uint8 RGB.

        Returns:
            The picture; ``None`` before the first frame or without ``render_mode``.
        """
        if self.render_mode is None or self._frame is None:
            return None
        return self._frame.rgb.copy()

    def close(self) -> None:
        """End the session and stop the runtime. Safe to call twice; ``reset`` starts anew."""
        self._drop_session()
        self._source.close()
        self._needs_reset = "it was closed"

    # -- sessions -----------------------------------------------------------------------------

    def _open(self) -> None:
        if self._session is not None:
            return
        wanted: Generation = self.mode or "stepped"
        try:
            self._session = self._source.open(wanted, self._start_timeout, self._frame_arrived)
        except GenerationModeError:
            if self.mode is not None:
                raise
            self._session = self._source.open("streamed", self._start_timeout, self._frame_arrived)

    def _live(self) -> Session:
        if self._session is None:
            raise SessionLostError("the session is not open")
        return self._session

    def _drop_session(self) -> None:
        session, self._session = self._session, None
        self._posted.clear()
        if session is not None:
            session.close()

    def _frame_arrived(self, frame: VideoFrame) -> None:
        """Note on the event loop when an action was first seen; :meth:`step` may come later."""
        sequence = episode_point(frame).action_seq
        if sequence is not None:
            self._ledger.arrived(sequence, frame.arrival_ns)

    def _lost(
        self, error: ReactorClientError, begin: float
    ) -> tuple[Any, float, bool, bool, dict[str, Any]]:
        """Turn a lost session into the end of the episode."""
        diagnosis = self._source.diagnosis()
        self._drop_session()
        self._source.close()
        self._needs_reset = "its session was lost"
        assert self._frame is not None
        observation, info = self._observe(
            self._frame, begin, time.perf_counter(), frames_skipped=0, repeated=True
        )
        info["session_lost"] = "\n".join(filter(None, (str(error), diagnosis)))
        return observation, 0.0, False, True, info

    # -- episodes -----------------------------------------------------------------------------

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

    def _begin_episode(self, seed: int | None, data: dict[str, Any]) -> VideoFrame:
        session = self._live()
        self._ledger.clear()
        self._posted.clear()
        has_reset = RESET_COMMAND in self._source.schema().commands
        if session.generation == "stepped":
            commands = [Command(RESET_COMMAND, data)] if has_reset else []
            return session.step(commands, self._step_timeout)
        episode = None
        after = self._frame.sequence if self._frame is not None else 0
        if has_reset:
            reply = session.call(RESET_COMMAND, data, self._step_timeout)
            number = reply["data"].get("episode") if reply is not None else None
            episode = int(number) if number is not None else None

        def first(frame: VideoFrame) -> bool:
            point = episode_point(frame)
            if episode is None:
                return frame.sequence > after
            return point.episode == episode and point.step == 0

        found = session.frames.wait(first, self._step_timeout)
        if found is None:
            raise ReactorTimeoutError(
                f"no first frame of {'episode ' + str(episode) if episode else 'the stream'} of "
                f"{self._source.name} came within {self._step_timeout:g} s; "
                f"{session.frames.received} frames were received in this session"
            )
        return found

    def _step_once(self, data: dict[str, Any]) -> tuple[VideoFrame, EpisodePoint]:
        self._ledger.sent(self._sequence, time.monotonic_ns())
        frame = self._live().step([Command(self._action_map().command, data)], self._step_timeout)
        self._ledger.arrived(self._sequence, frame.arrival_ns)
        return frame, episode_point(frame)

    def _step_streamed(self, data: dict[str, Any]) -> tuple[VideoFrame, EpisodePoint]:
        session = self._live()
        if self.pacing == "applied" and self._point.action_seq is None:
            raise UnsupportedModelError(
                f'`pacing` "applied" needs frames whose metadata names the action (action_seq), '
                f'and those of {self._source.name} do not; use "next" or "latest"'
            )
        self._check_answers()
        sent_ns = time.monotonic_ns()
        self._ledger.sent(self._sequence, sent_ns)
        future = session.post(self._action_map().command, data)
        self._posted.append((sent_ns, future))
        future.add_done_callback(lambda done: setattr(done, "arrival_ns", time.monotonic_ns()))
        choice = rule(self.pacing, self._sequence)
        frame = self._choose(session, choice)
        return frame, episode_point(frame)

    def _choose(self, session: Session, choice: Rule) -> VideoFrame:
        last, current = self._frame, self._point
        assert last is not None

        def accept(frame: VideoFrame) -> bool:
            point = episode_point(frame)
            if point.episode != current.episode:
                return False
            # The runtime's pacer repeats a frame under a new id while nothing newer is there, so a
            # world's frame is known by its step.
            if point.episode is not None:
                newer = point.step > current.step
            else:
                newer = frame.sequence > last.sequence
            return newer and choice.accept(point)

        if not choice.wait:
            return session.frames.wait(accept, 0.0, newest=True) or last
        found = session.frames.wait(accept, self._step_timeout, newest=choice.newest)
        if found is not None:
            return found
        self._check_answers()
        newest = session.frames.newest()
        seen = newest.metadata if newest is not None else None
        raise ReactorTimeoutError(
            f"no frame answered action {self._sequence} within {self._step_timeout:g} s "
            f"(pacing {self.pacing!r}); the newest frame says {seen}, and "
            f"{session.frames.received} frames were received in this session"
        )

    def _check_answers(self) -> None:
        """Raise what the model answered to earlier actions, if it refused one."""
        waiting = []
        for sent_ns, future in self._posted:
            if not future.done():
                waiting.append((sent_ns, future))
                continue
            error = future.exception()
            if error is not None:
                self._posted = waiting
                raise error
        self._posted = waiting

    def _skipped(self, frame: VideoFrame, point: EpisodePoint) -> int:
        """Count the model's frames between the last returned one and this one."""
        if point.episode is not None:
            return max(point.step - self._point.step - 1, 0)
        last = self._frame.sequence if self._frame is not None else frame.sequence - 1
        return max(frame.sequence - last - 1, 0)

    def _return(self, frame: VideoFrame, point: EpisodePoint) -> None:
        self._frame = frame
        self._point = point

    def _observe(
        self,
        frame: VideoFrame,
        begin: float,
        waited: float,
        *,
        frames_skipped: int,
        repeated: bool,
    ) -> tuple[Any, dict[str, Any]]:
        """Convert a frame and say everything that is known about it; keys as in the README."""
        if self._convert is None:
            self._convert = Converter(self.observation, self._frame_size())
        converting = time.perf_counter()
        observation = self._convert(frame)
        done = time.perf_counter()
        captured = frame.capture_time_us
        info = {
            "frame_id": frame.trailer.frame_id if frame.trailer is not None else frame.sequence,
            "frames_skipped": frames_skipped,
            "frame_repeated": repeated,
            "frame_age_ms": (time.monotonic_ns() / 1e6 - captured / 1e3) if captured else None,
            "action_to_frame_ms": self._ledger.take(self._point.action_seq),
            "ack_ms": self._take_ack(),
            "wait_ms": 1e3 * (waited - begin),
            "convert_ms": 1e3 * (done - converting),
            "step_ms": 1e3 * (done - begin),
            "metadata": dict(frame.metadata),
            "messages": self._session.take_messages() if self._session is not None else [],
        }
        return observation, info

    def _take_ack(self) -> float | None:
        """Return how long the newest acknowledged action took to be acknowledged, once."""
        latest = None
        for sent_ns, future in self._posted:
            arrival = getattr(future, "arrival_ns", None)
            if arrival is not None and future.done() and future.exception() is None:
                latest = (arrival - sent_ns) / 1e6
        self._posted = [entry for entry in self._posted if not entry[1].done()]
        return latest
