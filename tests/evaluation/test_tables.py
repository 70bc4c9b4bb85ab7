from __future__ import annotations

import pytest

from reactor_env.evaluation.episodes import TIMES, Episode, Job
from reactor_env.evaluation.results import Results, Settings
from reactor_env.evaluation.tables import (
    comparison_table,
    remarks,
    score_table,
    tables,
    time_table,
    transposed,
)
from tests.evaluation.worlds import episode

FEW = Settings(resamples=500)


def some() -> list[Episode]:
    return [episode("a", 0, 1.0), episode("a", 1, 2.0), episode("b", 0, 0.0), episode("b", 1, 3.0)]


def test_scores_are_told_with_their_intervals() -> None:
    table = score_table(Results.of(some(), FEW))
    assert table.caption == "Returns, with 95 % intervals"
    first = dict(zip(table.header, table.rows[0], strict=True))
    assert first["mean return"] == "1.500 [1.000, 2.000]"
    assert (first["episodes"], first["lowest"], first["highest"]) == ("2", "1", "2")
    assert first["steps per episode"] == "10.0"


def test_a_target_adds_a_column() -> None:
    table = score_table(Results.of(some(), Settings(resamples=500, target=4.0)))
    assert "gap to 4" in table.header


def test_episodes_that_are_missing_are_told() -> None:
    played = [*some(), Episode(job=Job("a", 2, 2), slot=0, outcome="not played")]
    table = score_table(Results.of(played, FEW))
    assert [row[1] for row in table.rows] == ["2 of 3", "2"]


def test_an_agent_without_an_episode_has_dashes() -> None:
    played = [*some(), Episode(job=Job("c", 0, 0), slot=0, outcome="not played")]
    assert set(score_table(Results.of(played, FEW)).rows[2][2:]) == {"-"}


def test_a_comparison_says_who_is_subtracted() -> None:
    [row] = comparison_table(Results.of(some(), FEW)).rows
    assert row[:2] == ("a - b", "2")
    assert row[3] == "1 / 0 / 1"


def test_tables_without_rows_are_left_out() -> None:
    alone = Results.of([episode("a", 0, 1.0)], FEW)
    assert time_table(alone).rows == comparison_table(alone).rows == ()
    assert [table.caption for table in tables(alone)] == [
        "Returns, with 95 % intervals",
        "Ends of the episodes",
    ]


def test_times_have_the_columns_that_were_measured() -> None:
    times: dict[str, list[float]] = {key: [] for key in TIMES}
    times["step_ms"] = [1.0, 3.0]
    played = [episode("a", 0, 1.0, times_ms=times, deadlines=2, deadlines_missed=1)]
    table = time_table(Results.of(played, FEW))
    assert table.header[:3] == ("agent", "step, ms", "deadlines missed")
    assert table.rows[0][:3] == ("a", "2.0 / 2.9 / 3.0", "1 of 2")


def test_a_transposed_table_has_its_rows_as_columns() -> None:
    turned = transposed(score_table(Results.of(some(), FEW)))
    assert turned.header == ("agent", "a", "b")
    assert turned.rows[0] == ("episodes", "2", "2")


@pytest.mark.parametrize(
    ("more", "told"),
    [
        (
            Episode(job=Job("a", 2, 2), slot=0, outcome="not played"),
            "cut short: 1 of 5 episodes were not played",
        ),
        (
            Episode(job=Job("a", 2, 2), slot=0, outcome="lost", losses=("x", "y")),
            "a: 1 episodes lost their session in every attempt",
        ),
        (
            Episode(**{**vars(episode("b", 2, 1.0)), "losses": ("x",)}),
            "b: 1 attempts lost their session and were played again",
        ),
    ],
)
def test_a_reader_is_told_what_is_missing(more: Episode, told: str) -> None:
    [remark] = remarks(Results.of([*some(), more], FEW))
    assert told in remark


def test_equal_returns_are_no_certainty() -> None:
    played = [episode("a", seed, 1.0) for seed in range(40)]
    [remark] = remarks(Results.of(played, FEW))
    assert "all 40 returns are equal" in remark
    assert "Up to 8%" in remark


def test_where_nothing_is_wrong_there_is_no_remark() -> None:
    assert remarks(Results.of(some(), FEW)) == []
