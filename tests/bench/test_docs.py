"""``docs/benchmarks.md`` names what there is."""

from __future__ import annotations

from pathlib import Path

import pytest

from reactor_env.bench.peers import COMPARED
from reactor_env.bench.stages import PARTS

PAGE = (Path(__file__).parents[2] / "docs" / "benchmarks.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("name", [*COMPARED])
def test_every_client_is_described(name: str) -> None:
    assert f"| `{name}` |" in PAGE


@pytest.mark.parametrize("part", PARTS)
def test_every_part_of_a_frames_life_is_described(part: str) -> None:
    assert f"| {part} |" in PAGE
