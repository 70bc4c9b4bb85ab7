from __future__ import annotations

from pathlib import Path

import av
import pytest

from reactor_env.evaluation import films
from reactor_env.evaluation.episodes import Job
from reactor_env.evaluation.films import Films
from reactor_env.evaluation.running import evaluate
from tests.evaluation.worlds import Counting, always


def read(path: Path) -> tuple[int, int, float]:
    """Return number of pictures, width, and pictures per second."""
    with av.open(str(path)) as container:
        stream = container.streams.video[0]
        assert stream.average_rate is not None
        return sum(1 for _ in container.decode(video=0)), stream.width, float(stream.average_rate)


def test_the_first_episodes_of_every_agent_are_filmed(tmp_path: Path) -> None:
    made = Films(tmp_path / "videos", 2, ["a", "b c"], None)
    agents = {"a": always(0), "b c": always(1)}
    evaluate([Counting(), Counting()], agents, episodes=4, seed=2, filming=made.film)
    names = sorted(path.name for path in (tmp_path / "videos").iterdir())
    assert names == [f"agent-{agent}-episode-{number}.mp4" for agent in (0, 1) for number in (0, 1)]
    assert read(made.path(Job("b c", 1, 3))) == (5, 256, 20.0)


def test_the_rate_may_be_another_one(tmp_path: Path) -> None:
    made = Films(tmp_path, 1, ["a"], 8.0)
    evaluate(Counting(), {"a": always(0)}, episodes=1, seed=4, filming=made.film)
    assert read(made.path(Job("a", 0, 4))) == (6, 256, 8.0)


def test_a_long_episode_is_cut(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(films, "MAX_PICTURES", 3)
    made = Films(tmp_path, 1, ["a"], None)
    evaluate(Counting(), {"a": always(0)}, episodes=1, seed=4, filming=made.film)
    assert read(made.path(Job("a", 0, 4)))[0] == 3


def test_an_episode_that_breaks_off_leaves_no_film(tmp_path: Path) -> None:
    made = Films(tmp_path, 1, ["a"], None)

    def fail(seed: int, step: int) -> dict[str, int]:
        raise OSError("no frame")

    played = evaluate(Counting(fail), {"a": always(0)}, episodes=1, filming=made.film)
    assert isinstance(played.stopped_by, OSError)
    assert list(tmp_path.iterdir()) == []
