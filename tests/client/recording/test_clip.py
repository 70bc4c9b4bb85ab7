from __future__ import annotations

import math
from typing import Any

import pytest

from reactor_env.client.errors import ReactorClientError
from reactor_env.client.recording.clip import (
    Clip,
    RecordingError,
    check_seconds,
    clip_of,
    error_of,
)
from reactor_env.client.wire.messages import ClipFailed, ClipReady


def test_a_clip_has_the_fields_of_the_reply() -> None:
    clip = clip_of(ClipReady("ctrl_1", "s", "snap", 1.0, 3.5, 4.0, 1795502806648, "/clips?a"))
    assert clip == Clip("s", "snap", 1.0, 3.5, 4.0, 1795502806648, "/clips?a")
    assert clip.duration == 2.5


@pytest.mark.parametrize(
    ("reason", "code"),
    [
        # What reactor-runtime 3.10.0 says.
        ("recorder disabled or encoder crashed", "RECORDER_DISABLED"),
        ("a stepped session is not recorded, so it has no clips", "RECORDER_DISABLED"),
        ("no media generated yet", "CLIP_NOT_READY"),
        ("duration_seconds must be positive", "INVALID_DURATION"),
        ("Recorder disabled", "RECORDER_DISABLED"),
        ("out of cheese", "INTERNAL_ERROR"),
        ("", "INTERNAL_ERROR"),
    ],
)
def test_a_refusal_has_the_documented_code_and_the_servers_text(reason: str, code: str) -> None:
    error = error_of(ClipFailed("ctrl_1", reason))
    assert error.code == code
    assert (reason or "no reason given") in error.reason
    assert str(error) == f"{error.reason} [{code}]"


def test_a_recording_error_is_one_of_the_clients_errors() -> None:
    assert isinstance(RecordingError("CLIP_GONE", "gone"), ReactorClientError)


@pytest.mark.parametrize("seconds", [1, 0.5, 1e9])
def test_a_positive_length_is_allowed(seconds: float) -> None:
    assert check_seconds(seconds) == seconds


@pytest.mark.parametrize("seconds", [0, -1.0, math.nan, math.inf, "5", None, True])
def test_any_other_length_is_refused(seconds: Any) -> None:
    with pytest.raises(RecordingError, match="`seconds` must be a positive number, got") as raised:
        check_seconds(seconds)
    assert raised.value.code == "INVALID_DURATION"
