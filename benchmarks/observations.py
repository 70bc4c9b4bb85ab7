"""Time of one decoded frame into one observation: this package's way beside what users write.

The ways take turns on the same frames, in another order every round: random rectangles over a
gradient, as YUV 4:2:0 at 1664x960, the size of hosted LingBot. What is timed is the whole
conversion, from the frame as the decoder gives it to a uint8 array or tensor of its own; nothing is
timed with other threads at work, but OpenCV and torch may start some of their own, so that the
processor time is told beside the time that passes.

How far a way is from right is told, too: the mean difference, of 255, to the frame's RGB or luma
by the formulas of BT.601, without rounding, averaged over exactly the area of each pixel.

    python benchmarks/observations.py --out benchmarks/reports/observations

Needs ``pip install "reactor-env[torch]" opencv-python-headless``.
"""

from __future__ import annotations

import statistics
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from importlib import import_module
from pathlib import Path
from typing import Any

import av
import gymnasium as gym
import numpy as np
import torch
import tyro
from gymnasium.wrappers import GrayscaleObservation, ResizeObservation
from rich.progress import Progress

from reactor_env import Observation
from reactor_env.client.video import VideoFrame
from reactor_env.latency.report import Load, machine_line, run_benchmark
from reactor_env.observations import Converter

PACKAGES = ("av", "numpy", "torch", "opencv-python-headless", "gymnasium")
OWN = (960, 1664)
SIZES = {"84x84": (84, 84), "640x360": (360, 640), "1280x720": (720, 1280), "own": OWN}

OURS = "reactor_env"
OPENCV = "PyAV, OpenCV"
GYMNASIUM = "PyAV, Gymnasium's wrappers"
PYAV = "PyAV's own scaling"

ARRAY, TENSOR, GRAY = "(H, W, 3) array", "(3, H, W) tensor", "(H, W, 1) gray array"

Size = tuple[int, int]
Convert = Callable[[av.VideoFrame], Any]


@dataclass
class Args:
    """What to measure."""

    rounds: int = 7
    """How often the ways take turns."""
    frames: int = 40
    """Frames converted in each turn, after some that are thrown away."""
    sizes: tuple[str, ...] = tuple(SIZES)
    """Sizes of the observation, width by height; ``own`` is that of the frames, 1664x960."""
    out: Path | None = None
    """Where to write ``<out>.json`` and ``<out>.md``; nowhere by default."""


@dataclass
class Way:
    """What one way took and made.

    Attributes:
        wall_ms: The times of its frames, one list per round.
        cpu_ms: The processor time per frame of each round, on all threads.
        error: The mean difference from the exact picture, of 255.
    """

    wall_ms: list[list[float]] = field(default_factory=list)
    cpu_ms: list[float] = field(default_factory=list)
    error: float = 0.0


Results = dict[str, dict[str, dict[str, Way]]]
"""Ways by kind of observation, size and name."""


# -- ways ---------------------------------------------------------------------------------------


def ours(**options: Any) -> Callable[[Size], Convert]:
    """Return what makes this package's way at a size."""

    def at(size: Size) -> Convert:
        converter = Converter(Observation(size=size, **options), OWN)
        return lambda image: converter(VideoFrame(image, None, 0, 1))

    return at


def opencv(size: Size) -> Convert:
    """Convert at the frame's own size, then resize."""
    cv2 = import_module("cv2")

    def convert(image: av.VideoFrame) -> Any:
        array = image.to_ndarray(format="rgb24")
        if size == OWN:
            return array
        return cv2.resize(array, size[::-1], interpolation=cv2.INTER_AREA)

    return convert


def opencv_gray(size: Size) -> Convert:
    """Convert at the frame's own size, resize, then leave out the colours."""
    cv2 = import_module("cv2")
    rgb = opencv(size)
    return lambda image: cv2.cvtColor(rgb(image), cv2.COLOR_RGB2GRAY)[:, :, None]


def wrappers(size: Size) -> Convert:
    """Convert at the frame's own size, then resize by Gymnasium's wrapper."""
    wrapper = ResizeObservation(Pictures(), size)
    if size == OWN:
        return lambda image: image.to_ndarray(format="rgb24")
    return lambda image: wrapper.observation(image.to_ndarray(format="rgb24"))


def wrappers_gray(size: Size) -> Convert:
    """Convert at the frame's own size, resize, and leave out the colours, by wrappers."""
    rgb = wrappers(size)
    wrapper = GrayscaleObservation(ResizeObservation(Pictures(), size), keep_dim=True)
    return lambda image: wrapper.observation(rgb(image))


def pyav(size: Size) -> Convert:
    """Convert and resize at once, with PyAV's defaults."""
    height, width = size
    return lambda image: image.to_ndarray(width=width, height=height, format="rgb24")


def tensor(way: Callable[[Size], Convert]) -> Callable[[Size], Convert]:
    """Make a tensor with its channels first of a way's array, as users do before a CNN."""

    def at(size: Size) -> Convert:
        convert = way(size)
        return lambda image: torch.from_numpy(convert(image)).permute(2, 0, 1).contiguous()

    return at


class Pictures(gym.Env[Any, Any]):
    """Stands in for the environment that Gymnasium's wrappers are put around."""

    observation_space = gym.spaces.Box(0, 255, (*OWN, 3), np.uint8)
    action_space = gym.spaces.Discrete(2)


WAYS: dict[str, dict[str, Callable[[Size], Convert]]] = {
    ARRAY: {OURS: ours(), OPENCV: opencv, GYMNASIUM: wrappers, PYAV: pyav},
    TENSOR: {
        OURS: ours(channels_first=True, tensor="torch"),
        OPENCV: tensor(opencv),
        GYMNASIUM: tensor(wrappers),
        PYAV: tensor(pyav),
    },
    GRAY: {OURS: ours(gray=True), OPENCV: opencv_gray, GYMNASIUM: wrappers_gray},
}


# -- pictures -----------------------------------------------------------------------------------


def pictures(count: int) -> list[av.VideoFrame]:
    """Return frames as a decoder gives them."""
    random = np.random.default_rng(1)
    height, width = OWN
    rows, columns = np.mgrid[0:height, 0:width]
    made = []
    for _ in range(count):
        picture = np.stack([rows * 255 // height, columns * 255 // width, rows * 0 + 90], axis=2)
        for top, left in zip(
            random.integers(0, height, 600), random.integers(0, width, 600), strict=True
        ):
            tall, wide = random.integers(4, 80, 2)
            picture[top : top + tall, left : left + wide] = random.integers(0, 256, 3)
        frame = av.VideoFrame.from_ndarray(picture.astype(np.uint8), format="rgb24")
        made.append(frame.reformat(format="yuv420p"))
    return made


def exact(image: av.VideoFrame, size: Size, *, gray: bool) -> Any:
    """Return what is right, (H, W, C) float: BT.601 without rounding, averaged over each pixel."""
    luma, blue, red = (
        np.frombuffer(plane, np.uint8).reshape(plane.height, -1)[:, : plane.width].astype(float)
        for plane in image.planes
    )
    blue, red = ((one.repeat(2, axis=0).repeat(2, axis=1) - 128) / 224 for one in (blue, red))
    luma = (luma - 16) / 219
    green = luma - 0.344136 * blue - 0.714136 * red
    channels = [luma] if gray else [luma + 1.402 * red, green, luma + 1.772 * blue]

    def weights(many: int, few: int) -> Any:
        edges = np.arange(few + 1) * many / few
        cells = np.arange(many)
        upper = np.minimum(edges[1:, None], cells + 1)
        lower = np.maximum(edges[:-1, None], cells)
        return np.maximum(upper - lower, 0) * few / many

    down, across = weights(OWN[0], size[0]), weights(OWN[1], size[1])
    return np.stack([down @ (255 * one.clip(0, 1)) @ across.T for one in channels], axis=2)


def pixels(made: Any) -> Any:
    """Return an observation as (H, W, C)."""
    return made.permute(1, 2, 0).numpy() if isinstance(made, torch.Tensor) else made


# -- measuring ----------------------------------------------------------------------------------


def turn(convert: Convert, images: list[av.VideoFrame], frames: int, way: Way) -> None:
    """Let one way convert frames."""
    for image in images:
        convert(image)
    times = []
    cpu = time.process_time()
    for number in range(frames):
        image = images[number % len(images)]
        begin = time.perf_counter()
        convert(image)
        times.append(1e3 * (time.perf_counter() - begin))
    way.cpu_ms.append(1e3 * (time.process_time() - cpu) / frames)
    way.wall_ms.append(times)


def measure(args: Args) -> Results:
    """Let the ways take turns."""
    images = pictures(6)
    results: Results = {kind: {} for kind in WAYS}
    with Progress(transient=True) as progress:
        bar = progress.add_task(
            "converting", total=args.rounds * len(args.sizes) * sum(map(len, WAYS.values()))
        )
        for kind, made in WAYS.items():
            for name in args.sizes:
                size = SIZES[name]
                converts = {way: make(size) for way, make in made.items()}
                ways = results[kind][name] = {way: Way() for way in made}
                right = exact(images[0], size, gray=kind == GRAY)
                for way, convert in converts.items():
                    ways[way].error = float(np.abs(pixels(convert(images[0])) - right).mean())
                order = deque(converts)
                for _ in range(args.rounds):
                    for way in order:
                        turn(converts[way], images, args.frames, ways[way])
                        progress.advance(bar)
                    order.rotate(1)
    return results


# -- the report ---------------------------------------------------------------------------------


def row(kind: str, size: str, name: str, ways: dict[str, Way]) -> str:
    """Write one line of the table."""
    medians = {way: [statistics.median(times) for times in ways[way].wall_ms] for way in ways}
    mine = medians[name]
    ratios = [own / other for own, other in zip(mine, medians[OURS], strict=True)]
    work = [own / other for own, other in zip(ways[name].cpu_ms, ways[OURS].cpu_ms, strict=True)]
    p95 = float(np.percentile(np.concatenate(ways[name].wall_ms), 95))
    return (
        f"| {kind} | {size} | {name} | {statistics.median(mine):.2f} "
        f"({min(mine):.2f} to {max(mine):.2f}) | {p95:.2f} "
        f"| {statistics.median(ways[name].cpu_ms):.2f} | {statistics.median(ratios):.1f} "
        f"| {statistics.median(work):.1f} | {ways[name].error:.2f} |"
    )


def markdown(results: Results, args: Args, load: Load) -> str:
    """Write the report.

    Args:
        results: What was measured.
        args: How.
        load: The load average before and after.
    """
    lines = [
        f"# One frame into one observation, {args.rounds} rounds of {args.frames} frames",
        "",
        f"{machine_line(PACKAGES, load)} (the benchmark itself included).",
        "",
        "Frames of 1664x960, YUV 4:2:0, into uint8. The ways took turns, in another order every",
        "round. The error is the mean difference, of 255, to the frame's RGB or luma by the",
        "formulas of BT.601, averaged over exactly the area of each pixel; rounding alone gives",
        "0.25. The processor time is that of all threads; where the machine has other work, as its",
        "load tells, it is the one to compare.",
        "",
        "| observation | size | way | p50 ms (range over rounds) | p95 ms | processor, ms "
        "| p50 relative to reactor_env | processor, relative | error |",
        "|---|---|---|---|---|---|---|---|---|",
    ]
    for kind, sizes in results.items():
        for size, ways in sizes.items():
            lines += [row(kind, size, name, ways) for name in ways]
    lines += [
        "",
        'PyAV\'s own scaling is what `frame.to_ndarray(width=..., height=..., format="rgb24")`',
        "does: bilinear, and one colour for every two pixels of a row. `own` is the frame's own",
        "size, where nobody has anything to resize; the conversion that swscale has for it is off",
        "by 1 to 1.5, also in the frames that OpenCV and Gymnasium resize. Gymnasium's gray has",
        "the weights of BT.709.",
        "",
        "Made by `python benchmarks/observations.py --out benchmarks/reports/observations`.",
        "",
    ]
    return "\n".join(lines)


def data(results: Results) -> dict[str, Any]:
    """Return the report's data, for JSON; times in ms to a tenth of a microsecond."""
    return {
        "ways": [
            {
                "observation": kind,
                "size": size,
                "way": name,
                "error": round(way.error, 3),
                "cpu_ms": [round(value, 4) for value in way.cpu_ms],
                "wall_ms": [[round(value, 4) for value in times] for times in way.wall_ms],
            }
            for kind, sizes in results.items()
            for size, ways in sizes.items()
            for name, way in ways.items()
        ],
    }


def main(args: Args) -> None:
    """Run the benchmark and print the report."""
    run_benchmark(args, PACKAGES, measure, markdown, data)


if __name__ == "__main__":
    main(tyro.cli(Args))
