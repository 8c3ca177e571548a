"""Does a stranger learn from one message everything that is to be mended?"""

from __future__ import annotations

from typing import Any

import pytest
from tests.config.conftest import Desk

from beaf_core.config.errors import ConfigError, Place, Problem, dotted
from beaf_core.prepare import prepare_pipeline


def test_unknown_keys_at_every_level_are_told_in_the_order_of_the_file(desk: Desk) -> None:
    text = desk.refused_text(
        """\
        DATASETNAM: d
        SOURCE: {type: tape, root: /lake, por: 1}
        OUTPUT_TARGET: {compresion: zstd}
        QUALITY_CHECKS: {enabled: true}
        SCHEDULES:
          - name: daily
            crn: 0 2 * * *
            partitions: [{dat: today}]
        PASSES:
          - name: one
            modlues: [bars]
            modules: [bars]
            bars_analytics: {scoop: all}
            output: {bucke: b}
            quality_checks: {actoin: raise}
        """
    )
    assert text.splitlines()[0] == "10 problems in the configuration"
    assert [line for line in text.splitlines() if line.startswith("p.yaml")] == [
        f'p.yaml:{line}:{column} {path}: unknown key "{word}" — did you mean "{meant}"?'
        for line, column, path, word, meant in [
            (1, 1, "DATASETNAM", "DATASETNAM", "DATASETNAME"),
            (2, 35, "SOURCE.por", "por", "port"),
            (3, 17, "PASSES[0].output.compresion", "compresion", "compression"),
            (4, 18, "QUALITY_CHECKS.enabled", "enabled", "ENABLED"),
            (7, 5, "SCHEDULES[0].crn", "crn", "cron"),
            (8, 19, "SCHEDULES[0].partitions[0].dat", "dat", "date"),
            (11, 5, "PASSES[0].modlues", "modlues", "modules"),
            (13, 22, "PASSES[0].bars_analytics.scoop", "scoop", "scope"),
            (14, 14, "PASSES[0].output.bucke", "bucke", "bucket"),
            (15, 22, "PASSES[0].quality_checks.actoin", "actoin", "action"),
        ]
    ]


def test_each_fault_shows_its_line_with_a_caret_below_the_word(desk: Desk) -> None:
    text = desk.refused_text(
        """\
        PASSES:
        - name: one
          modules: [bars]
          time_bucket_closed: lft
        passes: []
        """
    )
    assert text == (
        "2 problems in the configuration\n"
        "p.yaml:4:23 PASSES[0].time_bucket_closed: should be 'right' or 'left', not 'lft' "
        '— did you mean "left"?\n'
        "      time_bucket_closed: lft\n"
        "                          ^^^\n"
        'p.yaml:5:1 passes: unknown key "passes" — did you mean "PASSES"?\n'
        "    passes: []\n"
        "    ^^^^^^"
    )


def test_faults_of_all_layers_are_told_at_once_each_with_its_own_place(desk: Desk) -> None:
    desk.write("beaf.yaml", "SOURCE: {type: tap}\n")
    desk.write("p.yaml", "BATCH_FREQ: X\n")
    path = desk.write("p.py", 'USER_CONFIG = {"PASSES": [{"name": "one", "modules": ["brs"]}]}\n')
    error = desk.refused(
        path,
        environ={"BEAF__NUM_WORKERS": "many"},
        sets=["PASSES.one.time_bucket_seconds=0"],
        flags={"UNIVERSE": "mic="},
    )
    assert [(str(each.place), each.path) for each in error.problems] == [
        ("$BEAF__NUM_WORKERS", "NUM_WORKERS"),
        ("--set PASSES.one.time_bucket_seconds", "PASSES[0].time_bucket_seconds"),
        ("--universe", "UNIVERSE"),
        ("beaf.yaml:1:16", "SOURCE.type"),
        ("p.py:1:55", "PASSES[0].modules[0]"),
        ("p.yaml:1:13", "BATCH_FREQ"),
    ]
    assert error.exit_code == 2


@pytest.mark.parametrize(
    ("config", "word", "home"),
    [
        ({"modules": ["bars"]}, "modules", "a pass"),
        ({"path_template": "x"}, "path_template", "OUTPUT_TARGET, or a pass's output"),
        ({"null_rate_max": 1}, "null_rate_max", "QUALITY_CHECKS, or a pass's quality_checks"),
    ],
)
def test_a_key_in_the_wrong_section_is_told_where_it_belongs(
    desk: Desk, one_pass: Any, config: Any, word: str, home: str
) -> None:
    (problem,) = desk.refused(one_pass(config)).problems
    assert problem.remedy == f"{word} belongs to {home}"


def test_a_key_of_the_top_inside_a_pass_is_told_where_it_belongs(desk: Desk, one_pass: Any) -> None:
    (problem,) = desk.refused(one_pass(DATASETNAME="d")).problems
    assert problem.path == "PASSES[0].DATASETNAME"
    assert problem.remedy == "DATASETNAME belongs to the top level"


def test_a_word_that_resembles_nothing_gets_no_suggestion(desk: Desk, one_pass: Any) -> None:
    (problem,) = desk.refused(one_pass({"ZZZZ": 1})).problems
    assert (problem.message, problem.remedy) == ('unknown key "ZZZZ"', None)


# -- rendering -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("place", "where", "snippet"),
    [
        (Place("f", "/", 3, 5, 2, "ab: cd"), "f:3:5", "    ab: cd\n        ^^"),
        (Place("f", "/", 1, 2, 1, "\tb"), "f:1:2", "    \tb\n    \t^"),
        (Place("f", "/", 1, 1, 0, "x  \n"), "f:1:1", "    x\n    ^"),
        (Place("--set A", "/"), "--set A", ""),
        (Place("f", "/", 9, 3, 9, "ab"), "f:9:3", "    ab\n      ^"),
    ],
)
def test_a_place_names_the_file_and_shows_the_line(place: Place, where: str, snippet: str) -> None:
    assert (str(place), place.snippet()) == (where, snippet)


def test_a_long_line_is_cut_around_its_caret() -> None:
    text = "a" * 90 + "HERE" + "b" * 90
    shown, caret = Place("f", "/", 1, 91, 4, text).snippet().splitlines()
    assert len(shown) <= 4 + 101
    assert shown[caret.index("^") :][: caret.count("^")] == "HERE"
    shown, caret = Place("f", "/", 1, 1, 3, text).snippet().splitlines()
    assert shown == "    " + text[:100]
    assert caret == "    ^^^"
    assert Place("f", "/", 1, 91, 4, text[:100]).snippet().splitlines()[0] == "    " + text[:100]
    wide = Place("f", "/", 1, 91, 94, text).snippet().splitlines()
    assert len(wide[1]) == len(wide[0])


def test_problems_are_told_once_and_in_the_order_of_their_lines() -> None:
    low, high = Place("f", "/", 9), Place("f", "/", 10)
    other = Problem("B", "two", low, "mend it")
    error = ConfigError([Problem("A", "one", high), other, Problem("A", "one", high)])
    assert str(error) == "2 problems in the configuration\nf:9:1 B: two\n  → mend it\nf:10:1 A: one"
    assert str(ConfigError([Problem("", "alone")])) == "alone"


@pytest.mark.parametrize(
    ("path", "text"),
    [((), ""), (("A",), "A"), (("A", 0, "b", 1, 2, "c"), "A[0].b[1][2].c")],
)
def test_a_path_reads_like_code(path: tuple[str | int, ...], text: str) -> None:
    assert dotted(path) == text


@pytest.mark.parametrize(
    ("section", "where", "words"),
    [
        (
            {"measures": ["Volum"]},
            "generic_metrics[0].measures[0]",
            'none of the choices — did you mean "Volume"?',
        ),
        (
            {"measures": ["Volum"]},
            "generic_metrics[0].measures[0]",
            "→ choose from OHLC, Volume, Count,",
        ),
        ({"measures": []}, "generic_metrics[0].measures", "should have at least 1 item\n"),
        ({"measures": []}, "generic_metrics[0].measures", "→ choose from OHLC, Volume, Count,"),
        (
            {"measures": "VWAP", "sides": []},
            "generic_metrics[0].sides",
            "→ choose from Total, Bid, Ask,",
        ),
    ],
)
def test_a_word_that_is_none_of_many_and_a_list_without_one_are_told_with_the_choices(
    section: dict[str, Any], where: str, words: str
) -> None:
    told = _refused({"modules": ["trade"], "trade_analytics": {"generic_metrics": [section]}})
    assert f"trade_analytics.{where}: " in told
    assert words in told + "\n"


@pytest.mark.parametrize(
    ("metric", "words"),
    [
        ({"horizon": "7xs"}, "'7xs' is no horizon such as 500ms, 1s or 5min"),
        ({"horizon": "750ms"}, "trades hold no mid '750ms' after: they hold 1ms, 2ms,"),
    ],
)
def test_a_horizon_that_cannot_be_is_told_where_it_is_written(
    metric: dict[str, Any], words: str
) -> None:
    section = {"impact_metrics": [{"variant": "Markout", **metric}]}
    told = _refused({"modules": ["trade"], "trade_analytics": section})
    assert f"trade_analytics.impact_metrics[0].horizon: {words}" in told


def test_a_level_beyond_the_book_is_told_where_it_is_written() -> None:
    section = {"spreads": [{"variant": "BPS"}], "imbalances": [{"levels": [1, 11]}]}
    told = _refused({"modules": ["l2"], "l2_analytics": section})
    assert "l2_analytics.imbalances: level 11 is beyond the book: choose from 1 to 10" in told


def test_a_default_source_pass_that_is_not_there_is_told_as_one_that_is_not_written() -> None:
    told = _refused(
        {"name": "bars", "modules": ["trade"]},
        {"modules": ["generic"], "generic_analytics": {"aggregations": {"Volume": "sum"}}},
    )
    assert "and no source_pass says which" in told
    assert "→ write source_pass: bars" in told
    assert "pass1" not in told
    assert "problems" not in told


def _refused(*passes: dict[str, Any]) -> str:
    named = [{"name": f"p{at}", **each} for at, each in enumerate(passes)]
    with pytest.raises(ConfigError) as caught:
        prepare_pipeline({"SOURCE": {"type": "parquet", "root": "/lake"}, "PASSES": named})
    return str(caught.value)
