from __future__ import annotations

import contextlib
import json
import math
import time
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reactor_env.client.wire.strict_json import MAX_DEPTH, dumps, loads

JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**70), 2**70)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=20,
)
# Pieces of JSON in any order: far more often almost a document than random text is.
PIECES = st.lists(
    st.sampled_from(
        [
            *'[]{}:,"\\ue-+.0129 \n\x00',
            "\\u",
            "d800",
            "NaN",
            "Infinity",
            "true",
            "null",
            "é",
            "\ud800",
        ]
    ),
    max_size=30,
).map("".join)


@given(document=JSON)
def test_a_document_comes_out_as_it_went_in(document: Any) -> None:
    text = dumps(document)
    assert loads(text) == document
    assert loads(text.encode()) == document


@given(document=JSON)
def test_the_standard_librarys_json_is_read(document: Any) -> None:
    assert loads(json.dumps(document, indent=1)) == document


@given(payload=st.binary(max_size=60) | st.text(max_size=60) | PIECES)
def test_whatever_is_read_can_be_written_again(payload: bytes | str) -> None:
    with contextlib.suppress(ValueError):
        document = loads(payload)
        assert loads(dumps(document)) == document


def test_a_pair_of_surrogate_escapes_is_one_character() -> None:
    assert loads('"\\ud83d\\ude00"') == "😀"


@pytest.mark.parametrize(
    "payload",
    [
        pytest.param("NaN", id="NaN"),
        pytest.param("[-Infinity]", id="infinity"),
        pytest.param("1e999", id="a number that overflows"),
        pytest.param("9" * 400, id="an integer that overflows"),
        pytest.param("9" * 5000, id="an integer Python refuses to read"),
        pytest.param('"\\ud800"', id="a lone surrogate, escaped"),
        pytest.param('{"\\udFFF": 1}', id="a lone surrogate as name"),
        pytest.param('"\ud800"', id="a lone surrogate"),
        pytest.param(b'"\xed\xa0\x80"', id="a lone surrogate, encoded"),
        pytest.param('"é"'.encode("utf-16"), id="UTF-16"),
        pytest.param('"a"'.encode("utf-32"), id="UTF-32"),
        pytest.param(b'\xef\xbb\xbf"a"', id="a byte order mark"),
        pytest.param("", id="nothing"),
        pytest.param("[1,]", id="a comma too many"),
    ],
)
def test_what_rfc_8259_does_not_allow_is_a_value_error(payload: bytes | str) -> None:
    with pytest.raises(ValueError, match=r"."):
        loads(payload)


def test_a_document_may_be_nested_just_so_deep() -> None:
    assert loads("[" * MAX_DEPTH + "]" * MAX_DEPTH) is not None
    with pytest.raises(ValueError, match=f"nested deeper than {MAX_DEPTH} levels"):
        loads("[" * (MAX_DEPTH + 1) + "]" * (MAX_DEPTH + 1))


@pytest.mark.parametrize("bomb", ["[" * 1_000_000, '{"a":' * 200_000, '[{"":' * 100_000])
def test_a_nesting_bomb_is_a_value_error(bomb: str) -> None:
    with pytest.raises(ValueError, match="nested deeper"):
        loads(bomb)


def test_brackets_in_strings_are_not_nesting() -> None:
    document = {"a[{": "]}\\" + '"[' * MAX_DEPTH, "b": "[" * 10 * MAX_DEPTH}
    assert loads(dumps(document)) == document


def test_wide_documents_are_not_deep_ones() -> None:
    document: list[Any] = [[{}] for _ in range(10 * MAX_DEPTH)]
    assert loads(dumps(document)) == document


def test_a_string_that_never_ends_is_scanned_once() -> None:
    payload = "[" * (MAX_DEPTH + 1) + '"' + '\\"' * 200_000
    begin = time.perf_counter()
    with pytest.raises(ValueError, match=r"."):
        loads("]" + payload[MAX_DEPTH:] + "[" * MAX_DEPTH)
    assert time.perf_counter() - begin < 2


@pytest.mark.parametrize("document", [math.nan, [math.inf], "\ud800", {"\udfff": 1}])
def test_what_could_not_be_read_is_not_written(document: Any) -> None:
    with pytest.raises(ValueError, match=r"."):
        dumps(document)
