"""Does a run end in any process it may find itself in, and the second one too?"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import nbformat
import pytest
from nbclient import NotebookClient

#: Far more than any of this takes; a run that hangs ends here.
SECONDS = 120

USE_POLARS = """
import polars as pl
frame = pl.DataFrame({"a": range(100_000), "b": [n % 7 for n in range(100_000)]})
assert frame.lazy().group_by("b").agg(pl.col("a").sum()).collect(engine="streaming").height == 7
"""

RUN = """
from beaf_core import run_pipeline
report = run_pipeline({path!r}, date="2025-01-06", universe="mic=XLON", force=True)
print(report.status, report.receipts[0].rows)
"""


def printed_by(code: str) -> list[str]:
    """Run a script that has no guard, as people write them."""
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, timeout=SECONDS, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.splitlines()


@pytest.mark.parametrize("before", [pytest.param("", marks=pytest.mark.soak), USE_POLARS])
def test_two_runs_in_one_process_end(pipeline_file: Path, before: str) -> None:
    run = RUN.format(path=str(pipeline_file))
    assert printed_by(before + run + run) == ["succeeded 4", "succeeded 4"]


def test_a_run_in_a_thread_beside_another_ends(pipeline_file: Path) -> None:
    code = (
        USE_POLARS
        + "import threading\nfrom beaf_core import run_pipeline\n"
        + f"def work(mic):\n    report = run_pipeline({str(pipeline_file)!r}, date='2025-01-06', "
        + "universe='mic=' + mic)\n    print(report.status + '\\n', end='')\n"
        + "threads = [threading.Thread(target=work, args=(m,)) for m in ('XLON', 'XPAR')]\n"
        + "[t.start() for t in threads]\n[t.join() for t in threads]\n"
    )
    assert printed_by(code) == ["succeeded", "succeeded"]


def test_a_script_without_a_guard_ends(pipeline_file: Path, tmp_path: Path) -> None:
    script = tmp_path / "script.py"
    script.write_text(RUN.format(path=str(pipeline_file)))
    done = subprocess.run(
        [sys.executable, str(script)], capture_output=True, text=True, timeout=SECONDS, check=False
    )
    assert (done.returncode, done.stdout) == (0, "succeeded 4\n"), done.stderr


def test_runs_in_the_cells_of_a_notebook_end(pipeline_file: Path) -> None:
    run = RUN.format(path=str(pipeline_file))
    cells = [nbformat.v4.new_code_cell(source) for source in (USE_POLARS, run, run)]
    notebook = nbformat.v4.new_notebook(cells=cells)
    NotebookClient(notebook, timeout=SECONDS, kernel_name="python3").execute()
    printed = [
        output["text"] for cell in notebook.cells for output in cell["outputs"] if "text" in output
    ]
    assert printed == ["succeeded 4\n", "succeeded 4\n"]
