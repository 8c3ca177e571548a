"""Is a partition that is not fit told, and kept from being written where that is asked?"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.engine.two_passes import (
    write_two_passes,
)

from beaf_core import (
    Aggregation,
    AnalyticsModule,
    ExitCode,
    Identity,
    Kind,
    Measure,
    PassConfig,
    run_pipeline,
)
from beaf_core.config.checks import QualityCheckConfig
from beaf_core.config.resolved import ResolvedModule, ResolvedPass
from beaf_core.engine.checks import quality
from beaf_core.engine.checks.expectations import Around
from beaf_core.model.errors import PartitionFailedError

MONDAY = "2025-01-06"
NINE = datetime(2025, 1, 6, 9)


def resolved(*names: str, identities: Sequence[Identity] = ()) -> ResolvedPass:
    measures = tuple(
        Measure(name, "trades", Aggregation(Kind.SUM, pl.col("Size")), "x", "", "")
        for name in names
    )
    module = AnalyticsModule("acme", lambda _options: measures)
    held = ResolvedModule(module, None, measures, identities=tuple(identities))
    return ResolvedPass(PassConfig(name="bars"), (held,), ())


def rows(keys: Sequence[tuple[int | None, int]], **columns: Sequence[Any]) -> pl.DataFrame:
    """Make rows of (listing, minutes after nine)."""
    frame = pl.DataFrame(
        {
            "ListingId": pl.Series([listing for listing, _ in keys], dtype=pl.Int64),
            "TimeBucket": pl.Series(
                [NINE + timedelta(minutes=minute) for _, minute in keys], dtype=pl.Datetime("ns")
            ),
        }
    )
    return frame.with_columns(pl.Series(name, each) for name, each in columns.items())


def checks(**asked: Any) -> QualityCheckConfig:
    return QualityCheckConfig.model_validate({"ENABLED": True, "null_rate_max": 1, **asked})


def check_quality(*given: Any) -> list[str]:
    return [str(each) for each in quality.check_quality(*given)]


OFF = QualityCheckConfig(ENABLED=False)
FOUR = [(1, 1), (1, 2), (2, 1), (2, 2)]


# -- keys ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("configured", [OFF, checks(), checks(action="raise")])
def test_a_repeated_key_is_never_published_whatever_is_configured(
    configured: QualityCheckConfig,
) -> None:
    frame = rows([*FOUR, (2, 1), (2, 1)], X=[1.0] * 6)
    with pytest.raises(PartitionFailedError) as caught:
        check_quality(resolved("X"), configured, frame)
    assert "2 rows repeat the key of another" in caught.value.message
    assert "listing 2 at 2025-01-06 09:01:00" in caught.value.message
    assert caught.value.exit_code is ExitCode.PARTLY_FAILED


def test_a_null_key_is_never_published() -> None:
    with pytest.raises(PartitionFailedError, match="key is null in 1 rows"):
        check_quality(resolved("X"), OFF, rows([(None, 1), (1, 1)], X=[1.0, 2.0]))


@settings(max_examples=25, deadline=None)
@given(st.lists(st.tuples(st.integers(1, 4), st.integers(0, 4)), max_size=12))
def test_keys_pass_exactly_where_they_are_a_set(keys: list[tuple[int, int]]) -> None:
    frame = rows(keys, X=[1.0] * len(keys))
    if len(set(keys)) == len(keys):
        assert check_quality(resolved("X"), OFF, frame) == []
    else:
        with pytest.raises(PartitionFailedError):
            check_quality(resolved("X"), OFF, frame)


# -- rates and ranges ------------------------------------------------------------------------------


def test_nulls_and_nans_are_counted_together_and_the_limit_itself_passes() -> None:
    frame = rows(FOUR, X=[None, float("nan"), 1.0, 2.0], Y=[None, 1, 1, 1])
    asked = checks(null_rate_max=0.25)
    assert check_quality(resolved("X", "Y"), asked, frame) == ["X is null in 50.0% of the rows"]
    assert check_quality(resolved("X", "Y"), checks(null_rate_max=0.5), frame) == []


def test_a_measure_without_its_column_fails() -> None:
    frame = rows(FOUR, X=[1.0] * 4)
    assert check_quality(resolved("X", "Y"), checks(), frame) == ["there is no column Y"]


@pytest.mark.parametrize(
    ("column", "limits", "fault"),
    [
        ([1.0, 2.0, 3.0, 4.0], [1, 4], None),
        ([1.0, 2.0, 3.0, 4.0], [2, None], "X falls to 1.0, below 2.0"),
        ([1, 2, 3, 4], [None, 3], "X rises to 4, above 3.0"),
        ([float("nan"), None, 3.0, None], [3, 3], None),
        ([float("nan"), 5.0, float("nan"), 1.0], [None, 3], "X rises to 5.0, above 3.0"),
        ([float("inf"), 1.0, 1.0, 1.0], [0, 9], "X rises to inf, above 9.0"),
        ([None, None, None, None], [0, 1], "X is Null, so it has no range"),
        ([float("nan")] * 4, [0, 1], "X has no value, so its range is not known"),
        (pl.Series([None] * 4, dtype=pl.Float64), [None, 1], "X has no value"),
        (["a", "b", "c", "d"], [0, 1], "X is String, so it has no range"),
    ],
)
def test_a_range_holds_or_its_breach_is_told(column: Any, limits: Any, fault: str | None) -> None:
    frame = rows(FOUR).with_columns(pl.Series("X", column))
    told = check_quality(resolved("X"), checks(ranges={"X": limits}), frame)
    assert [each[: len(fault or "")] for each in told] == ([fault] if fault else [])


def test_an_empty_output_and_a_range_without_its_column_fail() -> None:
    asked = checks(ranges={"Opne": [0, 1]}, expect={"rows_min": 1})
    empty = rows([], Open=pl.Series([], dtype=pl.Float64))
    assert check_quality(resolved("Open"), asked, empty) == ["the output has no rows"]
    found = check_quality(resolved("Open"), asked, rows(FOUR, Open=[0.5] * 4))
    assert found == ['there is no column Opne to check the range of — did you mean "Open"?']


def test_what_raises_says_all_that_is_wrong() -> None:
    asked = checks(action="raise", ranges={"X": [0, 1], "Y": [0, 1]})
    with pytest.raises(PartitionFailedError) as caught:
        check_quality(resolved("X"), asked, rows(FOUR, X=[2.0] * 4))
    assert "pass bars" in caught.value.message
    assert "X rises to 2.0, above 1.0; there is no column Y" in caught.value.message


# -- expectations ----------------------------------------------------------------------------------


def unmet(expect: dict[str, Any], frame: pl.DataFrame, around: Around) -> list[str]:
    return check_quality(resolved(), checks(expect=expect), frame, around)


def test_fewest_rows() -> None:
    frame = rows(FOUR)
    assert unmet({"rows_min": 4}, frame, Around()) == []
    assert unmet({"rows_min": 5}, frame, Around()) == ["there are 4 rows, fewer than 5"]


def test_every_listing_of_the_universe_has_a_row() -> None:
    assert unmet({"listings": "all"}, rows(FOUR), Around([1, 2])) == []
    assert unmet({"listings": "all"}, rows(FOUR), Around([1, 2, 3, 4])) == [
        "2 of the 4 listings of the universe have no row: 3, 4"
    ]


def test_columns_that_must_be_there() -> None:
    frame = rows(FOUR, Open=[1.0] * 4)
    assert unmet({"columns": ["ListingId", "Open"]}, frame, Around()) == []
    assert unmet({"columns": ["Opne"]}, frame, Around()) == [
        'there is no column Opne — did you mean "Open"?'
    ]


def test_what_a_pass_preserves_of_its_source_pass() -> None:
    source = rows([*FOUR, (3, 1)], Open=[1.0] * 5)
    around = Around([1, 2], "bars", source.lazy())
    preserved = {"rows": "preserved", "listings": "preserved", "columns": "preserved"}
    assert unmet(preserved, source, around) == []
    other = rows([*FOUR, (2, 7)], Close=[1.0] * 5)  # as many rows, but not the same
    assert unmet(preserved, other, around) == [
        "1 of the source pass's rows are lost, such as listing 3 at 2025-01-06 09:01:00",
        "1 rows are not of the source pass, such as listing 2 at 2025-01-06 09:07:00",
        "1 of the 3 listings of the source pass have no row: 3",
        "there is no column Open of the source pass",
    ]
    assert unmet({"rows": "preserved"}, other, Around([1, 2])) == [], "there is no source pass"
    assert unmet({"rows": "preserved"}, other, Around([1, 2], "bars")) == [
        "no module reads the pass bars, so nothing of it can be preserved"
    ]


# -- identities ------------------------------------------------------------------------------------

A, B = pl.col("A"), pl.col("B")


def broken(holds: pl.Expr, frame: pl.DataFrame, configured: QualityCheckConfig = OFF) -> list[str]:
    return check_quality(resolved(identities=[Identity("A = B", holds)]), configured, frame)


def test_an_identity_is_checked_though_nothing_is_configured() -> None:
    frame = rows(FOUR, A=[1, 2, 3, None], B=[1, 5, 4, 7])
    assert broken(A == B, frame) == [
        "module acme: A = B fails in 2 of 4 rows, such as listing 1 at 2025-01-06 09:02:00: "
        "A 2, B 5"
    ]
    assert broken(A <= B, frame) == []


def test_an_identity_is_refused_where_checks_raise() -> None:
    frame = rows(FOUR, A=[1] * 4, B=[2] * 4)
    with pytest.raises(PartitionFailedError, match="module acme: A = B fails in 4 of 4 rows"):
        broken(A == B, frame, checks(action="raise"))


@pytest.mark.parametrize(
    ("holds", "words"),
    [
        (pl.col("C") == 1, "cannot be evaluated: ColumnNotFoundError"),
        (A + 1, "is no condition, but a column of Int64"),
        (A.map_elements(lambda _: 1 / 0, return_dtype=pl.Boolean), "cannot be evaluated: "),
    ],
)
def test_an_identity_that_cannot_be_evaluated_is_a_fault_of_its_module(
    holds: pl.Expr, words: str
) -> None:
    [told] = broken(holds, rows(FOUR, A=[1, 2, 3, 4]))
    assert told.startswith(f"module acme: A = B {words}")
    with pytest.raises(PartitionFailedError, match="module acme"):
        broken(holds, rows(FOUR, A=[1, 2, 3, 4]), checks(action="raise"))


def test_an_identity_over_whole_columns_is_one_answer_for_all_rows() -> None:
    frame = rows(FOUR, A=[1, 2, 3, 4])
    assert broken(A.sum() == 10, frame) == []
    assert "fails in 4 of 4 rows" in broken(A.sum() == 11, frame)[0]


# -- in a run --------------------------------------------------------------------------------------


def test_what_fails_is_told_by_the_outcome_and_kept_by_the_manifest(pipeline_file: Path) -> None:
    pipeline_file.with_name("own.py").write_text(
        "import polars as pl\n"
        "from beaf_core import Aggregation, AnalyticsModule, Identity, Kind, Measure\n"
        "SIZE = Measure('Size', 'trades', Aggregation(Kind.SUM, pl.col('Size')), 'x', '', '')\n"
        "acme = AnalyticsModule('acme', lambda _: [SIZE],\n"
        "    identities=lambda _: [Identity('Size is small', pl.col('Size') < 1000)])\n"
        "USER_CONFIG = {'PASSES': [{'name': 'bars', 'modules': ['acme']}]}\n"
    )
    report = run_pipeline(pipeline_file.with_name("own.py"), date=MONDAY, universe="mic=XLON")
    [outcome] = report.outcomes
    told = "module acme: Size is small fails in 2 of 4 rows, such as listing 101"
    assert outcome.status == "written"
    assert told in str(outcome.message)
    assert told in Path(report.manifest).read_text()


def test_a_universe_of_which_a_listing_is_silent_is_not_written(pipeline_file: Path) -> None:
    sets = ["PASSES.bars.quality_checks={ENABLED: true, action: raise, expect: {listings: all}}"]
    day = {"date": MONDAY, "universe": "mic=XLON", "sets": sets}
    assert run_pipeline(pipeline_file, **day).exit_code is ExitCode.OK
    sets.append("PASSES.bars.trade_analytics.classifications=[OFF_BOOK_ON_EXCHANGE]")
    report = run_pipeline(pipeline_file, **day, force=True)
    assert report.exit_code is ExitCode.PARTLY_FAILED
    assert "1 of the 2 listings of the universe have no row: 102" in str(report.outcomes[0].message)


@pytest.mark.parametrize(
    ("seconds", "fault"),
    [
        (60, "there is no column Volume of the source pass"),
        (3600, "4 of the source pass's rows are lost, such as listing 101 at 2025-01-06 09:01:00"),
    ],
)
def test_a_second_pass_is_held_to_its_source_pass(
    pipeline_file: Path, seconds: int, fault: str
) -> None:
    path = write_two_passes(pipeline_file.parent)
    preserved = "{rows: preserved, listings: preserved}"
    sets = [
        f"PASSES.hours.time_bucket_seconds={seconds}",
        f"QUALITY_CHECKS={{ENABLED: true, expect: {preserved}}}",
    ]
    if seconds == 60:
        report = run_pipeline(path, date=MONDAY, universe="mic=XLON", sets=sets)
        assert [each.message for each in report.outcomes] == [None, None]
        sets[1] = "QUALITY_CHECKS={ENABLED: true, expect: {columns: preserved}}"
    report = run_pipeline(path, date=MONDAY, universe="mic=XLON", sets=sets)
    bars, hours = report.outcomes
    assert bars.message is None
    assert fault in str(hours.message)
    assert "__" not in str(hours.message), "the engine's own columns are nobody's business"
