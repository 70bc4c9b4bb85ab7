"""The profiles that ship with the package, and files of the user's own."""

from __future__ import annotations

import functools
import os
from collections.abc import Mapping
from difflib import get_close_matches
from pathlib import Path
from typing import Any

from reactor_env.profiles.profile import Profile
from reactor_env.profiles.reader import ProfileError, load_profile, read_profile

_FOLDER = Path(__file__).parent

type ProfileLike = Profile | str | os.PathLike[str] | Mapping[str, Any]
"""A profile, the name of one that ships with the package, a TOML file, or its table."""


@functools.cache
def bundled_profiles() -> Mapping[str, Profile]:
    """Return the profiles that ship with the package, by name."""
    return {path.stem: load_profile(path) for path in sorted(_FOLDER.glob("*.toml"))}


def find_profile(*models: str) -> Profile | None:
    """Return the profile of a model, ``None`` where there is none.

    Args:
        models: Names of the model, the first to have a profile counts. The owner may be left
            out, and underscores are as good as hyphens.
    """
    for model in models:
        for profile in bundled_profiles().values():
            if _plain(model) in map(_plain, profile.models):
                return profile
    return None


def get_profile(given: ProfileLike) -> Profile:
    """Return a profile.

    Args:
        given: See :data:`ProfileLike`.

    Raises:
        ProfileError: If there is no profile of that name, or it is not laid out as it must be.
        OSError: If the file cannot be read.
    """
    if isinstance(given, Profile):
        return given
    if isinstance(given, Mapping):
        return read_profile("profile", given)
    path = Path(given)
    if path.suffix == ".toml":
        return load_profile(path)
    known = bundled_profiles()
    if str(given) in known:
        return known[str(given)]
    close = get_close_matches(str(given), known, 1)
    hint = f"did you mean {close[0]!r}? It" if close else "it"
    raise ProfileError(
        f"`profile` must be a .toml file or the name of a profile, got {str(given)!r}: {hint} may "
        f"be {', '.join(known)}"
    )


def _plain(model: str) -> str:
    return model.lower().rpartition("/")[2].replace("_", "-")
