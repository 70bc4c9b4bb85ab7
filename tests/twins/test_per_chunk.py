"""The self-hosted twins with a chunk per action: matrix-game-2, alayaworld, lingbot-world-v2."""

from __future__ import annotations

import pytest

from reactor_env.client import CommandRefusedError, StepFailedError
from tests.twins.controls import SIX_AXES
from tests.twins.fixtures import TwinRuntime
from tests.twins.images import IMAGE
from tests.twins.picture import digest
from tests.twins.viewer import watch

pytestmark = pytest.mark.integration


# -- matrix-game-2 ------------------------------------------------------------------------------


async def test_matrix_game_refuses_a_step_until_it_has_an_image(
    twin_runtime: TwinRuntime,
) -> None:
    async with watch(
        twin_runtime("matrix_game_2"), "matrix_game_2", generation="stepped"
    ) as viewer:
        with pytest.raises(StepFailedError, match="no image is selected") as refused:
            await viewer.step()
        with pytest.raises(CommandRefusedError) as command:
            await viewer.send("reset")
        first = await viewer.step(("random_image", {}))
        second = await viewer.step(("set_yaw", {"yaw": 0.5}))
    assert refused.value.failure == "refused"
    assert command.value.code == "image_required"
    assert [picture.frame for picture in first] == [0, 1, 2]
    assert [picture.frame for picture in second] == [3, 4, 5, 6]
    assert [picture.chunk for picture in second] == [1] * 4
    assert second[0].controls["yaw"] == pytest.approx(0.5, abs=0.01)


async def test_matrix_game_tells_which_chunk_a_control_applies_to(
    twin_runtime: TwinRuntime,
) -> None:
    async with watch(twin_runtime("matrix_game_2", run_limit=500), "matrix_game_2") as viewer:
        await viewer.send("random_image")
        await viewer.picture(lambda picture: picture.chunk == 2)
        await viewer.send("set_key_state", key="w", pressed=True)
        chunk = (await viewer.message("action_changed"))["applies_to_chunk"]
        first = await viewer.picture(lambda picture: picture.pressed == {"w"})
        await viewer.message("chunk_complete", lambda data: data["chunk"] == chunk)
    assert first.chunk == chunk
    assert first.frame == 3 + 4 * (chunk - 1)


async def test_matrix_game_stops_at_its_limit_until_reset(twin_runtime: TwinRuntime) -> None:
    runtime = twin_runtime("matrix_game_2", run_limit=2)
    async with watch(runtime, "matrix_game_2", generation="stepped") as viewer:
        image = await viewer.upload(IMAGE)
        await viewer.step(("set_image", {"image": image}), ("set_yaw", {"yaw": 1}))
        assert viewer.heard("rollout_limit_reached") == []
        await viewer.step()
        assert viewer.heard("rollout_limit_reached") == [{"completed_chunks": 2}]
        with pytest.raises(StepFailedError, match="rollout limit of 2 chunks reached: reset first"):
            await viewer.step()
        with pytest.raises(CommandRefusedError) as refused:
            await viewer.send("set_key_state", key="a", pressed=True)
        again = await viewer.step(("reset", {}))
    assert refused.value.code == "rollout_limit_reached"
    assert [(picture.run, picture.frame) for picture in again] == [(2, 0), (2, 1), (2, 2)]
    assert again[0].controls["image"] == digest(IMAGE)
    assert again[0].controls["yaw"] == 0


async def test_matrix_game_stands_still_at_its_limit(twin_runtime: TwinRuntime) -> None:
    async with watch(twin_runtime("matrix_game_2", run_limit=2), "matrix_game_2") as viewer:
        await viewer.send("random_image")
        await viewer.message("rollout_limit_reached")
        await viewer.picture(lambda picture: picture.frame == 6)
        await viewer.send("reset")
        assert (await viewer.picture(lambda picture: picture.run == 2)).frame == 0
    assert max(picture.frame for picture in viewer.pictures if picture.run == 1) == 6


# -- lingbot-world-v2 ---------------------------------------------------------------------------


async def test_world_v2_sets_all_axes_at_once(twin_runtime: TwinRuntime) -> None:
    still = dict.fromkeys(SIX_AXES, 0.0)
    runtime = twin_runtime("lingbot_world_v2", run_limit=4)
    async with watch(runtime, "lingbot_world_v2", generation="stepped") as viewer:
        first = await viewer.step(("random_image", {}), ("set_prompt", {"prompt": "A lake."}))
        camera = still | {"forward": 1.0, "yaw": -0.5}
        moving = await viewer.step(("set_camera", camera))
        with pytest.raises(CommandRefusedError):
            await viewer.send("set_camera", forward=1.0)
        released = await viewer.step(("release_camera", {}))
        last = await viewer.step(("set_camera", camera))
        with pytest.raises(StepFailedError, match="rollout limit of 4 chunks reached"):
            await viewer.step()
        with pytest.raises(CommandRefusedError) as refused:
            await viewer.send("set_camera", **camera)
        again = await viewer.step(("reset", {}))
        (chunk,) = [one for one in viewer.heard("chunk_completed") if one["chunk"] == 1]
    assert [len(first), len(moving), len(released)] == [4, 5, 5]
    for axis, speed in camera.items():
        assert moving[0].controls[axis] == pytest.approx(speed, abs=0.01)
    assert last[0].controls["yaw"] == moving[0].controls["yaw"]
    assert released[0].controls["yaw"] == again[0].controls["yaw"] == 0
    assert (again[0].run, again[0].controls["prompt"]) == (2, digest("A lake."))
    assert (chunk["axes"], chunk["prompt"], chunk["frames"]) == (camera, "A lake.", 5)
    assert refused.value.code == "rollout_limit_reached"


# -- alayaworld ---------------------------------------------------------------------------------


async def test_alayaworld_begins_another_rollout_by_itself(twin_runtime: TwinRuntime) -> None:
    runtime = twin_runtime("alayaworld", run_limit=2)
    async with watch(runtime, "alayaworld", generation="stepped") as viewer:
        first = await viewer.step(
            ("random_image", {}), ("reset", {"seed": 9}), ("set_yaw", {"yaw": 1})
        )
        assert viewer.heard("rollout_reset_queued") == [{"trigger": "reset"}]
        await viewer.step()
        assert viewer.heard("rollout_reset_queued")[1] == {"trigger": "automatic_chunk_limit"}
        again = await viewer.step()
    assert len(first) == 8
    assert [(one[0].run, one[0].frame, one[0].seed) for one in (first, again)] == [
        (2, 0, 9),
        (3, 0, 9),
    ]
    assert (first[0].controls["yaw"], again[0].controls["yaw"]) == (1, 0)
    assert again[0].controls["image"] == first[0].controls["image"] != 0


async def test_alayaworld_may_begin_a_chunk_between_two_axes(twin_runtime: TwinRuntime) -> None:
    async with watch(twin_runtime("alayaworld", run_limit=500), "alayaworld") as viewer:
        await viewer.send("random_image")
        await viewer.picture(lambda picture: picture.chunk == 1)
        await viewer.send("set_forward", forward=1)
        one = await viewer.picture(lambda picture: picture.controls["forward"] == 1)
        await viewer.send("set_yaw", yaw=-1)
        both = await viewer.picture(lambda picture: picture.controls["yaw"] == -1)
    chunks = [data["applies_to_chunk"] for data in viewer.heard("camera_motion_changed")]
    assert [one.chunk, both.chunk] == chunks
    assert one.controls["yaw"] == 0


# -- flashdreams-lingbot ------------------------------------------------------------------------


async def test_a_restart_of_flashdreams_is_a_step_without_frames(
    twin_runtime: TwinRuntime,
) -> None:
    runtime = twin_runtime("flashdreams_lingbot", run_limit=2)
    async with watch(runtime, "flashdreams_lingbot", generation="stepped") as viewer:
        first = await viewer.step(
            ("set_keys", {"keys": "w,q"}), ("move", {"dx": 30, "dy": -5, "wheel": 0})
        )
        second = await viewer.step()
        assert await viewer.step() == []
        again = await viewer.step(("set_seed", {"seed": 4}))
        assert await viewer.step(("set_prompt", {"prompt": "A cave."})) == []
        prompted = await viewer.step()
        restarts = len(viewer.heard("rollout_restarted"))
        with pytest.raises(CommandRefusedError) as refused:
            await viewer.send("set_keys", keys="w,enter")
    assert [len(chunk) for chunk in (first, second, again, prompted)] == [4] * 4
    assert first[0].pressed == again[0].pressed == {"w", "q"}
    assert [chunk[0].controls["dx"] for chunk in (first, second)] == pytest.approx([30, 0], abs=0.2)
    assert [chunk[0].run for chunk in (first, second, again, prompted)] == [1, 1, 2, 3]
    assert [chunk[0].seed for chunk in (again, prompted)] == [0, 4]
    assert prompted[0].controls["prompt"] == digest("A cave.")
    assert restarts == 2
    assert refused.value.code == "invalid_keys"


async def test_flashdreams_frames_carry_rollout_and_index(twin_runtime: TwinRuntime) -> None:
    runtime = twin_runtime("flashdreams_lingbot", run_limit=2)
    async with watch(runtime, "flashdreams_lingbot") as viewer:
        await viewer.picture(lambda picture: picture.run == 3)
    shown = [
        (seen.frame.metadata, seen.picture) for seen in viewer.seen if seen.picture is not None
    ]
    for metadata, picture in shown:
        assert metadata == {"rollout": picture.run - 1, "index": picture.frame}
