"""Does `beaf pipeline validate` try the examples of metrics?"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

Written = Callable[[float], Path]


@pytest.fixture
def with_example(tmp_path: Path) -> Written:
    def write(expect: float) -> Path:
        path = tmp_path / "flow.yaml"
        path.write_text(
            "PASSES:\n"
            "  - name: flow\n"
            "    metrics:\n"
            "      - name: Pressure\n"
            "        table: trades\n"
            "        expr: sum(D * Size) / sum(Size)\n"
            "        tests:\n"
            f"          - {{rows: [{{D: 1, Size: 3}}, {{D: -1, Size: 1}}], expect: {expect}}}\n"
        )
        return path

    return write


def test_examples_that_come_out_are_counted(beaf: Any, with_example: Written) -> None:
    found = beaf("pipeline", "validate", "--pipeline", with_example(0.5))
    assert found.code == 0, found.err
    assert "1 example came out as expected" in found.out
    as_json = beaf("pipeline", "validate", "--pipeline", with_example(0.5), "--json")
    assert as_json.json["examples"] == 1


def test_an_example_that_does_not_come_out_is_a_fault_at_its_line(
    beaf: Any, with_example: Written
) -> None:
    found = beaf("pipeline", "validate", "--pipeline", with_example(0.75))
    assert found.code == 2
    assert "flow.yaml:8:13 PASSES[0].metrics[0].tests[0]: the example of Pressure" in found.err
    assert "gives 0.5, and 0.75 is expected" in found.err
    as_json = beaf("pipeline", "validate", "--pipeline", with_example(0.75), "--json")
    assert as_json.json["valid"] is False
    assert as_json.json["problems"][0]["path"] == "PASSES[0].metrics[0].tests[0]"


def test_examples_are_not_tried_when_a_pipeline_is_only_shown(
    beaf: Any, with_example: Written
) -> None:
    assert beaf("pipeline", "show", "--pipeline", with_example(0.75)).code == 0
