"""Does `show` print what is configured, where it came from, and no secret?"""

from __future__ import annotations

from typing import Any

import pytest
import yaml
from tests.config.conftest import Desk

from beaf_core.config.complete import absolute
from beaf_core.config.show import as_lines, as_values


def shown(desk: Desk, pipeline: Any, **more: Any) -> tuple[list[str], dict[str, Any]]:
    loaded, resolved = desk.load(pipeline, **more), desk.resolve(pipeline, **more)
    return list(as_lines(loaded.tree, resolved)), as_values(loaded.tree, resolved)


def test_every_value_stands_beside_its_origin(desk: Desk) -> None:
    path = desk.write(
        "p.yaml",
        """\
        SOURCE: {type: tape, root: lake}
        PASSES:
          - name: one
            modules: [bars]
        """,
    )
    lines, values = shown(desk, path, sets=["PASSES.one.time_bucket_seconds=300"])
    assert lines[:2] == [f"# project: {desk.folder}", 'DATASETNAME: "sample2d"  # default']
    source = lines.index("SOURCE:")
    assert lines[source + 1 : source + 3] == [
        '  type: "tape"  # p.yaml:1:16',
        f'  root: "{desk.folder}/lake"  # p.yaml:1:28',
    ]
    passes = lines.index("PASSES:")
    assert lines[passes + 1 : passes + 4] == [
        '  - name: "one"  # p.yaml:3:11',
        "    time_bucket_seconds: 300  # --set PASSES.one.time_bucket_seconds",
        '    time_bucket_anchor: "end"  # default',
    ]
    assert '    modules: ["bars"]  # p.yaml:4:14' in lines
    assert values["origins"]["SOURCE.root"] == "p.yaml:1:28"
    assert values["origins"]["PASSES.one.time_bucket_anchor"] == "default"
    assert values["config"]["PASSES"][0]["time_bucket_seconds"] == 300


def test_what_is_printed_can_be_read_back(desk: Desk, one_pass: Any) -> None:
    lines, values = shown(desk, one_pass({"DATASETNAME": "a: #b", "UNIVERSE": "mic=X"}))
    assert yaml.safe_load("\n".join(lines)) == values["config"]


def test_no_secret_is_printed_at_any_depth(
    desk: Desk, one_pass: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    top = {
        "S3_STORAGE_OPTIONS": {"aws_secret_access_key": "hunter2", "aws_region": "eu"},
        "BMLL_JOBS": {
            "credentials": {"user": "hunter2", "all": [{"x": "hunter2"}, "hunter2"]},
            "token": "${env:JOB_TOKEN}",
            "at": ["db://me:hunter2@host", {"y": 1}],
        },
    }
    monkeypatch.setenv("JOB_TOKEN", "s3cr3t")
    lines, values = shown(desk, one_pass(top))
    for text in ("\n".join(lines), str(values)):
        assert "hunter2" not in text
        assert "s3cr3t" not in text
        assert "${env:JOB_TOKEN}" in text
        assert "***" in text


def test_a_configuration_that_travels_holds_absolute_paths(desk: Desk) -> None:
    path = desk.write(
        "deep/p.yaml",
        """\
        SOURCE: {type: tape, root: lake}
        SCHEMA_LOCK_PATH: lock.json
        PASSES:
          - name: one
            modules: [bars]
            output: {path_template: "out/{universe}.parquet"}
        """,
    )
    loaded, resolved = desk.load(path), desk.resolve(path)
    plain = absolute(loaded.tree, resolved).plain()
    assert plain["SOURCE"]["root"] == f"{desk.folder}/deep/lake"
    assert plain["SCHEMA_LOCK_PATH"] == f"{desk.folder}/deep/lock.json"
    template = plain["PASSES"][0]["output"]["path_template"]
    assert template == f"{desk.folder}/deep/out/{{universe}}.parquet"
