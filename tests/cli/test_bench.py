from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import pytest
import tyro
from rich.console import Console

from reactor_env.bench.harness import Plan
from reactor_env.bench.network.conditions import LOST_TWICE_EVERY_S, PLACES, Network
from reactor_env.bench.peers import COMPARED, installed
from reactor_env.bench.report import document
from reactor_env.cli.bench import Bench, compare_files, print_report, read_report
from reactor_env.cli.target import UsageError
from reactor_env.errors import MissingDependencyError
from tests.bench.streams import results


def parse(*words: str) -> Bench:
    return tyro.cli(Annotated[Bench, tyro.conf.FlagCreatePairsOff], args=words)


def report(path: Path, *latencies_ms: float, peer: str = "reactor-env") -> Path:
    rounds = [{peer: one, "reactor-sdk": 40.0} for one in latencies_ms]
    path.write_text(json.dumps(document({}, [results(*rounds)], {}, {})))
    return path


@pytest.fixture
def console() -> Console:
    return Console(record=True, width=160)


def test_by_default_all_peers_take_turns_on_one_stream() -> None:
    scenarios, plan = parse().read()
    assert [one.name for one in scenarios] == ["640x480@30"]
    assert plan.rounds == 5
    assert plan.peers == installed(COMPARED)
    assert {"reactor-env", "reactor-sdk", "aiortc"} <= {*plan.peers}
    assert plan.pinned


def test_what_is_typed_is_measured() -> None:
    words = "--size 1280x720 --fps 60 --content noise --metadata --rounds 7 --seconds 9 --unpinned"
    scenarios, plan = parse(*words.split(), "--peers", "aiortc,reactor-env").read()
    assert [one.name for one in scenarios] == ["1280x720@60-noise-metadata"]
    assert (plan.rounds, plan.seconds, plan.pinned) == (7, 9.0, False)
    assert plan.peers == ("aiortc", "reactor-env")


def test_quick_takes_few_turns_and_what_is_typed_counts_more() -> None:
    _, plan = parse("--quick").read()
    assert plan.turns == 7
    assert plan.turns * (plan.settle_s + plan.seconds + plan.small_s) < 30
    _, plan = parse("--quick", "--rounds", "1").read()
    assert plan.rounds == 1


def test_the_matrix_is_four_streams() -> None:
    scenarios, plan = parse("--matrix").read()
    assert len(scenarios) == 4
    assert plan.peers == ("reactor-env", "reactor-sdk", "aiortc")


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ("--size 640", "`size` must be WIDTHxHEIGHT"),
        ("--fps 0", "`fps` must be 1 to 240"),
        ("--rounds 0", "`rounds` must be at least 1"),
        ("--quick --matrix", "either --quick or --matrix"),
        ("--loss 60", "`loss` must be 0 to 50 percent"),
        ("--reorder", "`reorder` needs a jitter"),
        ("--pause -1", "`pause` must be 0 to 10000 ms"),
        ("--sessions 1 0", "`sessions` must be 1 to 64, got 1 0"),
        ("--peers aiortc,aiortc", "`peers` must be different names"),
    ],
)
def test_wrong_arguments_are_told(words: str, message: str) -> None:
    with pytest.raises(UsageError, match=message):
        parse(*words.split()).read()


@pytest.mark.parametrize("peer", ["webrtcbin", "reactor_env.bench.peers.base:nothing"])
def test_a_peer_that_is_none_is_told_before_anything_is_measured(peer: str) -> None:
    with pytest.raises(UsageError):
        Bench().check_installed(Plan(peers=(peer,)))


def test_a_package_that_is_missing_is_told() -> None:
    with pytest.raises(MissingDependencyError, match="a peer needs nowhere"):
        Bench().check_installed(Plan(peers=("nowhere.at.all:Peer",)))


def test_a_network_is_given_time_to_settle_and_the_rest_is_measured_elsewhere() -> None:
    (scenario,), plan = parse(*["--loss", "2", "--jitter", "20", "--seed", "5"]).read()
    assert scenario.network == Network(loss=2, jitter_ms=20, seed=5)
    assert plan.settle_s >= 3
    assert (plan.small_s, plan.traced) == (0, False)
    (scenario,), plan = parse("--lost-twice").read()
    assert scenario.network.lost_twice
    assert plan.seconds == len(PLACES) * LOST_TWICE_EVERY_S
    scenarios, _ = parse("--matrix", "--loss", "1", "--codec", "VP8").read()
    assert {(one.network.loss, one.codec) for one in scenarios} == {(1, "VP8")}


def test_a_slow_reader_is_measured_by_itself() -> None:
    (scenario,), plan = parse("--pause", "200").read()
    assert scenario.pause_ms == 200
    assert (plan.small_s, plan.traced) == (0, False)


def test_the_command_is_told_as_it_is_typed() -> None:
    assert (
        parse("--quick", "--fps", "60", "--out", "x").command
        == "reactor-env bench --quick --fps 60.0"
    )


def test_a_word_of_two_is_typed_with_a_hyphen() -> None:
    assert parse("--lost-twice").command == "reactor-env bench --lost-twice"


def test_numbers_of_sessions_are_typed_one_after_another() -> None:
    arguments = parse("--sessions", "1", "2", "4")
    assert arguments.sessions == (1, 2, 4)
    assert arguments.command == "reactor-env bench --sessions 1 2 4"


def test_a_report_is_printed_with_its_targets(tmp_path: Path, console: Console) -> None:
    print_report(read_report(report(tmp_path / "one.json", 10.0, 12.0)), console)
    text = console.export_text()
    assert "640x480@30" in text
    assert "11.0 (10.0 to 12.0)" in text
    assert "0.28 (0.25 to 0.30) met" in text


def test_what_became_worse_is_printed_and_told(tmp_path: Path, console: Console) -> None:
    old = report(tmp_path / "old.json", 10.0, 11.0, 12.0)
    new = report(tmp_path / "new.json", 20.0, 21.0, 22.0)
    assert compare_files(old, new, console)
    text = console.export_text()
    assert "worse" in text
    assert "1.91" in text
    assert not compare_files(new, old, console)


def test_a_comparison_ends_with_1_where_something_became_worse(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    old = report(tmp_path / "old.json", 10.0, 11.0, 12.0)
    new = report(tmp_path / "new.json", 20.0, 21.0, 22.0)
    with pytest.raises(SystemExit, match="1"):
        Bench(compare=(old, new)).run()
    capsys.readouterr()
    Bench(compare=(old, old)).run()
    assert "are the same within 10 %" in capsys.readouterr().out


@pytest.mark.parametrize("text", ["junk", "[]", '{"kind": "clock", "schema_version": 1}'])
def test_what_is_no_report_is_told(tmp_path: Path, text: str) -> None:
    (tmp_path / "one.json").write_text(text)
    with pytest.raises(UsageError):
        read_report(tmp_path / "one.json")


def test_reports_with_nothing_in_common_are_told(tmp_path: Path, console: Console) -> None:
    old = report(tmp_path / "old.json", 10.0)
    found = read_report(old)
    found["scenarios"][0]["name"] = "another"
    (tmp_path / "new.json").write_text(json.dumps(found))
    with pytest.raises(UsageError, match="no peer of a scenario in common"):
        compare_files(old, tmp_path / "new.json", console)
