"""From torch networks to the file that the NumPy model reads: 16-bit floats, its own layout."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from reactor_env.worlds.dream.artefacts import write_arrays
from reactor_env.worlds.dream.memory import Memory, Sequences
from reactor_env.worlds.dream.numpy_model import Config, DreamModel, State
from reactor_env.worlds.dream.vision import Vision

OPENINGS = 128
"""First pictures of episodes in a file."""

MIDDLES = 256
"""Moments inside episodes in a file."""


def weights(vision: Vision, memory: Memory) -> dict[str, NDArray[np.float16]]:
    """Return the weights of both networks as :class:`DreamModel` names and lays them out."""
    see, remember, side = vision.state_dict(), memory.state_dict(), vision.side
    found: dict[str, torch.Tensor] = {}
    for number in range(len(vision.encoder)):
        encoder, decoder = f"encoder.{number}", f"decoder.{number}"
        found[f"{encoder}.weight"] = see[f"{encoder}.weight"].permute(2, 3, 1, 0).flatten(0, 2)
        found[f"{encoder}.bias"] = see[f"{encoder}.bias"]
        found[f"{decoder}.weight"] = see[f"{decoder}.weight"].permute(0, 2, 3, 1).flatten(1)
        found[f"{decoder}.bias"] = see[f"{decoder}.bias"]
    # Torch flattens a picture with its channels first.
    into = see["to_latent.weight"].reshape(len(see["to_latent.weight"]), -1, side, side)
    found["to_latent.weight"] = into.permute(2, 3, 1, 0).flatten(0, 2)
    found["to_latent.bias"] = see["to_latent.bias"]
    out = see["from_latent.weight"].reshape(-1, side, side, len(into))
    found["from_latent.weight"] = out.permute(3, 1, 2, 0).flatten(1)
    bias = see["from_latent.bias"].reshape(-1, side, side)
    found["from_latent.bias"] = bias.permute(1, 2, 0).flatten()
    found |= _recurrent(remember, memory.latent)
    for name, place in (("change", "change"), ("judge.0", "judge.0"), ("judge.1", "judge.2")):
        found[f"{name}.weight"] = remember[f"{place}.weight"].T
        found[f"{name}.bias"] = remember[f"{place}.bias"]
    return {name: _half(tensor.numpy()) for name, tensor in found.items()}


def starts(
    memory: Memory, data: Sequences, seed: int, *, openings: int = OPENINGS, middles: int = MIDDLES
) -> tuple[State, int]:
    """Choose where dreams may begin: at first pictures of episodes, then inside episodes.

    Returns:
        The states, and how many of them are first pictures.
    """
    rng = np.random.default_rng(seed)
    first_step = np.cumsum([0, *data.steps[:-1]])
    first_frame = first_step + np.arange(len(data.steps))
    chosen = rng.permutation(len(first_frame))[:openings]
    nothing = np.zeros(memory.recurrent.hidden_size, np.float32)
    found = [(data.means[frame], nothing, nothing) for frame in first_frame[chosen]]
    likely = data.steps / data.steps.sum()
    for episode in rng.choice(len(likely), middles, p=likely):
        past = int(rng.integers(1, max(2, data.steps[episode])))
        frames = data.means[first_frame[episode] :][: past + 1]
        actions = data.actions[first_step[episode] :][:past]
        with torch.no_grad():
            _, (hidden, cell) = memory.recall(
                torch.from_numpy(frames[None, :-1]), torch.from_numpy(actions[None])
            )
        found.append((frames[-1], hidden.numpy().ravel(), cell.numpy().ravel()))
    return State(*(np.stack(part) for part in zip(*found, strict=True))), len(chosen)


def arrays_of(vision: Vision, memory: Memory, begin: State) -> dict[str, NDArray[np.float16]]:
    """Return everything of a model's file but its configuration."""
    kept = {f"starts.{part}": _half(getattr(begin, part)) for part in ("latent", "hidden", "cell")}
    return weights(vision, memory) | kept


def export(
    path: Path,
    config: Config,
    arrays: Mapping[str, NDArray[Any]],
    training: Mapping[str, Any] | None = None,
) -> DreamModel:
    """Write a model's file and read it back.

    Args:
        path: The file.
        config: What the model is of.
        arrays: From :func:`arrays_of`.
        training: How it was trained, for its card.
    """
    tables = {"config": asdict(config), "training": dict(training or {})}
    texts = {name: np.array(json.dumps(table)) for name, table in tables.items()}
    write_arrays(path, {**arrays, **texts}, compressed=True)
    return DreamModel.load(path)


def _recurrent(state: Mapping[str, torch.Tensor], latent: int) -> dict[str, torch.Tensor]:
    """Reorder the gates: torch has let in, keep, new, let out; here the new value is last."""
    size = len(state["recurrent.bias_hh_l0"]) // 4
    gates = torch.arange(4 * size).reshape(4, size)[[0, 1, 3, 2]].flatten()
    into = state["recurrent.weight_ih_l0"][gates].T
    return {
        "memory.from_latent": into[:latent],
        "memory.from_action": into[latent:],
        "memory.from_hidden": state["recurrent.weight_hh_l0"][gates].T,
        "memory.bias": (state["recurrent.bias_ih_l0"] + state["recurrent.bias_hh_l0"])[gates],
    }


def _half(array: NDArray[Any]) -> NDArray[np.float16]:
    half = np.ascontiguousarray(array).astype(np.float16)
    if not np.isfinite(half).all():
        raise OverflowError("a weight is too large for a 16-bit float")
    return half
