"""A runtime's HTTP interface with offer and answer changed on the way."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import httpx

from reactor_env.bench.network.path import HOST

Change = Callable[[str], str]
Control = Callable[[str], dict[str, Any] | None]

CONTROL = "/network"
"""Below it the path itself is spoken to; everything else is the runtime's."""

_TIMEOUT_S = 30.0
_POLL_S = 0.005  # not the default half second: shutdown() waits for the poll it is in
_NOT_PASSED_ON = ("host", "content-length", "connection", "accept-encoding")
_PASSED_BACK = ("content-type", "retry-after")


class Signalling:
    """Passes every request on to the runtime, from a thread of its own.

    Args:
        url: Where the runtime listens.
        change_offer: Returns what the runtime gets of an SDP offer.
        change_answer: Returns what the client gets of an SDP answer.
        change_told: Returns what the runtime gets of a document with candidates told later.
        control: Answers a request below :data:`CONTROL`, of which it gets the rest of the path;
            ``None`` for one that is unknown.

    Attributes:
        url: Where it listens.
    """

    def __init__(
        self,
        url: str,
        change_offer: Change,
        change_answer: Change,
        change_told: Change,
        control: Control,
    ) -> None:
        self._http = httpx.Client(base_url=url, timeout=_TIMEOUT_S, trust_env=False)
        handler = _handler(self._http, change_offer, change_answer, change_told, control)
        self._server = ThreadingHTTPServer((HOST, 0), handler)
        self._server.daemon_threads = True
        self.url = f"http://{HOST}:{self._server.server_address[1]}"
        self._thread = threading.Thread(
            target=self._server.serve_forever, args=(_POLL_S,), daemon=True
        )
        self._thread.start()

    def close(self) -> None:
        """Listen no more."""
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()
        self._http.close()


def _handler(
    http: httpx.Client,
    change_offer: Change,
    change_answer: Change,
    change_told: Change,
    control: Control,
) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def answer(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            if self.path.startswith(CONTROL):
                found = control(self.path.removeprefix(CONTROL).strip("/"))
                self.reply(404 if found is None else 200, json.dumps(found).encode(), {})
                return
            is_sdp = self.path.partition("?")[0].endswith("/sdp_params")
            if is_sdp and body:
                body = _changed(body, "sdp_offer", change_offer)
            elif self.path.endswith("/ice_candidates"):
                body = change_told(body.decode()).encode()
            headers = {
                name: value
                for name, value in self.headers.items()
                if name.lower() not in _NOT_PASSED_ON
            }
            response = http.request(self.command, self.path, content=body, headers=headers)
            content = response.content
            if is_sdp and content:
                content = _changed(content, "sdp_answer", change_answer)
            kept = {
                name: response.headers[name] for name in _PASSED_BACK if name in response.headers
            }
            self.reply(response.status_code, content, kept)

        do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = answer  # noqa: N815 - http.server's names

        def reply(self, status: int, content: bytes, headers: dict[str, str]) -> None:
            self.send_response(status)
            for name, value in headers.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, format: str, *args: Any) -> None:
            del format, args

    return Handler


def _changed(body: bytes, key: str, change: Change) -> bytes:
    """Return a JSON document with one of its texts changed; as it is where it has none."""
    try:
        document = json.loads(body)
    except ValueError:
        return body
    if not isinstance(document, dict) or not isinstance(document.get(key), str):
        return body
    return json.dumps(document | {key: change(document[key])}).encode()
