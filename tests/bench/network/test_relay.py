"""The relay's process in front of a server that says what it was asked."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator

import httpx
import pytest

from reactor_env.bench.network.conditions import Network
from reactor_env.bench.network.relay import Relay, running
from tests.client.http_server import Answer, Request, Server

OFFER = "v=0\r\nm=video 9 X 96\r\na=candidate:1 1 udp 9 127.0.0.1 50001 typ host\r\na=mid:0\r\n"
ANSWER = OFFER.replace("50001", "50002")


def respond(request: Request) -> Answer:
    if request.line == "GET /connections/1/sdp_params":
        return Answer(200, {"sdp_answer": ANSWER, "other": 1})
    if request.line == "GET /busy":
        return Answer(409, "busy", {"Retry-After": "3"})
    return Answer(200, {"asked": request.line, "query": request.query})


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    server = Server(respond)
    yield server
    server.close()


@pytest.fixture(scope="module")
def http(server: Server) -> Iterator[httpx.Client]:
    wanted = Relay(url=server.url, network=Network(loss=2))
    with running(wanted) as url, httpx.Client(base_url=url, trust_env=False) as http:
        assert url != server.url
        yield http


def test_a_relay_comes_back_from_the_command_line() -> None:
    relay = Relay(url="http://127.0.0.1:1", network=Network(loss=2, seed=3), round_=2, calm_s=0.5)
    assert Relay.of_json(relay.as_json()) == relay


def test_what_is_asked_is_passed_on_and_so_is_the_answer(http: httpx.Client) -> None:
    assert http.get("/schema?a=b").json() == {"asked": "GET /schema", "query": "a=b"}
    refused = http.get("/busy")
    assert (refused.status_code, refused.text, refused.headers["retry-after"]) == (409, "busy", "3")


def test_offer_and_answer_name_the_relay(http: httpx.Client, server: Server) -> None:
    document = {"sdp_offer": OFFER, "track_mapping": []}
    http.post("/connections/1/sdp_params", json=document)
    passed = server.requests[-1].json
    assert passed["track_mapping"] == []
    answer = http.get("/connections/1/sdp_params").json()
    assert answer["other"] == 1
    ports = [
        re.findall(r"127\.0\.0\.1 (\d+) typ host", sdp)
        for sdp in (passed["sdp_offer"], answer["sdp_answer"])
    ]
    assert [len(found) for found in ports] == [1, 1]
    assert not {*ports[0], *ports[1]} & {"50001", "50002"}


def test_addresses_that_are_told_later_name_the_relay(http: httpx.Client, server: Server) -> None:
    told = {"candidates": [{"candidate": "candidate:1 1 udp 9 10.0.0.9 50001 typ host"}]}
    http.post("/connections/1/ice_candidates", json=told)
    assert "10.0.0.9" not in json.dumps(server.requests[-1].json)


def test_it_tells_what_became_of_the_datagrams(http: httpx.Client) -> None:
    began = http.post("/network/begin").json()
    assert began == {"forwarded": 0, "lost": 0, "losses": []}
    assert http.post("/network/").json() == began
    assert http.post("/network/stop").status_code == 404
