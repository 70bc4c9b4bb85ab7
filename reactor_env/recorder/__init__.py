"""Recording of episodes while they are played: videos with true times, and every step."""

from reactor_env.recorder.wrapper import RecordEpisodes

__all__ = ["RecordEpisodes"]
