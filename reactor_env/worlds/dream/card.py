"""Writes a model's card: ``python -m reactor_env.worlds.dream.card --env cartpole``.

Plays episodes of the real environment that the model was not trained on, compares, and writes
``docs/model_cards/dream-<env>.md`` with its pictures. Needs ``pip install "reactor-env[worlds]"``.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np
import tyro
from rich.console import Console

from reactor_env.files import replacing
from reactor_env.worlds.dream import collect, film, measure
from reactor_env.worlds.dream.collect import Episode
from reactor_env.worlds.dream.dream_env import WEIGHTS
from reactor_env.worlds.dream.dreams import REENCODE_EVERY
from reactor_env.worlds.dream.measure import FEWEST, WARM_UP, Ends, OpenLoop
from reactor_env.worlds.dream.numpy_model import DreamModel
from reactor_env.worlds.dream.results import dream_to_real
from reactor_env.worlds.dream.tasks import TASKS, Task

HELD_OUT_SEED = 2**20
"""No training has it: those seeds are small."""


@dataclass
class Args:
    """What to describe."""

    env: Literal["cartpole", "takecover"]
    """the environment"""
    weights: Path | None = None
    """the model's file; the one that ships with the package by default"""
    frames: int = 4000
    """real frames to compare with"""
    held_out: Path | None = None
    """where they are kept; out/dream/<env>-held-out by default"""
    policy_episodes: Path | None = None
    """folder of a policy's episodes that the model was not trained on, to compare with too"""
    results: tuple[Path, ...] = ()
    """files result.json of agents/dream_to_real.py"""
    made_by: str = ""
    """the command that made the model from nothing, if one did"""
    out: Path = Path("docs/model_cards")
    """folder of the card"""


def write(args: Args, console: Console) -> Path:
    """Measure and write.

    Returns:
        The card.
    """
    path = args.weights or WEIGHTS / f"{args.env}.npz"
    folder = args.held_out or Path("out") / "dream" / f"{args.env}-held-out"
    task, model = TASKS[args.env], DreamModel.load(path)
    console.print(f"playing {args.frames} frames of {task.env_id}")
    player = collect.RandomPlayer(task.actions, task.hold)
    collect.collect(task, player, folder, frames=args.frames, seed=HELD_OUT_SEED)
    episodes = [e for e in collect.load(folder) if len(e.actions) > WARM_UP]
    name = f"dream-{args.env}"
    pictures = args.out / name
    console.print("drawing")
    scale = (2, 2 * task.enlarge[1] // task.enlarge[0])
    film.write_png(pictures / "open-loop.png", film.open_loop(model, episodes, scale))
    film.write_png(pictures / "actions.png", film.actions(model, scale))
    film.write_png(pictures / "drift.png", film.drift(model, scale))
    console.print("measuring")
    ahead = measure.open_loop(model, episodes)
    text = "\n".join(
        [
            *_head(args, task, model, path),
            *_open_loop(ahead),
            "",
            f"![Real and dreamt pictures]({name}/open-loop.png)",
            "",
            *(on_policy(model, args.policy_episodes, pictures) if args.policy_episodes else []),
            *_control(ahead, name),
            *_drift(measure.drift(model, episodes), name),
            *_ends(measure.ends(model, episodes)),
            *_lengths(model, episodes, task.hold),
            *(dream_to_real(args.env, args.results) if args.results else []),
            *_speed(path),
        ]
    )
    card = args.out / f"{name}.md"
    with replacing(card) as partial:
        partial.write_text(text + "\n", encoding="utf-8")
    console.print(f"wrote {card}")
    return card


def _head(args: Args, task: Task, model: DreamModel, path: Path) -> list[str]:
    config, training = model.config, model.training
    further = training["further"]
    players = "random play" + (f", but {further:,} frames of a policy's" if further else "")
    command = f"python -m reactor_env.worlds.dream.card --env {args.env}"
    if args.weights:
        command += f" --weights {args.weights}"
    if args.policy_episodes:
        command += f" --policy-episodes {args.policy_episodes}"
    if args.results:
        command += f" --results {' '.join(map(str, args.results))}"
    if args.made_by:
        command += f" --made-by '{args.made_by}'"
    if args.made_by:
        from_nothing = f"Made from nothing, this card too, by `{args.made_by}`."
    else:
        pipeline = f"python -m reactor_env.worlds.dream.pipeline --env {args.env}"
        from_nothing = f"`{pipeline}` makes another from nothing, with its card."
    digest = hashlib.sha256(path.read_bytes()).hexdigest()[:16]
    return [
        f"# dream-{args.env}",
        "",
        f"Written by `{command}`; not edited by hand. {from_nothing}",
        "",
        f"A learned model of `{task.env_id}`: a convolutional autoencoder of 64x64 pictures with "
        f"{config.latent} latents, and a recurrent network of {config.hidden} units that draws "
        f"each latent's change from {config.mixtures} normal distributions, with reward and end. "
        f"Served at {config.fps:g} frames a second by NumPy alone.",
        "",
        "| | |",
        "|---|---|",
        f"| data | {training['frames']:,} frames of {training['episodes']:,} episodes; {players} |",
        *_runs(training["runs"]),
        *([f"| note | {training['note']} |"] if "note" in training else []),
        f"| trained with | torch {training['torch']}, {training['threads']} thread, on a shared "
        "machine without a GPU |",
        f"| parameters | {model.parameters:,} |",
        f"| file | {path.stat().st_size / 1e6:.2f} MB of 16-bit floats, sha256 {digest}... |",
        f"| starts | {config.openings} first pictures, {len(model.starts.latent) - config.openings}"
        " moments inside episodes |",
        "",
        "What follows is measured on episodes of random play that it was not trained on.",
        "",
    ]


def _runs(runs: list[dict[str, Any]]) -> list[str]:
    lines = []
    for number, run in enumerate(runs, 1):
        times = ", ".join(f"{stage} {value:.0f} s" for stage, value in run["seconds"].items())
        lines.append(f"| step {number} | `{run['command']}`{f' ({times})' if times else ''} |")
    return lines


def _open_loop(rows: list[OpenLoop]) -> list[str]:
    return [
        "## Open loop",
        "",
        f"It sees {WARM_UP} real steps, then goes on alone with the real actions. PSNR in dB and "
        "SSIM of its picture against the real one, means over the episodes that are long enough "
        f"(at least {FEWEST}). *Likeliest* leaves nothing to chance; the last two columns are the "
        "picture that repeats the last real one, and the best that the picture model could show.",
        "",
        *_table(rows),
    ]


def on_policy(model: DreamModel, folder: Path, pictures: Path) -> list[str]:
    """Return the lines about episodes of a policy, and draw the piece of them that moves most.

    Args:
        model: The model.
        folder: Where the episodes are.
        pictures: Where the picture goes.
    """
    long = measure.PIECE_WARM_UP + max(measure.HORIZONS)
    pieces = measure.pieces(collect.load(folder), long)
    if not pieces:
        return [f"No episode of the policy in {folder} is {long} steps long.", ""]
    rows, columns = model.config.enlarge
    film.write_png(
        pictures / "policy.png",
        film.open_loop(
            model,
            [film.busiest(pieces)],
            (2, 2 * columns // rows),
            warm=measure.PIECE_WARM_UP,
        ),
    )
    return [
        f"The same in {len(pieces)} pieces of episodes of a policy that was trained in the dream, "
        f"after {measure.PIECE_WARM_UP} real steps:",
        "",
        *_table(measure.open_loop(model, pieces, warm=measure.PIECE_WARM_UP)),
        "",
        "The piece in which most moves:",
        "",
        f"![Real and dreamt pictures of a policy]({pictures.name}/policy.png)",
        "",
    ]


def _table(rows: list[OpenLoop]) -> list[str]:
    columns = ("sampled", "likeliest", "last picture again", "through the picture model")
    lines = [
        f"| steps ahead | episodes | {' | '.join(columns)} |",
        "|---|---|" + "---|" * len(columns),
    ]
    for row in rows:
        cells = [f"{row.psnr[c]:.1f} ({row.ssim[c]:.3f})" for c in columns]
        lines.append(f"| {row.horizon} | {row.episodes} | {' | '.join(cells)} |")
    return lines


def _control(rows: list[OpenLoop], name: str) -> list[str]:
    lines = [
        "## Control",
        "",
        "How much worse the likeliest picture is with other, random actions than the real ones "
        "(dB): what the actions decide.",
        "",
        "| steps ahead | real actions | other actions | difference |",
        "|---|---|---|---|",
    ]
    for row in rows:
        real, other = row.psnr["likeliest"], row.psnr["other actions"]
        lines.append(f"| {row.horizon} | {real:.1f} | {other:.1f} | {real - other:+.1f} |")
    return [*lines, "", f"![Each action held]({name}/actions.png)", ""]


def _drift(found: dict[str, list[tuple[int, float]]], name: str) -> list[str]:
    [(_, real)] = found["real"]
    steps = [step for step, _ in found["as served"]]
    lines = [
        "## Drift",
        "",
        "Mean squared error of a dreamt picture to the nearest real one (values from 0 to 1, times "
        f"10,000), in long dreams of random play. Between real pictures of different episodes it "
        f"is {1e4 * real:.2f}. The world looks at its own picture every {REENCODE_EVERY} steps and "
        "honours its ends; without ends it dreams on where no real episode ever was.",
        "",
        f"| | {' | '.join(f'{step} steps' for step in steps)} |",
        "|---|" + "---|" * len(steps),
    ]
    for way, row in found.items():
        if way != "real":
            lines.append(f"| {way} | {' | '.join(f'{1e4 * error:.2f}' for _, error in row)} |")
    return [*lines, "", f"![Long dreams]({name}/drift.png)", ""]


def _ends(found: Ends) -> list[str]:
    lines = [
        "## Ends and rewards",
        "",
        f"Of {found.steps:,} real steps, {found.ended} ended their episode; the model expected "
        f"{found.expected:.1f} (mean probability {found.expected / found.steps:.4f}, base rate "
        f"{found.ended / found.steps:.4f}). AUC {found.auc:.4f}. Mean squared error of the reward "
        f"{found.reward_error:.2g}.",
        "",
        "| mean probability | ended | steps |",
        "|---|---|---|",
    ]
    lines += [f"| {mean:.4f} | {often:.4f} | {count:,} |" for mean, often, count in found.bins]
    return [*lines, ""]


def _lengths(model: DreamModel, episodes: list[Episode], hold: int) -> list[str]:
    real = np.array([len(e.actions) for e in episodes])
    dreamt = measure.random_lengths(model, 200, hold=hold)
    return [
        f"Episodes of random play last {dreamt.mean():.1f} ± {dreamt.std():.1f} steps in "
        f"{len(dreamt)} dreams, {real.mean():.1f} ± {real.std():.1f} in {len(real)} real ones.",
        "",
    ]


def _speed(path: Path) -> list[str]:
    taken = measure.frame_ms(path)
    median, late = np.percentile(taken, [50, 99])
    return [
        "## Speed",
        "",
        f"A frame, enlarged, took {median:.1f} ms (median; 99 % within {late:.1f} ms) on one core "
        "of a shared machine without a GPU.",
    ]


def main() -> None:
    """Write a card."""
    write(tyro.cli(Args), Console())


if __name__ == "__main__":
    main()
