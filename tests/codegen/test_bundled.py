from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

from reactor_env.codegen import SchemaError, generate_module
from reactor_env.codegen.bundled import (
    PACKAGE,
    TABLE_BEGIN,
    TABLE_END,
    bundled_schemas,
    generate_package,
    models_table,
    read_schema,
)
from reactor_env.codegen.compact import read_compact

ROOT = Path(__file__).parents[2]
BY_HAND = {"base.py"}
COMPACT = 'model = "reactor/m-10"\n[tracks]\nv = "video out"\n[commands.go]\n'


def test_every_committed_module_is_what_its_schema_gives() -> None:
    generated = generate_package(bundled_schemas())
    committed = {path.name: path.read_text(encoding="utf-8") for path in PACKAGE.glob("*.py")}
    assert committed.keys() - BY_HAND == generated.keys()
    stale = [name for name, text in generated.items() if committed[name] != text]
    assert not stale, "run python scripts/generate_models.py"


def test_the_table_in_the_documentation_is_up_to_date() -> None:
    text = (ROOT / "docs" / "models.md").read_text(encoding="utf-8")
    assert models_table(bundled_schemas()) in text


def test_the_example_in_the_documentation_is_a_model() -> None:
    text = (ROOT / "docs" / "models.md").read_text(encoding="utf-8")
    (example,) = re.findall(r"```toml\n(.*?)```", text, re.DOTALL)
    assert "async def paint(" in generate_module(read_compact(example))


def test_the_script_finds_nothing_to_write() -> None:
    script = [sys.executable, "scripts/generate_models.py"]
    done = subprocess.run(script, capture_output=True, check=True, timeout=60, cwd=ROOT)
    assert done.stdout == b""


def test_the_package_is_formatted_and_linted() -> None:
    for arguments in (["format", "--check"], ["check"]):
        checked = subprocess.run(
            [sys.executable, "-m", "ruff", *arguments, PACKAGE],
            capture_output=True,
            text=True,
            timeout=60,
            cwd=ROOT,
        )
        assert checked.returncode == 0, checked.stdout


def test_a_captured_document_serves_as_well_as_the_short_form(tmp_path: Path) -> None:
    (tmp_path / "short_1.toml").write_text(COMPACT)
    (tmp_path / "whole_2.json").write_text(json.dumps(read_compact(COMPACT)))
    short, whole = bundled_schemas(tmp_path)
    assert short.document == whole.document
    assert [short.class_name, whole.class_name] == ["Short1Model", "Whole2Model"]
    files = generate_package([short, whole])
    assert list(files) == ["short_1.py", "whole_2.py", "__init__.py"]
    assert '"Whole2Model": "whole_2",' in files["__init__.py"]
    assert (
        files["short_1.py"].replace("Short1", "Whole2").replace("short_1.toml", "whole_2.json")
        == (files["whole_2.py"])
    )


def test_a_row_of_the_table_tells_what_the_schema_does_not_say_as_nothing(tmp_path: Path) -> None:
    (tmp_path / "m.toml").write_text(COMPACT)
    table = models_table(bundled_schemas(tmp_path))
    assert table.splitlines()[0] == TABLE_BEGIN
    assert table.splitlines()[-1] == TABLE_END
    assert "| `MModel` | `reactor/m-10` | `v` out | 1 |  |  |" in table


def test_a_broken_schema_is_told_with_its_file(tmp_path: Path) -> None:
    path = tmp_path / "broken.toml"
    path.write_text("model = 1")
    with pytest.raises(SchemaError, match=r"broken\.toml: `model` must be"):
        read_schema(path)
