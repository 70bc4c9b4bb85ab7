from __future__ import annotations

from typing import Any

import av
import numpy as np
import pytest
from av.video.plane import VideoPlane
from hypothesis import given, settings
from hypothesis import strategies as st
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
@settings(deadline=None, max_examples=40)
@given(
    seed=st.integers(0, 99),
    own=st.tuples(st.integers(4, 40), st.integers(4, 40)),
    size=st.none() | st.tuples(st.integers(1, 80), st.integers(1, 80)),
)
def test_channels_first_is_the_same_picture_at_any_size(
    source: Any, seed: int, own: tuple[int, int], size: tuple[int, int] | None
) -> None:
    height, width = (2 * n for n in own)  # as every codec's
    blocks = np.random.default_rng(seed).integers(0, 256, (height // 2, width // 2, 3), np.uint8)
    frame = source(blocks.repeat(2, axis=0).repeat(2, axis=1))
    first = observe(frame, channels_first=True, size=size).astype(int)
    last = observe(frame, size=size).astype(int)
    np.testing.assert_allclose(first.transpose(1, 2, 0), last, atol=1)


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


@SOURCES
@pytest.mark.parametrize("channels_first", [False, True])
@pytest.mark.parametrize("size", [(84, 84), (45, 80), (90, 160)])
def test_scaling_down_keeps_colours_where_they_are(
    source: Any, channels_first: bool, size: tuple[int, int]
) -> None:
    random = np.random.default_rng(4)
    cells = random.integers(0, 256, (90, 160, 3), np.uint8)
    picture = cells.repeat(4, axis=0).repeat(4, axis=1)
    made = observe(source(picture), size=size, channels_first=channels_first)
    made = made.transpose(1, 2, 0) if channels_first else made
    exact = area_mean(source(picture).rgb.astype(np.float64), size)
    # Of the colours alone: half their resolution would be off by 18 on average.
    assert np.abs(made - exact).mean() < 2
    assert np.abs(made - exact).max() < 10


def area_mean(picture: Any, size: tuple[int, int]) -> Any:
    """Average over exactly the area of each pixel."""

    def weights(many: int, few: int) -> Any:
        edges = np.arange(few + 1) * many / few
        cells = np.arange(many)
        upper = np.minimum(edges[1:, None], cells + 1)
        lower = np.maximum(edges[:-1, None], cells)
        return np.maximum(upper - lower, 0) * few / many

    rows, columns = (weights(many, few) for many, few in zip(picture.shape, size, strict=False))
    return np.einsum("hH,HWc,wW->hwc", rows, picture, columns, optimize=True)


# -- colours ------------------------------------------------------------------------------------

RED = (255, 0, 0)
BT709, BT601, UNSAID = 1, 6, 2
LIMITED, FULL = 1, 2


@pytest.mark.parametrize(
    ("yuv", "colorspace", "color_range"),
    [
        ((81, 90, 240), UNSAID, 0),
        ((81, 90, 240), BT601, LIMITED),
        ((63, 102, 240), BT709, LIMITED),
        ((76, 85, 255), BT601, FULL),
        ((54, 99, 255), BT709, FULL),
    ],
    ids=["as WebRTC leaves it", "BT.601", "BT.709", "BT.601, full", "BT.709, full"],
)
@pytest.mark.parametrize("options", [{}, {"channels_first": True}])
@pytest.mark.parametrize("size", [None, (8, 8)])
def test_colours_are_those_of_the_frames_matrix_and_range(
    yuv: tuple[int, int, int],
    colorspace: int,
    color_range: int,
    options: dict[str, Any],
    size: tuple[int, int] | None,
) -> None:
    frame = flat(yuv, colorspace, color_range)
    made = observe(frame, size=size, **options).reshape(3, -1) if options else None
    rgb = made.T if made is not None else observe(frame, size=size).reshape(-1, 3)
    np.testing.assert_allclose(rgb, np.broadcast_to(RED, rgb.shape), atol=4)
    if size is None:
        np.testing.assert_array_equal(rgb, frame.rgb.reshape(-1, 3))


@pytest.mark.parametrize("size", [None, (8, 8)])
@pytest.mark.parametrize(
    ("luma", "color_range", "gray"),
    [(16, LIMITED, 0), (235, LIMITED, 255), (0, FULL, 0), (255, FULL, 255), (126, 0, 128)],
)
def test_gray_covers_the_whole_range(
    luma: int, color_range: int, gray: int, size: tuple[int, int] | None
) -> None:
    made = observe(flat((luma, 128, 128), UNSAID, color_range), gray=True, size=size)
    np.testing.assert_allclose(made.astype(int), gray, atol=1)


@pytest.mark.parametrize("pixel_format", ["yuv420p", "yuvj420p", "yuv444p"])
@pytest.mark.parametrize("channels_first", [False, True])
def test_at_the_models_own_size_it_is_the_frames_own_rgb(
    pixel_format: str, channels_first: bool
) -> None:
    noise = np.random.default_rng(3).integers(0, 256, (HEIGHT, WIDTH, 3), np.uint8)
    frame = received(noise, pixel_format)
    made = observe(frame, channels_first=channels_first)
    made = made.transpose(1, 2, 0) if channels_first else made
    np.testing.assert_array_equal(made, frame.rgb)


def flat(yuv: tuple[int, int, int], colorspace: int, color_range: int) -> VideoFrame:
    """A frame of one colour, as a decoder gives it."""
    image = av.VideoFrame(WIDTH, HEIGHT, "yuv420p")
    for plane, value in zip(image.planes, yuv, strict=True):
        plane.update(bytes([value]) * plane.buffer_size)
    image.colorspace, image.color_range = colorspace, color_range
    return VideoFrame(image, None, 0, 1)


# -- sizes that change --------------------------------------------------------------------------


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


@SOURCES
@pytest.mark.parametrize("size", [None, (8, 8), (16, 64)])
@pytest.mark.parametrize(
    "options", [{}, {"gray": True}, {"channels_first": True}, {"tensor": "torch"}]
)
def test_the_next_observations_leave_the_last_ones_alone(
    source: Any, size: tuple[int, int] | None, options: dict[str, Any]
) -> None:
    if "tensor" in options:
        pytest.importorskip("torch")
    converter = Converter(Observation(size=size, **options), (HEIGHT, WIDTH))
    values = range(0, 256, 15)
    made = [converter(source(np.full((HEIGHT, WIDTH, 3), n, np.uint8))) for n in values]
    for one, value in zip(made, values, strict=True):
        np.testing.assert_allclose(np.asarray(one).astype(int), value, atol=3)


@pytest.mark.parametrize("size", [(84, 84), (8, 31), None])
@pytest.mark.parametrize("options", [{}, {"gray": True}, {"channels_first": True}])
def test_an_observation_is_contiguous_and_can_be_written(
    size: tuple[int, int] | None, options: dict[str, Any]
) -> None:
    made = observe(received(colours()), size=size, **options)
    assert made.flags.c_contiguous
    assert made.flags.writeable


@pytest.mark.parametrize("options", [{}, {"gray": True}])
def test_what_swscale_wrote_is_not_copied_where_its_lines_have_no_padding(
    options: dict[str, Any],
) -> None:
    made = observe(received(colours()), size=(16, 64), **options)
    while isinstance(made.base, np.ndarray):
        made = made.base
    assert isinstance(made.base, VideoPlane)


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
    assert tensor.is_contiguous()
    np.testing.assert_array_equal(tensor.numpy(), observe(frame, **options))


# -- arguments ----------------------------------------------------------------------------------


@pytest.mark.parametrize("size", [(0, 8), (8,), (8, 8, 3), (8.0, 8), (-1, 8)])
def test_a_size_that_is_no_height_and_width_is_refused(size: Any) -> None:
    with pytest.raises(ValueError, match=r"`size` must be \(height, width\), two positive"):
        Observation(size=size)


def test_a_device_is_for_tensors() -> None:
    with pytest.raises(ValueError, match="`device` goes with `tensor=\"torch\"`, got 'cuda'"):
        Observation(device="cuda")


def test_an_unknown_kind_of_tensor_is_refused() -> None:
    unknown: Any = "jax"
    with pytest.raises(ValueError, match='`tensor` must be "numpy" or "torch", got \'jax\''):
        Observation(tensor=unknown)
