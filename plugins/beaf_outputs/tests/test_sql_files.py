"""Do tables of SQLite and DuckDB keep their partitions, whole, once, and with their meaning?"""

from __future__ import annotations

from pathlib import Path

import pytest

from beaf_core.testing import check_output


@pytest.mark.parametrize("kind", ["sqlite", "duckdb"])
def test_the_output_keeps_the_contract(kind: str, tmp_path: Path) -> None:
    check_output("sql", tmp_path, options={"sql_connection": f"{kind}:///{tmp_path}/bars.db"})
