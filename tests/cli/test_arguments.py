from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import pytest

from reactor_env.cli.arguments import (
    check_at_least,
    check_folder,
    check_positive,
    command_line,
    plain,
)
from reactor_env.cli.target import UsageError


@dataclass(frozen=True)
class Bake:
    loaves: int = 2
    oven_heat: float | None = None
    warm: bool = False
    out: Path | None = None
    sizes: tuple[int, ...] = ()
    guests: tuple[str, ...] = ()


@pytest.mark.parametrize(
    ("bake", "least", "told"),
    [
        (Bake(loaves=0), 1, "--loaves must be at least 1, got 0"),
        (Bake(loaves=-1), 0, "--loaves must not be negative, got -1"),
    ],
)
def test_a_number_that_is_too_small_is_named(bake: Bake, least: int, told: str) -> None:
    with pytest.raises(UsageError, match=told):
        check_at_least(bake, least, "oven_heat", "loaves")


@pytest.mark.parametrize("heat", [0.0, -1.0, float("inf"), float("nan")])
def test_a_number_that_is_not_positive_is_named_as_it_is_typed(heat: float) -> None:
    with pytest.raises(UsageError, match=f"--oven-heat must be positive, got {heat}"):
        check_positive(Bake(oven_heat=heat), "loaves", "oven_heat")


def test_numbers_that_were_not_given_are_in_order() -> None:
    check_positive(Bake(), "oven_heat")
    check_at_least(Bake(), 1, "oven_heat")


def test_a_file_is_no_folder_to_write_to(tmp_path: Path) -> None:
    check_folder(None)
    check_folder(tmp_path / "new")
    check_folder(tmp_path)
    with pytest.raises(UsageError, match="--out must be a folder, got the file"):
        check_folder(Path(__file__))


def test_the_line_of_a_command_tells_what_is_not_the_default() -> None:
    assert command_line("bake", Bake()) == "reactor-env bake"
    assert command_line("bake", Bake(), always=("loaves",)) == "reactor-env bake --loaves 2"
    bake = Bake(warm=True, out=Path("my out"), sizes=(1, 2), guests=("a", "b"))
    line = command_line("bake", bake, repeated={"guests": "--guest"})
    assert line == "reactor-env bake --warm --out 'my out' --sizes 1 2 --guest a --guest b"


def test_arguments_become_what_json_has() -> None:
    bake = Bake(out=Path("out"), sizes=(1, 2))
    assert plain(bake)["out"] == "out"
    assert plain(bake)["sizes"] == [1, 2]
