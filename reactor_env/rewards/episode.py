"""Where an episode stands, by the metadata that travels with each frame of a bundled world."""

from __future__ import annotations

from typing import NamedTuple

from reactor_env.client.video import VideoFrame


class EpisodePoint(NamedTuple):
    """Where in which episode a frame was made; from its metadata.

    Attributes:
        episode: Counts the resets of the session; ``None`` when the model sends no metadata.
        step: Environment steps since the reset, 0 for the first frame.
        action_seq: The number of the last action applied, -1 before the first, ``None`` when
            the model does not say.
        reward: The reward of this one step.
        total: The sum of the episode's rewards up to here.
        terminated: Whether the episode reached an end of its own.
        truncated: Whether it was cut off.
    """

    episode: int | None = None
    step: int = 0
    action_seq: int | None = None
    reward: float = 0.0
    total: float = 0.0
    terminated: bool = False
    truncated: bool = False

    @property
    def over(self) -> bool:
        """Whether the episode ends with this frame."""
        return self.terminated or self.truncated


NOWHERE = EpisodePoint()


def episode_point(frame: VideoFrame) -> EpisodePoint:
    """Read where a frame stands in its episode.

    Args:
        frame: Any frame.

    Returns:
        Its place; :data:`NOWHERE` for a frame without a bundled world's metadata.
    """
    data = frame.metadata
    if "episode" not in data or "step" not in data:
        return NOWHERE
    sequence = data.get("action_seq")
    return EpisodePoint(
        episode=int(data["episode"]),
        step=int(data["step"]),
        action_seq=int(sequence) if sequence is not None else None,
        reward=float(data.get("reward", 0.0)),
        total=float(data.get("return", 0.0)),
        terminated=bool(data.get("terminated", False)),
        truncated=bool(data.get("truncated", False)),
    )


def reward_between(last: EpisodePoint, new: EpisodePoint) -> float:
    """Return the reward from one returned frame to the next.

    A step that follows directly gives its own reward, exactly. Where frames were skipped, theirs
    are included: the difference of the running totals. A repeated frame gives 0.

    Args:
        last: The frame returned before, of the same episode.
        new: The frame returned now.
    """
    if new.step <= last.step:
        return 0.0
    if new.step == last.step + 1:
        return new.reward
    return new.total - last.total
