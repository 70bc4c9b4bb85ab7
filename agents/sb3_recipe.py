"""PPO of Stable-Baselines3 in a world: the lines that one writes oneself.

    python -m agents.sb3_recipe

trains in ``catch`` for a minute or two and writes ``catch.zip``, which
``reactor-env eval --world catch --agent sb3:catch.zip --size 36 36 --gray --channels-first`` plays.
In stepped mode, as here, the worlds wait while the network learns. In streamed mode they would run
on, and the first transition after an update would begin with an old frame: ``reactor-env train``
takes care of that, and of checkpoints.

Needs ``pip install "reactor-env[local,agents]"``.
"""

from __future__ import annotations

import gymnasium as gym
from stable_baselines3 import PPO
from stable_baselines3.common.vec_env import VecMonitor

import reactor_env  # noqa: F401 - registers the environment
from reactor_env.training.vec_env import SB3VecEnv


def main(world: str = "catch", steps: int = 40_000, slots: int = 4, out: str = "catch.zip") -> None:
    """Train and save.

    Args:
        world: The world.
        steps: Steps of all slots together.
        slots: Sessions that are stepped together.
        out: The model's file.
    """
    envs = gym.make_vec(
        "reactor_env/World-v0",
        num_envs=slots,
        world=world,
        mode="stepped",
        autoreset_mode="SameStep",
        observation={"size": (36, 36), "gray": True, "channels_first": True},
    )
    venv = VecMonitor(SB3VecEnv(envs))  # type: ignore[arg-type] # make_vec does not say which
    model = PPO(
        "CnnPolicy",
        venv,
        n_steps=120,
        batch_size=120,
        n_epochs=6,
        learning_rate=1e-3,
        ent_coef=0.05,
        seed=1,
        verbose=1,
    )
    try:
        model.learn(steps)
        model.save(out)
    finally:
        venv.close()


if __name__ == "__main__":
    import tyro

    tyro.cli(main)
