"""Programs that leave without saying so: their sessions end with them."""

from __future__ import annotations

import asyncio
import signal
import sys
import textwrap

import pytest

from tests.hosted.caller import MODEL
from tests.hosted.coordinator import HostedService

SCRIPT = """
    import asyncio, sys
    from reactor_env.client import Reactor

    async def main():
        reactor = Reactor(sys.argv[1], "rk_test", sys.argv[2])
        reactor.on("session_id_changed", lambda session_id: print(session_id, flush=True))
        await reactor.connect()
        print("ready", flush=True)
        if sys.argv[3] == "interrupt":
            await asyncio.Event().wait()
        if sys.argv[3] == "raise":
            raise RuntimeError("forgot to disconnect")

    asyncio.run(main())
"""


@pytest.mark.parametrize("how", ["return", "raise", "interrupt", "interrupt while queued"])
async def test_a_program_that_never_disconnects_ends_its_session(
    hosted: HostedService, how: str
) -> None:
    hosted.settings.hold_queue = how == "interrupt while queued"
    program = await asyncio.create_subprocess_exec(
        *(sys.executable, "-c", textwrap.dedent(SCRIPT), MODEL, hosted.url, how),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.DEVNULL,
    )
    assert program.stdout is not None
    async with asyncio.timeout(30):
        session_id = (await program.stdout.readline()).decode().strip()
        if how == "interrupt":
            assert await program.stdout.readline() == b"ready\n"
        if "interrupt" in how:
            program.send_signal(signal.SIGINT)
        code = await program.wait()
    assert (code == 0) == (how == "return")
    assert hosted.live_sessions == ()
    (entry,) = hosted.ledger
    assert (entry.session_id, entry.end_reason) == (session_id, "deleted")
