"""A real HTTP server for files, and small real clips."""

from __future__ import annotations

import io
import threading
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest
from numpy.typing import NDArray

FPS = 10


@dataclass
class Reply:
    """One answer of a :class:`Site`."""

    body: bytes | str = b""
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    claimed_size: int | None = None  # the Content-Length, where it is a lie


@dataclass
class Site:
    """A server and everything it was asked for."""

    url: str
    asked: list[tuple[str, dict[str, str]]] = field(default_factory=list)

    def paths(self) -> list[str]:
        return [path.partition("?")[0] for path, _ in self.asked]


Answer = Callable[[str], Reply]
Serve = Callable[[Answer], Site]


def _handler(site: Site, answer: Answer) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            site.asked.append((self.path, {k.lower(): v for k, v in self.headers.items()}))
            reply = answer(self.path)
            body = reply.body.encode() if isinstance(reply.body, str) else reply.body
            size = len(body) if reply.claimed_size is None else reply.claimed_size
            self.send_response(reply.status)
            for name, value in {"Content-Length": str(size), **reply.headers}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: Any) -> None:
            del format, args

    return Handler


@pytest.fixture
def serve() -> Iterator[Serve]:
    """Start servers that answer ``GET path`` with ``answer(path)``."""
    servers: list[ThreadingHTTPServer] = []

    def start(answer: Answer) -> Site:
        site = Site("")
        server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(site, answer))
        server.daemon_threads = True
        servers.append(server)
        site.url = f"http://127.0.0.1:{server.server_address[1]}"
        threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
        return site

    yield start
    for server in servers:
        server.shutdown()
        server.server_close()


@pytest.fixture(scope="session")
def segments() -> list[bytes]:
    """The header segment of a clip and its three media segments of one second.

    They are cut out of a longer recording: the clip begins at its eighth second.
    """
    pictures = (
        np.full((48, 64, 3), max(60 + 5 * n, 0), np.uint8) for n in range(-7 * FPS, 3 * FPS)
    )
    header, *media = encode(pictures)
    return [header, *media[7:]]


def encode(pictures: Iterable[NDArray[np.uint8]]) -> list[bytes]:
    """Encode a recording: its header segment, and one media segment each second."""
    out = io.BytesIO()
    movflags = {"movflags": "frag_keyframe+empty_moov+default_base_moof"}
    with av.open(out, "w", format="mp4", options=movflags) as file:
        gop = {"x264-params": f"keyint={FPS}:min-keyint={FPS}:scenecut=0:bframes=0"}
        video = file.add_stream("libx264", rate=FPS, options=gop)
        video.pix_fmt = "yuv420p"
        for picture in pictures:
            if not video.codec_context.is_open:
                video.height, video.width, _ = picture.shape
            file.mux(video.encode(av.VideoFrame.from_ndarray(picture, format="rgb24")))
        file.mux(video.encode(None))
    return split(out.getvalue())


def files_in(folder: Path) -> list[Path]:
    return list(folder.iterdir())


def frames_of(data: bytes) -> list[av.VideoFrame]:
    """Decode every frame of a file."""
    with av.open(io.BytesIO(data), "r") as file:
        return list(file.decode(video=0))


def split(file: bytes) -> list[bytes]:
    """Cut a fragmented MP4 file into its header and its fragments."""
    boxes = []
    while file:
        size = int.from_bytes(file[:4], "big")
        boxes.append(file[:size])
        file = file[size:]
    kinds = [box[4:8] for box in boxes]
    starts = [index for index, kind in enumerate(kinds) if kind == b"moof"]
    header = b"".join(boxes[: starts[0]])
    return [header, *(boxes[start] + boxes[start + 1] for start in starts)]
