# Written by scripts/generate_models.py. Do not edit.
"""Typed clients of known models: ``from reactor_env.models import HeliosModel``.

Each class is a :class:`~reactor_env.client.Reactor` with a method for each command of one model.
A class is imported when it is first used. ``docs/models.md`` lists them.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from reactor_env.models.abot_world import AbotWorldModel
    from reactor_env.models.alayaworld import AlayaworldModel
    from reactor_env.models.base import ReactorModel
    from reactor_env.models.diamond_csgo_world_model import DiamondCsgoWorldModel
    from reactor_env.models.dreamx_world import DreamxWorldModel
    from reactor_env.models.echo_wm import EchoWmModel
    from reactor_env.models.evoke import EvokeModel
    from reactor_env.models.fast_h3 import FastH3Model
    from reactor_env.models.flashdreams_lingbot import FlashdreamsLingbotModel
    from reactor_env.models.flashdreams_waypoint import FlashdreamsWaypointModel
    from reactor_env.models.happy_oyster_adventure import HappyOysterAdventureModel
    from reactor_env.models.happy_oyster_director import HappyOysterDirectorModel
    from reactor_env.models.helios import HeliosModel
    from reactor_env.models.hy_world_1_5 import HyWorld15Model
    from reactor_env.models.lingbot import LingbotModel
    from reactor_env.models.lingbot_world_2 import LingbotWorld2Model
    from reactor_env.models.lingbot_world_v1_fast import LingbotWorldV1FastModel
    from reactor_env.models.lingbot_world_v2 import LingbotWorldV2Model
    from reactor_env.models.longlive_v2 import LongliveV2Model
    from reactor_env.models.ltx2 import Ltx2Model
    from reactor_env.models.lyra_2 import Lyra2Model
    from reactor_env.models.matrix_game_2 import MatrixGame2Model
    from reactor_env.models.matrix_game_3_0 import MatrixGame30Model
    from reactor_env.models.matrix_game_3_5 import MatrixGame35Model
    from reactor_env.models.open_dreamer import OpenDreamerModel
    from reactor_env.models.open_oasis import OpenOasisModel
    from reactor_env.models.sana_streaming import SanaStreamingModel
    from reactor_env.models.sana_wm import SanaWmModel
    from reactor_env.models.solarwm import SolarwmModel
    from reactor_env.models.vidu_s2_avatar import ViduS2AvatarModel
    from reactor_env.models.visko_orbis_dynamic import ViskoOrbisDynamicModel
    from reactor_env.models.visko_orbis_stable import ViskoOrbisStableModel
    from reactor_env.models.waypoint import WaypointModel
    from reactor_env.models.x2 import X2Model
    from reactor_env.models.yume_1_5 import Yume15Model
    from reactor_env.models.zing_0_5 import Zing05Model

__all__ = [
    "AbotWorldModel",
    "AlayaworldModel",
    "DiamondCsgoWorldModel",
    "DreamxWorldModel",
    "EchoWmModel",
    "EvokeModel",
    "FastH3Model",
    "FlashdreamsLingbotModel",
    "FlashdreamsWaypointModel",
    "HappyOysterAdventureModel",
    "HappyOysterDirectorModel",
    "HeliosModel",
    "HyWorld15Model",
    "LingbotModel",
    "LingbotWorld2Model",
    "LingbotWorldV1FastModel",
    "LingbotWorldV2Model",
    "LongliveV2Model",
    "Ltx2Model",
    "Lyra2Model",
    "MatrixGame2Model",
    "MatrixGame30Model",
    "MatrixGame35Model",
    "OpenDreamerModel",
    "OpenOasisModel",
    "ReactorModel",
    "SanaStreamingModel",
    "SanaWmModel",
    "SolarwmModel",
    "ViduS2AvatarModel",
    "ViskoOrbisDynamicModel",
    "ViskoOrbisStableModel",
    "WaypointModel",
    "X2Model",
    "Yume15Model",
    "Zing05Model",
]

_MODULES = {
    "AbotWorldModel": "abot_world",
    "AlayaworldModel": "alayaworld",
    "DiamondCsgoWorldModel": "diamond_csgo_world_model",
    "DreamxWorldModel": "dreamx_world",
    "EchoWmModel": "echo_wm",
    "EvokeModel": "evoke",
    "FastH3Model": "fast_h3",
    "FlashdreamsLingbotModel": "flashdreams_lingbot",
    "FlashdreamsWaypointModel": "flashdreams_waypoint",
    "HappyOysterAdventureModel": "happy_oyster_adventure",
    "HappyOysterDirectorModel": "happy_oyster_director",
    "HeliosModel": "helios",
    "HyWorld15Model": "hy_world_1_5",
    "LingbotModel": "lingbot",
    "LingbotWorld2Model": "lingbot_world_2",
    "LingbotWorldV1FastModel": "lingbot_world_v1_fast",
    "LingbotWorldV2Model": "lingbot_world_v2",
    "LongliveV2Model": "longlive_v2",
    "Ltx2Model": "ltx2",
    "Lyra2Model": "lyra_2",
    "MatrixGame2Model": "matrix_game_2",
    "MatrixGame30Model": "matrix_game_3_0",
    "MatrixGame35Model": "matrix_game_3_5",
    "OpenDreamerModel": "open_dreamer",
    "OpenOasisModel": "open_oasis",
    "ReactorModel": "base",
    "SanaStreamingModel": "sana_streaming",
    "SanaWmModel": "sana_wm",
    "SolarwmModel": "solarwm",
    "ViduS2AvatarModel": "vidu_s2_avatar",
    "ViskoOrbisDynamicModel": "visko_orbis_dynamic",
    "ViskoOrbisStableModel": "visko_orbis_stable",
    "WaypointModel": "waypoint",
    "X2Model": "x2",
    "Yume15Model": "yume_1_5",
    "Zing05Model": "zing_0_5",
}


def __getattr__(name: str) -> Any:
    module = _MODULES.get(name)
    if module is None:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module(f"{__name__}.{module}"), name)


def __dir__() -> list[str]:
    return sorted({*globals(), *_MODULES})
