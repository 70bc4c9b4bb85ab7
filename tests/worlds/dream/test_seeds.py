from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from reactor_env.files import write_json
from reactor_env.worlds.dream.seeds import Policy, document, read, table


def policy(seed: int, *returns: float, model: str = "agent-2", temperature: float = 1.0) -> Policy:
    return Policy(seed, model, temperature, np.array(returns, np.float64))


def test_every_policy_has_a_row_and_all_seeds_of_a_kind_have_one() -> None:
    rows = table([policy(0, 500, 500), policy(1, 10, 30), policy(1, 7, 7, temperature=1.15)])
    kind = "second model, of the first policy's play too"
    assert rows[2:] == [
        f"| {kind} | 1 | 0 | 500.0 ± 0.0 | 500.0 to 500.0 |",
        f"| {kind} | 1 | 1 | 20.0 ± 10.0 | 10.0 to 30.0 |",
        f"| {kind} | 1 | all | 260.0 ± 240.1 | 255.0 to 265.0 |",
        f"| {kind} | 1.15 | 1 | 7.0 ± 0.0 | 7.0 to 7.0 |",
    ]


def test_the_page_names_the_commands_that_made_each_seed() -> None:
    text = document("cartpole", [policy(0, 1), policy(2, 3)])
    command = "python -m reactor_env.worlds.dream.pipeline --env cartpole --seed"
    assert f"- `{command} 0`\n- `{command} 2`" in text
    assert "--seeds 0 2`; not edited by hand" in text


def test_the_policies_of_the_pipeline_are_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    for seed, name in enumerate(["cartpole", "cartpole-seed1"]):
        for number, model in enumerate(["agent-1", "agent-2"]):
            result = {"dream": {"returns": [seed, number]}}
            write_json(Path("out/dream", f"{name}-{model}", "result.json"), result)
    found = read("cartpole", [0, 1])
    assert [(p.seed, p.model, *p.returns) for p in found] == [
        (0, "agent-1", 0, 0),
        (0, "agent-2", 0, 1),
        (1, "agent-1", 1, 0),
        (1, "agent-2", 1, 1),
    ]


def test_a_training_that_is_not_there_is_named_with_its_command(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(FileNotFoundError, match="pipeline --env takecover --seed 5"):
        read("takecover", [5])
