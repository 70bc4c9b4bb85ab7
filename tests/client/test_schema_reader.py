from __future__ import annotations

from typing import Any

import pytest

from reactor_env.client.errors import ProtocolError
from reactor_env.client.schema import FieldSchema, MessageSchema, TrackSchema
from reactor_env.client.schema_reader import parse_schema

UPLOAD = {
    "type": "object",
    "format": "reactor-upload-reference",
    "description": "Any upload.",
    "properties": {"upload_id": {"type": "string"}},
}


def document(
    properties: dict[str, Any], required: tuple[str, ...] = (), **operation: Any
) -> dict[str, Any]:
    body = {"type": "object", "properties": properties, "required": list(required)}
    return {
        "info": {"title": "m"},
        "paths": {
            "/events/act": {
                "post": {
                    "operationId": "act",
                    "summary": "Act.",
                    "requestBody": {"content": {"application/json": {"schema": body}}},
                    **operation,
                }
            }
        },
    }


def fields(properties: dict[str, Any], required: tuple[str, ...] = ()) -> dict[str, FieldSchema]:
    return dict(parse_schema(document(properties, required)).commands["act"].fields)


def test_a_command_has_its_name_and_summary() -> None:
    schema = parse_schema(document({}))
    assert schema.name == "m"
    assert list(schema.commands) == ["act"]
    assert schema.commands["act"].description == "Act."


def test_a_field_has_everything_the_document_says() -> None:
    raw = {
        "type": "integer",
        "minimum": -1.0,
        "maximum": 9.0,
        "default": 3.0,
        "description": "How much.",
    }
    assert fields({"n": raw}, ("n",))["n"] == FieldSchema(
        "n", "integer", True, 3.0, -1.0, 9.0, (), "How much."
    )


def test_a_field_that_is_not_required_says_so() -> None:
    found = fields({"a": {"type": "string"}, "b": {"type": "string"}}, ("b",))
    assert (found["a"].required, found["b"].required) == (False, True)


def test_bounds_of_zero_are_bounds() -> None:
    found = fields({"n": {"type": "integer", "minimum": 0, "maximum": 0}})["n"]
    assert (found.minimum, found.maximum) == (0, 0)


def test_an_enum_gives_the_choices_in_order() -> None:
    assert fields({"k": {"type": "string", "enum": ["w", "a"]}})["k"].choices == ("w", "a")


def test_fields_keep_the_order_of_the_document() -> None:
    names = ["action_10", "action_2", "action_1"]
    assert list(fields({name: {"type": "number"} for name in names})) == names


@pytest.mark.parametrize(
    ("raw", "expected"),
    [
        pytest.param({}, "any", id="no type"),
        pytest.param({"type": ["integer", "string"]}, "any", id="several types"),
        pytest.param({"anyOf": [{"type": "integer"}, {"type": "string"}]}, "any", id="any of two"),
        pytest.param({"type": "object", "format": "reactor-upload-reference"}, "upload", id="file"),
    ],
)
def test_a_field_of_no_single_json_type_has_a_word_of_its_own(
    raw: dict[str, Any], expected: str
) -> None:
    assert fields({"x": raw})["x"].type == expected


def test_a_field_that_refers_to_a_component_is_followed() -> None:
    found = document({"image": {"$ref": "#/components/schemas/ReactorUploadReference"}})
    upload = {"type": "object", "format": "reactor-upload-reference"}
    found["components"] = {"schemas": {"ReactorUploadReference": upload}}
    assert parse_schema(found).commands["act"].fields["image"].type == "upload"


def test_a_reply_that_refers_to_a_component_is_followed() -> None:
    answer = {"$ref": "#/components/schemas/Started"}
    found = document({}, responses={"200": {"content": {"application/json": {"schema": answer}}}})
    found["components"] = {
        "schemas": {"Started": {"properties": {"width": {"type": "integer", "default": 64.0}}}}
    }
    reply = parse_schema(found).commands["act"].reply
    assert reply["width"].default == 64.0


def test_a_command_that_only_acknowledges_has_no_reply() -> None:
    found = document({}, responses={"202": {"description": "Command accepted"}})
    assert parse_schema(found).commands["act"].reply == {}


def test_tracks_are_told_from_the_clients_side() -> None:
    found = document({})
    found["x-reactor"] = {
        "tracks": [
            {"name": "main_video", "kind": "video", "direction": "out"},
            {"name": "mic", "kind": "audio", "direction": "in"},
        ]
    }
    assert parse_schema(found).tracks == (
        TrackSchema("main_video", "video", "recvonly"),
        TrackSchema("mic", "audio", "sendonly"),
    )


def test_paths_that_are_no_commands_are_left_out() -> None:
    found = document({})
    found["paths"]["/health"] = {"post": {}}
    found["paths"]["/events/read"] = {"get": {}}
    assert list(parse_schema(found).commands) == ["act"]


def test_an_empty_document_is_a_model_without_commands() -> None:
    schema = parse_schema({})
    assert (schema.name, schema.commands, schema.tracks) == ("", {}, ())


def test_a_reference_to_a_missing_component_has_no_type() -> None:
    assert fields({"x": {"$ref": "#/components/schemas/Gone"}})["x"].type == "any"


def test_whole_numbers_of_an_integer_are_integers() -> None:
    raw = {"type": "integer", "minimum": -1.0, "default": 3.0, "enum": [1.0, 3.0]}
    found = fields({"n": raw})["n"]
    assert [type(value) for value in (found.minimum, found.default, *found.choices)] == [int] * 4


@pytest.mark.parametrize(
    ("raw", "lengths"),
    [
        ({"type": "string", "minLength": 1, "maxLength": 5}, (1, 5)),
        ({"type": "array", "minLength": 1.0, "maxLength": 3.0}, (1, 3)),
        ({"type": "array", "minItems": 0, "maxItems": 1536}, (0, 1536)),
        ({"type": "array"}, (None, None)),
    ],
)
def test_lengths_are_read_in_both_spellings(raw: dict[str, Any], lengths: Any) -> None:
    found = fields({"x": raw})["x"]
    assert (found.min_length, found.max_length) == lengths
    assert not any(isinstance(length, float) for length in lengths)


def test_items_of_an_array_have_rules_of_their_own() -> None:
    inner = {"type": "number", "minimum": 0, "maximum": 1}
    found = fields({"x": {"type": "array", "items": {"type": "array", "items": inner}}})["x"]
    assert found.items is not None
    assert found.items.items == FieldSchema("", "number", True, minimum=0, maximum=1)


def test_an_object_has_its_named_parts_or_what_each_of_its_values_is() -> None:
    parts = {"x": {"type": "number"}, "tag": {"type": "string"}}
    found = fields(
        {
            "pose": {"type": "object", "properties": parts, "required": ["x"]},
            "counts": {"type": "object", "additionalProperties": {"type": "integer"}},
            "free": {"type": "object", "additionalProperties": True},
        }
    )
    assert [(part.name, part.required) for part in found["pose"].properties.values()] == [
        ("x", True),
        ("tag", False),
    ]
    assert found["counts"].values == FieldSchema("", "integer", True)
    assert (found["free"].values, found["free"].properties) == (None, {})


@pytest.mark.parametrize(
    ("raw", "nullable"),
    [
        pytest.param({"anyOf": [{"type": "string"}, {"type": "null"}]}, True, id="anyOf"),
        pytest.param({"type": ["string", "null"]}, True, id="two types"),
        pytest.param({"type": "string"}, False, id="plain"),
        pytest.param(
            {"anyOf": [{"type": "string", "enum": ["a"]}, {"type": "null"}]},
            True,
            id="choices of the other",
        ),
        pytest.param(
            {"anyOf": [{"type": "string"}, {"type": "null"}], "enum": ["a"]},
            False,
            id="choices of both without null",
        ),
        pytest.param(
            {"anyOf": [{"type": "string"}, {"type": "null"}], "enum": ["a", None]},
            True,
            id="choices of both with null",
        ),
        pytest.param(
            {"anyOf": [{"type": "string"}, {"type": "null"}], "maxLength": 3},
            False,
            id="a length of both",
        ),
    ],
)
def test_null_is_a_value_where_the_runtime_takes_it(raw: dict[str, Any], nullable: bool) -> None:
    found = fields({"x": {**raw, "default": None}})["x"]
    assert (found.type, found.nullable) == ("string", nullable)
    assert None not in found.choices


def test_a_nullable_value_keeps_the_rules_beside_and_inside() -> None:
    raw = {
        "anyOf": [{"type": "integer", "maximum": 9}, {"type": "null"}],
        "minimum": 0,
        "description": "How much.",
    }
    assert fields({"x": raw})["x"] == FieldSchema(
        "x", "integer", False, minimum=0, maximum=9, description="How much."
    )


def test_an_upload_is_described_by_its_own_words_only() -> None:
    reference = {"$ref": "#/components/schemas/ReactorUploadReference"}
    described = {**reference, "description": "A picture.", "x-reactor-moderate": True}
    optional = {"anyOf": [reference, {"type": "null"}], "default": None}
    found = document({"a": reference, "b": described, "c": optional})
    found["components"] = {"schemas": {"ReactorUploadReference": UPLOAD}}
    a, b, c = parse_schema(found).commands["act"].fields.values()
    assert (a.type, a.description, a.nullable) == ("upload", "", False)
    assert (b.type, b.description, b.moderated) == ("upload", "A picture.", True)
    assert (c.type, c.description, c.nullable) == ("upload", "", True)
    assert a.properties == {}


def test_a_component_that_contains_itself_ends_in_anything() -> None:
    node = {"type": "object", "properties": {"next": {"$ref": "#/components/schemas/Node"}}}
    found = document({"x": {"$ref": "#/components/schemas/Node"}})
    found["components"] = {"schemas": {"Node": node}}
    field = parse_schema(found).commands["act"].fields["x"]
    assert field.properties["next"] == FieldSchema("next", "any", False)


def test_messages_are_read_and_replies_name_theirs() -> None:
    body = {"content": {"application/json": {"schema": {"$ref": "#/components/schemas/ChunkDone"}}}}
    found = document({}, responses={"200": {"description": "ChunkDone", **body}})
    found["webhooks"] = {
        "chunk_done": {"post": {"summary": "A chunk is done.", "requestBody": body}},
        "tick": {"post": {}},
    }
    found["components"] = {"schemas": {"ChunkDone": {"properties": {"index": {"type": "integer"}}}}}
    schema = parse_schema(found)
    index = FieldSchema("index", "integer", False)
    assert schema.messages == {
        "chunk_done": MessageSchema("chunk_done", "A chunk is done.", {"index": index}),
        "tick": MessageSchema("tick", "", {}),
    }
    assert schema.commands["act"].reply_message == "chunk_done"
    assert schema.commands["act"].reply == {"index": index}


def test_a_model_has_its_version_and_description() -> None:
    info = {"title": "m", "version": "v1.2.3", "description": "A model."}
    schema = parse_schema({"info": info})
    assert (schema.name, schema.version, schema.description) == ("m", "v1.2.3", "A model.")


def test_a_track_that_says_little_is_kept() -> None:
    (track,) = parse_schema({"x-reactor": {"tracks": [{"name": "v"}]}}).tracks
    assert track == TrackSchema("v", "", "sendonly")


def test_a_command_is_open_only_where_the_document_says_so() -> None:
    found = document({})
    assert parse_schema(found).commands["act"].open is False
    body = found["paths"]["/events/act"]["post"]["requestBody"]
    body["content"]["application/json"]["schema"]["additionalProperties"] = True
    assert parse_schema(found).commands["act"].open is True


# -- documents nobody should trust ----------------------------------------------------------------


@pytest.mark.parametrize(
    ("document", "message"),
    [
        ({"components": True}, "expected `components` to be an object, got True"),
        ({"paths": "x"}, "expected `paths` to be an object, got 'x'"),
        ({"paths": {"/events/x": {"post": 1}}}, "expected `post` to be an object, got 1"),
        ({"x-reactor": {"tracks": [1]}}, r"expected `tracks` to be a list of objects, got \[1\]"),
        ({"info": {"title": 5}}, "expected `title` to be a string, got 5"),
    ],
)
def test_a_part_of_another_kind_is_named(document: dict[str, Any], message: str) -> None:
    with pytest.raises(ProtocolError, match=message):
        parse_schema(document)


def _with_parameter(schema: dict[str, Any], **components: Any) -> dict[str, Any]:
    body = {"content": {"application/json": {"schema": {"properties": {"x": schema}}}}}
    return {
        "components": {"schemas": components},
        "paths": {"/events/act": {"post": {"requestBody": body}}},
    }


def test_a_value_nested_without_end_is_refused() -> None:
    nested: dict[str, Any] = {"type": "integer"}
    for _ in range(2000):
        nested = {"type": "array", "items": nested}
    with pytest.raises(ProtocolError, match="nested more than 32 deep"):
        parse_schema(_with_parameter(nested))


def test_references_that_fan_out_are_refused() -> None:
    components: dict[str, Any] = {"c30": {"type": "integer"}}
    for number in range(30):
        following = {"$ref": f"#/components/schemas/c{number + 1}"}
        components[f"c{number}"] = {
            "type": "object",
            "properties": {"a": following, "b": following},
        }
    with pytest.raises(ProtocolError, match="its values are too many"):
        parse_schema(_with_parameter({"$ref": "#/components/schemas/c0"}, **components))
