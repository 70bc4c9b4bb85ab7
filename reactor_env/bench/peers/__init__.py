"""The clients that are measured, each in a module that needs none of the others.

A peer is named here, or as ``package.module:Class`` of somebody else's.
"""

from __future__ import annotations

import importlib
import importlib.util
from collections.abc import Sequence

from reactor_env.bench.peers.base import Peer
from reactor_env.bench.peers.chromium import find_chromium, how_to_install
from reactor_env.bench.peers.interpreters import interpreter, is_named
from reactor_env.errors import MissingDependencyError

OURS = "reactor-env"
SDK = "reactor-sdk"
"""Every other peer is compared to it."""

BROWSERS = ("browser", "browser-track")

TRACED = "reactor-env-traced"
"""Ours with a clock at every stage; never compared, since reading clocks takes time."""

_PACKAGE = "reactor_env.bench.peers"

PEERS = {
    OURS: f"{_PACKAGE}.ours:Protobuf",
    "reactor-env-json": f"{_PACKAGE}.ours:Json",
    "reactor-env-native": f"{_PACKAGE}.native:Native",
    "reactor-env-steps": f"{_PACKAGE}.steps:Steps",
    SDK: f"{_PACKAGE}.official:Official",
    "reactor-sdk-0.8": f"{_PACKAGE}.sdk08:Sdk08",
    "reactor-webrtc": f"{_PACKAGE}.direct_webrtc:ZeroPlayout",
    "aiortc": f"{_PACKAGE}.plain_aiortc:PlainAiortc",
    BROWSERS[0]: f"{_PACKAGE}.browser:Browser",
    BROWSERS[1]: f"{_PACKAGE}.browser:BrowserTrack",
    TRACED: f"{_PACKAGE}.traced:Traced",
}
"""Names and where they are."""

COMPARED = tuple(name for name in PEERS if name != TRACED)
"""The peers that take turns by default."""

_NEEDS = {
    SDK: "reactor_sdk",
    "reactor-env-native": "reactor_sdk",
    "reactor-webrtc": "reactor_webrtc",
}


def load_peer(name: str) -> type[Peer]:
    """Return the class of a peer.

    Args:
        name: One of :data:`PEERS`, or ``package.module:Class``.

    Raises:
        ValueError: If there is none of that name.
        MissingDependencyError: If a package is needed for it, or a Python of its own.
    """
    place = PEERS.get(name, name)
    module, _, attribute = place.partition(":")
    if not attribute:
        raise ValueError(
            f"a peer must be one of {', '.join(PEERS)}, or package.module:Class, got {name!r}"
        )
    package = missing_package(name)
    if package is not None:
        how = how_to_install() if name in BROWSERS else "pip install 'reactor-env[bench]'"
        raise MissingDependencyError(f"the peer {name} needs {package}: {how}")
    interpreter(name)
    found = getattr(importlib.import_module(module), attribute)
    if not (isinstance(found, type) and issubclass(found, Peer)):
        raise ValueError(f"a peer must be a subclass of {Peer.__name__}, got {name!r}")
    return found


def missing_package(name: str) -> str | None:
    """Return the package that a peer lacks, ``None`` where it lacks none."""
    if name in BROWSERS:
        return None if find_chromium() is not None else "Chromium"
    package = _NEEDS.get(name)
    if package is None or importlib.util.find_spec(package) is not None:
        return None
    return package.replace("_", "-")


def installed(names: Sequence[str]) -> tuple[str, ...]:
    """Return the peers that can be measured with what is installed."""
    return tuple(name for name in names if missing_package(name) is None and is_named(name))
