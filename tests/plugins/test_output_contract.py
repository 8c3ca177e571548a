"""Does the contract check for outputs pass what is right, and catch each way of being wrong?"""

from __future__ import annotations

import types
from dataclasses import replace

import polars as pl
import pytest

from beaf_core import Receipt, hookimpl
from beaf_core.testing import check_output


def test_the_first_party_output_keeps_its_contract(tmp_path):
    check_output("parquet", tmp_path)


def test_the_example_of_an_output_keeps_its_contract(tmp_path, example_plugin):
    check_output(example_plugin("write_output"), tmp_path)


class Output:
    """A dictionary, as it should be."""

    def __init__(self):
        self.stored = {}

    @hookimpl
    def write_output(self, frame, target, partition):
        return self.write(frame, target, partition)

    @hookimpl
    def read_output(self, target, partitions):
        return self.read([self.key(target, each) for each in partitions])

    @hookimpl
    def find_receipt(self, target, partition):
        return self.receipt(self.key(target, partition))

    def key(self, target, partition):
        return target.location(partition)

    def write(self, frame, target, partition):
        rows, key = frame.collect(), self.key(target, partition)
        receipt = Receipt(target.type, key, rows.height, partition.key, target.stamp)
        self.stored[key] = (self.kept(rows), receipt)
        return receipt

    def kept(self, rows):
        return rows

    def read(self, keys):
        there = [self.stored[key][0] for key in keys if key in self.stored]
        return pl.concat(there).lazy() if there else None

    def receipt(self, key):
        return self.stored[key][1] if key in self.stored else None


class WidensTypes(Output):
    def kept(self, rows):
        return rows.with_columns(pl.col("TimeBucket").dt.cast_time_unit("us"), Extra=1).reverse()


class Appends(Output):
    def write(self, frame, target, partition):
        old = self.read([self.key(target, partition)])
        receipt = super().write(frame, target, partition)
        if old is not None:
            rows, _ = self.stored[receipt.location]
            self.stored[receipt.location] = (pl.concat([old.collect(), rows]), receipt)
        return receipt


class ClearsTheRest(Output):
    def write(self, frame, target, partition):
        self.stored.clear()
        return super().write(frame, target, partition)


class ClearsTheRestWhenItRewrites(Output):
    def write(self, frame, target, partition):
        if self.key(target, partition) in self.stored:
            self.stored.clear()
        return super().write(frame, target, partition)


class SharesOnePlace(Output):
    def key(self, target, partition):
        return target.path_template


class ForgetsReceipts(Output):
    def receipt(self, key):
        return None


class InventsReceipts(Output):
    def receipt(self, key):
        return super().receipt(key) or Receipt("tested", key, 0, "mic=XLON:2025-01-06")


class AnswersEmptyInsteadOfNone(Output):
    def read(self, keys):
        found = super().read(keys)
        return pl.LazyFrame({"ListingId": []}) if found is None else found


class AnswersNoneInsteadOfEmpty(Output):
    def read(self, keys):
        found = super().read(keys)
        return None if found is None or found.collect().is_empty() else found


class NeedsEveryPartition(Output):
    def read(self, keys):
        return super().read(keys) if all(key in self.stored for key in keys) else None


class CountsWrongly(Output):
    def write(self, frame, target, partition):
        return replace(super().write(frame, target, partition), rows=1)


class DropsAColumn(Output):
    def kept(self, rows):
        return rows.drop("MarketState")


class LosesNulls(Output):
    def kept(self, rows):
        return rows.fill_null("")


class RoundsIntegers(Output):
    def kept(self, rows):
        return rows.with_columns(pl.col("Volume").cast(pl.Float64))


class DeletesBeforeItWrites(Output):
    def write(self, frame, target, partition):
        self.stored.pop(self.key(target, partition), None)
        return super().write(frame, target, partition)


class SwallowsFailures(Output):
    def write(self, frame, target, partition):
        try:
            return super().write(frame, target, partition)
        except RuntimeError:
            return self.stored[self.key(target, partition)][1]


class NamesAnotherOutput(Output):
    def write(self, frame, target, partition):
        return replace(super().write(frame, target, partition), output="parquet")


@pytest.mark.parametrize("right", [Output, WidensTypes])
def test_a_right_output_passes(right, tmp_path):
    check_output(right(), tmp_path)


@pytest.mark.parametrize(
    ("wrong", "reason"),
    [
        (Appends, "reads back other rows than were written"),
        (ClearsTheRest, "mic=XLON:2025-01-06 was written, yet read_output answers None"),
        (ClearsTheRestWhenItRewrites, "mic=XLON:2025-01-07 was written, yet read_output answers"),
        (SharesOnePlace, "never written"),
        (ForgetsReceipts, "find_receipt answers None for mic=XLON:2025-01-06, not Receipt"),
        (InventsReceipts, "for mic=XLON:2025-01-06, never written"),
        (AnswersEmptyInsteadOfNone, "read_output answers rows for mic=XLON:2025-01-06, never"),
        (AnswersNoneInsteadOfEmpty, "was written, yet read_output answers None"),
        (NeedsEveryPartition, "a written partition beside one that is not"),
        (CountsWrongly, "the receipt counts 1 rows; 3 were written"),
        (DropsAColumn, "comes back without MarketState"),
        (LosesNulls, "reads back other rows than were written"),
        (RoundsIntegers, "reads back other rows than were written"),
        (DeletesBeforeItWrites, "was written, yet read_output answers None"),
        (SwallowsFailures, "yet write_output gave a receipt"),
        (NamesAnotherOutput, 'the receipt names the output "parquet", not "tested"'),
    ],
)
def test_a_wrong_output_is_caught(wrong, reason, tmp_path, refused):
    assert reason in refused(check_output, wrong(), tmp_path)


def test_an_output_without_one_of_its_hooks_is_caught(tmp_path, refused):
    plugin = types.ModuleType("half")
    plugin.write_output = hookimpl(specname="write_output")(lambda: None)
    assert "it does not implement read_output" in refused(check_output, plugin, tmp_path)
