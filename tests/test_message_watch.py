from __future__ import annotations

from typing import Any

from reactor_env.message_watch import Ending, MessageWatch
from reactor_env.profiles import read_profile


def watch(**table: Any) -> MessageWatch:
    return MessageWatch(read_profile("p", table))


def message(kind: str, **data: Any) -> dict[str, Any]:
    return {"type": kind, "data": data}


def test_a_message_ends_the_episode_in_one_way_or_the_other() -> None:
    ends = {"terminated": ["won"], "truncated": ["limit"]}
    one = watch(ends=ends)
    one.read([(1, message("state")), (2, message("limit")), (3, message("won"))])
    assert one.ending == Ending("message limit")
    other = watch(ends=ends)
    other.read([(1, message("won"))])
    assert other.ending == Ending("message won", terminated=True)
    other.restart()
    assert other.ending is None


def test_a_message_with_another_field_does_not_end_it() -> None:
    rule = {"message": "restarted", "field": "trigger", "equals": "limit"}
    one = watch(ends={"truncated": [rule]})
    one.read([(1, message("restarted", trigger="user"))])
    assert one.ending is None
    one.read([(2, message("restarted", trigger="limit"))])
    assert one.ending is not None


def test_a_message_without_data_is_read() -> None:
    one = watch(ends={"truncated": ["limit"]})
    one.read([(1, {"type": "limit"})])
    assert one.ending is not None


def test_the_beginning_is_the_first_such_message() -> None:
    one = watch(reset={"began": "started"})
    one.read([(5, message("started")), (9, message("started"))])
    assert one.began_ns == 5


def test_messages_are_handed_out_once() -> None:
    one = watch()
    one.read([(1, message("a")), (2, message("b"))])
    assert [found["type"] for found in one.take()] == ["a", "b"]
    assert one.take() == []


def test_a_message_confirms_only_what_was_sent_before_it() -> None:
    one = watch(confirm={"message": "changed"})
    one.read([(1, message("changed"))])
    one.expect(10)
    one.read([(9, message("changed"))])
    assert one.confirmed_ns is None
    one.read([(11, message("changed"))])
    assert one.confirmed_ns == 11
    one.expect(20)
    assert one.confirmed_ns is None


def test_the_chunk_that_an_action_applies_to_confirms_it() -> None:
    one = watch(
        confirm={
            "message": "changed",
            "chunk": "applies_to_chunk",
            "done": "made",
            "number": "chunk",
        }
    )
    one.expect(0)
    one.read([(1, message("made", chunk=4.0)), (2, message("changed", applies_to_chunk=6.0))])
    one.read([(3, message("made", chunk=5.0))])
    assert one.confirmed_ns is None
    one.read([(4, message("made", chunk=6.0))])
    assert one.confirmed_ns == 4


def test_the_second_chunk_confirms_where_the_first_was_begun_before() -> None:
    one = watch(confirm={"done": "made", "after": 2})
    one.expect(0)
    one.read([(1, message("made"))])
    assert one.confirmed_ns is None
    one.read([(2, message("made"))])
    assert one.confirmed_ns == 2


def test_a_refusal_that_is_told_to_everybody_is_found_by_its_command() -> None:
    one = watch()
    one.read([(1, message("command_error", command="start", reason="no image"))])
    assert one.refusal(["set_yaw"]) is None
    refusal = one.refusal(["start"])
    assert refusal is not None
    assert (refusal.command, refusal.reason) == ("start", "no image")
    assert one.refusal(["start"]) is None
