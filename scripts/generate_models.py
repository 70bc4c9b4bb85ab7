"""Write the typed clients of ``reactor_env/models`` again, and their table in ``docs/models.md``.

Run it after a change to a file in ``reactor_env/models/schemas``:

    python scripts/generate_models.py
"""

from __future__ import annotations

from pathlib import Path

from reactor_env.codegen.bundled import (
    PACKAGE,
    TABLE_BEGIN,
    TABLE_END,
    bundled_schemas,
    generate_package,
    models_table,
)

DOCS = Path(__file__).parents[1] / "docs" / "models.md"


def main() -> None:
    """Write what differs, and name it."""
    schemas = bundled_schemas()
    files = {PACKAGE / name: text for name, text in generate_package(schemas).items()}
    before, _, rest = DOCS.read_text(encoding="utf-8").partition(TABLE_BEGIN)
    files[DOCS] = before + models_table(schemas) + rest.partition(TABLE_END)[2]
    for path, text in files.items():
        if not path.exists() or path.read_text(encoding="utf-8") != text:
            path.write_text(text, encoding="utf-8")
            print(f"wrote {path.relative_to(Path.cwd(), walk_up=True)}")


if __name__ == "__main__":
    main()
