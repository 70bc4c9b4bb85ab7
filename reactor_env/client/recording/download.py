"""Downloading a clip: wait until it is there, fetch its segments, write one MP4 file.

Source: ``platform.md`` B8.
"""

from __future__ import annotations

import asyncio
import io
import os
import threading
import time
from collections.abc import Callable
from pathlib import Path

import httpx

from reactor_env.client.recording.clip import Clip, ClipProgress, RecordingCode, RecordingError
from reactor_env.client.recording.http import Answer, ClipHttp, shown
from reactor_env.client.recording.mp4 import check_segment, check_target, write_mp4
from reactor_env.client.recording.playlist import Playlist, parse_playlist, resolve

READY_TIMEOUT_S = 60.0
DOWNLOAD_TIMEOUT_S = 600.0
MOST_BYTES = 2 << 30
"""Bytes of all segments. They are held in memory, and so is the file made of them."""

_MOST_PLAYLIST_BYTES = 8 << 20
_MOST_AHEAD_S = 300.0
_SHORTEST_PAUSE_S = 0.2
_LONGEST_PAUSE_S = 2.0
_ATTEMPTS = 3
_GONE = (404, 410)
_TRY_AGAIN = (408, 429, 500, 502, 503, 504)
_EXPIRED = (401, 403)

OnProgress = Callable[[ClipProgress], None]


async def download_clip(
    clip: Clip,
    *,
    api: httpx.AsyncClient,
    path: str | os.PathLike[str] | None = None,
    on_progress: OnProgress | None = None,
    ready_timeout_s: float = READY_TIMEOUT_S,
    timeout_s: float = DOWNLOAD_TIMEOUT_S,
) -> bytes:
    """Download a clip as one MP4 file.

    The last segment of a clip is often still being written when the clip is cut; a local
    runtime hands it out once the next one has begun, or the session has ended. So a clip of a
    model that stopped generating is not ready before the session ends.

    Args:
        clip: What to download.
        api: The client of the API the clip comes from, with its ``base_url`` and credentials.
            Other hosts that the playlist names are asked without them.
        path: Where to write the file too. It appears there whole, or not at all when the
            download fails or is cancelled.
        on_progress: Called on the event loop after each segment; must not block.
        ready_timeout_s: Seconds to wait for the playlist after the moment the server predicted.
        timeout_s: Seconds for everything.

    Returns:
        The file's bytes: video and, where it was recorded, sound, starting at zero, in whole
        segments, so that it may be longer than the clip that was asked for.

    Raises:
        RecordingError: With ``code``

            * ``CLIP_NOT_READY``: the playlist was not there in time;
            * ``CLIP_GONE``: the server no longer has it;
            * ``PLAYLIST_FETCH_FAILED``, ``CHUNK_FETCH_FAILED``: no answer, or an error;
            * ``INVALID_PLAYLIST``, ``DOWNLOAD_UNSUPPORTED``: it is malformed, or uses what this
              client cannot join, or the clip is larger than :data:`MOST_BYTES`;
            * ``REQUEST_TIMEOUT``: ``timeout_s`` has passed;
            * ``INTERNAL_ERROR``: the segments are no video.
        OSError: If ``path`` cannot be written.
    """
    target = Path(path) if path is not None else None
    if target is not None:
        await asyncio.to_thread(check_target, target)
    progress = _Progress(on_progress)
    scope = asyncio.timeout(timeout_s)
    try:
        async with scope, ClipHttp(api) as http:
            fragments = await _fetch(http, clip, progress, ready_timeout_s)
            progress.doing = "the MP4 file"
            return await _write(fragments, target)
    except TimeoutError:
        if not scope.expired():
            raise
        raise RecordingError(
            "REQUEST_TIMEOUT",
            f"a clip took longer than {timeout_s:g} s, waiting for {progress.doing}",
        ) from None


async def fetch_playlist(
    clip: Clip, *, api: httpx.AsyncClient, ready_timeout_s: float = READY_TIMEOUT_S
) -> Playlist:
    """Wait until a clip is there and read its playlist, every URI in it made absolute.

    Args:
        clip: Whose playlist.
        api: As for :func:`download_clip`.
        ready_timeout_s: Seconds to wait after the moment the server predicted.

    Raises:
        RecordingError: As :func:`download_clip`.
    """
    async with ClipHttp(api) as http:
        return await _playlist(http, clip, ready_timeout_s)


class _Progress:
    """What is going on, for ``on_progress`` and for the text of a timeout."""

    def __init__(self, listener: OnProgress | None) -> None:
        self._listener = listener
        self.doing = "the playlist"

    def fetched(self, parts: int, segments: int, size: int) -> None:
        self.doing = f"segment {parts} of {segments}"
        if self._listener is not None:
            self._listener(ClipProgress(max(parts - 1, 0), segments, size))


async def _fetch(
    http: ClipHttp, clip: Clip, progress: _Progress, ready_timeout_s: float
) -> io.BytesIO:
    playlist = await _playlist(http, clip, ready_timeout_s)
    segments = len(playlist.segments)
    joined = io.BytesIO()
    fetched = 0
    renewed_at = -1
    progress.fetched(fetched, segments, 0)
    while fetched <= segments:  # the header segment is one more
        url = playlist.uris[fetched]
        answer = await _get(http, url, "CHUNK_FETCH_FAILED", MOST_BYTES - joined.tell())
        if answer.status in _EXPIRED and answer.outside and renewed_at != fetched:
            # Signed URLs live for minutes; a playlist fetched again has new ones.
            renewed_at = fetched
            playlist = await _playlist(http, clip, ready_timeout_s)
            if len(playlist.segments) != segments:
                raise RecordingError("INVALID_PLAYLIST", "the playlist changed while it was read")
            continue
        if answer.status != 200:
            raise _failure("CHUNK_FETCH_FAILED", answer)
        try:
            check_segment(answer.body, header=fetched == 0)
        except ValueError as error:
            reason = f"{shown(url)} is no segment: {error}"
            raise RecordingError("CHUNK_FETCH_FAILED", reason) from error
        joined.write(answer.body)
        fetched += 1
        progress.fetched(fetched, segments, joined.tell())
    joined.seek(0)
    return joined


async def _playlist(http: ClipHttp, clip: Clip, ready_timeout_s: float) -> Playlist:
    url = resolve(clip.playlist_url, base=http.base, api=http.base)
    # A server whose clock is far ahead must not make this wait for as long.
    ahead = min(max(clip.predicted_ready_at_ms / 1e3 - time.time(), 0.0), _MOST_AHEAD_S)
    deadline = time.monotonic() + ahead + ready_timeout_s
    pause = _SHORTEST_PAUSE_S
    while True:
        answer = await _get(http, url, "PLAYLIST_FETCH_FAILED", _MOST_PLAYLIST_BYTES)
        if answer.status == 200:
            return _parsed(answer, http.base)
        if answer.status != 202:
            raise _failure("PLAYLIST_FETCH_FAILED", answer)
        wait = answer.retry_after if answer.retry_after is not None else pause
        wait = min(max(wait, _SHORTEST_PAUSE_S), _LONGEST_PAUSE_S)
        if time.monotonic() + wait > deadline:
            raise RecordingError(
                "CLIP_NOT_READY",
                f"the clip was not there {ready_timeout_s:g} s after the server had predicted it",
            )
        await asyncio.sleep(wait)
        pause = min(2 * pause, _LONGEST_PAUSE_S)


def _parsed(answer: Answer, api: str) -> Playlist:
    try:
        text = answer.body.decode()
    except UnicodeDecodeError as error:
        raise RecordingError("INVALID_PLAYLIST", "the playlist is not UTF-8") from error
    return parse_playlist(text).resolved(lambda uri: resolve(uri, base=answer.url, api=api))


async def _get(http: ClipHttp, url: str, code: RecordingCode, most_bytes: int) -> Answer:
    """Fetch a URL, trying again after an error that may pass."""
    for attempt in range(1, _ATTEMPTS + 1):
        wait = _SHORTEST_PAUSE_S * 2**attempt
        try:
            answer = await http.get(url, most_bytes=most_bytes)
            if answer.status not in _TRY_AGAIN or attempt == _ATTEMPTS:
                return answer
            if answer.retry_after is not None:
                wait = min(answer.retry_after, _LONGEST_PAUSE_S)
        except httpx.HTTPError as error:
            if attempt == _ATTEMPTS:
                reason = f"{shown(url)}: {error or type(error).__name__}"
                raise RecordingError(code, reason) from error
        await asyncio.sleep(wait)
    raise AssertionError("unreachable")


def _failure(code: RecordingCode, answer: Answer) -> RecordingError:
    where = shown(answer.url)
    if answer.status in _GONE:
        return RecordingError("CLIP_GONE", f"{where} is gone (HTTP {answer.status})")
    return RecordingError(code, f"{where} answered HTTP {answer.status}")


async def _write(fragments: io.BytesIO, target: Path | None) -> bytes:
    """Write the file on a thread; a cancelled call ends when the thread has, leaving no file."""
    cancelled = threading.Event()
    work = asyncio.ensure_future(asyncio.to_thread(write_mp4, fragments, target, cancelled))
    try:
        return await asyncio.shield(work)
    except asyncio.CancelledError:
        cancelled.set()
        await asyncio.wait({work})
        if not work.cancelled():
            work.exception()  # seen: nobody else asks for it
        raise
