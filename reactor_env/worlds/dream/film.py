"""Film strips: rows of small pictures with words beside them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from reactor_env.files import replacing
from reactor_env.worlds.dream import measure
from reactor_env.worlds.dream.collect import Episode
from reactor_env.worlds.dream.dreams import REENCODE_EVERY
from reactor_env.worlds.dream.measure import DRIFT_AFTER, WARM_UP
from reactor_env.worlds.dream.numpy_model import DreamModel, Pixels

STEPS_SHOWN = (1, 2, 4, 6, 8, 10, 15, 20)

HELD_SHOWN = (1, 2, 4, 6, 8, 10)
"""With one action held, an episode of CartPole is soon over."""

_LEFT = 150
_TOP = 18
_GAP = 2
_LINE = 11


def strip(
    rows: Mapping[str, Sequence[Pixels]], titles: Sequence[str], scale: tuple[int, int]
) -> NDArray[np.uint8]:
    """Return one picture of rows of pictures.

    Args:
        rows: Equally many (64, 64, 3) uint8 pictures for each name.
        titles: Over the columns.
        scale: How much larger they are shown, down and across.
    """
    down, across = scale
    first = next(iter(rows.values()))[0]
    height, width = first.shape[0] * down + _GAP, first.shape[1] * across + _GAP
    sheet = Image.new("RGB", (_LEFT + width * len(titles), _TOP + height * len(rows)), "#e8e8e8")
    pen = ImageDraw.Draw(sheet)
    for column, title in enumerate(titles):
        pen.text((_LEFT + column * width + 2, 3), title, fill="black")
    for number, (name, pictures) in enumerate(rows.items()):
        top = _TOP + number * height
        pen.multiline_text((4, top + height // 2 - _LINE), name.replace(", ", ",\n"), fill="black")
        for column, picture in enumerate(pictures):
            large = picture.repeat(down, axis=0).repeat(across, axis=1)
            sheet.paste(Image.fromarray(large), (_LEFT + column * width, top))
    return np.asarray(sheet)


def write_png(path: Path, picture: NDArray[np.uint8]) -> None:
    """Write a PNG file."""
    with replacing(path) as partial:
        Image.fromarray(picture).save(partial, format="PNG", optimize=True)


def open_loop(
    model: DreamModel, episodes: list[Episode], scale: tuple[int, int], *, warm: int = WARM_UP
) -> NDArray[np.uint8]:
    """Show the first long enough episode beside what the model makes of its actions.

    Args:
        model: The model.
        episodes: Real ones.
        scale: How much larger pictures are shown, down and across.
        warm: Real steps that it sees first.
    """
    needed = warm + max(STEPS_SHOWN)
    long = next((e for e in episodes if len(e.actions) >= needed), None)
    if long is None:
        raise ValueError(
            f"`frames` must be enough for an episode of {needed} steps, got none among "
            f"{len(episodes)}"
        )
    actions, _ = measure.stack([long])
    state = measure.warm_up(model, [long], warm)
    ahead = actions[:, warm:]
    rows = {
        name: [model.decode(latents)[0] for latents in measure.go_on(model, state, ahead, 0, tau)]
        for name, tau in (("model, likeliest", 0.0), ("model, sampled", 1.0))
    }
    shown = {name: [row[step - 1] for step in STEPS_SHOWN] for name, row in rows.items()}
    real = [long.frames[warm + step] for step in STEPS_SHOWN]
    return strip({"real": real} | shown, [f"+{step}" for step in STEPS_SHOWN], scale)


def busiest(episodes: list[Episode]) -> Episode:
    """Return the episode whose pictures change most."""
    changes = [np.abs(np.diff(e.frames.astype(np.float32), axis=0)).mean() for e in episodes]
    return episodes[int(np.argmax(changes))]


def actions(model: DreamModel, scale: tuple[int, int]) -> NDArray[np.uint8]:
    """Show what each action does, held from the same start."""
    rows = {}
    for action in range(model.config.actions):
        held = np.full((1, max(HELD_SHOWN)), action)
        run = measure.go_on(model, model.starts.take([0]), held, 0, 0.0)
        rows[f"action {action}"] = [model.decode(run[step - 1])[0] for step in HELD_SHOWN]
    return strip(rows, [f"+{step}" for step in HELD_SHOWN], scale)


def drift(model: DreamModel, scale: tuple[int, int]) -> NDArray[np.uint8]:
    """Show one long dream of random play, its ends ignored and honoured."""
    rows = {
        name: [
            pictures[0]
            for _, pictures in measure.long_dream(model, every, honour_ends=stop, seed=0)
        ]
        for name, every, stop in (
            ("ends ignored, never looks", 0, False),
            ("ends ignored", REENCODE_EVERY, False),
            ("as served", REENCODE_EVERY, True),
        )
    }
    return strip(rows, [f"+{step}" for step in DRIFT_AFTER], scale)
