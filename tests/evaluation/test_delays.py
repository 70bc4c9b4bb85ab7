from __future__ import annotations

import json
from typing import Any

import numpy as np
import pytest

from reactor_env.evaluation.action_delay import ActionDelay
from reactor_env.evaluation.delays import (
    Delayed,
    delay_pairs,
    delayed_agents,
    delayed_makers,
)
from reactor_env.evaluation.figures import draw_delays
from reactor_env.evaluation.report import About, document, markdown, page
from reactor_env.evaluation.results import Results, Settings
from reactor_env.evaluation.running import evaluate
from reactor_env.evaluation.tables import delay_table
from reactor_env.worlds.catch import CatchEnv
from tests.evaluation.worlds import Counting, always
from tests.policies.agents import Stays


class Clock:
    """Takes the number of the step as its action."""

    def predict(
        self,
        observation: Any,
        state: Any = None,
        episode_start: Any = None,
        deterministic: bool = False,
    ) -> tuple[int, int]:
        step = state or 0
        return step, step + 1


DELAYED = delayed_agents(["clock", "two"], [0.0, 50.0, 100.0])


def clock(env: Any, seed: int) -> Clock:
    return Clock()


def results() -> Results:
    """Return the clock and two at three delays, in episodes of 5 steps of 50 ms."""
    makers = delayed_makers({"clock": clock, "two": always(2)}, DELAYED)
    envs = [ActionDelay(Counting()) for _ in range(2)]
    played = evaluate(envs, makers, episodes=2, seed=4)
    return Results.of(played.episodes, Settings(resamples=100), delay_pairs(DELAYED))


def test_every_agent_plays_at_every_delay() -> None:
    assert [(one.agent, one.delay_ms) for one in DELAYED] == [
        (agent, delay) for agent in ("clock", "two") for delay in (0, 50, 100)
    ]
    assert DELAYED[1].name == "clock, 50 ms"


def test_the_delay_is_set_for_each_episode() -> None:
    found = {agent.name: agent.scores[0] for agent in results().agents}
    assert found["clock, 0 ms"] == 0 + 1 + 2 + 3 + 4
    assert found["clock, 50 ms"] == 0 + 0 + 1 + 2 + 3
    assert found["clock, 100 ms"] == 0 + 0 + 0 + 1 + 2
    assert found["two, 100 ms"] == 10


def test_agents_are_compared_with_themselves_and_with_each_other() -> None:
    assert [(one.first, one.second) for one in results().comparisons] == [
        ("clock, 50 ms", "clock, 0 ms"),
        ("clock, 100 ms", "clock, 0 ms"),
        ("two, 50 ms", "two, 0 ms"),
        ("two, 100 ms", "two, 0 ms"),
        ("clock, 0 ms", "two, 0 ms"),
        ("clock, 50 ms", "two, 50 ms"),
        ("clock, 100 ms", "two, 100 ms"),
    ]


def test_the_table_tells_the_delay_that_was_measured_and_what_it_costs() -> None:
    rows = delay_table(results(), DELAYED).rows
    assert rows[0][:3] == ("clock", "0", "0.0")
    assert rows[0][4] == "-"
    assert rows[2][:3] == ("clock", "100", "100.0")
    assert rows[2][4].startswith("-3.500 [")


def test_a_figure_has_a_line_for_each_agent() -> None:
    lines = draw_delays(results(), DELAYED).axes[0].lines
    assert [line.get_label() for line in lines] == ["clock", "two"]
    np.testing.assert_allclose(np.asarray(lines[0].get_xdata(), float), [0, 50, 100])
    np.testing.assert_allclose(np.asarray(lines[0].get_ydata(), float), [5.0, 3.0, 1.5])


def test_the_reports_have_the_delays() -> None:
    about = About(
        title="t", subtitle="s", command="c", arguments={}, load=(0.0, 0.0), delayed=DELAYED
    )
    found = results()
    data = json.loads(json.dumps(document(found, about)))
    assert data["delays"][1] == {"agent": "clock", "delay_ms": 50.0, "name": "clock, 50 ms"}
    assert "Returns by injected delay" in markdown(found, about)
    assert "Returns by injected delay" in page(found, about).html()


@pytest.mark.parametrize("delays", [[], [1.0, 1.0], [-1.0], [float("nan")]])
def test_delays_that_cannot_be_are_refused(delays: list[float]) -> None:
    with pytest.raises(ValueError, match="`delays_ms` must"):
        delayed_agents(["a"], delays)


def test_an_environment_that_cannot_delay_is_refused() -> None:
    makers = delayed_makers({"a": always(0)}, [Delayed("a", 5.0)])
    with pytest.raises(ValueError, match="`envs` must be wrapped in ActionDelay"):
        makers["a, 5 ms"](Counting(), 0)


def test_an_agent_that_never_moves_does_not_mind() -> None:
    delayed = delayed_agents(["stays"], [0.0, 200.0])
    stays = Stays(CatchEnv())
    makers = delayed_makers({"stays": lambda env, seed: stays}, delayed)
    played = evaluate(ActionDelay(CatchEnv("rgb_array")), makers, episodes=8)
    [comparison] = Results.of(
        played.episodes, Settings(resamples=10), delay_pairs(delayed)
    ).comparisons
    assert not comparison.differences.any()
