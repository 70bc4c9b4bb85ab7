from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from reactor_env.errors import UnknownWorldError
from reactor_env.runtime import LocalRuntime


def test_a_folder_without_a_manifest_is_no_world(tmp_path: Path) -> None:
    with pytest.raises(UnknownWorldError, match=r"a folder with a reactor\.yaml"):
        LocalRuntime(tmp_path)


@pytest.mark.parametrize("kwargs", [{"fps": 30}, {"world_kwargs": {"a": 1}}])
def test_a_folder_takes_no_arguments_of_bundled_worlds(
    tmp_path: Path, kwargs: dict[str, Any]
) -> None:
    (tmp_path / "reactor.yaml").write_text("runtime:\n  import: m:M\n")
    with pytest.raises(ValueError, match="`fps` and `world_kwargs` are for bundled worlds"):
        LocalRuntime(tmp_path, **kwargs)


def test_catch_takes_no_world_kwargs() -> None:
    with pytest.raises(ValueError, match=r"`world_kwargs` go with gym: worlds, got {'grid': 9}"):
        LocalRuntime("catch", world_kwargs={"grid": 9})


@pytest.mark.parametrize("value", [object(), float("nan"), int])
def test_world_kwargs_that_cannot_travel_are_named(value: object) -> None:
    with pytest.raises(ValueError, match=r"`world_kwargs` must be Python literals.*got sutton="):
        LocalRuntime("gym:CartPole-v1", world_kwargs={"sutton": value})


def test_world_kwargs_of_plain_values_are_taken() -> None:
    LocalRuntime("gym:CartPole-v1", world_kwargs={"sutton_barto_reward": True})


@pytest.mark.parametrize("fps", [0, -5.0])
def test_an_fps_that_is_not_positive_is_refused(fps: float) -> None:
    with pytest.raises(ValueError, match="`fps` must be positive"):
        LocalRuntime("catch", fps=fps)
