from __future__ import annotations

import subprocess
import sys

import numpy as np
import pytest
import torch

from reactor_env.worlds.dream.dream_env import load_model
from reactor_env.worlds.dream.memory import Memory
from reactor_env.worlds.dream.numpy_model import SIDE, DreamModel, Noise, State
from reactor_env.worlds.dream.tasks import TASKS
from reactor_env.worlds.dream.vision import as_tensor
from tests.worlds.dream import tiny

CLOSE = 1e-4


def pictures(count: int) -> np.ndarray[tuple[int, ...], np.dtype[np.uint8]]:
    return np.random.default_rng(1).integers(256, size=(count, SIDE, SIDE, 3), dtype=np.uint8)


def noise(model: DreamModel, count: int, seed: int = 0) -> Noise:
    return Noise.draw(np.random.default_rng(seed), count, model.config.latent)


@torch.no_grad()
def torch_step(
    memory: Memory,
    latent: torch.Tensor,
    state: tuple[torch.Tensor, torch.Tensor],
    actions: np.ndarray[tuple[int, ...], np.dtype[np.int64]],
    chance: Noise,
    temperature: float,
) -> tuple[torch.Tensor, tuple[torch.Tensor, torch.Tensor], torch.Tensor, torch.Tensor]:
    """Do with torch what :meth:`DreamModel.step` does."""
    hidden, state = memory.recall(latent[:, None], torch.from_numpy(actions)[:, None], state)
    weights, centres, spreads = memory.mixture(hidden[:, 0])
    below = (weights / temperature).softmax(-1).cumsum(-1)[..., :-1]
    chosen = (below <= torch.from_numpy(chance.choice)[..., None]).sum(-1, keepdim=True)
    spread = spreads.gather(-1, chosen)[..., 0].exp() * temperature**0.5
    change = centres.gather(-1, chosen)[..., 0] + spread * torch.from_numpy(chance.spread)
    reward, end = memory.judged(hidden[:, 0], latent + change)
    return latent + change, state, reward, end.sigmoid()


def test_pictures_are_encoded_as_torch_encodes_them(tiny_model: DreamModel) -> None:
    vision, _ = tiny.networks()
    with torch.no_grad():
        expected, _ = vision.encode(as_tensor(pictures(3)))
    np.testing.assert_allclose(tiny_model.encode(pictures(3)), expected.numpy(), atol=CLOSE)


def test_latents_are_decoded_as_torch_decodes_them(tiny_model: DreamModel) -> None:
    vision, _ = tiny.networks()
    latent = np.random.default_rng(2).normal(size=(3, tiny.TASK.latent)).astype(np.float32)
    with torch.no_grad():
        expected = vision.decode(torch.from_numpy(latent)).permute(0, 2, 3, 1).numpy()
    np.testing.assert_allclose(tiny_model.decode_floats(latent), expected, atol=CLOSE)
    assert np.abs(tiny_model.decode(latent) - 255 * expected).max() <= 0.5 + 255 * CLOSE


@pytest.mark.parametrize("temperature", [0.5, 1.0, 1.15])
def test_steps_equal_those_of_torch_with_the_same_noise(
    tiny_model: DreamModel, temperature: float
) -> None:
    _, memory = tiny.networks()
    state = tiny_model.starts
    count = len(state.latent)
    latent = torch.from_numpy(state.latent)
    inner = (torch.from_numpy(state.hidden)[None], torch.from_numpy(state.cell)[None])
    for step in range(20):
        actions = np.random.default_rng(step).integers(2, size=count)
        chance = noise(tiny_model, count, step)
        outcome = tiny_model.step(state, actions, chance, temperature)
        latent, inner, reward, end = torch_step(memory, latent, inner, actions, chance, temperature)
        state = outcome.state
        for ours, theirs in (
            (state.latent, latent),
            (state.hidden, inner[0][0]),
            (state.cell, inner[1][0]),
            (outcome.reward, reward),
            (outcome.end, end),
        ):
            np.testing.assert_allclose(ours, theirs.numpy(), atol=CLOSE, rtol=CLOSE)


def test_at_temperature_zero_nothing_is_left_to_chance(tiny_model: DreamModel) -> None:
    actions = np.zeros(tiny.STARTS, np.int64)
    first, second = (
        tiny_model.step(tiny_model.starts, actions, noise(tiny_model, tiny.STARTS, seed), 0.0)
        for seed in (1, 2)
    )
    assert np.array_equal(first.state.latent, second.state.latent)


def test_a_higher_temperature_spreads_the_next_pictures_wider(tiny_model: DreamModel) -> None:
    many = tiny_model.starts.take(np.zeros(2000, np.intp))
    actions = np.zeros(2000, np.int64)
    spread = [
        tiny_model.step(many, actions, noise(tiny_model, 2000), tau).state.latent.std(0).mean()
        for tau in (0.1, 1.0, 2.0)
    ]
    assert spread == sorted(spread)
    assert spread[2] > 1.2 * spread[1]


def test_what_an_action_is_makes_a_difference(tiny_model: DreamModel) -> None:
    chance = noise(tiny_model, tiny.STARTS)
    left, right = (
        tiny_model.step(tiny_model.starts, np.full(tiny.STARTS, action), chance)
        for action in (0, 1)
    )
    assert not np.allclose(left.state.hidden, right.state.hidden)


def test_worlds_side_by_side_do_not_touch_each_other(tiny_model: DreamModel) -> None:
    actions = np.arange(tiny.STARTS) % 2
    chance = noise(tiny_model, tiny.STARTS)
    together = tiny_model.step(tiny_model.starts, actions, chance)
    for n in range(tiny.STARTS):
        one = slice(n, n + 1)
        alone = tiny_model.step(
            tiny_model.starts.take(one),
            actions[one],
            Noise(chance.choice[one], chance.spread[one], chance.end[one]),
        )
        np.testing.assert_allclose(alone.state.latent, together.state.latent[one], atol=1e-5)
        np.testing.assert_allclose(alone.end, together.end[one], atol=1e-5)


def test_a_step_leaves_the_state_it_was_given_alone(tiny_model: DreamModel) -> None:
    before = tiny_model.starts.take(np.arange(tiny.STARTS))
    tiny_model.step(tiny_model.starts, np.zeros(tiny.STARTS, int), noise(tiny_model, tiny.STARTS))
    assert np.array_equal(tiny_model.starts.latent, before.latent)
    assert np.array_equal(tiny_model.starts.cell, before.cell)


def test_worlds_are_put_where_they_were_taken(tiny_model: DreamModel) -> None:
    state = tiny_model.starts.take(np.arange(tiny.STARTS))
    state.put(np.array([0]), tiny_model.starts.take([2]))
    assert isinstance(state, State)
    assert np.array_equal(state.hidden[0], tiny_model.starts.hidden[2])


def test_a_file_says_how_its_model_was_trained(tiny_model: DreamModel) -> None:
    assert tiny_model.training["frames"] == 60
    assert tiny_model.config == tiny.config()


@pytest.mark.parametrize(("name", "parameters"), [("cartpole", 0.8e6), ("takecover", 3.5e6)])
def test_a_shipped_model_is_small_and_of_its_task(name: str, parameters: float) -> None:
    model = load_model(name)
    task = TASKS[name]
    assert model.parameters < parameters
    assert 0 < model.config.openings < len(model.starts.latent)
    config = model.config
    assert (config.task, config.actions, config.fps) == (name, task.actions, task.fps)
    assert (config.latent, config.hidden, config.enlarge) == (
        task.latent,
        task.hidden,
        task.enlarge,
    )


@pytest.mark.parametrize("name", TASKS)
def test_serving_a_model_imports_neither_torch_nor_the_real_environment(name: str) -> None:
    code = (
        "import sys\n"
        "import reactor_env.worlds.dream.world as world\n"
        "from reactor_env.worlds.dream.dream_env import DreamEnv\n"
        f"world.build_{name}()\n"
        f"env = DreamEnv('{name}')\n"
        "env.reset(seed=1)\n"
        "env.step(0)\n"
        "sys.exit(any(name in sys.modules for name in ('torch', 'vizdoom', 'pygame')))"
    )
    subprocess.run([sys.executable, "-c", code], check=True, timeout=60)
