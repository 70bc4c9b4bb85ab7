from __future__ import annotations

from collections.abc import Callable
from typing import Any

import av
import numpy as np
import pytest

from reactor_env.client.video import VideoFrame
from reactor_env.observations import Converter, Observation
from reactor_env.observations.staging import Staging

SHAPE = (3, 4, 6)


class HostArray:
    """A host tensor whose memory is an array."""

    def __init__(self) -> None:
        self.array = np.zeros(SHAPE, np.uint8)

    def numpy(self) -> Any:
        return self.array


class SlowDevice:
    """Reads a host buffer only when somebody waits for the copy, as late as a device may."""

    def __init__(self) -> None:
        self.buffers: list[HostArray] = []
        self.unread: list[tuple[HostArray, Any]] = []

    def allocate(self) -> HostArray:
        self.buffers.append(HostArray())
        return self.buffers[-1]

    def send(self, buffer: HostArray) -> tuple[Any, Callable[[], None]]:
        sent = np.full(SHAPE, 255, np.uint8)
        copy = (buffer, sent)
        self.unread.append(copy)

        def wait() -> None:
            if copy in self.unread:
                # Copies of one stream are done in order.
                for _ in range(self.unread.index(copy) + 1):
                    source, target = self.unread.pop(0)
                    target[...] = source.array

        return sent, wait


def writing(value: int) -> Callable[[Any], None]:
    def write(out: Any) -> None:
        out[...] = value

    return write


def test_no_buffer_is_written_before_its_copy_was_read() -> None:
    device = SlowDevice()
    staging = Staging(device.allocate, device.send)
    sent = []
    for value in range(20):
        sent.append(staging(writing(value)))
        assert len(device.unread) <= 2
    while device.unread:
        source, target = device.unread.pop(0)
        target[...] = source.array
    assert [np.unique(one).tolist() for one in sent] == [[value] for value in range(20)]


def test_one_copy_may_be_under_way_while_the_next_is_written() -> None:
    device = SlowDevice()
    staging = Staging(device.allocate, device.send)
    staging(writing(1))
    staging(writing(2))
    assert len(device.unread) == 2, "nobody waited"
    assert len(device.buffers) == 2
    staging(writing(3))
    assert len(device.unread) == 2, "the first copy was waited for, and no other"


def test_a_copy_is_waited_for_once() -> None:
    waits: list[int] = []

    def send(buffer: Any) -> tuple[Any, Callable[[], None]]:
        number = int(buffer.array[0, 0, 0])
        return number, lambda: waits.append(number)

    staging = Staging(HostArray, send)
    assert [staging(writing(value)) for value in range(5)] == [0, 1, 2, 3, 4]
    assert waits == [0, 1, 2]


def test_an_error_while_writing_leaves_the_buffers_usable() -> None:
    device = SlowDevice()
    staging = Staging(device.allocate, device.send)

    def fail(out: Any) -> None:
        raise ValueError("no frame")

    staging(writing(1))
    with pytest.raises(ValueError, match="no frame"):
        staging(fail)
    sent = [staging(writing(value)) for value in (2, 3, 4)]
    while device.unread:
        source, target = device.unread.pop(0)
        target[...] = source.array
    assert [int(one[0, 0, 0]) for one in sent] == [2, 3, 4]


@pytest.mark.parametrize(
    "options",
    [{}, {"channels_first": True}, {"gray": True}, {"gray": True, "channels_first": True}],
)
@pytest.mark.parametrize("size", [None, (8, 10)])
def test_a_converter_writes_what_it_would_return_into_the_buffer(
    options: dict[str, Any], size: tuple[int, int] | None
) -> None:
    torch = pytest.importorskip("torch")
    shapes: list[Any] = []

    def stage(shape: Any, device: Any) -> Staging:
        shapes.append((shape, device.type))
        return Staging(
            lambda: torch.empty(tuple(shape), dtype=torch.uint8),
            lambda buffer: (buffer.clone(), lambda: None),
        )

    wanted = Observation(size=size, **options, tensor="torch", device="cuda")
    there = Converter(wanted, (32, 48), stage=stage)
    here = Converter(Observation(size=size, **options), (32, 48))
    received = [frame(seed) for seed in range(5)]
    made = [there(one) for one in received]
    for one, source in zip(made, received, strict=True):
        np.testing.assert_array_equal(one.numpy(), here(source))
    assert shapes == [(wanted.shape((32, 48)), "cuda")], "one staging for all"


def frame(seed: int) -> VideoFrame:
    """A frame as a decoder gives it."""
    pixels = np.random.default_rng(seed).integers(0, 256, (32, 48, 3), np.uint8)
    image = av.VideoFrame.from_ndarray(pixels, format="rgb24").reformat(format="yuv420p")
    return VideoFrame(image, None, 0, 1)


def _cuda() -> bool:
    torch = pytest.importorskip("torch")
    return bool(torch.cuda.is_available())


@pytest.mark.parametrize(
    "options",
    [{}, {"channels_first": True}, {"gray": True}, {"size": (9, 7), "channels_first": True}],
)
def test_observations_on_a_gpu_are_those_on_the_cpu(options: dict[str, Any]) -> None:
    if not _cuda():
        pytest.skip("needs a CUDA device")
    frames = [frame(seed) for seed in range(50)]
    here = Converter(Observation(**options), (32, 48))
    there = Converter(Observation(**options, tensor="torch", device="cuda"), (32, 48))
    made = [there(one) for one in frames]
    assert all(one.device.type == "cuda" for one in made)
    for one, source in zip(made, frames, strict=True):
        np.testing.assert_array_equal(one.cpu().numpy(), here(source))
