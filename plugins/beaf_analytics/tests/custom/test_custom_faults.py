"""Is a wrong expression refused, with a word on the very part that is wrong?"""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import ValidationError

from beaf_analytics.custom.options import Metric
from beaf_analytics.custom.syntax import column_names
from beaf_analytics.custom.units import unit_of_column
from beaf_core import TextFaultError


def metric(expr: str = "sum(Size)", **fields: Any) -> Metric:
    given = {"name": "Found", "table": "trades", "expr": expr, "unit": "anything", **fields}
    return Metric.model_validate(given)


def fault(field: str = "expr", **fields: Any) -> tuple[str, str]:
    """Return what is said of a field, and the part of its text that it is said of."""
    with pytest.raises(ValidationError) as refused:
        metric(**fields)
    (first,) = [each for each in refused.value.errors() if each["loc"] == (field,)]
    cause = first["ctx"]["error"]
    if isinstance(cause, TextFaultError):
        return str(cause), cause.text[cause.start :][: cause.width]
    return str(cause), ""


@pytest.mark.parametrize(
    ("expr", "part", "said"),
    [
        ("sum(Szie)", "Szie", 'is no column of trades — did you mean "Size"?'),
        ("sum(Xyzzy)", "Xyzzy", 'of trades; a column of your own is written col("Xyzzy")'),
        ("sun(Size)", "sun", 'sun is no function — did you mean "sum"?'),
        ("xyzzy(Size)", "xyzzy", "is no function; there are sum, count,"),
        ("sum(Size) +", "+", "cannot be read as an expression: invalid syntax"),
        ("2 * sum(Size", "(", "cannot be read as an expression: '(' was never closed"),
        ("sum(Size)\n +", "+", "cannot be read as an expression: invalid syntax"),
        ("  sum(Size)\n + 2 +* 3\n", "*", "cannot be read as an expression: invalid syntax"),
        ("2 * sum(Size))", ")", "cannot be read as an expression: unmatched ')'"),
        ("sum(sum(Size))", "sum(Size)", "stands inside sum(…), and one aggregation holds no other"),
        ("Size", "Size", "has a value on each row; aggregate it, as in sum(Size) or last(Size)"),
        ("2 * Size", "2 * Size", "aggregate it, as in sum(Size)"),
        ("1 + 2", "1 + 2", "looks at no row"),
        ("Size / sum(Size)", "Size / sum(Size)", "of each row and one of the whole bucket"),
        ("2 + vw(sum(Size), Size)", "sum(Size)", "stands inside vw(…)"),
        ("shift(Size)", "shift", "asks for the row before, which no aggregation sees"),
        ("sum(diff(Size))", "diff", "asks for the difference to the row before"),
        ("sum()", "sum()", "write sum(x)"),
        ("sum(Size, D)", "sum(Size, D)", "write sum(x)"),
        ("count(Size, D)", "count(Size, D)", "write count() or count(condition)"),
        ("vw(Size, D, D)", "vw(Size, D, D)", "write vw(x, weight)"),
        ("q(Size, 0.5, 1)", "q(Size, 0.5, 1)", "write q(x, p)"),
        (") + sum(Size)", ")", "cannot be read as an expression: unmatched ')'"),
        ("1 + vw(Size)", "vw(Size)", "write vw(x, weight)"),
        ("sum(clip(Size))", "clip(Size)", "write clip(x, low, high)"),
        ("sum(log(Size, 2))", "log(Size, 2)", "write log(x)"),
        ("sum(where(Size))", "where(Size)", "write where(condition, a, b)"),
        ("sum(1)", "sum(1)", "sum looks at no row"),
        ("sum(MarketState)", "sum(MarketState)", "sum takes numbers, not text"),
        ("sum(-MarketState)", "-MarketState", "* takes numbers, not text"),
        ("sum(abs(MarketState))", "abs(MarketState)", "abs takes a number, not text"),
        ("sum(clip(Size, 0, MarketState))", "clip(Size, 0, MarketState)", "clip takes numbers"),
        ("sum(where(Size, 1, 2))", "where(Size, 1, 2)", "where takes a condition such as"),
        ("max(where(D > 0, 1, 'a'))", "where(D > 0, 1, 'a')", "between a number and text"),
        ("count(Size and D)", "Size and D", "and takes a condition"),
        ("count(not Size)", "not Size", "not takes a condition"),
        ("duration(Size)", "duration(Size)", "duration takes a condition"),
        ("count(MarketState == 1)", "MarketState == 1", "== compares text with a number"),
        ("count(Size is 1)", "Size", "is compared in another way"),
        ("count(Size in 5)", "5", "is no list such as"),
        ("q(Size, 2)", "q(Size, 2)", "a number between 0 and 1"),
        ("q(Size, Size)", "q(Size, Size)", "a number between 0 and 1"),
        ("sum(Size % 2)", "Size % 2", "reckons in another way than + - * / **"),
        ("sum(~Size)", "~Size", "reckons in another way"),
        ("sum(1 / 0 * Size)", "1 / 0", "has no value"),
        ("sum(10.0 ** 400 * Size)", "10.0 ** 400", "has no value"),
        ("sum((0 - 1) ** 0.5 * Size)", "(0 - 1) ** 0.5", "-1 ** 0.5 has no value"),
        ("sum(1e308 * 10 * Size)", "1e308 * 10", "has no value"),
        ("sum(True)", "True", "is neither a number nor a text"),
        ("sum(col(Size))", "Size", "is no name in quotes"),
        ("sum(Size).real", "sum(Size).real", "is not part of the language"),
        ("(lambda: 1)()", "(lambda: 1)()", "is no call such as sum(Size)"),
        ("__import__('os')", "__import__", "is no function"),
        ("sum(x=Size)", "sum(x=Size)", "is no call such as sum(Size)"),
        ("[1 for _ in (1, 2)]", "[1 for _ in (1, 2)]", "is not part of the language"),
        ("sum(Size + InstrumentCurrencyPrice)", "Size + InstrumentCurrencyPrice",
         "+ goes with two of one unit, not with shares and ccy / shares"),
        ("count(Size > InstrumentCurrencyPrice)", "Size > InstrumentCurrencyPrice",
         "> goes with two of one unit"),
        ("sum(where(D > 0, Size, InstrumentCurrencyPrice))",
         "where(D > 0, Size, InstrumentCurrencyPrice)", "where goes with two of one unit"),
        ("sum(" + "-" * 60 + "Size)", None, "stands too deep"),
        ("(" * 300 + "Size" + ")" * 300, None, "cannot be read"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_said_of_the_part_that_is(expr: str, part: str | None, said: str) -> None:
    message, pointed = fault(expr=expr)
    assert said in message
    if part:
        assert pointed == part


@pytest.mark.parametrize(("length", "said"), [(30, "X" * 30), (31, "it")])
def test_a_part_is_repeated_unless_it_is_long(length: int, said: str) -> None:
    assert fault(expr=f"sum({'X' * length})")[0].startswith(f"{said} is no column of trades")


@pytest.mark.parametrize("before", ["", "1 + ", "count() + ", "max(D) * min(D) + "])
def test_fifty_parts_stand_in_one_another_and_no_more(before: str) -> None:
    # The call and the column are two parts, and a sum around them one more.
    signs = 47 if before else 48
    assert metric(f"{before}sum({'-' * signs}D)").unit == "anything"
    assert "stands too deep" in fault(expr=f"{before}sum({'-' * (signs + 1)}D)")[0]


def test_everything_that_is_wrong_is_told_at_once() -> None:
    with pytest.raises(ValidationError) as refused:
        metric("sum(Szie)", name="bad", where="Size")
    assert [each["loc"] for each in refused.value.errors()] == [("name",), ("where",), ("expr",)]
    with pytest.raises(ValidationError) as refused:
        metric("sum(Size)", name="bad", where="Size", unit="ccy")
    assert [each["loc"] for each in refused.value.errors()] == [("name",), ("where",), ("unit",)]


def test_a_fault_in_a_later_line_points_into_that_line() -> None:
    with pytest.raises(ValidationError) as refused:
        metric("sum(D * Size)\n  / sum(Szie)")
    cause = refused.value.errors()[0]["ctx"]["error"]
    assert cause.snippet() == "      / sum(Szie)\n            ^^^^"


def test_letters_that_take_several_bytes_do_not_move_the_place() -> None:
    _, pointed = fault(expr='count(MarketState == "öäü€") + sum(Szie)')
    assert pointed == "Szie"


@pytest.mark.parametrize(
    ("where", "said"),
    [
        ("Size", "is a number, no condition such as Size > 100"),
        ("sum(Size) > 1", "aggregates, and `where` chooses rows before that"),
        ("Szie > 1", 'did you mean "Size"?'),
    ],
)
def test_where_is_a_condition_on_rows(where: str, said: str) -> None:
    assert said in fault("where", where=where)[0]


def test_columns_are_named_by_themselves_or_in_quotes() -> None:
    text = 'col("Sector") == "Banks" and Size > log(2) * clip(D, 0, most)'
    assert column_names(text, ["most"]) == ["Size", "D", "Sector"]


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("net_buy_pressure", "PascalCase, such as NetBuyPressure"),
        ("netBuy", "PascalCase, such as NetBuy"),
        ("1st", "such as NetBuyPressure"),
        ("TimeBucket", "is a column that every output has"),
    ],
)
def test_names_are_in_pascal_case_and_free(name: str, said: str) -> None:
    assert said in fault("name", name=name)[0]


@pytest.mark.parametrize("table", ["trade", "trdaes"])
def test_a_misspelt_table_is_told(table: str) -> None:
    assert fault("table", table=table)[0] == f'{table!r} is no table — did you mean "trades"?'


@pytest.mark.parametrize("table", ["trades2", "trades_iceberg", "pass:bars", "source", "icebergs"])
def test_a_table_that_something_else_makes_is_taken(table: str) -> None:
    assert metric(table=table, expr="sum(Anything)").table == table


def test_params_have_names_that_nothing_else_has() -> None:
    assert "Size is a column of trades already" in fault("params", params={"Size": 1})[0]
    assert "no name that an expression can use" in fault("params", params={"a b": 1})[0]


# -- units -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("expr", "unit"),
    [
        ("sum(Size)", "shares"),
        ("sum(Size) / sum(Size)", "ratio"),
        ("sum(D * Size) / sum(Size)", "ratio"),
        ("sum(InstrumentCurrencyPrice * Size)", "ccy"),
        ("sum(InstrumentCurrencyPrice * Size) / sum(Size)", "ccy"),
        ("last(InstrumentCurrencyPrice) - 0.5", "ccy"),
        ("0.5 + last(InstrumentCurrencyPrice)", "ccy"),
        ("sum(Size) / count()", "shares"),
        ("count()", "trades"),
        ("count() / count()", "ratio"),
        ("sqrt(sum(Size) ** 2)", "shares"),
        ("sum(Size) ** 2 / sum(Size ** 2)", "ratio"),
        ("log(last(InstrumentCurrencyPrice) / first(InstrumentCurrencyPrice))", "ratio"),
        ("sign(sum(Size))", "ratio"),
        ("abs(sum(Size))", "shares"),
        ("clip(sum(Size), 0, 100)", "shares"),
        ("where(sum(Size) > 10 * 10, sum(Size), 0)", "shares"),
        ("sum(where(D > 0, Size))", "shares"),
        ("vw(InstrumentCurrencyPrice, Size)", "ccy"),
        ("sum(TradeNotionalEUR)", "ccy_eur"),
        ("sum(TradeNotionalEUR) / sum(Size)", "ccy_eur"),
        ("sum(TradeNotionalUSD) / sum(Size)", "ccy_usd"),
        ("mean(PreTradeElapsedTimeChg)", "ns"),
        ("1 / last(InstrumentCurrencyPrice)", "1/ccy"),
        ("1 / sum(InstrumentCurrencyPrice * Size)", "1/ccy"),
        ("distinct(InstrumentCurrencyPrice)", "ratio"),
        ("sum(Size > 100)", "ratio"),
    ],
)
def test_the_unit_is_worked_out(expr: str, unit: str) -> None:
    assert metric(expr, unit="").unit == unit


@pytest.mark.parametrize(
    ("table", "column", "unit"),
    [
        ("trades", "BestBidSize", "shares"),
        ("trades", "BestAskSizeAtVenue", "shares"),
        ("trades", "BestBidPrice", "ccy / shares"),
        ("trades", "BestAskPriceAtVenue", "ccy / shares"),
        ("trades", "PreTradeMid", "ccy / shares"),
        ("trades", "PostTradeMid1s", "ccy / shares"),
        ("trades", "PostTradeElapsedTimeChg", "time"),
        ("trades", "PreTradeElapsedTimeChg", "time"),
        ("l2", "BidPrice1", "ccy / shares"),
        ("l2", "AskPrice10", "ccy / shares"),
        ("l2", "BidQuantity2", "shares"),
        ("l2", "AskQuantity3", "shares"),
        ("cbbo", "BidNumOrders1", "ratio"),
        ("l2", "AskNumOrders1", "ratio"),
        ("l2", "BidLevelCount", "ratio"),
        ("l2", "AskLevelCount", "ratio"),
        ("imbalance", "BestBidPrice", "ccy / shares"),
        ("imbalance", "BestAskPrice", "ccy / shares"),
        ("imbalance", "PairedQuantity", "shares"),
        ("trades", "Price", "None"),
        ("source", "Size", "None"),
    ],
)
def test_columns_of_both_sides_have_units(table: str, column: str, unit: str) -> None:
    assert str(unit_of_column(table, column)) == unit


def test_states_and_orders_have_units() -> None:
    found = [
        metric(expr, table=table, unit="").unit
        for table, expr in [
            ("l2", "twa(AskPrice1 - BidPrice1)"),
            ("l2", "twa(BidQuantity10)"),
            ("l2", "count()"),
            ("cbbo", "twa(BidQuantity1 * BidPrice1)"),
            ("l3", "sum(ExecutionSize)"),
            ("l3", "count()"),
            ("l2", "duration(AskPrice1 > BidPrice1)"),
        ]
    ]
    assert found == ["ccy", "shares", "states", "ccy", "shares", "events", "ns"]


@pytest.mark.parametrize(
    ("expr", "unit", "given"),
    [
        ("sum(D * Size) / sum(Size)", "shares", "ratio"),
        ("sum(Size)", "ccy", "shares"),
        ("sum(InstrumentCurrencyPrice * Size)", "shares", "ccy"),
        ("sum(Size) * sum(Size)", "shares", "shares^2"),
        ("1 / sum(Size)", "ratio", "1 / shares"),
        ("sum(TradeNotionalEUR)", "ccy_usd", "ccy_eur"),
        ("sum(TradeNotionalUSD)", "ccy_eur", "ccy_usd"),
        ("mean(PreTradeElapsedTimeChg)", "shares", "time"),
        ("sqrt(sum(Size))", "shares", "shares^1/2"),
        ("count()", "shares", "ratio"),
    ],
)
def test_a_unit_that_contradicts_the_expression_is_refused(
    expr: str, unit: str, given: str
) -> None:
    message, _ = fault("unit", expr=expr, unit=unit)
    assert message == f"does not fit: the expression gives {given}"


@pytest.mark.parametrize(
    ("expr", "unit"),
    [
        ("1e4 * sum(D * Size) / sum(Size)", "bps"),
        ("100 * sum(D * Size) / sum(Size)", "percent"),
        ("sum(Size) / 100", "lots"),  # nobody knows what a lot is
        ("sum(Size) * fee", "ccy"),  # a parameter may have any unit
        ("sum(Size) ** count()", "ratio"),
        ("sum(Price) ** 2", "shares"),
        ("sum(Price * Size)", "shares"),  # in the trade's own currency, which may be any
        ("log(last(InstrumentCurrencyPrice))", "ratio"),
    ],
)
def test_what_is_not_known_is_not_refused(expr: str, unit: str) -> None:
    assert metric(expr, unit=unit, params={"fee": 0.01}).unit == unit


def test_a_unit_that_cannot_be_worked_out_is_asked_for() -> None:
    assert "is missing" in fault("unit", expr="sum(Price)", unit="")[0]


# -- re-aggregation --------------------------------------------------------------------------------


def test_reagg_is_a_word_or_a_weight() -> None:
    assert metric(reagg={"vw": "Volume"}).reagg == "vw:Volume"
    assert metric(reagg="sum").reagg == "sum"
    for wrong in ("mean", {"vwap": "Volume"}, "vw:"):
        with pytest.raises(ValidationError, match="reagg"):
            metric(reagg=wrong)
