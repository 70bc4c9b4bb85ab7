"""A person plays in the commands that take a policy; the window is SDL's dummy."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from reactor_env.cli import main
from reactor_env.play import HumanPolicy
from tests.recorder.slides import names, rows

pygame = pytest.importorskip("pygame")

pytestmark = pytest.mark.integration

Post = Callable[..., None]


@pytest.fixture
def post(monkeypatch: pytest.MonkeyPatch) -> Iterator[Post]:
    """Press keys over and over as soon as there is a window, in their order."""
    monkeypatch.setenv("SDL_VIDEODRIVER", "dummy")
    done = threading.Event()

    def press(keys: tuple[str, ...]) -> None:
        number = 0
        while not done.wait(0.05):
            try:
                key = getattr(pygame, f"K_{keys[min(number, len(keys) - 1)].upper()}")
                pygame.event.post(pygame.event.Event(pygame.KEYDOWN, key=key))
                number += 1
            except pygame.error:  # there is no window yet, or none any more
                continue

    threads: list[threading.Thread] = []

    def start(*keys: str) -> None:
        threads.append(threading.Thread(target=press, args=(keys,)))
        threads[-1].start()

    yield start
    done.set()
    for thread in threads:
        thread.join()


def test_a_person_rolls_out(post: Post, tmp_path: Path) -> None:
    post("right")
    argv = ["rollout", "--world", "catch", "--mode", "stepped", "--steps", "16", "--seed", "0"]
    assert main([*argv, "--policy", "human", "--out", str(tmp_path)]) == 0
    summary = json.loads((tmp_path / "summary.json").read_text())
    assert summary["policy"] == "human"
    assert summary["steps"] == 16
    assert 10 < summary["steps_per_s"] < 40  # the world's own rate, not the machine's


def test_closing_the_window_keeps_what_was_played(
    post: Post, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    chosen = HumanPolicy.predict

    def predict(policy: HumanPolicy, observation: Any, state: Any = None, *rest: Any) -> Any:
        if state == 5:
            post("escape")
        return chosen(policy, observation, state, *rest)

    monkeypatch.setattr(HumanPolicy, "predict", predict)
    argv = ["rollout", "--world", "catch", "--mode", "streamed", "--steps", "100000"]
    assert main([*argv, "--policy", "human", "--out", str(tmp_path)]) == 130
    summary = json.loads((tmp_path / "summary.json").read_text())
    assert summary["stopped_by"] == "WindowClosedError: the window was closed"
    assert summary["steps"] >= 5
    assert (tmp_path / "rollout.mp4").stat().st_size > 0


def test_a_person_records_demonstrations(post: Post, tmp_path: Path) -> None:
    post("left")
    argv = ["record", "--world", "catch", "--mode", "stepped", "--episodes", "1", "--policy"]
    assert main([*argv, "human", "--format", "video", "--out", str(tmp_path)]) == 0
    assert names(tmp_path) == ["catch-human-v0"]
    actions = [row["action"] for row in rows(tmp_path / "catch-human-v0")][1:]
    np.testing.assert_array_equal(actions, [0] * 15)


def test_a_person_is_evaluated(
    post: Post, tmp_path: Path, capsys: pytest.CaptureFixture[Any]
) -> None:
    post("right")
    argv = ["eval", "--world", "catch", "--mode", "stepped", "--episodes", "2", "--videos", "0"]
    argv += ["--agent", "me=human", "--agent", "random", "--out", str(tmp_path)]
    assert main(argv) == 0
    report = json.loads((tmp_path / "report.json").read_text())
    assert report["complete"] is True
    assert "me" in capsys.readouterr().out
