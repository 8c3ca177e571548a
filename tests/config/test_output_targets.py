"""Where do the rows of each pass go, and who checks which key of a target?"""

from __future__ import annotations

from typing import Any

import pytest
from tests.config.conftest import Desk, FileConfig


def targets(desk: Desk, config: Any) -> list[Any]:
    return [target for each in desk.resolve(config).passes for target in each.targets]


def test_a_pass_writes_to_the_global_target(desk: Desk, one_pass: Any) -> None:
    (target,) = targets(
        desk,
        one_pass(
            {
                "DATASETNAME": "d",
                "OUTPUT_TARGET": {
                    "path_template": "/out/{bucket}/{pass}",
                    "compression": "snappy",
                    "bucket": "b",
                    "partition_columns": ["MIC"],
                },
                "S3_STORAGE_OPTIONS": {"aws_region": "eu-west-2", "allow_http": True, "retries": 3},
            }
        ),
    )
    assert (target.type, target.dataset, target.pass_name) == ("parquet", "d", "one")
    assert target.path_template == "/out/{bucket}/{pass}"
    assert target.options == FileConfig(compression="snappy")
    assert target.partition_columns == ("MIC",)
    assert target.placeholders == {"bucket": "b"}
    assert target.storage_options == {
        "aws_region": "eu-west-2",
        "allow_http": "true",
        "retries": "3",
    }


def test_the_output_of_a_pass_is_laid_over_the_global_one(desk: Desk, one_pass: Any) -> None:
    top = {"OUTPUT_TARGET": {"path_template": "/out/{pass}", "compression": "snappy"}}
    (target,) = targets(desk, one_pass(top, output={"path_template": "/own"}))
    assert (target.path_template, target.options) == ("/own", FileConfig(compression="snappy"))


def test_another_type_of_output_takes_none_of_the_global_keys(desk: Desk, one_pass: Any) -> None:
    top = {"OUTPUT_TARGET": {"type": "parquet", "path_template": "/x", "compression": "snappy"}}
    (target,) = targets(desk, one_pass(top, output={"type": "console"}))
    assert (target.type, target.options) == ("console", None)
    assert target.path_template.startswith(str(desk.folder / "data"))


def test_further_outputs_get_the_same_rows_and_stand_for_themselves(
    desk: Desk, one_pass: Any
) -> None:
    top = {"OUTPUT_TARGET": {"compression": "snappy"}}
    extra = [{"type": "console"}, {"path_template": "/more/{pass}"}]
    first, second, third = targets(desk, one_pass(top, extra_outputs=extra))
    assert first.options == FileConfig(compression="snappy")
    assert second.type == "console"
    assert (third.path_template, third.options) == ("/more/{pass}", FileConfig())


@pytest.mark.parametrize(
    ("target", "words"),
    [
        ({"path_tmplate": "x"}, 'path_tmplate" — did you mean "path_template"?'),
        ({"compresion": "zstd"}, 'compresion" — did you mean "compression"?'),
        ({"compression": "zip"}, "should be 'zstd' or 'snappy', not 'zip'"),
        ({"type": "parket"}, 'type: no output is called "parket" — did you mean "parquet"?'),
        ({"type": "console", "colour": 1}, 'unknown key "colour"'),
        ({"type": 5}, "type: should be text, not 5"),
        ({"partition_columns": "MIC"}, "should be a list, not 'MIC'\n  → write [MIC]"),
        ([{"type": "parquet"}], "should be a mapping of keys to values"),
        ("parquet", "should be a mapping of keys to values, not 'parquet'"),
        (None, "should be a mapping of keys to values, not null"),
    ],
)
def test_a_faulty_target_is_told_once_wherever_it_stands(
    desk: Desk, one_pass: Any, target: Any, words: str
) -> None:
    two = {"PASSES": [{"name": each, "modules": ["bars"]} for each in "ab"]}
    error = desk.refused({**two, "OUTPUT_TARGET": target})
    assert len(error.problems) == 1
    assert error.problems[0].path.startswith("OUTPUT_TARGET")
    assert words in str(error)
    if target is not None:  # a pass may leave its output open
        error = desk.refused(one_pass(output=target))
        assert len(error.problems) == 1
        assert error.problems[0].path.startswith("PASSES[0].output")
        assert words in str(error)
    if target is not None:
        error = desk.refused(one_pass(extra_outputs=[target]))
        assert len(error.problems) == 1
        assert error.problems[0].path.startswith("PASSES[0].extra_outputs[0]")
        assert words in str(error)


def test_the_fault_of_an_inherited_key_points_to_the_line_that_holds_it(desk: Desk) -> None:
    text = desk.refused_text(
        """\
        OUTPUT_TARGET: {compression: zip}
        PASSES:
          - {name: a, modules: [bars], output: {path_template: /a}}
          - {name: b, modules: [bars], output: {path_template: /b}}
        """
    )
    assert text.splitlines()[1:] == ["    OUTPUT_TARGET: {compression: zip}", " " * 33 + "^^^"]
    assert text.startswith("p.yaml:1:30 ")


def test_passes_that_would_overwrite_each_other_are_told(desk: Desk) -> None:
    passes = [{"name": each, "modules": ["bars"]} for each in "ab"]
    one_file = {"OUTPUT_TARGET": {"path_template": "/out/{start_date}.parquet"}, "PASSES": passes}
    error = desk.refused(one_file)
    assert str(error).endswith(
        'PASSES[1]: the passes "a" and "b" both write to /out/{start_date}.parquet\n'
        "  → give each its own path_template; {pass} in it tells passes apart"
    )
    one_file["OUTPUT_TARGET"]["path_template"] = "/out/{pass}/{start_date}.parquet"
    assert len(targets(desk, one_file)) == 2


def test_an_output_that_would_overwrite_its_sibling_is_told(desk: Desk, one_pass: Any) -> None:
    error = desk.refused(one_pass(extra_outputs=[{"type": "parquet"}]))
    assert 'PASSES[0]: the pass "one" writes to ' in str(error)
    assert ".parquet twice" in str(error)
