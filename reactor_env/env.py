"""A live session with a world model as a Gymnasium environment."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Literal

import gymnasium as gym
import numpy as np
from numpy.typing import NDArray

from reactor_env.backends.inputs import InputVideo
from reactor_env.client.errors import (
    ReactorClientError,
    SessionLostError,
    StepFailedError,
)
from reactor_env.client.schema import ModelSchema
from reactor_env.client.types import Generation
from reactor_env.client.video import VideoFrame
from reactor_env.clock import Clock
from reactor_env.driver import Answer, Driver
from reactor_env.env_arguments import (
    check_choice,
    check_count,
    check_seconds,
    default_start_timeout,
    make_source,
)
from reactor_env.live_model import LiveModel
from reactor_env.message_watch import Ending
from reactor_env.model_setup import ModelSetup, refuse_unusable, set_up
from reactor_env.observations import Converter, Observation
from reactor_env.pacing import Pacing, as_pacing
from reactor_env.profiles import Profile, ProfileLike, find_profile, get_profile
from reactor_env.rewards import GivenReward, Moment, as_reward
from reactor_env.session import BACKENDS, Backend, Session
from reactor_env.spaces import FORMS, ActionMap, ActionSpec, Form, Presets
from reactor_env.spaces.spec import read_specs
from reactor_env.spec import Remade
from reactor_env.step_info import step_info

Mode = Literal["stepped", "streamed"]
MODES: tuple[Mode, ...] = ("stepped", "streamed")

SESSION_OPTION = "session"
"""The option of :meth:`ReactorEnv.reset` that is not the model's; ``"new"`` opens another."""

_MAX_SEED = 2**53 - 1


class ReactorEnv(Remade, gym.Env[Any, Any]):
    """One live session as an environment: actions are commands, observations are video frames.

    In *stepped* mode the model generates only when :meth:`step` asks: the observation is exactly
    the frame made after the action, and the world waits while the agent thinks. In *streamed*
    mode the world runs on in real time and arrives as video; ``pacing`` says which frame answers
    an action (:mod:`reactor_env.pacing`).

    Nothing is connected before the first :meth:`reset`; a bundled world's runtime is started
    when the spaces are first asked for, because they come from the model's own schema.

    It can be pickled and copied, connected or not; the copy is not
    (:class:`~reactor_env.spec.Remade`). A process forked after the first session was opened can
    neither use nor open any (:class:`~reactor_env.loop_thread.ForkedProcessError`).

    Args:
        world: A bundled world: a name of :data:`~reactor_env.world_catalog.WORLDS`,
            ``"gym:<environment id>"``, or a folder with a ``reactor.yaml``. Its runtime is started
            and stopped with the environment.
        model: The name of a model instead, served by a runtime that is there already.
        local: The model is served by a runtime that is there already, ``model`` is only a name.
            Otherwise it is the hosted service's: a session is opened at the first :meth:`reset`
            and costs money until :meth:`close`.
        api_url: Where that runtime listens, ``http://localhost:8080`` by default; or the address
            of the hosted service.
        api_key: A Reactor API key for a hosted model; by default what ``REACTOR_API_KEY`` holds.
            ``env.spec`` has none, so that an environment made of it needs that variable.
        mode: ``"stepped"`` or ``"streamed"``. By default stepped where the model supports it;
            streamed with a hosted model, or where a ``pacing`` is given.
        pacing: Which frame answers an action in streamed mode (:mod:`reactor_env.pacing`):
            ``"next"``, the default, ``"applied"``, ``"latest"``, or a
            :class:`~reactor_env.clock.Clock` (or its fields as a mapping).
        backend: ``"aiortc"`` or ``"native"`` (needs ``reactor-env[native]``); by default native
            for stepped sessions where it is installed, aiortc otherwise.
        fps: Steps per second of a bundled world in streamed mode; its own rate by default.
        world_kwargs: Options of the world; for ``gym:`` worlds the arguments of
            :func:`gymnasium.make`.
        observation: An :class:`~reactor_env.observations.Observation`, or its fields as a mapping.
        profile: What is to be known about the model beyond its schema
            (:mod:`reactor_env.profiles`): the name of a profile that ships with the package, a
            TOML file, or its table. By default the one for the model's name; a model that has none
            works from its schema alone.
        action_commands: The commands that make up an action: names, or mappings with what is to
            be said beyond the schema (:class:`~reactor_env.spaces.ActionSpec`). By default chosen
            by the profile, or from the schema (:func:`~reactor_env.spaces.action_commands`).
        action_form: ``"auto"`` for the plainest space, ``"dict"`` for a ``Dict`` by command,
            ``"flat"`` for one vector, ``"presets"`` for a ``Discrete`` over ``action_presets``.
        action_presets: Named actions: for each what it sets, by the name of the command; the rest
            is neutral. The profile's by default.
        delay: Seconds from an action to the first frame that shows it, for ``pacing="applied"`` on
            a model whose frames do not name the action; the profile's by default. Where the
            profile names a message that confirms the action, it is added to that message's arrival.
            Where there is neither it is measured in the first :meth:`reset` of a session
            (:mod:`reactor_env.delay_probe`), which takes some seconds.
        frames_per_step: How many frames a streamed step takes at least, where frames carry no
            episode metadata; the profile's by default: as many as the model makes for one action.
        inputs: What is fed to the model's input tracks, by their names: a video file, which is
            played again and again, or a (H, W, 3) uint8 RGB picture. Streamed sessions on aiortc.
        reward: What a step is rewarded by: a :class:`~reactor_env.rewards.Reward`, a function of
            observation, action and info, or ``"package.module:name"`` of one of these. By default
            what travels with the frames, which is 0 for all but bundled worlds.
        horizon: Steps after which an episode is truncated; the profile's by default.
        render_mode: ``"rgb_array"`` or ``None``.
        step_timeout: Seconds a step, or the first frame of an episode, may take.
        start_timeout: Seconds until the runtime must serve, and again until a session is ready;
            by default 60, and 300 with a hosted model, where it includes waiting for a GPU.
        retry_budget: Seconds that a reset may wait altogether until a hosted session can be had,
            while there is no capacity or a quota is used up.
        max_session_seconds: Have the service end a hosted session after this time.

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
        api_key: str | None = None,
        mode: Mode | None = None,
        pacing: Pacing | Clock | Mapping[str, Any] | None = None,
        backend: Backend | None = None,
        fps: float | None = None,
        world_kwargs: Mapping[str, Any] | None = None,
        observation: Observation | Mapping[str, Any] | None = None,
        profile: ProfileLike | None = None,
        action_commands: Sequence[str | Mapping[str, Any] | ActionSpec] | None = None,
        action_form: Form = "auto",
        action_presets: Presets | None = None,
        delay: float | None = None,
        frames_per_step: int | None = None,
        inputs: Mapping[str, InputVideo] | None = None,
        reward: GivenReward = None,
        horizon: int | None = None,
        render_mode: str | None = None,
        step_timeout: float = 10.0,
        start_timeout: float | None = None,
        retry_budget: float = 120.0,
        max_session_seconds: int | None = None,
    ) -> None:
        check_choice("mode", mode, (*MODES, None))
        check_choice("backend", backend, (*BACKENDS, None))
        check_choice("action_form", action_form, FORMS)
        check_choice("render_mode", render_mode, ("rgb_array", None))
        if start_timeout is None:
            start_timeout = default_start_timeout(model, local)
        check_seconds("step_timeout", step_timeout)
        check_seconds("start_timeout", start_timeout)
        check_seconds("retry_budget", retry_budget, zero=True)
        check_seconds("delay", delay, zero=True)
        check_count("frames_per_step", frames_per_step)
        check_count("horizon", horizon)
        if pacing is not None and mode is None:
            mode = "streamed"
        if pacing is not None and mode == "stepped":
            raise ValueError(
                f'`pacing` goes with `mode` "streamed", got {pacing!r} and "stepped": a stepped '
                "session has one frame for each action"
            )
        self._profile: Profile | None = get_profile(profile) if profile is not None else None
        if model is not None:
            refuse_unusable(model, self._profile or find_profile(model))
        self._source = make_source(
            world,
            model,
            local=local,
            api_url=api_url,
            api_key=api_key,
            backend=backend,
            fps=fps,
            world_kwargs=world_kwargs,
            start_timeout=start_timeout,
            retry_budget=retry_budget,
            max_session_seconds=max_session_seconds,
            generation=mode or "streamed",
        )
        if isinstance(observation, Mapping):
            observation = Observation(**observation)
        self.observation = observation or Observation()
        self.mode = mode
        self.pacing: Pacing | Clock = as_pacing(pacing if pacing is not None else "next")
        self.render_mode = render_mode
        self._action_specs = read_specs(action_commands or ())
        self._action_form: Form = action_form
        self._action_presets = action_presets
        self._step_timeout = step_timeout
        self._delay = delay
        self._frames_per_step = frames_per_step
        self._horizon = horizon
        self._reward = as_reward(reward)
        self._live = LiveModel(
            self._source,
            self._set_up,
            self._make_driver,
            generations=None if mode is None else (mode,),
            inputs=inputs,
            start_timeout=start_timeout,
        )
        self._steps = 0
        self._model_size: tuple[int, int] | None = None
        self._observation_space: gym.spaces.Box | None = None
        self._convert: Converter | None = None
        self._last: Answer | None = None
        self._needs_reset = "it was never reset"
        self._sent: tuple[Any, float] | None = None

    # -- spaces -------------------------------------------------------------------------------

    @property
    def action_space(self) -> gym.Space[Any]:
        """The actions, from the schemas of the action commands."""
        return self.action_map.space

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

    @property
    def frame(self) -> VideoFrame | None:
        """The frame behind the last observation, as it was received; ``None`` before the first."""
        return self._last.frame if self._last is not None else None

    @property
    def action_map(self) -> ActionMap:
        """How actions become commands; made of the model's schema at the first use."""
        return self.model_setup.actions

    @property
    def profile(self) -> Profile:
        """What is known about the model beyond its schema."""
        return self.model_setup.profile

    @property
    def reset_options(self) -> tuple[str, ...]:
        """What the options of :meth:`reset` may be called."""
        recipe = self.model_setup.recipe
        return (*recipe.options, *recipe.commands, SESSION_OPTION)

    @property
    def model_setup(self) -> ModelSetup:
        """The model's schema and profile, and what follows from them; made at the first use."""
        return self._live.setup

    @property
    def _session(self) -> Session | None:
        return self._live.session

    def _set_up(self, schema: ModelSchema) -> ModelSetup:
        setup = set_up(
            self._source.name,
            schema,
            profile=self._profile,
            commands=self._action_specs,
            form=self._action_form,
            presets=self._action_presets,
        )
        if setup.fps is not None:
            self.metadata = {**self.metadata, "render_fps": setup.fps}
        return setup

    def _make_driver(self, setup: ModelSetup) -> Driver:
        return Driver(
            self._source.name,
            setup.schema,
            setup.profile,
            self.pacing,
            self._step_timeout,
            delay_s=self._delay if self._delay is not None else setup.profile.delay,
            frames_per_step=self._frames_per_step or setup.profile.frames_per_step,
        )

    def _frame_size(self) -> tuple[int, int]:
        """Return (height, width) of the model's frames, from what is known or a first frame."""
        if self._model_size is None:
            told = self.model_setup.size or self.observation.size
            if told is None:
                frame = (
                    self._last.frame if self._last is not None else self._live.begin(None, {}).frame
                )
                told = frame.height, frame.width
            self._model_size = told
        return self._model_size

    # -- the Gymnasium API --------------------------------------------------------------------

    def reset(
        self, *, seed: int | None = None, options: dict[str, Any] | None = None
    ) -> tuple[Any, dict[str, Any]]:
        """Start a new episode, connecting first if need be.

        Args:
            seed: Goes to the model, where it takes one; 0 to 2**53 - 1.
            options: What the episode is to be: what the profile names (``prompt``, ``image``,
                ``video``, ...), parameters of the model's reset command, and any other command but
                those of an action, as a mapping of its parameters or the value of the only one.
                Files are paths, bytes or (H, W, 3) uint8 RGB pictures. ``{"session": "new"}``
                opens another session first. :attr:`reset_options` lists the names.

        Returns:
            The first frame of the episode, never one of the last episode or a black one that the
            stream begins with, and ``info``. On a model that makes several frames at a time, in a
            stepped session, the last of the first ones.

        Raises:
            ValueError: If the seed is out of range, an option is unknown or does not fit, or one
                without which the model cannot begin was never given.
            CommandRefusedError: If the model refuses one of the commands.
            RuntimeStartError: If the runtime of a bundled world does not start.
            UnsupportedModelError: If the pacing is ``applied``, nothing tells when an action is
                applied, and the delay cannot be measured.
            ReactorClientError: If no session can be opened, or no frame comes in time.
        """
        if isinstance(seed, int | np.integer) and not 0 <= seed <= _MAX_SEED:
            raise ValueError(f"`seed` must be 0 to 2**53 - 1, got {seed!r}")
        super().reset(seed=seed)
        begin = time.perf_counter()
        given = dict(options or {})
        wanted = given.pop(SESSION_OPTION, None)
        if wanted not in (None, "new"):
            raise ValueError(f'`options["session"]` must be "new", got {wanted!r}')
        self._needs_reset = "its last reset failed"
        self._sent = None
        if wanted == "new":
            self._live.end_session()
        answer = self._live.begin(seed, given)
        self._needs_reset = ""
        self._steps = 0
        self._last = answer
        observation, info = self._observe(answer, begin)
        self._reward.reset(observation, info)
        return observation, info

    def step(self, action: Any) -> tuple[Any, float, bool, bool, dict[str, Any]]:
        """Send an action and return the frame that answers it.

        Args:
            action: An action of :attr:`action_space`.

        Returns:
            Observation, reward, terminated, truncated and ``info``. A session that is lost
            gives the last observation again, reward 0, ``truncated=True`` and the reason as
            ``info["session_lost"]``; the next :meth:`reset` opens a new one. ``info["end"]`` says
            why an episode is over. It is terminated when the world came to an end of its own, by
            its frames or by a message that the profile names; everything else truncates it: a
            run limit of the model, ``horizon``, moderation, a lost session.

        Raises:
            ValueError: If the action is not in the space.
            gymnasium.error.ResetNeeded: If the episode is over or was never begun.
            ReactorTimeoutError: If no frame comes within ``step_timeout``; says which one.
            CommandRefusedError: If the model refused an action.
        """
        if self._needs_reset:
            raise gym.error.ResetNeeded(f"cannot step this environment: {self._needs_reset}")
        begin = self._begin_of(action)
        try:
            answer = self._live.step(action)
        except (SessionLostError, StepFailedError) as error:
            if isinstance(error, StepFailedError) and error.failure != "session_ended":
                raise
            return self._lost(error, begin)
        self._last = answer
        self._steps += 1
        point, ending = answer.point, self._ending(answer)
        terminated, truncated = point.terminated, point.truncated
        if ending is not None and not point.over:
            terminated, truncated = ending.terminated, not ending.terminated
        if terminated or truncated:
            self._needs_reset = "the episode is over"
        observation, info = self._observe(answer, begin)
        info["end"] = ending.reason if ending is not None else None
        moment = Moment(observation, action, info, answer.reward, answer.repeated, answer.frame)
        return observation, self._reward(moment), terminated, truncated, info

    def send_ahead(self, action: Any) -> bool:
        """Send an action and wait for nothing; :meth:`step` with the same action then waits.

        For whoever steps several environments: with all actions sent first, no model waits for
        the caller. :class:`~reactor_env.vector.ReactorVectorEnv` does so.

        Args:
            action: An action of :attr:`action_space`.

        Returns:
            Whether it was sent. It is not in streamed mode, where the pacing says when, nor
            where no step can follow: :meth:`step` does or says the rest.

        Raises:
            ValueError: If the action is not in the space, or another one was sent ahead.

        Example:
            >>> envs = [ReactorEnv(world="catch") for _ in range(2)]
            >>> _ = [env.reset(seed=seed) for seed, env in enumerate(envs)]
            >>> [env.send_ahead(1) for env in envs]
            [True, True]
            >>> steps = [env.step(1) for env in envs]
        """
        if self._needs_reset:
            return False
        if self._sent is not None:
            raise ValueError(f"{self._sent[0]!r} was sent ahead: call step with it, got {action!r}")
        begin = time.perf_counter()
        try:
            sent = self._live.send(action)
        except SessionLostError:
            return False
        if sent:
            self._sent = action, begin
        return sent

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
        self._live.release()

    # -- sessions -----------------------------------------------------------------------------

    def _begin_of(self, action: Any) -> float:
        """Return when the step with an action began: when it was sent ahead, or now."""
        if self._sent is None:
            return time.perf_counter()
        sent, begin = self._sent
        if action is not sent:
            raise ValueError(
                f"`action` must be the one that was sent ahead, {sent!r}, got {action!r}"
            )
        self._sent = None
        return begin

    def _ending(self, answer: Answer) -> Ending | None:
        """Say why the episode is over: the frame, a message or a refusal, or the horizon."""
        if answer.point.over:
            how = "terminated" if answer.point.terminated else "truncated"
            return Ending(f"the world {how} it", answer.point.terminated)
        if answer.ending is not None:
            return answer.ending
        horizon = self._horizon or self.model_setup.profile.ends.horizon
        if horizon is not None and self._steps >= horizon:
            return Ending(f"horizon of {horizon} steps")
        return None

    def _lost(
        self, error: ReactorClientError, begin: float
    ) -> tuple[Any, float, bool, bool, dict[str, Any]]:
        """Turn a lost session into the end of the episode."""
        assert self._last is not None
        self._needs_reset = "its session was lost"
        diagnosis = self._source.diagnosis()
        last = self._last._replace(
            reward=0.0,
            skipped=0,
            repeated=True,
            action_to_frame_ms=None,
            ack_ms=None,
            applied_by=None,
            deadline_missed=None,
            messages=self._session.take_messages() if self._session is not None else [],
        )
        observation, info = self._observe(last, begin)
        info["end"] = "session lost"
        info["session_lost"] = "\n".join(filter(None, (str(error), diagnosis)))
        self._live.release()
        return observation, 0.0, False, True, info

    # -- helpers ------------------------------------------------------------------------------

    def _observe(self, answer: Answer, begin: float) -> tuple[Any, dict[str, Any]]:
        """Convert a frame and say everything that is known about it; keys as in the README."""
        waited = time.perf_counter()
        if self._convert is None:
            self._convert = Converter(self.observation, self._frame_size())
        converting = time.perf_counter()
        observation = self._convert(answer.frame)
        done = time.perf_counter()
        info = step_info(answer, shares_clock=self._source.shares_clock)
        info["wait_ms"] = 1e3 * (waited - begin)
        info["convert_ms"] = 1e3 * (done - converting)
        info["step_ms"] = 1e3 * (done - begin)
        return observation, info
