"""The process of one peer: ``python -m reactor_env.bench.child``. Measures one turn.

It connects, waits for the first frame, lets the stream settle, sends commands on their schedule
while it takes full-size frames, then makes small observations for a while, and writes its trace.
"""

from __future__ import annotations

import asyncio
import json
import resource
import sys
import time
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import httpx

from reactor_env.bench.machine import bind, cpu_ns
from reactor_env.bench.network.signalling import CONTROL
from reactor_env.bench.peers import load_peer
from reactor_env.bench.peers.base import Peer
from reactor_env.bench.quality import psnr_db
from reactor_env.bench.recorder import Recorder
from reactor_env.bench.scenario import command_times
from reactor_env.bench.trace import Trace
from reactor_env.world_options import Content

FIRST_FRAME_TIMEOUT_S = 20.0
_DRAIN_S = 0.4
_SMALL_SETTLE_S = 0.3
_EVENTS_TIMEOUT_S, _EVENTS_PAUSE_S = 3.0, 0.2


@dataclass(frozen=True, kw_only=True)
class Turn:
    """What the process is to do.

    Attributes:
        peer: The peer's name.
        url: Where the peer finds the runtime, or the relay in front of it.
        runtime_url: Where the runtime listens.
        runtime_pid: Its process.
        out: The trace.
        cores: What to bind to; empty for nothing.
        settle_s: How long the stream settles before anything counts.
        seconds: How long full-size frames are taken.
        small_s: How long small observations are made; 0 for none.
        seed: Of the commands' schedule.
        content: What the frames show.
        pause_s: How long the peer's user takes for each frame.
    """

    peer: str
    url: str
    runtime_url: str
    runtime_pid: int
    out: str
    cores: tuple[int, ...]
    settle_s: float
    seconds: float
    small_s: float
    seed: int
    content: Content = "natural"
    pause_s: float = 0.0

    @property
    def relayed(self) -> bool:
        """Whether there is a relay, which waits to be told when its network begins."""
        return self.url != self.runtime_url

    def as_json(self) -> str:
        """Return it as the process's argument."""
        return json.dumps(asdict(self))

    @classmethod
    def of_json(cls, text: str) -> Turn:
        """Read it."""
        values = json.loads(text)
        return cls(**values | {"cores": tuple(values["cores"])})


async def measure(peer: Peer, recorder: Recorder, turn: Turn) -> dict[str, Any]:
    """Measure one turn.

    Returns:
        The facts of the trace: times in ns, ``cpu`` and ``small_cpu`` the CPU times of this
        process, and those the peer has beside it, and of the runtime within the two windows,
        ``clock`` the exchanges with the world's clock before, between and after them.
    """
    await peer.prepare()
    facts: dict[str, Any] = {"called": time.monotonic_ns()}
    facts["phases"] = await peer.connect()
    facts["connected"] = time.monotonic_ns()
    try:
        # Not in a thread: the peer's own might wait for this loop.
        async with asyncio.timeout(FIRST_FRAME_TIMEOUT_S):
            while not recorder.framed.is_set():  # noqa: ASYNC110 - set by other threads
                await asyncio.sleep(0.005)
        facts["first_frame"] = recorder.first_ns
        facts["codec"] = await negotiated_codec(turn.runtime_url)
        # Before the network begins, whose fates are counted by datagrams.
        facts["clock"] = await peer.exchange_clocks()
        if turn.relayed:
            await _speak_to_relay(turn.url, "begin")
        peer.pause_s = turn.pause_s
        await asyncio.sleep(turn.settle_s)
        bytes_before, asked_before = await peer.bytes_received(), await peer.requests()
        before = _cpu(peer, turn.runtime_pid)
        facts["begin"] = time.monotonic_ns()
        await _send_commands(peer, recorder, turn, facts["begin"])
        facts["end"] = time.monotonic_ns()
        facts["cpu"] = _since(before, _cpu(peer, turn.runtime_pid))
        bytes_after, asked_after = await peer.bytes_received(), await peer.requests()
        facts["asked"] = {name: asked_after[name] - asked_before[name] for name in asked_after}
        facts["peak_rss_kb"] = _peak_rss_kb() + sum(map(_shared_kb, peer.processes()))
        if bytes_before is not None and bytes_after is not None:
            facts["bytes"] = bytes_after - bytes_before
        recorder.keeping = True
        await asyncio.sleep(_DRAIN_S)
        recorder.keeping = False
        if turn.relayed:
            facts["network"] = await _speak_to_relay(turn.url, "")
        facts["clock"] += await peer.exchange_clocks()
        if turn.small_s:
            peer.small = True
            await asyncio.sleep(_SMALL_SETTLE_S)
            before = _cpu(peer, turn.runtime_pid)
            facts["small_begin"] = time.monotonic_ns()
            await asyncio.sleep(turn.small_s)
            facts["small_end"] = time.monotonic_ns()
            facts["small_cpu"] = _since(before, _cpu(peer, turn.runtime_pid))
            facts["clock"] += await peer.exchange_clocks()
    finally:
        # What a slow reader has not read yet would be read one pause after another.
        peer.pause_s = 0.0
        await peer.close()
    facts["psnr_db"] = [
        value for one in recorder.pictures if (value := psnr_db(one, turn.content)) is not None
    ]
    return facts


async def _speak_to_relay(url: str, word: str) -> dict[str, Any]:
    async with httpx.AsyncClient(base_url=url, trust_env=False) as http:
        answer = (await http.post(f"{CONTROL}/{word}")).raise_for_status()
        found: dict[str, Any] = answer.json()
        return found


async def _send_commands(peer: Peer, recorder: Recorder, turn: Turn, begin_ns: int) -> None:
    """Send commands when they are due, whether earlier ones are answered or not."""
    sending: set[asyncio.Task[None]] = set()
    for sequence, due in enumerate(command_times(turn.seconds, turn.seed)):
        due_ns = begin_ns + int(due)
        await _until(due_ns)
        recorder.command(sequence, due_ns)
        task = asyncio.ensure_future(peer.act(sequence % 256, sequence))
        sending.add(task)
        task.add_done_callback(sending.discard)
    await _until(begin_ns + int(1e9 * turn.seconds))
    if sending:
        await asyncio.wait(sending, timeout=2.0)


async def _until(moment_ns: int) -> None:
    await asyncio.sleep(max(moment_ns - time.monotonic_ns(), 0) / 1e9)


async def negotiated_codec(url: str) -> str:
    """Read the video codec of the latest connection from the runtime's journal.

    Every client is asked for in this way, since not all of them tell.

    Returns:
        For example ``"VP8"``; ``""`` where the runtime does not tell.
    """
    found = ""
    loop = asyncio.get_running_loop()
    try:
        async with (
            # It never ends: the latest one is the last that comes at once.
            asyncio.timeout(_EVENTS_TIMEOUT_S) as limit,
            httpx.AsyncClient(base_url=url, trust_env=False) as http,
            http.stream("GET", "/events", params={"since": 0}) as journal,
        ):
            async for line in journal.aiter_lines():
                if line.startswith("data:") and '"connection_answered"' in line:
                    entry = json.loads(line.removeprefix("data:"))
                    found = first_video_codec(entry["detail"]["answer"]["sdp"])
                    limit.reschedule(loop.time() + _EVENTS_PAUSE_S)
    except (TimeoutError, httpx.HTTPError, KeyError, ValueError):
        pass  # a fact that is not there
    return found


def first_video_codec(sdp: str) -> str:
    """Return the name of the codec that an SDP answer puts first; ``""`` without video."""
    in_video, first = False, ""
    for line in sdp.splitlines():
        if line.startswith("m="):
            in_video = line.startswith("m=video") and not first
            if in_video:
                first = line.split()[3]
        elif in_video and line.startswith(f"a=rtpmap:{first} "):
            return line.split()[1].partition("/")[0]
    return ""


def _cpu(peer: Peer, runtime_pid: int) -> tuple[int, int | None]:
    beside = sum(cpu_ns(process) or 0 for process in peer.processes())
    return time.process_time_ns() + beside, cpu_ns(runtime_pid)


def _since(before: tuple[int, int | None], after: tuple[int, int | None]) -> dict[str, int | None]:
    runtime = None if before[1] is None or after[1] is None else after[1] - before[1]
    return {"peer": after[0] - before[0], "runtime": runtime}


def _peak_rss_kb() -> int:
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak // 1024 if sys.platform == "darwin" else peak


def _shared_kb(process: int) -> int:
    """Return the memory of a process, with its share of what several have; 0 where not told."""
    try:
        lines = Path(f"/proc/{process}/smaps_rollup").read_text().splitlines()
    except OSError:
        return 0
    return next((int(line.split()[1]) for line in lines if line.startswith("Pss:")), 0)


def main(argument: str) -> None:
    """Run one turn.

    Args:
        argument: A :class:`Turn` as JSON.
    """
    turn = Turn.of_json(argument)
    bind(frozenset(turn.cores))
    recorder = Recorder()
    peer_class = load_peer(turn.peer)

    async def run() -> Trace:
        peer = peer_class(turn.url, recorder)
        trace = recorder.trace(turn.peer, await measure(peer, recorder, turn))
        trace.action = peer.actions(trace.action)
        peer.complete(trace)
        return trace

    asyncio.run(run()).save(Path(turn.out))


if __name__ == "__main__":
    main(sys.argv[1])
