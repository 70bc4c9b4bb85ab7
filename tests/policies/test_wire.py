from __future__ import annotations

import contextlib
import json
import struct
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays, scalar_dtypes

from reactor_env.policies.wire import VERSION, WireError, decode, encode

NUMBERS = scalar_dtypes().filter(lambda dtype: dtype.kind in "biuf" and dtype.itemsize <= 8)
ARRAYS = NUMBERS.flatmap(
    lambda dtype: arrays(dtype, array_shapes(min_dims=1, max_dims=4, min_side=0, max_side=4))
)
PLAIN = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text()
VALUES = st.recursive(
    PLAIN | ARRAYS,
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.lists(inner, max_size=3).map(tuple)
        | st.dictionaries(st.text(), inner, max_size=3)
    ),
    max_leaves=6,
)


def same(one: Any, other: Any) -> bool:
    if isinstance(one, np.ndarray):
        assert isinstance(other, np.ndarray)
        return (
            one.dtype == other.dtype
            and one.shape == other.shape
            and np.array_equal(one, other, equal_nan=one.dtype.kind == "f")
        )
    if isinstance(one, dict):
        return one.keys() == other.keys() and all(same(one[key], other[key]) for key in one)
    if isinstance(one, tuple | list):
        return (
            type(one) is type(other)
            and len(one) == len(other)
            and all(same(*pair) for pair in zip(one, other, strict=True))
        )
    return type(one) is type(other) and one == other


@given(VALUES)
def test_a_message_gives_back_what_was_sent(value: Any) -> None:
    assert same(value, decode(encode(value)))


@given(st.binary(max_size=200))
def test_bytes_that_are_no_message_are_refused(message: bytes) -> None:
    with pytest.raises(WireError):
        decode(message)


@given(VALUES, st.integers(0, 400), st.integers(0, 255))
def test_a_message_that_was_damaged_gives_a_value_or_is_refused(
    value: Any, where: int, what: int
) -> None:
    message = bytearray(encode(value))
    message[where % len(message)] = what
    with contextlib.suppress(WireError):
        decode(bytes(message))


def test_an_array_can_be_written_to() -> None:
    found = decode(encode(np.zeros((2, 3), np.uint8)))
    found[0, 0] = 7


def test_a_number_of_numpy_stays_one() -> None:
    assert type(decode(encode(np.int64(3)))) is np.int64
    assert type(decode(encode(np.array(3, np.int64)))) is np.int64
    assert type(decode(encode(np.float64(0.5)))) is np.float64


def test_a_view_is_sent_in_order() -> None:
    picture = np.arange(24, dtype=np.uint8).reshape(2, 3, 4)
    np.testing.assert_array_equal(
        decode(encode(picture.transpose(2, 0, 1))), picture.T.swapaxes(1, 2)
    )


def test_a_tensor_is_sent_as_an_array() -> None:
    torch = pytest.importorskip("torch")
    found = decode(encode(torch.arange(3, dtype=torch.uint8)))
    np.testing.assert_array_equal(found, np.array([0, 1, 2], np.uint8))


@pytest.mark.parametrize(
    ("value", "told"),
    [
        (object(), "arrays, numbers and text can be sent, got object"),
        (np.array(["a"]), "of truth values or numbers, got dtype <U1"),
        (np.array([object()]), "got dtype object"),
        ({1: 2}, r"the keys of a dict must be text, got \[1\]"),
        ("a" * 70_000, "header must be 65536 bytes at most"),
    ],
)
def test_what_cannot_be_sent_is_named(value: Any, told: str) -> None:
    with pytest.raises(WireError, match=told):
        encode(value)


def test_a_value_may_not_be_nested_without_end() -> None:
    value: Any = None
    for _ in range(20):
        value = [value]
    with pytest.raises(WireError, match="nested 16 deep at most"):
        encode(value)


def _message(header: Any, rest: bytes = b"") -> bytes:
    text = json.dumps(header).encode()
    return struct.pack(">I", len(text)) + text + rest


def _arrays(*told: Any) -> Any:
    return {"version": VERSION, "value": {"array": 0}, "arrays": list(told)}


@pytest.mark.parametrize(
    ("message", "told"),
    [
        (b"", "must have a header, got 0 bytes"),
        (b"\xff\xff\xff\xff", "cannot have 4294967295 of its 4 bytes"),
        (struct.pack(">I", 1) + b"{", "must be JSON"),
        (_message([]), r"must have version 1, got \[\]"),
        (_message({"version": 9}), "must have version 1, got 9"),
        (_message(_arrays(["|O8", [1]])), r"must be \[dtype, shape\] of numbers, got \['\|O8'"),
        (_message(_arrays(["|u1"])), "must be .dtype, shape. of numbers"),
        (_message(_arrays(["<f9", [1]])), "dtype is unknown: <f9"),
        (_message(_arrays(["|u1", [-1]])), r"must be whole numbers, got \[-1\]"),
        (_message(_arrays(["|u1", [4]]), b"abc"), r"shape \(4,\) has 4 bytes, and there are 3"),
        (_message(_arrays(["|u1", [2]]), b"abc"), "got 1 more bytes"),
        (_message(_arrays(["|u1", [1 << 31] * 8])), "and there are 0"),
        (_message(_arrays()), 'a value cannot be {"array": 0}'),
        (_message({"version": 1, "value": [1], "arrays": []}), r"a value cannot be \[1\]"),
    ],
)
def test_a_message_that_is_wrong_is_named(message: bytes, told: str) -> None:
    with pytest.raises(WireError, match=told):
        decode(message)
