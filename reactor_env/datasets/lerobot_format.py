"""LeRobot datasets, by LeRobot's own writer. Pictures are encoded as video."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from lerobot.datasets.lerobot_dataset import LeRobotDataset
from numpy.typing import NDArray

from reactor_env.datasets.actions import names, vector
from reactor_env.datasets.columns import COLUMNS, arrays
from reactor_env.datasets.resample import at_constant_rate, one_row_each
from reactor_env.datasets.spool import Header, SpooledEpisode

IMAGE = "observation.image"


class LeRobotWriter:
    """Writes a LeRobot dataset.

    LeRobot's time is a row's number divided by the rate. A streamed episode is put on that grid
    (:func:`~reactor_env.datasets.resample.at_constant_rate`), a stepped one has a row for each
    step; the true times are columns. The last observation, which no action answers, is left out.

    The pictures of an episode are encoded when it is whole. LeRobot's ``streaming_encoding`` is
    made for live cameras: it leaves out a picture that its encoder has no room for, and all later
    ones of the episode move by a row (0.6.1, ``StreamingVideoEncoder.feed_frame``).

    Args:
        root: The dataset's folder, which must not be there.
        repo_id: The dataset's name.
        header: What is the same for all episodes.

    Raises:
        ValueError: If actions cannot be a vector of numbers.
    """

    def __init__(self, root: Path, repo_id: str, header: Header) -> None:
        self._header = header
        height, width, _ = header.observation_space.shape
        self._padding = ((0, height % 2), (0, width % 2), (0, 0))
        action_names = names(header.action_space)
        scalar = {"shape": (1,), "names": None}
        self._dataset: Any = LeRobotDataset.create(
            repo_id=repo_id,
            root=root,
            fps=header.fps,
            robot_type=None,
            use_videos=True,
            features={
                IMAGE: {
                    "dtype": "video",
                    "shape": (height + height % 2, width + width % 2, 3),
                    "names": ["height", "width", "channels"],
                },
                "action": {
                    "dtype": "float32",
                    "shape": (len(action_names),),
                    "names": action_names,
                },
                "next.reward": {"dtype": "float32", **scalar},
                "next.done": {"dtype": "bool", **scalar},
                "next.truncated": {"dtype": "bool", **scalar},
                "step": {"dtype": "int64", **scalar},
                **{column.name: {"dtype": column.dtype, **scalar} for column in COLUMNS},
            },
        )

    def add(self, episode: SpooledEpisode) -> int:
        """Append an episode."""
        header, steps, columns = self._header, episode.steps, arrays(episode.rows)
        grid = (
            at_constant_rate(_seconds(columns["arrival_unix_us"]), header.fps)
            if header.streamed
            else one_row_each(len(steps))
        )
        rewards = grid.sums(np.array([step.reward for step in steps], np.float64))
        over = steps[-1].terminated or steps[-1].truncated
        for row, (number, reward) in enumerate(zip(grid.step, rewards, strict=True)):
            last = row == len(rewards) - 1
            self._dataset.add_frame(
                {
                    IMAGE: self._even(episode.observations[number]),
                    "action": vector(header.action_space, steps[number].action),
                    "next.reward": np.array([reward], np.float32),
                    "next.done": np.array([last and over]),
                    "next.truncated": np.array([last and steps[-1].truncated]),
                    "step": np.array([number]),
                    **{name: values[number : number + 1] for name, values in columns.items()},
                    "task": header.task,
                }
            )
        self._dataset.save_episode()
        return len(rewards)

    def finish(self) -> None:
        """Write what LeRobot keeps back until the end."""
        self._dataset.finalize()

    def _even(self, picture: NDArray[np.uint8]) -> NDArray[np.uint8]:
        """Repeat the last row or column of an odd side, which the video cannot have."""
        return np.pad(picture, self._padding, mode="edge")


def _seconds(unix_us: NDArray[np.int64]) -> NDArray[np.float64]:
    return np.asarray((unix_us - unix_us[0]) / 1e6, np.float64)
