"""How observations get to a GPU: through pinned host memory, while the CPU goes on."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from reactor_env.observations.observation import import_torch

Wait = Callable[[], None]

_BUFFERS = 2


class Staging:
    """Two host buffers through which arrays are sent to a device, in turn.

    A buffer is written again only when the copy that reads it is over. With two of them a caller
    waits only if it is a whole frame ahead of the device.

    Args:
        allocate: Makes a host tensor whose memory NumPy can write, pinned where that matters.
        send: Begins to copy a host tensor to the device. Returns the tensor there, in new memory,
            and what waits until the host tensor was read.
    """

    def __init__(
        self, allocate: Callable[[], Any], send: Callable[[Any], tuple[Any, Wait]]
    ) -> None:
        self._buffers = [allocate() for _ in range(_BUFFERS)]
        self._waits: list[Wait | None] = [None] * _BUFFERS
        self._send = send
        self._next = 0

    def __call__(self, write: Callable[[NDArray[np.uint8]], None]) -> Any:
        """Send what ``write`` writes into the array that it is given.

        Returns:
            The tensor on the device. Work on the stream that is current now comes after the copy;
            another stream must wait for this one.
        """
        turn, self._next = self._next, (self._next + 1) % _BUFFERS
        wait, self._waits[turn] = self._waits[turn], None
        if wait is not None:
            wait()
        buffer = self._buffers[turn]
        write(buffer.numpy())
        sent, self._waits[turn] = self._send(buffer)
        return sent


def cuda_staging(shape: Sequence[int], device: Any) -> Staging:
    """Return a staging to a CUDA device, by pinned memory and copies that do not block.

    Args:
        shape: Of the uint8 arrays.
        device: The ``torch.device``.
    """
    torch = import_torch()

    def allocate() -> Any:
        return torch.empty(tuple(shape), dtype=torch.uint8, pin_memory=True)

    def send(buffer: Any) -> tuple[Any, Wait]:
        sent = buffer.to(device, non_blocking=True)
        copied = torch.cuda.Event()
        copied.record(torch.cuda.current_stream(device))
        return sent, copied.synchronize

    return Staging(allocate, send)
