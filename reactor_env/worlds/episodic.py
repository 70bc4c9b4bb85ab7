"""Any Gymnasium environment as an interactive model for ``reactor-runtime``.

Two commands: ``reset`` starts an episode, ``act`` says what to do from now on. Each frame carries
its own place in the episode as metadata (:data:`METADATA_FIELDS`), so that a client can pair
frame, action and reward exactly, whichever frames it sees.

In a stepped session every requested step plays one environment step. In a streamed one the world
plays ``fps`` steps a second with the last action held; or, made with ``frame_per_action``, one step
for every ``act``, in their order, and none without. From the end of an episode to the next
``reset`` it stands still. Meanwhile the runtime repeats the last frame, because it has metadata
(``platform.md`` B10): a frame is known by its ``episode`` and ``step``, not by its arrival.
"""

# No `from __future__ import annotations` here: the runtime reads the handlers' annotations when
# their class is made, and could not resolve names that are local to build_world().

import inspect
import time
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass
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

from reactor_env.worlds.action_fields import RESERVED, ActionField, action_fields
from reactor_env.worlds.schedule import Schedule, playout_fps

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

MAX_SEED = 2**53 - 1
"""Commands carry numbers as doubles, which are exact up to here."""

NO_SEED = -1

RgbFrame = NDArray[np.uint8]


class WorldOutput(Output):
    """The one output track of a bundled world."""

    main_video: Video


@dataclass(frozen=True, slots=True)
class ResetOption:
    """One of the options of the environment's reset, as a parameter of the ``reset`` command.

    Attributes:
        name: Its name.
        type: ``int``, ``float`` or ``bool``.
        default: Its value where none is given.
        low: The least value, ``None`` where unbounded.
        high: The greatest value, ``None`` where unbounded.
        description: What it is for.
    """

    name: str
    type: type
    default: float | int | bool
    low: float | int | None = None
    high: float | int | None = None
    description: str = ""


def build_world(
    make_env: Callable[[], gym.Env[Any, Any]],
    *,
    fps: float | None = None,
    options: Sequence[ResetOption] = (),
    frame_per_action: bool = False,
) -> type[ReactorApp]:
    """Make the model class that serves an environment.

    Args:
        make_env: Makes the environment, with ``render_mode="rgb_array"``. Called once here to
            learn its action space and frame size, and once in the model's own thread.
        fps: Environment steps per second in a streamed session; the environment's own
            ``render_fps`` (30 when it has none) by default.
        options: Passed by name to the environment's ``reset``, all of them with every reset.
        frame_per_action: Whether the world waits for an action before each step of a streamed
            session too, instead of keeping time. Its frames are played at twice ``fps`` at most.

    Returns:
        A class for ``runtime.import`` in a ``reactor.yaml``.

    Raises:
        TypeError: If the action space has no command form, or the frames are not RGB pictures.
        ValueError: If ``fps`` is not positive, or ``frame_per_action`` not a truth value.
    """
    if not isinstance(frame_per_action, bool):
        raise ValueError(f"`frame_per_action` must be True or False, got {frame_per_action!r}")
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

        fps = playout_fps(rate)
        buffer_size = 1

        def __init__(self) -> None:
            super().__init__()
            self._schedule = Schedule(rate)
            self._env: gym.Env[Any, Any] | None = None
            self._actions: deque[tuple[int, Any]] = deque()
            self._forget_episode()

        def _forget_episode(self) -> None:
            self._episode = 0
            self._frame: RgbFrame | None = None
            self._fresh = False
            self._over = ""
            self._actions.clear()
            self._state: dict[str, Any] = {}

        @session_started
        def _begin(self) -> None:
            self._forget_episode()

        @session_ended
        def _end(self) -> None:
            if self._env is not None:
                self._env.close()
                self._env = None

        @property
        def _waits(self) -> bool:
            """Whether every step waits for an action of its own."""
            return frame_per_action and not self._stepped

        def _give(self, action_seq: int, action: Any) -> None:
            if not self._waits:
                self._actions.clear()
            self._actions.append((action_seq, action))

        def _restart(self, seed: int, values: dict[str, Any]) -> ModelMessage:
            if self._env is None:
                self._env = make_env()
            self._env.reset(seed=None if seed == NO_SEED else seed, options=values or None)
            self._frame = _render(self._env)
            self._episode += 1
            self._fresh = True
            self._over = ""
            self._actions.clear()
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
            if not self._actions:
                since = "last step" if self._waits and self._state["step"] else "reset"
                raise ApplicationError(f"no action was given since the {since}: send act first")
            keeps_time = not (self._stepped or self._waits)
            if keeps_time and not self._schedule.due(time.monotonic()):
                raise ApplicationError("the next frame is not due")
            return False

        def generate(self, first: bool) -> WorldOutput:
            """Play one environment step, or hand out the first frame of an episode."""
            assert self._env is not None
            if first:
                self._fresh = False
                self._schedule.begin(time.monotonic())
            else:
                self._schedule.advance(time.monotonic())
                sequence, action = self._actions[0]
                if self._waits:
                    self._actions.popleft()
                _, reward, terminated, truncated, _ = self._env.step(action)
                self._frame = _render(self._env)
                self._over = "terminated" if terminated else "truncated" if truncated else ""
                self._state["step"] += 1
                self._state["reward"] = float(reward)
                self._state["return"] += float(reward)
                self._state["terminated"] = bool(terminated)
                self._state["truncated"] = bool(truncated)
                self._state["action_seq"] = sequence
            assert self._frame is not None
            return WorldOutput(main_video=TrackPayload(self._frame, metadata=dict(self._state)))

        async def process_output(self, outcome: StepOutcome) -> WorldOutput:
            """Emit the frame; an error of the environment ends the session with its traceback."""
            if outcome.error is not None:
                raise outcome.error
            result: WorldOutput = outcome.result
            return result

        reset = _reset_command(options, EpisodeStarted)
        act = _act_command(
            fields,
            decode_action,
            "Take one step with this action; in a stepped session, with the next frame."
            if frame_per_action
            else "Set the action, held until the next one.",
        )

    return World


def _reset_command(options: Sequence[ResetOption], reply: type[ModelMessage]) -> Callable[..., Any]:
    """Make the ``reset`` handler, whose parameters are the seed and the options."""

    async def reset(self: Any, seed: int, **values: Any) -> Any:
        return self._restart(seed, values)

    what = "Seed of the episode; -1 goes on with the last one's random numbers."
    seed = InputField(NO_SEED, ge=NO_SEED, le=MAX_SEED, description=what)
    parameters: dict[str, tuple[type, Any]] = {"seed": (int, seed)}
    for option in options:
        info = InputField(
            option.default, ge=option.low, le=option.high, description=option.description
        )
        parameters[option.name] = (option.type, info)
    _declare(reset, parameters, reply)
    return event(name="reset", description="Start a new episode.")(reset)


def _act_command(
    fields: list[ActionField], decode: Callable[[dict[str, Any]], Any], description: str
) -> Callable[..., None]:
    """Make the ``act`` handler, whose parameters are the fields of the action space."""

    def act(self: Any, action_seq: int, **values: Any) -> None:
        self._give(action_seq, decode(values))

    parameters: dict[str, tuple[type, Any]] = {}
    for field in fields:
        info = InputField(ge=field.low, le=field.high, description=field.description)
        parameters[field.name] = (field.type, info)
    sequence = InputField(-1, ge=-1, description="The sender's number for this action.")
    parameters[RESERVED] = (int, sequence)
    _declare(act, parameters)
    return event(name="act", description=description)(act)


def _declare(
    handler: Callable[..., Any], parameters: dict[str, tuple[type, Any]], reply: Any = None
) -> None:
    """Tell a handler's parameters, their types and its reply to whoever inspects it."""
    handler.__signature__ = inspect.Signature(  # type: ignore[attr-defined]
        [
            inspect.Parameter("self", inspect.Parameter.POSITIONAL_OR_KEYWORD),
            *(
                inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, default=info)
                for name, (_, info) in parameters.items()
            ),
        ]
    )
    handler.__annotations__ = {name: kind for name, (kind, _) in parameters.items()}
    handler.__annotations__["return"] = reply


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
