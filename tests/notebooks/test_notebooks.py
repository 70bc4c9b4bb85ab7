from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import nbformat
import psutil
import pytest
from nbclient import NotebookClient

FOLDER = Path(__file__).parents[2] / "notebooks"
NOTEBOOKS = sorted(FOLDER.glob("*.ipynb"))
QUICK = ("first_session.ipynb", "action_spaces.ipynb")
"""Run by `make test` too; the others take minutes."""

MAX_BYTES = 600_000
CELL_WITHIN_S = 600
QUICK_CELL_WITHIN_S = 60
GONE_WITHIN_S = 15.0
PLOTS = re.compile(r"\bplt\.(subplots|figure)\(|^draw_\w+\(", re.MULTILINE)
ABSOLUTE_PATH = re.compile(r"/(?:home|root|Users|work|tmp)/|site-packages")
LINK = re.compile(r"\]\((?!https?:)([^)#]+)")

each_notebook = pytest.mark.parametrize(
    "path", [pytest.param(path, id=path.name) for path in NOTEBOOKS]
)
each_notebook_in_its_time = pytest.mark.parametrize(
    "path",
    [
        pytest.param(
            path,
            id=path.name,
            marks=() if path.name in QUICK else (pytest.mark.slow, pytest.mark.timeout(1200)),
        )
        for path in NOTEBOOKS
    ],
)


def _read(path: Path) -> Any:
    return nbformat.read(path, as_version=4)  # type: ignore[no-untyped-call]


def _code_cells(notebook: Any) -> list[Any]:
    return [cell for cell in notebook.cells if cell.cell_type == "code"]


@pytest.fixture
def no_process_left() -> Iterator[None]:
    before = set(psutil.Process().children(recursive=True))
    yield
    left = [p for p in psutil.Process().children(recursive=True) if p not in before]
    _, alive = psutil.wait_procs(left, timeout=GONE_WITHIN_S)
    assert not alive, f"processes left behind: {alive}"


def test_there_are_notebooks() -> None:
    assert NOTEBOOKS


def test_the_readme_lists_every_notebook_once() -> None:
    rows = re.findall(r"^\| \d+ \| \[`(\w+\.ipynb)`\]", _readme(), re.MULTILINE)
    assert sorted(rows) == [path.name for path in NOTEBOOKS]


def test_the_readme_numbers_the_notebooks_from_1() -> None:
    numbers = re.findall(r"^\| (\d+) \|", _readme(), re.MULTILINE)
    assert numbers == [str(number) for number in range(1, len(NOTEBOOKS) + 1)]


@pytest.mark.integration
@pytest.mark.usefixtures("no_process_left")
@each_notebook_in_its_time
def test_every_cell_runs(path: Path) -> None:
    notebook = _read(path)
    for cell in _code_cells(notebook):
        cell.outputs, cell.execution_count = [], None
    # A cell that fails raises CellExecutionError with its traceback; the kernel ends either way.
    NotebookClient(
        notebook,
        timeout=QUICK_CELL_WITHIN_S if path.name in QUICK else CELL_WITHIN_S,
        kernel_name="python3",
        resources={"metadata": {"path": str(path.parent)}},
    ).execute()
    for cell in _code_cells(notebook):
        assert cell.execution_count is not None, f"not run: {cell.source}"


@each_notebook
def test_the_committed_file_is_a_valid_notebook(path: Path) -> None:
    nbformat.validate(_read(path))


@each_notebook
def test_the_committed_file_was_run_from_top_to_bottom(path: Path) -> None:
    counts = [cell.execution_count for cell in _code_cells(_read(path))]
    assert counts == list(range(1, len(counts) + 1))


@each_notebook
def test_the_committed_file_shows_every_plot(path: Path) -> None:
    plotting = [cell for cell in _code_cells(_read(path)) if PLOTS.search(cell.source)]
    assert plotting
    for cell in plotting:
        images = [out for out in cell.outputs if "image/png" in out.get("data", {})]
        assert images, f"no picture below: {cell.source}"


@each_notebook
def test_the_committed_file_shows_no_error_and_no_warning(path: Path) -> None:
    for cell in _code_cells(_read(path)):
        for output in cell.outputs:
            assert output.output_type != "error", cell.source
            assert output.get("name") != "stderr", output.text


@each_notebook
def test_the_committed_file_links_to_files_that_are_there(path: Path) -> None:
    for cell in _read(path).cells:
        if cell.cell_type == "markdown":
            for target in LINK.findall(cell.source):
                assert (path.parent / target).exists(), f"no {target}, linked in: {cell.source}"


@each_notebook
def test_the_committed_file_names_no_path_of_a_machine_and_is_small(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    assert len(text.encode()) < MAX_BYTES
    found = ABSOLUTE_PATH.search(re.sub(r'"image/png": "[^"]*"', "", text))
    assert found is None, text[max(found.start() - 80, 0) : found.end() + 80] if found else ""


def _readme() -> str:
    return (FOLDER / "README.md").read_text(encoding="utf-8")
