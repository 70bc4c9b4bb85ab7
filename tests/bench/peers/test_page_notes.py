from __future__ import annotations

import numpy as np
import pytest

from reactor_env.bench.peers.page_clock import PageClock
from reactor_env.bench.peers.page_notes import Notes, put_notes
from reactor_env.bench.trace import UNREADABLE, Trace

MS = 10**6
NOW_US = 2**32 + 5_000_000


@pytest.fixture
def clock() -> PageClock:
    """The page was opened when this process's clock showed a second."""
    made = PageClock(0)
    made.exchange(1000 * MS, 0.0, 1000 * MS)
    return made


def put(notes: Notes, clock: PageClock) -> Trace:
    trace = Trace(
        peer="browser",
        sequence=np.array([0, 1]),
        due=np.array([1000 * MS, 1100 * MS]),
        sent=np.array([1001 * MS, 1101 * MS]),
        acked=np.zeros(2, np.int64),
    )
    put_notes(trace, notes, clock, NOW_US)
    return trace


def test_frames_come_at_the_pages_time_with_what_their_stamps_say(clock: PageClock) -> None:
    frames = [(250.5, 7, 4_000_000, 3, 1.5), (260.0, 8, 2**32 - 1, 65535, 2.5)]
    trace = put({"frames": frames, "small": [], "sent": []}, clock)
    assert trace.arrival.tolist() == [1250 * MS + MS // 2, 1260 * MS]
    assert trace.number.tolist() == [7, 8]
    assert trace.emission.tolist() == [1000 * (2**32 + 4_000_000), 1000 * (2**32 - 1)]
    assert trace.action.tolist() == [3, UNREADABLE]
    assert trace.told.tolist() == [UNREADABLE, UNREADABLE]
    assert trace.facts["page"]["read_p50"] == 2.0
    assert trace.facts["page"]["clock_uncertainty"] == 0


def test_a_damaged_frame_is_unreadable(clock: PageClock) -> None:
    trace = put({"frames": [(250.0, -1, 0, 0, 1.0)], "small": [], "sent": []}, clock)
    assert trace.number.tolist() == trace.action.tolist() == [UNREADABLE]
    assert trace.emission.tolist() == [0]


def test_a_command_counts_as_sent_when_it_leaves_the_page(clock: PageClock) -> None:
    trace = put({"frames": [], "small": [], "sent": [(1, 102.5)]}, clock)
    # The first one never left; it was given to the client then.
    assert trace.sent.tolist() == [1001 * MS, 1102 * MS + MS // 2]
    assert trace.facts["page"]["handed_p50"] == 1.5


def test_small_observations_come_at_the_pages_time(clock: PageClock) -> None:
    trace = put({"frames": [], "small": [1.0, 2.0], "sent": []}, clock)
    assert trace.small.tolist() == [1001 * MS, 1002 * MS]
    assert trace.arrival.size == trace.number.size == 0
