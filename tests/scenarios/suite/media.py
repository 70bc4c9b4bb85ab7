"""Frames with their metadata, out and in."""

from __future__ import annotations

import httpx

from tests.scenarios.client import OUTPUTS, ScenarioClient
from tests.scenarios.scenario import CONNECTED, Suite, settings

SUITE = Suite()


@SUITE.add(
    calls=[CONNECTED, *["show: done"] * 3],
    shown={track: ["1", "120", "2"] for track in OUTPUTS},
)
async def frames_show_what_their_metadata_says(
    client: ScenarioClient, _: httpx.AsyncClient
) -> None:
    await client.connect()
    for number in (1, 120, 2):
        await client.send("show", number=number)
        for track in OUTPUTS:
            await client.frame(track, str(number))
    await client.disconnect()


@SUITE.add(
    calls=[CONNECTED, "show: done", "recall: done", "show: done", "main_video shows 1"],
    messages=[settings()],
    shown={"main_video": ["1", "2"], "side_video": ["1", "2"]},
)
async def a_paused_track_stands_still(client: ScenarioClient, _: httpx.AsyncClient) -> None:
    await client.connect()
    await client.send("show", number=1)
    for track in OUTPUTS:
        await client.frame(track, "1")
    await client.pause("main_video")
    await client.settled()
    await client.send("show", number=2)
    await client.frame("side_video", "2")
    client.remark(f"main_video shows {client.transcript.shown['main_video'][-1]}")
    await client.resume("main_video")
    await client.frame("main_video", "2")
    await client.disconnect()


@SUITE.add(
    calls=[CONNECTED, "show: done"],
    shown={"side_video": ["7"]},
    options={"auto_resume": False},
)
async def tracks_can_be_left_paused_from_the_start(
    client: ScenarioClient, _: httpx.AsyncClient
) -> None:
    await client.connect()
    await client.resume("side_video")
    await client.send("show", number=7)
    await client.frame("side_video", "7")
    await client.disconnect()


@SUITE.add(
    calls=[CONNECTED, "publish camera: done", "unpublish camera: done", "publish camera: done"],
    messages=[("sighting", {"colour": colour}) for colour in ("red", "blue", "green")],
    shown={track: ["0 red", "0 blue", "0 green"] for track in OUTPUTS},
)
async def the_model_sees_what_is_published(client: ScenarioClient, _: httpx.AsyncClient) -> None:
    await client.connect()
    await client.publish("camera", "red")
    await sees(client, "red")
    client.show("blue")
    await sees(client, "blue")
    await client.unpublish("camera")
    await client.publish("camera", "green")
    await sees(client, "green")
    await client.disconnect()


@SUITE.add(calls=[CONNECTED, "publish microphone: refused (no such track)"])
async def an_unknown_track_cannot_be_published(
    client: ScenarioClient, _: httpx.AsyncClient
) -> None:
    await client.connect()
    await client.publish("microphone", "red")
    await client.disconnect()


async def sees(client: ScenarioClient, colour: str) -> None:
    """Wait until the world has told of a colour, by message and by frames."""
    await client.heard("sighting", colour=colour)
    for track in OUTPUTS:
        await client.frame(track, f"0 {colour}")
