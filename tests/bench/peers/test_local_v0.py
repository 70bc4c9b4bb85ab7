from __future__ import annotations

import asyncio
import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import httpx
import pytest

from reactor_env.bench.peers.local_v0 import RESUME, Candidate, LocalSession, command_text

CONNECTION = (
    "/sessions/00000000-0000-0000-0000-000000000000/transport/webrtc/connections/5000"  # ids: B5
)


class Runtime(BaseHTTPRequestHandler):
    """Answers as a local runtime; the answer to an offer is ready when asked the second time."""

    asked: list[tuple[str, Any]]

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        self.asked.append((self.path, body))
        if self.path.endswith("/connections"):
            self._answer(201, {"connection_id": 5000})
        elif self.path == "/stop_session":
            self._answer(409, {"detail": "No session running"})
        else:
            self._answer(202, {})

    def do_GET(self) -> None:
        self.asked.append((self.path, None))
        again = self.asked.count((self.path, None)) > 1
        self._answer(*((200, {"sdp_answer": "v=0"}) if again else (202, {})))

    def log_message(self, format: str, *args: Any) -> None:
        pass

    def _answer(self, status: int, body: dict[str, Any]) -> None:
        text = json.dumps(body).encode()
        self.send_response(status)
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        self.wfile.write(text)


@pytest.fixture
def url() -> Iterator[str]:
    Runtime.asked = []
    with ThreadingHTTPServer(("127.0.0.1", 0), Runtime) as server:
        serving = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        serving.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        serving.join()


def test_an_offer_is_asked_about_until_it_is_answered(url: str) -> None:
    assert asyncio.run(LocalSession(url).answer("an offer", "0")) == "v=0"
    offer = {
        "sdp_offer": "an offer",
        "track_mapping": [
            {"mid": "0", "name": "main_video", "kind": "video", "direction": "recvonly"}
        ],
    }
    assert Runtime.asked[1:] == [
        (f"{CONNECTION}/sdp_params", offer),
        (f"{CONNECTION}/sdp_params", None),
        (f"{CONNECTION}/sdp_params", None),
    ]


def test_candidates_follow_the_offer_that_has_them_not(url: str) -> None:
    asyncio.run(LocalSession(url).answer("an offer", "0", [Candidate("candidate:1", "0", 0)]))
    candidate = {"candidate": "candidate:1", "sdp_mid": "0", "sdp_mline_index": 0}
    assert Runtime.asked[2] == (
        f"{CONNECTION}/ice_candidates",
        {"candidates": [candidate], "is_final": True},
    )


def test_a_refusal_is_raised(url: str) -> None:
    with pytest.raises(httpx.HTTPStatusError, match="409"):
        asyncio.run(LocalSession(url).stop())


def test_commands_are_those_of_protocol_v0() -> None:
    assert json.loads(command_text(3, 7)) == {
        "scope": "application",
        "data": {"type": "act", "data": {"action": 3, "action_seq": 7}},
    }
    assert json.loads(RESUME)["event"] == "resume_track"
