"""How a connection finds a path: the STUN and TURN servers it uses, the addresses it is given.

aioice 0.13 uses one STUN and one TURN server. aiortc 1.16 takes the first of each kind it is given,
raises on a URI it cannot read, and has nothing to say when a server does not answer: the connection
then waits for its timeout. Of an answer it reads every line, and raises whatever comes of it. The
functions here choose what can work and say, in the package's own errors, what cannot.

Sources: RFC 7064 and RFC 7065 (the URIs), RFC 9429 section 3.5.3 (the relay policy).
"""

from __future__ import annotations

import logging
import re
from collections.abc import Iterator, Sequence
from typing import Literal

from aiortc import (
    RTCBundlePolicy,
    RTCConfiguration,
    RTCIceServer,
    RTCIceTransportPolicy,
    RTCPeerConnection,
    RTCSessionDescription,
)

from reactor_env.client import sdp
from reactor_env.client.errors import ConnectionFailedError, ProtocolError

logger = logging.getLogger(__name__)

IceTransportPolicy = Literal["all", "relay"]

_URI = re.compile(
    r"(?P<scheme>stuns?|turns?):(?P<host>[A-Za-z0-9._-]+)(:(?P<port>[0-9]{1,5}))?"
    r"(\?transport=(?P<transport>[a-z]+))?"
)


def configuration(
    ice_servers: Sequence[RTCIceServer], ice_transport_policy: IceTransportPolicy = "all"
) -> RTCConfiguration:
    """Return the configuration of a peer connection.

    Args:
        ice_servers: STUN and TURN servers as the service names them; the first of each kind that
            can be used is. None at all means addresses of this machine only.
        ice_transport_policy: ``"all"``, or ``"relay"`` to send through the TURN server only, so
            that the other side never learns an address of this machine.

    Raises:
        ConnectionFailedError: If only relayed addresses are allowed and there is no TURN server
            that can be used. Nothing would connect, and nothing would say why.
    """
    chosen: dict[str, RTCIceServer] = {}
    ignored = []
    for uri, server in _by_uri(ice_servers):
        reason = _why_not(uri, server)
        kind = uri[:4]
        if reason is None and kind in chosen:
            reason = f"aioice uses one {kind.upper()} server"
        if reason is not None:
            ignored.append(f"{uri} ({reason})")
        else:
            chosen[kind] = RTCIceServer(uri, server.username, server.credential)
    if ice_transport_policy == "relay" and "turn" not in chosen:
        offered = f"only {', '.join(ignored)}" if ignored else "none"
        raise ConnectionFailedError(
            '`ice_transport_policy` "relay" needs a TURN server that can be used; the service '
            f"offers {offered}"
        )
    if ignored:
        logger.debug("ICE servers that are not used: %s", ", ".join(ignored))
    return RTCConfiguration(
        iceServers=list(chosen.values()),
        iceTransportPolicy=RTCIceTransportPolicy(ice_transport_policy),
        bundlePolicy=RTCBundlePolicy.MAX_BUNDLE,
    )


def check_gathered(description: str, configuration: RTCConfiguration) -> None:
    """Make sure that there is an address to be reached at.

    Args:
        description: The local description, after gathering.
        configuration: What :func:`configuration` returned for this connection.

    Raises:
        ConnectionFailedError: If no candidate was gathered. The text says what that means.
    """
    if "\na=candidate:" in description:
        return
    servers = ", ".join(uri for uri, _ in _by_uri(configuration.iceServers or ()))
    if configuration.iceTransportPolicy is RTCIceTransportPolicy.RELAY:
        raise ConnectionFailedError(
            f"no relayed address came from {servers} within 5 s: the server is out of reach, or "
            "refused the credentials"
        )
    raise ConnectionFailedError(
        "this machine has no network address but loopback, and ICE offers no other"
    )


async def apply_answer(pc: RTCPeerConnection, answer: str) -> None:
    """Give a peer connection the server's answer, without what it cannot use.

    Args:
        pc: A connection that made an offer.
        answer: The answer as it came.

    Raises:
        ConnectionFailedError: If none of the server's addresses can be used.
        ProtocolError: If it is no answer to the offer.
    """
    usable, dropped = sdp.drop_unusable_candidates(answer)
    if dropped and "\na=candidate:" not in usable:
        raise ConnectionFailedError(
            f"the server has no address that can be used: {', '.join(dropped)}"
        )
    session, *media = usable.split("\nm=")
    if not all("\na=fingerprint:" in session + section for section in media or [""]):
        # aiortc takes such an answer and never connects.
        raise ProtocolError("the server's SDP answer has no fingerprint (RFC 8827, 6.5)")
    if dropped:
        logger.debug("candidates that are not used: %s", ", ".join(dropped))
    try:
        await pc.setRemoteDescription(RTCSessionDescription(sdp.repair_answer(usable), "answer"))
    except Exception as error:  # aiortc raises AssertionError, KeyError, IndexError, ...
        raise ProtocolError(
            f"the server's SDP answer cannot be applied: {type(error).__name__}: {error}"
        ) from error


def _by_uri(servers: Sequence[RTCIceServer]) -> Iterator[tuple[str, RTCIceServer]]:
    for server in servers:
        for uri in [server.urls] if isinstance(server.urls, str) else server.urls:
            yield uri, server


def _why_not(uri: str, server: RTCIceServer) -> str | None:
    """Return why aiortc cannot use a server, or ``None`` when it can."""
    found = _URI.fullmatch(uri)
    if found is None:
        return "not a URI that aiortc reads"
    scheme, transport = found["scheme"], found["transport"]
    if found["port"] is not None and not 0 < int(found["port"]) < 65536:
        return "no such port"
    if scheme == "stuns":
        return "aioice speaks STUN by UDP only"
    if scheme == "stun":
        return "a STUN URI names no transport" if transport else None
    if transport not in {"turn": (None, "udp", "tcp"), "turns": (None, "tcp")}[scheme]:
        return f"aioice has no {scheme} by {transport}"
    if not server.username or not server.credential:
        return "no credentials came with it"
    return None
