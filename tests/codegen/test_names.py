from __future__ import annotations

import keyword

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reactor_env.codegen.names import Names, class_name, is_field_name, pascal_case


@pytest.mark.parametrize(
    ("wanted", "given_name"),
    [
        ("set_prompt", "set_prompt"),
        ("step", "step_"),
        ("import", "import_"),
        ("None", "None_"),
        ("set-prompt", "set_prompt"),
        ("a.b c", "a_b_c"),
        ("_private", "private"),
        ("__private", "private"),
        ("2x", "word_2x"),
        ("", "word"),
        ("___", "word"),
        ("größe", "größe"),
        ("ﬁt", "fit"),
        ("x²", "x2"),
        ("日本", "日本"),
    ],
)
def test_a_name_follows_the_rule(wanted: str, given_name: str) -> None:
    assert Names({"step"}, word="word").give(wanted) == given_name


def test_a_name_is_not_given_twice() -> None:
    names = Names(word="word")
    assert [names.give("a-b"), names.give("a_b"), names.give("a b")] == ["a_b", "a_b_", "a_b__"]


@given(st.lists(st.text(max_size=6), max_size=8))
def test_every_name_can_be_used_and_is_public(wanted: list[str]) -> None:
    names = Names({"taken"}, word="word")
    found = [names.give(name) for name in wanted]
    assert len(set(found)) == len(found)
    for name in found:
        assert name.isidentifier()
        assert not keyword.iskeyword(name)
        assert not name.startswith("_")
        assert name != "taken"


@pytest.mark.parametrize(
    ("model_name", "expected"),
    [
        ("reactor/helios", "HeliosModel"),
        ("reactor/lingbot-world-2", "LingbotWorld2Model"),
        ("xmax/x2", "X2Model"),
        ("diamond-csgo-world-model", "DiamondCsgoWorldModel"),
        ("gym:CartPole-v1", "GymCartPoleV1Model"),
        ("2048", "Model2048Model"),
        ("", "Model"),
    ],
)
def test_a_class_is_named_after_its_model(model_name: str, expected: str) -> None:
    assert class_name(model_name) == expected


@given(st.text(max_size=10))
def test_every_model_has_a_class_name(model_name: str) -> None:
    assert is_field_name(class_name(model_name))


def test_words_are_joined_with_capitals() -> None:
    assert pascal_case("chunk_complete") == "ChunkComplete"
    assert pascal_case("chunk-Complete") == "ChunkComplete"
    assert pascal_case("chunkComplete") == "ChunkComplete"


@pytest.mark.parametrize("name", ["a b", "class", "__x", "2", "", "ﬁ"])
def test_a_name_that_a_class_cannot_have_is_told(name: str) -> None:
    assert not is_field_name(name)
