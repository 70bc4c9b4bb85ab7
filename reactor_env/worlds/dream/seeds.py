"""How trainings differ: ``python -m reactor_env.worlds.dream.seeds --env cartpole --seeds 0 1 2``.

Reads what :mod:`~reactor_env.worlds.dream.pipeline` left for each seed, model and policy, and
writes ``docs/model_cards/dream-<env>-seeds.md``. The interval over all seeds resamples the
episodes of each, so that it is about these very policies; how much trainings differ is in the rows.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import tyro
from numpy.typing import NDArray

from reactor_env.evaluation import interval, mean
from reactor_env.files import replacing
from reactor_env.worlds.dream.pipeline import CARDS, PLANS, Env
from reactor_env.worlds.dream.pipeline import Args as PipelineArgs

ROUNDS = {
    "agent-1": "first model, of random play",
    "agent-2": "second model, of the first policy's play too",
}
"""Folders of the pipeline's policies, and what they were trained in dreams of."""


@dataclass
class Args:
    """Which trainings to compare."""

    env: Env = "cartpole"
    """the environment"""
    seeds: tuple[int, ...] = (0, 1, 2)
    """of the trainings"""
    out: Path | None = None
    """where to write; docs/model_cards/dream-<env>-seeds.md by default"""


@dataclass(frozen=True)
class Policy:
    """What one policy earned in the real environment.

    Attributes:
        seed: Of its training, and of its model's.
        model: Which of the seed's models it was trained in dreams of; a key of :data:`ROUNDS`.
        temperature: Of the dreams.
        returns: (episodes,).
    """

    seed: int
    model: str
    temperature: float
    returns: NDArray[np.float64]


def read(env: Env, seeds: Iterable[int]) -> list[Policy]:
    """Read the policies of the pipeline's seeds.

    Raises:
        FileNotFoundError: If one of them is not there; says how to make it.
    """
    found = []
    for seed in seeds:
        args = PipelineArgs(env, seed=seed)
        for model in ROUNDS:
            for temperature in PLANS[env].temperatures:
                name = model if temperature == 1 else f"{model}-{temperature:g}"
                path = args.folder(name) / "result.json"
                if not path.exists():
                    raise FileNotFoundError(f"no {path}: make it by `{args.command}`")
                result: dict[str, Any] = json.loads(path.read_text())
                returns = np.array(result["dream"]["returns"], np.float64)
                found.append(Policy(seed, model, temperature, returns))
    return found


def table(policies: Sequence[Policy]) -> list[str]:
    """Return a Markdown table: a row for every policy, and one for all seeds of its kind."""
    lines = [
        "| trained in dreams of the | temperature | seed | real return, mean ± sd "
        "| 95 % interval of the mean |",
        "|---|---|---|---|---|",
    ]
    kinds = dict.fromkeys((policy.model, policy.temperature) for policy in policies)
    for model, temperature in kinds:
        alike = [p for p in policies if (p.model, p.temperature) == (model, temperature)]
        rows = [(str(policy.seed), policy.returns[:, None]) for policy in alike]
        # One column each: the bootstrap draws from each column its own.
        if len(alike) > 1:
            rows.append(("all", np.stack([policy.returns for policy in alike], 1)))
        for seed, returns in rows:
            found = interval(mean, returns)
            lines.append(
                f"| {ROUNDS[model]} | {temperature:g} | {seed} "
                f"| {returns.mean():.1f} ± {returns.std():.1f} "
                f"| {found.low:.1f} to {found.high:.1f} |"
            )
    return lines


def document(env: Env, policies: Sequence[Policy]) -> str:
    """Return the page."""
    seeds = list(dict.fromkeys(policy.seed for policy in policies))
    episodes = len(policies[0].returns)
    commands = [PipelineArgs(env, seed=seed).command for seed in seeds]
    lines = [
        f"# dream-{env}: the same training with other seeds",
        "",
        f"Written by `python -m reactor_env.worlds.dream.seeds --env {env} --seeds "
        f"{' '.join(map(str, seeds))}`; not edited by hand.",
        "",
        f"Everything from nothing with each seed: random play, model, policy, its play, the model "
        f"again, policy. {episodes} real episodes of each policy's most probable actions. The "
        "interval in a row `all` resamples the episodes of each seed: it is about these policies, "
        "and how much trainings differ is what the rows above it show.",
        "",
        *table(policies),
        "",
        *(f"- `{command}`" for command in commands),
        "",
    ]
    return "\n".join(lines)


def main() -> None:
    """Write the page, and print it."""
    args = tyro.cli(Args)
    text = document(args.env, read(args.env, args.seeds))
    print(text)
    path = args.out or CARDS / f"dream-{args.env}-seeds.md"
    with replacing(path) as partial:
        partial.write_text(text)


if __name__ == "__main__":
    main()
