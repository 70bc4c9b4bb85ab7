"""The twins of hosted models: lingbot, lingbot-world-2, helios, x2."""

from __future__ import annotations

import av
import numpy as np
import pytest
from aiortc import VideoStreamTrack

from reactor_env.client import CommandRefusedError
from tests.twins.fixtures import TwinRuntime
from tests.twins.images import IMAGE, png
from tests.twins.picture import digest
from tests.twins.viewer import Viewer, watch

pytestmark = pytest.mark.integration


# -- lingbot-world-2 ----------------------------------------------------------------------------


async def begin_world_2(viewer: Viewer, **settings: object) -> None:
    image = await viewer.upload(IMAGE)
    await viewer.send("set_image", image=image)
    await viewer.send("set_prompt", prompt="A quiet street.")
    for name, value in settings.items():
        await viewer.send(f"set_{name}", **{name: value})
    await viewer.send("start")


async def test_world_2_refuses_to_start_without_conditions_and_says_so_to_all(
    twin_runtime: TwinRuntime,
) -> None:
    async with watch(twin_runtime("lingbot_world_2"), "lingbot_world_2") as viewer:
        assert await viewer.send("start") is None
        error = await viewer.message("command_error")
        assert error == {"command": "start", "reason": "missing: image, prompt"}
        await begin_world_2(viewer)
        started = await viewer.message("generation_started")
        await viewer.send("set_image", image=await viewer.upload(png(level=10)))
        locked = await viewer.message("command_error", lambda data: data["command"] == "set_image")
        picture = await viewer.picture()
    assert (await viewer.message("image_accepted")) == {"width": 32, "height": 24}
    assert started == {"prompt": "A quiet street.", "chunk_num": 0, "frame_num": 0}
    assert "locked until reset" in locked["reason"]
    assert picture.controls["image"] == digest(IMAGE)
    assert picture.controls["prompt"] == digest("A quiet street.")
    assert picture.seed == 42


async def test_world_2_state_is_one_chunk_behind_the_commands(twin_runtime: TwinRuntime) -> None:
    async with watch(twin_runtime("lingbot_world_2", run_limit=500), "lingbot_world_2") as viewer:
        await begin_world_2(viewer)
        await viewer.message("chunk_complete")
        await viewer.send("pause")
        viewer.forget()
        await viewer.send("set_move_longitudinal", move_longitudinal="forward")
        await viewer.send("set_look_horizontal", look_horizontal="left")
        paused = viewer.heard("state")
        await viewer.send("resume")
        moved = await viewer.message(
            "chunk_complete", lambda data: data["active_action"] == "w+left"
        )
        first = await viewer.picture(lambda picture: picture.controls["look_horizontal"] == "left")
        state = await viewer.message("state", lambda data: data["current_action"] == "w+left")
    assert [state["current_action"] for state in paused] == ["still", "still"]
    assert state["move_longitudinal"] == "forward"
    assert first.chunk == moved["chunk_index"]
    assert first.controls["move_longitudinal"] == "forward"


async def test_world_2_takes_a_pose_for_each_latent(twin_runtime: TwinRuntime) -> None:
    turn = [0.0, 0.5, 0.0, 0.0, 0.0, 2.0]
    async with watch(twin_runtime("lingbot_world_2", run_limit=500), "lingbot_world_2") as viewer:
        pose = [*turn, *([0.0] * 6), *(-value for value in turn)]
        await begin_world_2(viewer, look_horizontal="left", camera_pose=pose)
        await viewer.picture(lambda picture: picture.frame == 5)
        await viewer.send("set_camera_pose")
        await viewer.picture(lambda picture: picture.controls["look_horizontal"] == "left")
        await viewer.send("set_camera_pose", camera_pose=[0.0] * 7)
        error = await viewer.message("command_error")
        with pytest.raises(CommandRefusedError):
            await viewer.send("set_camera_pose", camera_pose=[0.0] * 1542)
    shown = {p.frame: p.controls for p in viewer.pictures if p.frame < 6}
    assert [shown[n]["ry"] for n in (1, 3, 5)] == pytest.approx([0.5, 0, -0.5], abs=0.03)
    assert [shown[n]["tz"] for n in (1, 3, 5)] == pytest.approx([1, 0, -1], abs=0.01)
    assert shown[1]["look_horizontal"] == "idle"
    assert error["command"] == "set_camera_pose"


async def test_world_2_begins_another_run_by_itself_and_stops_at_reset(
    twin_runtime: TwinRuntime,
) -> None:
    async with watch(twin_runtime("lingbot_world_2", run_limit=2), "lingbot_world_2") as viewer:
        await begin_world_2(viewer, seed=5)
        over = await viewer.message("generation_complete")
        again = await viewer.picture(lambda picture: picture.run == 2)
        assert all(state["started"] for state in viewer.heard("state")[-3:])
        assert len(viewer.heard("generation_started")) == 1
        await viewer.send("pause")
        await viewer.picture(lambda picture: picture.frame == 11)
        viewer.forget()
        await viewer.send("reset")
        state = await viewer.message("state", lambda data: not data["started"])
        await viewer.frame(lambda seen: seen.black)
        await viewer.send("start")
        error = await viewer.message("command_error")
    assert over == {"total_chunks": 2}
    assert (again.frame, again.seed) == (0, 5)
    assert (state["has_image"], state["has_prompt"]) == (False, False)
    assert error["reason"] == "missing: image, prompt"


async def test_world_2_pauses(twin_runtime: TwinRuntime) -> None:
    async with watch(twin_runtime("lingbot_world_2", run_limit=500), "lingbot_world_2") as viewer:
        await begin_world_2(viewer)
        await viewer.message("chunk_complete")
        await viewer.send("pause")
        paused = await viewer.message("generation_paused")
        chunks = len(viewer.heard("chunk_complete"))
        await viewer.send("set_prompt", prompt="Another street.")
        await viewer.send("resume")
        resumed = await viewer.message("generation_resumed")
        await viewer.message(
            "chunk_complete", lambda data: data["active_prompt"] == "Another street."
        )
    assert paused == resumed == {"chunk_index": chunks}


# -- lingbot ------------------------------------------------------------------------------------


async def test_lingbot_answers_conditions_and_refuses_what_is_too_early(
    twin_runtime: TwinRuntime,
) -> None:
    async with watch(twin_runtime("lingbot", run_limit=2), "lingbot") as viewer:
        image = await viewer.upload(IMAGE)
        accepted = await viewer.send("set_image", image=image)
        await viewer.send("start")
        error = await viewer.message("command_error")
        prompt = await viewer.send("set_prompt", prompt="A harbour.")
        await viewer.message("conditions_ready")
        await viewer.send("set_seed", seed=3)
        await viewer.send("start")
        locked = await viewer.send("set_image", image=image)
        first = await viewer.picture()
        again = await viewer.picture(lambda picture: picture.run == 2)
        states = viewer.heard("state")
        viewer.forget()
        reset = await viewer.send("reset")
        after = viewer.heard("state")[-1]
        await viewer.send("start")
        await viewer.message("command_error")
    assert accepted == {"type": "image_accepted", "data": {"width": 32, "height": 24}}
    assert error == {"command": "start", "reason": "missing: prompt"}
    assert prompt == {"type": "prompt_accepted", "data": {"prompt": "A harbour."}}
    assert locked is None
    assert (first.frame, first.seed, again.frame, again.seed) == (0, 3, 0, 3)
    assert again.controls["image"] == digest(IMAGE)
    restarts = [state for state in states if state["started"] and state["current_chunk"] == 0]
    assert len(restarts) > 1
    assert reset == {"type": "generation_reset", "data": {}}
    assert (after["has_image"], after["has_prompt"], after["started"]) == (False, False, False)


async def test_lingbot_state_is_one_chunk_behind(twin_runtime: TwinRuntime) -> None:
    async with watch(twin_runtime("lingbot", run_limit=500), "lingbot") as viewer:
        await viewer.send("set_image", image=await viewer.upload(IMAGE))
        await viewer.send("set_prompt", prompt="A harbour.")
        await viewer.send("start")
        await viewer.message("chunk_complete", lambda data: data["chunk_index"] == 1)
        sizes = [data["frames_emitted"] for data in viewer.heard("chunk_complete")]
        paused = await viewer.send("pause")
        assert await viewer.send("pause") is None
        error = await viewer.message("command_error")
        viewer.forget()
        await viewer.send("set_movement", movement="forward")
        (state,) = viewer.heard("state")
        await viewer.send("resume")
        await viewer.message("state", lambda data: data["movement"] == "forward")
        moving = await viewer.picture(lambda picture: picture.controls["movement"] == "forward")
    assert sizes[:2] == [5, 7]
    assert paused is not None
    assert paused["type"] == "generation_paused"
    assert error == {"command": "pause", "reason": "already paused"}
    assert (state["movement"], state["current_action"]) == ("idle", "still")
    assert (moving.frame - 5) % 7 == 0


# -- helios -------------------------------------------------------------------------------------


async def test_helios_changes_prompt_and_size_while_it_runs(twin_runtime: TwinRuntime) -> None:
    async with watch(twin_runtime("helios"), "helios") as viewer:
        await viewer.send("start")
        error = await viewer.message("command_error")
        await viewer.send("set_conditioning", prompt="A fox.", image=await viewer.upload(IMAGE))
        await viewer.send("set_seed", seed=12)
        await viewer.send("schedule_prompt", prompt="A bear.", chunk=2)
        await viewer.send("start")
        fox = await viewer.picture()
        bear = await viewer.picture(lambda picture: picture.controls["prompt"] == digest("A bear."))
        await viewer.send("set_sr_scale", sr_scale="2x")
        await viewer.frame(lambda seen: seen.size == (320, 192) and seen.picture is not None)
    assert error == {"command": "start", "reason": "missing: prompt"}
    assert fox.controls["prompt"] == digest("A fox.")
    assert (fox.seed, fox.controls["image_strength"]) == (12, 1)
    assert bear.chunk == 2


async def test_helios_goes_back_to_a_snapshot(twin_runtime: TwinRuntime) -> None:
    async with watch(twin_runtime("helios"), "helios") as viewer:
        await viewer.send("set_prompt", prompt="A fox.")
        await viewer.send("start")
        await viewer.picture(lambda picture: picture.chunk == 1)
        await viewer.send("rewind", snapshot_index=0)
        failed = await viewer.message("rewind_failed")
        saved = await viewer.send("save_snapshot", label="den")
        assert saved is not None
        chunk = saved["data"]["chunk_index"]
        await viewer.message("chunk_complete", lambda data: data["chunk_index"] == chunk + 1)
        listed = await viewer.send("list_snapshots")
        await viewer.send("pause")
        viewer.forget()
        rewound = await viewer.send("rewind", snapshot_index=-1)
        await viewer.send("resume")
        back = await viewer.picture(lambda picture: picture.chunk == chunk)
    assert failed == {"reason": "no snapshot 0 of 0"}
    assert listed == {"type": "snapshot_list", "data": {"snapshots": ["den"]}}
    assert rewound == {
        "type": "rewind_complete",
        "data": {"snapshot_index": 0, "chunk_index": chunk},
    }
    assert (back.run, back.frame) == (1, 6 * chunk)


# -- x2 -----------------------------------------------------------------------------------------


class Camera(VideoStreamTrack):
    """A source of one colour."""

    def __init__(self, colour: tuple[int, int, int], width: int, height: int) -> None:
        super().__init__()
        self._picture = np.full((height, width, 3), colour, np.uint8)

    async def recv(self) -> av.VideoFrame:
        frame = av.VideoFrame.from_ndarray(self._picture, format="rgb24")
        frame.pts, frame.time_base = await self.next_timestamp()
        return frame


async def test_x2_edits_its_source_while_there_is_a_prompt(twin_runtime: TwinRuntime) -> None:
    async with watch(twin_runtime("x2"), "x2") as viewer:
        await viewer.reactor.publish_track("source", Camera((40, 160, 90), 144, 96))
        assert await viewer.send("set_prompt", prompt="As an oil painting.") is None
        await viewer.message("generation_started")
        seen = await viewer.frame(lambda seen: seen.picture is not None)
        await viewer.send("set_pointer", x=0.25, y=0.75, active=True)
        pointed = await viewer.picture(lambda picture: picture.controls["pointer_active"])
        await viewer.send("set_reference_image", reference_image=await viewer.upload(png(48, 36)))
        again = await viewer.picture(lambda picture: picture.run == 2)
        viewer.forget()
        await viewer.send("reset")
        stopped = await viewer.message("generation_stopped")
        state = await viewer.message("state_update", lambda data: not data["generating"])
    assert seen.size == (144, 96)
    assert seen.picture is not None
    assert seen.picture.background == pytest.approx((40, 160, 90), abs=24)
    assert seen.picture.controls["prompt"] == digest("As an oil painting.")
    assert pointed.controls["pointer_x"] == pytest.approx(0.25, abs=0.01)
    assert again.controls["image"] == digest(png(48, 36))
    assert stopped == {"reason": "reset"}
    assert (state["prompt"], state["pointer_x"], state["has_reference_image"]) == (
        None,
        None,
        False,
    )
