"""Balances CartPole-v1 from its picture alone."""

from __future__ import annotations

import math
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from reactor_env.policies.pixels import centroid, rgb_picture, starts_episode

_WORLD_WIDTH = 4.8
"""Metres across the picture."""

_STEP_S = 0.02
"""CartPole's own time step."""

_CART_ROWS = (0.73, 0.78)
"""Part of the height where the cart is not hidden by its axle."""

_POLE_ROWS = (0.35, 0.70)
"""Part of the height above the cart, where every balanced pole is."""

_DARK = 128.0
_DARK_SHARE = 0.3
"""How dark a column must be, from white 0 to black 1, to be the cart's."""

_BROWN = 40.0
"""Red minus blue: about 100 for the pole, 0 for everything else above the cart."""

_SMOOTHING = 0.85
"""Weight of the newest difference in a velocity."""

_LEAD_STEPS = 2
"""An action is decided for the state this many steps ahead: what a stream is late by."""

_GAINS = (0.05, 0.1, 1.0, 0.27)
"""For position, velocity, angle, angular velocity; found by search in the simulated dynamics with
noise, 0 to 3 steps of delay and actions held for 1 to 2 steps."""


class CartPoleState(NamedTuple):
    """What is known of the cart and the pole.

    Attributes:
        position: The cart's, in metres from the middle.
        velocity: In metres per second.
        angle: The pole's, in radians, positive to the right.
        spin: The angle's change, in radians per second.
        push: The last action as a direction, -1.0 or 1.0; 0.0 before the first.
    """

    position: float
    velocity: float
    angle: float
    spin: float
    push: float


class CartPolePolicy:
    """Linear state feedback on what the picture of CartPole-v1 shows.

    Position and angle are measured in each picture, velocities come from the change since the
    last one, taken as one time step ago. The state is carried by ``predict``: one object serves
    any number of environments.

    Works at any picture size that keeps the pole some pixels wide, from late and lossy video too.

    Example:
        >>> policy, state = CartPolePolicy(), None
        >>> action, state = policy.predict(env.render(), state)
    """

    def predict(
        self,
        observation: Any,
        state: CartPoleState | None = None,
        episode_start: Any = None,
        deterministic: bool = False,
    ) -> tuple[np.int64, CartPoleState | None]:
        """Choose an action; see :meth:`~reactor_env.policies.Policy.predict`.

        Args:
            observation: CartPole's picture, (H, W, 3) uint8 RGB.
            state: As returned by the call before.
            episode_start: Forgets ``state`` where true.
            deterministic: Always so.

        Returns:
            0 for left or 1 for right, and the state for the next call. A picture that shows
            nothing new, or no cart and pole, gives the last direction again.

        Raises:
            ValueError: If ``observation`` is no RGB picture.
        """
        last = None if starts_episode(state, episode_start) else state
        seen = measure(rgb_picture(observation))
        if seen is None:
            return np.int64(last is not None and last.push > 0), last
        if last is not None and seen == (last.position, last.angle):
            return np.int64(last.push > 0), last
        new = _estimate(seen, last)
        ahead = new
        for _ in range(_LEAD_STEPS):
            ahead = _advance(ahead)
        push = 1.0 if sum(k * x for k, x in zip(_GAINS, ahead[:4], strict=True)) > 0 else -1.0
        return np.int64(push > 0), new._replace(push=push)


def measure(picture: NDArray[np.uint8]) -> tuple[float, float] | None:
    """Find cart and pole in a picture.

    Args:
        picture: CartPole's, (H, W, 3) uint8 RGB.

    Returns:
        The cart's position in metres and the pole's angle in radians, as CartPole's own
        observation has them; ``None`` where the picture does not show both.
    """
    position = _cart_position(_rows(picture, _CART_ROWS))
    above = _rows(picture, _POLE_ROWS)
    red, blue = above[:, :, 0].astype(np.float32), above[:, :, 2].astype(np.float32)
    brown = np.clip(red - blue - _BROWN, 0, None)
    centre = centroid(brown)
    if position is None or centre is None:
        return None
    return position, _lean(brown, centre)


def _rows(picture: NDArray[np.uint8], part: tuple[float, float]) -> NDArray[np.uint8]:
    height = picture.shape[0]
    first = round(height * part[0])
    return picture[first : max(round(height * part[1]), first + 1)]


def _cart_position(band: NDArray[np.uint8]) -> float | None:
    darkness = np.clip(1 - band.max(axis=2).astype(np.float32) / _DARK, 0, 1).mean(axis=0)
    cart = np.flatnonzero(darkness > _DARK_SHARE)
    if not cart.size:
        return None
    middle = (int(cart[0]) + int(cart[-1]) + 1) / 2
    width: int = band.shape[1]
    return (middle / width - 0.5) * _WORLD_WIDTH


def _lean(weights: NDArray[np.float32], centre: tuple[float, float]) -> float:
    """Return the angle of the long axis from the vertical, in radians, positive to the right."""
    rows = np.arange(weights.shape[0], dtype=np.float32) + 0.5 - centre[0]
    columns = np.arange(weights.shape[1], dtype=np.float32) + 0.5 - centre[1]
    along = float(weights.sum(1) @ rows**2)
    across = float(weights.sum(0) @ columns**2)
    mixed = float(rows @ weights @ columns)
    return -0.5 * math.atan2(2 * mixed, along - across)


def _estimate(seen: tuple[float, float], last: CartPoleState | None) -> CartPoleState:
    position, angle = seen
    if last is None:
        return CartPoleState(position, 0.0, angle, 0.0, 0.0)
    keep = 1 - _SMOOTHING
    velocity = keep * last.velocity + _SMOOTHING * (position - last.position) / _STEP_S
    spin = keep * last.spin + _SMOOTHING * (angle - last.angle) / _STEP_S
    return CartPoleState(position, velocity, angle, spin, last.push)


def _advance(state: CartPoleState) -> CartPoleState:
    """Play one time step of CartPole's dynamics, linear around the upright pole."""
    spin_rate = 15.78 * state.angle - 14.63 * state.push
    acceleration = 9.76 * state.push - 0.72 * state.angle
    return CartPoleState(
        state.position + _STEP_S * state.velocity,
        state.velocity + _STEP_S * acceleration,
        state.angle + _STEP_S * state.spin,
        state.spin + _STEP_S * spin_rate,
        state.push,
    )
