from __future__ import annotations

import math
import subprocess
import sys
from typing import Any

import pytest

from reactor_env.world_catalog import world_source
from reactor_env.world_options import CatchOptions, DreamOptions, ProbeOptions, RoomOptions

WRONG: list[tuple[type[Any], str, Any, str]] = [
    (CatchOptions, "frame_per_action", 1, "True or False, got 1"),
    (DreamOptions, "frame_per_action", "yes", "True or False, got 'yes'"),
    (ProbeOptions, "width", 63, "a whole number from 64 to 1920, got 63"),
    (ProbeOptions, "width", 320.0, "a whole number from 64 to 1920, got 320.0"),
    (ProbeOptions, "height", True, "a whole number from 64 to 1080, got True"),
    (ProbeOptions, "height", 1081, "a whole number from 64 to 1080, got 1081"),
    (ProbeOptions, "content", "photo", "one of flat, natural, noise, got 'photo'"),
    (ProbeOptions, "metadata", 1, "True or False, got 1"),
    (RoomOptions, "width", 641, "a whole number from 64 to 640, got 641"),
    (RoomOptions, "height", 47, "a whole number from 48 to 480, got 47"),
    (RoomOptions, "turn_frames", 30, "a multiple of 4, got 30"),
    (RoomOptions, "pose", "yes", "True or False, got 'yes'"),
    (RoomOptions, "drift", -0.1, "a number from 0 to 45, got -0.1"),
    (RoomOptions, "drift", math.nan, "a number from 0 to 45, got nan"),
    (RoomOptions, "fade", 1.5, "a number from 0 to 1, got 1.5"),
    (RoomOptions, "hallucination", "a lot", "a number from 0 to 1, got 'a lot'"),
    (RoomOptions, "noise", 129, "a number from 0 to 128, got 129"),
    (RoomOptions, "delay", 0.5, "a whole number from 0 to 1000, got 0.5"),
    (RoomOptions, "chunk", 0, "a whole number from 1 to 64, got 0"),
    (RoomOptions, "auto_restart", -1, "a whole number from 0 to 1000000000, got -1"),
    (RoomOptions, "dead_control", "jump", "one of move, strafe, turn, got 'jump'"),
]


@pytest.mark.parametrize(("options", "name", "value", "expected"), WRONG)
def test_a_value_that_does_not_fit_is_named(
    options: type[Any], name: str, value: Any, expected: str
) -> None:
    with pytest.raises(ValueError, match=f"^`{name}` must be {expected}$"):
        options(**{name: value})


@pytest.mark.parametrize(
    "values",
    [
        {"width": 64, "height": 64},
        {"width": 1920, "height": 1080, "content": "noise", "metadata": False},
    ],
)
def test_the_extremes_of_probe_are_allowed(values: dict[str, Any]) -> None:
    ProbeOptions(**values)


@pytest.mark.parametrize("values", [{"drift": 45}, {"fade": 1}, {"dead_control": None}])
def test_the_extremes_of_room_are_allowed(values: dict[str, Any]) -> None:
    RoomOptions(**values)


@pytest.mark.parametrize(
    ("world", "kwargs", "expected"),
    [
        ("probe", {"size": 3}, "must be among width, height, content, metadata, got size"),
        ("room", {"chunk": 0}, "`chunk` must be a whole number from 1 to 64, got 0"),
    ],
)
def test_options_are_checked_before_a_process_is_started(
    world: str, kwargs: dict[str, Any], expected: str
) -> None:
    with pytest.raises(ValueError, match=expected):
        world_source(world, None, kwargs)


def test_checking_options_imports_neither_the_runtime_nor_a_world() -> None:
    code = (
        "import sys; from reactor_env.world_catalog import world_source; "
        "world_source('probe', 60.0, {'width': 320}); world_source('room', None, {'drift': 0.1}); "
        "refused = ('reactor_runtime', 'reactor_env.worlds.'); "
        "found = [name for name in sys.modules if name.startswith(refused)]; "
        "assert not found, found"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
