"""Which controls each twin's frames show. Read by the twins and by whoever reads their frames."""

from __future__ import annotations

from tests.twins.picture import Axis, Choice, Digest, Flag, Layout, keys

MINECRAFT_KEYS = (
    *("w", "a", "s", "d", "space", "shift", "ctrl", "e", "q", "escape", "f"),
    *("1", "2", "3", "4", "5", "6", "7", "8", "9", "f3"),
)
DIAMOND_KEYS = ("w", "a", "s", "d", "space", "ctrl", "shift", "1", "2", "3", "r")
FLASHDREAMS_KEYS = ("w", "s", "q", "e", "a", "d", "j", "l", "i", "k")
SIX_AXES = ("forward", "strafe", "vertical", "pitch", "yaw", "roll")
LOOK_HORIZONTAL = ("idle", "left", "right")
LOOK_VERTICAL = ("idle", "up", "down")
MOVEMENT = ("idle", "forward", "back", "strafe_left", "strafe_right")
LONGITUDINAL = ("idle", "forward", "back")
LATERAL = ("idle", "strafe_left", "strafe_right")
POSE = ("rx", "ry", "rz", "tx", "ty", "tz")
WAYPOINT_ACTIONS = (
    *("idle", "forward", "back", "left", "right"),
    *("forward_left", "forward_right", "back_left", "back_right"),
)

LAYOUTS = {
    "alayaworld": Layout(*(Axis(name) for name in SIX_AXES), Digest("prompt"), Digest("image")),
    "diamond_csgo_world_model": Layout(
        *keys(*DIAMOND_KEYS, "left", "right"),
        Axis("delta_x", 1000, bits=12),
        Axis("delta_y", 200, bits=12),
        Digest("image"),
    ),
    "flashdreams_lingbot": Layout(
        *keys(*FLASHDREAMS_KEYS),
        Axis("dx", 100, bits=10),
        Axis("dy", 100, bits=10),
        Axis("wheel"),
        Digest("prompt"),
        Digest("image"),
    ),
    "helios": Layout(Digest("prompt"), Digest("image"), Axis("image_strength")),
    "lingbot": Layout(
        Choice("movement", MOVEMENT),
        Choice("look_horizontal", LOOK_HORIZONTAL),
        Choice("look_vertical", LOOK_VERTICAL),
        Axis("rotation_speed_deg", 30),
        Digest("prompt"),
        Digest("image"),
    ),
    "lingbot_world_2": Layout(
        Choice("move_longitudinal", LONGITUDINAL),
        Choice("move_lateral", LATERAL),
        Choice("look_horizontal", LOOK_HORIZONTAL),
        Choice("look_vertical", LOOK_VERTICAL),
        Axis("rotation_speed_deg", 30),
        Flag("camera_pose"),
        *(Axis(name, 3.2, bits=7) for name in POSE[:3]),
        *(Axis(name, 1, bits=7) for name in POSE[3:]),
        Digest("prompt"),
        Digest("image"),
    ),
    "lingbot_world_v2": Layout(
        *(Axis(name) for name in SIX_AXES), Digest("prompt"), Digest("image")
    ),
    "matrix_game_2": Layout(*keys("w", "a", "s", "d"), Axis("pitch"), Axis("yaw"), Digest("image")),
    "open_dreamer": Layout(
        *keys(*MINECRAFT_KEYS, "left", "right", "middle"),
        Axis("delta_x", 200, bits=10),
        Axis("delta_y", 200, bits=10),
        Axis("wheel"),
        Digest("conditioning"),
    ),
    "open_oasis": Layout(
        *keys(*MINECRAFT_KEYS), Axis("camera_x"), Axis("camera_y"), Digest("conditioning")
    ),
    "waypoint": Layout(
        Choice("action", WAYPOINT_ACTIONS),
        Digest("buttons"),
        Axis("mouse_x", 100, bits=10),
        Axis("mouse_y", 100, bits=10),
        Axis("scroll_wheel"),
        Digest("image"),
    ),
    "x2": Layout(
        Digest("prompt"),
        Digest("image"),
        Axis("pointer_x"),
        Axis("pointer_y"),
        Flag("pointer_active"),
    ),
}
"""By the twin's name, which is its folder and that of its schema in ``reactor_env/models``."""
