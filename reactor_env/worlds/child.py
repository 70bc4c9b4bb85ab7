"""Entry point of the runtime's process: ``python -m reactor_env.worlds.child --port PORT``.

Serves the ``reactor.yaml`` of the working directory on 127.0.0.1, as ``python -m
reactor_runtime.serve`` would, with two differences: no STUN server is asked for addresses that a
client on this machine does not need (offline that look-up takes seconds), and the process ends
when its parent is gone. The parent holds the other end of standard input and never writes to it,
so end of file means that it closed it or died, however it died.
"""

import argparse
import asyncio
import dataclasses
import logging
import os
import signal
import sys
import threading
from pathlib import Path

_GRACE_S = 5.0
_STDIN = 0


def main() -> None:
    """Serve until the runtime ends or the parent is gone."""
    parser = argparse.ArgumentParser(prog="reactor_env.worlds.child")
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--orphan-timeout", type=float, default=60.0)
    arguments = parser.parse_args()
    threading.Thread(target=_follow_parent, name="follow-parent", daemon=True).start()
    _serve(arguments.port, arguments.orphan_timeout)


def _serve(port: int, orphan_timeout: float) -> None:
    # Imported here, so that the thread above watches the parent during this second of imports.
    from reactor_runtime import log
    from reactor_runtime.manifest import MANIFEST, load_config
    from reactor_runtime.serve import serve
    from reactor_runtime.transport.webrtc.config import CodecEntry, WebRtcConfig

    log.configure(level=logging.WARNING)
    manifest = Path.cwd() / MANIFEST
    sys.path.insert(0, str(manifest.parent))
    config = dataclasses.replace(
        load_config(manifest),
        host="127.0.0.1",
        port=port,
        orphan_timeout=orphan_timeout,
        grace_period=_GRACE_S,
        exit_timeout=_GRACE_S,
    )
    webrtc = WebRtcConfig()
    # As reactor_runtime.serve does: the codecs that may be used, the most preferred first.
    names = [name.strip().upper() for name in os.environ.get("WEBRTC_VIDEO_CODECS", "").split(",")]
    if any(names):
        codecs = tuple(CodecEntry(codec=name) for name in names if name)
        webrtc = dataclasses.replace(webrtc, supported_video_codecs=codecs)
    sys.exit(asyncio.run(serve(config, webrtc)))


def _follow_parent() -> None:
    # os.read, not sys.stdin: a buffered reader's lock would be in the way at interpreter exit.
    while os.read(_STDIN, 1):
        pass
    os.kill(os.getpid(), signal.SIGTERM)
    # The runtime may be stuck in a model's code; nobody is left to end it harder.
    threading.Event().wait(2 * _GRACE_S)
    os._exit(1)


if __name__ == "__main__":
    main()
