"""``reactor-env codegen``: a typed client for a model, written from its schema."""

from __future__ import annotations

import asyncio
import json
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

import tyro

from reactor_env.cli.target import UsageError
from reactor_env.files import replacing

KEY_VARIABLE = "REACTOR_API_KEY"
_HTTP_TIMEOUT_S = 10.0


@dataclass(frozen=True, kw_only=True)
class Codegen:
    """Write a Python class with one method for each command of a model.

    Attributes:
        source: Where the schema is: a file, as GET /schema gives it (.json) or in the short form
            of docs/models.md (.toml), or the address of a running runtime, for example
            http://127.0.0.1:8080. Give this or --hosted.
        hosted: A hosted model to ask, for example reactor/helios. Opens a session, which costs
            money for the seconds it takes, with the key in the environment variable
            REACTOR_API_KEY.
        api_url: Where the hosted service is; Reactor's own by default.
        out: The file to write; printed when not given. Left as it was when anything fails.
        class_name: Name of the class; made of the model's name by default.
        model_name: Name that the class connects to, owner/name; the schema's by default.
    """

    source: Annotated[str | None, tyro.conf.Positional, tyro.conf.arg(metavar="[SOURCE]")] = None
    hosted: str | None = None
    api_url: str | None = None
    out: Path | None = None
    class_name: str | None = None
    model_name: str | None = None

    def run(self) -> None:
        """Read the schema, and write or print the module.

        Raises:
            UsageError: If the arguments are wrong.
            Exception: What :func:`~reactor_env.cli.target.expected_errors` lists.
        """
        if (self.source is None) == (self.hosted is None):
            got = f"got {self.source} and --hosted {self.hosted}" if self.source else "got neither"
            raise UsageError(f"give either a schema's file or address, or --hosted, {got}")
        if self.api_url is not None and self.hosted is None:
            raise UsageError(f"--api-url goes with --hosted, got --api-url {self.api_url}")
        if self.out is not None and not self.out.parent.is_dir():
            raise UsageError(f"--out must be in a folder that exists, got {self.out}")

        from reactor_env.codegen import generate_module

        text = generate_module(
            self._document(),
            class_name=self.class_name,
            model_name=self.model_name or self.hosted,
            origin=f"Written by {self._command_line()}.",
        )
        if self.out is None:
            print(text, end="")
            return
        with replacing(self.out) as partial:
            partial.write_text(text, encoding="utf-8")
        print(f"wrote {self.out}")

    def _document(self) -> Mapping[str, Any]:
        from reactor_env.codegen.bundled import read_schema

        if self.hosted is not None:
            return asyncio.run(_ask_hosted(self.hosted, _key(), self.api_url))
        assert self.source is not None
        if self.source.startswith(("http://", "https://")):
            return _ask_runtime(self.source)
        return read_schema(Path(self.source))

    def _command_line(self) -> str:
        """Name what wrote the module, without what differs between machines."""
        if self.hosted is not None:
            return f"reactor-env codegen --hosted {self.hosted}"
        return "reactor-env codegen"


def _ask_runtime(url: str) -> dict[str, Any]:
    import httpx

    from reactor_env.codegen import SchemaError

    try:
        address = f"{url.rstrip('/')}/schema"
        response = httpx.get(address, timeout=_HTTP_TIMEOUT_S, trust_env=False)
        document = response.raise_for_status().json()
    except httpx.HTTPStatusError as error:
        status = error.response.status_code
        raise SchemaError(f"no schema at {url}: GET /schema answered {status}") from error
    except httpx.HTTPError as error:
        raise SchemaError(f"no runtime answers at {url}: {error}") from error
    except ValueError as error:
        raise SchemaError(f"no schema at {url}: GET /schema is not JSON") from error
    if document == {}:
        raise SchemaError(f"no schema at {url} yet: its model is still loading")
    if not isinstance(document, dict):
        raise SchemaError(f"no schema at {url}: expected an object, got {document!r:.40}")
    return document


async def _ask_hosted(model_name: str, key: str, api_url: str | None) -> dict[str, Any]:
    from reactor_env.client import Reactor

    options: dict[str, Any] = {} if api_url is None else {"api_url": api_url}
    reactor = Reactor(model_name, key, **options)
    try:
        await reactor.connect()
        document = await reactor.request_schema()
    finally:
        await reactor.disconnect()
    # The wire keeps no order: sorted, so that the same model gives the same module.
    ordered: dict[str, Any] = json.loads(json.dumps(document, sort_keys=True))
    return ordered


def _key() -> str:
    key = os.environ.get(KEY_VARIABLE)
    if not key:
        raise UsageError(f"--hosted needs a key in the environment variable {KEY_VARIABLE}")
    return key
