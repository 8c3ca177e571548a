"""Do `--set` and the environment change just the value that they name?"""

from __future__ import annotations

import itertools
from typing import Any

import pytest
from tests.config.conftest import Desk

from beaf_core import ConfigError

BASE: dict[str, Any] = {
    "SOURCE": {"type": "tape", "root": "lake"},
    "PASSES": [
        {"name": "bars", "modules": ["bars"], "time_bucket_seconds": 60},
        {"name": "5.min", "modules": ["bars"]},
    ],
    "SCHEDULES": [{"name": "daily", "cron": "0 2 * * *"}],
}


def told(desk: Desk, *sets: str, **environ: str) -> str:
    with pytest.raises(ConfigError) as caught:
        desk.load(BASE, sets=sets, environ=environ)
    return str(caught.value)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("UNIVERSE=mic=XLON", "mic=XLON"),
        ("UNIVERSE= mic=XLON ", "mic=XLON"),
        ("UNIVERSE=", None),
        ("UNIVERSE=''", ""),
        ("UNIVERSE=010", 10),
        ("UNIVERSE=off", "off"),
        ("UNIVERSE=[a, 1]", ["a", 1]),
        ("UNIVERSE={a: {b: 1}}", {"a": {"b": 1}}),
        (" UNIVERSE =x", "x"),
    ],
)
def test_a_value_is_read_as_yaml(desk: Desk, text: str, value: object) -> None:
    assert desk.plain({}, sets=[text]) == {"UNIVERSE": value}


def test_a_dotted_path_leaves_its_neighbours_alone(desk: Desk) -> None:
    found = desk.plain(BASE, sets=["SOURCE.root=other", "SOURCE.deep.er=1"])
    assert found["SOURCE"] == {"type": "tape", "root": "other", "deep": {"er": 1}}
    assert found["PASSES"] == BASE["PASSES"]


def test_a_pass_is_addressed_by_its_name(desk: Desk) -> None:
    found = desk.plain(BASE, sets=["PASSES.bars.time_bucket_seconds=300"])
    assert [each.get("time_bucket_seconds") for each in found["PASSES"]] == [300, None]


def test_a_schedule_is_addressed_by_its_name(desk: Desk) -> None:
    found = desk.plain(BASE, sets=["SCHEDULES.daily.cron=0 3 * * *"])
    assert found["SCHEDULES"] == [{"name": "daily", "cron": "0 3 * * *"}]


def test_the_name_of_a_pass_may_hold_dots(desk: Desk) -> None:
    found = desk.plain(BASE, sets=["PASSES.5.min.bars_analytics.scope=all"])
    assert found["PASSES"][1] == {
        "name": "5.min",
        "modules": ["bars"],
        "bars_analytics": {"scope": "all"},
    }


def test_a_whole_pass_may_be_laid_over(desk: Desk) -> None:
    found = desk.plain(BASE, sets=["PASSES.bars={modules: [book]}"])
    assert found["PASSES"][0] == {"name": "bars", "modules": ["book"], "time_bucket_seconds": 60}


def test_an_unknown_pass_is_told_with_those_that_are_there(desk: Desk) -> None:
    assert told(desk, "PASSES.bar.x=1") == (
        '--set PASSES.bar.x PASSES.bar: nothing in PASSES is named "bar" — did you mean "bars"?\n'
        "  → named there: bars, 5.min"
    )


def test_every_override_that_names_no_pass_is_told(desk: Desk) -> None:
    text = told(desk, "PASSES.a.x=1", "SCHEDULES.b.x=1", "DATASETNAME=fine")
    assert text.startswith("2 problems")
    assert "PASSES.a:" in text
    assert "SCHEDULES.b:" in text


def test_a_pass_cannot_be_set_to_a_number(desk: Desk) -> None:
    assert told(desk, "PASSES.bars=5") == "--set PASSES.bars PASSES.bars: is a mapping"


def test_without_passes_there_is_nothing_to_address(desk: Desk) -> None:
    with pytest.raises(ConfigError, match="named there: nothing"):
        desk.load({}, sets=["PASSES.bars.x=1"])


@pytest.mark.parametrize(
    "sets",
    list(
        itertools.permutations(
            [
                "SOURCE.type=bare",
                "SOURCE.depth=3",
                "PASSES.bars.modules=[book]",
                "PASSES.bars.time_bucket_seconds=1",
            ]
        )
    ),
)
def test_the_order_of_overrides_does_not_matter(desk: Desk, sets: tuple[str, ...]) -> None:
    found = desk.plain(BASE, sets=sets)
    assert found["SOURCE"] == {"type": "bare", "depth": 3}
    assert found["PASSES"][0] == {"name": "bars", "modules": ["book"], "time_bucket_seconds": 1}


@pytest.mark.parametrize(
    "sets",
    list(itertools.permutations(["PASSES=[{name: new}]", "PASSES.new.x=1", "PASSES.new.y=2"])),
)
def test_a_pass_that_is_added_can_be_addressed(desk: Desk, sets: tuple[str, ...]) -> None:
    assert desk.plain({}, sets=sets) == {"PASSES": [{"name": "new", "x": 1, "y": 2}]}


def test_of_two_for_one_value_the_last_holds(desk: Desk) -> None:
    sets = ["SOURCE.depth=3", "SOURCE.type=mute", "SOURCE.type=bare"]
    assert desk.plain(BASE, sets=sets)["SOURCE"] == {"type": "bare", "depth": 3}


@pytest.mark.parametrize("text", ["DATASETNAME", "=x", " =x", "a..b=1", ".a=1", "a.=1", ""])
def test_what_is_no_path_with_a_value_is_refused(desk: Desk, text: str) -> None:
    assert told(desk, text).endswith("is not PATH=VALUE\n  → write --set a.b=c")


def test_a_value_that_is_not_yaml_is_refused_without_showing_it(desk: Desk) -> None:
    assert told(desk, "SOURCE.password=[hunter2") == (
        "--set SOURCE.password: YAML syntax error: while parsing a flow sequence, "
        "expected ',' or ']', but got '<stream end>'\n"
        "  → quote the value"
    )


# -- the environment -----------------------------------------------------------------------------


def test_variables_name_values_with_double_underscores(desk: Desk) -> None:
    found = desk.plain(
        BASE,
        environ={
            "BEAF__DATASETNAME": "d",
            "BEAF__PASSES__bars__time_bucket_seconds": "5",
            "BEAF__SOURCE__type": "bare",
            "BEAF__SOURCE__depth": "2",
            "BEAF_DISABLE_PLUGINS": "x",
            "OTHER__UNIVERSE": "x",
        },
    )
    assert found["DATASETNAME"] == "d"
    assert found["PASSES"][0]["time_bucket_seconds"] == 5
    assert found["SOURCE"] == {"type": "bare", "depth": 2}
    assert "UNIVERSE" not in found


def test_the_process_environment_counts_by_default(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("BEAF__DATASETNAME", "d")
    assert desk.plain({}, environ=None) == {"DATASETNAME": "d"}


def test_an_unknown_pass_in_a_variable_is_told(desk: Desk) -> None:
    text = told(desk, BEAF__PASSES__bras__x="1")
    assert text.startswith("$BEAF__PASSES__bras__x PASSES.bras: nothing in PASSES is named")
    assert 'did you mean "bars"' in text


@pytest.mark.parametrize("name", ["BEAF__", "BEAF____A", "BEAF__A__", "BEAF__A____B"])
def test_a_variable_that_names_no_value_is_told(desk: Desk, name: str) -> None:
    assert told(desk, **{name: "1"}) == (
        f"${name}: names no value\n  → write BEAF__A__b=c for the value b in A"
    )


def test_an_unknown_key_in_an_override_is_told_with_the_flag(desk: Desk) -> None:
    assert str(desk.refused(BASE, sets=["PASSES.bars.modlues=[bars]"])) == (
        '--set PASSES.bars.modlues PASSES[0].modlues: unknown key "modlues" '
        '— did you mean "modules"?'
    )
