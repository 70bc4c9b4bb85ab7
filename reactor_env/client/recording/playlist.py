"""HLS playlists of clips: parsing them and finding what they point at. No I/O.

A clip's playlist is a complete media playlist (RFC 8216, VOD) of fragmented MP4: one header
segment (``EXT-X-MAP``) and media segments (``EXTINF`` and a URI). Source: ``platform.md`` B8.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from dataclasses import dataclass
from urllib.parse import SplitResult, urljoin, urlsplit, urlunsplit

import httpx

from reactor_env.client.recording.clip import RecordingError

_ATTRIBUTE = re.compile(r'([A-Z0-9-]+)=("[^"\r\n]*"|[^",\s]*)(?:,|$)')
_DECIMAL = re.compile(r"\d+(?:\.\d*)?")
# What an address to listen on looks like when it is handed out as one to call.
_ANY_ADDRESS = ("0.0.0.0", "::")
_UNSUPPORTED = {
    "#EXT-X-BYTERANGE": "byte ranges",
    "#EXT-X-DISCONTINUITY": "discontinuities",
    "#EXT-X-I-FRAMES-ONLY": "I-frame playlists",
}


@dataclass(frozen=True, slots=True)
class Segment:
    """One media segment.

    Attributes:
        uri: Where it is, as the playlist says it.
        duration: Seconds, as the playlist says it.
    """

    uri: str
    duration: float


@dataclass(frozen=True, slots=True)
class Playlist:
    """A clip's playlist.

    Attributes:
        header: The URI of the header segment.
        segments: The media segments, in order; at least one.
    """

    header: str
    segments: tuple[Segment, ...]

    @property
    def duration(self) -> float:
        """Seconds of all segments."""
        return sum(segment.duration for segment in self.segments)

    @property
    def uris(self) -> tuple[str, ...]:
        """Everything to fetch, in the order in which it makes a file."""
        return (self.header, *(segment.uri for segment in self.segments))

    def resolved(self, resolve: Callable[[str], str]) -> Playlist:
        """Return the playlist with ``resolve`` applied to every URI."""
        segments = (Segment(resolve(item.uri), item.duration) for item in self.segments)
        return Playlist(resolve(self.header), tuple(segments))


def parse_playlist(text: str) -> Playlist:
    """Read a complete media playlist of fragmented MP4.

    Tags that do not matter for a download, and unknown ones, are skipped, as RFC 8216 asks.

    Args:
        text: The playlist.

    Returns:
        What it points at.

    Raises:
        RecordingError: ``INVALID_PLAYLIST`` if it is not such a playlist;
            ``DOWNLOAD_UNSUPPORTED`` if it is one but uses encryption, byte ranges,
            discontinuities or several header segments.
    """
    lines = [line.rstrip("\r") for line in text.split("\n")]
    if lines[0] != "#EXTM3U":
        raise _invalid(f"expected #EXTM3U as the first line, got {lines[0]!r:.60}")
    header: str | None = None
    segments: list[Segment] = []
    duration: float | None = None
    ended = False
    for line in lines[1:]:
        tag, _, value = line.partition(":")
        if not line.startswith("#"):
            if not line.strip():
                continue
            if duration is None:
                raise _invalid(f"expected #EXTINF before the segment {line!r:.60}")
            segments.append(Segment(line, duration))
            duration = None
        elif tag == "#EXTINF":
            if duration is not None:
                raise _invalid("expected a segment after #EXTINF, got another #EXTINF")
            if header is None:
                raise _invalid("expected #EXT-X-MAP before the first segment")
            duration = _duration(value)
        elif tag == "#EXT-X-MAP":
            uri = _map_uri(value)
            if header not in (None, uri):
                raise _unsupported("several header segments")
            header = uri
        elif tag == "#EXT-X-KEY":
            if _attributes(value).get("METHOD") != "NONE":
                raise _unsupported("encryption")
        elif tag == "#EXT-X-STREAM-INF":
            raise _invalid("expected a media playlist, got a master playlist")
        elif tag in _UNSUPPORTED:
            raise _unsupported(_UNSUPPORTED[tag])
        elif tag == "#EXT-X-ENDLIST":
            ended = True
    if duration is not None:
        raise _invalid("expected a segment after #EXTINF, got the end")
    if header is None or not segments:
        raise _invalid("expected a header segment and media segments, got none")
    if not ended:
        raise _invalid("expected #EXT-X-ENDLIST: a playlist without it is not complete")
    return Playlist(header, tuple(segments))


def resolve(reference: str, *, base: str, api: str) -> str:
    """Make a reference absolute.

    Args:
        reference: A URI: absolute, or relative to ``base`` (RFC 3986).
        base: The absolute URL of the document it stands in.
        api: The API's base address. A path from the root (``/clips/...``) in a document of the
            API itself is one below this address, and ``0.0.0.0``, which older runtimes name as
            their own host, means its host.

    Returns:
        An ``http`` or ``https`` URL.

    Raises:
        RecordingError: ``INVALID_PLAYLIST`` if it is none.
    """
    try:
        home = urlsplit(api)
        below = reference.startswith("/") and not reference.startswith("//")
        if below and _origin(urlsplit(base)) == _origin(home):
            target = urlsplit(api.rstrip("/") + reference)
        else:
            target = urlsplit(urljoin(base, reference))
        if target.hostname in _ANY_ADDRESS:
            target = target._replace(scheme=home.scheme, netloc=home.netloc)
        if target.scheme not in ("http", "https") or not target.hostname:
            raise ValueError("expected an http or https URL")
        if "@" in target.netloc:
            raise ValueError("expected a URL without a user")
        url = urlunsplit(target)
        httpx.URL(url)
    except (ValueError, httpx.InvalidURL) as error:
        raise _invalid(f"{reference!r:.60} cannot be fetched: {error}") from error
    return url


def _origin(url: SplitResult) -> tuple[str, str | None, int | None]:
    default = {"http": 80, "https": 443}.get(url.scheme)
    return url.scheme, url.hostname, url.port or default


def _duration(value: str) -> float:
    digits = value.partition(",")[0]
    if not _DECIMAL.fullmatch(digits, endpos=40) or not math.isfinite(float(digits)):
        raise _invalid(f"expected seconds after #EXTINF, got {value!r:.60}")
    return float(digits)


def _map_uri(value: str) -> str:
    attributes = _attributes(value)
    if "BYTERANGE" in attributes:
        raise _unsupported("byte ranges")
    uri = attributes.get("URI", "")
    if len(uri) < 3 or not uri.startswith('"'):
        raise _invalid(f"expected a quoted URI in #EXT-X-MAP, got {value!r:.60}")
    return uri[1:-1]


def _attributes(text: str) -> dict[str, str]:
    """Read an attribute list (RFC 8216, 4.2); quoted values keep their quotes."""
    found: dict[str, str] = {}
    position = 0
    while position < len(text):
        match = _ATTRIBUTE.match(text, position)
        if match is None or match[1] in found:
            raise _invalid(f"expected a list of attributes, got {text!r:.60}")
        found[match[1]] = match[2]
        position = match.end()
    return found


def _invalid(reason: str) -> RecordingError:
    return RecordingError("INVALID_PLAYLIST", reason)


def _unsupported(what: str) -> RecordingError:
    return RecordingError("DOWNLOAD_UNSUPPORTED", f"the playlist uses {what}")
