"""Where the time of a frame goes, from its emission to its user's hands. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from reactor_env.bench.trace import STAGES

SENDER, RECEIVED = slice(1, 3), 3
"""The columns of the sender's moments, which are on its own clock, and of the first after them."""

_MS = 1e-6
_WRAP = 64_000_000_000

PARTS = {
    "model and queue": "the model draws, and the frame waits for a tick of the runtime's pacer",
    "encode and send": "libwebrtc's encoder, and the pacing of packets, until the last one leaves",
    "network": "until that packet is read here, beyond what the fastest one needed",
    "wait for the decoder": "until the decoder's thread has the frame",
    "decode": "libvpx",
    "hand-over": "into the slot of newest frames",
    "wake the reader": "from the slot to the thread that waits for a frame",
    "convert": "YUV to the RGB array",
}
"""The parts of a frame's life and what they are, in order."""


def waterfall(stages: NDArray[np.int64]) -> dict[str, float]:
    """Return the mean milliseconds of each part; they add up to the mean of the whole.

    Args:
        stages: (frames, 1 + stages) ns: the emission and the moments of
            :data:`~reactor_env.bench.trace.STAGES`.

    Returns:
        By name, in order; empty without frames.

    Raises:
        ValueError: If it has another number of columns.
    """
    if stages.ndim != 2 or stages.shape[1] != 1 + len(STAGES):
        raise ValueError(f"`stages` must have {1 + len(STAGES)} columns, got {stages.shape}")
    moments = aligned(stages)
    if not moments.size:
        return {}
    means = np.diff(moments, axis=1).mean(axis=0) * _MS
    return dict(zip(PARTS, means.tolist(), strict=True))


def aligned(stages: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return the stages of complete frames, with the sender's moments on this process's clock.

    The offset between the two clocks is taken from the fastest packet, as if it had needed no time:
    on loopback it needs less than a tenth of a millisecond.
    """
    complete = stages[(stages[:, SENDER] > 0).all(axis=1)]
    if not complete.size:
        return complete
    moments = complete.copy()
    offsets = moments[:, RECEIVED] - moments[:, RECEIVED - 1]
    # What the sender tells is modulo 64 s.
    offsets = (offsets - offsets[0] + _WRAP // 2) % _WRAP - _WRAP // 2
    shift = moments[:, RECEIVED] - (offsets - offsets.min()) - moments[:, RECEIVED - 1]
    moments[:, SENDER] += shift[:, None]
    return moments


def total(parts: Mapping[str, float]) -> float:
    """Return what the parts add up to, in ms."""
    return sum(parts.values())


def agreement(parts: Mapping[str, float], whole_ms: float) -> dict[str, Any]:
    """Compare the parts with a whole that was measured otherwise.

    Args:
        parts: What :func:`waterfall` returned.
        whole_ms: The mean from emission to observation of all frames of the turn.

    Returns:
        ``sum_ms``, ``whole_ms`` and ``rest_ms``, what is in no part.
    """
    rest_ms = round(whole_ms - total(parts), 6) + 0.0  # not -0.0
    return {"sum_ms": total(parts), "whole_ms": whole_ms, "rest_ms": rest_ms}
