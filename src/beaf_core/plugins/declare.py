"""How does a small function become a measure?"""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from beaf_core.model.module import Aggregation, Measure

if TYPE_CHECKING:
    import polars as pl


def measure(
    table: str,
    *,
    unit: str,
    formula: str,
    name: str | None = None,
    source: str = "",
    reaggregation: str = "none",
    version: int = 1,
    **inputs: Aggregation,
) -> Callable[[Callable[..., pl.Expr]], Measure]:
    """Make a measure of a function that works a number out of aggregations of a bucket.

    The function's arguments are the aggregations by name, as expressions; it returns another one.
    Its docstring is the measure's meaning; its name, `high_low_range`, names the column
    `HighLowRange`.

    ```python
    @measure(
        "trades",
        unit="ccy",
        formula="max p - min p",
        high=Aggregation(Kind.MAX, PRICE),
        low=Aggregation(Kind.MIN, PRICE),
    )
    def high_low_range(high: pl.Expr, low: pl.Expr) -> pl.Expr:
        "Highest less lowest price of the bucket."
        return high - low
    ```

    Args:
        table: the input table.
        unit: shares, ccy, ratio, bps, ns, …
        formula: the definition.
        name: the column's name, where it is not the function's.
        source: where the definition comes from.
        reaggregation: how buckets combine into a longer one.
        version: raised when the definition changes.
        inputs: the aggregations, each an argument of the function.

    Raises:
        TypeError: the function takes other arguments, or has no docstring.
    """

    def declare(function: Callable[..., pl.Expr]) -> Measure:
        _check(function, inputs)
        return Measure(
            name=name or _pascal_case(function.__name__),
            table=table,
            value=inputs,
            post=_post(function, inputs),
            unit=unit,
            doc=" ".join(str(function.__doc__).split()),
            formula=formula,
            source=source,
            reaggregation=reaggregation,
            version=version,
        )

    return declare


def _check(function: Callable[..., Any], inputs: dict[str, Aggregation]) -> None:
    taken = list(inspect.signature(function).parameters)
    if sorted(taken) != sorted(inputs):
        raise TypeError(
            f"{function.__name__} takes {', '.join(taken) or 'nothing'}, "
            f"and is given the aggregations {', '.join(inputs) or 'none'}"
        )
    if not (function.__doc__ or "").strip():
        raise TypeError(f"{function.__name__} needs a docstring: one sentence on what it means")


def _post(function: Callable[..., pl.Expr], inputs: dict[str, Aggregation]) -> pl.Expr:
    import polars as pl  # 480 ms; whoever gives aggregations has it already

    return function(**{name: pl.col(name) for name in inputs})


def _pascal_case(name: str) -> str:
    return "".join(part[:1].upper() + part[1:] for part in name.split("_"))
