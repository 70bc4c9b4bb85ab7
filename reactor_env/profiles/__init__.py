"""What the environment must know about models beyond their schemas: one TOML file each."""

from __future__ import annotations

from reactor_env.profiles.checks import check_profile
from reactor_env.profiles.derived import RESET_COMMAND, derived_profile
from reactor_env.profiles.profile import (
    Confirmation,
    EndRule,
    Ends,
    Profile,
    ResetRecipe,
)
from reactor_env.profiles.reader import ProfileError, load_profile, read_profile
from reactor_env.profiles.registry import (
    ProfileLike,
    bundled_profiles,
    find_profile,
    get_profile,
)

__all__ = [
    "RESET_COMMAND",
    "Confirmation",
    "EndRule",
    "Ends",
    "Profile",
    "ProfileError",
    "ProfileLike",
    "ResetRecipe",
    "bundled_profiles",
    "check_profile",
    "derived_profile",
    "find_profile",
    "get_profile",
    "load_profile",
    "read_profile",
]
