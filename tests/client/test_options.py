from __future__ import annotations

import math
from typing import Any

import pytest

from reactor_env.client.coordinator.local import LOCAL_URL
from reactor_env.client.coordinator.tokens import HOSTED_URL
from reactor_env.client.options import ClientOptions
from reactor_env.client.types import TrackCapability

VIDEO = TrackCapability("main_video", "video", "recvonly")
SECRET = "secret"


def options(**arguments: Any) -> ClientOptions:
    defaults: dict[str, Any] = {
        "model_name": "m",
        "api_key": None,
        "api_url": HOSTED_URL,
        "local": False,
        "jwt": None,
        "wire": "protobuf",
        "generation": "streamed",
        "model_tracks": None,
        "auto_resume_tracks": True,
        "max_session_duration_seconds": None,
        "ice_transport_policy": "all",
        "connect_timeout": None,
        "command_timeout": 30.0,
    }
    return ClientOptions(**defaults | arguments)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"wire": "xml"}, "`wire` must be one of protobuf, json, got 'xml'"),
        ({"generation": "fast"}, "`generation` must be one of streamed, stepped, got 'fast'"),
        (
            {"ice_transport_policy": "host"},
            "`ice_transport_policy` must be one of all, relay, got 'host'",
        ),
        (
            {"generation": "stepped", "wire": "json"},
            '`generation="stepped"` needs `wire="protobuf"`, got `wire="json"`',
        ),
        ({"connect_timeout": 0}, "`connect_timeout` must be a positive number of seconds, got 0"),
        ({"connect_timeout": math.nan}, "`connect_timeout` must be a positive number .* got nan"),
        ({"connect_timeout": "5"}, "`connect_timeout` must be a positive number .* got '5'"),
        ({"command_timeout": -1}, "`command_timeout` must be a positive number .* got -1"),
        ({"command_timeout": None}, "`command_timeout` must be a positive number .* got None"),
        (
            {"max_session_duration_seconds": 0},
            "`max_session_duration_seconds` must be a whole number, 1 to 86400, got 0",
        ),
        ({"max_session_duration_seconds": 86401}, "1 to 86400, got 86401"),
        ({"max_session_duration_seconds": 1.5}, r"1 to 86400, got 1\.5"),
        ({"max_session_duration_seconds": True}, "1 to 86400, got True"),
        (
            {"max_session_duration_seconds": 60, "local": True},
            "`max_session_duration_seconds` is asked for .* cannot go with `local=True`",
        ),
        (
            {"max_session_duration_seconds": 60, "jwt": "a.b.c"},
            "`max_session_duration_seconds` is asked for .* cannot go with `jwt`",
        ),
        ({"api_url": "api.reactor.inc"}, "`api_url` must be an http or https address, got 'api"),
        ({"api_url": "ftp://h"}, "`api_url` must be an http or https address, got 'ftp://h'"),
        ({"api_url": "http://"}, "`api_url` must be an http or https address, got 'http://'"),
        ({"api_url": "http://h:port"}, "`api_url` must be an http or https address, got none"),
        ({"api_url": 5}, "`api_url` must be an http or https address, got none"),
        ({"model_tracks": ["main_video"]}, "`model_tracks` must hold .* got 'main_video'"),
        ({"model_tracks": [{"name": "a", "kind": "text"}]}, "`model_tracks`: expected a track"),
        ({"model_tracks": [{"name": 5}]}, "`model_tracks`: expected `name` to be a string"),
    ],
    ids=str,
)
def test_an_argument_that_cannot_be_is_named(arguments: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        options(**arguments)


@pytest.mark.parametrize(
    "arguments",
    [
        {"api_key": f"rk_{SECRET}\n"},
        {"api_key": f"rk {SECRET}"},
        {"api_key": f"rk_{SECRET}é"},
        {"jwt": f"{SECRET}\r\nX-Other: 1"},
        {"api_url": f"https://user:{SECRET}@h"},
        {"api_url": f"https://h?token={SECRET}"},
        {"api_url": f"https://h#{SECRET}"},
        {"api_url": f"https://h:{SECRET}"},
    ],
    ids=lambda arguments: next(iter(arguments)),
)
def test_a_secret_that_cannot_be_is_refused_unseen(arguments: dict[str, Any]) -> None:
    (name,) = arguments
    with pytest.raises(ValueError, match=f"`{name}` must ") as raised:
        options(**arguments)
    assert SECRET not in f"{raised.value} {raised.value!r} {raised.value.__cause__!r}"


def test_a_local_client_does_not_care_about_keys() -> None:
    assert options(local=True, api_key="not a key").url == LOCAL_URL


def test_options_do_not_show_secrets() -> None:
    shown = repr(options(api_key=f"rk_{SECRET}", jwt=f"a.{SECRET}.c"))
    assert SECRET not in shown
    assert "model_name='m'" in shown


@pytest.mark.parametrize(
    ("arguments", "url"),
    [
        ({}, HOSTED_URL),
        ({"api_url": "https://h/prefix"}, "https://h/prefix"),
        ({"local": True}, LOCAL_URL),
        ({"local": True, "api_url": "http://127.0.0.1:9000"}, "http://127.0.0.1:9000"),
    ],
    ids=str,
)
def test_the_address_is_the_services_or_the_runtimes_own(
    arguments: dict[str, Any], url: str
) -> None:
    assert options(**arguments).url == url


@pytest.mark.parametrize(
    ("arguments", "seconds"),
    [({}, 300.0), ({"local": True}, 60.0), ({"local": True, "connect_timeout": 5}, 5.0)],
    ids=str,
)
def test_connecting_to_the_hosted_service_may_take_longer(
    arguments: dict[str, Any], seconds: float
) -> None:
    assert options(**arguments).connect_timeout_s == seconds


def test_tracks_may_be_values_or_mappings() -> None:
    described = {"name": "main_video", "kind": "video", "direction": "recvonly"}
    assert options(model_tracks=[VIDEO, described]).tracks == (VIDEO, VIDEO)
    assert options().tracks is None


@pytest.mark.parametrize("limit", [1, 86400])
def test_a_session_may_be_limited(limit: int) -> None:
    assert options(max_session_duration_seconds=limit).max_session_duration_seconds == limit
