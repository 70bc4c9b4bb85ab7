from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from reactor_env.evaluation.episodes import Episode, Job
from reactor_env.evaluation.figures import draw_differences, draw_profiles, draw_scores
from reactor_env.evaluation.report import About, Video, document, markdown, page
from reactor_env.evaluation.results import Results, Settings
from tests.evaluation.worlds import episode

ABOUT = About(
    title="a and b|c on a world",
    subtitle="stepped, 2 slots",
    command="reactor-env eval --world catch --agent a",
    arguments={"seed": 3},
    load=(0.5, 1.0),
)


@pytest.fixture
def found() -> Results:
    random = np.random.default_rng(0)
    played = [
        episode(agent, seed, float(random.normal())) for agent in ("a", "b|c") for seed in range(8)
    ]
    played.append(Episode(job=Job("a", 8, 8), slot=1, outcome="lost", losses=("host died",)))
    played.append(Episode(job=Job("b|c", 8, 8), slot=1, outcome="not played"))
    return Results.of(played, Settings(resamples=500, seed=3))


def test_the_data_is_json_with_every_episode(found: Results) -> None:
    data = json.loads(json.dumps(document(found, ABOUT), allow_nan=False))
    assert data["schema_version"] == 1
    assert data["command"] == ABOUT.command
    assert data["seeds"] == list(range(9))
    assert data["intervals"] == {"resamples": 500, "confidence": 0.95, "seed": 3, "target": None}
    assert [one["outcome"] for one in data["episodes"]].count("ended") == 16
    assert data["episodes"][-2]["sessions_lost"] == ["host died"]
    assert data["episodes"][-1]["return"] is None
    assert data["complete"] is False
    [comparison] = data["comparisons"]
    assert len(comparison["differences"]) == len(comparison["seeds"]) == 8
    assert data["agents"][0]["mean"]["low"] < data["agents"][0]["mean"]["value"]
    assert data["machine"]["load_average"] == {"before": 0.5, "after": 1.0}
    assert "numpy" in data["versions"]


def test_numbers_can_be_computed_again_from_the_data(found: Results) -> None:
    data = document(found, ABOUT)
    returns = [one["return"] for one in data["episodes"] if one["agent"] == "a"]
    mean = np.mean([value for value in returns if value is not None])
    assert data["agents"][0]["mean"]["value"] == pytest.approx(mean)


def test_markdown_has_the_tables_and_the_command(found: Results) -> None:
    text = markdown(found, ABOUT)
    assert text.startswith("# a and b|c on a world\n")
    assert "| a - b&#124;c | 8 |" in text
    assert f"    {ABOUT.command}\n" in text
    assert "1 episodes lost their session in every attempt" in text
    assert "load average 0.5 before and 1.0 after" in text


def test_the_page_shows_figures_tables_and_videos(found: Results, tmp_path: Path) -> None:
    (tmp_path / "a.mp4").write_bytes(b"film")
    html = page(found, ABOUT, [Video(tmp_path / "a.mp4", "a, seed 0")]).html()
    assert html.count("<img") == 3
    assert html.count("<video") == 1
    assert "a, seed 0" in html
    assert ABOUT.command in html
    assert "cut short" in html


def test_one_agent_alone_has_no_comparison() -> None:
    html = page(Results.of([episode("a", 0, 1.0)], Settings(resamples=10)), ABOUT).html()
    assert "The same seeds" not in html
    assert html.count("<img") == 2


@pytest.mark.parametrize("name", ["$x_1$", "a very long name " * 9, "<b>"])
def test_any_name_can_be_drawn(name: str) -> None:
    played = [episode(agent, seed, 1.0) for agent in (name, "b") for seed in range(3)]
    found = Results.of(played, Settings(resamples=10))
    for figure in (
        draw_scores(found),
        draw_profiles(found),
        draw_differences(found, found.comparisons[0]),
    ):
        figure.canvas.draw()


def test_a_profile_is_drawn_from_return_to_return() -> None:
    played = [episode("a", seed, score) for seed, score in enumerate((-1.0, 1.0, 1.0, 1.0))]
    figure = draw_profiles(Results.of(played, Settings(resamples=10)))
    [line] = figure.axes[0].lines
    np.testing.assert_allclose(np.asarray(line.get_xdata(), float), [-1.1, -1, 1, 1.1])
    np.testing.assert_allclose(np.asarray(line.get_ydata(), float), [1, 0.75, 0, 0])
