"""Does every kind of place tell the same of the same rows?"""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import quote

import polars as pl
from tests.cli.conftest import Beaf
from tests.postgres import PASSWORD, USER

from beaf_core import DatePartition, PartitionRun, UniversePartition, prepare_pipeline

Run = Callable[..., list[str]]

MONDAY, TUESDAY = "2025-01-06", "2025-01-07"
KEYS = [f"mic=XLON:{MONDAY}", f"mic=XLON:{TUESDAY}"]


def described(beaf: Beaf, *arguments: str) -> dict[str, Any]:
    found = beaf("data", "describe", *arguments, "--json")
    assert found.code == 0, found.err
    (only,) = found.json["places"]
    return only


def test_a_place_tells_its_partitions_and_what_the_rows_mean(
    beaf: Beaf, run: Run, kept: Any
) -> None:
    locations = run(*kept.sets)
    found = described(beaf, *kept.asked)
    assert found["kind"] == kept.kind
    assert [each["partition"] for each in found["partitions"]] == KEYS
    assert [each["location"] for each in found["partitions"]] == locations
    assert found["facts"]["time_bucket_seconds"] == "60"
    prepared = prepare_pipeline("bars.yaml", sets=kept.sets)
    (target,) = prepared.resolved.passes[0].targets
    partitions = [
        PartitionRun(UniversePartition("mic", "XLON"), DatePartition(day))
        for day in (MONDAY, TUESDAY)
    ]
    rows = prepared.host.read_output(target, partitions)
    assert rows is not None
    assert found["rows"] == rows.select(pl.len()).collect().item() > 0
    handed_in = [each for each in found["columns"] if each["type"] is not None]
    assert [each["name"] for each in handed_in] == rows.collect_schema().names()
    assert all(each["stored"] and each["meaning"] for each in found["columns"])
    volume = next(each for each in handed_in if each["name"] == "TradeTotalVolume")
    assert (volume["unit"], volume["reaggregation"], volume["version"]) == ("shares", "sum", 1)
    assert volume["formula"]


def test_a_pipeline_tells_the_same_of_its_outputs_as_their_places_do(
    beaf: Beaf, run: Run, kept: Any
) -> None:
    run(*kept.sets)
    sets = dict(each.removeprefix("OUTPUT_TARGET.").split("=", 1) for each in kept.sets)
    if "partition_columns" in sets:
        sets["partition_columns"] = ["MIC"]
    lines = ["DATASETNAME: tiny", f"OUTPUT_TARGET: {json.dumps(sets)}"]
    Path("same.yaml").write_text("\n".join(lines) + "\nPASSES: [{name: bars, modules: [trade]}]\n")
    told = described(beaf, "--pipeline", "same.yaml")
    asked = described(beaf, *kept.asked)
    for each in (told, asked):
        each["location"] = each["location"].removesuffix("/")
    assert told == asked


def test_a_second_run_changes_what_is_told_of_its_partitions_alone(
    beaf: Beaf, run: Run, kept: Any
) -> None:
    run(*kept.sets)
    before = described(beaf, *kept.asked)["partitions"]
    beaf("pipeline", "run", "--pipeline", "bars.yaml", "--date", MONDAY, "--universe", "mic=XLON",
         *(word for each in ("BATCH_FREQ=D", *kept.sets) for word in ("--set", each)),
         "--force")  # fmt: skip
    monday, tuesday = described(beaf, *kept.asked)["partitions"]
    assert tuesday == before[1]
    assert monday["run_id"] != before[0]["run_id"]
    assert (monday["rows"], monday["fingerprint"]) == (before[0]["rows"], before[0]["fingerprint"])


def test_no_screen_and_no_manifest_shows_a_password(
    beaf: Beaf, run: Run, kept: Any, postgres: Any
) -> None:
    sets = [word for each in ("BATCH_FREQ=D", *kept.sets) for word in ("--set", each)]
    asked = ["--pipeline", "bars.yaml", "--date", MONDAY, "--universe", "mic=XLON", *sets]
    screens = [
        beaf("pipeline", "plan", *asked),
        beaf("pipeline", "run", *asked),
        beaf("pipeline", "plan", *asked, "--json"),
        beaf("data", "describe", *kept.asked),
        beaf("data", "describe", *kept.asked, "--json"),
    ]
    assert {each.code for each in screens} == {0}
    texts = [each.out + each.err for each in screens]
    texts += [each.read_text() for each in Path(".beaf").rglob("manifest.json")]
    for secret in (PASSWORD, quote(PASSWORD, safe=""), f"{USER}:", f"{USER}@"):
        assert not any(secret in each for each in texts)
    assert max(len(line) for line in screens[3].out.splitlines()) <= 100
