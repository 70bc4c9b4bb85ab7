from __future__ import annotations

from pathlib import Path

import pytest

from reactor_env.worlds.dream.numpy_model import DreamModel
from tests.worlds.dream import tiny


@pytest.fixture(scope="session")
def tiny_path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("dream") / "tiny.npz"
    tiny.write(path)
    return path


@pytest.fixture(scope="session")
def tiny_model(tiny_path: Path) -> DreamModel:
    return DreamModel.load(tiny_path)
