from __future__ import annotations

import json
from pathlib import Path

import pytest

from reactor_env.probes.findings import Finding
from reactor_env.probes.scorecard import Scorecard, cell, markdown, page, read_scorecard, rows

CARDS = [
    Scorecard(
        "good",
        [
            Finding("responds", "forward", (1.0, 1.0)),
            Finding("responds", "forward, onset", (40.0, 60.0), "ms", "lower", missing=1),
            Finding("holds_still", "likeness", (0.9, 0.9), curve=(1.0, 0.9)),
        ],
        {"machine_line": "a machine", "command": "reactor-env probe --world good"},
    ),
    Scorecard(
        "<b>ad",
        [Finding("responds", "forward", (0.0, 0.0), flags={"no_motion": 2})],
        {"machine_line": "the same"},
    ),
]


def test_models_stand_side_by_side() -> None:
    assert rows(CARDS) == [
        ["responds", "forward", "1.000 [1.000, 1.000]", "0.000 [0.000, 0.000] (no_motion 2x)"],
        ["responds", "forward, onset", "50.00 [40.00, 60.00] ms (not seen 1x)", "-"],
        ["holds_still", "likeness", "0.900 [0.900, 0.900]", "-"],
    ]


def test_what_was_never_seen_says_so() -> None:
    assert cell(Finding("responds", "forward, onset", (), "ms", missing=5)) == "not seen"


def test_the_table_is_markdown() -> None:
    text = markdown(CARDS, "two worlds")
    assert "| probe | what | good | <b>ad |" in text
    assert "good: a machine" in text


def test_the_page_has_the_table_the_curves_and_no_unescaped_name() -> None:
    html = page(CARDS, "two worlds").html()
    assert "no_motion 2x" in html
    assert "&lt;b&gt;ad" in html
    assert "<b>ad" not in html
    assert "while nothing is done" in html
    assert "while turning" not in html


def test_a_scorecard_is_read_back_as_it_was_written(tmp_path: Path) -> None:
    path = tmp_path / "report.json"
    path.write_text(json.dumps(CARDS[0].document()))
    read = read_scorecard(path)
    assert read == CARDS[0]


@pytest.mark.parametrize(
    "content", ["", "[]", "{}", '{"schema_version": 7, "name": "x", "findings": []}']
)
def test_what_is_no_scorecard_is_refused(content: str, tmp_path: Path) -> None:
    path = tmp_path / "report.json"
    path.write_text(content)
    with pytest.raises(ValueError, match="must be the report of `reactor-env probe`"):
        read_scorecard(path)
