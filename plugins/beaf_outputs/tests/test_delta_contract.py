"""Does the output delta keep its contract, locally and on S3, in all its ways?"""

from __future__ import annotations

from pathlib import Path

import pytest

from beaf_core.testing import check_output

WAYS: list[tuple[dict[str, object], tuple[str, ...]]] = [
    ({}, ()),
    ({"delta_timestamps": "int64", "compression": "snappy"}, ()),
    ({"schema_mode": "add_columns"}, ("MIC", "Date")),
    ({}, ("$dagsterpartitionkey",)),
]


@pytest.mark.parametrize(("options", "partition_columns"), WAYS)
def test_the_output_keeps_the_contract(
    tmp_path: Path, options: dict[str, object], partition_columns: tuple[str, ...]
) -> None:
    check_output("delta", tmp_path, options, partition_columns=partition_columns)
