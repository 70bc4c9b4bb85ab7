from __future__ import annotations

from pathlib import Path

from reactor_env.worlds.dream.results import dream_to_real
from tests.worlds.dream import results

SPREAD = {"mean": 300.0, "sd": 40.0, "ci95": [290.0, 310.0]}


def test_each_policy_has_a_row_and_random_play_has_one_for_all(tmp_path: Path) -> None:
    lines = dream_to_real("cartpole", [results.write(tmp_path, t) for t in (1.0, 1.15)])
    rows = [line for line in lines if line.startswith("| ")][1:]
    trained = "trained in dreams of first"
    assert rows == [
        "| random play |  | 9.0 ± 2.0 | 7.0 to 11.0 |",
        f"| {trained}, temperature 1, seed 4 | 9.0 ± 2.0 | 9.0 ± 2.0 | 7.0 to 11.0 |",
        f"| {trained}, temperature 1.15, seed 4 | 9.0 ± 2.0 | 9.0 ± 2.0 | 7.0 to 11.0 |",
    ]
    assert lines[-3:] == ["- `python it 1.0`", "- `python it 1.15`", ""]


def test_a_policy_that_was_trained_before_has_its_command_first(tmp_path: Path) -> None:
    (tmp_path / "result.json").write_text('{"command": "train it"}')
    lines = dream_to_real("cartpole", [results.write(tmp_path, policy=tmp_path / "policy.pt")])
    assert lines[-3:] == ["- `train it`", "- `python it 1.0`", ""]


def test_direct_training_is_told_by_its_steps(tmp_path: Path) -> None:
    lines = dream_to_real("cartpole", [results.write(tmp_path, direct=SPREAD)])
    row = "| the same agent, trained on 12,000 real steps |  | 300.0 ± 40.0 | 290.0 to 310.0 |"
    assert row in lines


def test_what_others_published_comes_last(tmp_path: Path) -> None:
    lines = dream_to_real("takecover", [results.write(tmp_path)])
    rows = [line for line in lines if line.startswith("| ")]
    assert "temperature 1.15 | 918 ± 546 | 1092 ± 556 |" in rows[-3]
    assert rows[-1] == "| counts as solved |  | 750 |  |"
