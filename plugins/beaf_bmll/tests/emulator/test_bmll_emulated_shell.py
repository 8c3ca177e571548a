"""Does `python -m beaf_bmll.testing` lead a shell to the emulated servers?"""

from __future__ import annotations

import shlex
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from tests.conftest import ROOT

from beaf_core import prepare_pipeline


def test_a_shell_is_led_to_servers_that_end_when_they_are_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    words = [sys.executable, "-m", "beaf_bmll.testing", str(tmp_path / "bmll")]
    with subprocess.Popen(words, stdout=subprocess.PIPE, text=True) as servers:
        assert servers.stdout
        told: dict[str, str] = {}
        for line in iter(servers.stdout.readline, ""):
            verb, rest = line.split(maxsplit=1)
            if verb == "cd":
                break
            assert verb == "export"
            name, value = shlex.split(rest)[0].split("=", 1)
            told[name] = value
        servers.send_signal(signal.SIGTERM)
        assert servers.wait(timeout=10) == 0
    assert told["BMLL_COMPUTE_URL"].startswith("http://127.0.0.1:")
    assert Path(told["BMLL_KEY_PATH"]).is_file()
    for name, value in told.items():
        monkeypatch.setenv(name, value)
    prepared = prepare_pipeline(str(ROOT / "demo/01_ohlcv_bars.py"), sets=("LAUNCHER=bmll",))
    options = prepared.resolved.launcher_options
    assert getattr(options, "lab_org_id", None) == "emulated"
    assert getattr(options, "area_roots", {})["user"] == str(tmp_path / "bmll" / "user")
    assert Path(getattr(options, "project_root", "")).is_dir()
