"""A torch module as a policy."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import gymnasium as gym
import numpy as np

if TYPE_CHECKING:
    import torch


class TorchPolicy:
    """Chooses actions by a torch module without memory; one with memory needs a policy of its own.

    The module is called with one observation as a batch of one, in the observation's dtype and on
    the module's device, without gradients. For a ``Discrete`` action space it returns logits
    (1, n), for a ``Box`` the action itself, (1, *shape), which is cut to the space. Where it
    returns a tuple or list, as one with a value head does, the first element counts.

    Args:
        module: The module. It is put in evaluation mode.
        action_space: ``Discrete`` or ``Box``.
        seed: Of the actions that are drawn where ``deterministic`` is false.

    Raises:
        ValueError: If the action space is another one.

    Example:
        >>> policy = TorchPolicy(network, env.action_space)
        >>> action, state = policy.predict(observation, deterministic=True)
    """

    def __init__(
        self, module: torch.nn.Module, action_space: gym.Space[Any], seed: int | None = None
    ) -> None:
        import torch

        if not isinstance(action_space, gym.spaces.Discrete | gym.spaces.Box):
            raise ValueError(
                f"`action_space` must be Discrete or Box for a torch module, got {action_space}"
            )
        self._torch = torch
        self._module = module.eval()
        self._space = action_space
        self._random = torch.Generator()
        if seed is None:
            self._random.seed()
        else:
            self._random.manual_seed(seed)

    def predict(
        self,
        observation: Any,
        state: Any = None,
        episode_start: Any = None,
        deterministic: bool = False,
    ) -> tuple[Any, None]:
        """Choose an action; see :meth:`~reactor_env.policies.Policy.predict`.

        Args:
            observation: An array or a tensor, or a dict or tuple of them.
            state: Not used.
            episode_start: Not used.
            deterministic: The most probable action; otherwise one is drawn. A ``Box`` has only
                the former.

        Raises:
            ValueError: If what the module returns does not fit the action space.
        """
        device = next((one.device for one in self._module.parameters()), None)
        with self._torch.inference_mode():
            found = self._module(self._batch(observation, device))
            if isinstance(found, tuple | list):
                found = found[0]
            output = found[0].detach().float().cpu()
        if isinstance(self._space, gym.spaces.Discrete):
            return self._draw(output, deterministic), None
        shape = self._space.shape
        if tuple(output.shape) != shape:
            raise ValueError(f"the module must return {(1, *shape)}, got {tuple(found.shape)}")
        action = np.clip(output.numpy(), self._space.low, self._space.high)
        return action.astype(self._space.dtype), None

    def _draw(self, logits: torch.Tensor, deterministic: bool) -> np.int64:
        assert isinstance(self._space, gym.spaces.Discrete)
        if tuple(logits.shape) != (self._space.n,):
            raise ValueError(
                f"the module must return logits of shape (1, {self._space.n}), got "
                f"{(1, *logits.shape)}"
            )
        if deterministic:
            chosen = int(logits.argmax())
        else:
            chosen = int(self._torch.multinomial(logits.softmax(0), 1, generator=self._random))
        return np.int64(self._space.start + chosen)

    def _batch(self, observation: Any, device: torch.device | None) -> Any:
        if isinstance(observation, dict):
            return {name: self._batch(part, device) for name, part in observation.items()}
        if isinstance(observation, tuple):
            return tuple(self._batch(part, device) for part in observation)
        return self._torch.as_tensor(observation, device=device)[None]
