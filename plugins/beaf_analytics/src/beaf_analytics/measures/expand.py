"""Which options do all modules have, and how do lists such as `sides` become named variants?"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import product
from string import Formatter
from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

from beaf_core import UsageError

MarketState = Literal[
    "AUCTION_ON_DEMAND",
    "CLOSED",
    "CLOSING_AUCTION",
    "CONDITIONAL",
    "CONTINUOUS_TRADING",
    "CONTINUOUS_TRADING_PRIMARY_CLOSED",
    "HALTED",
    "INTRADAY_AUCTION",
    "NOT_APPLICABLE",
    "OPENING_AUCTION",
    "POST_TRADE",
    "PRE_OPEN",
    "UNKNOWN",
    "UNSCHEDULED_AUCTION",
]


def _as_list(value: object) -> object:
    return value if isinstance(value, list | tuple) or value is None else [value]


#: A list that may be written as a single value.
OneOrMore = BeforeValidator(_as_list)


class ModuleOptions(BaseModel):
    """Options of every module that yields columns."""

    model_config = ConfigDict(extra="forbid")

    ENABLED: bool = Field(True, description="False yields no column, and provides no table.")
    metric_prefix: str = Field("", description="Put before every measure's name.")


class Variants(BaseModel):
    """Options that multiply: every combination of the list-valued fields is one variant."""

    model_config = ConfigDict(extra="forbid")

    output_name_pattern: str | None = Field(
        None, description="Replaces the column's name; a format string such as {sides}{measures}."
    )
    market_states: Annotated[list[MarketState] | None, OneOrMore] = Field(
        None, description="Only rows in these market states; None means all."
    )

    def expand(self) -> Iterator[dict[str, Any]]:
        """Yield each combination as field → single value."""
        lists = {
            name: getattr(self, name)
            for name in type(self).model_fields
            if name not in Variants.model_fields and isinstance(getattr(self, name), list)
        }
        for values in product(*lists.values()):
            yield dict(zip(lists, values, strict=True))


def suffix(word: str, silent: str) -> str:
    """End a name in a word, unless it is the one that goes without saying."""
    return "" if word == silent else word


def fill_pattern(pattern: str, fields: Mapping[str, str]) -> str:
    """Fill a name pattern with a variant's fields, and nothing else.

    Raises:
        UsageError: the pattern names something that the variant does not have. Attributes and
            indices are refused: a pattern is a name, not a program.
    """
    try:
        asked = [name for _, name, _, _ in Formatter().parse(pattern) if name is not None]
    except ValueError as error:
        raise UsageError(f"output_name_pattern {pattern!r}: {error}") from None
    unknown = [name for name in asked if name not in fields]
    if unknown:
        offered = " ".join(f"{{{name}}}" for name in fields)
        raise UsageError(
            f"output_name_pattern {pattern!r} names {{{unknown[0]}}}",
            remedy=f"use {offered}",
        )
    return pattern.format_map(fields)
