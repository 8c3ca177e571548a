"""What do all suites share? The market data beside the repository, where it is there."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.table_output import Table, install

ROOT = Path(__file__).resolve().parents[1]
SHARED_DATA = ROOT.parent / "shared" / "data"


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """The folder of real market data; its tests skip, saying so, where it is absent."""
    if not SHARED_DATA.is_dir():
        pytest.skip(f"the market data is not at {SHARED_DATA}")  # it is no part of the repository
    return SHARED_DATA


@pytest.fixture
def pipeline_file(tmp_path: Path, beaf_market: Path) -> Path:
    """A project of its own: a pipeline of one-minute bars over the tiny market."""
    folder = tmp_path / "project"
    folder.mkdir()
    (folder / "beaf.yaml").write_text(f"SOURCE: {{type: parquet, root: '{beaf_market}'}}\n")
    path = folder / "bars.yaml"
    path.write_text(
        "DATASETNAME: tiny\n"
        "PASSES:\n"
        "  - name: bars\n"
        "    modules: [trade]\n"
        "    trade_analytics:\n"
        "      generic_metrics:\n"
        "        - measures: [OHLC, Volume, Notional, Count]\n"
    )
    return path


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Print the figures that tests collected, a line each, also where workers ran them."""
    reports = [each for kind in terminalreporter.stats.values() for each in kind]
    found = [dict(getattr(each, "user_properties", ())).get("figures") for each in reports]
    figures = list(dict.fromkeys(each for each in found if each))
    if figures:
        terminalreporter.section("figures")
        for each in figures:
            terminalreporter.line(str(each))


@pytest.fixture
def table(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Table:
    """The output `shelf`, installed and empty: one place holds many partitions."""
    return install(tmp_path / "site", monkeypatch)
