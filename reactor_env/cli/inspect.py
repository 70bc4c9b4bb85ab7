"""``reactor-env inspect``: what a model takes, sends, and looks like as an environment."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rich.console import Console

from reactor_env.cli.schema_tables import schema_tables
from reactor_env.cli.target import Target, UsageError

if TYPE_CHECKING:
    from reactor_env.client.schema import FieldSchema, ModelSchema
    from reactor_env.env import ReactorEnv
    from reactor_env.model_setup import ModelSetup
    from reactor_env.observations import Observation


@dataclass(frozen=True, kw_only=True)
class Inspect(Target):
    """Show a model's tracks and commands, and the spaces made of them.

    Attributes:
        schema: A file with a model's schema, to look at it without a runtime: an OpenAPI document
            as JSON, or the short form in TOML. Give it instead of --world and --model.
        json: Print one JSON object instead of tables.
    """

    schema: Path | None = None
    json: bool = False

    def run(self) -> None:
        """Ask for the model's schema, or read it, and print it.

        Raises:
            UsageError: If the arguments are wrong.
            Exception: What :func:`~reactor_env.cli.target.expected_errors` lists.
        """
        if self.schema is not None:
            if self.world is not None or self.model is not None:
                raise UsageError("--schema goes without --world and --model")
            document = describe_schema(read_schema(self.schema), self.profile)
        else:
            self.check_target()
            with contextlib.closing(self.make_env()) as env:
                document = describe(env)
        if self.json:
            print(json.dumps(document, indent=2))
            return
        console = Console()
        for table in schema_tables(document):
            console.print(table)


def read_schema(path: Path) -> ModelSchema:
    """Read a file with a model's schema.

    Args:
        path: An OpenAPI document as JSON, or the short form of
            :mod:`reactor_env.codegen.compact` in a file that ends with ``.toml``.

    Raises:
        UsageError: If it is neither; says why.
        OSError: If it cannot be read.
    """
    from reactor_env.client.errors import ProtocolError
    from reactor_env.client.schema_reader import parse_schema
    from reactor_env.codegen.compact import read_compact
    from reactor_env.codegen.errors import SchemaError

    try:
        text = path.read_text(encoding="utf-8")
        document = read_compact(text) if path.suffix == ".toml" else json.loads(text)
        if not isinstance(document, dict):
            raise UsageError(f"--schema must hold a JSON object, got {document!r:.100}")
        return parse_schema(document)
    except (SchemaError, ProtocolError, json.JSONDecodeError, UnicodeDecodeError) as error:
        raise UsageError(f"--schema {path} holds no model's schema: {error}") from error


def describe(env: ReactorEnv) -> dict[str, Any]:
    """Describe the model of an environment. Opens no session.

    Args:
        env: The environment; a bundled world is started.

    Returns:
        Tracks, commands with their parameters and replies, what an action is made of, and the
        spaces; only values that JSON has. A space that cannot be derived is ``None``, with the
        reason beside it.

    Raises:
        Exception: What :func:`~reactor_env.cli.target.expected_errors` lists.
    """
    return _document(env.schema, lambda: env.model_setup, env.observation)


def describe_schema(schema: ModelSchema, profile: str | None = None) -> dict[str, Any]:
    """Describe a model by its schema alone.

    Args:
        schema: The schema.
        profile: A profile to use instead of the one for the model's name: a name, or a file.

    Returns:
        As :func:`describe`.

    Raises:
        ProfileError: If there is no such profile, or it is not laid out as it must be.
        OSError: If its file cannot be read.
    """
    from reactor_env.model_setup import set_up
    from reactor_env.observations import Observation
    from reactor_env.profiles import get_profile

    chosen = get_profile(profile) if profile is not None else None
    return _document(schema, lambda: set_up(schema.name, schema, profile=chosen), Observation())


def _document(
    schema: ModelSchema, make_setup: Callable[[], ModelSetup], observation: Observation
) -> dict[str, Any]:
    from reactor_env.errors import UnsupportedModelError

    setup, reason = None, None
    try:
        setup = make_setup()
    except UnsupportedModelError as error:
        reason = str(error)
    size = observation.size or (setup.size if setup is not None else None)
    untold = "the schema does not tell the size of the frames; the first one does"
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
        "profile": _profile(setup),
        "actions": setup.actions.describe() if setup is not None else [],
        "action_space": {
            "space": str(setup.actions.space) if setup is not None else None,
            "reason": reason,
        },
        "observation_space": {
            "space": str(observation.space(size)) if size is not None else None,
            "reason": untold if size is None else None,
        },
    }


def _profile(setup: ModelSetup | None) -> dict[str, Any] | None:
    """Describe what is known beyond the schema; a profile without a name is made of the schema."""
    if setup is None:
        return None
    profile, recipe = setup.profile, setup.recipe
    ends = [*profile.ends.terminated, *profile.ends.truncated]
    return {
        "name": profile.name or None,
        "summary": profile.summary.strip(),
        "reset": list(profile.reset.recipe),
        "options": {**recipe.options, **{name: name for name in recipe.commands}},
        "required": list(profile.reset.required),
        "ends": [rule.message for rule in ends],
        "frames_per_step": profile.frames_per_step,
        "presets": list(setup.actions.presets or profile.presets),
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
