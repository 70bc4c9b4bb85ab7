"""Pure functions on SDP text: what Reactor's signalling adds to a WebRTC offer and answer.

aiortc writes the offer; Reactor's runtime reads two session-level attributes in it
(lines before the first ``m=``) that aiortc knows nothing of, and its answer needs two
repairs before aiortc accepts it. Nothing here does I/O.

Sources: ``platform.md`` B5, B9 and B10 (reactor-runtime 3.10, observed on the wire);
RFC 8866 for the layout of a session description, RFC 8843 for bundling.
"""

from __future__ import annotations

import ipaddress
import re

FRAME_METADATA_ATTRIBUTE = "x-reactor-frame-metadata"
CHUNKING_ATTRIBUTE = "x-reactor-dc-chunking"
LEGACY_MAX_MESSAGE_SIZE = 256 * 1024
"""Bytes a chunked channel carries per message when the peer states no limit of its own."""

_EOL = "\r\n"


def _split(sdp: str) -> list[list[str]]:
    """Split SDP text into sections: the session section first, then one per ``m=`` line."""
    sections: list[list[str]] = [[]]
    for line in sdp.splitlines():
        if not line.strip():
            continue
        if line.startswith("m="):
            sections.append([])
        sections[-1].append(line.rstrip())
    return sections


def _join(sections: list[list[str]]) -> str:
    return _EOL.join(line for section in sections for line in section) + _EOL


def add_session_attributes(sdp: str, attributes: dict[str, str]) -> str:
    """Add session-level ``a=`` lines in front of the first ``m=`` line.

    Args:
        sdp: A session description.
        attributes: Attribute name to value, for example ``{"x-reactor-frame-metadata": "1"}``.
            An attribute that is there already is replaced.

    Returns:
        The description with the attributes, lines ended by CRLF.
    """
    sections = _split(sdp)
    kept = [
        line
        for line in sections[0]
        if not any(line == f"a={name}" or line.startswith(f"a={name}:") for name in attributes)
    ]
    sections[0] = kept + [f"a={name}:{value}" for name, value in attributes.items()]
    return _join(sections)


def session_attribute(sdp: str, name: str) -> str | None:
    """Return the value of a session-level attribute, ``""`` for a bare one, or ``None``."""
    for line in _split(sdp)[0]:
        if line == f"a={name}":
            return ""
        if line.startswith(f"a={name}:"):
            return line.partition(":")[2].strip()
    return None


def chunking_limit(sdp: str) -> int | None:
    """Return how many bytes one chunked message may have, or ``None`` without chunking.

    Args:
        sdp: An offer or answer.

    Returns:
        The ``max-message-size`` of the ``x-reactor-dc-chunking`` attribute;
        :data:`LEGACY_MAX_MESSAGE_SIZE` when the attribute states none; ``None`` when the
        description does not declare version 1 of the framing. Of a number with more than 18
        digits, the first 18 count.
    """
    value = session_attribute(sdp, CHUNKING_ATTRIBUTE)
    if value is None or not value.split() or value.split()[0] != "1":
        return None
    found = re.search(r"\bmax-message-size=0*([0-9]{1,18})", value)
    return int(found.group(1)) if found else LEGACY_MAX_MESSAGE_SIZE


def accepts_frame_metadata(sdp: str) -> bool:
    """Tell whether the description declares per-frame metadata trailers."""
    return session_attribute(sdp, FRAME_METADATA_ATTRIBUTE) is not None


def repair_answer(sdp: str) -> str:
    """Make a bundled answer explicit in every section, as aiortc expects it.

    The runtime puts its ICE candidates in the first media section only and leaves
    ``a=rtcp-mux`` out of some; in a bundle (RFC 8843) both hold for all sections, but
    aiortc reads each section by itself.

    Args:
        sdp: The answer as the server sent it.

    Returns:
        The answer with the first section's candidates in every section that has none and
        ``a=rtcp-mux`` in every media section.
    """
    sections = _split(sdp)
    media = sections[1:]
    first = next(filter(None, map(_candidates, media)), [])
    for section in media:
        if not _candidates(section):
            section.extend(first)
        if not section[0].startswith("m=application") and "a=rtcp-mux" not in section:
            section.append("a=rtcp-mux")
    return _join(sections)


def _candidates(section: list[str]) -> list[str]:
    """Return the candidate lines of a section, with the line that ends them; ``[]`` for none."""
    if not any(line.startswith("a=candidate:") for line in section):
        return []
    return [
        line for line in section if line.startswith("a=candidate:") or line == "a=end-of-candidates"
    ]


def drop_unusable_candidates(sdp: str) -> tuple[str, list[str]]:
    """Take out the candidates that aioice 0.13 cannot use, or is hurt by.

    A candidate it cannot read makes aiortc refuse the whole description; a port above 65535
    closes the socket it is tried from; an mDNS name (RFC 8828) is looked up for up to a
    second before anything connects, and not at all where the mDNS port is taken. None of them
    is missed: a peer behind a dropped address that does reach this one is learnt from its own
    checks (RFC 8445, 7.3.1.3). Only when there is nothing else are mDNS names kept.

    IPv6 candidates stay. Where this machine has no IPv6 they are paired with nothing, at no cost.

    Args:
        sdp: A session description.

    Returns:
        The description without them, and each one dropped, once, with the reason.
    """
    sections = _split(sdp)
    reasons = {
        line: _why_not(line)
        for section in sections
        for line in section
        if line.startswith("a=candidate:")
    }
    if None not in reasons.values():
        reasons = {line: None if why == _MDNS else why for line, why in reasons.items()}
    kept = [[line for line in section if reasons.get(line) is None] for section in sections]
    dropped = [
        f"{line.removeprefix('a=candidate:')!r:.100}: {why}" for line, why in reasons.items() if why
    ]
    return _join(kept), dropped


_MDNS = "an mDNS name"
_NUMBER = re.compile(r"[0-9]{1,10}")


def _why_not(line: str) -> str | None:
    """Return why a candidate line is of no use, or ``None`` for one that can be tried."""
    fields = line.removeprefix("a=candidate:").split()
    further = dict(zip(fields[8::2], fields[9::2], strict=False))
    numbers = [fields[i] for i in (1, 3, 5) if i < len(fields)] + [further.get("rport", "0")]
    if len(fields) < 8 or not all(map(_NUMBER.fullmatch, numbers)):
        return "not a candidate (RFC 8839, 5.1)"
    _, component, transport, _, host, port, _, kind = fields[:8]
    if component != "1":
        return "RTCP goes with RTP"
    if transport.lower() != "udp":
        return f"aioice connects by UDP, not {transport}"
    if kind not in ("host", "srflx", "relay"):
        return f"no candidate is of type {kind}"
    if not 0 < int(port) < 65536:
        return "no such port"
    if re.fullmatch(r"[A-Za-z0-9-]+\.local", host):
        return _MDNS
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        return "not an IP address"
    if address.version == 6 and (address.is_link_local or "%" in host):
        return "a link-local address says nothing without an interface"
    if address.is_unspecified or address.is_multicast:
        return "not the address of one machine"
    return None
