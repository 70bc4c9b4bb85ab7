"""One method for one command."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from reactor_env.client.schema import CommandSchema, FieldSchema
from reactor_env.client.validation import described
from reactor_env.codegen.annotations import Annotations
from reactor_env.codegen.literals import Expression, Group, Text, call, dictionary, lines
from reactor_env.codegen.names import Names
from reactor_env.codegen.prose import Section, docstring, sentence
from reactor_env.codegen.specification import simple_default

_BODY = 2


@dataclass(frozen=True)
class _Parameter:
    """One parameter: its name in Python, its rules, its type, and the default it is given.

    A parameter with ``left_out`` has ``None`` for its default and is only sent with another
    value.
    """

    name: str
    field: FieldSchema
    annotation: str
    default: str | None
    left_out: bool

    @property
    def declaration(self) -> str:
        text = f"{self.name}: {self.annotation}"
        return text if self.default is None else f"{text} = {self.default}"

    @property
    def entry(self) -> str:
        """Its entry in the docstring."""
        told = sentence(self.field.description)
        rule = sentence(described(self.field))
        texts = [told] if told and self.annotation.startswith("Literal[") else [told, rule]
        if self.left_out and self.field.default is not None:
            texts.append("The model has a default of its own.")
        return f"{self.name}: {' '.join(filter(None, texts))}"


def command_method(name: str, command: CommandSchema, annotations: Annotations) -> list[str]:
    """Write the method of a command.

    Args:
        name: The method's name.
        command: The command.
        annotations: Writes the types.

    Returns:
        The method's lines, indented once.
    """
    parameters, rest = _parameters(command, annotations)
    declarations = [parameter.declaration for parameter in parameters]
    if len(parameters) > 1:
        declarations.insert(0, "*")
    if rest:
        declarations.append(f"**{rest}: Any")
    signature = Group(f"async def {name}(", ["self", *declarations], ") -> Reply:")
    entries = [parameter.entry for parameter in parameters]
    if rest:
        entries.append(f"**{rest}: By name. The schema does not tell what there is.")
    answer = f"The reply, of type ``{command.reply_message}``."
    return [
        *lines(signature, 1),
        *docstring(
            _BODY,
            f"Send the command ``{command.name}``.",
            command.description,
            [
                Section("Args", entries),
                Section("Returns", [answer] if command.reply_message else []),
            ],
        ),
        *lines(_sending(command, parameters, rest), _BODY, before="return await "),
    ]


def _parameters(
    command: CommandSchema, annotations: Annotations
) -> tuple[Sequence[_Parameter], str]:
    names = Names({"self"}, word="value")
    found = []
    for field in command.fields.values():
        annotation = annotations.parameter(command.name, field)
        default = None if field.required else simple_default(field)
        left_out = default is None and not field.required
        if left_out:
            default = "None"
            if annotation != "Any" and not annotation.endswith(" | None"):
                annotation += " | None"
        found.append(_Parameter(names.give(field.name), field, annotation, default, left_out))
    return found, names.give("parameters") if command.open else ""


def _sending(command: CommandSchema, parameters: Sequence[_Parameter], rest: str) -> Group:
    def given(left_out: bool) -> dict[str, Expression]:
        return {p.field.name: p.name for p in parameters if p.left_out is left_out}

    always, sometimes = dictionary(given(False)), dictionary(given(True))
    if rest:
        always = Group("{", [*always.items, f"**{rest}"], "}")
    arguments: list[Expression] = [Text(command.name)]
    if always.items or sometimes.items:
        arguments.append(always)
    if sometimes.items:
        arguments.append(sometimes)
    return call("self.send_validated", *arguments)
