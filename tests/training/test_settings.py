from __future__ import annotations

from typing import Any

import pytest

from reactor_env.training.settings import Settings, seed_at


@pytest.mark.parametrize(
    ("given", "named"),
    [
        ({"steps": 0}, "`steps` must be at least 1, got 0"),
        ({"checkpoint_every": 0}, "`checkpoint_every` must be at least 1"),
        ({"threads": -1}, "`threads` must be at least 1, got -1"),
        ({"seed": -1}, "`seed` must not be negative, got -1"),
    ],
)
def test_numbers_out_of_range_are_refused(given: dict[str, Any], named: str) -> None:
    with pytest.raises(ValueError, match=named):
        Settings(**{"agent": "ppo", "steps": 1, **given})


def test_every_checkpoint_goes_on_with_a_seed_of_its_own() -> None:
    seeds = {seed_at(seed, steps) for seed in range(5) for steps in range(0, 500, 100)}
    assert len(seeds) == 25
    assert seed_at(1, 100) == seed_at(1, 100)
    assert all(0 <= seed < 2**31 for seed in seeds)
