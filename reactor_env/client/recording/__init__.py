"""Clips and recordings of a session: what the server cut, and downloading it as an MP4 file."""

from reactor_env.client.recording.clip import (
    Clip,
    ClipProgress,
    RecordingCode,
    RecordingError,
    check_seconds,
    clip_of,
    error_of,
)
from reactor_env.client.recording.download import download_clip, fetch_playlist
from reactor_env.client.recording.playlist import Playlist, Segment, parse_playlist

__all__ = [
    "Clip",
    "ClipProgress",
    "Playlist",
    "RecordingCode",
    "RecordingError",
    "Segment",
    "check_seconds",
    "clip_of",
    "download_clip",
    "error_of",
    "fetch_playlist",
    "parse_playlist",
]
