"""The checkers of other libraries with other versions of them: ``python -m tests.matrix --help``.

Each row is a virtual environment of its own under ``.venv-matrix/``, since two versions of a
library cannot be installed side by side. Needs the standard library alone.
"""

from __future__ import annotations

import argparse
import hashlib
import subprocess
import sys
from pathlib import Path

from tests.matrix.results import count_outcomes, draw_table

ROOT = Path(__file__).resolve().parents[2]
FOLDER = ROOT / ".venv-matrix"
TESTS = "tests/integration/test_checkers.py"

ROWS = {
    # The extra `worlds` needs a newer one, for pygame; `catch` does without.
    "gymnasium-1.2.2": ["gymnasium==1.2.2"],
    "gymnasium-1.4": ["gymnasium>=1.4,<1.5"],
}
ALL_ROWS = [
    ".[local,native]",
    "hypothesis",
    "moviepy",
    "pillow",
    "psutil",
    "pytest",
    "pytest-asyncio",
    "pytest-timeout",
]
TORCH = ["array-api-compat", "stable-baselines3>=2.9,<3", "torch", "torchrl>=0.14,<0.15"]


def main() -> int:
    """Run the rows that are asked for, print the table, and return the exit status."""
    parser = argparse.ArgumentParser(prog="python -m tests.matrix", description=__doc__)
    parser.add_argument(
        "rows", nargs="*", metavar="ROW", help=f"some of {', '.join(ROWS)}; by default all of them"
    )
    parser.add_argument(
        "--torch", action="store_true", help="install torch and the libraries on it too (5 GB)"
    )
    given = parser.parse_args()
    if unknown := [row for row in given.rows if row not in ROWS]:
        parser.error(f"ROW must be among {', '.join(ROWS)}, got {', '.join(unknown)}")
    results = {}
    for row in given.rows or ROWS:
        name = f"{row}-torch" if given.torch else row
        python = install(name, [*ALL_ROWS, *ROWS[row], *(TORCH if given.torch else [])])
        report = FOLDER / f"{name}.xml"
        report.unlink(missing_ok=True)
        command = [python, "-m", "pytest", "-q", "-m", "slow or not slow", TESTS]
        command += [f"--junitxml={report}"]
        subprocess.run([*map(str, command)], cwd=ROOT, check=False)
        results[name] = count_outcomes(report.read_text()) if report.exists() else {}
    print("", draw_table(results), sep="\n")
    ran = all(results.values())
    failed = any(count.failed for row in results.values() for count in row.values())
    return 0 if ran and not failed else 1


def install(name: str, requirements: list[str]) -> Path:
    """Make a row's environment, unless it is there with these requirements; return its Python."""
    folder = FOLDER / name
    python = folder / "bin" / "python"
    asked = "\n".join([sys.version, *requirements, (ROOT / "pyproject.toml").read_text()])
    digest = hashlib.sha256(asked.encode()).hexdigest()
    stamp = folder / ".installed"
    if not stamp.exists() or stamp.read_text() != digest:
        print(f"Installing {name} ...", flush=True)
        subprocess.run([sys.executable, "-m", "venv", "--clear", str(folder)], check=True)
        pip = [str(python), "-m", "pip", "install", "-qq", "--disable-pip-version-check"]
        # Editable: the row runs this checkout.
        package, *others = requirements
        subprocess.run([*pip, "--editable", package, *others], cwd=ROOT, check=True)
        stamp.write_text(digest)
    return python


if __name__ == "__main__":
    sys.exit(main())
