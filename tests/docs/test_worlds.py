from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from tests.docs.pages import blocks
from tests.integration.conftest import MakeEnv
from tests.integration.conftest import make_env as make_env


def test_a_torch_model_is_a_world_in_under_sixty_lines() -> None:
    model, _ = blocks("worlds.md", "python")
    assert len(model.splitlines()) < 60


@pytest.mark.integration
def test_the_torch_model_of_the_page_runs_as_it_says(tmp_path: Path, make_env: MakeEnv) -> None:
    (manifest,) = blocks("worlds.md", "yaml")
    model, use = blocks("worlds.md", "python")
    folder = tmp_path / "my_world"
    folder.mkdir()
    (folder / "reactor.yaml").write_text(manifest)
    (folder / "world.py").write_text(model)
    used: dict[str, object] = {}
    exec(use.replace('"my_world"', repr(str(folder))), used)
    observation = used["observation"]
    assert isinstance(observation, np.ndarray)
    assert observation.shape == (128, 128, 3)
    assert used["reward"] != 0

    streamed = make_env(str(folder), mode="streamed", pacing="applied")
    streamed.reset(seed=7)
    *_, info = streamed.step(1)
    assert info["applied_by"] == "metadata"
