from __future__ import annotations

import os
import sys

import numpy as np
import pytest

from benchmarks import openenv_peer
from benchmarks.openenv_peer import NAMES, VARIABLE, OpenEnv, draw_pictures, find, serving
from benchmarks.stepped import about_openenv
from reactor_env.latency.stamp import read_stamp


def test_pictures_are_those_of_the_probe() -> None:
    pictures = draw_pictures(64, 64, count=3)
    assert pictures.shape == (3, 64, 64, 3)
    assert pictures.dtype == np.uint8
    stamps = [read_stamp(picture) for picture in pictures]
    assert [stamp and stamp.number for stamp in stamps] == [0, 1, 2]


def test_without_the_variable_there_is_none(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(VARIABLE, raising=False)
    assert find() is None
    with serving(None, 64, 64, 0, 1) as others:
        assert not others


def test_a_name_of_nothing_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(VARIABLE, "no/such/python")
    with pytest.raises(RuntimeError, match=f"{VARIABLE} must name a Python.*no/such/python"):
        find()


def test_a_python_without_it_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(VARIABLE, sys.executable)
    monkeypatch.setattr(openenv_peer, "_VERSION", "raise ImportError('none of that name')")
    with pytest.raises(RuntimeError, match="none of that name"):
        find()


def test_the_report_says_which_it_is_or_that_it_was_left_out() -> None:
    assert "left out" in " ".join(about_openenv(None))
    assert "openenv-core 0.3.0" in " ".join(about_openenv(OpenEnv("python", "0.3.0")))


@pytest.mark.slow
@pytest.mark.skipif(not os.environ.get(VARIABLE), reason=f"{VARIABLE} names no Python with it")
def test_it_takes_turns_with_and_without_compression() -> None:
    with serving(find(), 128, 96, warmup=2, steps=5) as others:
        assert list(others) == list(NAMES)
        turns = [play() for play in others.values()]
        turns.append(others["OpenEnv"]())
    assert [len(times) for times in turns] == [5, 5, 5]
    assert min(map(min, turns)) > 0
