"""Pure functions on SDP text: what Reactor's signalling adds to a WebRTC offer and answer.

aiortc writes the offer; Reactor's runtime reads two session-level attributes in it
(lines before the first ``m=``) that aiortc knows nothing of, and its answer needs two
repairs before aiortc accepts it. Nothing here does I/O.

Sources: ``platform.md`` B5, B9 and B10 (reactor-runtime 3.10, observed on the wire);
RFC 8866 for the layout of a session description, RFC 8843 for bundling.
"""

from __future__ import annotations

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
        description does not declare version 1 of the framing.
    """
    value = session_attribute(sdp, CHUNKING_ATTRIBUTE)
    if value is None or not value.split() or value.split()[0] != "1":
        return None
    found = re.search(r"\bmax-message-size=(\d+)", value)
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
