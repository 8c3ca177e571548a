"""Is an answer of the right class and the wrong content told what is wrong with it?"""

from __future__ import annotations

import types
from pathlib import Path

import pandas as pd
import polars as pl
import pytest

from beaf_core import (
    Aggregation,
    AnalyticsModule,
    DatePartition,
    DayStatus,
    Kind,
    LaunchRequest,
    Measure,
    Part,
    PluginEntry,
    Receipt,
    TableRead,
    UsageError,
)
from beaf_core.plugins import declarations
from beaf_core.plugins.errors import PluginAnswerError, PluginCallError, PluginLoadError
from beaf_core.testing import TINY_DAYS

DAY = TINY_DAYS[0]
LISTINGS = pl.DataFrame({"ListingId": [1, 2], "MIC": ["XLON", "XPAR"]})

# -- nonsense in the shape of an answer ----------------------------------------------------

BAD_LISTINGS = {
    "ListingId must be unique; repeated: 1": {"ListingId": [1, 1], "MIC": ["XLON", "XPAR"]},
    "the frame lacks MIC; its columns: ListingId": {"ListingId": [1]},
    "the frame lacks ListingId and MIC": {"listing": [1]},
    "ListingId is String, not an integer": {"ListingId": ["1"], "MIC": ["XLON"]},
    "ListingId is Float64": {"ListingId": [1.0], "MIC": ["XLON"]},
    "MIC is Int64, not a text": {"ListingId": [1], "MIC": [1]},
    "MIC is List(String), not a text": {"ListingId": [1], "MIC": [["XLON"]]},
    "ListingId is null in 1 rows": {"ListingId": [1, None], "MIC": ["XLON", "XPAR"]},
    "MIC is null in 2 rows": {"ListingId": [1, 2], "MIC": pl.Series([None, None], dtype=pl.String)},
}


@pytest.mark.parametrize("reason", BAD_LISTINGS)
@pytest.mark.parametrize("lazy", [False, True])
def test_wrong_listings_say_what_is_wrong_with_them(odd, reason, lazy):
    frame = pl.DataFrame(BAD_LISTINGS[reason])
    assert reason in odd.assert_refused("get_universe", frame.lazy() if lazy else frame)


def test_a_lazy_frame_of_listings_that_fails_later_is_still_the_plugins_answer(odd):
    frame = LISTINGS.lazy().select("NoSuchColumn")
    assert "it cannot be read: ColumnNotFoundError" in odd.assert_refused("get_universe", frame)


def test_a_pandas_frame_that_cannot_be_converted_is_a_wrong_answer(odd):
    frame = pd.DataFrame({"ListingId": [1, 2], "MIC": pd.Series([1, "XLON"], dtype=object)})
    assert "it cannot be read" in odd.assert_refused("get_universe", frame)


def test_an_id_beyond_64_bits_is_a_wrong_answer(odd):
    frame = pl.DataFrame(
        {"ListingId": [2**63], "MIC": ["XLON"]}, schema_overrides={"ListingId": pl.UInt64}
    )
    assert "it cannot be read" in odd.assert_refused("get_universe", frame)


def _with_row_groups(groups):
    return TableRead(DayStatus.MISSING, parts=(Part("a", row_groups=groups),))


BAD_READS = {
    "the status is ready, but there is no frame": TableRead(DayStatus.READY),
    "not a LazyFrame": TableRead(DayStatus.READY, LISTINGS),
    "the status is a str, not one of ready, closed": TableRead("fine", LISTINGS.lazy()),
    "the status is nothing": TableRead(None, LISTINGS.lazy()),
    "parts is to hold Part values; it is nothing": TableRead(DayStatus.MISSING, parts=None),
    "parts is to hold Part values; a str": TableRead(DayStatus.MISSING, parts=("a.parquet",)),
    "a row group of a is a int": _with_row_groups(5),
    "a row group of a is 5": _with_row_groups((5,)),
    "a row group of a is (1, 2)": _with_row_groups(((1, 2),)),
    "a row group of a is (-1, 2, 3)": _with_row_groups(((-1, 2, 3),)),
    "a row group of a is (1, 3, 2)": _with_row_groups(((1, 3, 2),)),
    "a row group of a is (1, 2.0, 3)": _with_row_groups(((1, 2.0, 3),)),
    "absent is to hold str values": TableRead(DayStatus.MISSING, absent=(Path("a"),)),
    "order is to hold str values; it is a str": TableRead(DayStatus.MISSING, order="ListingId"),
}


@pytest.mark.parametrize("reason", BAD_READS)
def test_a_wrong_table_read_says_what_is_wrong_with_it(odd, reason):
    assert reason in odd.assert_refused("read_table", BAD_READS[reason])


def no_measures(_options):
    return []


BAD_MODULES = {
    'the module calls itself "even"': AnalyticsModule("even", no_measures),
    "measures is to be a function": AnalyticsModule("odd", measures=[]),
    "rows is to be a function": AnalyticsModule("odd", no_measures, rows={}),
    "config_key is a int": AnalyticsModule("odd", no_measures, config_key=7),
}


@pytest.mark.parametrize("reason", BAD_MODULES)
def test_a_wrong_module_says_what_is_wrong_with_it(odd, reason):
    assert reason in odd.assert_refused("analytics_module", BAD_MODULES[reason])


def test_a_module_whose_config_is_no_model_cannot_be_loaded(odd):
    module = AnalyticsModule("odd", no_measures, Config=dict)
    with pytest.raises(PluginLoadError, match="not a pydantic model"):
        odd.ask(odd.answering("analytics_module", module), "analytics_module")


def receipt(**changed):
    values = {"output": "odd", "location": "a", "rows": 2, "partition": f"mic=XLON:{DAY}"}
    return Receipt(**{**values, "stamp": {"run_id": "r1"}, **changed})


BAD_RECEIPTS = {
    "the receipt has no location": receipt(location=""),
    "the receipt counts -1 rows": receipt(rows=-1),
    "the receipt counts True rows": receipt(rows=True),
    "the receipt counts '2' rows": receipt(rows="2"),
    "the receipt's partition is nothing": receipt(partition=None),
    "the receipt's stamp is nothing": receipt(stamp=None),
}


@pytest.mark.parametrize("reason", BAD_RECEIPTS)
@pytest.mark.parametrize("hook", ["write_output", "find_receipt"])
def test_a_wrong_receipt_says_what_is_wrong_with_it(odd, hook, reason):
    assert reason in odd.assert_refused(hook, BAD_RECEIPTS[reason])


def test_a_receipt_of_another_partition_is_a_wrong_answer(odd):
    answer = receipt(partition="mic=XPAR:2025-01-06")
    assert "the receipt is for mic=XPAR:2025-01-06" in odd.assert_refused("write_output", answer)


def test_a_receipt_without_the_targets_stamp_is_a_wrong_answer(odd):
    assert "does not carry the target's stamp" in odd.assert_refused(
        "write_output", receipt(stamp={})
    )


def test_a_run_that_lacks_methods_lists_them(odd):
    answer = types.SimpleNamespace(ref="r", status=lambda: "running", stop=None)
    assert "lacks stop, logs, wait of a LaunchedRun" in odd.assert_refused("launch_run", answer)


def test_a_run_whose_ref_is_no_text_is_a_wrong_answer(odd):
    methods = dict.fromkeys(("status", "stop", "logs", "wait"), len)
    answer = types.SimpleNamespace(ref=7, **methods)
    assert "lacks ref (a text)" in odd.assert_refused("find_run", answer)


# -- measures and requests -----------------------------------------------------------------

ENTRY = PluginEntry("module", "odd", "odd_module", "beaf-odd", "6.6")


@pytest.mark.parametrize("answer", [None, "Volume", 7, ["Volume"], [object()]])
def test_measures_that_are_none_are_a_wrong_answer(answer):
    with pytest.raises(PluginAnswerError, match=r"beaf-odd 6\.6"):
        declarations.check_measures(ENTRY, answer)


def test_measures_of_one_name_are_for_the_user_to_tell_apart():
    count = Measure("Count", "trades", Aggregation(Kind.COUNT), "trades", "Trades.", "n")
    with pytest.raises(UsageError, match='module "odd" yields Count more than once'):
        declarations.check_measures(ENTRY, [count, count])


@pytest.mark.parametrize("value", [object(), {1, 2}, float("nan"), pl.DataFrame(), len])
def test_a_request_that_cannot_travel_never_reaches_the_launcher(odd, value):
    def launch():
        raise AssertionError("asked")

    host = odd.calling("launch_run", launch)
    request = LaunchRequest("r1", {"DATASETNAME": value}, None, DatePartition(DAY), None, ".")
    with pytest.raises(UsageError, match="cannot be described as plain data"):
        host.launch_run("odd", request, None)


def test_a_module_whose_measures_raise_is_told_as_its_own_fault():
    def fail(_options):
        raise ZeroDivisionError("oops")

    with pytest.raises(PluginCallError, match=r"ZeroDivisionError: oops\n  beaf-odd 6\.6"):
        declarations.measures_of(ENTRY, AnalyticsModule("odd", fail), None)


def test_measures_may_be_yielded_and_fail_while_they_are():
    count = Measure("Count", "trades", Aggregation(Kind.COUNT), "trades", "Trades.", "n")

    def yielding(options):
        yield count
        if options:
            raise ZeroDivisionError("oops")

    assert declarations.measures_of(ENTRY, AnalyticsModule("odd", yielding), False) == [count]
    with pytest.raises(PluginCallError, match="ZeroDivisionError"):
        declarations.measures_of(ENTRY, AnalyticsModule("odd", yielding), True)
