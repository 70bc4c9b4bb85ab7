"""The values of clips and recordings: what was cut, how far a download is, what went wrong."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

from reactor_env.client.errors import ReactorClientError
from reactor_env.client.wire.messages import ClipFailed, ClipReady

RecordingCode = Literal[
    "RECORDER_DISABLED",
    "INVALID_DURATION",
    "REQUEST_TIMEOUT",
    "DISCONNECTED",
    "CLIP_GONE",
    "CLIP_NOT_READY",
    "PLAYLIST_FETCH_FAILED",
    "CHUNK_FETCH_FAILED",
    "INVALID_PLAYLIST",
    "DOWNLOAD_UNSUPPORTED",
    "INTERNAL_ERROR",
]
"""The documented words for what can go wrong (``platform.md`` A6)."""


class RecordingError(ReactorClientError):
    """A clip could not be cut or downloaded.

    Attributes:
        code: What kind of failure, a word to branch on: one of :data:`RecordingCode`.
        reason: What happened, for a person.
    """

    def __init__(self, code: RecordingCode, reason: str) -> None:
        super().__init__(f"{reason} [{code}]")
        self.code: RecordingCode = code
        self.reason = reason


@dataclass(frozen=True, slots=True)
class Clip:
    """A part of a session's recording, as the server cut it.

    The markers are seconds of recorded media, counted from the first frame that was not black.
    The file that a download makes holds whole segments, so that it starts at or before
    ``start_marker`` and ends at or after ``end_marker``.

    Attributes:
        session_id: Names the recording, which is not always the session's own id.
        kind: ``"snap"`` for a clip, ``"recording"`` for everything so far.
        start_marker: Where it starts, in seconds.
        end_marker: Where it ends, in seconds.
        now_marker: Where the recorder was when it answered, in seconds.
        predicted_ready_at_ms: When its last segment should be there, in ms since the epoch, by
            the server's clock.
        playlist_url: Its HLS playlist: a path below the API's address, or an absolute URL.
    """

    session_id: str
    kind: str
    start_marker: float
    end_marker: float
    now_marker: float
    predicted_ready_at_ms: int
    playlist_url: str

    @property
    def duration(self) -> float:
        """Seconds between the markers."""
        return self.end_marker - self.start_marker


@dataclass(frozen=True, slots=True)
class ClipProgress:
    """How far the download of a clip is.

    Attributes:
        segments_done: Media segments that were fetched.
        segments_total: Media segments of the clip.
        bytes_done: Bytes that were fetched, the header segment included.
    """

    segments_done: int
    segments_total: int
    bytes_done: int


def clip_of(reply: ClipReady) -> Clip:
    """Return the clip that a server's reply describes."""
    return Clip(
        session_id=reply.session_id,
        kind=reply.kind,
        start_marker=reply.start_marker,
        end_marker=reply.end_marker,
        now_marker=reply.now_marker,
        predicted_ready_at_ms=reply.predicted_ready_at_ms,
        playlist_url=reply.playlist_url,
    )


def error_of(reply: ClipFailed) -> RecordingError:
    """Return the error that a server's refusal stands for.

    v0 and v1 carry a text only. Its documented beginning is ``recorder disabled``; the others
    are what reactor-runtime 3.10 says.
    """
    words = reply.reason.lower()
    code: RecordingCode = "INTERNAL_ERROR"
    if words.startswith("recorder disabled") or "not recorded" in words:
        code = "RECORDER_DISABLED"
    elif words.startswith("no media"):
        code = "CLIP_NOT_READY"
    elif words.startswith("duration"):
        code = "INVALID_DURATION"
    return RecordingError(code, f"the server cut no clip: {reply.reason or 'no reason given'}")


def check_seconds(seconds: float) -> float:
    """Return how many seconds a clip is asked for.

    Raises:
        RecordingError: ``INVALID_DURATION`` if it is not a positive, finite number.
    """
    if isinstance(seconds, bool) or not isinstance(seconds, int | float):
        got = type(seconds).__name__
    elif math.isfinite(seconds) and seconds > 0:
        return float(seconds)
    else:
        got = repr(seconds)
    raise RecordingError("INVALID_DURATION", f"`seconds` must be a positive number, got {got}")
