"""The Python types of parameters and message fields."""

from __future__ import annotations

from reactor_env.client.schema import FieldSchema
from reactor_env.codegen.literals import quoted
from reactor_env.codegen.names import Names, pascal_case

LONGEST_LITERAL = 60
LONGEST_PART = 30
"""A longer ``Literal[...]``, alone or as a part of another type, gets a name in the module. Where a
single choice is longer than the first, there is none."""


class Annotations:
    """Writes types, and keeps the long ones for the head of the module.

    Args:
        names: The names of the module.

    Attributes:
        aliases: Choices by the name of the type that lists them, in the order of their use.
    """

    def __init__(self, names: Names) -> None:
        self._names = names
        self.aliases: dict[str, tuple[str, ...]] = {}

    def parameter(self, command: str, field: FieldSchema) -> str:
        """Return the type of a command's parameter, without what its being optional adds.

        Args:
            command: The command's name, for the name of a list of choices.
            field: The parameter.
        """
        return self._nullable(field, self._parameter(command, field))

    def message_field(self, message: str, field: FieldSchema) -> str:
        """Return the type of a message's field.

        Args:
            message: The message's name, for the name of a list of choices.
            field: The field.
        """
        return self._nullable(field, self._message_field(message, field))

    def _parameter(self, owner: str, field: FieldSchema) -> str:
        if choices := self._choices(owner, field):
            return choices
        match field.type:
            case "array":
                return f"Sequence[{self._part(owner, field.items, field.name)}]"
            case "object":
                part = None if field.properties else field.values
                return f"Mapping[str, {self._part(owner, part, field.name)}]"
            case "integer":
                return "int"
            case "upload":
                return "FileRef"
        return _SCALARS.get(field.type, "Any")

    def _part(self, owner: str, field: FieldSchema | None, name: str) -> str:
        if field is None:
            return "Any"
        return self.parameter(f"{owner}_{name}", field)

    def _message_field(self, owner: str, field: FieldSchema) -> str:
        # Every number arrives as a float, whatever the schema calls it: platform.md B7.
        has_numbers = bool({type(choice) for choice in field.choices} & {int, float})
        if not has_numbers and (choices := self._choices(owner, field)):
            return choices
        match field.type:
            case "array":
                part = field.items
                return f"list[{self.message_field(owner, part) if part else 'Any'}]"
            case "object":
                part = None if field.properties else field.values
                return f"dict[str, {self.message_field(owner, part) if part else 'Any'}]"
            case "integer":
                return "float"
            case "upload":
                return "dict[str, Any]"
        return _SCALARS.get(field.type, "Any")

    def _choices(self, owner: str, field: FieldSchema) -> str:
        """Return the literal type of a value's choices, empty where there is none."""
        if not field.choices or not all(isinstance(c, str | int) for c in field.choices):
            return ""
        literals = tuple(quoted(c) if isinstance(c, str) else repr(c) for c in field.choices)
        if max(map(len, literals)) > LONGEST_LITERAL:
            return ""
        text = f"Literal[{', '.join(literals)}]"
        if len(text) <= (LONGEST_LITERAL if field.name else LONGEST_PART):
            return text
        alias = self._names.give(pascal_case(f"{owner}_{field.name}"))
        self.aliases[alias] = literals
        return alias

    @staticmethod
    def _nullable(field: FieldSchema, text: str) -> str:
        return f"{text} | None" if field.nullable and text != "Any" else text


_SCALARS = {"boolean": "bool", "number": "float", "string": "str"}
