from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from reactor_env.bench.peers import BROWSERS, installed, load_peer
from reactor_env.bench.peers.chromium import (
    NAMES,
    VARIABLE,
    Chromium,
    find_chromium,
    session_processes,
)
from reactor_env.errors import MissingDependencyError

linux = pytest.mark.skipif(sys.platform != "linux", reason="/proc is Linux's")


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The only folder on the PATH."""
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.delenv(VARIABLE, raising=False)
    return tmp_path


def make_program(path: Path) -> str:
    path.write_text("#!/bin/sh\n")
    path.chmod(0o755)
    return str(path)


def test_the_first_name_on_the_path_is_taken(folder: Path) -> None:
    last = make_program(folder / NAMES[-1])
    assert find_chromium() == last
    first = make_program(folder / NAMES[0])
    assert find_chromium() == first
    assert installed(BROWSERS) == BROWSERS


def test_the_one_that_is_named_goes_first(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    make_program(folder / NAMES[0])
    monkeypatch.setenv(VARIABLE, make_program(folder / "mine"))
    assert find_chromium() == str(folder / "mine")


async def test_without_one_the_peer_is_left_out_and_says_what_it_needs(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert installed(BROWSERS) == ()
    with pytest.raises(MissingDependencyError, match=f"browser needs Chromium.*{VARIABLE}"):
        load_peer(BROWSERS[0])
    monkeypatch.setenv(VARIABLE, str(folder / "none"))
    with pytest.raises(MissingDependencyError, match=f"{VARIABLE} must be the path.*none'"):
        await Chromium().start()


@linux
def test_the_processes_of_a_session_are_found() -> None:
    with subprocess.Popen(["sleep", "60"], start_new_session=True) as process:
        try:
            assert session_processes(process.pid) == [process.pid]
            assert os.getpid() not in session_processes(process.pid)
        finally:
            process.kill()
    assert session_processes(process.pid) == []
