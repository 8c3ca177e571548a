"""Do the options that outputs share do the same in each of them?"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from tests.cli.conftest import Beaf

Run = Callable[..., list[str]]

KEYS = ["mic=XLON:2025-01-06", "mic=XLON:2025-01-07"]
SHARED = pytest.mark.parametrize("kept", ["hive", "delta", "sqlite", "postgresql"], indirect=True)
NARROW = "PASSES.bars.trade_analytics={generic_metrics: [{measures: [VWAP]}]}"
WIDE = "PASSES.bars.trade_analytics={generic_metrics: [{measures: [VWAP, Volume]}]}"


def mode(name: str) -> str:
    return f"OUTPUT_TARGET.schema_mode={name}"


def partitions(beaf: Beaf, kept: Any) -> list[str]:
    (place,) = beaf("data", "describe", *kept.asked, "--json").json["places"]
    return [each["partition"] for each in place["partitions"]]


def columns(beaf: Beaf, kept: Any) -> set[str]:
    (place,) = beaf("data", "describe", *kept.asked, "--json").json["places"]
    return {each["name"] for each in place["columns"] if each["stored"]}


@SHARED
def test_a_run_that_begins_a_place_anew_keeps_all_of_its_own_partitions(
    beaf: Beaf, run: Run, kept: Any
) -> None:
    run(*kept.sets, NARROW)
    run(*kept.sets, NARROW, universe="mic=XPAR")
    run(*kept.sets, WIDE, mode("overwrite"))
    assert partitions(beaf, kept) == KEYS
    assert "TradeTotalVolume" in columns(beaf, kept)
    run(*kept.sets, WIDE, mode("overwrite"), universe="mic=XPAR")
    assert len(partitions(beaf, kept)) == 4, "the same columns: nothing to begin anew"


@SHARED
def test_strict_refuses_other_columns_and_names_them(beaf: Beaf, run: Run, kept: Any) -> None:
    run(*kept.sets, NARROW)
    before = columns(beaf, kept)
    sets = [word for each in ("BATCH_FREQ=D", *kept.sets, WIDE) for word in ("--set", each)]
    refused = beaf("pipeline", "run", "--pipeline", "bars.yaml", "--date", "2025-01-06",
                   "--universe", "mic=XLON", *sets)  # fmt: skip
    assert refused.code == 2, refused.err
    assert "TradeTotalVolume" in refused.err
    assert "add_columns" in refused.err
    assert (partitions(beaf, kept), columns(beaf, kept)) == (KEYS, before)


@SHARED
def test_added_columns_leave_other_partitions_as_they_are(beaf: Beaf, run: Run, kept: Any) -> None:
    run(*kept.sets, NARROW)
    run(*kept.sets, WIDE, mode("add_columns"), universe="mic=XPAR")
    assert len(partitions(beaf, kept)) == 4
    assert {"TradeTotalVWAP", "TradeTotalVolume"} <= columns(beaf, kept)
    assert run(*kept.sets, NARROW, mode("add_columns")), "absent ones are null"
    assert len(partitions(beaf, kept)) == 4
