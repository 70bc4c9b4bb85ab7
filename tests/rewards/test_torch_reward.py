from __future__ import annotations

import copy
import pickle
import subprocess
import sys
import threading
from typing import Any

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from reactor_env.rewards import FrameReward, TorchReward  # noqa: E402
from tests.rewards.modules import Net, Returns, Sum, moment, picture, shown  # noqa: E402


def whole(**options: Any) -> TorchReward:
    """Rewards the sum of all pixel values."""
    return TorchReward(Sum(), scale=1.0, dtype=torch.float64, **options)


# -- what the module is shown -------------------------------------------------------------------


@pytest.mark.parametrize(
    "convert",
    [
        lambda pixels: pixels,
        lambda pixels: np.ascontiguousarray(pixels.transpose(2, 0, 1)),
        torch.from_numpy,
        lambda pixels: torch.from_numpy(pixels).permute(2, 0, 1),
    ],
    ids=["array", "array, channels first", "tensor", "tensor, channels first"],
)
def test_the_module_is_shown_the_observation_with_its_channels_first(convert: Any) -> None:
    reward = whole()
    pixels = picture(1)
    assert reward(moment(convert(pixels))) == pixels.sum(dtype=np.float64)
    (batch,) = reward.module.batches
    np.testing.assert_array_equal(batch[0].numpy(), pixels.transpose(2, 0, 1))


def test_a_gray_observation_has_one_channel() -> None:
    reward = whole()
    reward(moment(picture(1, 6, 8, 1)))
    assert tuple(reward.module.batches[0].shape) == (1, 1, 6, 8)


def test_an_observation_that_is_no_picture_is_refused() -> None:
    with pytest.raises(ValueError, match=r"1 or 3 channels, got shape \(6, 8\)"):
        whole()(moment(picture(1, 6, 8)))


def test_values_go_from_0_to_1_by_default() -> None:
    reward = TorchReward(Sum())
    white = np.full((2, 2, 3), 255, np.uint8)
    assert reward(moment(white)) == pytest.approx(12)
    assert reward.module.batches[0].dtype == torch.float32


def test_pictures_have_the_type_of_the_modules_weights() -> None:
    module = Sum()
    module.register_buffer("weights", torch.zeros(1, dtype=torch.bfloat16))
    TorchReward(module)(moment(picture(1)))
    assert module.batches[0].dtype == torch.bfloat16


def test_a_preparation_of_ones_own_is_given_bytes() -> None:
    seen: list[Any] = []

    def prepare(pictures: Any) -> Any:
        seen.append(pictures)
        return pictures[:, :1]

    reward = TorchReward(Sum(), prepare=prepare)
    assert reward(moment(picture(1))) == picture(1)[..., 0].sum(dtype=np.float64)
    assert seen[0].dtype == torch.uint8


def test_a_frame_can_be_shown_at_a_size_of_its_own() -> None:
    reward = whole(sees={"size": (2, 4), "gray": True})
    reward(moment("not looked at", frame=shown(picture(1))))
    assert tuple(reward.module.batches[0].shape) == (1, 1, 2, 4)


def test_a_frame_is_shown_at_the_models_own_size_which_the_first_one_fixes() -> None:
    reward = whole(sees={})
    assert reward(moment(frame=shown(picture(1)))) == picture(1).sum(dtype=np.float64)
    reward(moment(frame=shown(picture(1, 12, 16, 3))))
    assert [tuple(batch.shape) for batch in reward.module.batches] == [(1, 3, 6, 8)] * 2


def test_threads_that_see_frames_at_the_same_time_do_not_share_a_converter() -> None:
    reward = whole(sees={"size": (8, 8)})
    flat = [shown(np.full((40, 60, 3), value, np.uint8)) for value in range(4)]
    seen: list[set[int]] = [set() for _ in flat]

    def look(index: int) -> None:
        for _ in range(200):
            seen[index].update(np.unique(reward.see(moment(frame=flat[index]))).tolist())

    threads = [threading.Thread(target=look, args=(index,)) for index in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert seen == [{0}, {1}, {2}, {3}]


def test_a_frame_that_is_needed_and_not_there_is_missed() -> None:
    with pytest.raises(ValueError, match="`sees` needs the frame of the step"):
        whole(sees={})(moment(picture(1)))


# -- how it is asked ----------------------------------------------------------------------------


def test_a_frame_that_was_returned_before_gives_nothing_and_is_not_shown() -> None:
    reward = whole()
    assert reward(moment(picture(1), repeated=True)) == 0.0
    assert reward.module.batches == []


def test_several_pictures_take_one_pass() -> None:
    reward = whole()
    pictures = [picture(seed) for seed in range(5)]
    values = reward.batch([reward.see(moment(one)) for one in pictures])
    assert values == [one.sum(dtype=np.float64) for one in pictures]
    assert len(reward.module.batches) == 1


def test_the_module_is_in_eval_mode_and_no_gradient_is_kept() -> None:
    net = Net().train()
    reward = TorchReward(net)
    first = reward(moment(picture(1)))
    assert not net.training
    net.train()
    assert reward(moment(picture(1))) == first
    made: list[Any] = []
    net.register_forward_hook(lambda *given: made.append(given[-1]))
    reward(moment(picture(1)))
    assert not made[0].requires_grad


def test_a_method_can_be_asked_instead_of_the_module() -> None:
    net = Net().eval()
    direct = TorchReward(net)(moment(picture(1)))
    asked = TorchReward(
        net,
        method="compute_reward",
        prepare=lambda pictures: {"observation.image": pictures.float() / 255},
    )
    assert asked(moment(picture(1))) == pytest.approx(direct, abs=1e-6)


def test_a_column_of_numbers_is_as_good_as_a_row() -> None:
    reward = TorchReward(Sum(column=True), scale=1.0, dtype=torch.float64)
    gray = picture(1, 6, 8, 1)
    assert reward(moment(gray)) == gray.sum(dtype=np.float64)


@pytest.mark.parametrize(
    ("made", "got"),
    [
        (torch.zeros(2, 3), r"shape \(2, 3\)"),
        (torch.zeros(1), r"shape \(1,\)"),
        (torch.tensor(0.0), r"shape \(\)"),
        ([0.0, 0.0], "<class 'list'>"),
    ],
)
def test_a_module_must_return_one_number_for_each_frame(made: Any, got: str) -> None:
    reward = TorchReward(Returns(made))
    two = [reward.see(moment(picture(seed))) for seed in (1, 2)]
    with pytest.raises(ValueError, match=rf"must return one number per frame, \(2,\), got {got}"):
        reward.batch(two)


def test_it_is_one_part_of_a_sum() -> None:
    total = FrameReward() + 0.5 * whole()
    assert total(moment(picture(1), world=2.0)) == 2.0 + 0.5 * picture(1).sum(dtype=np.float64)


def test_a_module_is_moved_once_and_not_before_it_is_needed() -> None:
    class Moved(Sum):
        def to(self, *given: Any, **_: Any) -> Any:
            moves.append(given)
            return self

    moves: list[Any] = []
    reward = TorchReward(Moved(), device="cpu")
    assert moves == []
    reward(moment(picture(1)))
    reward(moment(picture(2)))
    assert moves == [("cpu",)]


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA device")
def test_arrays_are_taken_to_a_module_on_a_gpu() -> None:
    assert whole(device="cuda")(moment(picture(1))) == picture(1).sum(dtype=np.float64)
    net = Net().eval()
    here = TorchReward(net)(moment(picture(1)))
    assert TorchReward(net, device="cuda")(moment(picture(1))) == pytest.approx(here, abs=1e-3)


# -- copies -------------------------------------------------------------------------------------


def test_a_copy_shares_the_module_and_a_pickle_has_its_own() -> None:
    reward = TorchReward(Net().eval(), sees={"size": (6, 8)})
    frame = shown(picture(1))
    value = reward(moment(frame=frame))
    assert copy.deepcopy(reward) is reward
    again = pickle.loads(pickle.dumps(2 * reward))
    assert again(moment(frame=frame)) == 2 * value


def test_torch_is_not_imported_before_it_is_needed() -> None:
    script = (
        "import sys; from reactor_env.rewards import TorchReward; assert 'torch' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", script], check=True)


# -- arguments ----------------------------------------------------------------------------------


def test_what_is_no_module_is_refused() -> None:
    function: Any = torch.sum
    with pytest.raises(TypeError, match=r"`module` must be a torch\.nn\.Module, got"):
        TorchReward(function)


def test_a_method_that_is_not_there_is_refused() -> None:
    with pytest.raises(ValueError, match="`method` must be a method of Sum, got 'score'"):
        TorchReward(Sum(), method="score")


def test_a_preparation_and_a_scale_do_not_go_together() -> None:
    with pytest.raises(ValueError, match="give either `prepare` or `scale` and `dtype`"):
        TorchReward(Sum(), prepare=lambda pictures: pictures, scale=1.0)
