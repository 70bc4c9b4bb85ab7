"""What all typed clients have in common."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

from reactor_env.client.reactor import Reactor
from reactor_env.client.schema import CommandSchema, FieldSchema, ModelSchema, TrackSchema
from reactor_env.client.validation import validate_command

type Reply = dict[str, Any] | None
"""What a command returns: the model's message, ``{"type": ..., "data": {...}}``, or ``None`` when
it only acknowledges. With ``wire="json"`` always ``None``: that protocol answers no command."""

type Handler[Data] = Callable[[Data], object]
"""A handler of messages: sync or async, called with the data of one message."""


class ReactorModel(Reactor):
    """A client of one known model, whose commands are methods.

    Subclasses are written by :mod:`reactor_env.codegen`, with one method for each command and one
    ``on_<message>`` for each message of the model. Everything else is
    :class:`~reactor_env.client.Reactor`, whose ``send_command()`` is not held against
    :attr:`SCHEMA`.

    Args:
        model_name: The model's name; that of the class by default. A local runtime serves one
            model whatever it is called.
        api_key: A Reactor API key; needed unless ``local``.
        api_url: The service's address; Reactor's own by default.
        local: Talk to a runtime directly, without a key.
        options: Further arguments of :class:`~reactor_env.client.Reactor`.

    Attributes:
        MODEL_NAME: The model's name.
        SCHEMA: Its commands, without descriptions; what every call is checked against.
    """

    MODEL_NAME: ClassVar[str]
    SCHEMA: ClassVar[ModelSchema]

    def __init__(
        self,
        model_name: str | None = None,
        api_key: str | None = None,
        api_url: str | None = None,
        local: bool = False,
        **options: Any,
    ) -> None:
        if api_url is not None:
            options["api_url"] = api_url
        name = self.MODEL_NAME if model_name is None else model_name
        super().__init__(name, api_key, local=local, **options)

    async def send_validated(
        self,
        command: str,
        data: Mapping[str, Any] | None = None,
        optional: Mapping[str, Any] | None = None,
    ) -> Reply:
        """Check a command against :attr:`SCHEMA`, and send it.

        Args:
            command: Its name.
            data: Its parameters; sequences become lists.
            optional: Further parameters, left out where they are ``None``.

        Returns:
            As :meth:`~reactor_env.client.Reactor.send_command`.

        Raises:
            InvalidCommandError: If the command does not fit the schema. Nothing is sent.
            ReactorClientError: As :meth:`~reactor_env.client.Reactor.send_command`.
        """
        given = {name: value for name, value in (optional or {}).items() if value is not None}
        whole = {name: _listed(value) for name, value in {**(data or {}), **given}.items()}
        validate_command(self.SCHEMA, command, whole)
        return await self.send_command(command, whole)

    def on_type[Data](self, name: str, handler: Handler[Data]) -> Handler[Data]:
        """Call ``handler`` with the data of each message of one type.

        Replies to this client's own commands are among them. Numbers are floats.

        Args:
            name: The message's name.
            handler: Sync or async.

        Returns:
            The handler, so that ``on_<message>`` serves as a decorator, too.
        """
        self.on("message", _OfType(name, handler))
        return handler

    def off_type[Data](self, name: str, handler: Handler[Data]) -> None:
        """Stop calling a handler; nothing happens when it was not registered.

        Args:
            name: The message's name.
            handler: As it was given to :meth:`on_type` or ``on_<message>``.
        """
        self.off("message", _OfType(name, handler))


@dataclass(frozen=True, slots=True)
class _OfType:
    """A handler of all messages that calls another for one type; equal to its like."""

    name: str
    handler: Callable[[Any], object]

    def __call__(self, message: Mapping[str, Any]) -> object:
        if message.get("type") != self.name:
            return None
        return self.handler(message.get("data") or {})


def command(name: str, *fields: FieldSchema, open: bool = False) -> CommandSchema:
    """Return a command's schema; for the modules that :mod:`reactor_env.codegen` writes.

    Args:
        name: Its name.
        fields: Its parameters.
        open: Whether it takes others, too.
    """
    return CommandSchema(name, "", {field.name: field for field in fields}, open=open)


def published(name: str, *parts: TrackSchema | CommandSchema) -> ModelSchema:
    """Return a model's schema; for the modules that :mod:`reactor_env.codegen` writes.

    Args:
        name: The model's name.
        parts: Its tracks and commands.
    """
    commands = {part.name: part for part in parts if isinstance(part, CommandSchema)}
    return ModelSchema(name, commands, tuple(p for p in parts if isinstance(p, TrackSchema)))


def _listed(value: Any) -> Any:
    if isinstance(value, Sequence) and not isinstance(value, str | bytes | bytearray):
        return list(value)
    return value
