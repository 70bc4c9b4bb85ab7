from __future__ import annotations

from pathlib import Path

import pytest

pytest.importorskip("stable_baselines3")

from agents import sb3_recipe
from reactor_env.policies import load_sb3_policy
from reactor_env.training.algorithms import ALGORITHMS

pytestmark = pytest.mark.integration


@pytest.mark.slow
def test_the_recipe_leaves_a_model_that_plays(tmp_path: Path) -> None:
    out = tmp_path / "catch.zip"
    sb3_recipe.main(steps=1, slots=1, out=str(out))
    policy = load_sb3_policy(out)
    assert policy.observation_space.shape == (1, 36, 36)


def test_it_learns_as_the_command_does() -> None:
    text = Path(sb3_recipe.__file__).read_text(encoding="utf-8")
    for name, value in ALGORITHMS["ppo"].defaults.items():
        written = "1e-3" if value == 1e-3 else repr(value)
        assert f"{name}={written}," in text
