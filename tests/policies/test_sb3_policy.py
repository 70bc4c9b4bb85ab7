from __future__ import annotations

import importlib.util
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from reactor_env.errors import MissingDependencyError
from reactor_env.policies import Policy, load_sb3_policy
from reactor_env.worlds.catch import CatchEnv

sb3: Any = pytest.importorskip("stable_baselines3")

MODELS = {
    "ppo": lambda env: sb3.PPO("CnnPolicy", env, n_steps=8, batch_size=8, seed=0),
    "a2c-layers": lambda env: sb3.A2C(
        "MlpPolicy", env, policy_kwargs={"net_arch": [16]}, use_rms_prop=False, seed=0
    ),
    "dqn": lambda env: sb3.DQN("CnnPolicy", env, buffer_size=8, seed=0),
}


@pytest.mark.parametrize("name", MODELS)
def test_a_saved_model_acts_as_the_model_does(name: str, tmp_path: Path) -> None:
    env = CatchEnv("rgb_array")
    model = MODELS[name](env)
    model.save(tmp_path / name)
    policy = load_sb3_policy(tmp_path / f"{name}.zip")
    assert isinstance(policy, Policy)
    observation, _ = env.reset(seed=3)
    for _ in range(15):
        action, _ = policy.predict(observation, None, np.array([True]), True)
        assert action == model.predict(observation, deterministic=True)[0]
        assert env.action_space.contains(action)
        observation, *_ = env.step(int(action))


def test_the_ending_of_the_file_may_be_left_out(tmp_path: Path) -> None:
    MODELS["ppo"](CatchEnv("rgb_array")).save(tmp_path / "model")
    assert isinstance(load_sb3_policy(tmp_path / "model"), Policy)


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"there is no .*model\.zip"):
        load_sb3_policy(tmp_path / "model")


def test_a_zip_of_something_else_is_refused(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "other.zip", "w") as file:
        file.writestr("data", "{}")
    with pytest.raises(ValueError, match=r"must be the file of a saved .* got .*other\.zip"):
        load_sb3_policy(tmp_path / "other.zip")


def test_a_file_that_is_no_zip_is_refused(tmp_path: Path) -> None:
    (tmp_path / "text.zip").write_text("no model")
    with pytest.raises(ValueError, match=r"text\.zip"):
        load_sb3_policy(tmp_path / "text.zip")


def test_without_stable_baselines3_the_message_says_what_to_install(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    with pytest.raises(MissingDependencyError, match=r'pip install "reactor-env\[agents\]"'):
        load_sb3_policy(tmp_path / "model.zip")
