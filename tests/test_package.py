from __future__ import annotations

import json
import subprocess
import sys
from importlib.metadata import version
from typing import Any

import gymnasium as gym
import pytest

import reactor_env

HEAVY = ("torch", "reactor_runtime", "reactor_wire", "reactor_sdk", "matplotlib", "aiortc", "av")


def python(code: str, *options: str) -> str:
    done = subprocess.run(
        [sys.executable, *options, "-c", code],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""
    return done.stdout


def modules_after(code: str) -> set[str]:
    loaded: list[str] = json.loads(
        python(f"import json, sys\n{code}\nprint(json.dumps(list(sys.modules)))")
    )
    return set(loaded)


def test_importing_the_package_warns_of_nothing() -> None:
    python("import reactor_env", "-W", "error")


def test_importing_the_package_imports_nothing_heavy() -> None:
    assert modules_after("import reactor_env").isdisjoint(HEAVY)


def test_importing_the_environment_imports_no_optional_package() -> None:
    optional = set(HEAVY) - {"aiortc", "av"}
    loaded = modules_after("import reactor_env.env")
    assert "aiortc" in loaded
    assert loaded.isdisjoint(optional)


def test_importing_the_client_imports_neither_gymnasiums_environments_nor_torch() -> None:
    # The client is to be usable by itself; the package's __init__ needs gymnasium.register.
    assert modules_after("import reactor_env.client").isdisjoint(
        {"torch", "reactor_runtime", "reactor_sdk", "reactor_env.env", "reactor_env.worlds"}
    )


@pytest.mark.parametrize("name", reactor_env.__all__)
def test_every_public_name_resolves(name: str) -> None:
    found = getattr(reactor_env, name)
    assert isinstance(found, str) if name == "__version__" else found.__name__ == name


def test_a_name_that_does_not_exist_is_an_attribute_error() -> None:
    missing: Any = reactor_env
    with pytest.raises(AttributeError, match="module 'reactor_env' has no attribute 'Nothing'"):
        missing.Nothing  # noqa: B018


def test_the_version_is_the_distributions() -> None:
    assert reactor_env.__version__ == version("reactor-env")


@pytest.mark.parametrize(
    ("env_id", "entry_point"),
    [
        ("reactor_env/World-v0", "reactor_env.env:ReactorEnv"),
        ("reactor_env/Catch-v0", "reactor_env.worlds.catch:CatchEnv"),
    ],
)
def test_the_environments_are_registered(env_id: str, entry_point: str) -> None:
    assert gym.spec(env_id).entry_point == entry_point


def test_the_bundled_game_can_be_played_directly() -> None:
    env = gym.make("reactor_env/Catch-v0")
    observation, _ = env.reset(seed=1)
    assert env.observation_space.contains(observation)
    env.close()


def test_the_bundled_game_needs_no_runtime() -> None:
    code = "import gymnasium, reactor_env\ngymnasium.make('reactor_env/Catch-v0').reset()"
    assert modules_after(code).isdisjoint({"reactor_runtime", "aiortc"})
