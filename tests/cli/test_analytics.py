"""Do people find the columns that modules compute, and read what each means?"""

from __future__ import annotations

import fcntl
import os
import pty
import struct
import subprocess
import sys
import termios
from pathlib import Path
from typing import Any

import pytest

BARE = ["MarketState", "VWAP", "VolumeWeightedPricePlacement", "Volume", "Open", "High", "Low",
        "Close"]  # fmt: skip
KEYS = ["ListingId", "TimeBucket", "MIC", "Ticker", "CurrencyCode"]


def names(found: Any) -> list[str]:
    assert found.code == 0, found.err
    return [each["column"] for each in found.json]


def listed(beaf: Any, *options: object) -> list[str]:
    return names(beaf("analytics", "list", "--json", *options))


def test_a_pipelines_columns_are_listed_with_everything_that_they_need(
    beaf: Any, pipeline_file: Path
) -> None:
    found = beaf("analytics", "list", "--pipeline", pipeline_file, "--json")
    assert names(found) == ["MarketState", "Open", "High", "Low", "Close", "TradeTotalVolume",
                            "TradeTotalNotional", "TradeTotalCount"]  # fmt: skip
    notional = next(each for each in found.json if each["column"] == "TradeTotalNotional")
    assert notional["needs"] == ["trades.Classification", "trades.InstrumentCurrencyPrice",
                                 "trades.Size"]  # fmt: skip
    assert (notional["pass"], notional["module"], notional["table"]) == ("bars", "trade", "trades")
    assert (notional["unit"], notional["reaggregation"]) == ("ccy", "sum")


def test_keys_are_listed_on_demand(beaf: Any, pipeline_file: Path) -> None:
    found = listed(beaf, "--pipeline", pipeline_file, "--include_keys")
    assert found[:5] == KEYS
    assert not set(KEYS) & set(listed(beaf, "--pipeline", pipeline_file))
    assert listed(beaf, "--include_keys", "--module", "trade") == [*KEYS, *BARE]


def test_a_value_can_be_set_for_one_listing(beaf: Any, pipeline_file: Path) -> None:
    found = listed(beaf, "--pipeline", pipeline_file,
                   "--set", "PASSES.bars.trade_analytics.metric_prefix=My")  # fmt: skip
    assert "MyTradeTotalVolume" in found


def test_without_a_pipeline_modules_show_their_defaults_or_everything(beaf: Any) -> None:
    assert listed(beaf, "--module", "trade") == BARE
    full = listed(beaf, "--module", "trade", "--full")
    assert full[: len(BARE)] == BARE
    assert {"TradeBuyVWAP", "TradeUnknownCount", "TradeTotalNotionalUSD"} <= set(full)
    assert len(full) == len(set(full))


def test_a_module_without_defaults_says_so(beaf: Any) -> None:
    found = beaf("analytics", "list", "--module", "metrics")
    assert found.code == 0
    assert 'the module "metrics" yields columns by its options alone' in found.err


def test_columns_are_chosen_by_name_unit_table_and_words(beaf: Any) -> None:
    of_trade = ["--module", "trade", "--full"]
    assert listed(beaf, *of_trade, "--column", "tradebuy*price") == [
        "TradeBuyAvgPrice", "TradeBuyMedianPrice"
    ]  # fmt: skip
    assert listed(beaf, *of_trade, "--column", "VWAP") == ["VWAP"]
    of_count = set(listed(beaf, *of_trade, "--unit", "trades"))
    assert of_count >= {f"Trade{side}Count" for side in ("Total", "Bid", "Ask", "Unknown")}
    assert not of_count & {"TradeTotalVolume", "TradeTotalVWAP"}
    found = beaf("analytics", "list", *of_trade, "--search", "Berkowitz BUYS", "--json")
    assert {"TradeAskVWAP", "TradeBuyVWAP"} <= set(names(found))
    assert "TradeSellVWAP" not in names(found)
    assert listed(beaf, *of_trade, "--table", "trades") == listed(beaf, *of_trade)


@pytest.mark.parametrize(
    ("option", "word", "meant"),
    [("--module", "trad", "trade"), ("--table", "trade", "trades"), ("--unit", "share", "shares")],
)
def test_a_filter_that_nothing_has_is_a_fault(
    beaf: Any, pipeline_file: Path, option: str, word: str, meant: str
) -> None:
    found = beaf("analytics", "list", "--pipeline", pipeline_file, option, word)
    assert found.code == 2
    assert f'did you mean "{meant}"?' in found.err


def test_a_search_without_a_result_lists_nothing(beaf: Any) -> None:
    found = beaf("analytics", "list", "--search", "xyzzy")
    assert (found.code, found.out) == (0, "")
    assert "0 columns" in found.err


def test_full_goes_without_a_pipeline(beaf: Any, pipeline_file: Path) -> None:
    found = beaf("analytics", "list", "--full", "--pipeline", pipeline_file)
    assert found.code == 2
    assert "no more" in found.err


def test_plain_lines_are_for_other_programs(beaf: Any, pipeline_file: Path) -> None:
    found = beaf("analytics", "list", "--pipeline", pipeline_file, "--plain", "--column", "Open")
    assert found.out == (
        "bars\ttrade\tOpen\tccy\t"
        "trades.Classification trades.InstrumentCurrencyPrice trades.Size\t"
        "The first price of all trades.\n"
    )


def test_the_table_ends_with_the_next_command(beaf: Any) -> None:
    found = beaf("analytics", "list", "--module", "trade")
    assert "VWAP" in found.out
    assert "8 columns" in found.err
    assert "next: beaf analytics explain --column MarketState" in found.err


def test_a_narrow_terminal_gets_two_lines_for_each_column() -> None:
    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 60, 0, 0))
    command = [Path(sys.executable).with_name("beaf"), "analytics", "list", "--module", "trade"]
    ran = subprocess.run(
        [*command, "--column", "Volume"], stdout=theirs, stderr=subprocess.PIPE, check=False
    )
    os.close(theirs)
    shown = os.read(ours, 10_000).decode().replace("\r\n", "\n")
    os.close(ours)
    assert ran.returncode == 0, ran.stderr
    assert shown.splitlines() == [
        "",
        "trade",
        "  Volume [shares] trades.Classification trades.Size",
        "      Shares of all trades.",
    ]


# -- explain -----------------------------------------------------------------------------------


def test_a_column_is_explained(beaf: Any) -> None:
    found = beaf("analytics", "explain", "--column", "VWAP")
    assert found.code == 0, found.err
    for said in (
        "VWAP [ccy]",
        "Volume-weighted average price of all trades.",
        "Σ p·s / Σ s",
        "Berkowitz, Logue & Noser 1988",
        "trades.Classification, trades.InstrumentCurrencyPrice, trades.Size",
        "mean weighted by Volume",
        "options of trade_analytics:",
        'metric_prefix = "": Put before every measure\'s name.',
    ):
        assert said in found.out


def test_a_column_is_explained_by_its_name_alone_in_any_case(beaf: Any) -> None:
    assert beaf("analytics", "explain", "vwap").out == beaf("analytics", "explain", "VWAP").out


def test_what_only_options_yield_is_explained_too(beaf: Any) -> None:
    found = beaf("analytics", "explain", "TradeBuyAvgPrice", "--json")
    (one,) = found.json
    assert (one["unit"], one["module"], one["section"]) == ("ccy", "trade", "trade_analytics")
    assert one["reaggregation"] == "none"
    assert one["options"][0] == {
        "name": "ENABLED",
        "default": "true",
        "description": "False yields no column, and provides no table.",
    }


def test_the_columns_of_a_pipeline_are_explained(beaf: Any, pipeline_file: Path) -> None:
    renamed = ["--set", "PASSES.bars.trade_analytics.metric_prefix=My"]
    found = beaf("analytics", "explain", "MyOpen", "--pipeline", pipeline_file, *renamed)
    assert found.code == 0, found.err
    assert "of the first bucket" in found.out
    assert "pass           bars" in found.out
    key = beaf("analytics", "explain", "TimeBucket", "--pipeline", pipeline_file)
    assert "every output has it" in key.out


def test_an_explanation_can_be_put_into_a_document(beaf: Any) -> None:
    found = beaf("analytics", "explain", "VWAP", "--markdown")
    assert found.out.startswith("## VWAP\n\n|  |  |\n| --- | --- |\n| unit | ccy |\n")
    assert '| `metric_prefix` | `""` | Put before every measure\'s name. |' in found.out


def test_an_unknown_column_is_a_fault_with_the_nearest(beaf: Any, pipeline_file: Path) -> None:
    found = beaf("analytics", "explain", "TradeBuyVWAQ")
    assert found.code == 2
    assert 'did you mean "TradeBuyVWAP"?' in found.err
    assert "beaf analytics list --full" in found.err
    inside = beaf("analytics", "explain", "VWAP", "--pipeline", pipeline_file)
    assert inside.code == 2
    assert "the pipeline yields" in inside.err


def test_one_column_is_to_be_named(beaf: Any) -> None:
    for given in ([], ["VWAP", "--column", "Open"]):
        found = beaf("analytics", "explain", *given)
        assert found.code == 2
        assert "name one column" in found.err
