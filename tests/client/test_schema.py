from __future__ import annotations

from typing import Any

import pytest

from reactor_env.client.schema import FieldSchema, TrackSchema, parse_schema


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
        pytest.param({"type": ["integer", "null"]}, "any", id="several types"),
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
