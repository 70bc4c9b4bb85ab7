"""The part of a model's card that says what policies trained in its dreams earn in reality."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

PUBLISHED: Mapping[str, Sequence[tuple[str, str, str]]] = {
    "takecover": (
        ("Ha & Schmidhuber (2018), dream, temperature 1", "1145 ± 690", "868 ± 511"),
        ("Ha & Schmidhuber (2018), dream, temperature 1.15", "918 ± 546", "1092 ± 556"),
        ("their random play", "", "210 ± 108"),
        ("counts as solved", "", "750"),
    )
}
"""Rows of others, as they published them (arXiv:1803.10122): who, dreams, real episodes."""


def dream_to_real(env: str, paths: Sequence[Path]) -> list[str]:
    """Return the section's lines.

    Args:
        env: The environment, as for ``--env``.
        paths: Files ``result.json`` of ``agents/dream_to_real.py``.
    """
    found = [json.loads(path.read_text()) for path in paths]
    rows = [row for result in found for row in _rows(result)]
    # Random play is the same in all of them.
    rows = list(dict.fromkeys(rows))
    rows += [(who, dreams, real, "") for who, dreams, real in PUBLISHED.get(env, ())]
    return [
        "## From dream to reality",
        "",
        "What a policy earns that was trained by PPO in dreams alone, with its most probable "
        "actions: mean ± standard deviation of whole episodes, and the 95 % interval of the mean, "
        "by a bootstrap over the episodes.",
        "",
        "| policy | in dreams | in the real environment | 95 % interval |",
        "|---|---|---|---|",
        *(f"| {' | '.join(row)} |" for row in rows),
        "",
        *(f"- `{command}`" for command in _commands(found)),
        "",
    ]


def _commands(found: Sequence[Mapping[str, Any]]) -> list[str]:
    """Return the commands of results, each after that of a policy that was trained before."""
    commands = []
    for result in found:
        trained = Path(result["arguments"]["policy"]).with_name("result.json")
        if trained.exists():
            commands.append(json.loads(trained.read_text())["command"])
        commands.append(result["command"])
    return list(dict.fromkeys(commands))


def _rows(result: Mapping[str, Any]) -> list[tuple[str, str, str, str]]:
    arguments = result["arguments"]
    names = {
        "random": "random play",
        "direct": f"the same agent, trained on {int(arguments['direct_steps']):,} real steps",
        "dream": f"trained in dreams of {_model(arguments['model'])}, temperature "
        f"{float(arguments['temperature']):g}, seed {arguments['seed']}",
    }
    rows = []
    for player, name in names.items():
        if player in result:
            real = result[player]
            dreams = _spread(result["dreams"]) if player == "dream" else ""
            low, high = real["ci95"]
            rows.append((name, dreams, _spread(real), f"{low:.1f} to {high:.1f}"))
    return rows


def _model(name: str) -> str:
    """Return the name of a model, or of the folder of its training."""
    return Path(name).parent.name or name


def _spread(found: Mapping[str, Any]) -> str:
    return f"{found['mean']:.1f} ± {found['sd']:.1f}"
