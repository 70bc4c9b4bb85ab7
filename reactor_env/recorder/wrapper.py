"""``RecordEpisodes``: videos and steps of episodes, written while they are played."""

from __future__ import annotations

import threading
import time
import weakref
from collections.abc import Callable
from pathlib import Path
from typing import Any, Literal, SupportsFloat

import gymnasium as gym
from gymnasium.utils import RecordConstructorArgs

from reactor_env.recorder.episode import EpisodeRecording, Plan, VideoClock, plain
from reactor_env.recorder.sight import can_show, look
from reactor_env.recorder.worker import Worker

_DEFAULT_FPS = 30.0
_CLOSE_TIMEOUT_S = 60.0


class RecordEpisodes(gym.Wrapper[Any, Any, Any, Any], RecordConstructorArgs):
    """Records episodes to disk while they are played, without ever holding them up.

    For each recorded episode there are, in ``video_folder``:

    * ``episode-000000.mp4``: the pictures of ``reset()`` and of every ``step()`` at the model's
      own size, whatever the observations are. Of a :class:`~reactor_env.env.ReactorEnv` they are
      the received frames, converted by the encoder's thread; of another environment
      ``render()`` is called.
    * ``episode-000000.jsonl``: a line for each of them: action, reward, ends, which picture of
      the video shows it, when its frame was made and came, and what it cost
      (:data:`~reactor_env.datasets.columns.COLUMNS`).
    * ``episode-000000.json``: what the episode was. It comes last: where it is, all is there.

    Encoding and writing happen on a thread of their own. A picture that finds ``queue_size``
    others waiting is left out of the video and counted (:attr:`pictures_dropped`); its line is
    kept, with ``"picture": null``. So at most ``queue_size`` pictures are in memory, however long
    an episode is. An error of the encoder or the disk is told once, as a warning, and ends no
    episode. No file is ever overwritten: numbers go on after those that are there.

    Unlike :class:`gymnasium.wrappers.RecordVideo` it keeps no episode in memory and encodes
    nothing in ``reset()``.

    Args:
        env: A :class:`~reactor_env.env.ReactorEnv`, or another environment with
            ``render_mode="rgb_array"``.
        video_folder: Where to; made when the first episode is recorded.
        episode_trigger: Tells whether to record an episode, by its number from 0; all by default.
        name_prefix: What the names of files begin with.
        clock: What the times in the video are. ``"arrival"``: those of the frames' arrival, so
            that it plays as it was. ``"steps"``: ``1 / fps`` for each step. By default arrival for
            a streamed session; steps for a stepped one, whose world waits while the agent thinks,
            and for any other environment.
        fps: Pictures per second with the clock ``"steps"``; ``metadata["render_fps"]`` by default.
        queue_size: Pictures that may wait for the encoder.

    Raises:
        ValueError: If the environment has no pictures, or an argument is out of range.

    Example:
        >>> env = gym.make("reactor_env/World-v0", world="catch", render_mode="rgb_array")
        >>> env = RecordEpisodes(env, "recordings", episode_trigger=lambda n: n % 10 == 0)
    """

    def __init__(
        self,
        env: gym.Env[Any, Any],
        video_folder: str | Path,
        *,
        episode_trigger: Callable[[int], bool] | None = None,
        name_prefix: str = "episode",
        clock: Literal["auto", "arrival", "steps"] = "auto",
        fps: float | None = None,
        queue_size: int = 30,
    ) -> None:
        RecordConstructorArgs.__init__(
            self,
            video_folder=str(video_folder),
            episode_trigger=episode_trigger,
            name_prefix=name_prefix,
            clock=clock,
            fps=fps,
            queue_size=queue_size,
        )
        gym.Wrapper.__init__(self, env)
        if not can_show(env):
            raise ValueError(
                f'`env` must have `render_mode="rgb_array"`, got render_mode {env.render_mode!r}'
            )
        if clock not in ("auto", "arrival", "steps"):
            raise ValueError(f'`clock` must be "auto", "arrival" or "steps", got {clock!r}')
        if fps is not None and not 0 < fps < float("inf"):
            raise ValueError(f"`fps` must be positive, got {fps!r}")
        if queue_size < 1:
            raise ValueError(f"`queue_size` must be at least 1, got {queue_size!r}")
        if not name_prefix or Path(name_prefix).name != name_prefix:
            raise ValueError(f"`name_prefix` must be a plain file name, got {name_prefix!r}")
        self._folder = Path(video_folder).absolute()
        self._trigger = episode_trigger
        self._prefix = name_prefix
        self._clock = clock
        self._fps = fps
        self.episode_id = -1
        """The number of the episode being played; -1 before the first."""
        self._tape = _Tape(queue_size)
        # For whoever forgets close(): it runs at the interpreter's exit at the latest.
        self._finalizer = weakref.finalize(self, self._tape.close)

    @property
    def pictures_dropped(self) -> int:
        """Pictures that videos lack because the encoder was behind, over all episodes so far."""
        return self._tape.dropped

    def reset(
        self, *, seed: int | None = None, options: dict[str, Any] | None = None
    ) -> tuple[Any, dict[str, Any]]:
        """Reset, and start a recording if this episode is to be recorded."""
        self._tape.finish()
        observation, info = self.env.reset(seed=seed, options=options)
        now_ns = time.monotonic_ns()
        self.episode_id += 1
        if self._trigger is None or self._trigger(self.episode_id):
            self._begin(info, now_ns, seed)
        self._tape.warn()
        return observation, info

    def step(self, action: Any) -> tuple[Any, SupportsFloat, bool, bool, dict[str, Any]]:
        """Step, and record it."""
        observation, reward, terminated, truncated, info = self.env.step(action)
        now_ns = time.monotonic_ns()
        episode = self._tape.episode
        if episode is not None:
            try:
                sight = look(self.env, info, now_ns)
            except Exception as error:
                self._tape.failed(f"the picture of a step cannot be had: {error}")
                self._tape.finish()
            else:
                ends = bool(terminated), bool(truncated)
                episode.step(sight, info, action, float(reward), *ends)
                if any(ends):
                    self._tape.finish()
        self._tape.warn()
        return observation, reward, terminated, truncated, info

    def close(self) -> None:
        """Close the environment, and finish what is recorded. Safe to call twice."""
        try:
            super().close()
        finally:
            self._tape.close()
            self._tape.warn()

    def _begin(self, info: dict[str, Any], now_ns: int, seed: int | None) -> None:
        try:
            sight = look(self.env, info, now_ns)
        except Exception as error:
            self._tape.failed(f"the picture of a reset cannot be had: {error}")
            return
        streamed = getattr(self.env.unwrapped, "generation", None) == "streamed"
        clock: VideoClock = "arrival" if streamed else "steps"
        if self._clock != "auto":
            clock = self._clock
        fps = float(self._fps or self.metadata.get("render_fps") or _DEFAULT_FPS)
        spec = self.env.spec
        plan = Plan(
            self._folder, self._prefix, fps, {"environment": spec.id if spec is not None else None}
        )
        self._tape.begin(plan, self.episode_id, clock, {"seed": plain(seed)}).begin(sight, info)


class _Tape:
    """The episode being recorded and the thread that writes. Does not know the wrapper."""

    def __init__(self, queue_size: int) -> None:
        self._worker = Worker("episode-recorder", queue_size)
        self.episode: EpisodeRecording | None = None
        self._dropped = 0
        self._lock = threading.Lock()
        self._error: str | None = None
        self._warned = False

    @property
    def dropped(self) -> int:
        return self._dropped + (self.episode.dropped if self.episode is not None else 0)

    def begin(
        self, plan: Plan, number: int, clock: VideoClock, facts: dict[str, Any]
    ) -> EpisodeRecording:
        self.episode = EpisodeRecording(self._worker, plan, number, clock, self.failed, facts)
        return self.episode

    def finish(self) -> None:
        episode, self.episode = self.episode, None
        if episode is not None:
            self._dropped += episode.dropped
            episode.finish()

    def close(self) -> None:
        self.finish()
        if not self._worker.close(_CLOSE_TIMEOUT_S):
            self.failed(f"the encoder did not finish within {_CLOSE_TIMEOUT_S:g} s")

    def failed(self, text: str) -> None:
        with self._lock:
            self._error = self._error or text

    def warn(self) -> None:
        """Tell the first error, on the caller's thread."""
        with self._lock:
            text = None if self._warned else self._error
            self._warned = self._warned or text is not None
        if text is not None:
            gym.logger.warn(f"RecordEpisodes: {text}. Later errors are not told.")
