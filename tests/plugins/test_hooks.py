"""Does each hook, implemented by an installed stranger, do what its documentation says?

One test at least per hook, named after it; `test_docs.py` counts them.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import pandas as pd
import polars as pl
import pytest

from beaf_core import (
    DatePartition,
    DayStatus,
    LaunchRequest,
    PartitionRun,
    PluginHost,
    TableRequest,
    Target,
    UniversePartition,
    UsageError,
    hookimpl,
)
from beaf_core.plugins.scaffold import example_of
from beaf_core.testing import TINY_DAYS, tiny_reference, tiny_request, tiny_table

DAY = TINY_DAYS[0]
PARTITION = PartitionRun(UniversePartition("mic", "XLON"), DatePartition(DAY))


@pytest.fixture
def installed(shelf):
    """Install the plugin of a hook's own example under the name acme; return a host."""

    def install(kind, hook):
        shelf.add(
            "beaf-acme", {f"{kind}/acme": f"acme_{hook}"}, **{f"acme_{hook}": example_of(hook)}
        )
        return PluginHost()

    return install


def test_hook_get_universe_is_given_date_value_and_reference(installed):
    host = installed("universe", "get_universe")
    frame = host.get_universe("acme", date=DAY, value="XPAR", reference=tiny_reference)
    assert frame["ListingId"].to_list() == [201]
    assert "Ticker" in frame.columns


def test_hook_get_universe_may_answer_a_pandas_frame(host_of):
    class Universe:
        @hookimpl
        def get_universe(self):
            return pd.DataFrame(
                {"ListingId": [2, 1], "MIC": ["XLON", "XPAR"], "Sector": ["a", None]}
            )

    host = host_of(universe={"acme": Universe()})
    frame = host.get_universe("acme", date=DAY, value=None, reference=tiny_reference)
    assert isinstance(frame, pl.DataFrame)
    assert frame.rows() == [(2, "XLON", "a"), (1, "XPAR", None)]
    assert frame.schema["ListingId"] == pl.Int64


@pytest.mark.parametrize(
    "empty",
    [
        pl.DataFrame(schema=["MIC", "ListingId"]),
        pl.DataFrame(schema={"MIC": pl.Int8, "ListingId": pl.String}).lazy(),
        pd.DataFrame({"MIC": [], "ListingId": []}),
    ],
)
def test_hook_get_universe_may_answer_no_listing_at_all(host_of, empty):
    class Universe:
        @hookimpl
        def get_universe(self):
            return empty

    host = host_of(universe={"acme": Universe()})
    frame = host.get_universe("acme", date=DAY, value=None, reference=tiny_reference)
    assert frame.schema == {"MIC": pl.String, "ListingId": pl.Int64}
    assert frame.is_empty()


@pytest.mark.parametrize("dtype", [pl.Categorical, pl.Enum(["XLON", "XPAR"])])
def test_hook_get_universe_may_keep_its_texts_as_categories_and_its_ids_small(host_of, dtype):
    class Universe:
        @hookimpl
        def get_universe(self):
            schema = {"ListingId": pl.UInt16, "MIC": dtype}
            return pl.LazyFrame({"ListingId": [1], "MIC": ["XLON"]}, schema=schema)

    host = host_of(universe={"acme": Universe()})
    frame = host.get_universe("acme", date=DAY, value=None, reference=tiny_reference)
    assert frame.schema == {"ListingId": pl.Int64, "MIC": pl.String}
    assert frame.rows() == [(1, "XLON")]


def test_hook_universe_values_keeps_the_order_that_the_plugin_chose(installed, host_of):
    host = installed("universe", "universe_values")
    assert host.universe_values("acme", date=DAY, reference=tiny_reference) == ["EUR", "GBP"]

    class Universe:
        @hookimpl
        def universe_values(self):
            return (word for word in ("small", "large"))

    host = host_of(universe={"acme": Universe()})
    assert host.universe_values("acme", date=DAY, reference=tiny_reference) == ["small", "large"]


def test_hook_read_table_gets_the_request_and_the_validated_options(installed, tmp_path):
    host = installed("source", "read_table")
    (tmp_path / "trades").mkdir()
    tiny_table("trades", DAY).write_csv(tmp_path / "trades" / f"{DAY}.csv")
    options = host.config_model("source", "acme")(type="acme", root=str(tmp_path))
    read = host.read_table("acme", TableRequest("trades", date.fromisoformat(DAY)), options)
    assert read.status is DayStatus.READY
    assert read.frame.collect()["Size"].sum() == tiny_table("trades", DAY)["Size"].sum()
    absent = host.read_table("acme", TableRequest("l2", date.fromisoformat(DAY)), options)
    assert absent.status is DayStatus.MISSING
    assert absent.absent == (str(tmp_path / "l2" / f"{DAY}.csv"),)


def test_hook_read_table_may_spell_its_status_as_a_plain_text(host_of):
    from beaf_core import TableRead

    class Source:
        @hookimpl
        def read_table(self, request):
            return TableRead("closed")

    read = host_of(source={"acme": Source()}).read_table(
        "acme", TableRequest("trades", date.fromisoformat(DAY)), None
    )
    assert read.status is DayStatus.CLOSED


def test_hook_analytics_module_declares_measures_under_the_entry_points_name(shelf):
    shelf.add(
        "beaf-acme", {"module/sizes": "acme_sizes"}, acme_sizes=example_of("analytics_module")
    )
    module = PluginHost().analytics_module("sizes")
    assert [each.name for each in module.measures(None)] == ["SharesTraded", "LargestTrade"]
    assert module.config_key == "sizes_analytics"


def rows(count):
    return pl.LazyFrame({"ListingId": range(count), "TimeBucket": range(count)})


def acme_target(tmp_path):
    return Target("acme", "tiny", "bars", f"{tmp_path}/{{universe}}", stamp={"run_id": "r1"})


def test_hook_write_output_replaces_the_partition_and_stamps_the_receipt(installed, tmp_path):
    host, target = installed("output", "write_output"), acme_target(tmp_path)
    host.write_output(rows(3), target, PARTITION)
    receipt = host.write_output(rows(2), target, PARTITION)
    assert (receipt.rows, receipt.partition) == (2, "mic=XLON:2025-01-06")
    assert receipt.stamp == {"run_id": "r1"}
    assert host.read_output(target, [PARTITION]).collect().height == 2


def test_hook_read_output_answers_none_before_the_first_write_and_only_then(installed, tmp_path):
    host, target = installed("output", "write_output"), acme_target(tmp_path)
    assert host.read_output(target, [PARTITION]) is None
    host.write_output(rows(0), target, PARTITION)
    assert host.read_output(target, [PARTITION]).collect().height == 0


def test_hook_find_receipt_finds_what_write_output_gave(installed, tmp_path):
    host, target = installed("output", "write_output"), acme_target(tmp_path)
    assert host.find_receipt(target, PARTITION) is None
    receipt = host.write_output(rows(2), target, PARTITION)
    assert host.find_receipt(target, PARTITION) == receipt


def test_hook_list_receipts_tells_of_other_dates_and_remove_output_removes_one(
    host_of, example_plugin, tmp_path
):
    listing, output = example_plugin("list_receipts"), example_plugin("write_output")
    for hook in ("write_output", "read_output", "find_receipt"):
        setattr(listing, hook, getattr(output, hook))
    host = host_of(output={"acme": listing})
    target = replace(acme_target(tmp_path), path_template=f"{tmp_path}/{{start_date}}_{{end_date}}")
    assert host.list_receipts(target, PARTITION) == []
    week = PartitionRun(PARTITION.universe, DatePartition(DAY, TINY_DAYS[1]))
    written = [host.write_output(rows(2), target, each) for each in (PARTITION, week)]
    assert host.list_receipts(target, PARTITION) == written
    host.remove_output(target, written[1])
    assert host.list_receipts(target, PARTITION) == written[:1]
    assert host.read_output(target, [week]) is None


def test_hook_list_receipts_may_be_left_out(installed, tmp_path):
    host = installed("output", "write_output")
    host.write_output(rows(2), acme_target(tmp_path), PARTITION)
    assert host.list_receipts(acme_target(tmp_path), PARTITION) == []


def test_hook_remove_output_may_be_left_out_and_says_what_to_do_then(installed, tmp_path):
    host = installed("output", "write_output")
    receipt = host.write_output(rows(2), acme_target(tmp_path), PARTITION)
    with pytest.raises(UsageError, match="cannot remove"):
        host.remove_output(acme_target(tmp_path), receipt)
    assert host.find_receipt(acme_target(tmp_path), PARTITION) == receipt


def test_hook_launch_run_is_given_the_request_and_runs_it(installed, tmp_path, capsys):
    host, request = installed("launcher", "launch_run"), tiny_request(tmp_path)
    run = host.launch_run("acme", request, None)
    assert (run.status(), run.wait().run_id) == ("succeeded", "tiny")
    assert "starting tiny\nfinished tiny: succeeded\n" in capsys.readouterr().err


def test_hook_launch_run_gets_a_request_that_survives_a_journey_as_json(tmp_path):
    import json

    request = tiny_request(tmp_path)
    assert LaunchRequest.from_json(json.loads(json.dumps(request.to_json()))) == request


def test_hook_find_run_finds_a_run_by_its_ref_and_refuses_an_unknown_one(installed, tmp_path):
    host = installed("launcher", "launch_run")
    run = host.launch_run("acme", tiny_request(tmp_path), None)
    assert host.find_run("acme", run.ref, None).status() == "succeeded"
    with pytest.raises(UsageError):
        host.find_run("acme", "no-such-run", None)


def test_hook_storage_area_is_given_the_word_that_a_user_typed(installed):
    found = installed("area", "storage_area").storage_area("acme")
    assert (found.bucket, found.prefix) == ("acme-research", "teams/acme")
