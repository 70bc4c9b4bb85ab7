from __future__ import annotations

from importlib import import_module
from pathlib import Path
from typing import Any

import pytest

from reactor_env.errors import UnknownWorldError
from reactor_env.world_catalog import WORLDS, world_source


@pytest.mark.parametrize("name", WORLDS)
def test_every_world_can_be_built(name: str) -> None:
    module, _, function = WORLDS[name].build.partition(":")
    assert callable(getattr(import_module(module), function))
    assert WORLDS[name].summary


def test_the_code_of_a_world_builds_it_with_its_arguments() -> None:
    code = world_source("gym:CartPole-v1", 25.0, {"sutton_barto_reward": True})
    assert code == (
        "from reactor_env.worlds.gymnasium_world import build\n\n"
        "World = build('CartPole-v1', fps=25.0, sutton_barto_reward=True)\n"
    )


def test_a_folder_with_a_manifest_is_a_world(tmp_path: Path) -> None:
    (tmp_path / "reactor.yaml").write_text("runtime:\n  import: m:M\n")
    assert world_source(str(tmp_path), None, {}) == tmp_path.resolve()


def test_a_folder_without_a_manifest_is_none(tmp_path: Path) -> None:
    with pytest.raises(UnknownWorldError, match=r"`world` must be one of catch.*reactor\.yaml"):
        world_source(str(tmp_path), None, {})


@pytest.mark.parametrize("given", [{"fps": 30, "kwargs": {}}, {"fps": None, "kwargs": {"a": 1}}])
def test_a_folder_takes_no_arguments_of_bundled_worlds(
    tmp_path: Path, given: dict[str, Any]
) -> None:
    (tmp_path / "reactor.yaml").write_text("runtime:\n  import: m:M\n")
    with pytest.raises(ValueError, match="`fps` and `world_kwargs` are for bundled worlds"):
        world_source(str(tmp_path), **given)


def test_an_option_that_a_world_has_not_is_named() -> None:
    message = r"`world_kwargs` of world 'catch' must be among frame_per_action, got grid"
    with pytest.raises(ValueError, match=message):
        world_source("catch", None, {"grid": 9})


@pytest.mark.parametrize("value", [object(), float("nan"), int])
def test_options_that_cannot_travel_are_named(value: object) -> None:
    with pytest.raises(ValueError, match=r"`world_kwargs` must be Python literals.*got sutton="):
        world_source("gym:CartPole-v1", None, {"sutton": value})


def test_an_unregistered_environment_is_told_how_others_are_written() -> None:
    with pytest.raises(UnknownWorldError, match=r"after gym:, got 'Nope-v0'.* gym:minigrid:Mini"):
        world_source("gym:Nope-v0", None, {})
