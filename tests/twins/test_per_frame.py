"""The twins with one frame per action, and waypoint's four: diamond, open-dreamer, open-oasis."""

from __future__ import annotations

import asyncio

import pytest

from reactor_env.client import CommandRefusedError, ReactorStatus, StepFailedError
from tests.twins.fixtures import TwinRuntime
from tests.twins.images import IMAGE
from tests.twins.picture import Mark, background, digest
from tests.twins.viewer import TIMEOUT_S, Viewer, watch

pytestmark = pytest.mark.integration

DIAMOND = "diamond_csgo_world_model"


# -- diamond-csgo-world-model -------------------------------------------------------------------


async def test_diamond_begins_with_its_spawn_without_being_asked(twin_runtime: TwinRuntime) -> None:
    async with watch(twin_runtime(DIAMOND), DIAMOND) as viewer:
        spawn = await viewer.picture()
        later = await viewer.picture(lambda picture: picture.frame > 3)
        state = await viewer.message("state_update")
    assert (spawn.run, spawn.frame, spawn.mark) == (1, 0, Mark.SPAWN)
    assert (later.run, later.mark) == (1, Mark.NONE)
    assert spawn.background == pytest.approx(background(spawn.seed), abs=16)
    assert state["controller"] == "human"


async def test_diamond_holds_keys_and_uses_a_mouse_movement_once(
    twin_runtime: TwinRuntime,
) -> None:
    async with watch(twin_runtime(DIAMOND), DIAMOND, generation="stepped") as viewer:
        (spawn,) = await viewer.step(("set_key_state", {"key": "w", "pressed": True}))
        (first,) = await viewer.step(
            ("mouse_move", {"delta_x": 500, "delta_y": 0}),
            ("mouse_move", {"delta_x": -40, "delta_y": 30}),
        )
        (second,) = await viewer.step()
        (third,) = await viewer.step(("set_key_state", {"key": "w", "pressed": False}))
    assert (spawn.mark, spawn.pressed) == (Mark.SPAWN, set())
    assert [first.frame, second.frame, third.frame] == [1, 2, 3]
    assert (first.pressed, second.pressed, third.pressed) == ({"w"}, {"w"}, set())
    assert first.controls["delta_x"] == pytest.approx(-40, abs=0.5)
    assert first.controls["delta_y"] == pytest.approx(30, abs=0.1)
    assert second.controls["delta_x"] == 0
    assert viewer.heard("action_changed")[2] == {
        "controller": "human",
        "pressed_keys": ["w"],
        "pressed_mouse_buttons": [],
        "delta_x": -40,
        "delta_y": 30,
    }


async def test_diamond_spawns_anew_at_the_end_of_its_episode_and_tells_nobody(
    twin_runtime: TwinRuntime,
) -> None:
    async with watch(twin_runtime(DIAMOND, run_limit=4), DIAMOND, generation="stepped") as viewer:
        await viewer.step(("set_key_state", {"key": "w", "pressed": True}))
        viewer.forget()
        shown = [(await viewer.step())[0] for _ in range(5)]
    assert [picture.mark for picture in shown] == [
        *(Mark.NONE, Mark.NONE, Mark.TERMINAL),
        *(Mark.SPAWN, Mark.NONE),
    ]
    assert [picture.run for picture in shown] == [1, 1, 1, 2, 2]
    assert shown[2].pressed == {"w"}
    assert shown[4].pressed == set()
    assert shown[3].seed != shown[2].seed
    assert viewer.messages == []


async def test_diamond_draws_the_same_spawns_in_every_session(twin_runtime: TwinRuntime) -> None:
    seeds = []
    for _ in range(2):
        async with watch(twin_runtime(DIAMOND), DIAMOND, generation="stepped") as viewer:
            shown = [(await viewer.step(("random_scene", {})))[0] for _ in range(3)]
            seeds.append([picture.seed for picture in shown])
    assert seeds[0] == seeds[1]
    assert len(set(seeds[0])) == 3


async def test_diamond_resets_to_the_scene_it_is_in(twin_runtime: TwinRuntime) -> None:
    async with watch(twin_runtime(DIAMOND), DIAMOND, generation="stepped") as viewer:
        image = await viewer.upload(IMAGE)
        (spawn,) = await viewer.step(("set_spawn_image", {"image": image}))
        await viewer.step()
        (again,) = await viewer.step(("reset", {}))
        with pytest.raises(StepFailedError) as refused:
            await viewer.step(("set_spawn_image", {"image": await viewer.upload(b"text", "a.txt")}))
    assert spawn.controls["image"] == digest(IMAGE) == again.controls["image"]
    assert (again.run, again.mark, again.seed) == (spawn.run + 1, Mark.SPAWN, spawn.seed)
    assert [one["source"] for one in viewer.heard("scene_changed")] == ["image", "reset"]
    assert refused.value.code == "invalid_image"


async def test_diamond_releases_the_controls_when_anybody_leaves(
    twin_runtime: TwinRuntime,
) -> None:
    runtime = twin_runtime(DIAMOND, run_limit=1000)
    async with watch(runtime, DIAMOND) as player:
        await player.send("set_key_state", key="w", pressed=True)
        await player.picture(lambda picture: picture.pressed == {"w"})
        viewer = Viewer(type(player.reactor)(DIAMOND, local=True, api_url=runtime.url), DIAMOND)
        session = player.reactor.get_session_id()
        await viewer.reactor.connect(session_id=session)
        player.forget()
        await viewer.reactor.disconnect()
        await player.picture(lambda picture: not picture.pressed)


# -- open-dreamer -------------------------------------------------------------------------------


async def test_dreamer_adds_mouse_movements_up_within_a_frame(twin_runtime: TwinRuntime) -> None:
    runtime = twin_runtime("open_dreamer")
    async with watch(runtime, "open_dreamer", generation="stepped") as viewer:
        (spawn,) = await viewer.step()
        (first,) = await viewer.step(
            ("mouse_move", {"delta_x": 150, "delta_y": -30}),
            ("mouse_move", {"delta_x": 150, "delta_y": -30}),
            ("mouse_wheel", {"delta": -1}),
            ("set_mouse_button_state", {"button": "middle", "pressed": True}),
        )
        (second,) = await viewer.step()
        state = viewer.heard("state_update")[-1]
    assert spawn.mark is Mark.SPAWN
    assert first.controls["delta_x"] == pytest.approx(200, abs=0.5)
    assert first.controls["delta_y"] == pytest.approx(-60, abs=0.5)
    assert first.controls["wheel"] == -1
    assert (second.controls["delta_x"], second.controls["wheel"]) == (0, 0)
    assert first.pressed == second.pressed == {"middle"}
    assert state["pressed_mouse_buttons"] == ["middle"]


async def test_dreamer_repeats_a_rollout_of_the_same_demo_and_seed(
    twin_runtime: TwinRuntime,
) -> None:
    async with watch(twin_runtime("open_dreamer"), "open_dreamer") as viewer:
        seeds = []
        for run, (demo, seed) in enumerate(
            [("demo_1", 5), ("demo_1", 5), ("demo_1", 6), ("demo_2", 5), ("demo_1", -1)], start=1
        ):
            await viewer.send("set_demo", demo=demo)
            await viewer.send("reset", seed=seed)
            picture = await viewer.picture(lambda picture: picture.run == 1 + 2 * run)  # noqa: B023
            seeds.append(picture.seed)
    assert seeds[0] == seeds[1]
    assert len(set(seeds)) == 4
    assert viewer.heard("conditioning_changed")[0] == {"source": "demo", "selection": "demo_1"}
    assert viewer.heard("rollout_reset")[2] == {"seed": 6, "conditioning": "demo_1"}


async def test_dreamer_refuses_a_demo_it_does_not_have(twin_runtime: TwinRuntime) -> None:
    async with watch(twin_runtime("open_dreamer", demos=1), "open_dreamer") as viewer:
        with pytest.raises(CommandRefusedError) as refused:
            await viewer.send("set_demo", demo="demo_2")
    assert refused.value.code == "demo_unavailable"


# -- open-oasis ---------------------------------------------------------------------------------


async def test_oasis_keeps_a_tap_for_one_frame(twin_runtime: TwinRuntime) -> None:
    runtime = twin_runtime("open_oasis")
    async with watch(runtime, "open_oasis", generation="stepped") as viewer:
        await viewer.step()
        (tapped,) = await viewer.step(
            ("set_key_state", {"key": "space", "pressed": True}),
            ("set_key_state", {"key": "space", "pressed": False}),
            ("mouse_move", {"camera_x": 0.7, "camera_y": -0.2}),
            ("mouse_move", {"camera_x": 0.7, "camera_y": -0.2}),
        )
        (after,) = await viewer.step()
    assert (tapped.pressed, after.pressed) == ({"space"}, set())
    assert tapped.controls["camera_x"] == 1
    assert tapped.controls["camera_y"] == pytest.approx(-0.4, abs=0.01)
    assert after.controls["camera_x"] == 0


async def test_oasis_begins_with_the_frames_of_the_video(twin_runtime: TwinRuntime) -> None:
    runtime = twin_runtime("open_oasis")
    async with watch(runtime, "open_oasis", generation="stepped") as viewer:
        video = await viewer.upload(b"moving pictures", "clip.mp4")
        (first,) = await viewer.step(
            ("set_video", {"video": video, "prompt_frames": 3}),
            ("set_key_state", {"key": "w", "pressed": True}),
        )
        shown = [first, *[(await viewer.step())[0] for _ in range(3)]]
        changed = viewer.heard("conditioning_changed")[-1]
    assert [picture.mark for picture in shown] == [Mark.PROMPT] * 3 + [Mark.NONE]
    assert [picture.pressed for picture in shown] == [set(), set(), set(), {"w"}]
    assert changed == {"source": "video", "selection": "clip.mp4@0", "prompt_frames": 3}


async def test_an_error_of_oasis_ends_the_session(twin_runtime: TwinRuntime) -> None:
    ended = asyncio.Event()
    async with watch(twin_runtime("open_oasis", crash_at=45), "open_oasis") as viewer:
        viewer.reactor.on(
            "status_changed",
            lambda status: ended.set() if status is ReactorStatus.DISCONNECTED else None,
        )
        async with asyncio.timeout(TIMEOUT_S):
            await ended.wait()
    assert 0 < max(picture.frame for picture in viewer.pictures) < 45


# -- waypoint -----------------------------------------------------------------------------------


async def test_waypoint_frames_carry_their_step(twin_runtime: TwinRuntime) -> None:
    async with watch(twin_runtime("waypoint"), "waypoint") as viewer:
        assert await viewer.message("waypoint_status") == {
            "has_image": False,
            "paused": False,
            "step_index": 0,
        }
        reply = await viewer.send("set_image", image=await viewer.upload(IMAGE))
        assert reply is not None
        assert reply["data"]["has_image"] is True
        await viewer.send("set_action", action="back_left")
        await viewer.send("set_buttons", buttons="32, 16")
        held = await viewer.frame(
            lambda seen: seen.picture is not None and seen.picture.controls["buttons"] != 0
        )
        await viewer.send("set_paused", paused=True)
    assert held.picture is not None
    assert held.picture.controls["action"] == "back_left"
    assert held.picture.controls["buttons"] == digest("16,32")
    steps = {
        (seen.picture.chunk, seen.frame.metadata["step"])
        for seen in viewer.seen
        if seen.picture is not None
    }
    assert all(chunk == step for chunk, step in steps)
    assert len(steps) > 1


async def test_waypoint_refuses_steps_without_an_image_and_while_paused(
    twin_runtime: TwinRuntime,
) -> None:
    async with watch(twin_runtime("waypoint"), "waypoint", generation="stepped") as viewer:
        with pytest.raises(StepFailedError, match="no image is set"):
            await viewer.step()
        image = await viewer.upload(IMAGE)
        shown = await viewer.step(("set_image", {"image": image}), ("set_mouse_x", {"mouse_x": 8}))
        with pytest.raises(StepFailedError, match="paused"):
            await viewer.step(("set_paused", {"paused": True}))
        with pytest.raises(StepFailedError, match="expected codes like 32,16") as refused:
            await viewer.step(("set_buttons", {"buttons": "space"}))
    assert [picture.frame for picture in shown] == [0, 1, 2, 3]
    assert shown[0].controls["mouse_x"] == pytest.approx(8, abs=0.2)
    assert (refused.value.failure, refused.value.entry) == ("command_failed", "commands[0]")
