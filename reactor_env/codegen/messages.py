"""One type and one method for one message."""

from __future__ import annotations

from reactor_env.client.schema import MessageSchema
from reactor_env.codegen.annotations import Annotations
from reactor_env.codegen.literals import Group, Text, call, lines
from reactor_env.codegen.names import is_field_name
from reactor_env.codegen.prose import Section, docstring, sentence


def message_type(name: str, message: MessageSchema, annotations: Annotations) -> list[str]:
    """Write the type of a message's data.

    Args:
        name: The type's name.
        message: The message.
        annotations: Writes the types of its fields.

    Returns:
        The lines of a ``TypedDict``, or of an alias where a field's name is none in Python.
    """
    if not all(is_field_name(field) for field in message.fields):
        return [f"{name} = dict[str, Any]"]
    told = [
        f"{field.name}: {sentence(field.description)}"
        for field in message.fields.values()
        if field.description
    ]
    summary = f"The data of a ``{message.name}`` message."
    text = docstring(1, summary, message.description, [Section("Attributes", told)])
    members = [
        line
        for field in message.fields.values()
        for line in lines(f"{field.name}: {annotations.message_field(message.name, field)}", 1)
    ]
    return [f"class {name}(TypedDict):", *text, *(["", *members] if members else [])]


def message_method(name: str, type_name: str, message: MessageSchema) -> list[str]:
    """Write the method that registers a handler of a message.

    Args:
        name: The method's name.
        type_name: The type of the message's data.
        message: The message.

    Returns:
        The method's lines, indented once.
    """
    handler = f"Handler[{type_name}]"
    signature = Group(f"def {name}(", ["self", f"handler: {handler}"], f") -> {handler}:")
    summary = f"Call ``handler`` with the data of each ``{message.name}`` message."
    return [
        *lines(signature, 1),
        *docstring(2, summary),
        *lines(call("self.on_type", Text(message.name), "handler"), 2, before="return "),
    ]
