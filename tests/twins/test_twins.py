"""What all twins have in common: the documented schema, and how they are told to be difficult."""

from __future__ import annotations

import pytest

from reactor_env.client import Command
from reactor_env.client.errors import ReactorClientError
from reactor_env.client.schema import CommandSchema, FieldSchema, ModelSchema
from reactor_env.client.schema_reader import parse_schema
from reactor_env.codegen.bundled import SCHEMAS
from reactor_env.codegen.compact import read_compact
from tests.twins.fixtures import NAMES, TwinRuntime, twin_folder
from tests.twins.picture import is_black
from tests.twins.viewer import watch

pytestmark = pytest.mark.integration

HOSTED = ("helios", "lingbot", "lingbot_world_2", "x2")


def documented(name: str) -> ModelSchema:
    return parse_schema(read_compact((SCHEMAS / f"{name}.toml").read_text()))


def essence(field: FieldSchema) -> tuple[object, ...]:
    """Return what a client depends on."""
    inner = field.items
    return (
        *(field.type, field.required, field.minimum, field.maximum, field.choices),
        *(field.min_length, field.max_length, inner.type if inner is not None else None),
    )


def fields(command: CommandSchema) -> dict[str, tuple[object, ...]]:
    return {name: essence(field) for name, field in command.fields.items()}


def check_command(found: CommandSchema, wanted: CommandSchema) -> None:
    if not wanted.open:
        assert fields(found) == fields(wanted), wanted.name
    for field in wanted.fields.values():
        if field.default is not None:
            assert found.fields[field.name].default == field.default
    if wanted.reply_message:
        assert found.reply_message == wanted.reply_message


@pytest.mark.parametrize("name", NAMES)
async def test_a_twin_publishes_the_documented_schema(name: str, twin_runtime: TwinRuntime) -> None:
    runtime = twin_runtime(name)
    published = parse_schema(runtime.schema())
    wanted = documented(name)
    assert published.name == wanted.name
    assert set(published.tracks) == set(wanted.tracks)
    assert published.commands.keys() == wanted.commands.keys()
    for command in wanted.commands.values():
        check_command(published.commands[command.name], command)
    assert published.messages.keys() == wanted.messages.keys()
    for message in wanted.messages.values():
        found = published.messages[message.name].fields
        for field in message.fields.values():
            assert field.type in ("any", found[field.name].type), (message.name, field.name)

    # Here, because the runtime is there: a hosted model is not stepped.
    if name in HOSTED:
        with pytest.raises(ReactorClientError, match="stepped"):
            async with watch(runtime, name, generation="stepped"):
                pass


def test_an_unknown_twin_is_refused_by_name() -> None:
    with pytest.raises(ValueError, match=r"`name` must be one of alayaworld, .* got 'sora'"):
        twin_folder("sora")


async def test_a_run_can_begin_black_and_change_its_size(twin_runtime: TwinRuntime) -> None:
    runtime = twin_runtime("matrix_game_2", black_first=True, resize_at=2)
    async with watch(runtime, "matrix_game_2", generation="stepped") as viewer:
        replies = [await viewer.reactor.step([Command("random_image", {})])]
        replies += [await viewer.reactor.step() for _ in range(2)]
    chunks = [[frame.array for frame in reply.tracks["main_video"]] for reply in replies]
    assert [is_black(frame) for frame in chunks[0]] == [True, False, False]
    assert not any(is_black(frame) for frame in chunks[1])
    assert [chunk[0].shape for chunk in chunks] == [(88, 160, 3), (88, 160, 3), (132, 240, 3)]
