"""Reads a dataset by LeRobot's own loader, in an environment of its own, and prints it as JSON.

``python reopen_lerobot.py FOLDER [PICTURES.npy]``: with the pictures that each row should show it
also prints how far each is off, as the mean absolute difference of 0 to 255, and whether no other
one of them is closer.
"""

from __future__ import annotations

import json
import sys
from typing import Any

import numpy as np
from lerobot.datasets.lerobot_dataset import LeRobotDataset

SCALARS = (
    *("episode_index", "frame_index", "timestamp", "step"),
    *("next.reward", "next.done", "next.truncated"),
    *("arrival_unix_us", "capture_us", "frame_id", "deadline_missed"),
)


def main(folder: str, pictures_path: str | None = None) -> None:
    dataset: Any = LeRobotDataset("test/reopened", root=folder)
    wanted = np.load(pictures_path) if pictures_path is not None else None
    columns: dict[str, list[Any]] = {name: [] for name in (*SCALARS, "action", "off", "closest")}
    for number in range(len(dataset)):
        row = dataset[number]
        for name in SCALARS:
            columns[name].append(row[name].item())
        columns["action"].append(row["action"].tolist())
        if wanted is not None:
            shown = row["observation.image"].numpy().transpose(1, 2, 0) * 255
            height, width = wanted.shape[1:3]
            off = np.abs(shown[:height, :width] - wanted.astype(np.float32)).mean(axis=(1, 2, 3))
            columns["off"].append(float(off[number]))
            columns["closest"].append(bool(off[number] <= off.min()))
    features = {name: list(fact["shape"]) for name, fact in dataset.features.items()}
    print(
        json.dumps(
            {
                "episodes": dataset.num_episodes,
                "rows": dataset.num_frames,
                "fps": dataset.fps,
                "task": dataset[0]["task"],
                "features": features,
                "columns": columns,
            }
        )
    )


if __name__ == "__main__":
    main(*sys.argv[1:])
