from __future__ import annotations

import math

import gymnasium as gym
import pytest
from reactor_runtime.interface.model import ModelContract

from reactor_env.bench.clock_exchange import tells_clock
from reactor_env.client.schema import ModelSchema
from reactor_env.client.schema_reader import parse_schema
from reactor_env.model_setup import set_up
from reactor_env.worlds.probe.app import MAX_PAYLOAD, OFF_BEAT, build
from tests.spaces.models import command, model


@pytest.fixture
def schema() -> ModelSchema:
    world = build(fps=24, width=320, height=200)
    return parse_schema(ModelContract.of(world).render_schema("v1.0.0", "probe").to_openapi())


def test_it_is_an_environment_of_a_bundled_world(schema: ModelSchema) -> None:
    setup = set_up("probe", schema)
    assert setup.profile.name == "world"
    assert setup.actions.space == gym.spaces.Discrete(256)
    assert setup.actions.sequenced
    assert (setup.size, setup.fps) == ((200, 320), 24)


def test_an_echo_may_carry_what_a_message_may(schema: ModelSchema) -> None:
    assert schema.commands["echo"].fields["payload"].max_length == MAX_PAYLOAD
    assert set(schema.commands["echo"].reply) == {"payload", "received_us", "sent_us", "frame"}


def test_its_clock_can_be_asked_for(schema: ModelSchema) -> None:
    assert tells_clock(schema)
    assert not tells_clock(model(command("echo")))


@pytest.mark.parametrize(("fps", "ticks"), [(24, 4), (30, 4), (50, 2.4), (60, 2), (90, 2)])
def test_frames_play_a_few_times_as_fast_as_they_are_made_and_off_the_beat(
    fps: float, ticks: float
) -> None:
    world = build(fps=fps, metadata=False)
    assert world.buffer_size == 1
    assert world.fps == pytest.approx(OFF_BEAT * ticks * fps)
    # The runtime sends a frame with metadata at every tick.
    assert build(fps=fps).fps == pytest.approx(OFF_BEAT * 2 * fps)


def test_a_wrong_option_is_refused() -> None:
    with pytest.raises(ValueError, match="`content` must be one of"):
        build(content="photo")


@pytest.mark.parametrize("fps", [0.0, -1.0, math.nan])
def test_a_rate_that_is_not_positive_is_refused(fps: float) -> None:
    with pytest.raises(ValueError, match="`fps` must be positive, got"):
        build(fps=fps)
