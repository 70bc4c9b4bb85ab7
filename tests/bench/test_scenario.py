from __future__ import annotations

import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from reactor_env.bench.network.conditions import Network
from reactor_env.bench.scenario import MATRIX, Scenario, command_times, read_size


def test_a_scenario_has_a_name_of_what_is_not_usual() -> None:
    assert Scenario().name == "640x480@30"
    assert Scenario(fps=59.94, content="noise", metadata=True).name == (
        "640x480@59.94-noise-metadata"
    )


def test_it_comes_back_from_json() -> None:
    scenario = Scenario(width=1280, height=720, fps=60.0, content="flat")
    assert Scenario.of(scenario.as_dict()) == scenario


def test_the_matrix_is_two_sizes_at_two_rates() -> None:
    assert [one.name for one in MATRIX] == [
        "640x480@30",
        "640x480@60",
        "1280x720@30",
        "1280x720@60",
    ]


@pytest.mark.parametrize("fps", [0.0, -1.0, 241.0, float("nan")])
def test_a_rate_nobody_streams_at_is_refused(fps: float) -> None:
    with pytest.raises(ValueError, match="`fps` must be 1 to 240"):
        Scenario(fps=fps)


def test_a_codec_is_told_to_the_runtime_alone() -> None:
    scenario = Scenario(codec="VP8")
    assert scenario.name == "640x480@30-VP8"
    assert scenario.environment == {"WEBRTC_VIDEO_CODECS": "VP8"}
    assert "codec" not in scenario.world_kwargs
    assert Scenario().environment == {}
    with pytest.raises(ValueError, match="`codec` must be one of"):
        Scenario(codec="MPEG2")  # type: ignore[arg-type]


def test_what_the_world_refuses_is_refused() -> None:
    with pytest.raises(ValueError, match="`width` must be"):
        Scenario(width=8)


@pytest.mark.parametrize("text", ["640", "640*480", "640x480x3", "ax480", ""])
def test_a_size_is_written_in_one_way(text: str) -> None:
    with pytest.raises(ValueError, match="WIDTHxHEIGHT"):
        read_size(text)


def test_a_size_is_width_and_height() -> None:
    assert read_size("1280x720") == (1280, 720)


@given(st.floats(1, 60), st.integers(0, 2**31))
def test_commands_meet_every_phase_and_never_come_close(seconds: float, seed: int) -> None:
    times = command_times(seconds, seed)
    assert times.size == int(seconds / 0.1)
    assert times[0] >= 0
    assert times[-1] < 1e9 * seconds
    assert (np.diff(times) >= 0.05e9 - 1).all()
    assert (np.diff(times) <= 0.15e9 + 1).all()


def test_a_schedule_is_the_same_for_all_peers_of_a_round_and_another_in_the_next() -> None:
    assert (command_times(5, 1) == command_times(5, 1)).all()
    assert (command_times(5, 1) != command_times(5, 2)).any()


def test_a_network_and_a_slow_reader_are_named_and_not_told_to_the_world() -> None:
    scenario = Scenario(network=Network(loss=2, jitter_ms=20), pause_ms=200)
    assert scenario.name == "640x480@30-loss2-jitter20-pause200"
    assert Scenario.of(json.loads(json.dumps(scenario.as_dict()))) == scenario
    assert scenario.world_kwargs == Scenario().world_kwargs
    with pytest.raises(ValueError, match="`pause` must be 0 to 10000 ms"):
        Scenario(pause_ms=-1)
