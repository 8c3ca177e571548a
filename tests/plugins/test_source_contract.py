"""Does the contract check for sources pass what is right, and catch each way of being wrong?"""

from __future__ import annotations

import polars as pl
import pytest

from beaf_core import DayStatus, Part, TableRead, hookimpl
from beaf_core.testing import TINY_DAYS, check_source, tiny_table, write_market


def test_the_first_party_source_keeps_its_contract(tmp_path):
    tables = ("reference", "membership", "trades", "marketstate")
    check_source("parquet", {"root": str(write_market(tmp_path))}, tables=tables)


def test_the_example_of_a_source_keeps_its_contract(tmp_path, example_plugin):
    for table in ("reference", "trades", "marketstate"):
        (tmp_path / table).mkdir()
        for day in TINY_DAYS:
            tiny_table(table, day).write_csv(tmp_path / table / f"{day}.csv")
    tables = ("reference", "trades", "marketstate")
    check_source(example_plugin("read_table"), {"root": str(tmp_path)}, tables=tables)


class Source:
    """The tiny market from memory, as it should be."""

    @hookimpl
    def read_table(self, request):
        try:
            frame = tiny_table(request.table, str(request.day))
        except KeyError:
            return TableRead(DayStatus.MISSING)
        if frame.is_empty():
            return self.absent(request)
        return self.present(request, frame)

    def absent(self, request):
        return TableRead(DayStatus.MISSING, absent=("nowhere",))

    def present(self, request, frame):
        return TableRead(DayStatus.READY, frame.lazy(), order=self.order(request))

    def order(self, request):
        return ()


class SaysReadyOfAnAbsentDay(Source):
    def absent(self, request):
        return TableRead(DayStatus.READY, tiny_table(request.table, TINY_DAYS[0]).lazy())


class GivesAFrameOfAnAbsentDay(Source):
    def absent(self, request):
        return TableRead(DayStatus.CLOSED, tiny_table(request.table, TINY_DAYS[0]).clear().lazy())


class BreaksOnAnUnknownTable(Source):
    @hookimpl
    def read_table(self, request):
        frame = tiny_table(request.table, str(request.day))
        return self.absent(request) if frame.is_empty() else self.present(request, frame)


class ReadsTheData(Source):
    def present(self, request, frame):
        return TableRead(DayStatus.READY, frame.lazy().filter(pl.lit(True)).collect().lazy())


class LosesARow(Source):
    def present(self, request, frame):
        rows = frame.slice(1) if request.mics else frame
        return TableRead(DayStatus.READY, rows.lazy())


class LosesTheKey(Source):
    def present(self, request, frame):
        rows = frame.select("MIC") if request.columns else frame
        return TableRead(DayStatus.READY, rows.lazy())


class IgnoresAListing(Source):
    def present(self, request, frame):
        rows = frame.filter(pl.col("ListingId") != 101) if request.listings else frame
        return TableRead(DayStatus.READY, rows.lazy())


class MistakesAConstraint(Source):
    def present(self, request, frame):
        rows = frame.clear() if request.constraints else frame
        return TableRead(DayStatus.READY, rows.lazy())


class MistypesAColumn(Source):
    def present(self, request, frame):
        return TableRead(DayStatus.READY, frame.with_columns(pl.col("MIC").hash()).lazy())


class KeepsATimeZone(Source):
    def present(self, request, frame):
        names = [name for name in ("Date", "TradeTimestamp") if name in frame.columns]
        zoned = frame.with_columns(pl.col(name).dt.replace_time_zone("UTC") for name in names)
        return TableRead(DayStatus.READY, zoned.lazy())


class HasNoTime(Source):
    def present(self, request, frame):
        return TableRead(DayStatus.READY, frame.drop("Date", strict=False).lazy())


class ClaimsAnOrderThatItDoesNotKeep(Source):
    def order(self, request):
        return ("TradeTimestamp", "BMLLSequenceNo") if request.table == "trades" else ()


class ClaimsAnOrderByAColumnThatItLacks(Source):
    def order(self, request):
        return ("EventTime",)


class CountsTooFewRows(Source):
    def present(self, request, frame):
        return TableRead(DayStatus.READY, frame.lazy(), parts=(Part("memory", rows=1),))


class ShufflesItsParts(Source):
    calls = 0

    def present(self, request, frame):
        self.calls += 1
        return TableRead(DayStatus.READY, frame.lazy(), parts=(Part(f"memory-{self.calls}"),))


class InventsRows(Source):
    calls = 0

    def present(self, request, frame):
        self.calls += 1
        return TableRead(DayStatus.READY, frame.head(1 + self.calls % 2).lazy())


def test_a_right_source_passes():
    check_source(Source())


@pytest.mark.parametrize(
    ("wrong", "reason"),
    [
        (SaysReadyOfAnAbsentDay, "ready on 2025-01-08, a day without data"),
        (GivesAFrameOfAnAbsentDay, "a frame on 2025-01-08, a day without data"),
        (BreaksOnAnUnknownTable, "asked for a table that it does not have"),
        (ReadsTheData, "read_table collects"),
        (LosesARow, "mics=('XLON',) loses or adds rows"),
        (LosesTheKey, "columns=('ListingId',) lost ListingId"),
        (IgnoresAListing, "listings=(101,) loses or adds rows"),
        (MistakesAConstraint, "constraints={'Ticker': 'ALFA'} loses or adds rows"),
        (MistypesAColumn, "reference.MIC is UInt64, not text"),
        (KeepsATimeZone, "reference.Date is Datetime"),
        (HasNoTime, "reference: no time column; one of Date is needed"),
        (ClaimsAnOrderThatItDoesNotKeep, "not in the order claimed"),
        (ClaimsAnOrderByAColumnThatItLacks, "order names EventTime"),
        (CountsTooFewRows, "the parts count 1 rows, the frame holds 3"),
        (ShufflesItsParts, "two reads name different parts"),
        (InventsRows, "two reads give different rows"),
    ],
)
def test_a_wrong_source_is_caught(wrong, reason, refused):
    assert reason in refused(check_source, wrong(), tables=("reference", "trades"))


def test_a_day_that_a_source_does_not_have_is_no_day_to_check_it_on(refused):
    assert "missing on 2025-01-09, not ready" in refused(check_source, Source(), day="2025-01-09")


def test_collecting_is_possible_again_after_a_check(refused):
    refused(check_source, ReadsTheData())
    assert pl.LazyFrame({"a": [1]}).collect().height == 1
