from __future__ import annotations

import json
import math
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from agents import curves
from agents.curves import Arm, Curve, Options, equal_updates, learn_in, markdown, paired, verdict
from agents.ppo import CARTPOLE, Update

LOAD = (0.0, 0.0)


@pytest.fixture(autouse=True)
def _torch_as_before() -> Iterator[None]:
    threads = torch.get_num_threads()
    with torch.random.fork_rng(devices=[]):
        yield
    torch.use_deterministic_algorithms(False)
    torch.set_num_threads(threads)


def curve(arm: Arm, seed: int, digests: str, greedy: float = 1.0) -> Curve:
    """Make a curve with an update for every letter."""
    updates = [Update(10 * n, [float(n)], digest) for n, digest in enumerate(digests, 1)]
    return Curve(arm, seed, updates, [greedy], seconds=2.0)


@pytest.mark.integration
@pytest.mark.timeout(120)
def test_a_training_through_the_network_is_the_direct_one_bit_for_bit() -> None:
    args = replace(CARTPOLE, steps=384, rollout=128, seed=5)
    stepped, direct = (learn_in(arm, args, evaluate=1) for arm in ("stepped", "direct"))
    assert len(stepped.updates) == 3
    assert stepped.updates == direct.updates
    assert stepped.greedy == direct.greedy
    assert sum(len(update.returns) for update in stepped.updates) >= 5


def test_updates_are_equal_only_with_equal_parameters() -> None:
    assert equal_updates(curve("stepped", 1, "abc"), curve("direct", 1, "abd")) == 2


def test_the_verdict_counts_equal_updates_of_all() -> None:
    given = [curve("stepped", 1, "ab"), curve("direct", 1, "ab")]
    assert "are identical**: after 2 of 2 updates (1 seeds)" in verdict(given)[0]
    given += [curve("stepped", 2, "abcd"), curve("direct", 2, "ab")]
    assert "are NOT identical**: after 4 of 6 updates (2 seeds)" in verdict(given)[0]


def test_equal_parameters_with_other_returns_afterwards_are_not_called_identical() -> None:
    given = [curve("stepped", 1, "ab"), curve("direct", 1, "ab", greedy=2.0)]
    assert "NOT identical" in verdict(given)[0]


def test_the_paired_interval_is_that_of_students_t() -> None:
    given = [curve("stepped", seed, "a", greedy=100.0 * seed) for seed in (1, 2, 3)]
    given += [curve("streamed", seed, "a", greedy=100.0 * seed + seed) for seed in (1, 2, 3)]
    mean, half = paired(given, "streamed", "stepped")
    assert mean == pytest.approx(2.0)
    # Differences 1, 2, 3: deviation 1, of three 4.303 / sqrt(3).
    assert half == pytest.approx(4.303 / math.sqrt(3))
    assert "[-0.5, 4.5]" in verdict(given)[-1]


def test_one_seed_has_a_difference_without_an_interval() -> None:
    given = [curve("stepped", 1, "a"), curve("streamed", 1, "a", greedy=3.0)]
    mean, half = paired(given, "streamed", "stepped")
    assert mean == 2.0
    assert math.isnan(half)
    assert "no interval" in verdict(given)[0]


def test_a_report_has_a_row_for_every_training() -> None:
    given = [curve("stepped", 1, "abcd"), curve("direct", 1, "abcd")]
    text = markdown(given, Options(seeds=(1,), steps=40), LOAD)
    assert "| stepped | 1 | 4 | 4.0 | 1.0 | `d` | 2 | 20 |" in text
    assert "| direct | 1 |" in text
    assert "`python -m agents.curves --seeds 1 --steps 40 --out" in text


def test_a_report_is_written_and_resumed_from(tmp_path: Path) -> None:
    out = tmp_path / "new" / "report"
    given = [curve("stepped", 1, "ab"), curve("direct", 1, "ab")]
    options = Options(seeds=(1,), steps=20, out=out, resume=True)
    curves.report(given, options, LOAD)
    assert out.with_suffix(".png").read_bytes()[:4] == b"\x89PNG"
    assert json.loads(out.with_suffix(".json").read_text())["curves"][0]["parameters"] == ["a", "b"]
    assert curves.kept(options) == given
    assert curves.kept(replace(options, resume=False)) == []
    with pytest.raises(ValueError, match="`steps` must be 20 to resume"):
        curves.kept(replace(options, steps=30))


def test_the_direct_arm_shows_what_is_rendered() -> None:
    env = curves.make("direct", replace(CARTPOLE, size=(4, 6)))
    first, _ = env.reset(seed=1)
    again, _ = env.reset(seed=1)
    assert first.shape == (1, 4, 6)
    assert np.array_equal(first, again)
    seen = [env.step(0)[0] for _ in range(5)]
    assert not np.array_equal(first, seen[-1])
    env.close()
