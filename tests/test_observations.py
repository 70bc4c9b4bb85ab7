from __future__ import annotations

from typing import Any

import av
import numpy as np
import pytest
from numpy.typing import NDArray

from reactor_env.client.video import VideoFrame
from reactor_env.observations import Converter, Observation

HEIGHT, WIDTH = 32, 48
Picture = NDArray[np.uint8]


def colours() -> Picture:
    """Four flat quarters, each of another colour: top left red, then green, blue, white."""
    picture = np.zeros((HEIGHT, WIDTH, 3), np.uint8)
    picture[: HEIGHT // 2, : WIDTH // 2] = (255, 0, 0)
    picture[: HEIGHT // 2, WIDTH // 2 :] = (0, 255, 0)
    picture[HEIGHT // 2 :, : WIDTH // 2] = (0, 0, 255)
    picture[HEIGHT // 2 :, WIDTH // 2 :] = (255, 255, 255)
    return picture


def received(picture: Picture, pixel_format: str = "yuv420p") -> VideoFrame:
    """A frame as a decoder gives it."""
    image = av.VideoFrame.from_ndarray(picture, format="rgb24").reformat(format=pixel_format)
    return VideoFrame(image, None, 0, 1)


def stepped(picture: Picture) -> VideoFrame:
    """A frame as a stepped session gives it: read-only."""
    picture = picture.copy()
    picture.flags.writeable = False
    return VideoFrame(picture, None, 0, 1)


SOURCES = pytest.mark.parametrize("source", [received, stepped])


def observe(frame: VideoFrame, **options: Any) -> Any:
    size = (frame.height, frame.width)
    observation = Observation(**options)
    made = Converter(observation, size)(frame)
    if observation.tensor == "numpy":
        assert observation.space(size).contains(made)
    return made


# -- shapes and values --------------------------------------------------------------------------


@SOURCES
def test_by_default_an_observation_is_the_models_own_picture(source: Any) -> None:
    made = observe(source(colours()))
    assert made.shape == (HEIGHT, WIDTH, 3)
    for row, column in ((4, 4), (4, 44), (28, 4), (28, 44)):
        np.testing.assert_allclose(
            made[row, column].astype(int), colours()[row, column].astype(int), atol=8
        )


def test_a_stepped_picture_is_kept_exactly() -> None:
    picture = np.random.default_rng(0).integers(0, 256, (HEIGHT, WIDTH, 3), np.uint8)
    np.testing.assert_array_equal(observe(stepped(picture)), picture)


@SOURCES
@pytest.mark.parametrize(
    ("options", "shape"),
    [
        ({"size": (16, 24)}, (16, 24, 3)),
        ({"size": (64, 96)}, (64, 96, 3)),
        ({"size": (17, 31)}, (17, 31, 3)),
        ({"gray": True}, (HEIGHT, WIDTH, 1)),
        ({"channels_first": True}, (3, HEIGHT, WIDTH)),
        ({"gray": True, "channels_first": True, "size": (7, 5)}, (1, 7, 5)),
    ],
)
def test_an_observation_has_the_shape_that_was_asked_for(
    source: Any, options: dict[str, Any], shape: tuple[int, ...]
) -> None:
    assert observe(source(colours()), **options).shape == shape


@SOURCES
def test_channels_first_is_the_same_picture(source: Any) -> None:
    frame = source(colours())
    first = observe(frame, channels_first=True)
    assert first.flags.c_contiguous
    np.testing.assert_array_equal(first.transpose(1, 2, 0), observe(frame))


@SOURCES
def test_gray_is_luma_in_the_full_range(source: Any) -> None:
    made = observe(source(colours()), gray=True)[..., 0]
    black = observe(source(np.zeros((HEIGHT, WIDTH, 3), np.uint8)), gray=True)
    # BT.601: 0.299 R + 0.587 G + 0.114 B
    np.testing.assert_allclose(
        [
            int(made[4, 4]),
            int(made[4, 44]),
            int(made[28, 4]),
            int(made[28, 44]),
            int(black[0, 0, 0]),
        ],
        [76, 150, 29, 255, 0],
        atol=4,
    )


@SOURCES
def test_scaling_keeps_the_place_of_everything(source: Any) -> None:
    small = observe(source(colours()), size=(8, 8)).astype(int)
    for row, column, colour in (
        (1, 1, (255, 0, 0)),
        (1, 6, (0, 255, 0)),
        (6, 1, (0, 0, 255)),
        (6, 6, (255, 255, 255)),
    ):
        np.testing.assert_allclose(small[row, column], colour, atol=12)


def test_scaling_down_averages_over_the_whole_area() -> None:
    # One bright pixel in each 8x8 cell, in its corner: sampling would find it or miss it.
    picture = np.zeros((64, 64, 3), np.uint8)
    picture[::8, ::8] = 255
    small = observe(stepped(picture), size=(8, 8)).astype(int)
    np.testing.assert_allclose(small, 255 / 64, atol=1)


def test_scaling_a_checkerboard_gives_its_mean() -> None:
    board = (np.indices((64, 64)).sum(axis=0) % 2 * 255).astype(np.uint8)
    small = observe(stepped(np.repeat(board[..., None], 3, axis=2)), size=(16, 16)).astype(int)
    np.testing.assert_allclose(small, 127.5, atol=2)


def test_frames_may_change_their_size_in_mid_session() -> None:
    converter = Converter(Observation(), (HEIGHT, WIDTH))
    for size in ((HEIGHT, WIDTH), (HEIGHT * 2, WIDTH * 2), (16, 16)):
        picture = np.full((*size, 3), 200, np.uint8)
        for source in (stepped, received):
            made = converter(source(picture))
            assert made.shape == (HEIGHT, WIDTH, 3)
            np.testing.assert_allclose(made.astype(int), 200, atol=3)


# -- memory -------------------------------------------------------------------------------------


@SOURCES
@pytest.mark.parametrize(
    "options", [{}, {"gray": True}, {"size": (8, 8)}, {"channels_first": True}]
)
def test_writing_to_an_observation_leaves_the_frame_alone(
    source: Any, options: dict[str, Any]
) -> None:
    frame = source(colours())
    before = observe(frame).copy()
    observe(frame, **options)[...] = 99
    np.testing.assert_array_equal(observe(frame), before)


def test_writing_to_an_observation_of_an_rgb_frame_leaves_it_alone() -> None:
    frame = received(colours(), "rgb24")
    observe(frame)[...] = 99
    np.testing.assert_array_equal(observe(frame), colours())


def test_the_next_observation_leaves_the_last_one_alone() -> None:
    converter = Converter(Observation(size=(8, 8)), (HEIGHT, WIDTH))
    black = converter(received(np.zeros((HEIGHT, WIDTH, 3), np.uint8)))
    kept = black.copy()
    converter(received(np.full((HEIGHT, WIDTH, 3), 255, np.uint8)))
    np.testing.assert_array_equal(black, kept)


def test_an_observation_outlives_its_frame() -> None:
    made = observe(received(np.full((HEIGHT, WIDTH, 3), 200, np.uint8)), size=(8, 8))
    # Frames that would be given the same memory, were it free.
    for _ in range(20):
        observe(received(np.zeros((HEIGHT, WIDTH, 3), np.uint8)), size=(8, 8))
    np.testing.assert_allclose(made.astype(int), 200, atol=3)


# -- torch --------------------------------------------------------------------------------------


@SOURCES
@pytest.mark.parametrize("options", [{}, {"gray": True, "channels_first": True}, {"size": (8, 8)}])
def test_a_torch_observation_has_the_same_shape_and_values(
    source: Any, options: dict[str, Any]
) -> None:
    torch = pytest.importorskip("torch")
    frame = source(colours())
    tensor = observe(frame, tensor="torch", **options)
    assert tensor.dtype == torch.uint8
    np.testing.assert_array_equal(tensor.numpy(), observe(frame, **options))


# -- arguments ----------------------------------------------------------------------------------


@pytest.mark.parametrize("size", [(0, 8), (8,), (8, 8, 3), (8.0, 8), (-1, 8)])
def test_a_size_that_is_no_height_and_width_is_refused(size: Any) -> None:
    with pytest.raises(ValueError, match=r"`size` must be \(height, width\), two positive"):
        Observation(size=size)


def test_an_unknown_kind_of_tensor_is_refused() -> None:
    unknown: Any = "jax"
    with pytest.raises(ValueError, match='`tensor` must be "numpy" or "torch", got \'jax\''):
        Observation(tensor=unknown)
