from __future__ import annotations

import importlib.util
import json
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import pytest

from reactor_env.cli import main
from reactor_env.models.base import ReactorModel
from reactor_env.runtime import LocalRuntime
from tests.hosted.coordinator import HostedService

Serve = Callable[[int, str], str]

COMPACT = """
model = "reactor/painter"
[tracks]
main_video = "video out"
[commands.paint]
fields.colour = { type = "string", enum = ["red", "blue"] }
"""


@pytest.fixture
def serve() -> Iterator[Serve]:
    """Start a server that answers every request with a status and a text."""
    servers = []

    def start(status: int, text: str) -> str:
        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                found = self.path == "/schema"
                self.send_response(status if found else 404)
                self.end_headers()
                self.wfile.write(text.encode() if found else b"")

            def log_message(self, format: str, *args: Any) -> None:
                del format, args

        server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        servers.append(server)
        Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
        return f"http://127.0.0.1:{server.server_address[1]}"

    yield start
    for server in servers:
        server.shutdown()
        server.server_close()


@pytest.fixture
def schema_file(tmp_path: Path) -> Path:
    path = tmp_path / "painter.toml"
    path.write_text(COMPACT)
    return path


def class_in(path: Path, name: str) -> type[ReactorModel]:
    spec = importlib.util.spec_from_file_location("generated", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    found: type[ReactorModel] = getattr(module, name)
    assert issubclass(found, ReactorModel)
    return found


def test_the_help_tells_every_source(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["codegen", "--help"]) == 0
    told = " ".join(capsys.readouterr().out.replace("│", " ").split())
    assert "Write a Python class with one method for each command of a model." in told
    for word in ("[SOURCE]", "GET /schema", "docs/models.md", "--hosted", "REACTOR_API_KEY"):
        assert word in told


def test_a_short_schema_becomes_a_module(
    schema_file: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "painter.py"
    assert main(["codegen", str(schema_file), "--out", str(out)]) == 0
    assert capsys.readouterr().out == f"wrote {out}\n"
    found = class_in(out, "PainterModel")
    assert found.MODEL_NAME == "reactor/painter"
    assert list(found.SCHEMA.commands) == ["paint"]


def test_names_can_be_chosen(schema_file: Path, tmp_path: Path) -> None:
    out = tmp_path / "painter.py"
    argv = ["--out", str(out), "--class-name", "Brush", "--model-name", "me/brush"]
    assert main(["codegen", str(schema_file), *argv]) == 0
    assert class_in(out, "Brush").MODEL_NAME == "me/brush"


def test_without_a_file_the_module_is_printed(
    schema_file: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "painter.py"
    assert main(["codegen", str(schema_file), "--out", str(out)]) == 0
    capsys.readouterr()
    assert main(["codegen", str(schema_file)]) == 0
    assert capsys.readouterr().out == out.read_text()


def test_a_runtime_is_asked_at_its_address(
    serve: Serve, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    document = {"info": {"title": "painter"}, "paths": {"/events/paint": {"post": {}}}}
    assert main(["codegen", serve(200, json.dumps(document)) + "/"]) == 0
    assert "class PainterModel(ReactorModel):" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("argv", "told"),
    [
        ([], "give either a schema's file or address, or --hosted, got neither"),
        (["a.json", "--hosted", "me/m"], "got a.json and --hosted me/m"),
        (["a.json", "--api-url", "http://h"], "--api-url goes with --hosted"),
        (["a.json", "--out", "no/such/folder/m.py"], "--out must be in a folder that exists"),
        (["--hosted", "me/m"], "needs a key in the environment variable REACTOR_API_KEY"),
    ],
)
def test_wrong_arguments_exit_with_2(
    argv: list[str],
    told: str,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.delenv("REACTOR_API_KEY", raising=False)
    assert main(["codegen", *argv]) == 2
    assert told in capsys.readouterr().err


@pytest.mark.parametrize(
    ("name", "text", "told"),
    [
        ("a.json", "{", "a.json: Expecting property name"),
        ("a.json", "[]", "a.json: expected a JSON object, got list"),
        ("a.json", "{}", "expected an OpenAPI document with commands"),
        ("a.json", '{"openapi": "3.1.0"}', "got one with the keys openapi"),
        ("a.toml", "model =", "a.toml: expected TOML"),
        ("a.toml", "modle = 'm'", "a.toml: the file may have the keys model, "),
    ],
)
def test_a_file_that_is_no_schema_is_named_and_nothing_is_written(
    name: str, text: str, told: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    source, out = tmp_path / name, tmp_path / "out.py"
    source.write_text(text)
    out.write_text("before")
    assert main(["codegen", str(source), "--out", str(out)]) == 1
    error = capsys.readouterr().err
    assert error.startswith("reactor-env: error: ")
    assert told in error
    assert out.read_text() == "before"
    assert {path.name for path in tmp_path.iterdir()} == {name, "out.py"}


def test_a_missing_file_is_named(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["codegen", "no-such-file.json"]) == 1
    assert "'no-such-file.json'" in capsys.readouterr().err


def test_a_class_name_that_is_none_is_refused(
    schema_file: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["codegen", str(schema_file), "--class-name", "my-model"]) == 1
    assert "the class's name must be a Python name, got 'my-model'" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("status", "text", "told"),
    [
        (404, "", "GET /schema answered 404"),
        (200, "<html>", "GET /schema is not JSON"),
        (200, "{}", "its model is still loading"),
        (200, "[1]", "expected an object, got [1]"),
    ],
)
def test_an_address_without_a_schema_is_named(
    status: int, text: str, told: str, serve: Serve, capsys: pytest.CaptureFixture[str]
) -> None:
    url = serve(status, text)
    assert main(["codegen", url]) == 1
    error = capsys.readouterr().err
    assert f"no schema at {url}" in error
    assert told in error


def test_an_address_where_nobody_listens_is_named(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["codegen", "http://127.0.0.1:9"]) == 1
    assert "no runtime answers at http://127.0.0.1:9" in capsys.readouterr().err


@pytest.mark.integration
def test_a_runtime_and_the_hosted_service_give_the_same_class(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    local, hosted = tmp_path / "local.py", tmp_path / "hosted.py"
    with LocalRuntime("catch") as runtime, HostedService(runtime.url) as service:
        assert main(["codegen", runtime.url, "--out", str(local)]) == 0
        monkeypatch.setenv("REACTOR_API_KEY", service.api_key)
        argv = ["codegen", "--hosted", "reactor/catch", "--api-url", service.url]
        assert main([*argv, "--out", str(hosted)]) == 0
        service.wait_no_live_sessions()
        assert len(service.sessions) == 1
    assert class_in(hosted, "CatchModel").MODEL_NAME == "reactor/catch"
    assert class_in(local, "CatchModel").MODEL_NAME == "catch"
    assert class_in(hosted, "CatchModel").SCHEMA == class_in(local, "CatchModel").SCHEMA


@pytest.mark.integration
def test_a_refused_key_is_told_without_the_key(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("REACTOR_API_KEY", "rk_wrong_secret")
    with HostedService() as service:
        argv = ["codegen", "--hosted", "reactor/catch", "--api-url", service.url]
        assert main([*argv, "--out", str(tmp_path / "out.py")]) == 1
    error = capsys.readouterr().err
    assert error.startswith("reactor-env: error: ")
    assert "rk_wrong_secret" not in error
    assert list(tmp_path.iterdir()) == []
