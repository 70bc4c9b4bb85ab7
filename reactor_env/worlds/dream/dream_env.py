"""A learned model as a Gymnasium environment. Needs NumPy and Gymnasium only."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import gymnasium as gym
import numpy as np

from reactor_env.worlds.dream.dreams import REENCODE_EVERY, Dreams
from reactor_env.worlds.dream.enlarge import Enlarger
from reactor_env.worlds.dream.numpy_model import SIDE, DreamModel, Floats, Pixels

WEIGHTS = Path(__file__).parent / "weights"
"""Where the models are that ship with the package."""

ANY_OPENING = -1
MAX_TEMPERATURE = 2.0


class DreamEnv(gym.Env[Pixels, np.int64]):
    """One dream, from its pictures.

    Options of ``reset``: ``start`` is the number of a stored moment to begin at (the first ones
    are first pictures of real episodes; -1, the default, draws one of those), ``temperature`` how
    much chance counts (0 to 2; by default what the environment was made with).

    Observations and rendered frames are the same (H, W, 3) uint8 RGB picture.

    Args:
        weights: The name of a model that ships with the package, or the path of a model's file.
        render_mode: ``"rgb_array"`` or ``None``.
        temperature: How much chance counts: 1 as learned, more for a less predictable world.
        reencode_every: Steps between two looks of the model at its own picture; 0 for never.
        enlarge: Whether pictures are enlarged to the shape of the real ones; otherwise they are
            the model's own 64x64.
    """

    metadata: dict[str, Any] = {  # noqa: RUF012 - Gymnasium declares it an instance variable
        "render_modes": ["rgb_array"],
        "render_fps": 30,
    }

    def __init__(
        self,
        weights: str | Path,
        render_mode: str | None = None,
        *,
        temperature: float = 1.0,
        reencode_every: int = REENCODE_EVERY,
        enlarge: bool = True,
    ) -> None:
        self.model = load_model(weights)
        self.render_mode = render_mode
        config = self.model.config
        self.metadata = {**self.metadata, "render_fps": config.fps}
        self._temperature = temperature
        self._dreams = Dreams(self.model, 1, temperature=temperature, reencode_every=reencode_every)
        self._enlarger = Enlarger(*config.enlarge) if enlarge else None
        rows, columns = config.enlarge if enlarge else (1, 1)
        shape = (SIDE * rows, SIDE * columns, 3)
        self.observation_space = gym.spaces.Box(0, 255, shape, np.uint8)
        self.action_space = gym.spaces.Discrete(config.actions)
        self._picture: Pixels | None = None

    def reset(
        self, *, seed: int | None = None, options: dict[str, Any] | None = None
    ) -> tuple[Pixels, dict[str, Any]]:
        """Begin an episode; see :meth:`gymnasium.Env.reset` and the options above.

        Raises:
            ValueError: If there is no such start, or the temperature is out of range.
        """
        super().reset(seed=seed, options=options)
        given = dict(options or {})
        start = int(given.pop("start", ANY_OPENING))
        temperature = float(given.pop("temperature", self._temperature))
        if given:
            raise ValueError(f"`options` must be start and temperature, got {sorted(given)}")
        count = len(self.model.starts.latent)
        if not ANY_OPENING <= start < count:
            raise ValueError(f"`start` must be -1 to {count - 1}, got {start}")
        if not 0 <= temperature <= MAX_TEMPERATURE:
            raise ValueError(f"`temperature` must be 0 to {MAX_TEMPERATURE:g}, got {temperature}")
        if start == ANY_OPENING:
            start = int(self.np_random.integers(self.model.config.openings))
        self._dreams.temperature = temperature
        self._dreams.begin(np.array([0]), np.array([start]))
        return self._look(), {"start": start}

    def step(self, action: np.int64 | int) -> tuple[Pixels, float, bool, bool, dict[str, Any]]:
        """Dream one step; see :meth:`gymnasium.Env.step`."""
        step = self._dreams.step(np.array([int(action)]), self.np_random)
        terminated, truncated = bool(step.terminated[0]), bool(step.truncated[0])
        return self._look(), float(step.rewards[0]), terminated, truncated, {}

    @property
    def features(self) -> Floats:
        """(1, latent + hidden) float32, what the model knows; as :attr:`Dreams.features`."""
        return self._dreams.features

    def render(self) -> Pixels:
        """Return the last picture.

        Raises:
            gymnasium.error.ResetNeeded: If no episode was begun.
        """
        if self._picture is None:
            raise gym.error.ResetNeeded("cannot render a dream before reset")
        return self._picture

    def _look(self) -> Pixels:
        [picture] = self._dreams.pictures()
        self._picture = self._enlarger(picture) if self._enlarger else picture
        return self._picture


def load_model(weights: str | Path) -> DreamModel:
    """Read a model by the name it ships under, or by the path of its file.

    Raises:
        FileNotFoundError: If there is none.
    """
    shipped = WEIGHTS / f"{weights}.npz"
    path = shipped if shipped.is_file() else Path(weights).expanduser()
    if not path.is_file():
        names = ", ".join(sorted(path.stem for path in WEIGHTS.glob("*.npz"))) or "none"
        raise FileNotFoundError(
            f"`weights` must be the path of a model's file or one of {names}, got {weights!s}"
        )
    return DreamModel.load(path)
