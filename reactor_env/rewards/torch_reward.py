"""A torch module that rewards pictures."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from itertools import chain
from typing import TYPE_CHECKING, Any

import numpy as np

from reactor_env.client.video import VideoFrame
from reactor_env.errors import MissingDependencyError
from reactor_env.observations import Converter, Observation
from reactor_env.rewards.batch import BatchReward
from reactor_env.rewards.reward import Moment

if TYPE_CHECKING:
    import torch


class TorchReward(BatchReward):
    """What a torch module makes of the picture: one number per frame.

    In a vector there is one forward pass for all slots that stepped together. The module is put in
    eval mode and called in inference mode. A frame that was returned before gives 0, and so do
    resets and lost sessions, for which the module is not asked.

    Args:
        module: Called with a batch; returns N numbers, (N,) or (N, 1). Pickling the reward pickles
            the module.
        sees: What the module is shown. By default the observation; otherwise the frame, made into
            an :class:`~reactor_env.observations.Observation` (or its fields as a mapping) of its
            own, of which ``size`` and ``gray`` count: ``{"size": (224, 224)}`` for a model of that
            size, ``{}`` for the model's own size, fixed by the first frame.
        prepare: Makes the module's argument of the pictures, a (N, C, H, W) uint8 tensor on the
            module's device, 0 to 255. By default they become ``dtype`` and are multiplied by
            ``scale``.
        scale: 1/255 by default, for values from 0 to 1.
        dtype: A floating ``torch.dtype``; the one of the module's parameters by default.
        device: Where the module is moved at its first use; by default it stays where it is.
        method: The name of a method that is called instead of the module, such as
            ``"compute_reward"`` of LeRobot's reward models.

    Raises:
        MissingDependencyError: If torch is not installed.
        TypeError: If the module is none.
        ValueError: If it has no such method, or ``dtype`` or ``scale`` is given beside ``prepare``.

    Example:
        >>> reward = FrameReward() + 0.1 * TorchReward(module, sees={"size": (224, 224)})
        >>> envs = gym.make_vec("reactor_env/World-v0", 4, world="catch", reward=reward)
    """

    def __init__(
        self,
        module: torch.nn.Module,
        *,
        sees: Observation | Mapping[str, Any] | None = None,
        prepare: Callable[[torch.Tensor], Any] | None = None,
        scale: float | None = None,
        dtype: torch.dtype | None = None,
        device: torch.device | str | None = None,
        method: str | None = None,
    ) -> None:
        torch = _import_torch()
        if not isinstance(module, torch.nn.Module):
            raise TypeError(f"`module` must be a torch.nn.Module, got {module!r}")
        if method is not None and not callable(getattr(module, method, None)):
            raise ValueError(
                f"`method` must be a method of {type(module).__name__}, got {method!r}"
            )
        if prepare is not None and (scale is not None or dtype is not None):
            raise ValueError(
                "give either `prepare` or `scale` and `dtype`, got "
                f"{prepare!r}, {scale!r} and {dtype!r}"
            )
        self.module = module
        self._sees = _picture(sees) if sees is not None else None
        self._prepare = prepare
        self._scale = 1 / 255 if scale is None else scale
        self._dtype = dtype
        self._device = device
        self._method = method
        self._moved = False
        self._converters = _Converters(self._sees) if self._sees is not None else None

    def see(self, moment: Moment) -> Any:
        """Return the picture, (C, H, W) uint8, an array or a tensor; ``None`` for a repeated frame.

        Raises:
            ValueError: If it is to be made of the frame and there is none, or the observation is
                no picture.
        """
        if moment.repeated:
            return None
        if self._converters is None:
            return _channels_first(moment.observation)
        if moment.frame is None:
            raise ValueError("`sees` needs the frame of the step, and this environment gives none")
        return self._converters(moment.frame)

    def batch(self, inputs: Sequence[Any]) -> list[float]:
        """Return the module's rewards of several pictures, by one forward pass.

        Raises:
            ValueError: If the module does not return one number for each.
        """
        torch = _import_torch()
        if self._device is not None and not self._moved:
            self.module.to(self._device)
            self._moved = True
        if self.module.training:
            self.module.eval()
        call: Any = self.module if self._method is None else getattr(self.module, self._method)
        with torch.inference_mode():
            pictures = self._stack(inputs)
            made = call((self._prepare or self._floats)(pictures))
        return _numbers(made, len(inputs))

    def _stack(self, pictures: Sequence[Any]) -> torch.Tensor:
        library = _import_torch()
        if isinstance(pictures[0], library.Tensor):
            batch = library.stack(tuple(pictures))
        else:
            batch = library.from_numpy(np.stack(pictures))
        weights = self._weights()
        device = self._device or batch.device if weights is None else weights.device
        moved: torch.Tensor = batch.to(device)
        return moved

    def _floats(self, pictures: torch.Tensor) -> torch.Tensor:
        dtype, weights = self._dtype, self._weights()
        if dtype is None and weights is not None and weights.is_floating_point():
            dtype = weights.dtype
        return pictures.to(dtype or _import_torch().float32) * self._scale

    def _weights(self) -> torch.Tensor | None:
        first: torch.Tensor | None = next(
            chain(self.module.parameters(), self.module.buffers()), None
        )
        return first


class _Converters:
    """Makes pictures of frames on several threads, all of one size.

    Args:
        observation: What to make.
    """

    def __init__(self, observation: Observation) -> None:
        self._observation = observation
        self._of_thread = threading.local()
        self._lock = threading.Lock()
        self._size: tuple[int, int] | None = observation.size

    def __call__(self, frame: VideoFrame) -> Any:
        converter: Converter | None = getattr(self._of_thread, "converter", None)
        if converter is None:
            with self._lock:
                self._size = self._size or (frame.height, frame.width)
            converter = self._of_thread.converter = Converter(self._observation, self._size)
        return converter(frame)

    def __reduce__(self) -> tuple[type[_Converters], tuple[Observation]]:
        return _Converters, (self._observation,)


def _picture(sees: Observation | Mapping[str, Any]) -> Observation:
    given = sees if isinstance(sees, Observation) else Observation(**sees)
    return replace(given, channels_first=True, tensor="numpy", device="cpu")


def _channels_first(picture: Any) -> Any:
    """Return a picture with its channels first; a view."""
    shape = tuple(getattr(picture, "shape", ()))
    if len(shape) == 3 and shape[0] in (1, 3):
        return picture
    if len(shape) == 3 and shape[2] in (1, 3):
        array = isinstance(picture, np.ndarray)
        return picture.transpose(2, 0, 1) if array else picture.permute(2, 0, 1)
    raise ValueError(
        f"a picture must be (C, H, W) or (H, W, C) with 1 or 3 channels, got shape {shape}"
    )


def _numbers(made: Any, count: int) -> list[float]:
    torch = _import_torch()
    if isinstance(made, torch.Tensor) and tuple(made.shape) in ((count,), (count, 1)):
        numbers: list[float] = made.reshape(count).double().tolist()
        return numbers
    got = f"shape {tuple(made.shape)}" if isinstance(made, torch.Tensor) else repr(type(made))
    raise ValueError(f"`module` must return one number per frame, ({count},), got {got}")


def _import_torch() -> Any:
    try:
        import torch
    except ImportError as error:
        raise MissingDependencyError(
            'TorchReward needs torch: pip install "reactor-env[torch]"'
        ) from error
    return torch
