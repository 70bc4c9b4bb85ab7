from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from reactor_env.codegen.literals import (
    WIDTH,
    Expression,
    Text,
    call,
    dictionary,
    group_of,
    lines,
    literal,
    quoted,
)


def value_of(expression: Expression) -> Any:
    """Return what an expression is, laid out as the argument of a call."""
    found = lines(expression, 1, before="value=", after=",")
    return eval("\n".join(["dict(", *found, ")"]))["value"]


@given(st.text())
@example("both ' and \"")
@example("\\' \\\" \\")
@example('""" \' \'')
def test_a_quoted_string_is_itself(text: str) -> None:
    assert ast.literal_eval(quoted(text)) == text


numbers = st.integers() | st.floats(allow_nan=False, allow_infinity=False)
json_values = st.recursive(
    st.none() | st.booleans() | numbers | st.text(max_size=200),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
)


@given(json_values)
def test_a_literal_is_its_value(value: Any) -> None:
    assert value_of(literal(value)) == value


@given(st.text(min_size=1, max_size=400))
def test_a_long_string_is_cut_into_lines_that_fit(text: str) -> None:
    found = lines(Text(text), 2, before="key=", after=",")
    assert all(len(line) <= WIDTH for line in found)
    assert value_of(Text(text)) == text


def test_what_fits_is_on_one_line() -> None:
    assert lines(call("f", "1", Text("a"), b="2"), 1, after=",") == ['    f(1, "a", b=2),']


def test_arguments_that_fit_together_share_a_line() -> None:
    found = lines(call("function", *["argument"] * 9), 0, before="a_long_name = ")
    assert found == [
        "a_long_name = function(",
        "    " + ", ".join(["argument"] * 9),
        ")",
    ]


def test_items_of_a_tuple_that_do_not_fit_have_a_line_each() -> None:
    items = [f'"{letter * 30}"' for letter in "abc"]
    assert lines(group_of(items), 0) == ["(", *(f"    {item}," for item in items), ")"]


def test_a_tuple_of_one_item_has_its_comma_once() -> None:
    assert lines(group_of(["1"]), 0) == ["(1,)"]
    assert lines(group_of(["x" * 98]), 0) == ["(", f"    {'x' * 98},", ")"]


def test_the_layout_is_the_formatters(tmp_path: Path) -> None:
    statements = []
    for size in range(1, 60, 3):
        word = "w" * size
        statements += [
            lines(call("f", Text(word), key=call("g", word, word), other="3"), 0),
            lines(call("f", dictionary({word: word, "b": Text(word)})), 0, before="x = "),
            lines(group_of([Text(word), Text(word * 2)]), 0, before="y = "),
            lines(group_of([Text(word * 3)]), 0, before="z = "),
            lines(literal([word] * 3), 0, before="v = "),
            lines(call("f", key=Text(word * 5)), 0),
            lines(call("f", Text("'" * size + '"' * 5), Text("'\"" * size)), 0),
        ]
    path = tmp_path / "layout.py"
    path.write_text("\n".join("\n".join(statement) for statement in statements) + "\n")
    ruff = [sys.executable, "-m", "ruff", "format", "--isolated", "--line-length", str(WIDTH)]
    checked = subprocess.run([*ruff, "--diff", path], capture_output=True, text=True, timeout=60)
    assert (checked.returncode, checked.stdout) == (0, "")


@pytest.mark.parametrize("value", [1.0, 5, True, None, "a", -0.5, 1e300])
def test_a_number_keeps_its_type(value: Any) -> None:
    found = value_of(literal(value))
    assert (found, type(found)) == (value, type(value))
