from __future__ import annotations

import json
import math
from types import MappingProxyType
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from reactor_env.client.types import FileRef
from reactor_env.client.wire.values import MAX_DEPTH, beside, inline, reference

FILES = st.builds(FileRef, st.text(), st.text(), st.text(), st.integers(0, 2**40))
JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**53), 2**53)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)
WITH_FILES = st.recursive(
    FILES | st.booleans(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)


def nested(depth: int, *, lists: bool = False) -> dict[str, Any]:
    """Parameters with ``depth`` levels of objects, or of arrays in one object."""
    inner: Any = [] if lists else {}
    for _ in range(depth - 2):
        inner = [inner] if lists else {"a": inner}
    return {"a": inner}


def files_in(value: Any) -> list[FileRef]:
    if isinstance(value, FileRef):
        return [value]
    if isinstance(value, dict):
        return [file for item in value.values() for file in files_in(item)]
    if isinstance(value, list):
        return [file for item in value for file in files_in(item)]
    return []


@given(data=st.dictionaries(st.text(), JSON, max_size=4))
def test_json_values_stay_as_they_are(data: dict[str, Any]) -> None:
    assert inline(data) == data
    assert beside(data) == (data, {})


@given(data=st.dictionaries(st.text(), WITH_FILES, max_size=4))
def test_no_file_is_lost_and_none_is_left(data: dict[str, Any]) -> None:
    plain, files = beside(data)
    text = json.dumps(plain)
    assert set(plain) | set(files) == set(data)
    assert files == {key: value for key, value in data.items() if isinstance(value, FileRef)}
    for file in files_in([value for value in data.values() if not isinstance(value, FileRef)]):
        assert json.dumps(reference(file)) in text


@given(data=st.dictionaries(st.text(), WITH_FILES, max_size=4))
def test_inline_leaves_every_file_in_its_place(data: dict[str, Any]) -> None:
    plain = inline(data)
    assert list(plain) == list(data)
    for key, value in data.items():
        if isinstance(value, FileRef):
            assert plain[key] == reference(value)


def test_a_reference_names_upload_file_type_and_size() -> None:
    assert reference(FileRef("u", "a.png", "image/png", 7)) == {
        "upload_id": "u",
        "name": "a.png",
        "mime_type": "image/png",
        "size": 7,
    }


def test_tuples_and_any_mapping_become_plain() -> None:
    data = MappingProxyType({"a": (1, MappingProxyType({"b": (2.0,)}))})
    assert inline(data) == {"a": [1, {"b": [2.0]}]}


def test_the_parameters_passed_in_are_not_changed() -> None:
    data = {"image": FileRef("u", "", "", 0), "list": [FileRef("v", "", "", 0)]}
    before = {"image": data["image"], "list": list(data["list"])}  # type: ignore[call-overload]
    beside(data)
    assert data == before


def test_a_subclass_of_float_becomes_a_plain_one() -> None:
    assert type(inline({"a": np.float64(0.5)})["a"]) is float


@pytest.mark.parametrize(
    ("value", "reason"),
    [
        pytest.param(object(), r"`data\['x'\]` must be a JSON value .*, got object", id="object"),
        pytest.param(b"a", "got bytes", id="bytes"),
        pytest.param({1}, "got set", id="set"),
        pytest.param(np.int64(3), "got int64", id="NumPy integer"),
        pytest.param(np.zeros(2), "got ndarray", id="array"),
        pytest.param(math.nan, "must be a finite number, got nan", id="NaN"),
        pytest.param(-math.inf, "must be a finite number, got -inf", id="infinity"),
        pytest.param(2**53 + 1, "a double holds exactly, got an integer of 54 bits", id="2**53+1"),
        pytest.param(10**400, "got an integer of 1329 bits", id="10**400"),
        pytest.param("\ud800", r"`data\['x'\]` must be Unicode text", id="lone surrogate"),
        pytest.param({1: 2}, r"a name in `data\['x'\]` must be a string, got int", id="key"),
        pytest.param({"\udfff": 2}, "must be Unicode text", id="surrogate key"),
        pytest.param([0, [object()]], r"`data\['x'\]\[1\]\[0\]` must", id="deep in a list"),
        pytest.param({"y": object()}, r"`data\['x'\]\['y'\]` must", id="deep in an object"),
        pytest.param(FileRef("\ud800", "", "", 0), "`upload_id` must be Unicode", id="file"),
    ],
)
def test_what_json_cannot_express_is_a_value_error_that_says_where(value: Any, reason: str) -> None:
    with pytest.raises(ValueError, match=reason):
        inline({"x": value})


def test_a_large_integer_that_a_double_holds_is_allowed() -> None:
    assert inline({"x": 2**60}) == {"x": 2**60}


@pytest.mark.parametrize("lists", [False, True], ids=["objects", "arrays"])
def test_parameters_may_be_nested_just_so_deep(lists: bool) -> None:
    data = nested(MAX_DEPTH, lists=lists)
    assert inline(data) == data
    with pytest.raises(ValueError, match=f"may be nested {MAX_DEPTH} deep"):
        inline(nested(MAX_DEPTH + 1, lists=lists))
    with pytest.raises(ValueError, match=f"may be nested {MAX_DEPTH} deep"):
        inline(nested(100_000, lists=lists))


def test_parameters_that_contain_themselves_are_a_value_error() -> None:
    data: dict[str, Any] = {}
    data["self"] = data
    with pytest.raises(ValueError, match="nested"):
        inline(data)


def test_a_file_under_a_name_that_is_no_string_is_a_value_error() -> None:
    data: Any = {1: FileRef("u", "", "", 0)}
    with pytest.raises(ValueError, match="a name in `data` must be a string, got int"):
        beside(data)
