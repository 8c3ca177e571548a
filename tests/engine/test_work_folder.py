"""Does a run remove its temporary files, and those of runs that could not?"""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from beaf_core import ResourceError
from beaf_core.engine.batches.workfolder import WorkFolder, sweep


def test_a_folder_is_made_when_it_is_asked_for_and_removed_at_the_end(tmp_path: Path) -> None:
    parent = tmp_path / "a/b"
    with WorkFolder(parent) as folder:
        assert not parent.exists()
        assert folder.path.parent == parent
        assert folder.path == folder.path
        (folder.path / "file").write_text("x")
        (folder.path / "below").mkdir()
    assert list(parent.iterdir()) == []


def test_a_folder_in_use_is_left_to_its_run(tmp_path: Path) -> None:
    with WorkFolder(tmp_path) as one, WorkFolder(tmp_path) as other:
        assert one.path != other.path
        sweep(tmp_path)
        assert one.path.is_dir()
        assert other.path.is_dir()


def test_the_folder_of_a_killed_run_is_removed_by_the_next(tmp_path: Path) -> None:
    code = (
        "import os, sys\nfrom pathlib import Path\n"
        "from beaf_core.engine.batches.workfolder import WorkFolder\n"
        "folder = WorkFolder(Path(sys.argv[1]))\n"
        "(folder.path / 'file').write_text('x')\n"
        "os.kill(os.getpid(), 9)\n"
    )
    killed = subprocess.run([sys.executable, "-c", code, tmp_path], check=False, timeout=60)
    assert killed.returncode == -9
    assert len(list(tmp_path.iterdir())) == 1
    with WorkFolder(tmp_path) as folder:
        path = folder.path
        assert list(tmp_path.iterdir()) == [path]


def test_what_is_not_a_runs_folder_is_never_removed(tmp_path: Path) -> None:
    (tmp_path / "beaf-run-of-mine").mkdir()
    (tmp_path / "data.parquet").write_text("x")
    with WorkFolder(tmp_path) as folder:
        assert folder.path.is_dir()
    assert sorted(each.name for each in tmp_path.iterdir()) == ["beaf-run-of-mine", "data.parquet"]


def test_where_no_folder_can_be_made_it_is_said(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x")
    with pytest.raises(ResourceError, match=r"temporary files can be made in .*file"):
        _ = WorkFolder(tmp_path / "file").path


def test_a_folder_that_somebody_has_removed_is_no_fault(tmp_path: Path) -> None:
    with WorkFolder(tmp_path) as folder:
        shutil.rmtree(folder.path)
    assert list(tmp_path.iterdir()) == []
