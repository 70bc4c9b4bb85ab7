from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from reactor_env.client.schema import FieldSchema
from reactor_env.client.schema_reader import parse_schema
from reactor_env.codegen import SchemaError
from reactor_env.codegen.compact import read_compact

MODEL = '''
from typing import Literal

from reactor_runtime import (
    Audio, Input, InputField, MessageField, ModelMessage, Output, ReactorApp, UploadedFile, Video,
    event,
)


class SeedSet(ModelMessage):
    """The seed was set."""

    seed: int = MessageField(description="The seed.")
    note: str | None = None


class Ticked(ModelMessage):
    pass


class In(Input):
    camera: Video


class Out(Output):
    main_video: Video
    main_audio: Audio


class Painter(ReactorApp):
    """Paints."""

    input: In
    output: Out

    @event(name="set_seed", description="Choose the seed.")
    async def set_seed(self, seed: int = InputField(default=42, ge=0)) -> SeedSet:
        return SeedSet(seed=seed)

    @event(name="paint")
    async def paint(
        self,
        colour: Literal["red", "blue"],
        image: UploadedFile,
        text: str = InputField(max_length=9, description="What.", moderate=True),
        points: list[float] = InputField(min_length=1),
        title: str | None = None,
        scale: float = 1.0,
    ) -> None:
        pass

    def generate(self, *args, **kwargs):
        return None
'''

COMPACT = """
model = "painter"
version = "v1.2.3"
description = "Paints."

[tracks]
camera = "video in"
main_video = "video out"
main_audio = "audio out"

[commands.set_seed]
description = "Choose the seed."
reply = "seed_set"
fields.seed = { type = "integer", default = 42, minimum = 0, x-reactor-moderate = false }

[commands.paint]
[commands.paint.fields]
colour = { type = "string", enum = ["red", "blue"], x-reactor-moderate = false }
image = { type = "upload", x-reactor-moderate = false }
text = { type = "string", maxLength = 9, description = "What.", x-reactor-moderate = true }
points = { type = "number[]", minLength = 1, x-reactor-moderate = false }
title = { type = "string?", optional = true, x-reactor-moderate = false }
scale = { type = "number", default = 1.0, x-reactor-moderate = false }

[messages.seed_set]
description = "The seed was set."
fields.seed = { type = "integer", description = "The seed." }
fields.note = { type = "string?", optional = true }

[messages.ticked]
"""


def fields(text: str) -> dict[str, FieldSchema]:
    document = read_compact(f'model = "m"\n[commands.act]\n{text}')
    return dict(parse_schema(document).commands["act"].fields)


@pytest.mark.integration
def test_the_short_form_stands_for_the_document_the_runtime_renders(tmp_path: Path) -> None:
    (tmp_path / "painter.py").write_text(MODEL)
    (tmp_path / "reactor.yaml").write_text(
        "model:\n  name: painter\nruntime:\n  import: painter:Painter\n"
    )
    command = [sys.executable, "-m", "reactor_runtime.schema", "--path", str(tmp_path)]
    rendered = subprocess.run(
        [*command, "--version", "1.2.3"], capture_output=True, check=True, timeout=60
    )
    theirs, ours = json.loads(rendered.stdout), read_compact(COMPACT)
    # TOML has no null, and the upload's own description is the runtime's.
    del theirs["paths"]["/events/paint"]["post"]["requestBody"]["content"]["application/json"][
        "schema"
    ]["properties"]["title"]["default"]
    del theirs["components"]["schemas"]["SeedSet"]["properties"]["note"]["default"]
    del theirs["components"]["schemas"]["ReactorUploadReference"]["description"]
    del theirs["components"]["schemas"]["ReactorUploadReference"]["properties"]["upload_id"][
        "format"
    ]
    by_name = {track["name"]: track for track in theirs["x-reactor"]["tracks"]}
    theirs["x-reactor"]["tracks"] = [by_name[name] for name in parse_order(ours)]
    assert ours == theirs


def parse_order(document: dict[str, Any]) -> list[str]:
    return [track["name"] for track in document["x-reactor"]["tracks"]]


def test_short_types_are_spelled_out() -> None:
    found = fields(
        """
        fields.a = "string"
        fields.b = "number[]"
        fields.c = "integer?"
        fields.d = "string[]?"
        fields.e = "any"
        fields.f = "upload"
        fields.g = "number[][]"
        """
    )
    assert [(field.type, field.nullable) for field in found.values()] == [
        ("string", False),
        ("array", False),
        ("integer", True),
        ("array", True),
        ("any", False),
        ("upload", False),
        ("array", False),
    ]
    assert found["g"].items is not None
    assert found["g"].items.items == FieldSchema("", "number", True)


def test_a_parameter_is_required_unless_it_has_a_default_or_is_optional() -> None:
    found = fields(
        """
        fields.a = "integer"
        fields.b = { type = "integer", default = 0 }
        fields.c = { type = "integer", optional = true }
        """
    )
    assert [field.required for field in found.values()] == [True, False, False]


def test_a_command_whose_parameters_are_not_known_is_open() -> None:
    document = read_compact('model = "m"\n[commands.act]\nopen = true\n[commands.go]\n')
    commands = parse_schema(document).commands
    assert [commands["act"].open, commands["go"].open] == [True, False]


def test_what_is_assumed_is_told_in_the_description() -> None:
    document = read_compact(
        'model = "m"\ndescription = "A model."\n[about]\nassumed = ["go"]\n[commands.go]\n'
    )
    assert parse_schema(document).description == (
        "A model. Assumed in part, for want of documentation: ``go``."
    )
    assert document["x-reactor-env"] == {"assumed": ["go"]}


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("model", "expected TOML: "),
        ("", "`model` must be the model's name, got None"),
        ("model = 'm'\nname = 'x'", "the file may have the keys model, .*, got 'name'"),
        ("model = 'm'\n[tracks]\nv = 'video'", "`tracks.v` must be like .*, got 'video'"),
        ("model = 'm'\n[tracks]\nv = 'film out'", "got 'film out'"),
        ("model = 'm'\n[commands.go]\nfield.x = 'any'", "`commands.go` may have .* got 'field'"),
        ("model = 'm'\n[commands.go]\nreply = 'gone'", r"`commands.go.reply` .* none, got 'gone'"),
        ("model = 'm'\n[commands.go.fields]\nx = 'int'", r"`commands.go.fields.x` .* got 'int'"),
        ("model = 'm'\n[messages.done]\nreply = 'x'", "`messages.done` may have .* got 'reply'"),
        ("model = 'm'\n[about]\nassumed = ['go']", "`about.assumed` must name commands .* 'go'"),
        ("model = 'm'\n[about]\nnote = 'x'", "`about` may have the keys .*, got 'note'"),
    ],
)
def test_what_has_no_meaning_is_told_with_its_place(text: str, told: str) -> None:
    with pytest.raises(SchemaError, match=told):
        read_compact(text)
