from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from torch import nn

from reactor_env.worlds.dream.collect import Episode
from reactor_env.worlds.dream.loop import train
from reactor_env.worlds.dream.vision import (
    Vision,
    VisionLoss,
    as_tensor,
    draw,
    encode_all,
    explained,
)
from tests.worlds.dream import tiny


def network() -> Vision:
    vision, _ = tiny.networks()
    return vision


def test_pictures_become_latents_and_pictures_again() -> None:
    vision = network()
    pictures = as_tensor(tiny.episode(4).frames)
    mean, spread = vision.encode(pictures)
    assert mean.shape == spread.shape == (5, tiny.TASK.latent)
    assert vision.decode(mean).shape == pictures.shape == (5, 3, 64, 64)


def test_a_drawn_latent_has_the_mean_and_spread_it_is_drawn_with() -> None:
    mean, spread = torch.full((20_000,), 2.0), torch.full((20_000,), 2 * np.log(0.5))
    drawn = draw(mean, spread, torch.Generator().manual_seed(0))
    assert drawn.mean().item() == pytest.approx(2, abs=0.02)
    assert drawn.std().item() == pytest.approx(0.5, abs=0.02)


def test_an_untrained_decoder_begins_at_the_mean_colour() -> None:
    vision = network()
    weight = vision.decoder[-1].weight
    assert isinstance(weight, torch.Tensor)
    nn.init.zeros_(weight)
    frames = np.zeros((4, 64, 64, 3), np.uint8)
    frames[:] = 51, 102, 204
    frames[::2] += 20
    vision.begin_at(frames)
    shown = vision.decode(torch.zeros(1, vision.to_latent.out_features)).detach()
    assert (255 * shown.mean((0, 2, 3))).tolist() == pytest.approx([61, 112, 214], abs=0.1)


@pytest.mark.parametrize("level", [0, 255])
def test_a_decoder_of_black_or_white_pictures_begins_where_it_can_still_learn(level: int) -> None:
    vision = network()
    vision.begin_at(np.full((2, 64, 64, 3), level, np.uint8))
    bias = vision.decoder[-1].bias
    assert isinstance(bias, torch.Tensor)
    assert bool(bias.isfinite().all())


def test_what_a_model_shows_is_told_apart_from_the_mean_picture(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    vision = network()
    frames = np.random.default_rng(1).integers(256, size=(6, 64, 64, 3), dtype=np.uint8)
    pictures = as_tensor(frames)
    monkeypatch.setattr(vision, "decode", lambda _: pictures)
    assert explained(vision, frames) == 1
    monkeypatch.setattr(vision, "decode", lambda _: pictures.mean(0, keepdim=True))
    assert explained(vision, frames) == pytest.approx(0, abs=1e-5)


def test_what_moves_counts_more() -> None:
    episode = tiny.episode(1)
    still, moving = episode.frames[:1].repeat(2, 0), episode.frames
    vision = network()
    losses = []
    for frames in (still, moving):
        loss = VisionLoss(vision, [Episode(frames, *_no_steps(1))], batch=16)
        losses.append(loss(np.random.default_rng(0), torch.Generator().manual_seed(0)).item())
    assert losses[1] > 2 * losses[0]


def test_the_first_picture_of_an_episode_did_not_move() -> None:
    first, second = tiny.episode(1, 0).frames[:1], tiny.episode(1, 1).frames[:1]
    vision = network()
    apart = VisionLoss(vision, [Episode(f, *_no_steps(0)) for f in (first, second)], batch=16)
    together = VisionLoss(
        vision, [Episode(np.concatenate([first, second]), *_no_steps(1))], batch=16
    )
    values = [
        loss(np.random.default_rng(0), torch.Generator().manual_seed(0)).item()
        for loss in (apart, together)
    ]
    assert values[0] < values[1]


def test_training_makes_the_loss_smaller(tmp_path: Path) -> None:
    vision = network()
    frames = np.full((8, 64, 64, 3), 200, np.uint8)
    loss = VisionLoss(vision, [Episode(frames, *_no_steps(7))], batch=8)
    begin = loss(np.random.default_rng(0), torch.Generator().manual_seed(0)).item()
    path = tmp_path / "vision.pt"
    train(vision, loss, path, steps=150, learning_rate=1e-2, seed=0)
    assert loss(np.random.default_rng(0), torch.Generator().manual_seed(0)).item() < begin / 2


def test_pictures_are_encoded_the_same_in_any_batches() -> None:
    frames = tiny.episode(6).frames
    whole, parts = (encode_all(network(), frames, batch) for batch in (100, 2))
    for a, b in zip(whole, parts, strict=True):
        np.testing.assert_allclose(a, b, atol=1e-5)


def _no_steps(
    steps: int,
) -> tuple[
    np.ndarray[tuple[int], np.dtype[np.int64]], np.ndarray[tuple[int], np.dtype[np.float32]], bool
]:
    return np.zeros(steps, np.int64), np.zeros(steps, np.float32), True
