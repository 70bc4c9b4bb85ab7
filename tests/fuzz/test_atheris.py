"""Coverage-guided fuzzing of what a server can send, for a bounded time and from a fixed seed."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.fuzz.targets import TARGETS

pytest.importorskip("atheris", reason="Atheris has wheels for Linux on x86-64 only")
pytestmark = pytest.mark.slow

CORPUS = Path(__file__).with_name("corpus")
ROOT = Path(__file__).parents[2]
SECONDS = 10
OPTIONS = [
    *("-seed=1", "-runs=300000", f"-max_total_time={SECONDS}"),
    *("-max_len=4096", "-timeout=10", "-rss_limit_mb=2048"),
]


@pytest.mark.parametrize("target", TARGETS)
def test_no_input_found_in_a_while_gets_anything_but_a_documented_error(
    target: str, tmp_path: Path
) -> None:
    corpus = tmp_path / "corpus"
    corpus.mkdir()
    if (CORPUS / target).is_dir():
        shutil.copytree(CORPUS / target, corpus, dirs_exist_ok=True)
    command = [sys.executable, "-m", "tests.fuzz.harness", target, str(corpus)]
    done = subprocess.run(
        [*command, *OPTIONS, f"-artifact_prefix={tmp_path}/"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        errors="replace",
        timeout=SECONDS + 60,
        check=False,
    )
    inputs = {path.name: path.read_bytes() for path in tmp_path.iterdir() if path.is_file()}
    assert done.returncode == 0, f"{inputs}\n{done.stdout[-2000:]}\n{done.stderr[-1000:]}"
