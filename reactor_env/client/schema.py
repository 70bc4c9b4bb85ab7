"""What a model publishes about itself: commands, messages, tracks and their typed fields.

:mod:`reactor_env.client.schema_reader` reads them from a model's OpenAPI document.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True)
class FieldSchema:
    """One value: a parameter of a command, a field of a message, or a part of either.

    Attributes:
        name: Its name; empty for the items of an array and the values of an object.
        type: A JSON type (``integer``, ``number``, ``boolean``, ``string``, ``array``,
            ``object``), ``upload`` for a file, or ``any``.
        required: Whether a command without it is refused.
        default: Its default, ``None`` when it has none.
        minimum: The least value, ``None`` where unbounded.
        maximum: The greatest value, ``None`` where unbounded.
        choices: The only values allowed, empty where any is.
        description: What it is for.
        min_length: The fewest characters of a string, items of an array or entries of an object,
            ``None`` where unbounded.
        max_length: The most of the same.
        nullable: Whether null is a value too.
        moderated: Whether the model asks for its content to be moderated; ``platform.md`` E3.
        items: What every item of an array must be, ``None`` where anything is allowed.
        properties: The named parts of an object, empty for one with free names.
        values: What every value of an object with free names must be, ``None`` where anything
            is allowed.
    """

    name: str
    type: str
    required: bool
    default: Any = None
    minimum: float | int | None = None
    maximum: float | int | None = None
    choices: tuple[Any, ...] = ()
    description: str = ""
    min_length: int | None = None
    max_length: int | None = None
    nullable: bool = False
    moderated: bool = False
    items: FieldSchema | None = None
    properties: Mapping[str, FieldSchema] = field(default_factory=dict)
    values: FieldSchema | None = None


@dataclass(frozen=True, slots=True)
class CommandSchema:
    """One command of a model.

    Attributes:
        name: Its wire name.
        description: What it does.
        fields: Its parameters by name.
        reply: The fields of its reply message by name, empty when it only acknowledges.
        reply_message: The wire name of its reply message, empty when it only acknowledges or the
            document does not tell.
        open: Whether it takes parameters that the schema does not name. Never so in a document
            of the runtime's; in one written by hand it says that they are not known.
    """

    name: str
    description: str
    fields: Mapping[str, FieldSchema]
    reply: Mapping[str, FieldSchema] = field(default_factory=dict)
    reply_message: str = ""
    open: bool = False


@dataclass(frozen=True, slots=True)
class MessageSchema:
    """One message that a model sends, to everybody or as the reply to a command.

    Attributes:
        name: Its wire name.
        description: What it tells.
        fields: Its fields by name. Numbers arrive as floats whatever the type says
            (``platform.md`` B7).
    """

    name: str
    description: str
    fields: Mapping[str, FieldSchema]


@dataclass(frozen=True, slots=True)
class TrackSchema:
    """One track; ``direction`` is from the client's side: ``recvonly`` or ``sendonly``."""

    name: str
    kind: str
    direction: str


@dataclass(frozen=True, slots=True)
class ModelSchema:
    """What a model publishes about itself.

    Attributes:
        name: The model's name.
        commands: Its commands by name.
        tracks: Its tracks.
        messages: The messages it sends, by name.
        version: Its version, for example ``v1.2.3``; empty where it is not told.
        description: What it is.
    """

    name: str
    commands: Mapping[str, CommandSchema]
    tracks: tuple[TrackSchema, ...]
    messages: Mapping[str, MessageSchema] = field(default_factory=dict)
    version: str = ""
    description: str = ""
