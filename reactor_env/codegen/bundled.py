"""Writes :mod:`reactor_env.models`: a module for each of its schemas, and the list of them.

``scripts/generate_models.py`` runs it.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from reactor_env.client.schema_reader import parse_schema
from reactor_env.codegen import names
from reactor_env.codegen.compact import read_compact
from reactor_env.codegen.errors import SchemaError
from reactor_env.codegen.module import generate_module

PACKAGE = Path(__file__).parents[1] / "models"
SCHEMAS = PACKAGE / "schemas"
TABLE_BEGIN = "<!-- written by scripts/generate_models.py -->"
TABLE_END = "<!-- end of what scripts/generate_models.py writes -->"

_ORIGIN = "Written by scripts/generate_models.py from schemas/{name}."
_INIT = '''\
# {origin}
"""Typed clients of known models: ``from reactor_env.models import HeliosModel``.

Each class is a :class:`~reactor_env.client.Reactor` with a method for each command of one model.
A class is imported when it is first used. ``docs/models.md`` lists them.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
{imports}

__all__ = [
{exports}
]

_MODULES = {{
{modules}
}}


def __getattr__(name: str) -> Any:
    module = _MODULES.get(name)
    if module is None:
        raise AttributeError(f"module {{__name__!r}} has no attribute {{name!r}}")
    return getattr(importlib.import_module(f"{{__name__}}.{{module}}"), name)


def __dir__() -> list[str]:
    return sorted({{*globals(), *_MODULES}})
'''


@dataclass(frozen=True)
class BundledSchema:
    """A schema of the package.

    Attributes:
        path: Its file, in the short form (``.toml``) or as ``GET /schema`` gave it (``.json``).
        document: The OpenAPI document.
    """

    path: Path
    document: Mapping[str, Any]

    @property
    def module(self) -> str:
        """The name of its module: the file's."""
        return self.path.stem

    @property
    def class_name(self) -> str:
        """The name of its class, made of the file's."""
        return names.class_name(self.path.stem)

    @property
    def model_name(self) -> str:
        """The name its class connects to."""
        name: str = self.document["info"]["title"]
        return name


def read_schema(path: Path) -> dict[str, Any]:
    """Read a schema from a file.

    Args:
        path: A file in the short form (``.toml``), or an OpenAPI document in JSON.

    Returns:
        The OpenAPI document.

    Raises:
        SchemaError: If it is neither; the text names the file.
        OSError: If it cannot be read.
    """
    text = path.read_text(encoding="utf-8")
    try:
        document = read_compact(text) if path.suffix == ".toml" else json.loads(text)
    except ValueError as error:
        raise SchemaError(f"{path}: {error}") from error
    if not isinstance(document, dict):
        raise SchemaError(f"{path}: expected a JSON object, got {type(document).__name__}")
    return document


def bundled_schemas(folder: Path = SCHEMAS) -> list[BundledSchema]:
    """Read all schemas of the package, sorted by name.

    Args:
        folder: Where they are.

    Raises:
        SchemaError: If one of them has no meaning.
    """
    paths = [path for path in folder.iterdir() if path.suffix in (".toml", ".json")]
    return [BundledSchema(path, read_schema(path)) for path in sorted(paths)]


def generate_package(schemas: list[BundledSchema]) -> dict[str, str]:
    """Write the modules of all schemas and the package's own.

    Args:
        schemas: As :func:`bundled_schemas` returns them.

    Returns:
        The text of each file by its name.
    """
    files = {
        f"{found.module}.py": generate_module(
            found.document,
            model_name=found.model_name,
            class_name=found.class_name,
            origin=_ORIGIN.format(name=found.path.name),
        )
        for found in schemas
    }
    modules = {"ReactorModel": "base", **{found.class_name: found.module for found in schemas}}
    imports = sorted(
        f"    from reactor_env.models.{module} import {name}" for name, module in modules.items()
    )
    exports = sorted(modules, key=_natural_order)
    files["__init__.py"] = _INIT.format(
        origin="Written by scripts/generate_models.py. Do not edit.",
        imports="\n".join(imports),
        exports="\n".join(f'    "{name}",' for name in exports),
        modules="\n".join(f'    "{name}": "{modules[name]}",' for name in exports),
    )
    return files


def models_table(schemas: list[BundledSchema]) -> str:
    """Write the table of ``docs/models.md``, with the marks around it.

    Args:
        schemas: As :func:`bundled_schemas` returns them.
    """
    head = ["Class", "Model", "Tracks", "Commands", "Controls", "As an environment"]
    rows = [head, ["---"] * len(head), *map(_row, schemas)]
    lines = [f"| {' | '.join(row)} |" for row in rows]
    return "\n".join([TABLE_BEGIN, "", *lines, "", TABLE_END])


def _row(found: BundledSchema) -> list[str]:
    schema = parse_schema(found.document)
    about = found.document.get("x-reactor-env") or {}
    tracks = [f"`{t.name}` {'out' if t.direction == 'recvonly' else 'in'}" for t in schema.tracks]
    return [
        f"`{found.class_name}`",
        f"`{found.model_name}`",
        ", ".join(tracks),
        str(len(schema.commands)),
        about.get("controls", ""),
        about.get("environment", ""),
    ]


def _natural_order(name: str) -> list[str | int]:
    """Return a key by which Model9 comes before Model10."""
    return [int(part) if part.isdigit() else part for part in re.split(r"(\d+)", name)]
