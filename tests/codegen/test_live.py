"""A class generated from a running runtime's schema, used on that runtime."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from reactor_env.client import InvalidCommandError
from reactor_env.runtime import LocalRuntime
from tests.codegen.documents import generated

pytestmark = pytest.mark.integration

TIMEOUT_S = 10.0
MODEL = '''
from typing import Literal

from reactor_runtime import (
    InputField, InputState, ModelMessage, Output, ReactorApp, UploadedFile, Video, event,
)


class Painted(ModelMessage):
    """A stroke was painted."""

    colour: str
    points: int
    width: int
    picture: int
    title: str | None = None


class State(InputState):
    width: int = InputField(default=2, ge=1, le=9)
    picture: UploadedFile


class Out(Output):
    main_video: Video


class Painter(ReactorApp):
    """Paints."""

    state: State
    output: Out

    @event(name="step", description="Paint a stroke.")
    async def paint(
        self,
        colour: Literal["red", "blue"],
        points: list[float] = InputField(max_length=4),
        title: str | None = None,
    ) -> Painted:
        picture = self.state.picture
        size = len(picture.data) if picture else 0
        return Painted(colour, len(points), self.state.width, size, title)

    def generate(self, *args, **kwargs):
        return None
'''


@pytest.fixture(scope="module")
def runtime(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalRuntime]:
    folder: Path = tmp_path_factory.mktemp("painter")
    (folder / "model.py").write_text(MODEL)
    (folder / "reactor.yaml").write_text(
        "model:\n  name: painter\nruntime:\n  import: model:Painter\n"
    )
    with LocalRuntime(folder) as runtime:
        yield runtime


def make(runtime: LocalRuntime, **options: Any) -> Any:
    return generated(runtime.schema())(api_url=runtime.url, local=True, **options)


async def first(register: Callable[[Callable[[Any], None]], Any]) -> Any:
    """Return the first value a handler is called with."""
    future: asyncio.Future[Any] = asyncio.get_running_loop().create_future()
    register(lambda value: None if future.done() else future.set_result(value))
    async with asyncio.timeout(TIMEOUT_S):
        return await future


async def test_methods_are_answered_by_the_model(runtime: LocalRuntime) -> None:
    async with make(runtime) as painter:
        await painter.connect()
        assert await painter.set_width(5) is None
        await painter.set_picture(await painter.upload_file(b"1234567", name="a.png"))
        reply = await painter.step_(colour="red", points=(1, 2, 3))
    assert reply == {
        "type": "painted",
        "data": {"colour": "red", "points": 3, "width": 5, "picture": 7, "title": None},
    }


@pytest.mark.parametrize("wire", ["protobuf", "json"])
async def test_handlers_get_the_data_of_their_message(runtime: LocalRuntime, wire: str) -> None:
    async with make(runtime, wire=wire) as painter:
        await painter.connect()
        arrived = asyncio.ensure_future(first(painter.on_painted))
        await asyncio.sleep(0)
        await painter.step_(colour="blue", points=[], title="t")
        data = await arrived
    assert (data["colour"], data["title"], type(data["points"])) == ("blue", "t", float)


@pytest.mark.parametrize("wire", ["protobuf", "json"])
async def test_what_the_model_would_refuse_is_refused_here(
    runtime: LocalRuntime, wire: str
) -> None:
    async with make(runtime, wire=wire) as painter:
        await painter.connect()
        for points, colour in (([1] * 5, "red"), ([1], "green")):
            with pytest.raises(InvalidCommandError):
                await painter.step_(colour=colour, points=points)
