"""What ``info`` says about a frame that answers a reset or an action."""

from __future__ import annotations

import time
from typing import Any

from reactor_env.client.video import VideoFrame
from reactor_env.driver import Answer


def step_info(answer: Answer, *, shares_clock: bool) -> dict[str, Any]:
    """Return everything but the times of the call itself; the keys are those of the README.

    Args:
        answer: The frame, and what is known about it.
        shares_clock: Whether the frame is stamped by this machine's own monotonic clock.
    """
    frame = answer.frame
    return {
        "frame_id": frame.trailer.frame_id if frame.trailer is not None else frame.sequence,
        "frames_skipped": answer.skipped,
        "frame_repeated": answer.repeated,
        "frame_age_ms": _age_ms(frame) if shares_clock else None,
        "action_to_frame_ms": answer.action_to_frame_ms,
        "ack_ms": answer.ack_ms,
        "applied_by": answer.applied_by,
        "delay_ms": 1e3 * answer.delay.seconds if answer.delay is not None else None,
        "deadline_missed": answer.deadline_missed,
        "deadlines_missed": answer.deadlines_missed,
        "metadata": dict(frame.metadata),
        "messages": answer.messages,
    }


def _age_ms(frame: VideoFrame) -> float | None:
    if not frame.capture_time_us:
        return None
    return time.monotonic_ns() / 1e6 - frame.capture_time_us / 1e3
