"""What can be written below `metrics:`?"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from difflib import get_close_matches
from typing import Annotated, Any, Literal

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    ValidationInfo,
    field_validator,
    model_validator,
)

from beaf_analytics.custom.columns import known_columns
from beaf_analytics.custom.syntax import column_names, conjuncts, function_of, parse
from beaf_analytics.custom.translate import Translated, condition, translate
from beaf_analytics.custom.units import COUNTS, fits, word_of
from beaf_analytics.measures.expand import ModuleOptions
from beaf_core import RESERVED, TABLES

_PASCAL = re.compile(r"[A-Z][A-Za-z0-9]*")
_PARAMETER = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")


def _pascal_case(name: str) -> str:
    if _PASCAL.fullmatch(name) is None:
        better = "".join(each[:1].upper() + each[1:] for each in re.findall(r"[A-Za-z0-9]+", name))
        hint = f", such as {better}" if _PASCAL.fullmatch(better) else ", such as NetBuyPressure"
        raise ValueError(f"should be a name in PascalCase{hint}")
    if name in RESERVED:
        raise ValueError("is a column that every output has")
    return name


def _table(name: str) -> str:
    """Refuse a misspelt input table; a longer name may be one that another module provides."""
    near = get_close_matches(name, TABLES, cutoff=0.8)
    if near and name not in TABLES and len(name) <= len(near[0]):
        raise ValueError(f'{name!r} is no table — did you mean "{near[0]}"?')
    return name


def _rule(value: object) -> object:
    """Read `{vw: Volume}` as `vw:Volume`."""
    if isinstance(value, Mapping) and list(value) == ["vw"]:
        return f"vw:{value['vw']}"
    return value


class MetricTest(BaseModel):
    """What a metric makes of a few rows."""

    model_config = ConfigDict(extra="forbid")

    rows: list[dict[str, Any]] = Field(
        description="The rows of one bucket, column: value; D stands for the direction, `at` for "
        "seconds since the bucket's start."
    )
    expect: float | str | bool | None = Field(description="The metric's value; null for none.")


class Metric(BaseModel):
    """One column, by an expression."""

    model_config = ConfigDict(extra="forbid")

    name: Annotated[str, AfterValidator(_pascal_case)] = Field(
        description="The column's name, in PascalCase."
    )
    table: Annotated[str, AfterValidator(_table)] = Field(
        description="Whose rows: trades, l2, l3, …; source or pass:<name> for an earlier pass; a "
        "table that another module provides."
    )
    params: dict[str, float | str] = Field(
        default_factory=dict, description="Numbers and texts that the expression may name."
    )
    where: str | None = Field(None, description="Only rows for which this condition holds.")
    expr: str = Field(description="The expression.")
    unit: str = Field(
        "",
        validate_default=True,
        description="shares, ccy, ratio, bps, ns, …; may be left out where it can be worked out.",
    )
    doc: str = Field("", description="One sentence on what it means.")
    reagg: Annotated[
        Literal["sum", "first", "last", "min", "max", "twa", "none"]
        | Annotated[str, Field(pattern=r"^vw:[A-Za-z0-9]+$")]
        | None,
        BeforeValidator(_rule),
    ] = Field(
        None,
        description="How buckets combine into longer ones: sum, first, last, min, max, twa, none, "
        "or {vw: <column of the weights>}.",
    )
    tests: list[MetricTest] = Field(
        default_factory=list,
        exclude=True,  # rows do not depend on them: another test makes no output stale
        description="Tried by `beaf pipeline validate`.",
    )

    @field_validator("params")
    @classmethod
    def _params_have_names_of_their_own(
        cls, value: dict[str, float | str], info: ValidationInfo
    ) -> dict[str, float | str]:
        known = known_columns(info.data.get("table", "")) or ()
        for name in value:
            if _PARAMETER.fullmatch(name) is None:
                raise ValueError(f"{name!r} is no name that an expression can use")
            if name in known:
                raise ValueError(f"{name} is a column of {info.data['table']} already")
        return value

    @field_validator("where")
    @classmethod
    def _where_is_a_condition(cls, value: str | None, info: ValidationInfo) -> str | None:
        if value is not None and {"table", "params"} <= info.data.keys():
            condition(value, info.data["table"], info.data["params"])
        return value

    @field_validator("expr")
    @classmethod
    def _expression_can_be_translated(cls, value: str, info: ValidationInfo) -> str:
        if {"table", "params"} <= info.data.keys():
            translate(value, info.data["table"], info.data["params"])
        return value

    @field_validator("unit", mode="after")
    @classmethod
    def _unit_is_that_of_the_expression(cls, value: str, info: ValidationInfo) -> str:
        if not {"table", "params", "expr"} <= info.data.keys():
            return value
        table, text = info.data["table"], info.data["expr"]
        unit = translate(text, table, info.data["params"]).value.unit
        if value and unit is not None and not fits(value, unit):
            raise ValueError(f"does not fit: the expression gives {unit}")
        if not value and unit is None:
            raise ValueError("is missing: the units of its columns are not known")
        if not value and unit is not None and function_of(parse(text)) == "count":
            return COUNTS.get(table, "rows")
        return value or word_of(unit) if unit is not None else value

    def translated(self) -> Translated:
        """Translate the expression over the rows that take part."""
        chosen = None if self.where is None else condition(self.where, self.table, self.params)
        return translate(self.expr, self.table, self.params, chosen)

    def over_rows_with(self, columns: Collection[str]) -> Metric:
        """Return the metric without those parts of `where` that ask for none of the columns."""
        if self.where is None:
            return self
        kept = [each for each in conjuncts(self.where) if self._asks_for(each, columns)]
        return self.model_copy(update={"where": " and ".join(f"({each})" for each in kept) or None})

    def _asks_for(self, text: str, columns: Collection[str]) -> bool:
        return any(name in columns for name in column_names(text, self.params))


class Metrics(ModuleOptions):
    """The section `metrics`: a list, or a mapping with the list and what holds for all of it."""

    metrics: list[Metric] = Field(default_factory=list, description="The metrics.")

    @model_validator(mode="before")
    @classmethod
    def _list_is_enough(cls, value: object) -> object:
        return {"metrics": value} if isinstance(value, list) else value
