"""``reactor-env inspect``: what a model takes, sends, and looks like as an environment."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from rich.console import Console

from reactor_env.cli.schema_tables import schema_tables
from reactor_env.cli.target import Target

if TYPE_CHECKING:
    from reactor_env.client.schema import FieldSchema, ModelSchema
    from reactor_env.env import ReactorEnv


@dataclass(frozen=True, kw_only=True)
class Inspect(Target):
    """Show a model's tracks and commands, and the spaces made of them.

    Attributes:
        json: Print one JSON object instead of tables.
    """

    json: bool = False

    def run(self) -> None:
        """Ask for the model's schema, and print it.

        Raises:
            UsageError: If the arguments are wrong.
            Exception: What :func:`~reactor_env.cli.target.expected_errors` lists.
        """
        self.check_target()
        with contextlib.closing(self.make_env()) as env:
            document = describe(env)
        if self.json:
            print(json.dumps(document, indent=2))
            return
        console = Console()
        for table in schema_tables(document):
            console.print(table)


def describe(env: ReactorEnv) -> dict[str, Any]:
    """Describe the model of an environment. Opens no session.

    Args:
        env: The environment; a bundled world is started.

    Returns:
        Tracks, commands with their parameters and replies, and the spaces; only values that JSON
        has. A space that cannot be derived is ``None``, with the reason beside it.

    Raises:
        Exception: What :func:`~reactor_env.cli.target.expected_errors` lists.
    """
    schema = env.schema
    return {
        "model": schema.name,
        "tracks": [
            {"name": track.name, "kind": track.kind, "direction": track.direction}
            for track in schema.tracks
        ],
        "commands": [
            {
                "name": command.name,
                "description": command.description,
                "parameters": _fields(command.fields),
                "reply": _fields(command.reply),
            }
            for command in schema.commands.values()
        ],
        "action_space": _action_space(env),
        "observation_space": _observation_space(env, schema),
    }


def _fields(fields: Mapping[str, FieldSchema]) -> list[dict[str, Any]]:
    return [
        {
            "name": found.name,
            "type": found.type,
            "required": found.required,
            "default": found.default,
            "minimum": found.minimum,
            "maximum": found.maximum,
            "choices": list(found.choices),
            "description": found.description,
        }
        for found in fields.values()
    ]


def _action_space(env: ReactorEnv) -> dict[str, Any]:
    from reactor_env.errors import UnsupportedModelError

    try:
        return {"space": str(env.action_space), "reason": None}
    except UnsupportedModelError as error:
        return {"space": None, "reason": str(error)}


def _observation_space(env: ReactorEnv, schema: ModelSchema) -> dict[str, Any]:
    from reactor_env.spaces import RESET_COMMAND

    reset = schema.commands.get(RESET_COMMAND)
    if reset is None or not {"width", "height"} <= set(reset.reply):
        reason = "the schema does not tell the size of the frames; the first one does"
        return {"space": None, "reason": reason}
    return {"space": str(env.observation_space), "reason": None}
