from __future__ import annotations

import asyncio
import re
import socket
from collections.abc import AsyncIterator, Callable

import pytest
from aiortc import (
    RTCConfiguration,
    RTCIceServer,
    RTCIceTransportPolicy,
    RTCPeerConnection,
    VideoStreamTrack,
)
from aiortc.rtcicetransport import connection_kwargs
from hypothesis import given
from hypothesis import strategies as st

from reactor_env.client.errors import ConnectionFailedError, ProtocolError
from reactor_env.client.network import apply_answer, check_gathered, configuration

STUN = RTCIceServer("stun:stun.example:3478")
TURN = RTCIceServer("turn:turn.example", "user", "secret")
TIMEOUT_S = 10.0


def uris(servers: list[RTCIceServer], policy: str = "all") -> list[str | list[str]]:
    made = configuration(servers, policy)  # type: ignore[arg-type]
    return [server.urls for server in made.iceServers or []]


def test_without_servers_nobody_is_asked() -> None:
    # None would make aiortc ask a public STUN server.
    assert configuration([]).iceServers == []


def test_the_relay_policy_reaches_aiortc() -> None:
    assert configuration([TURN], "relay").iceTransportPolicy is RTCIceTransportPolicy.RELAY
    assert configuration([TURN]).iceTransportPolicy is RTCIceTransportPolicy.ALL


def test_credentials_stay_with_their_server() -> None:
    (server,) = configuration([TURN]).iceServers or []
    assert (server.username, server.credential) == ("user", "secret")


def test_the_first_of_each_kind_is_used_in_the_order_the_service_gives() -> None:
    many = RTCIceServer(["turn:a.example?transport=tcp", "turn:b.example"], "user", "secret")
    other = RTCIceServer("stun:later.example")
    assert uris([many, STUN, TURN, other]) == [
        "turn:a.example?transport=tcp",
        "stun:stun.example:3478",
    ]


@pytest.mark.parametrize(
    "uri",
    [
        "turn:turn.example",
        "turn:192.0.2.1:3478",
        "turn:turn.example?transport=udp",
        "turn:turn.example:80?transport=tcp",
        "turns:turn.example:443?transport=tcp",
    ],
)
async def test_what_can_be_used_is_taken_by_aiortc(uri: str) -> None:
    made = configuration([RTCIceServer(uri, "user", "secret")])
    assert [server.urls for server in made.iceServers or []] == [uri]
    connection = RTCPeerConnection(made)
    transceiver = connection.addTransceiver("video", direction="recvonly")
    gatherer = transceiver.receiver.transport.transport.iceGatherer
    assert gatherer._connection.turn_server is not None
    await connection.close()


@pytest.mark.parametrize(
    "uri",
    [
        "turn:[2001:db8::1]:3478",
        "turn:turn.example:99999",
        "turn:turn.example?transport=dtls",
        "turns:turn.example?transport=udp",
        "turn://turn.example",
        "https://turn.example",
        "",
        "stuns:stun.example",
        "stun:stun.example?transport=udp",
    ],
)
def test_what_cannot_be_used_is_left_out(uri: str) -> None:
    assert uris([RTCIceServer(uri, "user", "secret"), TURN]) == ["turn:turn.example"]


WORDS = st.sampled_from(
    ["stun:", "turns:", "turn:", "a", "a.example", ":", "443", "?transport=", "udp", "tcp", "[::1]"]
)


@given(
    made_up=st.lists(
        st.builds(
            RTCIceServer,
            st.lists(st.lists(WORDS, max_size=5).map("".join) | st.text(max_size=9), max_size=3),
            st.none() | st.text(max_size=3),
            st.none() | st.text(max_size=3),
        ),
        max_size=3,
    )
)
def test_whatever_servers_are_named_aiortc_reads_those_that_are_left(
    made_up: list[RTCIceServer],
) -> None:
    connection_kwargs(configuration(made_up).iceServers or [])


def test_a_turn_server_without_credentials_is_left_out() -> None:
    assert uris([RTCIceServer("turn:open.example")]) == []


def test_relaying_without_a_turn_server_is_refused_at_once() -> None:
    with pytest.raises(ConnectionFailedError, match=r'"relay" needs a TURN server .* offers none$'):
        configuration([], "relay")


def test_relaying_with_servers_that_cannot_be_used_names_them_and_no_secret() -> None:
    unusable = RTCIceServer("turn:turn.example?transport=dtls", "user", "secret")
    with pytest.raises(
        ConnectionFailedError, match=r"transport=dtls \(aioice has no turn by dtls"
    ) as e:
        configuration([STUN, unusable], "relay")
    assert "secret" not in str(e.value)


async def test_a_relay_that_gives_no_address_is_named() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))  # bound, not listening
        uri = f"turn:127.0.0.1:{taken.getsockname()[1]}?transport=tcp"
        made = configuration([RTCIceServer(uri, "user", "secret")], "relay")
        connection = RTCPeerConnection(made)
        connection.createDataChannel("data")
        await connection.setLocalDescription(await connection.createOffer())
    with pytest.raises(
        ConnectionFailedError, match=re.escape(f"no relayed address came from {uri}")
    ) as e:
        check_gathered(connection.localDescription.sdp, made)
    assert "secret" not in str(e.value)
    await connection.close()


def test_a_machine_without_an_address_is_told_so() -> None:
    with pytest.raises(ConnectionFailedError, match="no network address but loopback"):
        check_gathered("v=0\r\nm=application 9 X y\r\na=mid:0\r\n", configuration([]))


def test_one_candidate_is_enough() -> None:
    check_gathered(
        "v=0\r\nm=video 9 X 9\r\na=candidate:1 1 udp 1 192.0.2.1 9 typ host\r\n", configuration([])
    )


# -- answers ------------------------------------------------------------------------------------


@pytest.fixture
async def caller() -> AsyncIterator[RTCPeerConnection]:
    connection = RTCPeerConnection(configuration([]))
    connection.addTransceiver("video", direction="recvonly")
    connection.createDataChannel("data")
    await connection.setLocalDescription(await connection.createOffer())
    yield connection
    await connection.close()


@pytest.fixture
async def answer(caller: RTCPeerConnection) -> AsyncIterator[str]:
    connection = RTCPeerConnection(RTCConfiguration(iceServers=[]))
    await connection.setRemoteDescription(caller.localDescription)
    connection.addTrack(VideoStreamTrack())
    await connection.setLocalDescription(await connection.createAnswer())
    yield connection.localDescription.sdp
    await connection.close()


CANDIDATES = "".join(
    f"a=candidate:{text}\r\n"
    for text in (
        "1 1 udp 2113937151 0a1b2c3d-0000-4000-8000-000000000000.local 50000 typ host",
        "2 1 udp 2122265343 2001:db8::2 50001 typ host",
        "3 1 udp 2122265343 fe80::1 50002 typ host",
        "4 1 tcp 1518280447 192.0.2.2 9 typ host tcptype active",
        "5 2 udp 2122194686 192.0.2.2 50003 typ host",
        "6 1 udp 2122194687 192.0.2.2 70000 typ host",
        "7 1 udp 1686052607 turn.example 50004 typ srflx raddr 0.0.0.0 rport 0",
        "8 1 udp broken",
    )
)


def with_more(answer: str) -> str:
    """Put candidates of every kind in front of those of each section."""
    return answer.replace("a=mid:", f"{CANDIDATES}a=mid:")


async def until(connection: RTCPeerConnection, state: str) -> None:
    reached = asyncio.Event()

    @connection.on("connectionstatechange")
    def check() -> None:
        if connection.connectionState == state:
            reached.set()

    check()
    async with asyncio.timeout(TIMEOUT_S):
        await reached.wait()


async def test_candidates_of_every_kind_neither_break_nor_delay_a_connection(
    caller: RTCPeerConnection, answer: str
) -> None:
    loop = asyncio.get_running_loop()
    begin = loop.time()
    await apply_answer(caller, with_more(answer))
    applied = loop.time() - begin
    await until(caller, "connected")
    assert applied < 0.5  # looking an mDNS name up takes one second
    assert loop.time() - begin < 2


async def test_an_answer_whose_addresses_are_all_useless_is_refused_by_name(
    caller: RTCPeerConnection, answer: str
) -> None:
    useless = re.sub(r"(?m)^a=candidate:\S+ 1 udp", "a=candidate:1 1 tcp", answer)
    with pytest.raises(ConnectionFailedError, match=r"no address that can be used: .*not tcp"):
        await apply_answer(caller, useless)


BROKEN: dict[str, Callable[[str], str]] = {
    "no sections": lambda answer: answer.split("m=")[0] + "a=fingerprint:sha-256 00\r\n",
    "no ICE password": lambda answer: answer.replace("a=ice-pwd:", "a=x:"),
    "another media section": lambda answer: answer.replace("m=video", "m=audio"),
    "a port that is no number": lambda answer: re.sub(r"m=video \d+", "m=video x", answer),
    "a codec without a rate": lambda answer: answer.replace("VP8/90000", "VP8"),
    "no common codec": lambda answer: answer.replace("VP8", "XX").replace("H264", "XX"),
}


@pytest.mark.parametrize("kept", [True, False])
async def test_an_answer_nothing_could_be_encrypted_with_is_refused(
    caller: RTCPeerConnection, answer: str, kept: bool
) -> None:
    broken = answer.replace("a=fingerprint:", "a=x:") if kept else ""
    with pytest.raises(ProtocolError, match="no fingerprint"):
        await apply_answer(caller, broken)


@pytest.mark.parametrize("name", BROKEN)
async def test_what_is_no_answer_is_a_protocol_error(
    caller: RTCPeerConnection, answer: str, name: str
) -> None:
    with pytest.raises(ProtocolError, match="the server's SDP answer cannot be applied: "):
        await apply_answer(caller, BROKEN[name](answer))


async def test_an_answer_without_an_offer_is_a_protocol_error(answer: str) -> None:
    connection = RTCPeerConnection(configuration([]))
    with pytest.raises(ProtocolError, match="InvalidStateError"):
        await apply_answer(connection, answer)
    await connection.close()
