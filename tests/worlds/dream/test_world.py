from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from reactor_runtime import ReactorApp
from reactor_runtime.interface.model import ModelContract

from reactor_env.client.schema import ModelSchema
from reactor_env.client.schema_reader import parse_schema
from reactor_env.world_options import DreamOptions
from reactor_env.worlds.dream.world import build, build_cartpole, build_takecover
from tests.worlds.dream import tiny


def schema(path: Path, **options: Any) -> ModelSchema:
    world = build(path, options=DreamOptions(**options))
    return parse_schema(ModelContract.of(world).render_schema("v1.0.0", "m").to_openapi())


def test_a_reset_takes_a_start_and_a_temperature(tiny_path: Path) -> None:
    fields = schema(tiny_path).commands["reset"].fields
    start, temperature = fields["start"], fields["temperature"]
    assert (start.type, start.default, start.minimum) == ("integer", -1, -1)
    assert start.maximum == tiny.STARTS - 1
    assert (temperature.default, temperature.minimum, temperature.maximum) == (1.0, 0.0, 2.0)
    assert not start.required


def test_the_usual_temperature_is_the_worlds_option(tiny_path: Path) -> None:
    fields = schema(tiny_path, temperature=0.5).commands["reset"].fields
    assert fields["temperature"].default == 0.5


def test_frames_have_the_models_rate_and_are_as_large_as_the_options_say(tiny_path: Path) -> None:
    for enlarge, size in ((True, (192, 128)), (False, (64, 64))):
        reply = schema(tiny_path, enlarge=enlarge).commands["reset"].reply
        assert (reply["width"].default, reply["height"].default) == size
        assert reply["fps"].default == 50


@pytest.mark.parametrize("make", [build_cartpole, build_takecover])
def test_a_model_of_ones_own_is_served_instead(
    tiny_path: Path, make: Callable[..., type[ReactorApp]]
) -> None:
    world = make(weights=str(tiny_path), enlarge=True)
    document = ModelContract.of(world).render_schema("v1.0.0", "m").to_openapi()
    assert parse_schema(document).commands["reset"].fields["start"].maximum == tiny.STARTS - 1


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"weights": "models/mine.npz"}, "`weights` must be the absolute path of a model's file"),
        ({"temperature": 3}, "`temperature` must be a number from 0 to 2, got 3"),
        ({"reencode_every": -1}, "`reencode_every` must be a whole number"),
        ({"enlarge": "yes"}, "`enlarge` must be True or False, got 'yes'"),
    ],
)
def test_options_that_do_not_fit_are_named(options: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        DreamOptions(**options)
