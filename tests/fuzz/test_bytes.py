"""Arbitrary bytes, and recorded ones with a few changed, to everything that reads the server."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.fuzz.targets import TARGETS

CORPUS = Path(__file__).with_name("corpus")
SEEDS = {
    name: [path.read_bytes() for path in sorted((CORPUS / name).glob("*"))] for name in TARGETS
}


@st.composite
def near(draw: st.DrawFn, seeds: list[bytes]) -> bytes:
    """Return a seed with pieces of it replaced, removed or doubled."""
    data = draw(st.sampled_from(seeds))
    for _ in range(draw(st.integers(1, 4))):
        begin = draw(st.integers(0, len(data)))
        end = draw(st.integers(begin, min(begin + 40, len(data))))
        data = (
            data[:begin] + draw(st.binary(max_size=8) | st.just(data[begin:end] * 2)) + data[end:]
        )
    return data


@pytest.mark.parametrize("target", TARGETS)
@given(data=st.data())
def test_only_documented_errors_come_out(target: str, data: st.DataObject) -> None:
    anything = st.binary(max_size=400)
    seeds = SEEDS[target]
    TARGETS[target](data.draw(anything | near(seeds) if seeds else anything))


@pytest.mark.parametrize("target", TARGETS)
def test_a_seed_is_read_without_an_error(target: str) -> None:
    for seed in (b"", *SEEDS[target]):
        TARGETS[target](seed)
