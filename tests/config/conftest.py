"""How does a test describe a pipeline, and with which plugins is it resolved?"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from textwrap import dedent
from types import SimpleNamespace
from typing import Annotated, Any, ClassVar, Literal

import polars as pl
import pytest
from pydantic import BaseModel, ConfigDict, Field

from beaf_core import (
    Aggregation,
    AnalyticsModule,
    Catalog,
    ConfigError,
    ConfigPath,
    FileUrl,
    Kind,
    Measure,
    PluginEntry,
    PluginHost,
    ProvidedTable,
    hookimpl,
)
from beaf_core.config.load import LoadedPipeline, load_pipeline
from beaf_core.config.resolve import resolve
from beaf_core.config.resolved import ResolvedPipeline


class Options(BaseModel):
    model_config = ConfigDict(extra="forbid")


class TapeConfig(Options):
    type: str
    root: ConfigPath
    extra_roots: list[ConfigPath] = []
    by_table: dict[str, ConfigPath] = {}
    database: Annotated[str, FileUrl(("sqlite", "duckdb"))] = ""
    password: str = ""
    port: int = 0


class BareConfig(BaseModel):
    """Of a source whose author forgot both `type` and to forbid other keys."""

    depth: int = 1


class FileConfig(Options):
    compression: Literal["zstd", "snappy"] = "zstd"
    log: ConfigPath | None = None


class CloudConfig(Options):
    config_key: ClassVar[str] = "CLOUD_JOBS"
    cores: int = 1


class BarOptions(Options):
    ENABLED: bool = True
    measures: list[Literal["Open", "Close", "Volume"]] = ["Volume"]
    metric_prefix: str = ""
    scope: Literal["all"] | list[str] = "all"
    lookup: ConfigPath | None = None


class BookOptions(Options):
    levels: int = Field(5, ge=1)


class ChoosingOptions(Options):
    source_pass: str = "first"


GRID = ProvidedTable(
    "grid", {"l2": ("BidPrice1",)}, lambda tables: tables["l2"], "Time", step=500_000_000
)
MADE = ProvidedTable("made", {"l2": ("BidPrice1",)}, lambda tables: tables["l2"], "Time")


def counted(*names: str, table: str = "trades") -> list[Measure]:
    count = Aggregation(Kind.COUNT)
    return [Measure(each, table, count, "", "", "") for each in names]


def latest(name: str) -> Measure:
    value = Aggregation(Kind.LAST, pl.col("Volume"))
    return Measure(name, "source", value, "", "", "")


def _bars(options: BarOptions) -> list[Measure]:
    names = options.measures if options.ENABLED else []
    return counted(*(options.metric_prefix + each for each in names))


def _fails(_options: object) -> list[Measure]:
    raise ZeroDivisionError("by zero")


MODULES = (
    AnalyticsModule("bars", _bars, Config=BarOptions),
    AnalyticsModule("ticks", lambda _: counted("Volume", "Ticks"), Config=BarOptions),
    AnalyticsModule(
        "book", lambda options: counted(f"Depth{options.levels}"), "", BookOptions, "book_analytics"
    ),
    AnalyticsModule(
        "booktw",
        lambda options: counted(f"DepthTWA{options.levels}"),
        "",
        BookOptions,
        "book_analytics",
    ),
    AnalyticsModule("plain", lambda _: counted("Plain")),
    AnalyticsModule("broken", _fails),
    AnalyticsModule("later", lambda _: counted("Later", table="source")),
    AnalyticsModule("chooses", lambda _: [latest("Chosen")], Config=ChoosingOptions),
    AnalyticsModule("makes", lambda _: (), provides=lambda _: [MADE]),
    AnalyticsModule("samples", lambda _: counted("Moves", table="grid"), provides=lambda _: [GRID]),
    AnalyticsModule("uses", lambda _: counted("Used", table="made")),
)


class _Offers:
    def __init__(self, module: AnalyticsModule) -> None:
        self.module = module

    @hookimpl
    def analytics_module(self) -> AnalyticsModule:
        return self.module


def entry(kind: str, name: str, plugin: object) -> PluginEntry:
    return PluginEntry(kind, name, "acme_mod", "beaf-acme", "1.0", inline=plugin)


PLUGINS = (
    entry("source", "tape", SimpleNamespace(Config=TapeConfig)),
    entry("source", "bare", SimpleNamespace(Config=BareConfig)),
    entry("source", "mute", SimpleNamespace()),
    entry("output", "parquet", SimpleNamespace(Config=FileConfig)),
    entry("output", "console", SimpleNamespace()),
    entry("launcher", "local", SimpleNamespace()),
    entry("launcher", "cloud", SimpleNamespace(Config=CloudConfig)),
    *(entry("module", each.name, _Offers(each)) for each in MODULES),
)


@pytest.fixture
def host() -> PluginHost:
    return PluginHost(Catalog(PLUGINS))


@dataclass(frozen=True)
class Desk:
    """A working folder with files, and the two steps from a file to a resolved pipeline."""

    folder: Path
    host: PluginHost

    def write(self, name: str, text: str) -> Path:
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(dedent(text), encoding="utf-8")
        return path

    def load(self, pipeline: Any, **more: Any) -> LoadedPipeline:
        return load_pipeline(pipeline, **{"environ": {}, **more})

    def plain(self, pipeline: Any, **more: Any) -> Any:
        """Merge the layers, and forget where the values stood."""
        return self.load(pipeline, **more).tree.plain()

    def resolve(self, pipeline: Any, get_modules: Any = None, **more: Any) -> ResolvedPipeline:
        loaded = self.load(pipeline, **more)
        return resolve(loaded.tree, loaded.project, self.host, get_modules)

    def refused(self, pipeline: Any, get_modules: Any = None, **more: Any) -> ConfigError:
        with pytest.raises(ConfigError) as caught:
            self.resolve(pipeline, get_modules, **more)
        return caught.value

    def refused_text(self, text: str, name: str = "p.yaml") -> str:
        """Write a pipeline that is refused; return what a person reads."""
        return str(self.refused(self.write(name, text)))


@pytest.fixture
def desk(tmp_path: Path, host: PluginHost, monkeypatch: pytest.MonkeyPatch) -> Iterator[Desk]:
    monkeypatch.chdir(tmp_path)
    before = set(sys.modules)
    yield Desk(tmp_path, host)
    for name in set(sys.modules) - before:
        home = str(getattr(sys.modules[name], "__file__", None) or "")
        if home.startswith(str(tmp_path)):
            del sys.modules[name]


@pytest.fixture
def one_pass() -> Callable[..., dict[str, Any]]:
    """Make the smallest valid configuration, with more in its pass or at its top."""

    def make(top: Mapping[str, Any] | None = None, **inside: Any) -> dict[str, Any]:
        return {"PASSES": [{"name": "one", "modules": ["bars"], **inside}], **(top or {})}

    return make
