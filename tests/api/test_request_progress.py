"""A request that has come from another process tells of its outcomes as it goes on."""

from __future__ import annotations

import json
from pathlib import Path

from beaf_core import LaunchRequest, PassOutcome, execute_request, prepare_pipeline
from beaf_core.run import request_of


class Heard:
    def __init__(self) -> None:
        self.total, self.outcomes = 0, list[PassOutcome]()

    def begin(self, total: int) -> None:
        self.total = total

    def advance(self, outcome: PassOutcome) -> None:
        self.outcomes.append(outcome)


def test_a_request_that_has_travelled_tells_of_each_outcome(
    beaf_market: Path, tmp_path: Path
) -> None:
    pipeline = {
        "SOURCE": {"type": "parquet", "root": str(beaf_market)},
        "UNIVERSE": "mic=XLON",
        "OUTPUT_TARGET": {"path_template": f"{tmp_path}/{{start_date}}.parquet"},
        "PASSES": [{"name": "bars", "modules": ["trade"]}],
    }
    days = {"START_DATE": "2025-01-07", "END_DATE": "2025-01-07"}
    asked = request_of(prepare_pipeline(pipeline, flags=days))
    travelled = LaunchRequest.from_json(
        json.loads(json.dumps({**asked.to_json(), "project": str(tmp_path)}))
    )
    heard = Heard()

    report = execute_request(travelled, heard)

    assert heard.total == 1
    assert tuple(heard.outcomes) == report.outcomes
    assert [each.status for each in report.outcomes] == ["written"]
