"""The compliance suite on every twin, in each mode that the model has."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

import numpy as np
import pytest

from tests.compliance.twins import TwinCompliance
from tests.twins.controls import FLASHDREAMS_KEYS
from tests.twins.images import IMAGE

pytestmark = pytest.mark.slow

FROM_AN_IMAGE = {"image": IMAGE}
FROM_IMAGE_AND_PROMPT = {"image": IMAGE, "prompt": "a quiet room"}


class Diamond(TwinCompliance):
    twin = "diamond_csgo_world_model"
    horizon = 12


class TestDiamondStepped(Diamond):
    mode = "stepped"


class TestDiamondStreamed(Diamond):
    mode = "streamed"


class OpenDreamer(TwinCompliance):
    twin = "open_dreamer"
    reset_options: ClassVar[Mapping[str, Any]] = {"demo": "demo_1"}


class TestOpenDreamerStepped(OpenDreamer):
    mode = "stepped"
    form = "flat"
    deterministic = True


class TestOpenDreamerStreamed(OpenDreamer):
    mode = "streamed"


class OpenOasis(TwinCompliance):
    twin = "open_oasis"
    horizon = 8


class TestOpenOasisStepped(OpenOasis):
    mode = "stepped"
    form = "presets"
    deterministic = True


class TestOpenOasisStreamed(OpenOasis):
    mode = "streamed"


class Waypoint(TwinCompliance):
    twin = "waypoint"
    reset_options: ClassVar[Mapping[str, Any]] = FROM_AN_IMAGE
    size = (90, 160)


class TestWaypointStepped(Waypoint):
    mode = "stepped"


class TestWaypointStreamed(Waypoint):
    mode = "streamed"


class MatrixGame(TwinCompliance):
    twin = "matrix_game_2"
    reset_options: ClassVar[Mapping[str, Any]] = FROM_AN_IMAGE
    size = (88, 160)
    frames_per_step = 4
    run_limit = 12
    ends = True


class TestMatrixGameStepped(MatrixGame):
    mode = "stepped"


class TestMatrixGameStreamed(MatrixGame):
    mode = "streamed"


class LingbotWorldV2(TwinCompliance):
    twin = "lingbot_world_v2"
    reset_options: ClassVar[Mapping[str, Any]] = FROM_AN_IMAGE
    size = (120, 208)
    frames_per_step = 5
    run_limit = 12
    ends = True


class TestLingbotWorldV2Stepped(LingbotWorldV2):
    mode = "stepped"


class TestLingbotWorldV2Streamed(LingbotWorldV2):
    mode = "streamed"


class Alayaworld(TwinCompliance):
    twin = "alayaworld"
    reset_options: ClassVar[Mapping[str, Any]] = FROM_AN_IMAGE
    size = (90, 160)
    frames_per_step = 8
    run_limit = 12
    ends = True


class TestAlayaworldStepped(Alayaworld):
    mode = "stepped"
    deterministic = True


class TestAlayaworldStreamed(Alayaworld):
    mode = "streamed"


class TestLingbotStreamed(TwinCompliance):
    twin = "lingbot"
    mode = "streamed"
    reset_options: ClassVar[Mapping[str, Any]] = FROM_IMAGE_AND_PROMPT
    frames_per_step = 7
    run_limit = 12
    ends = True


class TestLingbotWorld2Streamed(TwinCompliance):
    twin = "lingbot_world_2"
    mode = "streamed"
    reset_options: ClassVar[Mapping[str, Any]] = FROM_IMAGE_AND_PROMPT
    frames_per_step = 6
    run_limit = 12
    ends = True


class TestHeliosStreamed(TwinCompliance):
    twin = "helios"
    mode = "streamed"
    reset_options: ClassVar[Mapping[str, Any]] = {"prompt": "a harbour"}
    other_size: ClassVar[Mapping[str, Any]] = {"set_sr_scale": "2x"}
    frames_per_step = 6
    horizon = 6


class TestX2Streamed(TwinCompliance):
    twin = "x2"
    mode = "streamed"
    reset_options: ClassVar[Mapping[str, Any]] = {"prompt": "an oil painting"}
    difficult = False  # its frames are as large as the source's
    size = (96, 144)

    def more(self) -> dict[str, Any]:
        return {"inputs": {"source": np.full((96, 144, 3), (40, 160, 90), np.uint8)}}


class FlashdreamsLingbot(TwinCompliance):
    """A model without a profile: what its schema leaves open is said in the arguments."""

    twin = "flashdreams_lingbot"
    run_limit = 40

    def more(self) -> dict[str, Any]:
        keys = {"command": "set_keys", "keys": FLASHDREAMS_KEYS, "join": ","}
        mouse = {"command": "move", "kind": "event", "low": -100.0, "high": 100.0}
        return {"action_commands": [keys, mouse]}


class TestFlashdreamsLingbotStepped(FlashdreamsLingbot):
    mode = "stepped"


class TestFlashdreamsLingbotStreamed(FlashdreamsLingbot):
    mode = "streamed"
