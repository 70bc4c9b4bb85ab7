from __future__ import annotations

from pathlib import Path
from typing import Annotated

import pytest
import tyro
from rich.console import Console

from reactor_env.bench.any_model.plan import Plan
from reactor_env.bench.any_model.report import document
from reactor_env.cli.bench import Bench
from reactor_env.cli.bench_model import print_model, read_plan
from reactor_env.cli.target import UsageError
from tests.bench.any_model.traces import trace, trial


def parse(*words: str) -> Bench:
    return tyro.cli(Annotated[Bench, tyro.conf.FlagCreatePairsOff], args=words)


def test_a_hosted_model_gets_one_session_and_no_warm_up() -> None:
    plan = read_plan(parse("--model", "owner/name"))
    assert (plan.rounds, plan.warm_up, plan.seconds, plan.repeats) == (1, False, 10.0, 10)


def test_a_world_that_is_started_here_is_warmed_up() -> None:
    assert read_plan(parse("--world", "room")).warm_up


def test_what_is_typed_is_measured() -> None:
    words = "--world room --rounds 3 --seconds 4 --repeats 6 --seed 5 --action turn_left"
    plan = read_plan(parse(*words.split(), "--options", "seed=7"))
    assert (plan.rounds, plan.seconds, plan.repeats, plan.seed) == (3, 4.0, 6, 5)
    assert plan.preset == "turn_left"
    assert plan.options == {"seed": 7}
    assert read_plan(parse("--world", "x", "--action", "set_turn=left")).controls == {
        "set_turn": "left"
    }


def test_quick_is_shorter() -> None:
    assert read_plan(parse("--quick", "--world", "room")).seconds < 5


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ("--world room --fps 60", "--fps goes without --model and --world"),
        ("--world room --peers aiortc", "--peers goes without"),
        ("--world room --lost-twice", "--lost-twice goes without"),
        ("--world room --model x", "give either --world or --model"),
        ("--world room --local", "--local and --api-url go with --model"),
        ("--world room --rounds 0", "`rounds` must be at least 1"),
        ("--world room --action a=1 b", "--action must be different NAME=VALUE"),
        ("--action turn_left", "--action goes with --model or --world"),
        ("--local", "--local goes with --model or --world"),
        ("--repeats 3", "--repeats goes with --model or --world"),
    ],
)
def test_wrong_arguments_are_told_before_anything_is_started(words: str, message: str) -> None:
    with pytest.raises(UsageError, match=message):
        parse(*words.split()).run()


def test_a_hosted_model_without_a_key_is_told(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.delenv("REACTOR_API_KEY", raising=False)
    with pytest.raises(ValueError, match="REACTOR_API_KEY be set"):
        parse("--model", "owner/name", "--out", str(tmp_path)).run()


def test_the_command_is_told_as_it_is_typed() -> None:
    words = ["--model", "a/b", "--action", "set_turn=left", "set_move=back"]
    assert parse(*words).command == (
        "reactor-env bench --model a/b --action set_turn=left set_move=back"
    )


def test_what_has_spaces_is_told_in_quotes() -> None:
    arguments = parse("--model", "a/b", "--api-url", "http://x", "--options", "prompt=a quiet room")
    assert arguments.command == (
        "reactor-env bench --model a/b --api-url http://x --options 'prompt=a quiet room'"
    )


def test_a_report_is_printed() -> None:
    console = Console(record=True, width=160)
    trials = [trial(100), trial(None, acted=False)]
    print_model(document({}, "owner/model", Plan(), [trace(trials=trials)], ["x.npz"]), console)
    text = console.export_text()
    assert "owner/model" in text
    assert "320x240; VP8; host to srflx over udp" in text
    assert "turn_left: seen in 1 of 1 trials, 120 ms" in text
