"""Any Gymnasium environment as an interactive model for ``reactor-runtime``.

Two commands: ``reset`` starts an episode, ``act`` says what to do from now on. Each frame carries
its own place in the episode as metadata (:data:`METADATA_FIELDS`), so that a client can pair
frame, action and reward exactly, whichever frames it sees.

In a stepped session every requested step plays one environment step. In a streamed one the world
plays ``fps`` steps a second with the last action held, and stands still from the end of an
episode to the next ``reset``.
"""

# No `from __future__ import annotations` here: the runtime reads the handlers' annotations when
# their class is made, and could not resolve names that are local to build_world().

import inspect
import time
from collections.abc import Callable
from typing import Any

import gymnasium as gym
import numpy as np
from numpy.typing import NDArray
from reactor_runtime import (
    ApplicationError,
    InputField,
    MessageField,
    ModelMessage,
    Output,
    ReactorApp,
    StepOutcome,
    TrackPayload,
    Video,
    event,
    session_ended,
    session_started,
)

from reactor_env.worlds.action_fields import ActionField, action_fields

METADATA_FIELDS = (
    "episode",
    "step",
    "action_seq",
    "reward",
    "return",
    "terminated",
    "truncated",
)
"""What every frame says about itself.

``episode`` counts resets in this session; ``step`` the environment steps in the episode, 0 for the
frame of the reset; ``action_seq`` is the number that came with the last ``act`` (-1 before the
first); ``reward`` belongs to this step, ``return`` is the sum of the episode's rewards so far.
"""

PLAYOUT_FACTOR = 2.0
"""The runtime's pacer ticks this many times per frame; the world paces itself below it.

A world that waits in the pacer's queue instead adds a frame interval of latency (``webrtc.md`` E2).
"""

MAX_SEED = 2**53 - 1
"""Commands carry numbers as doubles, which are exact up to here."""

NO_SEED = -1

RgbFrame = NDArray[np.uint8]


class WorldOutput(Output):
    """The one output track of a bundled world."""

    main_video: Video


def build_world(
    make_env: Callable[[], gym.Env[Any, Any]], *, fps: float | None = None
) -> type[ReactorApp]:
    """Make the model class that serves an environment.

    Args:
        make_env: Makes the environment, with ``render_mode="rgb_array"``. Called once here to
            learn its action space and frame size, and once in the model's own thread.
        fps: Environment steps per second in a streamed session; the environment's own
            ``render_fps`` (30 when it has none) by default.

    Returns:
        A class for ``runtime.import`` in a ``reactor.yaml``.

    Raises:
        TypeError: If the action space has no command form, or the frames are not RGB pictures.
        ValueError: If ``fps`` is not positive.
    """
    if "_stepped" not in ReactorApp.__annotations__:
        # The runtime tells an app that its session is stepped in this attribute and nowhere else.
        raise RuntimeError("this reactor-runtime does not tell stepped sessions apart: need 3.10")
    probe = make_env()
    try:
        fields, decode_action = action_fields(probe.action_space)
        probe.reset(seed=0)
        frame_height, frame_width, _ = _render(probe).shape
        rate = float(fps if fps is not None else probe.metadata.get("render_fps") or 30)
    finally:
        probe.close()
    if not rate > 0:
        raise ValueError(f"`fps` must be positive, got {rate}")

    class EpisodeStarted(ModelMessage):
        """The answer to reset; its defaults tell what every session has in common."""

        episode: int = MessageField(default=0, description="Counts this session's resets, from 1.")
        width: int = MessageField(default=frame_width, description="Pixels across each frame.")
        height: int = MessageField(default=frame_height, description="Pixels down each frame.")
        fps: float = MessageField(default=rate, description="Steps per second when streamed.")

    class World(ReactorApp):
        """A Gymnasium environment, one environment step per frame."""

        fps = PLAYOUT_FACTOR * rate
        buffer_size = 1

        def __init__(self) -> None:
            super().__init__()
            self._env: gym.Env[Any, Any] | None = None
            self._forget_episode()

        def _forget_episode(self) -> None:
            self._episode = 0
            self._frame: RgbFrame | None = None
            self._fresh = False
            self._over = ""
            self._action: Any = None
            self._action_seq = -1
            self._due = 0.0
            self._state: dict[str, Any] = {}

        @session_started
        def _begin(self) -> None:
            self._forget_episode()

        @session_ended
        def _end(self) -> None:
            if self._env is not None:
                self._env.close()
                self._env = None

        @event(name="reset", description="Start a new episode.")
        async def reset(
            self,
            seed: int = InputField(
                NO_SEED,
                ge=NO_SEED,
                le=MAX_SEED,
                description="Seed of the episode; -1 goes on with the last one's random numbers.",
            ),
        ) -> EpisodeStarted:
            if self._env is None:
                self._env = make_env()
            self._env.reset(seed=None if seed == NO_SEED else seed)
            self._frame = _render(self._env)
            self._episode += 1
            self._fresh = True
            self._over = ""
            self._action = None
            self._action_seq = -1
            self._due = 0.0
            self._state = {
                "episode": self._episode,
                "step": 0,
                "action_seq": -1,
                "reward": 0.0,
                "return": 0.0,
                "terminated": False,
                "truncated": False,
            }
            if not self._stepped:
                self.output.flush(hold=True)
            return EpisodeStarted(episode=self._episode)

        async def process_input(self) -> bool:
            """Refuse a step outside an episode, and in a streamed session one that is not due.

            Returns:
                Whether the frame of the reset is due, not another step.
            """
            if self._frame is None:
                raise ApplicationError("no episode was started: send reset first")
            if self._over:
                raise ApplicationError(f"the episode is over ({self._over}): send reset first")
            if self._fresh:
                return True
            if self._action is None:
                raise ApplicationError("no action was given since the reset: send act first")
            if not self._stepped and time.monotonic() < self._due:
                raise ApplicationError("the next frame is not due")
            return False

        def generate(self, first: bool) -> WorldOutput:
            """Play one environment step, or hand out the first frame of an episode."""
            assert self._env is not None
            now = time.monotonic()
            # A late step shifts the schedule; an early one cannot happen.
            self._due = max(self._due + 1 / rate, now)
            if first:
                self._fresh = False
                self._due = now + 1 / rate
            else:
                _, reward, terminated, truncated, _ = self._env.step(self._action)
                self._frame = _render(self._env)
                self._over = "terminated" if terminated else "truncated" if truncated else ""
                self._state["step"] += 1
                self._state["reward"] = float(reward)
                self._state["return"] += float(reward)
                self._state["terminated"] = bool(terminated)
                self._state["truncated"] = bool(truncated)
                self._state["action_seq"] = self._action_seq
            assert self._frame is not None
            return WorldOutput(main_video=TrackPayload(self._frame, metadata=dict(self._state)))

        async def process_output(self, outcome: StepOutcome) -> WorldOutput:
            """Emit the frame; an error of the environment ends the session with its traceback."""
            if outcome.error is not None:
                raise outcome.error
            result: WorldOutput = outcome.result
            return result

        act = _act_command(fields, decode_action)

    return World


def _act_command(
    fields: list[ActionField], decode: Callable[[dict[str, Any]], Any]
) -> Callable[..., None]:
    """Make the ``act`` handler, whose parameters are the fields of the action space."""

    def act(self: Any, action_seq: int, **values: Any) -> None:
        self._action = decode(values)
        self._action_seq = action_seq

    parameters = [inspect.Parameter("self", inspect.Parameter.POSITIONAL_OR_KEYWORD)]
    annotations: dict[str, Any] = {}
    for field in fields:
        info = InputField(ge=field.low, le=field.high, description=field.description)
        parameters.append(
            inspect.Parameter(field.name, inspect.Parameter.KEYWORD_ONLY, default=info)
        )
        annotations[field.name] = field.type
    sequence = InputField(-1, ge=-1, description="The sender's number for this action.")
    parameters.append(
        inspect.Parameter("action_seq", inspect.Parameter.KEYWORD_ONLY, default=sequence)
    )
    annotations["action_seq"] = int
    act.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]
    act.__annotations__ = annotations
    return event(name="act", description="Set the action, held until the next one.")(act)


def _render(env: gym.Env[Any, Any]) -> RgbFrame:
    frame = env.render()
    if not (
        isinstance(frame, np.ndarray)
        and frame.dtype == np.uint8
        and frame.ndim == 3
        and frame.shape[2] == 3
    ):
        got = f"{frame.dtype} {frame.shape}" if isinstance(frame, np.ndarray) else repr(frame)
        raise TypeError(f'{env} needs render_mode="rgb_array" giving (H, W, 3) uint8, got {got}')
    return frame
