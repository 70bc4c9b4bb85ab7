from __future__ import annotations

from urllib.parse import urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reactor_env.client.recording.clip import RecordingError
from reactor_env.client.recording.playlist import Playlist, Segment, parse_playlist, resolve

# What reactor-runtime 3.10.0 answered to GET /clips, with a shorter recording id.
RECORDED = """\
#EXTM3U
#EXT-X-VERSION:7
#EXT-X-TARGETDURATION:1
#EXT-X-PLAYLIST-TYPE:VOD
#EXT-X-MAP:URI="/clips/chunks/99568de5/init.mp4"
#EXTINF:1.000,
/clips/chunks/99568de5/chunk_00000.m4s
#EXTINF:1.000,
/clips/chunks/99568de5/chunk_00001.m4s
#EXT-X-ENDLIST
"""
API = "https://api.example"
PLAYLIST_URL = f"{API}/clips?session_id=99568de5"

URIS = st.from_regex(r"[a-zA-Z0-9_./?&=%:-]{1,30}", fullmatch=True)
TAGS = st.sampled_from(
    [
        *RECORDED.splitlines(),
        "",
        "# a comment",
        "#EXT-X-MAP:URI=",
        '#EXT-X-MAP:URI="b",URI="c"',
        "#EXT-X-KEY:METHOD=NONE",
        "#EXT-X-KEY",
        "#EXTINF:",
        "#EXTINF:nan,",
        "#EXT-X-FUTURE:A=B",
    ]
)


def without(line: str) -> str:
    assert line in RECORDED
    return RECORDED.replace(line + "\n", "")


def test_a_recorded_playlist_names_header_and_segments() -> None:
    playlist = parse_playlist(RECORDED)
    assert playlist.uris == (
        "/clips/chunks/99568de5/init.mp4",
        "/clips/chunks/99568de5/chunk_00000.m4s",
        "/clips/chunks/99568de5/chunk_00001.m4s",
    )
    assert playlist.duration == 2.0


@given(
    header=URIS,
    segments=st.lists(st.tuples(URIS, st.integers(0, 10**6)), min_size=1, max_size=5),
    newline=st.sampled_from(["\n", "\r\n"]),
)
def test_a_playlist_comes_out_as_it_went_in(
    header: str, segments: list[tuple[str, int]], newline: str
) -> None:
    lines = ["#EXTM3U", f'#EXT-X-MAP:URI="{header}",FUTURE="a,b",MORE=1x2']
    for uri, millis in segments:
        lines += [f"#EXTINF:{millis / 1e3:.3f},a title, with a comma", "# comment", "", uri]
    text = newline.join([*lines, "#EXT-X-FUTURE:X=1", "#EXT-X-ENDLIST", ""])
    expected = tuple(Segment(uri, millis / 1e3) for uri, millis in segments)
    assert parse_playlist(text) == Playlist(header, expected)


def test_a_duration_may_be_a_whole_number() -> None:
    assert parse_playlist(RECORDED.replace("1.000,", "4,")).duration == 8.0


def test_no_encryption_may_be_said() -> None:
    text = RECORDED.replace("#EXTINF", "#EXT-X-KEY:METHOD=NONE\n#EXTINF", 1)
    assert parse_playlist(text) == parse_playlist(RECORDED)


def test_a_header_segment_may_be_repeated() -> None:
    tag = '#EXT-X-MAP:URI="/clips/chunks/99568de5/init.mp4"'
    assert parse_playlist(RECORDED.replace(tag, f"{tag}\n{tag}")) == parse_playlist(RECORDED)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        pytest.param("", "#EXTM3U as the first line, got ''", id="nothing"),
        pytest.param("\ufeff" + RECORDED, "#EXTM3U as the first line", id="byte order mark"),
        pytest.param("<html>", "got '<html>'", id="a web page"),
        pytest.param("#EXTM3U\n#EXT-X-ENDLIST\n", "got none", id="no segments"),
        pytest.param(without("#EXT-X-ENDLIST"), "expected #EXT-X-ENDLIST", id="live"),
        pytest.param(
            without('#EXT-X-MAP:URI="/clips/chunks/99568de5/init.mp4"'),
            "expected #EXT-X-MAP before the first segment",
            id="no header segment",
        ),
        pytest.param(without("#EXTINF:1.000,"), "expected #EXTINF before", id="no duration"),
        pytest.param(
            without("/clips/chunks/99568de5/chunk_00000.m4s"), "got another #EXTINF", id="no URI"
        ),
        pytest.param(
            without("/clips/chunks/99568de5/chunk_00001.m4s"), "got the end", id="no last URI"
        ),
        pytest.param(RECORDED.replace("1.000", "-1"), "expected seconds", id="negative"),
        pytest.param(RECORDED.replace("1.000", "inf"), "expected seconds", id="infinite"),
        pytest.param(RECORDED.replace("1.000", "9" * 400), "expected seconds", id="overflow"),
        pytest.param(RECORDED.replace('"', ""), "a quoted URI", id="unquoted"),
        pytest.param(RECORDED.replace('URI="', '="'), "a list of attributes", id="attributes"),
        pytest.param(RECORDED.replace("URI=", "URL="), "a quoted URI", id="no URI in the map"),
        pytest.param(
            "#EXTM3U\n#EXT-X-STREAM-INF:BANDWIDTH=1\na.m3u8\n", "got a master playlist", id="master"
        ),
    ],
)
def test_what_is_no_complete_playlist_is_invalid(text: str, reason: str) -> None:
    with pytest.raises(RecordingError, match=reason) as raised:
        parse_playlist(text)
    assert raised.value.code == "INVALID_PLAYLIST"


@pytest.mark.parametrize(
    ("tag", "what"),
    [
        ('#EXT-X-KEY:METHOD=AES-128,URI="k"', "encryption"),
        ("#EXT-X-BYTERANGE:5@0", "byte ranges"),
        ('#EXT-X-MAP:URI="i",BYTERANGE="5@0"', "byte ranges"),
        ('#EXT-X-MAP:URI="another"', "several header segments"),
        ("#EXT-X-DISCONTINUITY", "discontinuities"),
    ],
)
def test_what_cannot_be_joined_is_unsupported(tag: str, what: str) -> None:
    text = RECORDED.replace("#EXTINF", f"{tag}\n#EXTINF", 1)
    with pytest.raises(RecordingError, match=f"the playlist uses {what}") as raised:
        parse_playlist(text)
    assert raised.value.code == "DOWNLOAD_UNSUPPORTED"


@given(text=st.text() | st.lists(TAGS | st.text(max_size=9)).map("\n".join))
def test_any_text_gives_a_playlist_or_a_recording_error(text: str) -> None:
    try:
        playlist = parse_playlist(text)
    except RecordingError:
        return
    assert playlist.segments


@given(lines=st.lists(TAGS))
def test_almost_a_playlist_gives_a_playlist_or_a_recording_error(lines: list[str]) -> None:
    try:
        playlist = parse_playlist("\n".join(["#EXTM3U", *lines]))
    except RecordingError:
        return
    assert "#EXT-X-ENDLIST" in lines
    assert len(playlist.uris) == len(playlist.segments) + 1


# -- where a URI leads --------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("reference", "base", "api", "expected"),
    [
        pytest.param("/clips/a", PLAYLIST_URL, API, f"{API}/clips/a", id="path"),
        pytest.param("/clips?x=1", f"{API}/", f"{API}/", f"{API}/clips?x=1", id="path with query"),
        pytest.param("chunks/a?s=1", PLAYLIST_URL, API, f"{API}/chunks/a?s=1", id="relative"),
        pytest.param("/a", f"{API}/v1/clips", f"{API}/v1", f"{API}/v1/a", id="base with a path"),
        pytest.param(
            "/a", "https://cdn.example/v/b", f"{API}/v1", "https://cdn.example/a", id="elsewhere"
        ),
        pytest.param(
            "https://cdn.example/a?sig=1",
            PLAYLIST_URL,
            API,
            "https://cdn.example/a?sig=1",
            id="host",
        ),
        pytest.param("//cdn.example/a", PLAYLIST_URL, API, "https://cdn.example/a", id="no scheme"),
        pytest.param(
            "http://0.0.0.0:8080/clips/a?b", PLAYLIST_URL, API, f"{API}/clips/a?b", id="0.0.0.0"
        ),
        pytest.param(
            "http://[::]:8080/a", PLAYLIST_URL, "http://host:81/", "http://host:81/a", id="[::]"
        ),
        pytest.param(
            "/a", "http://host:80/b", "http://host", "http://host/a", id="the default port, spelt"
        ),
    ],
)
def test_a_reference_leads_where_it_should(
    reference: str, base: str, api: str, expected: str
) -> None:
    assert resolve(reference, base=base, api=api) == expected


@pytest.mark.parametrize(
    "reference",
    [
        "file:///etc/passwd",
        "data:video/mp4,a",
        "ftp://host/a",
        "http://[::1",
        "http://host:port/",
        "http://",
        "http:///a",
        "https://user:secret@host/a",
        "http://host/\x00",
    ],
)
def test_what_cannot_be_fetched_is_invalid(reference: str) -> None:
    with pytest.raises(RecordingError) as raised:
        resolve(reference, base=PLAYLIST_URL, api=API)
    assert raised.value.code == "INVALID_PLAYLIST"


@given(reference=st.text() | URIS | URIS.map(lambda uri: f"http://{uri}"))
def test_any_reference_gives_an_http_url_or_a_recording_error(reference: str) -> None:
    try:
        url = resolve(reference, base=PLAYLIST_URL, api=API)
    except RecordingError:
        return
    assert urlsplit(url).scheme in ("http", "https")
    assert urlsplit(url).hostname
