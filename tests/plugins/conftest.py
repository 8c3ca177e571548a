"""How does a test get third-party plugins, right ones and odd ones, without building any?"""

from __future__ import annotations

import importlib
import os
import subprocess
import sys
import types
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from textwrap import dedent
from typing import Any

import polars as pl
import pytest

from beaf_core import (
    Catalog,
    DatePartition,
    LaunchRequest,
    PartitionRun,
    PluginEntry,
    PluginError,
    PluginHost,
    Receipt,
    TableRequest,
    Target,
    UniversePartition,
    hookimpl,
)
from beaf_core.plugins.errors import PluginAnswerError
from beaf_core.plugins.kinds import HOOKS_OF_KIND
from beaf_core.plugins.scaffold import example_of
from beaf_core.testing import TINY_DAYS, tiny_reference

DAY = TINY_DAYS[0]
PARTITION = PartitionRun(UniversePartition("mic", "XLON"), DatePartition(DAY))
TARGET = Target("odd", "tiny", "bars", "{pass}/{universe}", stamp={"run_id": "r1"})
RECEIPT = Receipt("odd", "bars/mic=XLON", 2, PARTITION.key)
REQUEST = LaunchRequest("r1", {}, None, DatePartition(DAY), None, ".")
LISTINGS = pl.DataFrame({"ListingId": [1, 2], "MIC": ["XLON", "XPAR"]})


def listings(host, name="sector", value="XLON"):
    frame = host.get_universe(name, date=DAY, value=value, reference=tiny_reference)
    return frame["ListingId"].to_list()


class Answers:
    """A universe that answers one listing, and remembers that it was asked."""

    def __init__(self, listing):
        self.listing, self.asked = listing, 0

    @hookimpl
    def get_universe(self):
        self.asked += 1
        return pl.DataFrame({"ListingId": [self.listing], "MIC": ["XLON"]})


@dataclass(frozen=True)
class Shelf:
    """A folder on the path: a distribution is a `.dist-info` folder beside its modules."""

    folder: Path

    def add(
        self,
        name: str,
        points: Mapping[str, str] | None = None,
        version: str = "1.0",
        summary: str = "",
        **modules: str,
    ) -> None:
        """Install a distribution: `add("acme", {"universe/acme": "acme_mod"}, acme_mod="…")`."""
        info = self.folder / f"{name.replace('-', '_')}-{version}.dist-info"
        info.mkdir(parents=True)
        summary_line = f"Summary: {summary}\n" if summary else ""
        (info / "METADATA").write_text(
            f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n{summary_line}"
        )
        lines = []
        for address, value in (points or {}).items():
            kind, _, entry = address.partition("/")
            lines += [f"[beaf.{kind}]", f"{entry} = {value}"]
        (info / "entry_points.txt").write_text("\n".join(lines) + "\n")
        for module, text in modules.items():
            (self.folder / f"{module}.py").write_text(dedent(text))
        importlib.invalidate_caches()

    def python(self, code: str, **environ: str) -> str:
        """Run code in a fresh interpreter that has the distributions; return what it prints."""
        done = subprocess.run(
            [sys.executable, "-c", dedent(code)],
            env={**os.environ, "PYTHONPATH": str(self.folder), **environ},
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        return done.stdout


@pytest.fixture
def shelf(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Shelf]:
    folder = tmp_path / "shelf"
    folder.mkdir()
    monkeypatch.syspath_prepend(str(folder))
    yield Shelf(folder)
    for name, module in list(sys.modules.items()):
        if str(getattr(module, "__file__", None) or "").startswith(str(folder)):
            del sys.modules[name]


@pytest.fixture
def host_of() -> Callable[..., PluginHost]:
    """Make a host of objects alone: `host_of(universe={"odd": plugin})` of beaf-odd 6.6."""

    def make(**plugins: Mapping[str, object]) -> PluginHost:
        entries = [
            PluginEntry(kind, name, "odd_module", "beaf-odd", "6.6", inline=plugin)
            for kind, named in plugins.items()
            for name, plugin in named.items()
        ]
        return PluginHost(Catalog(entries))

    return make


@pytest.fixture
def refused() -> Callable[..., str]:
    """Expect a contract check to fail; return what it says."""

    def expect(check: Callable[..., None], *arguments: object, **options: object) -> str:
        with pytest.raises((AssertionError, PluginError)) as caught:
            check(*arguments, **options)
        return str(caught.value)

    return expect


@pytest.fixture
def example_plugin() -> Callable[[str], types.ModuleType]:
    """Make a module of the example in a hook's docstring."""

    def make(hook: str) -> types.ModuleType:
        plugin = types.ModuleType(f"example_of_{hook}")
        # Not with the flags of this file, whose annotations are texts.
        exec(compile(example_of(hook), hook, "exec", dont_inherit=True), plugin.__dict__)
        return plugin

    return make


class Odd:
    """A plugin `odd` of beaf-odd 6.6 that implements one hook, in any way."""

    def calling(self, hook: str, function: Callable[[], object]) -> PluginHost:
        plugin = types.ModuleType("odd_module")
        setattr(plugin, hook, hookimpl(specname=hook)(function))
        entry = PluginEntry(self.kind(hook), "odd", "odd_module", "beaf-odd", "6.6", inline=plugin)
        return PluginHost(Catalog([entry]))

    def answering(self, hook: str, answer: object) -> PluginHost:
        return self.calling(hook, lambda: answer)

    def kind(self, hook: str) -> str:
        return next(kind for kind, hooks in HOOKS_OF_KIND.items() if hook in hooks)

    def ask(self, host: PluginHost, hook: str) -> Any:
        day = {"date": DAY, "reference": tiny_reference}
        request = TableRequest("trades", date.fromisoformat(DAY))
        return {
            "get_universe": lambda: host.get_universe("odd", value="XLON", **day),
            "universe_values": lambda: host.universe_values("odd", **day),
            "read_table": lambda: host.read_table("odd", request, None),
            "analytics_module": lambda: host.analytics_module("odd"),
            "write_output": lambda: host.write_output(LISTINGS.lazy(), TARGET, PARTITION),
            "read_output": lambda: host.read_output(TARGET, [PARTITION]),
            "find_receipt": lambda: host.find_receipt(TARGET, PARTITION),
            "list_receipts": lambda: host.list_receipts(TARGET, PARTITION),
            "remove_output": lambda: host.remove_output(TARGET, RECEIPT),
            "launch_run": lambda: host.launch_run("odd", REQUEST, None),
            "find_run": lambda: host.find_run("odd", "some-ref", None),
            "storage_area": lambda: host.storage_area("odd"),
        }[hook]()

    def assert_refused(self, hook: str, answer: object) -> str:
        """Expect the answer to be refused, with the plugin's name; return the message."""
        with pytest.raises(PluginAnswerError) as caught:
            self.ask(self.answering(hook, answer), hook)
        message = str(caught.value)
        for expected in (
            f'the {self.kind(hook)} "odd" gave a wrong answer to {hook}',
            "beaf-odd 6.6",
            "entry point odd = odd_module",
            "report it to beaf-odd",
            "docs/hooks.md",
        ):
            assert expected in message
        return message


@pytest.fixture(scope="session")
def odd() -> Odd:
    return Odd()
