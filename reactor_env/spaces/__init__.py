"""From a model's schema to Gymnasium spaces, and from actions to commands."""

from __future__ import annotations

from reactor_env.spaces.action_map import (
    FORMS,
    ActionMap,
    Form,
    Presets,
    Values,
    action_map,
    read_presets,
)
from reactor_env.spaces.choose import ACTION_COMMAND, action_commands, unfit
from reactor_env.spaces.controls import SEQUENCE_FIELD, Control
from reactor_env.spaces.spec import KINDS, ActionSpec, Kind

__all__ = [
    "ACTION_COMMAND",
    "FORMS",
    "KINDS",
    "SEQUENCE_FIELD",
    "ActionMap",
    "ActionSpec",
    "Control",
    "Form",
    "Kind",
    "Presets",
    "Values",
    "action_commands",
    "action_map",
    "read_presets",
    "unfit",
]
