"""Sessions in which the model generates only when it is asked."""

from __future__ import annotations

import httpx

from tests.scenarios.client import OUTPUTS, ScenarioClient
from tests.scenarios.scenario import CONNECTED, Suite, but, settings

SUITE = Suite()

NO_STEPS = but(
    "json-stepped",
    statuses=[],
    calls=["connect: refused (not possible)"],
    messages=[],
    shown={},
)


@SUITE.add(
    calls=[CONNECTED, "step: done", "recall: done", "step: done", "step: done"],
    messages=[settings(), ("sighting", {"colour": "blue"})],
    shown={track: ["9", "10 blue", "11 blue"] for track in OUTPUTS},
    differs={"json": NO_STEPS},
    options={"generation": "stepped"},
)
async def steps_return_their_frames(client: ScenarioClient, _: httpx.AsyncClient) -> None:
    await client.connect()
    if not client.connected:
        return
    await client.step([("show", {"number": 9})])
    await client.settled()
    await client.step([("show", {"number": 10})], camera="blue")
    await client.step([("show", {"number": 11})])
    await client.disconnect()


@SUITE.add(
    calls=[
        CONNECTED,
        "step: refused (refused commands[1])",
        "step: refused (command_failed commands[0] out_of_luck)",
        "step: done",
    ],
    shown={track: ["5"] for track in OUTPUTS},
    differs={"json": NO_STEPS},
    options={"generation": "stepped"},
)
async def a_refused_step_names_its_culprit(client: ScenarioClient, _: httpx.AsyncClient) -> None:
    await client.connect()
    if not client.connected:
        return
    await client.step([("show", {"number": 1}), ("show", {"number": 900})])
    await client.step([("refuse", {}), ("show", {"number": 2})])
    await client.step([("show", {"number": 5})])
    await client.disconnect()
