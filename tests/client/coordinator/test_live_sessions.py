"""Sessions that are still open when the interpreter exits, in an interpreter of its own."""

from __future__ import annotations

import subprocess
import sys

from reactor_env.client.coordinator.base import VERSION_HEADERS
from tests.client.conftest import Serve
from tests.client.coordinator.descriptions import PENDING
from tests.client.http_server import RESET, Answer, Server, routes

TIMEOUT_S = 30.0
TOKEN = "token-of-mine"
END = "DELETE /sessions/s1"

# The loop is stopped without a word to its tasks: connect() cannot clean up.
CONNECT = """
import asyncio
from reactor_env.client import Reactor

def stop(session_id):
    asyncio.get_running_loop().stop()

client = Reactor("m", jwt={token!r}, api_url={url!r})
client.on("session_id_changed", stop)
loop = asyncio.new_event_loop()
task = loop.create_task(client.connect())
loop.run_forever()
print("leaving")
"""

REMEMBER = """
import os, sys
from reactor_env.client.coordinator import live_sessions

tokens = ["old"]
for name in {names!r}:
    live_sessions.remember({url!r}, name, lambda: tokens[-1])
tokens.append({token!r})  # it was renewed
{then}
print("leaving")
"""


def run(program: str, server: Server, **texts: object) -> str:
    """Run a program; returns what it wrote."""
    done = subprocess.run(
        [sys.executable, "-c", program.format(token=TOKEN, url=server.url, **texts)],
        timeout=TIMEOUT_S,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    assert "leaving" in done.stdout
    return done.stdout + done.stderr


def ended(server: Server) -> list[str]:
    return [line for line in server.lines if line.startswith("DELETE")]


def test_a_program_that_leaves_without_goodbye_ends_its_session(serve: Serve) -> None:
    service = serve(
        routes(
            ("POST /sessions", Answer(201, PENDING)),
            ("GET /sessions/s1", Answer(200, PENDING)),
            (END, Answer(204, b"")),
        )
    )
    told = run(CONNECT, service)
    assert ended(service) == [END]
    headers = service.requests[-1].headers
    assert headers["authorization"] == f"Bearer {TOKEN}"
    assert {name: headers[name.lower()] for name in VERSION_HEADERS} == VERSION_HEADERS
    assert TOKEN not in told


def test_every_session_is_ended_with_its_present_token_and_failures_are_told(
    serve: Serve,
) -> None:
    service = serve(
        routes(
            ("DELETE /sessions/fails", Answer(500, TOKEN)),
            ("DELETE /sessions/breaks", RESET),
            ("DELETE /sessions/is-gone", Answer(404, {})),
            ("DELETE /sessions/ends", Answer(204, b"")),
        )
    )
    names = ["fails", "breaks", "no\nurl", "is-gone", "forgotten", "ends"]
    told = run(REMEMBER, service, names=names, then="live_sessions.forget('forgotten')")
    assert ended(service) == [
        f"DELETE /sessions/{name}" for name in ("fails", "breaks", "is-gone", "ends")
    ]
    assert {r.headers["authorization"] for r in service.requests} == {f"Bearer {TOKEN}"}
    assert "session fails could not be ended at exit: HTTP 500" in told
    assert "session breaks could not be ended at exit: ReadError" in told
    assert "session no\nurl could not be ended at exit: InvalidURL" in told
    assert "session is-gone" not in told
    assert "session ends" not in told
    assert TOKEN not in told


def test_a_forked_child_leaves_its_parents_sessions_alone(serve: Serve) -> None:
    service = serve(routes(("DELETE", Answer(204, b""))))
    then = (
        "child = os.fork()\n"
        "if child == 0:\n"
        "    sys.exit(0)\n"
        "assert os.waitpid(child, 0)[1] == 0\n"
        "print('the child left')"
    )
    run(REMEMBER, service, names=["s1"], then=then)
    assert ended(service) == [END]
