"""What does a plugin's author need to prove a plugin right? Contract checks and a tiny market."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

# Name → home. The pytest plugin lives here too, and must cost suites nothing that do not use it.
_HOMES = {
    "TINY_DAYS": "market",
    "TINY_MICS": "market",
    "check_area": "outputs",
    "check_command": "running",
    "check_launched_commands": "running",
    "check_launcher": "running",
    "check_module": "contracts",
    "check_output": "outputs",
    "check_source": "sources",
    "check_universe": "contracts",
    "host_with": "subject",
    "tiny_bars": "market",
    "tiny_reference": "market",
    "tiny_request": "pipeline",
    "tiny_table": "market",
    "write_market": "market",
}

__all__ = [
    "TINY_DAYS",
    "TINY_MICS",
    "check_area",
    "check_command",
    "check_launched_commands",
    "check_launcher",
    "check_module",
    "check_output",
    "check_source",
    "check_universe",
    "host_with",
    "tiny_bars",
    "tiny_reference",
    "tiny_request",
    "tiny_table",
    "write_market",
]


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module 'beaf_core.testing' has no attribute {name!r}")
    value = getattr(import_module(f"beaf_core.testing.{_HOMES[name]}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return list(__all__)


if TYPE_CHECKING:
    from beaf_core.testing.contracts import check_module, check_universe
    from beaf_core.testing.market import (
        TINY_DAYS,
        TINY_MICS,
        tiny_bars,
        tiny_reference,
        tiny_table,
        write_market,
    )
    from beaf_core.testing.outputs import check_area, check_output
    from beaf_core.testing.pipeline import tiny_request
    from beaf_core.testing.running import check_command, check_launched_commands, check_launcher
    from beaf_core.testing.sources import check_source
    from beaf_core.testing.subject import host_with
