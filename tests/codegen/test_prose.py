from __future__ import annotations

import ast

from hypothesis import given
from hypothesis import strategies as st

from reactor_env.codegen.literals import WIDTH
from reactor_env.codegen.prose import Section, docstring, plain, sentence


def test_a_short_description_is_one_line() -> None:
    assert docstring(1, "Unused.", "move forward") == ['    """Move forward."""']


def test_the_first_sentence_is_the_summary() -> None:
    found = docstring(0, "Unused.", "Move forward. It is held, e.g. for a step! Really")
    assert found == ['"""Move forward.', "", "It is held, e.g. for a step! Really.", '"""']


def test_without_a_description_the_summary_is_used() -> None:
    assert docstring(0, "Send it.") == ['"""Send it."""']


def test_a_first_sentence_that_does_not_fit_goes_below_the_summary() -> None:
    found = docstring(0, "Send it.", "word " * 40)
    assert found[:2] == ['"""Send it.', ""]
    assert found[2].startswith("Word word")
    assert found[-1] == '"""'


def test_sections_follow_and_empty_ones_do_not() -> None:
    found = docstring(1, "Do it.", sections=[Section("Args", ["a: A."]), Section("Returns", [])])
    assert found == ['    """Do it.', "", "    Args:", "        a: A.", '    """']


def test_long_entries_hang() -> None:
    (*_, first, second, _) = docstring(0, "S.", sections=[Section("Args", ["a: " + "w " * 50])])
    assert first.startswith("    a: w")
    assert second.startswith("        w")


def test_text_becomes_a_sentence() -> None:
    assert [sentence(text) for text in ("a b", "Why?", " x. ", "")] == ["A b.", "Why?", "X.", ""]


@given(
    st.text(max_size=300),
    st.lists(st.text(st.characters(categories=["L"]), min_size=1, max_size=8), max_size=3),
)
def test_every_description_is_a_docstring_within_its_lines(text: str, names: list[str]) -> None:
    entries = [f"{name}: {sentence(text)}" for name in names]
    found = docstring(1, "Send it.", text, [Section("Args", entries)])
    assert all(len(line) <= WIDTH for line in found)
    assert not any(line.endswith(" ") for line in found)
    body = ast.parse("\n".join(["def f():", *found])).body[0]
    assert isinstance(body, ast.FunctionDef)
    assert ast.get_docstring(body)


@given(st.text())
def test_plain_text_cannot_end_a_docstring_or_escape(text: str) -> None:
    found = plain(text)
    assert '"""' not in found
    assert found.replace("\\\\", "").count("\\") == 0
